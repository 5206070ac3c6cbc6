/** Activation functions. */

import { costlyStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as vector from '../vectorMath/kernels.js';
import * as simd from '../wasm/elementwise.js';
import type { MapKernel } from '../wasm/mapKernel.js';
import { erfcOf } from './errorFunction.js';
import { binary, mapUnary, unary } from './runs.js';

/** max(x, 0); NaN stays NaN. */
export const relu: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.max(x[at + i * step]!, 0);
  }),
  simd.relu,
);

/** 0 where out is 0, else g: what flows back through relu, whatever g holds where nothing flows; through NaN it flows, as in PyTorch. */
export const reluBackward: DispatchedKernel = mapKernelPair(
  binary((result, o, g, atG, stepG, out, atOut, stepOut, n) => {
    for (let i = 0; i < n; i++) result[o + i] = out[atOut + i * stepOut]! <= 0 ? 0 : g[atG + i * stepG]!;
  }),
  simd.reluBackward,
);

/** tanh x */
export const tanh: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.tanh(x[at + i * step]!);
  }),
  vector.tanh,
  costlyStaging,
);

/** 1 / (1 + e⁻ˣ), in the form that neither overflows nor loses its small values. */
export const sigmoid: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) {
      const v = x[at + i * step]!;
      const e = Math.exp(-Math.abs(v));
      out[o + i] = v >= 0 ? 1 / (1 + e) : e / (1 + e);
    }
  }),
  vector.sigmoid,
  costlyStaging,
);

/** g (1 − y²), y being tanh x: what flows back through it. */
export const tanhBackward: DispatchedKernel = mapKernelPair(
  binary((result, o, g, atG, stepG, y, atY, stepY, n) => {
    for (let i = 0; i < n; i++) {
      const value = y[atY + i * stepY]!;
      result[o + i] = g[atG + i * stepG]! * ((1 - value) * (1 + value));
    }
  }),
  simd.tanhBackward,
);

/** g y (1 − y), y being σ(x): what flows back through it. */
export const sigmoidBackward: DispatchedKernel = mapKernelPair(
  binary((result, o, g, atG, stepG, y, atY, stepY, n) => {
    for (let i = 0; i < n; i++) {
      const value = y[atY + i * stepY]!;
      result[o + i] = g[atG + i * stepG]! * (value * (1 - value));
    }
  }),
  simd.sigmoidBackward,
);

// ---- smooth relatives of relu, and what flows back through them -----------------------------------------------------

const logistic = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
};

const costly = (plain: (x: number) => number, twin: MapKernel): DispatchedKernel =>
  mapKernelPair(mapUnary(plain), twin, costlyStaging);

/** g f′(x), from g and x. */
const costlyBackward = (slope: (x: number) => number, twin: MapKernel): DispatchedKernel =>
  mapKernelPair(
    binary((result, o, g, atG, stepG, x, atX, stepX, n) => {
      for (let i = 0; i < n; i++) result[o + i] = g[atG + i * stepG]! * slope(x[atX + i * stepX]!);
    }),
    twin,
    costlyStaging,
  );

/** ln(1 + eˣ) */
export const softplus: DispatchedKernel = costly(
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  vector.softplus,
);

/** x σ(x) */
export const silu: DispatchedKernel = costly((x) => (x === -Infinity ? -0 : x * logistic(x)), vector.silu);

/** g (σ + x σ (1 − σ)) */
export const siluBackward: DispatchedKernel = costlyBackward((x) => {
  const s = logistic(x);
  return Math.abs(x) === Infinity ? s : s + x * s * (1 - s);
}, vector.siluBackward);

const normalShare = (x: number): number => 0.5 * erfcOf(-x * Math.SQRT1_2);

/** x Φ(x), Φ being the normal distribution function. */
export const gelu: DispatchedKernel = costly((x) => (x === -Infinity ? -0 : x * normalShare(x)), vector.gelu);

/** g (Φ + x φ) */
export const geluBackward: DispatchedKernel = costlyBackward((x) => {
  const share = normalShare(x);
  return Math.abs(x) === Infinity ? share : share + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}, vector.geluBackward);

const geluScale = 2 * Math.sqrt(2 / Math.PI);
const geluCube = 0.044715;
const geluInner = (x: number): number => geluScale * x * (1 + geluCube * x * x);

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), as x σ of twice the same. */
export const geluTanh: DispatchedKernel = costly(
  (x) => (x === -Infinity ? -0 : x * logistic(geluInner(x))),
  vector.geluTanh,
);

/** What flows back through it: g times its derivative. */
export const geluTanhBackward: DispatchedKernel = costlyBackward((x) => {
  const s = logistic(geluInner(x));
  const flat = s * (1 - s);
  return flat === 0 ? s : s + x * geluScale * (1 + 3 * geluCube * x * x) * flat;
}, vector.geluTanhBackward);

/** tanh ln(1 + eˣ) */
const mishShare = (x: number): number => {
  const e = Math.exp(Math.min(x, 40));
  const n = e * (e + 2);
  return n / (n + 2);
};

/** x tanh ln(1 + eˣ) */
export const mish: DispatchedKernel = costly((x) => (x === -Infinity ? -0 : x * mishShare(x)), vector.mish);

/** What flows back through it: g times its derivative. */
export const mishBackward: DispatchedKernel = costlyBackward((x) => {
  const t = mishShare(x);
  return Math.abs(x) === Infinity ? t : t + x * logistic(x) * (1 - t * t);
}, vector.mishBackward);

/** What an exponential linear unit tends to far below 0, negated. */
export interface AlphaAttributes {
  readonly alpha: number;
}

const withAlpha = (plain: (x: number, alpha: number) => number, twin: MapKernel): DispatchedKernel<AlphaAttributes> =>
  mapKernelPair(
    (out, inputs, { alpha }) => mapUnary((x) => plain(x, alpha))(out, inputs, undefined),
    twin,
    costlyStaging,
    ({ alpha }) => [alpha],
  );

/** x above 0, α (eˣ − 1) from there down. */
export const elu: DispatchedKernel<AlphaAttributes> = withAlpha(
  (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
  vector.elu,
);

/** 1 above 0, α eˣ from there down. */
export const eluSlope: DispatchedKernel<AlphaAttributes> = withAlpha(
  (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x)),
  vector.eluSlope,
);
