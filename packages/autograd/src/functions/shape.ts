/** Functions of shape and place. They copy nothing where strides allow, and all are differentiable. */

import {
  ArgumentError,
  checkList,
  checkShape,
  type DType,
  IndexError,
  normalizeAxis,
  resolveReshape,
  type Shape,
  ShapeError,
  shapesEqual,
  showShape,
} from '@cotangent/kernels';
import { eye } from '../create.js';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import { gather } from '../primitives/indexing.js';
import * as rows from '../primitives/reshape.js';
import { allNumbers, type Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { checkTensor, constant } from './operands.js';

/**
 * The same elements, in row-major order, under another shape; one extent may be −1.
 *
 * @throws ShapeError for a shape of another number of elements; ArgumentError for one that is no list of whole numbers
 * @example
 * reshape(arange(6), [2, -1]); // → [[0, 1, 2], [3, 4, 5]]
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const resolved = resolveReshape('reshape', checkTensor('reshape', x).shape, shape);
  return shapesEqual(resolved, x.shape) ? x : apply(rows.reshape, [x], { shape: resolved });
}

/**
 * Reorders the axes; by default it reverses them (the transpose of a matrix).
 *
 * @param axes axis i of the result is axis `axes[i]` of x
 * @throws ArgumentError for axes that are no list; IndexError for one that x lacks; ShapeError where each is not named once
 * @example
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape; // → [4, 2, 3]
 */
export function permute(x: Tensor, axes?: readonly number[]): Tensor {
  const rank = checkTensor('permute', x).rank;
  if (axes !== undefined) checkList('permute', 'axes', axes);
  const order =
    axes === undefined ? x.shape.map((_, i) => rank - 1 - i) : axes.map((axis) => normalizeAxis('permute', axis, rank));
  if (order.length !== rank || new Set(order).size !== rank) {
    throw new ShapeError('permute', { x: x.shape }, `each of the ${rank} axes once, not ${showShape(axes ?? [])}`);
  }
  return apply(rows.permute, [x], { axes: order });
}

/**
 * Exchanges two axes.
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * swapAxes(zeros([2, 3, 4]), -1, -2).shape; // → [2, 4, 3]
 */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const order = checkTensor('swapAxes', x).shape.map((_, i) => i);
  const [p, q] = [normalizeAxis('swapAxes', a, x.rank), normalizeAxis('swapAxes', b, x.rank)];
  [order[p], order[q]] = [q, p];
  return apply(rows.permute, [x], { axes: order });
}

const swappingLastTwo: { readonly axes: readonly number[] }[] = [];

/** The transpose of each matrix: the last two axes exchanged. @throws IndexError for less than two axes */
export function transposeMatrices(x: Tensor): Tensor {
  const { rank } = checkTensor('mT', x);
  if (rank < 2) return swapAxes(x, -1, -2);
  // Always the same object, so that calls are remembered: products ask for it in every backward pass.
  swappingLastTwo[rank] ??= Object.freeze({
    axes: Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i)),
  });
  return apply(rows.permute, [x], swappingLastTwo[rank]!);
}

/**
 * Repeats axes of extent 1, and missing leading ones, up to `shape`.
 *
 * @throws ArgumentError for a shape that is none
 * @example
 * broadcastTo(tensor([[1], [2]]), [2, 3]); // → [[1, 1, 1], [2, 2, 2]]
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkShape('broadcastTo', shape);
  return shapesEqual(checkTensor('broadcastTo', x).shape, shape) ? x : apply(rows.broadcastTo, [x], { shape });
}

/**
 * `full` as a view of one number, which takes no memory whatever the shape: the state before the first step of a sequence, say. It is
 * not to be changed in place.
 *
 * @param options `dtype` (float32 unless given)
 * @throws ArgumentError for a shape that is none
 * @example
 * const state = fullView([2, 3], 0);
 * [state.toArray(), state.strides]; // → [[[0, 0, 0], [0, 0, 0]], [0, 0]]
 */
export function fullView(shape: Shape, value: number, options: { readonly dtype?: DType } = {}): Tensor {
  checkOptions('fullView', options, ['dtype']);
  return broadcastTo(constant(value, options.dtype ?? 'float32'), shape);
}

