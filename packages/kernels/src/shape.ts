/** Pure functions of shapes. Nothing here touches memory. */

import { ArgumentError, IndexError, ShapeError, showShape } from './errors.js';

/** Extents, outermost axis first. A scalar has the shape `[]`. */
export type Shape = readonly number[];

/** Number of elements of a shape; 1 for a scalar, 0 where an axis is empty. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Whether two shapes have the same rank and extents. */
export function shapesEqual(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Throws ArgumentError for what is not a list of numbers: `reshape(3, 2)`, as other libraries have it. */
export function checkList(operation: string, name: string, list: unknown): void {
  if (Array.isArray(list)) return;
  throw new ArgumentError(
    operation,
    `got ${name} ${String(list)}; expected an array of whole numbers`,
    'For example [3, 2].',
  );
}

/** Throws ArgumentError unless every extent is a non-negative integer. */
export function checkShape(operation: string, shape: Shape): void {
  checkList(operation, 'shape', shape);
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new ArgumentError(operation, `got shape ${showShape(shape)}; expected non-negative integers`);
    }
  }
}

/**
 * The shape that `a` and `b` broadcast to. Read from the last axis, extents are equal or one of them is 1
 * (https://numpy.org/doc/stable/user/basics.broadcasting.html).
 *
 * @throws ShapeError when an axis disagrees.
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (shapesEqual(a, b)) return a;
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const result: number[] = new Array(rank);
  for (let i = 0; i < rank; i++) {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(
        operation,
        { a, b },
        'shapes that broadcast: read from the last axis, extents equal or one of them 1',
        `Axis ${i - rank} has ${m} and ${n}.`,
      );
    }
    result[i] = m === 1 ? n : m;
  }
  return result;
}

/** An axis counted from the front: −1 is the last one. Throws IndexError when there is no such axis. */
export function normalizeAxis(operation: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? 'a scalar has no axes' : `expected an integer from ${-rank} to ${rank - 1}`;
    throw new IndexError(operation, `got axis ${axis}; ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * Which axes a reduction runs over: one, several, or (undefined) all. Sorted, counted from the front, no repeats.
 *
 * @throws IndexError for an axis that there is none of, or one named twice
 */
export function normalizeAxes(
  operation: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (Array.isArray(axes) ? axes : [axes as number]).map((axis) => normalizeAxis(operation, axis, rank));
  list.sort((p, q) => p - q);
  for (let i = 1; i < list.length; i++) {
    if (list[i] === list[i - 1]) throw new IndexError(operation, `got axis ${list[i]} twice; expected each axis once`);
  }
  return list;
}

/** The shape after reducing over `axes` (sorted, from the front): dropped, or kept with extent 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
  return shape.filter((_, i) => !axes.includes(i));
}

/**
 * The shape that `reshape` was asked for, with one −1 filled in from the size.
 *
 * @throws ShapeError when the number of elements differs; ArgumentError for a shape that is none
 */
export function resolveReshape(operation: string, from: Shape, to: Shape): Shape {
  checkList(operation, 'shape', to);
  const size = sizeOf(from);
  const unknown = to.indexOf(-1);
  if (unknown >= 0) {
    const known = to.reduce((product, extent, i) => (i === unknown ? product : product * extent), 1);
    const others = to.every((extent, i) => i === unknown || (Number.isInteger(extent) && extent > 0));
    const fits = others && size % known === 0;
    if (!fits) {
      throw new ShapeError(
        operation,
        { x: from },
        `a shape of ${size} elements with at most one -1, not ${showShape(to)}`,
      );
    }
    return to.map((extent, i) => (i === unknown ? size / known : extent));
  }
  checkShape(operation, to);
  if (sizeOf(to) !== size) {
    throw new ShapeError(operation, { x: from }, `a shape of ${size} elements, not ${showShape(to)}`);
  }
  return to;
}
