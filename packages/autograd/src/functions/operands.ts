/** Numbers as operands. */

import { type DType, DTypeError, isFloating } from '@cotangent/kernels';
import { full } from '../create.js';
import { withScope } from '../scope.js';
import { isTensor, type Tensor } from '../tensor.js';
import { persistent } from '../update.js';

/** What arithmetic takes: a tensor, or a number, which adapts to the dtype of the other operand. */
export type Operand = Tensor | number;

/**
 * The dtype of a number beside a tensor of dtype `other`. It never widens a floating dtype. Beside integers it becomes
 * one if it fits: uint8 beside uint8, else int32; a fraction, or a number too large for int32, becomes float32.
 */
function dtypeOfNumber(value: number, other: DType): DType {
  if (isFloating(other)) return other;
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 31) return 'float32';
  return other === 'uint8' && value >= 0 && value <= 255 ? 'uint8' : 'int32';
}

/** A number as a scalar tensor. */
function scalarLike(operation: string, value: number, other: DType): Tensor {
  if (typeof value !== 'number') {
    throw new DTypeError(
      operation,
      { operand: value === null ? 'null' : typeof value },
      'a tensor or a number',
      'Wrap arrays with tensor([...]).',
    );
  }
  return constant(value, dtypeOfNumber(value, other));
}

/**
 * Halves and whole numbers (2 in `x.mul(2)`, −1, 0.5, the number of elements that a mean divides by), by dtype: made once, in memory
 * that nobody releases.
 */
const constants = new Map<DType, Map<number, Tensor>>();

const mostConstants = 256;

const isKept = (value: number): boolean => Number.isInteger(2 * value) && !Object.is(value, -0); // a Map takes −0 for 0

export function constant(value: number, dtype: DType): Tensor {
  let known = constants.get(dtype);
  if (known === undefined) {
    known = new Map();
    constants.set(dtype, known);
  }
  const before = known.get(value);
  if (before !== undefined && !Object.is(value, -0)) return before;
  if (known.size >= mostConstants || !isKept(value)) return full([], value, { dtype });
  const made = withScope(null, () => persistent(full([], value, { dtype })));
  known.set(value, made);
  return made;
}

/** Both operands as tensors; two numbers are float32. */
export function operands(operation: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (isTensor(a)) return [a, isTensor(b) ? b : scalarLike(operation, b, a.dtype)];
  const other = isTensor(b) ? b.dtype : 'float32';
  return [scalarLike(operation, a, other), isTensor(b) ? b : scalarLike(operation, b, other)];
}

/** A tensor, or a clear error about what came instead. */
export function checkTensor(operation: string, x: unknown): Tensor {
  if (isTensor(x)) return x;
  const came = x === null ? 'null' : Array.isArray(x) ? 'an array' : typeof x;
  throw new DTypeError(operation, { x: came }, 'a tensor', 'Wrap numbers and arrays with tensor(…).');
}
