/** Elementwise functions. All broadcast (https://numpy.org/doc/stable/user/basics.broadcasting.html) and are differentiable unless they return bool. */

import { ArgumentError, type DType, DTypeError, dtypes, isDType, isFloating, promoteDTypes } from '@cotangent/kernels';
import { apply, type Primitive } from '../primitive.js';
import * as activation from '../primitives/activation.js';
import * as arithmetic from '../primitives/arithmetic.js';
import { cast as castRow } from '../primitives/cast.js';
import * as comparison from '../primitives/comparison.js';
import * as exponential from '../primitives/exponential.js';
import type { Tensor } from '../tensor.js';
import { checkTensor, type Operand, operands } from './operands.js';

const one = (row: Primitive<undefined>, x: Tensor): Tensor => apply(row, [checkTensor(row.name, x)], undefined);
const two = (row: Primitive<undefined>, a: Operand, b: Operand): Tensor =>
  apply(row, operands(row.name, a, b), undefined);

/** a + b; of two bools, whether either is true (NumPy, PyTorch). */
export function add(a: Operand, b: Operand): Tensor {
  const [x, y] = operands('add', a, b);
  return x.dtype === 'bool' && y.dtype === 'bool' ? maximum(x, y) : apply(arithmetic.add, [x, y], undefined);
}

/** a − b. @throws DTypeError for two bools */
export function subtract(a: Operand, b: Operand): Tensor {
  const [x, y] = operands('subtract', a, b);
  if (x.dtype === 'bool' && y.dtype === 'bool')
    throw new DTypeError('subtract', { a: 'bool', b: 'bool' }, 'a number in one of them', 'Did you mean .notEqual()?');
  return apply(arithmetic.subtract, [x, y], undefined);
}

/** a · b, element by element */
export function multiply(a: Operand, b: Operand): Tensor {
  return two(arithmetic.multiply, a, b);
}

/** a / b; integers divide to float32. x / 0 is ±∞ and 0 / 0 is NaN. */
export function divide(a: Operand, b: Operand): Tensor {
  return two(arithmetic.divide, a, b);
}

/** aᵇ; 0⁰ is 1. Integers become float32. */
export function power(a: Operand, b: Operand): Tensor {
  return two(arithmetic.power, a, b);
}

/** The larger of two, NaN where either is; a tie shares its gradient equally. */
export function maximum(a: Operand, b: Operand): Tensor {
  return two(arithmetic.maximum, a, b);
}

/** The smaller of two, NaN where either is; a tie shares its gradient equally. */
export function minimum(a: Operand, b: Operand): Tensor {
  return two(arithmetic.minimum, a, b);
}

/** −x. @throws DTypeError for bool */
export function negative(x: Tensor): Tensor {
  if (checkTensor('negative', x).dtype === 'bool')
    throw new DTypeError('negative', { x: 'bool' }, 'numbers', 'Did you mean .logicalNot()?');
  return one(arithmetic.negative, x);
}

/** 1 / x */
export function reciprocal(x: Tensor): Tensor {
  return one(arithmetic.reciprocal, x);
}

/** x² */
export function square(x: Tensor): Tensor {
  return one(arithmetic.square, x);
}

/** √x; NaN below 0, gradient +∞ at 0. */
export function sqrt(x: Tensor): Tensor {
  return one(arithmetic.sqrt, x);
}

/** |x|; gradient 0 at 0. */
export function abs(x: Tensor): Tensor {
  return one(arithmetic.abs, x);
}

/** −1, 0 or 1; NaN stays NaN. Constant almost everywhere: no gradient flows. */
export function sign(x: Tensor): Tensor {
  return one(arithmetic.sign, x);
}

/** eˣ */
export function exp(x: Tensor): Tensor {
  return one(exponential.exp, x);
}

/** ln x; −∞ at 0, NaN below. */
export function log(x: Tensor): Tensor {
  return one(exponential.log, x);
}

