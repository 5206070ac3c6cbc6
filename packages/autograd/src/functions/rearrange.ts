/** Moving elements about: flips, rolls, repeats, padding, diagonals. Each is made of views and copies, and differentiable to any order. */

import {
  ArgumentError,
  checkList,
  IndexError,
  normalizeAxes,
  normalizeAxis,
  ShapeError,
  showShape,
} from '@cotangent/kernels';
import { arange, fromTypedArray, full } from '../create.js';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import * as rows from '../primitives/reshape.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { checkTensor } from './operands.js';
import { concat, permute, type Range, reshape, slice, squeeze, take } from './shape.js';

/** `range` along one axis, all of the others. */
const along = (x: Tensor, axis: number, range: Range): Tensor =>
  slice(x, ...x.shape.map((_, i) => (i === axis ? range : null)));

// ---- the order of axes and elements ----------------------------------------------------------------------------------

/**
 * Axis `from` at place `to`, the others in their order.
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * moveAxis(zeros([2, 3, 4]), 0, -1).shape; // → [3, 4, 2]
 */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const axes = checkTensor('moveAxis', x).shape.map((_, i) => i);
  const [source, target] = [normalizeAxis('moveAxis', from, x.rank), normalizeAxis('moveAxis', to, x.rank)];
  axes.splice(target, 0, ...axes.splice(source, 1));
  return permute(x, axes);
}

/** Options that name axes. */
export interface AxesOptions {
  /** One axis or several. @defaultValue all */
  readonly axis?: number | readonly number[];
}

/**
 * The elements in reverse along the axes; a view.
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * flip(tensor([[1, 2], [3, 4]]), { axis: 1 }); // → [[2, 1], [4, 3]]
 */
export function flip(x: Tensor, options: AxesOptions = {}): Tensor {
  checkOptions('flip', options, ['axis']);
  const axes = normalizeAxes('flip', options.axis, checkTensor('flip', x).rank);
  return slice(x, ...x.shape.map((_, i) => (axes.includes(i) ? ([null, null, -1] as const) : null)));
}

/**
 * The elements moved on by `shift` along the axis; what falls off the end comes in at the start. Without an axis, of the tensor as one row.
 *
 * @throws ArgumentError for a shift that is no whole number; IndexError for an axis that x lacks
 * @example
 * roll(tensor([1, 2, 3]), 1); // → [3, 1, 2]
 */
export function roll(x: Tensor, shift: number, options: { readonly axis?: number } = {}): Tensor {
  checkOptions('roll', options, ['axis']);
  if (!Number.isInteger(shift)) throw new ArgumentError('roll', `got shift ${shift}; expected a whole number`);
  if (options.axis === undefined)
    return reshape(roll(reshape(checkTensor('roll', x), [-1]), shift, { axis: 0 }), x.shape);
  const axis = normalizeAxis('roll', options.axis, checkTensor('roll', x).rank);
  const n = x.shape[axis]!;
  if (n === 0) return x;
  const k = ((shift % n) + n) % n;
  return k === 0 ? x : concat([along(x, axis, [n - k, n]), along(x, axis, [0, n - k])], { axis });
}

// ---- repeats ---------------------------------------------------------------------------------------------------------

function checkCounts(operation: string, counts: readonly number[]): void {
  checkList(operation, 'counts', counts);
  if (counts.some((count) => !Number.isInteger(count) || count < 0))
    throw new ArgumentError(operation, `got ${showShape(counts)}; expected whole numbers from 0`);
}

