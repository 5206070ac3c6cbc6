/** Arithmetic. The commonest operations have a loop of their own, which V8 compiles to straight machine code. */

import { binary, type Kernel, mapBinary, mapUnary, unary } from './runs.js';

/** a + b */
export const add: Kernel = binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
  for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! + b[atB + i * stepB]!;
});

/** a − b */
export const subtract: Kernel = binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
  for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! - b[atB + i * stepB]!;
});

/** a · b */
export const multiply: Kernel = binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
  for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! * b[atB + i * stepB]!;
});

/** a / b, by IEEE 754: x / 0 is ±∞, 0 / 0 is NaN */
export const divide: Kernel = binary((out, o, a, atA, stepA, b, atB, stepB, n) => {
  for (let i = 0; i < n; i++) out[o + i] = a[atA + i * stepA]! / b[atB + i * stepB]!;
});

/** −x */
export const negative: Kernel = unary((out, o, x, at, step, n) => {
  for (let i = 0; i < n; i++) out[o + i] = -x[at + i * step]!;
});

/** x² */
export const square: Kernel = unary((out, o, x, at, step, n) => {
  for (let i = 0; i < n; i++) {
    const v = x[at + i * step]!;
    out[o + i] = v * v;
  }
});

/** √x, correctly rounded; NaN below 0. */
export const sqrt: Kernel = unary((out, o, x, at, step, n) => {
  for (let i = 0; i < n; i++) out[o + i] = Math.sqrt(x[at + i * step]!);
});

/** |x| */
export const abs: Kernel = mapUnary(Math.abs);

/** −1, 0 or 1; NaN stays NaN. */
export const sign: Kernel = mapUnary(Math.sign);

/** aᵇ as C's pow: 1 where b is 0, where a is 1 even if b is NaN, and where a is −1 and b is ±∞ (JavaScript has NaN there). */
export const power: Kernel = mapBinary((a, b) =>
  a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b,
);

/** The larger of two; NaN where either is NaN. */
export const maximum: Kernel = mapBinary(Math.max);

/** The smaller of two; NaN where either is NaN. */
export const minimum: Kernel = mapBinary(Math.min);
