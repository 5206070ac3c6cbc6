/** Exponentials and logarithms, in double precision and rounded once. */

import { costlyStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as vector from '../vectorMath/kernels.js';
import { unary } from './runs.js';

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
