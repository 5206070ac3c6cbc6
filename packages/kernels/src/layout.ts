/** Shape, strides and offset: how a view walks its memory. All functions return layouts and copy no data. */

import type { Shape } from './shape.js';

/** Steps, in elements, from one index to the next along each axis. */
export type Strides = readonly number[];

/** Where each element of a view lies, in elements from the start of its array. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: Strides;
  readonly offset: number;
}

/** Row-major strides: the last axis is contiguous. */
export function contiguousStrides(shape: Shape): Strides {
  const strides: number[] = new Array(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Whether the elements lie one behind the other in row-major order. Axes of extent 1 may have any stride. */
export function isContiguous(shape: Shape, strides: Strides): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const extent = shape[i]!;
    // Where there is nothing at all, nothing lies apart.
    if (extent !== 1 && strides[i] !== step) return shape.includes(0);
    step *= extent;
  }
  return true;
}

/** Reorders the axes: axis i of the result is axis `axes[i]` of `layout`. */
export function permuteLayout(layout: Layout, axes: readonly number[]): Layout {
  const { length } = axes;
  const shape = new Array<number>(length);
  const strides = new Array<number>(length);
  for (let i = 0; i < length; i++) {
    shape[i] = layout.shape[axes[i]!]!;
    strides[i] = layout.strides[axes[i]!]!;
  }
  return { shape, strides, offset: layout.offset };
}

/** Takes `size[i]` elements along each axis, from `start[i]` in steps of `step[i]` (which may be negative). */
export function sliceLayout(
  layout: Layout,
  start: readonly number[],
  size: readonly number[],
  step: readonly number[],
): Layout {
  let offset = layout.offset;
  for (let i = 0; i < start.length; i++) if (size[i]! > 0) offset += start[i]! * layout.strides[i]!;
  return { shape: size, strides: layout.strides.map((stride, i) => stride * step[i]!), offset };
}

/** Repeats axes of extent 1 (and missing leading ones) without copying, by a stride of 0. */
export function expandLayout(layout: Layout, shape: Shape): Layout {
  const missing = shape.length - layout.shape.length;
  const strides = shape.map((_, i) =>
    i < missing || layout.shape[i - missing] === 1 ? 0 : layout.strides[i - missing]!,
  );
  return { shape, strides, offset: layout.offset };
}

/**
 * The layout of the same elements, in the same order, under another shape; null where that takes a copy.
 * Works for contiguous data, and for any view whose runs of axes happen to merge and split evenly.
 */
export function reshapeLayout(layout: Layout, shape: Shape): Layout | null {
  if (isContiguous(layout.shape, layout.strides)) {
    return { shape, strides: contiguousStrides(shape), offset: layout.offset };
  }
  // Only the axes with more than one element decide (NumPy's _attempt_nocopy_reshape).
  const from: { extent: number; stride: number }[] = [];
  for (let i = 0; i < layout.shape.length; i++) {
    if (layout.shape[i] !== 1) from.push({ extent: layout.shape[i]!, stride: layout.strides[i]! });
  }
  const strides: number[] = new Array(shape.length).fill(0);
  let oldAxis = 0;
  let newAxis = 0;
  while (oldAxis < from.length && newAxis < shape.length) {
    let oldEnd = oldAxis + 1;
    let newEnd = newAxis + 1;
    let oldSize = from[oldAxis]!.extent;
    let newSize = shape[newAxis]!;
    while (oldSize !== newSize) {
      if (newSize < oldSize) newSize *= shape[newEnd++]!;
      else oldSize *= from[oldEnd++]!.extent;
    }
    for (let i = oldAxis; i < oldEnd - 1; i++) {
      if (from[i]!.stride !== from[i + 1]!.stride * from[i + 1]!.extent) return null;
    }
    let stride = from[oldEnd - 1]!.stride;
    for (let i = newEnd - 1; i >= newAxis; i--) {
      strides[i] = stride;
      stride *= shape[i]!;
    }
    oldAxis = oldEnd;
    newAxis = newEnd;
  }
  return { shape, strides, offset: layout.offset };
}
