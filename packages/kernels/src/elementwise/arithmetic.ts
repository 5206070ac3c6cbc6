/** Arithmetic. The commonest operations have a loop of their own, which V8 compiles to straight machine code. */

import { costlyStaging, type DispatchedKernel, kernel, mapKernelPair } from '../kernel.js';
import * as vector from '../vectorMath/kernels.js';
import * as simd from '../wasm/elementwise.js';
import { runMap } from '../wasm/runMap.js';
import { binary, mapBinary, mapUnary, unary } from './runs.js';

/** a + b */
export const add: DispatchedKernel = mapKernelPair(
  binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! + b[atB + i * stepB]!;
  }),
  simd.add,
);

/** a − b */
export const subtract: DispatchedKernel = mapKernelPair(
  binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! - b[atB + i * stepB]!;
  }),
  simd.subtract,
);

/** a · b */
export const multiply: DispatchedKernel = mapKernelPair(
  binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! * b[atB + i * stepB]!;
  }),
  simd.multiply,
);

/** a / b, by IEEE 754: x / 0 is ±∞, 0 / 0 is NaN */
export const divide: DispatchedKernel = mapKernelPair(
  binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! / b[atB + i * stepB]!;
  }),
  simd.divide,
);

/** −x */
export const negative: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = -x[at + i * step]!;
  }),
  simd.negative,
);

/** x² */
export const square: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) {
      const v = x[at + i * step]!;
      out[o + i] = v * v;
    }
  }),
  simd.square,
);

/** 2 g x: what flows back through x². */
export const squareBackward: DispatchedKernel = mapKernelPair(
  binary((result, o, g, atG, stepG, x, atX, stepX, n) => {
    for (let i = 0; i < n; i++) result[o + i] = g[atG + i * stepG]! * (2 * x[atX + i * stepX]!);
  }),
  simd.squareBackward,
);

/** √x, correctly rounded; NaN below 0. */
export const sqrt: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.sqrt(x[at + i * step]!);
  }),
  simd.sqrt,
);

/** |x| */
export const abs: DispatchedKernel = mapKernelPair(mapUnary(Math.abs), simd.abs);

/** −1, 0 or 1; NaN stays NaN. */
export const sign: DispatchedKernel = mapKernelPair(mapUnary(Math.sign), simd.sign);

/** 1 / x */
export const reciprocal: DispatchedKernel = mapKernelPair(
  mapUnary((x) => 1 / x),
  simd.reciprocal,
);

/** 1 / √x; ∞ at 0, NaN below. */
export const rsqrt: DispatchedKernel = mapKernelPair(
  mapUnary((x) => 1 / Math.sqrt(x)),
  simd.rsqrt,
);

/** ∛x, of negative numbers too. */
export const cbrt: DispatchedKernel = mapKernelPair(mapUnary(Math.cbrt), vector.cbrt, costlyStaging);

/** √(a² + b²) without overflow. */
export const hypot: DispatchedKernel = mapKernelPair(mapBinary(Math.hypot), vector.hypot, costlyStaging);

/**
 * aᵇ as C's pow: 1 where b is 0, where a is 1 even if b is NaN, and where a is −1 and b is ±∞ (JavaScript has NaN there).
 * In SIMD for float32 only.
 */
export const power: DispatchedKernel = kernel(
  mapBinary((a, b) => (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b)),
  (out, inputs) => out.dtype === 'float32' && runMap(vector.power, out, inputs),
  costlyStaging,
);

/** The larger of two; NaN where either is NaN. */
export const maximum: DispatchedKernel = mapKernelPair(mapBinary(Math.max), simd.maximum);

/** The smaller of two; NaN where either is NaN. */
export const minimum: DispatchedKernel = mapKernelPair(mapBinary(Math.min), simd.minimum);
