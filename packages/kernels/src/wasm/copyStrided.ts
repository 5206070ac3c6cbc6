/** Copies between strided layouts of the heap: matrix by matrix, transposed in squares where the source runs down the columns. */

import type { Block } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { copyMatrix } from './copyMatrix.js';
import type { FloatVector } from './lanes.js';
import { simdAvailable } from './load.js';
import { type Axis, mergedAxes, pointerOf } from './runMap.js';

/** Lanes as wide as the elements. Copying looks at no value, so integers travel as floats. */
const lanesFor: Partial<Record<DType, FloatVector>> = { float32: 'f32x4', int32: 'f32x4', float64: 'f64x2' };

/** Columns that are transposed at a time: their cache lines stay until all of each was used. */
const tile = 64;

/**
 * Copies `x` into `out` (broadcast to its shape) if both lie in the heap, have one dtype of 4 or 8 bytes, and `out` runs on along its
 * innermost axis.
 *
 * @returns false where that is not so, and nothing was done
 */
export function copyStrided(out: Block, x: Block): boolean {
  const type = lanesFor[out.dtype];
  if (type === undefined || x.dtype !== out.dtype || !out.storage.inHeap || !x.storage.inHeap || !simdAvailable())
    return false;
  const bytes = bytesPerElement(out.dtype);
  const axes = mergedAxes(out.shape, [out, x]);
  const columns = axes[0] ?? { extent: 1, strides: [bytes, bytes] };
  if (columns.strides[0] !== bytes) return false;
  const outer = axes.slice(1);
  // Where the source steps along the columns, its own innermost axis makes the rows: squares are transposed.
  const inner =
    columns.strides[1] === bytes
      ? 0
      : Math.max(
          0,
          outer.findIndex(({ strides }) => strides[1] === bytes),
        );
  const [rows] = outer.splice(inner, 1);
  copyMatrices(type, out, x, columns, rows ?? { extent: 1, strides: [0, 0] }, outer, bytes);
  return true;
}

function copyMatrices(
  type: FloatVector,
  out: Block,
  x: Block,
  columns: Axis,
  rows: Axis,
  outer: readonly Axis[],
  bytes: number,
): void {
  const copy = copyMatrix(type);
  const [targetRow, sourceRow] = rows.strides as [number, number];
  const sourceColumn = columns.strides[1]!;
  const tiled = sourceColumn !== bytes && sourceRow === bytes && columns.extent > tile;
  const width = tiled ? tile : columns.extent;
  const visit = (axis: number, to: number, from: number): void => {
    if (axis < 0) {
      for (let c = 0; c < columns.extent; c += width) {
        const count = Math.min(width, columns.extent - c);
        copy(to + c * bytes, targetRow, from + c * sourceColumn, sourceRow, sourceColumn, rows.extent, count);
      }
      return;
    }
    const { extent, strides } = outer[axis]!;
    for (let i = 0; i < extent; i++) visit(axis - 1, to + i * strides[0]!, from + i * strides[1]!);
  };
  visit(outer.length - 1, pointerOf(out), pointerOf(x));
}