/**
 * x laid `counts[i]` times along axis i; missing counts or axes are 1, at the front (NumPy).
 *
 * @throws ArgumentError for counts that are negative or no whole numbers
 * @example
 * tile(tensor([1, 2]), [2, 2]); // → [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export function tile(x: Tensor, counts: readonly number[]): Tensor {
  checkCounts('tile', counts);
  const rank = Math.max(checkTensor('tile', x).rank, counts.length);
  const shape = [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const times = [...new Array<number>(rank - counts.length).fill(1), ...counts];
  const spread = shape.flatMap((extent) => [1, extent]);
  const laid = shape.flatMap((extent, i) => [times[i]!, extent]);
  return reshape(
    reshape(x, spread).broadcastTo(laid),
    shape.map((extent, i) => extent * times[i]!),
  );
}

/**
 * Every element `count` times in a row along the axis; without one, of the tensor as one row.
 *
 * @throws ArgumentError for a count that is negative or no whole number; IndexError for an axis that x lacks
 * @example
 * repeat(tensor([1, 2]), 2, { axis: 0 }); // → [1, 1, 2, 2]
 */
export function repeat(x: Tensor, count: number, options: { readonly axis?: number } = {}): Tensor {
  checkOptions('repeat', options, ['axis']);
  checkCounts('repeat', [count]);
  if (options.axis === undefined) return repeat(reshape(checkTensor('repeat', x), [-1]), count, { axis: 0 });
  const axis = normalizeAxis('repeat', options.axis, checkTensor('repeat', x).rank);
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const n = x.shape[axis]!;
  const spread = reshape(x, [...before, n, 1, ...after]).broadcastTo([...before, n, count, ...after]);
  return reshape(spread, [...before, n * count, ...after]);
}

// ---- parts -----------------------------------------------------------------------------------------------------------

/**
 * Parts along an axis: as many equal ones as `parts` says, or cut before each of the indices in a list (NumPy). Views.
 *
 * @throws ArgumentError when the axis cannot be divided evenly; IndexError for an axis that x lacks
 * @example
 * split(arange(6), 3).map((part) => part.toArray()); // → [[0, 1], [2, 3], [4, 5]]
 * split(arange(6), [1, 4]).map((part) => part.shape[0]); // → [1, 3, 2]
 */
export function split(
  x: Tensor,
  parts: number | readonly number[],
  options: { readonly axis?: number } = {},
): Tensor[] {
  checkOptions('split', options, ['axis']);
  const axis = normalizeAxis('split', options.axis ?? 0, checkTensor('split', x).rank);
  const n = x.shape[axis]!;
  if (typeof parts === 'number' && (!Number.isInteger(parts) || parts < 1 || n % parts !== 0)) {
    throw new ArgumentError(
      'split',
      `got ${parts} parts of x ${showShape(x.shape)}; expected a number that divides ${n}`,
    );
  }
  const cuts =
    typeof parts === 'number' ? Array.from({ length: parts - 1 }, (_, k) => ((k + 1) * n) / parts) : [...parts];
  return [...cuts, n].map((stop, k) => along(x, axis, [k === 0 ? 0 : cuts[k - 1]!, stop]));
}

/**
 * The slices along an axis, which is dropped: the opposite of `stack`. Views.
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * unstack(tensor([[1, 2], [3, 4]])).map((row) => row.toArray()); // → [[1, 2], [3, 4]]
 */
export function unstack(x: Tensor, options: { readonly axis?: number } = {}): Tensor[] {
  checkOptions('unstack', options, ['axis']);
  const axis = normalizeAxis('unstack', options.axis ?? 0, checkTensor('unstack', x).rank);
  return Array.from({ length: x.shape[axis]! }, (_, k) => along(x, axis, k));
}

// ---- padding ---------------------------------------------------------------------------------------------------------

/** What comes in at the edges: one value; the elements mirrored without or with the edge itself; the edge; the other end. */
export type PadMode = 'constant' | 'reflect' | 'symmetric' | 'edge' | 'wrap';

/** Options of `pad`. */
export interface PadOptions {
  /** @defaultValue 'constant' */
  readonly mode?: PadMode;
  /** The value of 'constant'. @defaultValue 0 */
  readonly value?: number;
}