/** tanh x */
export function tanh(x: Tensor): Tensor {
  return one(activation.tanh, x);
}

/** 1 / (1 + e⁻ˣ) */
export function sigmoid(x: Tensor): Tensor {
  return one(activation.sigmoid, x);
}

/** max(x, 0); gradient 0 at 0. NaN stays NaN. */
export function relu(x: Tensor): Tensor {
  return one(activation.relu, x);
}

/** a = b, as bool. NaN equals nothing. */
export function equal(a: Operand, b: Operand): Tensor {
  return two(comparison.equal, a, b);
}

/** a ≠ b, as bool. */
export function notEqual(a: Operand, b: Operand): Tensor {
  return two(comparison.notEqual, a, b);
}

/** a < b, as bool. */
export function less(a: Operand, b: Operand): Tensor {
  return two(comparison.less, a, b);
}

/** a ≤ b, as bool. */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return two(comparison.lessEqual, a, b);
}

/** a > b, as bool. */
export function greater(a: Operand, b: Operand): Tensor {
  return two(comparison.greater, a, b);
}

/** a ≥ b, as bool. */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return two(comparison.greaterEqual, a, b);
}

/** Whether both are true (not 0). */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return minimum(cast(a, 'bool'), cast(b, 'bool'));
}

/** Whether either is true (not 0). */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return maximum(cast(a, 'bool'), cast(b, 'bool'));
}

/** Whether one is true (not 0) and the other is not. */
export function logicalXor(a: Tensor, b: Tensor): Tensor {
  return notEqual(cast(a, 'bool'), cast(b, 'bool'));
}

/** Whether x is false (0). */
export function logicalNot(x: Tensor): Tensor {
  return equal(x, 0);
}

/**
 * `a` where `condition` (bool) holds, else `b`.
 *
 * The branch not taken gets a gradient of exactly 0. If its own derivative is infinite there, 0 · ∞ still makes NaN
 * upstream: guard its input with a second `where` (https://docs.jax.dev/en/latest/faq.html, "Gradients contain NaN").
 *
 * @throws DTypeError unless the condition is bool
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = operands('where', a, b);
  const dtype = promoteDTypes(x.dtype, y.dtype);
  return apply(comparison.where, [checkTensor('where', condition), cast(x, dtype), cast(y, dtype)], undefined);
}

/**
 * x held between `low` and `high`; gradient 1 between and at the bounds, 0 outside. Integers between fractions become
 * float32.
 *
 * @throws ArgumentError unless low ≤ high
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ArgumentError('clip', `got bounds ${low} and ${high}; expected low ≤ high`);
  const whole =
    isFloating(checkTensor('clip', x).dtype) || ![low, high].some((bound) => Number.isFinite(bound) && bound % 1 !== 0);
  return apply(comparison.clip, [whole ? x : cast(x, 'float32')], { low, high });
}

/** The larger of two; of a number and NaN the number. A tie gives the whole gradient to `a` (PyTorch). */
export function fmax(a: Operand, b: Operand): Tensor {
  return two(comparison.fmax, a, b);
}

/** The smaller of two; of a number and NaN the number. A tie gives the whole gradient to `a` (PyTorch). */
export function fmin(a: Operand, b: Operand): Tensor {
  return two(comparison.fmin, a, b);
}

/** |a| with the sign of b (−0 counts as negative); gradient 0 where a is 0. */
export function copysign(a: Operand, b: Operand): Tensor {
  return two(comparison.copysign, a, b);
}

/**
 * The same numbers in another dtype. Floats become integers by dropping the fraction; everything but 0 becomes true.
 * Differentiable between float32 and float64.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  const from = checkTensor('cast', x).dtype;
  if (!isDType(dtype)) throw new DTypeError('cast', { dtype: String(dtype) }, `one of ${dtypes.join(', ')}`);
  return from === dtype ? x : apply(castRow, [x], { dtype, from });
}
