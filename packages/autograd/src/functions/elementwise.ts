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

/**
 * a + b; of two bools, whether either is true (NumPy, PyTorch).
 *
 * @example
 * add(tensor([[1, 2], [3, 4]]), tensor([10, 20])); // → [[11, 22], [13, 24]]
 */
export function add(a: Operand, b: Operand): Tensor {
  const [x, y] = operands('add', a, b);
  return x.dtype === 'bool' && y.dtype === 'bool' ? maximum(x, y) : apply(arithmetic.add, [x, y], undefined);
}

/**
 * a − b.
 *
 * @throws DTypeError for two bools
 * @example
 * subtract(10, tensor([1, 2])); // → [9, 8]
 */
export function subtract(a: Operand, b: Operand): Tensor {
  const [x, y] = operands('subtract', a, b);
  if (x.dtype === 'bool' && y.dtype === 'bool')
    throw new DTypeError('subtract', { a: 'bool', b: 'bool' }, 'a number in one of them', 'Did you mean .notEqual()?');
  return apply(arithmetic.subtract, [x, y], undefined);
}

/**
 * a · b, element by element
 *
 * @example
 * multiply(tensor([[1], [2]]), tensor([3, 4])); // → [[3, 4], [6, 8]]
 */
export function multiply(a: Operand, b: Operand): Tensor {
  return two(arithmetic.multiply, a, b);
}

/**
 * a / b; integers divide to float32. x / 0 is ±∞ and 0 / 0 is NaN.
 *
 * @example
 * divide(tensor([1, 6], { dtype: 'int32' }), 4); // → [0.25, 1.5]
 */
export function divide(a: Operand, b: Operand): Tensor {
  return two(arithmetic.divide, a, b);
}

/**
 * aᵇ; 0⁰ is 1. Integers become float32.
 *
 * @example
 * power(tensor([1, 2, 3]), 2); // → [1, 4, 9]
 */
export function power(a: Operand, b: Operand): Tensor {
  return two(arithmetic.power, a, b);
}

/**
 * The larger of two, NaN where either is; a tie shares its gradient equally.
 *
 * @example
 * maximum(tensor([1, 5]), 3); // → [3, 5]
 * grad((x: Tensor) => maximum(x, 3).sum())(tensor([1, 3, 5])); // → [0, 0.5, 1]
 */
export function maximum(a: Operand, b: Operand): Tensor {
  return two(arithmetic.maximum, a, b);
}

/**
 * The smaller of two, NaN where either is; a tie shares its gradient equally.
 *
 * @example
 * minimum(tensor([1, 5]), 3); // → [1, 3]
 */
export function minimum(a: Operand, b: Operand): Tensor {
  return two(arithmetic.minimum, a, b);
}

/**
 * −x.
 *
 * @throws DTypeError for bool
 * @example
 * negative(tensor([1, -2])); // → [-1, 2]
 */
export function negative(x: Tensor): Tensor {
  if (checkTensor('negative', x).dtype === 'bool')
    throw new DTypeError('negative', { x: 'bool' }, 'numbers', 'Did you mean .logicalNot()?');
  return one(arithmetic.negative, x);
}

/**
 * 1 / x
 *
 * @example
 * reciprocal(tensor([1, 4])); // → [1, 0.25]
 */
export function reciprocal(x: Tensor): Tensor {
  return one(arithmetic.reciprocal, x);
}

/**
 * x²
 *
 * @example
 * square(tensor([-3, 2])); // → [9, 4]
 */
export function square(x: Tensor): Tensor {
  return one(arithmetic.square, x);
}

/**
 * √x; NaN below 0, gradient +∞ at 0.
 *
 * @example
 * sqrt(tensor([0, 4, 9])); // → [0, 2, 3]
 */
export function sqrt(x: Tensor): Tensor {
  return one(arithmetic.sqrt, x);
}

/**
 * |x|; gradient 0 at 0.
 *
 * @example
 * abs(tensor([-2, 0, 3])); // → [2, 0, 3]
 */
export function abs(x: Tensor): Tensor {
  return one(arithmetic.abs, x);
}

/**
 * −1, 0 or 1; NaN stays NaN. Constant almost everywhere: no gradient flows.
 *
 * @example
 * sign(tensor([-3, 0, 2])); // → [-1, 0, 1]
 */
export function sign(x: Tensor): Tensor {
  return one(arithmetic.sign, x);
}

/**
 * eˣ
 *
 * @example
 * exp(tensor([0, 1])); // → [1, 2.7183]
 */
export function exp(x: Tensor): Tensor {
  return one(exponential.exp, x);
}

/**
 * ln x; −∞ at 0, NaN below.
 *
 * @example
 * log(tensor([1, Math.E])); // → [0, 1]
 */
export function log(x: Tensor): Tensor {
  return one(exponential.log, x);
}

/**
 * tanh x
 *
 * @example
 * tanh(tensor([-1, 0, 1])); // → [-0.76159, 0, 0.76159]
 */
export function tanh(x: Tensor): Tensor {
  return one(activation.tanh, x);
}

/**
 * 1 / (1 + e⁻ˣ)
 *
 * @example
 * sigmoid(tensor([-1, 0, 1])); // → [0.26894, 0.5, 0.73106]
 */
