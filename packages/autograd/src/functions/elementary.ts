/** Elementary functions. Integers become float32. float32 within 0.51 ulp, float64 within 2 (kernels' vectorMath/functions.test.ts). */

import { apply, type Primitive } from '../primitive.js';
import * as arithmetic from '../primitives/arithmetic.js';
import * as errorFunction from '../primitives/errorFunction.js';
import * as exponential from '../primitives/exponential.js';
import * as hyperbolic from '../primitives/hyperbolic.js';
import * as trigonometric from '../primitives/trigonometric.js';
import type { Tensor } from '../tensor.js';
import { checkTensor, type Operand, operands } from './operands.js';

const one = (row: Primitive<undefined>, x: Tensor): Tensor => apply(row, [checkTensor(row.name, x)], undefined);
const two = (row: Primitive<undefined>, a: Operand, b: Operand): Tensor =>
  apply(row, operands(row.name, a, b), undefined);

/** 2ˣ */
export function exp2(x: Tensor): Tensor {
  return one(exponential.exp2, x);
}

/** eˣ − 1, exact near 0 where eˣ would round to 1. */
export function expm1(x: Tensor): Tensor {
  return one(exponential.expm1, x);
}

/** ln(1 + x), exact near 0; −∞ at −1, NaN below. */
export function log1p(x: Tensor): Tensor {
  return one(exponential.log1p, x);
}

/** log₂ x; −∞ at 0, NaN below. */
export function log2(x: Tensor): Tensor {
  return one(exponential.log2, x);
}

/** log₁₀ x; −∞ at 0, NaN below. */
export function log10(x: Tensor): Tensor {
  return one(exponential.log10, x);
}

/** sin x, of radians. */
export function sin(x: Tensor): Tensor {
  return one(trigonometric.sin, x);
}

/** cos x, of radians. */
export function cos(x: Tensor): Tensor {
  return one(trigonometric.cos, x);
}

/** tan x, of radians. */
export function tan(x: Tensor): Tensor {
  return one(trigonometric.tan, x);
}

/** arcsin x, −π/2 to π/2; NaN beyond ±1, gradient +∞ at ±1. */
export function asin(x: Tensor): Tensor {
  return one(trigonometric.asin, x);
}

/** arccos x, 0 to π; NaN beyond ±1, gradient −∞ at ±1. */
export function acos(x: Tensor): Tensor {
  return one(trigonometric.acos, x);
}

/** arctan x, −π/2 to π/2. */
export function atan(x: Tensor): Tensor {
  return one(trigonometric.atan, x);
}

/** sinh x = (eˣ − e⁻ˣ) / 2 */
export function sinh(x: Tensor): Tensor {
  return one(hyperbolic.sinh, x);
}

/** cosh x = (eˣ + e⁻ˣ) / 2 */
export function cosh(x: Tensor): Tensor {
  return one(hyperbolic.cosh, x);
}

/** arsinh x */
export function asinh(x: Tensor): Tensor {
  return one(hyperbolic.asinh, x);
}

/** arcosh x; NaN below 1, gradient +∞ at 1. */
export function acosh(x: Tensor): Tensor {
  return one(hyperbolic.acosh, x);
}

/** artanh x; ±∞ at ±1, NaN beyond. */
export function atanh(x: Tensor): Tensor {
  return one(hyperbolic.atanh, x);
}

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
export function erf(x: Tensor): Tensor {
  return one(errorFunction.erf, x);
}

/** 1 − erf x, without losing the small values of large x. */
export function erfc(x: Tensor): Tensor {
  return one(errorFunction.erfc, x);
}

/** 1 / √x; ∞ at 0, NaN below. */
export function rsqrt(x: Tensor): Tensor {
  return one(arithmetic.rsqrt, x);
}

/** ∛x, of negative numbers too; gradient +∞ at 0. */
export function cbrt(x: Tensor): Tensor {
  return one(arithmetic.cbrt, x);
}

/** The angle of the point (x, y), for y and x in this order: −π to π, in all four quadrants. Gradient 0 at the origin, where there is none. */
export function atan2(y: Operand, x: Operand): Tensor {
  return two(trigonometric.atan2, y, x);
}

/** √(a² + b²), which does not overflow; gradient 0 at the origin. */
export function hypot(a: Operand, b: Operand): Tensor {
  return two(arithmetic.hypot, a, b);
}

/** ln(eᵃ + eᵇ), which does not overflow: sums of probabilities given as logarithms. */
export function logaddexp(a: Operand, b: Operand): Tensor {
  return two(exponential.logaddexp, a, b);
}

/** x ln y; 0 where x is 0, whatever y but NaN, with a gradient for x of 0 there where y ≤ 0 (PyTorch). */
export function xlogy(x: Operand, y: Operand): Tensor {
  return two(exponential.xlogy, x, y);
}
