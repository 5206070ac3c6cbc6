/**
 * What kernels are measured against: one element at a time, index by index, with none of the kernels' own machinery.
 */

import type { Block } from '../block.js';
import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';

/** All indices of a shape, the last axis fastest. */
export function indicesOf(shape: Shape): number[][] {
  let indices: number[][] = [[]];
  for (const extent of shape) {
    indices = indices.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i]));
  }
  return indices;
}

/** The element at an index. */
export function at({ data, offset, strides }: Block, index: readonly number[]): number {
  return data[offset + index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)]!;
}

/** The element that broadcasting puts at an index of a larger shape. */
export function broadcastAt(block: Block, index: readonly number[]): number {
  const own = index.slice(index.length - block.shape.length);
  return at(
    block,
    own.map((i, axis) => (block.shape[axis] === 1 ? 0 : i)),
  );
}

/** All elements in row-major order. */
export function valuesOf(block: Block): number[] {
  return indicesOf(block.shape).map((index) => at(block, index));
}

/** The shape that two shapes broadcast to; null where they do not fit. */
export function broadcastShape(a: Shape, b: Shape): Shape | null {
  const result: number[] = [];
  const [backA, backB] = [[...a].reverse(), [...b].reverse()];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const pair = [backA[i], backB[i]].filter((extent) => extent !== undefined && extent !== 1);
    if (pair.length === 2 && pair[0] !== pair[1]) return null;
    result.unshift(pair[0] ?? 1);
  }
  return result;
}

/** What is left of a number once it is stored as this dtype. A kernel writes nothing but 0 and 1 into bool. */
export function stored(dtype: DType, value: number): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(value);
    case 'float64':
      return value;
    case 'int32':
      return value | 0;
    default:
      return value & 255;
  }
}

/** f over the operands, broadcast to `shape`. */
export function mapped(shape: Shape, operands: readonly Block[], f: (...values: number[]) => number): number[] {
  return indicesOf(shape).map((index) => f(...operands.map((block) => broadcastAt(block, index))));
}

/** f over the elements that share their index along the kept axes. */
export function reduced(x: Block, axes: readonly number[], f: (values: number[]) => number): number[] {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const inside = indicesOf(x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1)));
  return indicesOf(kept).map((outer) =>
    f(
      inside.map((inner) =>
        at(
          x,
          inner.map((i, axis) => i + outer[axis]!),
        ),
      ),
    ),
  );
}

/** Σₖ a[…, i, k] · b[…, k, j], one after the other, with the sum of magnitudes that bounds its rounding error. */
export function product(a: Block, b: Block, batch: Shape): { values: number[]; magnitudes: number[] } {
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape[b.shape.length - 1]!;
  const values: number[] = [];
  const magnitudes: number[] = [];
  for (const index of indicesOf([...batch, m, n])) {
    const [i, j] = index.slice(-2) as [number, number];
    const stack = index.slice(0, -2);
    let [sum, magnitude] = [0, 0];
    for (let p = 0; p < k; p++) {
      const term = stackAt(a, stack, i, p) * stackAt(b, stack, p, j);
      sum += term;
      magnitude += Math.abs(term);
    }
    values.push(sum);
    magnitudes.push(magnitude);
  }
  return { values, magnitudes };
}

/** Element [i, j] of the matrix that broadcasting puts at an index of the batch axes. */
function stackAt(block: Block, stack: readonly number[], i: number, j: number): number {
  const rank = block.shape.length - 2;
  const own = stack.slice(stack.length - rank).map((s, axis) => (block.shape[axis] === 1 ? 0 : s));
  return at(block, [...own, i, j]);
}
