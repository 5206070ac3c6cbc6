/** Rounding, division with a remainder, tests of numbers, and the bits of integers. Constant almost everywhere: no gradient flows, except through `remainder` and `fmod`. */

import { isFloating } from '@cotangent/kernels';
import { apply, type Primitive } from '../primitive.js';
import * as rounding from '../primitives/rounding.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { checkTensor, type Operand, operands } from './operands.js';

const one = (row: Primitive<undefined>, x: Tensor): Tensor => apply(row, [checkTensor(row.name, x)], undefined);
const two = (row: Primitive<undefined>, a: Operand, b: Operand): Tensor =>
  apply(row, operands(row.name, a, b), undefined);

/**
 * The largest whole number not above x.
 *
 * @example
 * floor(tensor([-1.5, 0.2])); // → [-2, 0]
 */
export function floor(x: Tensor): Tensor {
  return one(rounding.floor, x);
}

/**
 * The smallest whole number not below x.
 *
 * @example
 * ceil(tensor([-1.5, 0.2])); // → [-1, 1]
 */
export function ceil(x: Tensor): Tensor {
  return one(rounding.ceil, x);
}

/**
 * The nearest whole number; a half goes to the even one, as in NumPy and PyTorch.
 *
 * @example
 * round(tensor([0.5, 1.5, -2.7])); // → [0, 2, -3]
 */
export function round(x: Tensor): Tensor {
  return one(rounding.round, x);
}

/**
 * The whole part: towards 0.
 *
 * @example
 * trunc(tensor([-1.7, 1.7])); // → [-1, 1]
 */
export function trunc(x: Tensor): Tensor {
  return one(rounding.trunc, x);
}

/**
 * ⌊a / b⌋, of the operands' common dtype. An integer divided by 0 is 0.
 *
 * @throws DTypeError for bools
 * @example
 * floorDivide(tensor([7, -7]), 2); // → [3, -4]
 */
export function floorDivide(a: Operand, b: Operand): Tensor {
  return two(rounding.floorDivide, a, b);
}

/**
 * a − b ⌊a/b⌋: what is left, with the sign of b (Python's `%`, NumPy's and PyTorch's `remainder`).
 *
 * @example
 * remainder(tensor([7, -7]), 3); // → [1, 2]
 */
export function remainder(a: Operand, b: Operand): Tensor {
  return two(rounding.remainder, a, b);
}

/**
 * a − b trunc(a/b): what is left, with the sign of a (C's `fmod`, JavaScript's `%`).
 *
 * @example
 * fmod(tensor([7, -7]), 3); // → [1, -1]
 */
export function fmod(a: Operand, b: Operand): Tensor {
  return two(rounding.fmod, a, b);
}

/**
 * Whether x is NaN, as bool.
 *
 * @example
 * isnan(tensor([1, Infinity, NaN])); // → [false, false, true]
 */
export function isnan(x: Tensor): Tensor {
  return one(rounding.isnan, x);
}

/**
 * Whether x is ∞ or −∞, as bool.
 *
 * @example
 * isinf(tensor([1, Infinity, NaN])); // → [false, true, false]
 */
export function isinf(x: Tensor): Tensor {
  return one(rounding.isinf, x);
}

/**
 * Whether x is neither infinite nor NaN, as bool.
 *
 * @example
 * isfinite(tensor([1, Infinity, NaN])); // → [true, false, false]
 */
export function isfinite(x: Tensor): Tensor {
  return one(rounding.isfinite, x);
}

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** In the place of NaN. @defaultValue 0 */
  nan?: number;
  /** In the place of ∞. @defaultValue the largest number of the dtype */
  positiveInfinity?: number;
  /** In the place of −∞. @defaultValue the smallest number of the dtype */
  negativeInfinity?: number;
}

/**
 * Numbers in the place of NaN and infinities (NumPy's `nan_to_num`); where one was put, the gradient is 0.
 *
 * @example
 * nanToNum(tensor([NaN, 1]), { nan: -1 }); // → [-1, 1]
 */
export function nanToNum(x: Tensor, options: NanToNumOptions = {}): Tensor {
  if (!isFloating(checkTensor('nanToNum', x).dtype)) return x;
  const largest = x.dtype === 'float32' ? 3.4028234663852886e38 : Number.MAX_VALUE;
  const { nan = 0, positiveInfinity = largest, negativeInfinity = -largest } = options;
  const bounded = where(x.equal(Infinity), positiveInfinity, where(x.equal(-Infinity), negativeInfinity, x));
  return where(isnan(x), nan, bounded);
}