/**
 * Inserts an axis of extent 1; −1 puts it last.
 *
 * @throws IndexError for an axis that the result lacks
 * @example
 * expandDims(zeros([2, 3]), 1).shape; // → [2, 1, 3]
 */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis('expandDims', axis, checkTensor('expandDims', x).rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/**
 * Drops axes of extent 1: those given, or all.
 *
 * @throws ShapeError for an axis of another extent; IndexError for an axis that x lacks
 * @example
 * squeeze(zeros([1, 3, 1])).shape; // → [3]
 * squeeze(zeros([1, 3, 1]), 0).shape; // → [3, 1]
 */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  checkTensor('squeeze', x);
  if (axis === undefined)
    return reshape(
      x,
      x.shape.filter((extent) => extent !== 1),
    );
  const axes = (typeof axis === 'number' ? [axis] : axis).map((a) => normalizeAxis('squeeze', a, x.rank));
  for (const a of axes)
    if (x.shape[a] !== 1) throw new ShapeError('squeeze', { x: x.shape }, `extent 1 along axis ${a}`);
  return reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/**
 * What to take along one axis: an index (the axis is dropped), `[start, stop]` or `[start, stop, step]` as in NumPy's
 * `start:stop:step` (null for "from the end"), or null for all of it.
 */
export type Range = number | null | readonly [start: number | null, stop?: number | null, step?: number];

/** Start, size and step of a NumPy slice. */
function resolveRange(range: Exclude<Range, number>, extent: number): { start: number; size: number; step: number } {
  if (range !== null && !Array.isArray(range))
    throw new IndexError('slice', `got ${String(range)}; expected an index, [start, stop, step], or null for all`);
  const [first, last, step = 1] = range ?? [null];
  if (!Number.isInteger(step) || step === 0)
    throw new IndexError('slice', `got step ${step}; expected an integer other than 0`);
  const clamp = (index: number | null | undefined, fallback: number, low: number, high: number): number => {
    if (index === null || index === undefined) return fallback;
    if (!Number.isInteger(index)) throw new IndexError('slice', `got index ${index}; expected integers`);
    return Math.min(Math.max(index < 0 ? index + extent : index, low), high);
  };
  const start = step > 0 ? clamp(first, 0, 0, extent) : clamp(first, extent - 1, -1, extent - 1);
  const stop = step > 0 ? clamp(last, extent, 0, extent) : clamp(last, -1, -1, extent - 1);
  return { start, size: Math.max(0, Math.ceil((stop - start) / step)), step };
}

/**
 * A part of the tensor, without a copy.
 *
 * @param ranges one for each axis from the first; axes without one are taken whole
 * @throws IndexError for an index out of range
 * @example
 * const x = arange(6).reshape([2, 3]);
 * x.slice(0); // → [0, 1, 2]
 * x.slice(null, [0, 2]); // → [[0, 1], [3, 4]]
 * x.slice([null, null, -1]); // → [[3, 4, 5], [0, 1, 2]]
 */
export function slice(x: Tensor, ...ranges: readonly Range[]): Tensor {
  if (ranges.length > checkTensor('slice', x).rank) {
    throw new IndexError(
      'slice',
      `got ${ranges.length} ranges for x ${showShape(x.shape)}; expected at most ${x.rank}`,
    );
  }
  const start: number[] = [];
  const size: number[] = [];
  const step: number[] = [];
  const dropped: number[] = [];
  for (const [axis, extent] of x.shape.entries()) {
    const range = ranges[axis] ?? null;
    if (typeof range === 'number') {
      start.push(normalizeAxisIndex(range, extent, axis));
      size.push(1);
      step.push(1);
      dropped.push(axis);
    } else {
      const resolved = resolveRange(range, extent);
      start.push(resolved.start);
      size.push(resolved.size);
      step.push(resolved.step);
    }
  }
  const part = apply(rows.slice, [x], { start, size, step });
  return dropped.length === 0
    ? part
    : reshape(
        part,
        size.filter((_, i) => !dropped.includes(i)),
      );
}

function normalizeAxisIndex(index: number, extent: number, axis: number): number {
  if (!Number.isInteger(index) || index < -extent || index >= extent) {
    throw new IndexError(
      'slice',
      `got index ${index} on axis ${axis} of extent ${extent}; expected an integer from ${-extent} to ${extent - 1}`,
    );
  }
  return index < 0 ? index + extent : index;
}

/** Throws unless `tensors` is a list of at least one tensor, and nothing else is in it. */
function checkTensors(operation: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors))
    throw new ArgumentError(operation, 'got no array; expected one of tensors', `Write ${operation}([a, b]).`);
  if (tensors.length === 0) throw new ShapeError(operation, { tensors: [0] }, 'at least one tensor');
  for (const x of tensors) checkTensor(operation, x);
}