/**
 * Widens axes at their ends, as NumPy's `pad`.
 *
 * @param widths for each axis, from the first, [before, after] or a number for both; axes without one stay
 * @throws ArgumentError for widths out of range (mirrored: up to the extent, less one for 'reflect')
 * @example
 * pad(tensor([1, 2, 3]), [[2, 1]], { mode: 'reflect' }); // → [3, 2, 1, 2, 3, 2]
 */
export function pad(
  x: Tensor,
  widths: readonly (number | readonly [number, number])[],
  options: PadOptions = {},
): Tensor {
  checkOptions('pad', options, ['mode', 'value']);
  const { mode = 'constant', value = 0 } = options;
  if (widths.length > checkTensor('pad', x).rank)
    throw new ArgumentError('pad', `got ${widths.length} widths for x ${showShape(x.shape)}`);
  const sides = x.shape.map((_, i): readonly [number, number] => {
    const width = widths[i] ?? 0;
    return typeof width === 'number' ? [width, width] : width;
  });
  checkCounts('pad', sides.flat());
  if (mode === 'constant') return padConstant(x, sides, value);
  let y = x;
  for (const [axis, [before, after]] of sides.entries())
    if (before + after > 0) y = padAlong(y, axis, before, after, mode);
  return y;
}

function padConstant(x: Tensor, sides: readonly (readonly [number, number])[], value: number): Tensor {
  const shape = x.shape.map((extent, i) => extent + sides[i]![0] + sides[i]![1]);
  const place = { start: sides.map(([before]) => before), size: x.shape, step: x.shape.map(() => 1), shape };
  const placed = apply(rows.placeSlice, [x], place);
  if (value === 0) return placed;
  const inside = apply(rows.placeSlice, [full(x.shape, 1)], place);
  return where(inside.cast('bool'), placed, value);
}

function padAlong(x: Tensor, axis: number, before: number, after: number, mode: Exclude<PadMode, 'constant'>): Tensor {
  const n = x.shape[axis]!;
  if (mode === 'edge') {
    const edge = (k: number, count: number): Tensor => repeat(along(x, axis, [k, k + 1]), count, { axis });
    if (n > 0) return concat([edge(0, before), x, edge(n - 1, after)], { axis });
  } else {
    const most = mode === 'reflect' ? n - 1 : n;
    if (Math.max(before, after) <= most) {
      const skip = mode === 'reflect' ? 1 : 0;
      const [front, back] =
        mode === 'wrap'
          ? [along(x, axis, [n - before, n]), along(x, axis, [0, after])]
          : [
              flip(along(x, axis, [skip, before + skip]), { axis }),
              flip(along(x, axis, [n - after - skip, n - skip]), { axis }),
            ];
      return concat([front, x, back], { axis });
    }
  }
  throw new ArgumentError(
    'pad',
    `got widths ${before} and ${after} for axis ${axis} of x ${showShape(x.shape)}; '${mode}' takes at most ${mode === 'reflect' ? n - 1 : n}`,
  );
}

// ---- matrices --------------------------------------------------------------------------------------------------------

/** Options of the functions of matrices' diagonals. */
export interface DiagonalOptions {
  /** Which diagonal: above the main one for k > 0, below for k < 0. @defaultValue 0 */
  readonly k?: number;
}

/** row + k ≤ column or the like, of the last two axes. */
function band(operation: string, x: Tensor, k: number, keep: (row: Tensor, column: Tensor) => Tensor): Tensor {
  if (checkTensor(operation, x).rank < 2) throw new ShapeError(operation, { x: x.shape }, 'x [..., rows, columns]');
  const [n, m] = x.shape.slice(-2) as [number, number];
  const count = (extent: number): Tensor => arange(0, extent, 1, { dtype: 'int32' });
  return where(keep(reshape(count(n), [n, 1]).add(k), count(m)), x, 0);
}

/**
 * The lower triangle of each matrix, with the k-th diagonal; 0 above.
 *
 * @example
 * tril(ones([2, 3])); // → [[1, 0, 0], [1, 1, 0]]
 */
export function tril(x: Tensor, { k = 0 }: DiagonalOptions = {}): Tensor {
  return band('tril', x, k, (row, column) => column.lessEqual(row));
}

