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

/**
 * 2ˣ
 *
 * @example
 * exp2(tensor([0, 3, -1])); // → [1, 8, 0.5]
 */
export function exp2(x: Tensor): Tensor {
  return one(exponential.exp2, x);
}

/**
 * eˣ − 1, exact near 0 where eˣ would round to 1.
 *
 * @example
 * expm1(tensor([0, 1e-10])); // → [0, 1e-10]
 */
export function expm1(x: Tensor): Tensor {
  return one(exponential.expm1, x);
}

/**
 * ln(1 + x), exact near 0; −∞ at −1, NaN below.
 *
 * @example
 * log1p(tensor([0, 1e-10])); // → [0, 1e-10]
 */
export function log1p(x: Tensor): Tensor {
  return one(exponential.log1p, x);
}

/**
 * log₂ x; −∞ at 0, NaN below.
 *
 * @example
 * log2(tensor([1, 8])); // → [0, 3]
 */
export function log2(x: Tensor): Tensor {
  return one(exponential.log2, x);
}

/**
 * log₁₀ x; −∞ at 0, NaN below.
 *
 * @example
 * log10(tensor([1, 1000])); // → [0, 3]
 */
export function log10(x: Tensor): Tensor {
  return one(exponential.log10, x);
}

/**
 * sin x, of radians.
 *
 * @example
 * sin(tensor([0, Math.PI / 2])); // → [0, 1]
 */
export function sin(x: Tensor): Tensor {
  return one(trigonometric.sin, x);
}

/**
 * cos x, of radians.
 *
 * @example
 * cos(tensor([0, Math.PI])); // → [1, -1]
 */
export function cos(x: Tensor): Tensor {
  return one(trigonometric.cos, x);
}

/**
 * tan x, of radians.
 *
 * @example
 * tan(tensor([0, 1])); // → [0, 1.5574]
 */
export function tan(x: Tensor): Tensor {
  return one(trigonometric.tan, x);
}

/**
 * arcsin x, −π/2 to π/2; NaN beyond ±1, gradient +∞ at ±1.
 *
 * @example
 * asin(tensor([-1, 0, 1])); // → [-1.5708, 0, 1.5708]
 */
export function asin(x: Tensor): Tensor {
  return one(trigonometric.asin, x);
}

/**
 * arccos x, 0 to π; NaN beyond ±1, gradient −∞ at ±1.
 *
 * @example
 * acos(tensor([-1, 0, 1])); // → [3.1416, 1.5708, 0]
 */
export function acos(x: Tensor): Tensor {
  return one(trigonometric.acos, x);
}

/**
 * arctan x, −π/2 to π/2.
 *
 * @example
 * atan(tensor([-1, 0, 1])); // → [-0.7854, 0, 0.7854]
 */
export function atan(x: Tensor): Tensor {
  return one(trigonometric.atan, x);
}

/**
 * sinh x = (eˣ − e⁻ˣ) / 2
 *
 * @example
 * sinh(tensor([0, 1])); // → [0, 1.1752]
 */
export function sinh(x: Tensor): Tensor {
  return one(hyperbolic.sinh, x);
}

/**
 * cosh x = (eˣ + e⁻ˣ) / 2
 *
 * @example
 * cosh(tensor([0, 1])); // → [1, 1.5431]
 */
export function cosh(x: Tensor): Tensor {
  return one(hyperbolic.cosh, x);
}

/**
 * arsinh x
 *
 * @example
 * asinh(tensor([0, 1])); // → [0, 0.88137]
 */
export function asinh(x: Tensor): Tensor {
  return one(hyperbolic.asinh, x);
}

/**
 * arcosh x; NaN below 1, gradient +∞ at 1.
 *
 * @example
 * acosh(tensor([1, 2])); // → [0, 1.317]
 */
export function acosh(x: Tensor): Tensor {
  return one(hyperbolic.acosh, x);
}

/**
 * artanh x; ±∞ at ±1, NaN beyond.
 *
 * @example
 * atanh(tensor([0, 0.5])); // → [0, 0.54931]
 */
export function atanh(x: Tensor): Tensor {
  return one(hyperbolic.atanh, x);
}

/**
 * erf x = 2/√π ∫₀ˣ e^(−t²) dt
 *
 * @example
 * erf(tensor([-1, 0, 1])); // → [-0.8427, 0, 0.8427]
 */
export function erf(x: Tensor): Tensor {
  return one(errorFunction.erf, x);
}

/**
 * 1 − erf x, without losing the small values of large x.
 *
 * @example
 * erfc(tensor([0, 1, 5])); // → [1, 0.1573, 1.5375e-12]
 */
export function erfc(x: Tensor): Tensor {
  return one(errorFunction.erfc, x);
}

/**
 * 1 / √x; ∞ at 0, NaN below.
 *
 * @example
 * rsqrt(tensor([1, 4])); // → [1, 0.5]
 */
export function rsqrt(x: Tensor): Tensor {
  return one(arithmetic.rsqrt, x);
}

/**
 * ∛x, of negative numbers too; gradient +∞ at 0.
 *
 * @example
 * cbrt(tensor([-8, 27])); // → [-2, 3]
 */
export function cbrt(x: Tensor): Tensor {
  return one(arithmetic.cbrt, x);
}

/**
 * The angle of the point (x, y), for y and x in this order: −π to π, in all four quadrants. Gradient 0 at the origin, where there is none.
 *
 * @example
 * atan2(tensor([1, -1]), tensor([-1, -1])); // → [2.3562, -2.3562]
 */
export function atan2(y: Operand, x: Operand): Tensor {
  return two(trigonometric.atan2, y, x);
}

/**
 * √(a² + b²), which does not overflow; gradient 0 at the origin.
 *
 * @example
 * hypot(tensor([3, 5]), tensor([4, 12])); // → [5, 13]
 */
export function hypot(a: Operand, b: Operand): Tensor {
  return two(arithmetic.hypot, a, b);
}

/**
 * ln(eᵃ + eᵇ), which does not overflow: sums of probabilities given as logarithms.
 *
 * @example
 * logaddexp(tensor([1000]), tensor([1000])); // → [1000.7]
 */
export function logaddexp(a: Operand, b: Operand): Tensor {
  return two(exponential.logaddexp, a, b);
}

/**
 * x ln y; 0 where x is 0, whatever y but NaN, with a gradient for x of 0 there where y ≤ 0 (PyTorch).
 *
 * @example
 * xlogy(tensor([0, 2]), tensor([0, Math.E])); // → [0, 2]
 */
export function xlogy(x: Operand, y: Operand): Tensor {
  return two(exponential.xlogy, x, y);
}
