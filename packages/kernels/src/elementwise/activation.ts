/** Activation functions. */

import { costlyStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as vector from '../vectorMath/kernels.js';
import * as simd from '../wasm/elementwise.js';
import { binary, unary } from './runs.js';

/** max(x, 0); NaN stays NaN. */
export const relu: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.max(x[at + i * step]!, 0);
  }),
  simd.relu,
);

/** g where out > 0, else 0: what flows back through relu, whatever g holds where nothing flows. */
export const reluBackward: DispatchedKernel = mapKernelPair(
  binary((result, o, g, atG, stepG, out, atOut, stepOut, n) => {
    for (let i = 0; i < n; i++) result[o + i] = out[atOut + i * stepOut]! > 0 ? g[atG + i * stepG]! : 0;
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