/**
 * The upper triangle of each matrix, with the k-th diagonal; 0 below.
 *
 * @example
 * triu(ones([2, 3]), { k: 1 }); // → [[0, 1, 1], [0, 0, 1]]
 */
export function triu(x: Tensor, { k = 0 }: DiagonalOptions = {}): Tensor {
  return band('triu', x, k, (row, column) => column.greaterEqual(row));
}

/**
 * The k-th diagonal of each matrix of the last two axes: [..., length].
 *
 * @throws ShapeError for fewer than two axes
 * @example
 * diagonal(tensor([[1, 2], [3, 4]])); // → [1, 4]
 */
export function diagonal(x: Tensor, { k = 0 }: DiagonalOptions = {}): Tensor {
  if (checkTensor('diagonal', x).rank < 2) throw new ShapeError('diagonal', { x: x.shape }, 'x [..., rows, columns]');
  const [n, m] = x.shape.slice(-2) as [number, number];
  const length = Math.max(0, k >= 0 ? Math.min(n, m - k) : Math.min(n + k, m));
  // As one row: the diagonal is every (m + 1)-th element.
  const start = k >= 0 ? k : -k * m;
  const flat = reshape(x, [...x.shape.slice(0, -2), n * m]);
  const places = arange(0, length, 1, { dtype: 'int32' })
    .mul(m + 1)
    .add(start);
  return take(flat, places, { axis: -1 });
}

/**
 * The sum of the diagonal of each matrix.
 *
 * @example
 * trace(tensor([[1, 2], [3, 4]])); // → 5
 */
export function trace(x: Tensor, options: DiagonalOptions = {}): Tensor {
  return diagonal(x, options).sum({ axis: -1 });
}

/**
 * A matrix with the vector x on its k-th diagonal, 0 elsewhere. Of a matrix, its diagonal (NumPy's `diag`).
 *
 * @throws ShapeError for more than two axes, or none
 * @example
 * diag(tensor([1, 2])); // → [[1, 0], [0, 2]]
 */
export function diag(x: Tensor, { k = 0 }: DiagonalOptions = {}): Tensor {
  if (checkTensor('diag', x).rank === 2) return diagonal(x, { k });
  if (x.rank !== 1) throw new ShapeError('diag', { x: x.shape }, 'a vector or a matrix');
  const n = x.shape[0]! + Math.abs(k);
  const rowsOf = k >= 0 ? [0, k] : [-k, 0];
  const padded = pad(reshape(x, [x.shape[0]!, 1]), [
    [rowsOf[0]!, rowsOf[1]!],
    [0, 0],
  ]);
  const column = arange(0, n, 1, { dtype: 'int32' });
  return where(reshape(column, [n, 1]).add(k).equal(column), padded, 0);
}

/**
 * Coordinates of a grid: for each vector a tensor that varies along its axis. The option `indexing` is 'xy', which swaps the first two axes (as NumPy's default), or 'ij'.
 *
 * @throws ShapeError for tensors that are no vectors
 * @example
 * const [x, y] = meshgrid([tensor([1, 2, 3]), tensor([10, 20])]);
 * x; // → [[1, 2, 3], [1, 2, 3]]
 * y; // → [[10, 10, 10], [20, 20, 20]]
 */
export function meshgrid(vectors: readonly Tensor[], options: { readonly indexing?: 'xy' | 'ij' } = {}): Tensor[] {
  checkOptions('meshgrid', options, ['indexing']);
  const { indexing = 'xy' } = options;
  for (const x of vectors)
    if (checkTensor('meshgrid', x).rank !== 1) throw new ShapeError('meshgrid', { x: x.shape }, 'vectors');
  const shape = vectors.map((x) => x.shape[0]!);
  const grid = vectors.map((x, i) =>
    reshape(
      x,
      shape.map((n, k) => (k === i ? n : 1)),
    ).broadcastTo(shape),
  );
  if (indexing === 'ij' || vectors.length < 2) return grid;
  return grid.map((x) => x.swapAxes(0, 1));
}