/**
 * Tensors one behind the other along an axis.
 *
 * @throws ShapeError unless they agree in every other axis; ArgumentError without tensors; IndexError for an axis that they lack
 * @example
 * concat([tensor([[1, 2]]), tensor([[3, 4]])]); // → [[1, 2], [3, 4]]
 * concat([tensor([[1, 2]]), tensor([[3, 4]])], { axis: 1 }); // → [[1, 2, 3, 4]]
 */
export function concat(tensors: readonly Tensor[], options: { readonly axis?: number } = {}): Tensor {
  checkTensors('concat', tensors);
  checkOptions('concat', options, ['axis']);
  const axis = normalizeAxis('concat', options.axis ?? 0, tensors[0]!.rank);
  return apply(rows.concat, tensors, { axis });
}

/**
 * Tensors of one shape side by side along a new axis.
 *
 * @throws ArgumentError without tensors; ShapeError for tensors of different shapes; IndexError for an axis that the result lacks
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])], { axis: 1 }); // → [[1, 3], [2, 4]]
 */
export function stack(tensors: readonly Tensor[], options: { readonly axis?: number } = {}): Tensor {
  checkTensors('stack', tensors);
  checkOptions('stack', options, ['axis']);
  for (const x of tensors) {
    if (!shapesEqual(x.shape, tensors[0]!.shape)) {
      throw new ShapeError('stack', { 'tensors[0]': tensors[0]!.shape, other: x.shape }, 'tensors of one shape');
    }
  }
  const axis = normalizeAxis('stack', options.axis ?? 0, tensors[0]!.rank + 1);
  return concat(
    tensors.map((x) => expandDims(x, axis)),
    { axis },
  );
}

/**
 * The slices of `x` at `indices` along an axis: rows of a table, words of an embedding, a batch of a dataset.
 *
 * @param indices int32 or uint8 of any shape, which takes the place of the axis; negative ones count from the end
 * @throws IndexError for an index out of range; DTypeError for indices that are not integers
 * @example
 * take(tensor([[1, 2], [3, 4], [5, 6]]), tensor([2, 0], { dtype: 'int32' })); // → [[5, 6], [1, 2]]
 */
export function take(x: Tensor, indices: Tensor, options: { readonly axis?: number } = {}): Tensor {
  checkOptions('take', options, ['axis']);
  const axis = normalizeAxis('take', options.axis ?? 0, checkTensor('take', x).rank);
  return apply(gather, [x, checkTensor('take', indices)], { axis, extent: x.shape[axis]! });
}

/**
 * 1 at the label of each row, 0 elsewhere.
 *
 * @param labels whole numbers of any shape
 * @param classes extent of the new last axis
 * @param options `dtype` of the result. @defaultValue float32
 * @throws IndexError for a label outside 0 … classes − 1
 * @example
 * oneHot(tensor([2, 0], { dtype: 'int32' }), 3); // → [[0, 0, 1], [1, 0, 0]]
 */
export function oneHot(labels: Tensor, classes: number, options: { readonly dtype?: DType } = {}): Tensor {
  checkOptions('oneHot', options, ['dtype']);
  for (const [i, label] of allNumbers(checkTensor('oneHot', labels)).entries()) {
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new IndexError(
        'oneHot',
        `got label ${label} at position ${i}; expected whole numbers from 0 to ${classes - 1}`,
      );
    }
  }
  return take(eye(classes, options), cast(labels, 'int32'));
}
