/** Views: the same numbers seen otherwise. All linear, all without a copy where the strides allow. */

import * as kernels from '@cotangent/kernels';
import {
  checkShape,
  contiguousStrides,
  expandLayout,
  permuteLayout,
  reshapeLayout,
  type Shape,
  ShapeError,
  type SliceAttributes,
  showShape,
  sliceLayout,
} from '@cotangent/kernels';
import { axisBatch, leadingBatch, padRank } from '../batching.js';
import { linear } from '../families.js';
import { apply, type Primitive, variadic } from '../primitive.js';

/** The shape to show instead; equal in size, checked by the caller. */
interface ShapeAttributes {
  readonly shape: Shape;
}

/** The same tensor once more: what transforms differentiate with respect to, and what detach returns. */
export const identity: Primitive<undefined> = linear('identity', {
  shape: (x) => x,
  run: kernels.copy,
  view: (x) => x,
  transpose: (g) => g,
  self: (t) => t,
  batch: leadingBatch(),
});

export const reshape: Primitive<ShapeAttributes> = linear('reshape', {
  shape: (_, { shape }: ShapeAttributes) => shape,
  run: (out, [x]) => {
    // Not a view: copy in the old shape, into memory that is then read in the new one.
    kernels.copyInto(out.view({ shape: x!.shape, strides: contiguousStrides(x!.shape), offset: out.offset }), x!);
  },
  view: (x, { shape }) => reshapeLayout(x, shape),
  transpose: (g, _, x) => g.reshape(x),
  self: (t, { shape }) => t.reshape(shape),
  batch: leadingBatch(({ shape }, size) => ({ shape: [size, ...shape] })),
});

const inverse = (axes: readonly number[]): number[] => {
  const result = new Array<number>(axes.length);
  for (const [i, axis] of axes.entries()) result[axis] = i;
  return result;
};

export const permute: Primitive<{ readonly axes: readonly number[] }> = linear('permute', {
  shape: (x, { axes }: { readonly axes: readonly number[] }) => axes.map((axis) => x[axis]!),
  run: kernels.copy,
  view: (x, { axes }) => permuteLayout(x, axes),
  transpose: (g, { axes }) => g.permute(inverse(axes)),
  self: (t, { axes }) => t.permute(axes),
  batch: leadingBatch(({ axes }) => ({ axes: [0, ...axes.map((axis) => axis + 1)] })),
});

/** Whether repeating axes of extent 1, and leading ones, makes `to` of `from`. */
export function broadcastsTo(from: Shape, to: Shape): boolean {
  const missing = to.length - from.length;
  return missing >= 0 && from.every((extent, i) => extent === 1 || extent === to[missing + i]);
}

export const broadcastTo: Primitive<ShapeAttributes> = linear('broadcastTo', {
  shape: (x, { shape }: ShapeAttributes) => {
    checkShape('broadcastTo', shape);
    if (!broadcastsTo(x, shape)) {
      throw new ShapeError('broadcastTo', { x }, `a shape that broadcasts to ${showShape(shape)}`);
    }
    return shape;
  },
  run: kernels.copy,
  view: (x, { shape }) => expandLayout(x, shape),
  transpose: (g, _, x) => g.sumTo(x),
  self: (t, { shape }) => t.broadcastTo(shape),
  batch: ({ inputs: [x], attributes: { shape }, size }) => padRank(x!, shape.length).broadcastTo([size, ...shape]),
});

/** The same part of every example. */
const sliceOfEach = ({ start, size, step }: SliceAttributes, examples: number): SliceAttributes => ({
  start: [0, ...start],
  size: [examples, ...size],
  step: [1, ...step],
});

export const slice: Primitive<SliceAttributes> = linear('slice', {
  shape: (_, { size }: SliceAttributes) => size,
  run: kernels.copy,
  view: (x, { start, size, step }) => sliceLayout(x, start, size, step),
  transpose: (g, attributes, shape) => apply(placeSlice, [g], { ...attributes, shape }),
  self: (t, attributes) => apply(slice, [t], attributes),
  batch: leadingBatch(sliceOfEach),
});

/** Zeros with the input where the slice lies: the transpose of `slice`. */
export const placeSlice: Primitive<SliceAttributes & ShapeAttributes> = linear('placeSlice', {
  shape: (_, { shape }: SliceAttributes & ShapeAttributes) => shape,
  run: kernels.placeSlice,
  transpose: (g, { start, size, step }) => apply(slice, [g], { start, size, step }),
  self: (t, attributes) => apply(placeSlice, [t], attributes),
  batch: leadingBatch((attributes, size) => ({
    ...sliceOfEach(attributes, size),
    shape: [size, ...attributes.shape],
  })),
});

/** Where input i of a concatenation lies in the result. */
function placeOf(i: number, shapes: readonly Shape[], axis: number): SliceAttributes {
  const start = shapes[i]!.map(() => 0);
  for (let before = 0; before < i; before++) start[axis]! += shapes[before]![axis]!;
  return { start, size: shapes[i]!, step: start.map(() => 1) };
}

function concatShape(shapes: readonly Shape[], { axis }: { readonly axis: number }): Shape {
  const first = shapes[0]!;
  for (const shape of shapes) {
    if (shape.length !== first.length || shape.some((extent, i) => i !== axis && extent !== first[i])) {
      throw new ShapeError(
        'concat',
        Object.fromEntries(shapes.map((s, i) => [`inputs[${i}]`, s])),
        `shapes that agree in every axis but ${axis}`,
      );
    }
  }
  return first.map((extent, i) => (i === axis ? shapes.reduce((total, shape) => total + shape[axis]!, 0) : extent));
}

export const concat: Primitive<{ readonly axis: number }> = variadic({
  name: 'concat',
  shape: concatShape,
  run: kernels.concat,
  transpose: (g, i, shapes, { axis }: { readonly axis: number }) => apply(slice, [g], placeOf(i, shapes, axis)),
  place: (t, i, shapes, { axis }) =>
    apply(placeSlice, [t], { ...placeOf(i, shapes, axis), shape: concatShape(shapes, { axis }) }),
  batch: axisBatch(),
});