// ---- by index --------------------------------------------------------------------------------------------------------

/**
 * The rows of a table of `weights` [words, …] at `indices` (any shape): an embedding. Its gradient adds up where an index comes again.
 *
 * @example
 * embedding(tensor([1, 0, 1], { dtype: 'int32' }), tensor([[1, 2], [3, 4]])); // → [[3, 4], [1, 2], [3, 4]]
 */
export function embedding(indices: Tensor, weights: Tensor): Tensor {
  return take(weights, indices);
}

/**
 * x[indices[…, 0], indices[…, 1], …]: the last axis of the indices counts axes of x (NumPy's `x[i, j]`, TensorFlow's `gather_nd`).
 *
 * @param indices int32 [..., k], k ≤ rank of x; negative ones count from the end
 * @returns [..., the other axes of x]
 * @throws IndexError for an index out of range; ShapeError for more indices than x has axes
 * @example
 * gatherNd(tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 1]], { dtype: 'int32' })); // → [3, 2]
 */
export function gatherNd(x: Tensor, indices: Tensor): Tensor {
  const k = checkTensor('gatherNd', indices).shape[indices.rank - 1];
  if (k === undefined || k > checkTensor('gatherNd', x).rank)
    throw new ShapeError(
      'gatherNd',
      { x: x.shape, indices: indices.shape },
      'indices [..., k] with k up to the rank of x',
    );
  const extents = x.shape.slice(0, k);
  const parts = unstack(indices, { axis: -1 });
  let flat = full(indices.shape.slice(0, -1), 0, { dtype: 'int32' });
  for (const [axis, part] of parts.entries()) {
    const n = extents[axis]!;
    const outside = part.less(-n).logicalOr(part.greaterEqual(n));
    if (outside.cast('int32').sum().item() > 0)
      throw new IndexError('gatherNd', `got an index along axis ${axis} that is not from ${-n} to ${n - 1}`);
    flat = flat.mul(n).add(where(part.less(0), part.add(n), part));
  }
  return take(reshape(x, [extents.reduce((a, b) => a * b, 1), ...x.shape.slice(k)]), flat.cast('int32'));
}

/**
 * Where x is not 0 (or true): int32 [count, rank], in row-major order. Its size depends on the numbers, so it is no operation of the tape.
 *
 * @example
 * nonzero(tensor([[0, 5], [7, 0]])); // → [[0, 1], [1, 0]]
 */
export function nonzero(x: Tensor): Tensor {
  const places: number[][] = [];
  const values = checkTensor('nonzero', x).toTypedArray();
  for (let at = 0; at < values.length; at++) {
    if (values[at] === 0) continue;
    const index = new Array<number>(x.rank);
    let rest = at;
    for (let axis = x.rank - 1; axis >= 0; axis--) {
      index[axis] = rest % x.shape[axis]!;
      rest = Math.floor(rest / x.shape[axis]!);
    }
    places.push(index);
  }
  if (places.length === 0) return full([0, x.rank], 0, { dtype: 'int32' });
  return fromTypedArray(Int32Array.from(places.flat()), [places.length, x.rank]);
}

/**
 * The slices along the first axis where `mask` (bool, one for each) holds; the gradient of the others is 0.
 *
 * @throws ShapeError for a mask that is not as long as the first axis
 * @example
 * booleanMask(tensor([[1, 2], [3, 4]]), tensor([false, true])); // → [[3, 4]]
 */
export function booleanMask(x: Tensor, mask: Tensor): Tensor {
  if (checkTensor('booleanMask', mask).rank !== 1 || mask.shape[0] !== checkTensor('booleanMask', x).shape[0])
    throw new ShapeError('booleanMask', { x: x.shape, mask: mask.shape }, 'a mask [n] for x [n, ...]');
  return take(x, squeeze(nonzero(mask), 1));
}
