/** Reductions in SIMD: which axes of contiguous data make rows and columns. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { maximum, minimum } from '../wasm/elementwise.js';
import type { FloatVector } from '../wasm/lanes.js';
import { reduceModule } from '../wasm/reduce.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import type { ReduceAttributes } from './axes.js';

/** What is folded. */
export type Fold = 'sum' | 'max' | 'min';

/** Neighbouring axes of one kind as one, without axes of extent 1. */
interface Segment {
  readonly reduced: boolean;
  extent: number;
}

function segmentsOf(shape: readonly number[], axes: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const reduced = axes.includes(axis);
    const last = segments.at(-1);
    if (last?.reduced === reduced) last.extent *= extent;
    else segments.push({ reduced, extent });
  }
  return segments;
}

/** Longer sums of float64 are made of sums of so many elements or rows, so that errors grow with log n and not with n. */
const pieceLength = 4096;
const pieceRows = 128;

/** out[r] = fold of row r of x; addresses in bytes. False where the heap has no room. */
function foldRows(fold: Fold, type: FloatVector, out: number, x: number, rows: number, columns: number): boolean {
  const { sumRows, maxRows, minRows } = reduceModule(type);
  if (fold !== 'sum') {
    (fold === 'max' ? maxRows : minRows)(out, x, rows, columns);
    return true;
  }
  if (type === 'f32x4' || columns < 2 * pieceLength) {
    sumRows(out, x, rows, columns);
    return true;
  }
  const pieces = Math.floor(columns / pieceLength);
  const rest = columns - pieces * pieceLength;
  return withDoubles(pieces + 1, (partial) => {
    for (let row = 0; row < rows; row++) {
      const from = x + row * columns * 8;
      sumRows(partial, from, pieces, pieceLength);
      sumRows(partial + pieces * 8, from + pieces * pieceLength * 8, 1, rest);
      sumRows(out + row * 8, partial, 1, pieces + 1);
    }
    return true;
  });
}

/** Runs `use` with so many float64 of the heap. */
function withDoubles(count: number, use: (pointer: number) => boolean): boolean {
  const scratch = newBlock('float64', [count], false);
  try {
    return scratch.storage.inHeap && use(pointerOf(scratch));
  } finally {
    scratch.storage.release();
  }
}

/** out[c] = fold of column c of x; false where the heap has no room. */
function foldColumns(fold: Fold, type: FloatVector, out: number, x: number, rows: number, columns: number): boolean {
  if (fold !== 'sum') {
    const bytes = type === 'f32x4' ? 4 : 8;
    const run = (fold === 'max' ? maximum : minimum).run(type, 'each each')!;
    // The first row with itself, and then every row with what there is so far.
    run(1, columns, out, 0, x, 0, x, 0);
    run(rows - 1, columns, out, 0, out, 0, x + columns * bytes, columns * bytes);
    return true;
  }
  const { sumColumns } = reduceModule(type);
  return withDoubles(columns, (scratch) => {
    // The totals are float64: to float32 data their errors are nothing.
    if (type === 'f32x4' || rows < 2 * pieceRows) {
      sumColumns(out, x, rows, columns, scratch);
      return true;
    }
    const pieces = Math.ceil(rows / pieceRows);
    return withDoubles(pieces * columns, (partial) => {
      for (let k = 0; k < pieces; k++) {
        const from = k * pieceRows;
        sumColumns(
          partial + k * columns * 8,
          x + from * columns * 8,
          Math.min(pieceRows, rows - from),
          columns,
          scratch,
        );
      }
      return foldColumns('sum', type, out, partial, pieces, columns);
    });
  });
}

/** Folds contiguous floating data in the heap; false for other data, and for axes that alternate more than kept, reduced, kept, reduced. */
export function reduceInSimd(fold: Fold, out: Block, x: Block, { axes }: ReduceAttributes): boolean {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.contiguous || !x.storage.inHeap || !out.storage.inHeap || out.dtype !== x.dtype)
    return false;
  if (x.size === 0 || out.size === 0) return false;
  const segments = segmentsOf(x.shape, axes);
  const bytes = bytesPerElement(x.dtype);
  const [to, from] = [pointerOf(out), pointerOf(x)];
  if (segments.length === 0) segments.push({ reduced: true, extent: 1 });
  // [kept] [reduced] [kept] [reduced], any of them 1.
  if (segments[0]!.reduced) segments.unshift({ reduced: false, extent: 1 });
  if (segments.length > 4) return false;
  const [outer, rows, columns, inner] = [0, 1, 2, 3].map((k) => segments[k]?.extent ?? 1) as [
    number,
    number,
    number,
    number,
  ];
  if (inner === 1 && columns === 1) return foldRows(fold, type, to, from, outer, rows);
  if (inner === 1) return foldMiddle(fold, type, to, from, [outer, rows, columns], bytes);
  const partial = newBlock(x.dtype, [outer * rows * columns], false);
  try {
    if (!partial.storage.inHeap) return false;
    if (!foldRows(fold, type, pointerOf(partial), from, outer * rows * columns, inner)) return false;
    return foldMiddle(fold, type, to, pointerOf(partial), [outer, rows, columns], bytes);
  } finally {
    partial.storage.release();
  }
}

function foldMiddle(
  fold: Fold,
  type: FloatVector,
  to: number,
  from: number,
  [outer, rows, columns]: readonly [number, number, number],
  bytes: number,
): boolean {
  for (let k = 0; k < outer; k++) {
    if (!foldColumns(fold, type, to + k * columns * bytes, from + k * rows * columns * bytes, rows, columns))
      return false;
  }
  return true;
}
