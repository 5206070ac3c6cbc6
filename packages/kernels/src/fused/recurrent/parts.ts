/** Parts of the packed memory of recurrent layers, as matrices. */

import type { Block } from '../../block.js';
import { copyInto } from '../../move/copy.js';
import { sum } from '../../reduce/sum.js';
import type { Engine } from './engine.js';

/** 1 / (1 + e⁻ˣ), in the form that neither overflows nor loses its small values. */
export function sigmoidOf(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** Step `t` of a contiguous block [time, rows, columns], as a matrix. */
export function step(block: Block, t: number): Block {
  const [, rows, columns] = block.shape as [number, number, number];
  return block.view({ shape: [rows, columns], strides: [columns, 1], offset: block.offset + t * rows * columns });
}

/** All steps from `first` on, `count` of them, of a contiguous block, one below the other. */
export function steps(block: Block, first: number, count: number): Block {
  const [, rows, columns] = block.shape as [number, number, number];
  const offset = block.offset + first * rows * columns;
  return block.view({ shape: [count * rows, columns], strides: [columns, 1], offset });
}

/** The columns of a matrix in groups of `units`. */
export function groups(matrix: Block, units: number): Block[] {
  const [rows, columns] = matrix.shape as [number, number];
  return Array.from({ length: units === 0 ? 0 : columns / units }, (_, k) =>
    matrix.view({
      shape: [rows, units],
      strides: matrix.strides,
      offset: matrix.offset + k * units * matrix.strides[1]!,
    }),
  );
}

export function transposed(matrix: Block): Block {
  const [rows, columns] = matrix.shape as [number, number];
  const [row, column] = matrix.strides as [number, number];
  return matrix.view({ shape: [columns, rows], strides: [column, row], offset: matrix.offset });
}

/** One row of a matrix, as a vector. */
export function rowOf(matrix: Block, i: number): Block {
  const [row, column] = matrix.strides as [number, number];
  return matrix.view({ shape: [matrix.shape[1]!], strides: [column], offset: matrix.offset + i * row });
}

/** The block itself where it is contiguous, else a copy in scratch memory. */
export function contiguous(engine: Engine, block: Block): Block {
  if (block.contiguous) return block;
  const copy = engine.lease(block.shape);
  copyInto(copy, block);
  return copy;
}

/** Σ over rows. */
export function sumRows(out: Block, matrix: Block): void {
  sum(out, [matrix], { axes: [0], keepDims: false });
}

/** Calls `visit` for each sequence whose step `t` is masked: the state stays what it was. */
export function forEachMasked(mask: Block | undefined, t: number, visit: (sequence: number) => void): void {
  if (mask === undefined) return;
  const [time, batch] = mask.strides as [number, number];
  for (let b = 0; b < mask.shape[1]!; b++) if (mask.data[mask.offset + t * time + b * batch] === 0) visit(b);
}

/** Copies a row of one matrix to the same row of another. */
export function copyRow(to: Block, from: Block, i: number): void {
  const start = from.offset + i * from.strides[0]!;
  to.data.set(from.data.subarray(start, start + from.shape[1]!), to.offset + i * to.strides[0]!);
}

export function clearRow(matrix: Block, i: number): void {
  const start = matrix.offset + i * matrix.strides[0]!;
  matrix.data.fill(0, start, start + matrix.shape[1]!);
}

/** row i of `to` = the sum of the same rows of two others. */
export function addRows(to: Block, a: Block, b: Block, i: number): void {
  for (let j = 0; j < to.shape[1]!; j++) {
    to.data[to.offset + i * to.strides[0]! + j] =
      a.data[a.offset + i * a.strides[0]! + j]! + b.data[b.offset + i * b.strides[0]! + j]!;
  }
}
