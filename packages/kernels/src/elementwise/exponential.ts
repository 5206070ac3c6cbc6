/** Exponentials and logarithms, in double precision and rounded once. */

import { costlyStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as vector from '../vectorMath/kernels.js';
import { mapBinary, mapUnary, unary } from './runs.js';

/** eˣ */
export const exp: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.exp(x[at + i * step]!);
  }),
  vector.exp,
  costlyStaging,
);

/** ln x; −∞ at 0, NaN below. */
export const log: DispatchedKernel = mapKernelPair(
  unary((out, o, x, at, step, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.log(x[at + i * step]!);
  }),
  vector.log,
  costlyStaging,
);

/** 2ˣ */
export const exp2: DispatchedKernel = mapKernelPair(
  mapUnary((x) => 2 ** x),
  vector.exp2,
  costlyStaging,
);

/** eˣ − 1, exact near 0. */
export const expm1: DispatchedKernel = mapKernelPair(mapUnary(Math.expm1), vector.expm1, costlyStaging);

/** ln(1 + x), exact near 0; −∞ at −1, NaN below. */
export const log1p: DispatchedKernel = mapKernelPair(mapUnary(Math.log1p), vector.log1p, costlyStaging);

/** log₂ x */
export const log2: DispatchedKernel = mapKernelPair(mapUnary(Math.log2), vector.log2, costlyStaging);

/** log₁₀ x */
export const log10: DispatchedKernel = mapKernelPair(mapUnary(Math.log10), vector.log10, costlyStaging);

/** ln(eᵃ + eᵇ), which does not overflow. */
export const logaddexp: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))))),
  vector.logaddexp,
  costlyStaging,
);

/** x ln y; 0 where x is 0, whatever y but NaN. */
export const xlogy: DispatchedKernel = mapKernelPair(
  mapBinary((x, y) => (x === 0 && !Number.isNaN(y) ? 0 : x * Math.log(y))),
  vector.xlogy,
  costlyStaging,
);
