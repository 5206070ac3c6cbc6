/** Matrix products. */

import { ShapeError } from '@cotangent/kernels';
import { apply } from '../primitive.js';
import { matmul as row } from '../primitives/matmul.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/**
 * The matrix product of the last two axes; leading axes broadcast. A vector on the left counts as a row, on the right as
 * a column, and its axis is dropped from the result (NumPy's `@`, PyTorch's `matmul`).
 *
 * @throws ShapeError when the inner extents differ; DTypeError unless both have one floating dtype
 * @example
 * matmul(tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 2]])); // → [[1, 4], [3, 8]]
 * matmul(zeros([8, 1, 2, 3]), zeros([5, 3, 4])).shape; // → [8, 5, 2, 4]
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkTensor('matmul', a);
  checkTensor('matmul', b);
  if (a.rank === 0 || b.rank === 0) {
    throw new ShapeError(
      'matmul',
      { a: a.shape, b: b.shape },
      'at least one axis each',
      'Use .mul() to scale by a scalar.',
    );
  }
  if (a.rank > 1 && b.rank > 1) return apply(row, [a, b], undefined);
  if (a.shape[a.rank - 1] !== (b.rank === 1 ? b.shape[0] : b.shape[b.rank - 2])) {
    throw new ShapeError('matmul', { a: a.shape, b: b.shape }, 'a [m, k] and b [k, n] with equal k, or vectors [k]');
  }
  const left = a.rank === 1 ? a.reshape([1, a.shape[0]!]) : a;
  const right = b.rank === 1 ? b.reshape([b.shape[0]!, 1]) : b;
  const product = apply(row, [left, right], undefined);
  const dropped = [...(a.rank === 1 ? [-2] : []), ...(b.rank === 1 ? [-1] : [])];
  return product.squeeze(dropped);
}