/** Options of `isclose` and `allclose`. */
export interface CloseOptions {
  /** Relative to |b|. @defaultValue 1e-5 (NumPy) */
  relativeTolerance?: number;
  /** @defaultValue 1e-8 (NumPy) */
  absoluteTolerance?: number;
  /** Whether NaN is close to NaN. @defaultValue false */
  equalNan?: boolean;
}

/**
 * |a − b| ≤ absoluteTolerance + relativeTolerance · |b|, as bool; equal infinities are close.
 *
 * @example
 * isclose(tensor([1, 2]), tensor([1.000001, 2.1])); // → [true, false]
 */
export function isclose(a: Operand, b: Operand, options: CloseOptions = {}): Tensor {
  const { relativeTolerance = 1e-5, absoluteTolerance = 1e-8, equalNan = false } = options;
  const [x, y] = operands('isclose', a, b);
  const near = x.sub(y).abs().lessEqual(y.abs().mul(relativeTolerance).add(absoluteTolerance)).logicalAnd(isfinite(y));
  const close = near.logicalOr(x.equal(y));
  return equalNan ? close.logicalOr(isnan(x).logicalAnd(isnan(y))) : close;
}

/**
 * Whether all elements are close (see `isclose`), as a JavaScript boolean.
 *
 * @example
 * allclose(tensor([1, 2]), tensor([1, 2.00001])); // → true
 */
export function allclose(a: Operand, b: Operand, options: CloseOptions = {}): boolean {
  return isclose(a, b, options).cast('int32').min().item() === 1;
}

/**
 * 0 below 0, `middle` at 0, 1 above.
 *
 * @example
 * heaviside(tensor([-1, 0, 2]), tensor(0.5)); // → [0, 0.5, 1]
 */
export function heaviside(x: Tensor, middle: Operand): Tensor {
  const zero = checkTensor('heaviside', x).equal(0);
  const [, value] = operands('heaviside', x, middle);
  return where(zero, value, where(isnan(x), x, x.greater(0).cast(x.dtype)));
}

// ---- bits of integers ------------------------------------------------------------------------------------------------

/**
 * a AND b, bit by bit, of integers or bools.
 *
 * @throws DTypeError for floats
 * @example
 * bitwiseAnd(tensor([6], { dtype: 'int32' }), tensor([3], { dtype: 'int32' })); // → [2]
 */
export function bitwiseAnd(a: Operand, b: Operand): Tensor {
  return two(rounding.bitwiseAnd, a, b);
}

/**
 * a OR b, bit by bit.
 *
 * @throws DTypeError for floats
 * @example
 * bitwiseOr(tensor([6], { dtype: 'int32' }), tensor([3], { dtype: 'int32' })); // → [7]
 */
export function bitwiseOr(a: Operand, b: Operand): Tensor {
  return two(rounding.bitwiseOr, a, b);
}

/**
 * a XOR b, bit by bit.
 *
 * @throws DTypeError for floats
 * @example
 * bitwiseXor(tensor([6], { dtype: 'int32' }), tensor([3], { dtype: 'int32' })); // → [5]
 */
export function bitwiseXor(a: Operand, b: Operand): Tensor {
  return two(rounding.bitwiseXor, a, b);
}

/**
 * Every bit the other way round: −x − 1 for int32.
 *
 * @throws DTypeError for floats and bools
 * @example
 * bitwiseNot(tensor([0, 5], { dtype: 'int32' })); // → [-1, -6]
 */
export function bitwiseNot(x: Tensor): Tensor {
  return one(rounding.bitwiseNot, x);
}

/**
 * a · 2ᵇ, wrapping; 0 from 32 places on.
 *
 * @throws DTypeError for floats
 * @example
 * leftShift(tensor([1, 3], { dtype: 'int32' }), tensor([4, 1], { dtype: 'int32' })); // → [16, 6]
 */
export function leftShift(a: Operand, b: Operand): Tensor {
  return two(rounding.leftShift, a, b);
}

/**
 * ⌊a / 2ᵇ⌋
 *
 * @throws DTypeError for floats
 * @example
 * rightShift(tensor([16, -8], { dtype: 'int32' }), tensor([2, 1], { dtype: 'int32' })); // → [4, -4]
 */
export function rightShift(a: Operand, b: Operand): Tensor {
  return two(rounding.rightShift, a, b);
}
