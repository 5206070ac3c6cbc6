/** Picking by index. */

import * as kernels from '@cotangent/kernels';
import { DTypeError, IndexError, type Shape, ShapeError } from '@cotangent/kernels';
import { axisBatch, moveAxis, repeated } from '../batching.js';
import { arange } from '../create.js';
import { apply, type BatchCall, type Primitive, primitive } from '../primitive.js';
import { allNumbers, type Tensor } from '../tensor.js';

/** `axis` counts from the front; `extent` is that of the indexed axis. */
interface GatherAttributes {
  readonly axis: number;
  readonly extent: number;
}

/**
 * What the kernel checks where it knows whose index it is. Merged, an index too large for one example would read the next.
 */
function checkIndices(operation: string, indices: Tensor, extent: number): void {
  for (const [i, index] of allNumbers(indices).entries()) {
    if (index < -extent || index >= extent) {
      throw new IndexError(
        operation,
        `got index ${index} at position ${i} of all examples; expected integers from ${-extent} to ${extent - 1}`,
      );
    }
  }
}

function integerIndices(operation: string, indices: string): void {
  if (indices !== 'int32' && indices !== 'uint8') {
    throw new DTypeError(operation, { indices }, 'int32 or uint8 indices', "Convert with .cast('int32').");
  }
}

/** Indices of each example as indices into the axes `[examples, extent]` merged into one. */
function intoMerged(operation: string, given: Tensor, extent: number): Tensor {
  checkIndices(operation, given, extent);
  const indices = given.cast('int32');
  const size = indices.shape[0]!;
  const first = arange(0, size, 1, { dtype: 'int32' }).mul(extent);
  const fromFront = indices.less(0).where(indices.add(extent), indices);
  return fromFront.add(first.reshape([size, ...indices.shape.slice(1).map(() => 1)]));
}

/** Axes `from` to below `to` moved behind the first. */
function axesToFront(x: Tensor, from: number, to: number): Tensor {
  const axes = x.shape.map((_, i) => i);
  return x.permute([0, ...axes.slice(from, to), ...axes.slice(1, from), ...axes.slice(to)]);
}

/** `count` axes behind the first moved so that they begin at `at`. */
function axesFromFront(x: Tensor, count: number, at: number): Tensor {
  const axes = x.shape.map((_, i) => i);
  return x.permute([0, ...axes.slice(1 + count, count + at), ...axes.slice(1, 1 + count), ...axes.slice(count + at)]);
}

function gatherBatch({ inputs, mapped, attributes: { axis, extent }, size }: BatchCall<GatherAttributes>): Tensor {
  const [x, indices] = inputs as [Tensor, Tensor];
  if (!mapped[1]) return apply(gather, [x, indices], { axis: axis + 1, extent });
  if (!mapped[0]) return moveAxis(apply(gather, [x, indices], { axis, extent }), axis, 0);
  // Each example picks from its own slices: those of all lie one behind the other.
  const slices = axesToFront(x, axis + 1, axis + 2);
  const merged = slices.reshape([size * extent, ...slices.shape.slice(2)]);
  const picked = apply(gather, [merged, intoMerged('take', indices, extent)], { axis: 0, extent: size * extent });
  return axesFromFront(picked, indices.rank - 1, axis + 1);
}

function scatterBatch({ inputs, mapped, attributes: { axis, extent }, size }: BatchCall<GatherAttributes>): Tensor {
  const [given, indices] = inputs as [Tensor, Tensor];
  const x = repeated(given, mapped[0]!, size);
  if (!mapped[1]) return apply(scatterAdd, [x, indices], { axis: axis + 1, extent });
  const slices = axesToFront(x, axis + 1, axis + indices.rank);
  const sums = apply(scatterAdd, [slices, intoMerged('scatterAdd', indices, extent)], {
    axis: 0,
    extent: size * extent,
  });
  return axesFromFront(sums.reshape([size, extent, ...sums.shape.slice(1)]), 1, axis + 1);
}

/** out[…, i…, …] = x[…, indices[i…], …] */
export const gather: Primitive<GatherAttributes> = primitive({
  name: 'take',
  inputs: ['x', 'indices'],
  shape: ({ x, indices }, { axis }: GatherAttributes) => [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)],
  dtype: ({ x, indices }) => {
    integerIndices('take', indices);
    return x;
  },
  run: kernels.gather,
  keeps: { x: ['indices'], indices: [] },
  vjp: { x: (g, { indices }, attributes) => apply(scatterAdd, [g, indices], attributes), indices: null },
  jvp: { x: (t, { indices }, attributes) => apply(gather, [t, indices], attributes), indices: null },
  batch: gatherBatch,
});

/** Zeros with every slice of x added where its index says: the transpose of `gather`. */
export const scatterAdd: Primitive<GatherAttributes> = primitive({
  name: 'scatterAdd',
  inputs: ['x', 'indices'],
  shape: ({ x, indices }, { axis, extent }: GatherAttributes): Shape => [
    ...x.slice(0, axis),
    extent,
    ...x.slice(axis + indices.length),
  ],
  dtype: ({ x, indices }) => {
    integerIndices('scatterAdd', indices);
    return x;
  },
  run: kernels.scatterAdd,
  keeps: { x: ['indices'], indices: [] },
  vjp: { x: (g, { indices }, attributes) => apply(gather, [g, indices], attributes), indices: null },
  jvp: { x: (t, { indices }, attributes) => apply(scatterAdd, [t, indices], attributes), indices: null },
  batch: scatterBatch,
});

function sameButAxis(operation: string, x: Shape, indices: Shape, axis: number): void {
  if (x.length === indices.length && x.every((extent, i) => i === axis || extent === indices[i])) return;
  throw new ShapeError(operation, { x, indices }, `indices of the shape of x, but for axis ${axis}`);
}

/** out[…, k, …] = x[…, indices[…, k, …], …] */
export const gatherAlong: Primitive<GatherAttributes> = primitive({
  name: 'takeAlongAxis',
  inputs: ['x', 'indices'],
  shape: ({ x, indices }, { axis }: GatherAttributes) => {
    sameButAxis('takeAlongAxis', x, indices, axis);
    return indices;
  },
  dtype: ({ x, indices }) => {
    integerIndices('takeAlongAxis', indices);
    return x;
  },
  run: kernels.gatherAlong,
  keeps: { x: ['indices'], indices: [] },
  vjp: { x: (g, { indices }, attributes) => apply(scatterAlong, [g, indices], attributes), indices: null },
  jvp: { x: (t, { indices }, attributes) => apply(gatherAlong, [t, indices], attributes), indices: null },
  batch: axisBatch<GatherAttributes>(),
});

/** Zeros with every element of x added where its index says: the transpose of `gatherAlong`. */
export const scatterAlong: Primitive<GatherAttributes> = primitive({
  name: 'scatterAlong',
  inputs: ['x', 'indices'],
  shape: ({ x }, { axis, extent }: GatherAttributes): Shape => x.map((n, i) => (i === axis ? extent : n)),
  dtype: ({ x, indices }) => {
    integerIndices('scatterAlong', indices);
    return x;
  },
  run: kernels.scatterAlong,
  keeps: { x: ['indices'], indices: [] },
  vjp: { x: (g, { indices }, attributes) => apply(gatherAlong, [g, indices], attributes), indices: null },
  jvp: { x: (t, { indices }, attributes) => apply(scatterAlong, [t, indices], attributes), indices: null },
  batch: axisBatch<GatherAttributes>(),
});
