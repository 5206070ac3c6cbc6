/** Exponentials and logarithms, in double precision and rounded once. */

import { type Kernel, unary } from './runs.js';

/** eˣ */
export const exp: Kernel = unary((out, o, x, at, step, n) => {
  for (let i = 0; i < n; i++) out[o + i] = Math.exp(x[at + i * step]!);
});

/** ln x; −∞ at 0, NaN below. */
export const log: Kernel = unary((out, o, x, at, step, n) => {
  for (let i = 0; i < n; i++) out[o + i] = Math.log(x[at + i * step]!);
});
