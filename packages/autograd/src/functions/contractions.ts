/** Products that sum over axes: dot, outer, tensordot, einsum. All are matrix products underneath, so every derivative comes with them. */

import { ArgumentError, normalizeAxis, ShapeError, showShape } from '@cotangent/kernels';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';
import { matmul } from './products.js';
import { roll } from './rearrange.js';
import { permute, reshape } from './shape.js';

/**
 * Σ aᵢ bᵢ of two tensors of one size, each taken as one row.
 *
 * @throws ShapeError for tensors of different sizes
 * @example
 * vdot(tensor([[1, 2]]), tensor([[3, 4]])); // → 11
 */
export function vdot(a: Tensor, b: Tensor): Tensor {
  if (checkTensor('vdot', a).size !== checkTensor('vdot', b).size)
    throw new ShapeError('vdot', { a: a.shape, b: b.shape }, 'two tensors of one size');
  return reshape(a, [-1])
    .mul(reshape(b, [-1]))
    .sum();
}

/**
 * Of vectors Σ aᵢ bᵢ, of matrices their product, with a scalar the multiple; else over the last axis of a and the last but one of b (NumPy's `dot`).
 *
 * @example
 * dot(tensor([[1, 2], [3, 4]]), tensor([1, 10])); // → [21, 43]
 */
export function dot(a: Tensor, b: Tensor): Tensor {
  if (checkTensor('dot', a).rank === 0 || checkTensor('dot', b).rank === 0) return a.mul(b);
  return tensordot(a, b, [[a.rank - 1], [Math.max(0, b.rank - 2)]]);
}

/**
 * Σ over the last axis of both, for every pair of rows (NumPy's `inner`).
 *
 * @example
 * inner(tensor([[1, 2], [3, 4]]), tensor([[1, 10]])); // → [[21], [43]]
 */
export function inner(a: Tensor, b: Tensor): Tensor {
  if (checkTensor('inner', a).rank === 0 || checkTensor('inner', b).rank === 0) return a.mul(b);
  return tensordot(a, b, [[a.rank - 1], [b.rank - 1]]);
}

/**
 * aᵢ bⱼ for every pair of elements: [size of a, size of b].
 *
 * @example
 * outer(tensor([1, 2]), tensor([3, 4])); // → [[3, 4], [6, 8]]
 */
export function outer(a: Tensor, b: Tensor): Tensor {
  return reshape(checkTensor('outer', a), [a.size, 1]).mul(reshape(checkTensor('outer', b), [1, b.size]));
}

/**
 * Sums over axes of a against axes of b: a number takes the last of a with the first of b, two lists take axes pair by pair (NumPy).
 *
 * @param axes @defaultValue 2
 * @returns [the other axes of a, the other axes of b]
 * @throws ShapeError when the extents differ; ArgumentError for more axes than the tensors have; IndexError for an axis that they lack
 * @example
 * tensordot(zeros([2, 3, 4]), zeros([4, 3, 5]), [[1, 2], [1, 0]]).shape; // → [2, 5]
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): Tensor {
  checkTensor('tensordot', a);
  checkTensor('tensordot', b);
  if (typeof axes === 'number' && (!Number.isInteger(axes) || axes < 0 || axes > Math.min(a.rank, b.rank)))
    throw new ArgumentError('tensordot', `got axes ${axes} for a ${showShape(a.shape)} and b ${showShape(b.shape)}`);
  const count = Array.from({ length: typeof axes === 'number' ? axes : 0 }, (_, k) => k);
  const [left, right] =
    typeof axes === 'number'
      ? [count.map((k) => a.rank - axes + k), count]
      : [
          axes[0].map((axis) => normalizeAxis('tensordot', axis, a.rank)),
          axes[1].map((axis) => normalizeAxis('tensordot', axis, b.rank)),
        ];
  if (left.length !== right.length || left.some((axis, k) => a.shape[axis] !== b.shape[right[k]!]))
    throw new ShapeError(
      'tensordot',
      { a: a.shape, b: b.shape },
      `equal extents along axes ${left} of a and ${right} of b`,
    );
  const others = (x: Tensor, used: readonly number[]): number[] =>
    x.shape.map((_, i) => i).filter((i) => !used.includes(i));
  const [keptA, keptB] = [others(a, left), others(b, right)];
  const size = (x: Tensor, list: readonly number[]): number =>
    list.reduce((product, axis) => product * x.shape[axis]!, 1);
  const k = size(a, left);
  const product = matmul(
    reshape(permute(a, [...keptA, ...left]), [size(a, keptA), k]),
    reshape(permute(b, [...right, ...keptB]), [k, size(b, keptB)]),
  );
  return reshape(product, [...keptA.map((axis) => a.shape[axis]!), ...keptB.map((axis) => b.shape[axis]!)]);
}

/**
 * The Kronecker product: every element of a times all of b.
 *
 * @example
 * kron(tensor([[1, 2]]), tensor([[1], [10]])); // → [[1, 2], [10, 20]]
 */
export function kron(a: Tensor, b: Tensor): Tensor {
  const rank = Math.max(checkTensor('kron', a).rank, checkTensor('kron', b).rank);
  const shapeOf = (x: Tensor): number[] => [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const [shapeA, shapeB] = [shapeOf(a), shapeOf(b)];
  const spreadA = reshape(
    a,
    shapeA.flatMap((n) => [n, 1]),
  );
  const spreadB = reshape(
    b,
    shapeB.flatMap((n) => [1, n]),
  );
  return reshape(
    spreadA.mul(spreadB),
    shapeA.map((n, i) => n * shapeB[i]!),
  );
}

/**
 * The vector product along the last axis, of extent 3.
 *
 * @throws ShapeError where the last axis has another extent
 * @example
 * cross(tensor([1, 0, 0]), tensor([0, 1, 0])); // → [0, 0, 1]
 */
export function cross(a: Tensor, b: Tensor): Tensor {
  if (checkTensor('cross', a).shape.at(-1) !== 3 || checkTensor('cross', b).shape.at(-1) !== 3)
    throw new ShapeError('cross', { a: a.shape, b: b.shape }, 'last axes of extent 3');
  // (a × b)ᵢ = aᵢ₊₁ bᵢ₊₂ − aᵢ₊₂ bᵢ₊₁
  const next = (x: Tensor, by: number): Tensor => roll(x, -by, { axis: -1 });
  return next(a, 1)
    .mul(next(b, 2))
    .sub(next(a, 2).mul(next(b, 1)));
}
