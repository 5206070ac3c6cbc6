/** Numbers as operands. */

import { DTypeError, isFloating } from '@cotangent/kernels';
import { full } from '../create.js';
import { isTensor, type Tensor } from '../tensor.js';

/** What arithmetic takes: a tensor, or a number, which adapts to the dtype of the other operand. */
export type Operand = Tensor | number;

/** A number as a scalar tensor. It never widens a floating dtype; a fraction beside integers becomes float32. */
function scalarLike(operation: string, value: number, other: Tensor): Tensor {
  if (typeof value !== 'number') {
    throw new DTypeError(
      operation,
      { operand: value === null ? 'null' : typeof value },
      'a tensor or a number',
      'Wrap arrays with tensor([...]).',
    );
  }
  if (isFloating(other.dtype)) return full([], value, { dtype: other.dtype });
  return full([], value, { dtype: Number.isInteger(value) ? 'int32' : 'float32' });
}

/** Both operands as tensors. At least one must be one already. */
export function operands(operation: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (isTensor(a)) return [a, isTensor(b) ? b : scalarLike(operation, b, a)];
  if (isTensor(b)) return [scalarLike(operation, a, b), b];
  return [full([], a), scalarLike(operation, b, full([], a))];
}

/** A tensor, or a clear error about what came instead. */
export function checkTensor(operation: string, x: unknown): Tensor {
  if (isTensor(x)) return x;
  const came = x === null ? 'null' : Array.isArray(x) ? 'an array' : typeof x;
  throw new DTypeError(operation, { x: came }, 'a tensor', 'Wrap numbers and arrays with tensor(…).');
}