export function sigmoid(x: Tensor): Tensor {
  return one(activation.sigmoid, x);
}

/**
 * max(x, 0); gradient 0 at 0. NaN stays NaN.
 *
 * @example
 * relu(tensor([-1, 0, 2])); // → [0, 0, 2]
 * grad((x: Tensor) => relu(x).sum())(tensor([-1, 0, 2])); // → [0, 0, 1]
 */
export function relu(x: Tensor): Tensor {
  return one(activation.relu, x);
}

/**
 * a = b, as bool. NaN equals nothing.
 *
 * @example
 * equal(tensor([1, 2]), tensor([1, 3])); // → [true, false]
 */
export function equal(a: Operand, b: Operand): Tensor {
  return two(comparison.equal, a, b);
}

/**
 * a ≠ b, as bool.
 *
 * @example
 * notEqual(tensor([1, 2]), tensor([1, 3])); // → [false, true]
 */
export function notEqual(a: Operand, b: Operand): Tensor {
  return two(comparison.notEqual, a, b);
}

/**
 * a < b, as bool.
 *
 * @example
 * less(tensor([1, 2, 3]), 2); // → [true, false, false]
 */
export function less(a: Operand, b: Operand): Tensor {
  return two(comparison.less, a, b);
}

/**
 * a ≤ b, as bool.
 *
 * @example
 * lessEqual(tensor([1, 2, 3]), 2); // → [true, true, false]
 */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return two(comparison.lessEqual, a, b);
}

/**
 * a > b, as bool.
 *
 * @example
 * greater(tensor([1, 2, 3]), 2); // → [false, false, true]
 */
export function greater(a: Operand, b: Operand): Tensor {
  return two(comparison.greater, a, b);
}

/**
 * a ≥ b, as bool.
 *
 * @example
 * greaterEqual(tensor([1, 2, 3]), 2); // → [false, true, true]
 */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return two(comparison.greaterEqual, a, b);
}

/**
 * Whether both are true (not 0).
 *
 * @example
 * logicalAnd(tensor([true, true]), tensor([true, false])); // → [true, false]
 */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return minimum(cast(a, 'bool'), cast(b, 'bool'));
}

/**
 * Whether either is true (not 0).
 *
 * @example
 * logicalOr(tensor([false, true]), tensor([false, false])); // → [false, true]
 */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return maximum(cast(a, 'bool'), cast(b, 'bool'));
}

/**
 * Whether one is true (not 0) and the other is not.
 *
 * @example
 * logicalXor(tensor([true, true]), tensor([true, false])); // → [false, true]
 */
export function logicalXor(a: Tensor, b: Tensor): Tensor {
  return notEqual(cast(a, 'bool'), cast(b, 'bool'));
}

/**
 * Whether x is false (0).
 *
 * @example
 * logicalNot(tensor([true, false])); // → [false, true]
 */
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
 * @example
 * where(tensor([true, false]), tensor([1, 2]), 0); // → [1, 0]
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
 * @example
 * clip(tensor([-2, 0.5, 3]), -1, 1); // → [-1, 0.5, 1]
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ArgumentError('clip', `got bounds ${low} and ${high}; expected low ≤ high`);
  const whole =
    isFloating(checkTensor('clip', x).dtype) || ![low, high].some((bound) => Number.isFinite(bound) && bound % 1 !== 0);
  return apply(comparison.clip, [whole ? x : cast(x, 'float32')], { low, high });
}

/**
 * The larger of two; of a number and NaN the number. A tie gives the whole gradient to `a` (PyTorch).
 *
 * @example
 * fmax(tensor([1, NaN]), tensor([2, 5])); // → [2, 5]
 */
export function fmax(a: Operand, b: Operand): Tensor {
  return two(comparison.fmax, a, b);
}

/**
 * The smaller of two; of a number and NaN the number. A tie gives the whole gradient to `a` (PyTorch).
 *
 * @example
 * fmin(tensor([1, NaN]), tensor([2, 5])); // → [1, 5]
 */
export function fmin(a: Operand, b: Operand): Tensor {
  return two(comparison.fmin, a, b);
}

/**
 * |a| with the sign of b (−0 counts as negative); gradient 0 where a is 0.
 *
 * @example
 * copysign(tensor([1, 2]), tensor([-3, 4])); // → [-1, 2]
 */
export function copysign(a: Operand, b: Operand): Tensor {
  return two(comparison.copysign, a, b);
}

/**
 * The same numbers in another dtype. Floats become integers by dropping the fraction; everything but 0 becomes true.
 * Differentiable between float32 and float64.
 *
 * @throws DTypeError for a dtype that there is none of
 * @example
 * cast(tensor([1.9, -1.9, 0]), 'int32'); // → [1, -1, 0]
 * cast(tensor([2, 0]), 'bool'); // → [true, false]
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  const from = checkTensor('cast', x).dtype;
  if (!isDType(dtype)) throw new DTypeError('cast', { dtype: String(dtype) }, `one of ${dtypes.join(', ')}`);
  return from === dtype ? x : apply(castRow, [x], { dtype, from });
}
