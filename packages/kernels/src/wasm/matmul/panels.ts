/** The right-hand matrix of products in the form that `packed` reads, of which any rows and any panels may be multiplied. */

import type { FloatVector } from '../lanes.js';
import type { WasmExports } from '../load.js';
import type { Matrix } from './matmul.js';
import { blockDepth } from './pack.js';
import { tileVectors } from './tile.js';

/** A packed matrix [k, n] in memory that the caller holds: blocks of `blockDepth` rows, in panels as wide as a tile. */
export class Panels {
  private readonly bytes: number;
  /** Columns of a panel. */
  private readonly width: number;

  constructor(
    private readonly wasm: WasmExports,
    type: FloatVector,
    /** Where it lies, in bytes. */
    private readonly pointer: number,
    private k: number,
    private readonly n: number,
  ) {
    this.bytes = bytesOf(type);
    this.width = panelColumns(type);
  }

  /** How many elements it takes. */
  static size(type: FloatVector, k: number, n: number): number {
    return k * paddedColumns(type, n);
  }

  /** Takes over the numbers of `b`, of any strides: of all its rows, or of the first `k`, which are then all there are. */
  pack({ pointer, rowStep, columnStep }: Matrix, k: number = this.k): void {
    this.k = k;
    for (let p = 0; p < this.k; p += blockDepth) {
      const height = Math.min(blockDepth, this.k - p);
      this.wasm['packB']!(this.block(p), pointer + p * rowStep, rowStep, columnStep, height, this.n);
    }
  }

  /** Where the block that begins with row `p` lies. */
  private block(p: number): number {
    return this.pointer + p * Math.ceil(this.n / this.width) * this.width * this.bytes;
  }

  /**
   * c [rows, columns] = a b′ (+ bias), or c + a b′, for b′ the `depth` rows of b from `row` on, and its columns from `column` on.
   *
   * @param c where the result lies, with `cRowStep` bytes from row to row
   * @param a packed by `packA`
   * @param row of the same block of `blockDepth` rows as the last one
   * @param column the first one of a panel
   * @param accumulate 1 adds to c, 0 does not
   * @param bias where a row lies that is added to each row, or 0
   */
  multiply(
    c: number,
    cRowStep: number,
    rows: number,
    a: number,
    row: number,
    depth: number,
    column: number,
    columns: number,
    accumulate: number,
    bias: number,
  ): void {
    const { bytes, width } = this;
    const { packed } = this.wasm as Required<WasmExports>;
    const inBlock = row % blockDepth;
    const height = Math.min(blockDepth, this.k - row + inBlock);
    const first = this.block(row - inBlock) + (column * height + inBlock * width) * bytes;
    if (depth === height) {
      packed!(c, cRowStep, rows, columns, depth, bias, a, first, accumulate, 0);
      return;
    }
    // Panels are `height` rows apart, which `packed` takes for its depth: one at a time.
    for (let j = 0; j < columns; j += width) {
      const here = Math.min(width, columns - j);
      const ofBias = bias === 0 ? 0 : bias + j * bytes;
      packed!(c + j * bytes, cRowStep, rows, here, depth, ofBias, a, first + j * height * bytes, accumulate, 0);
    }
  }
}

function bytesOf(type: FloatVector): 4 | 8 {
  return type === 'f32x4' ? 4 : 8;
}

function panelColumns(type: FloatVector): number {
  return (tileVectors * 16) / bytesOf(type);
}

/** `n` with the columns that fill up the last panel. */
export function paddedColumns(type: FloatVector, n: number): number {
  const width = panelColumns(type);
  return Math.ceil(n / width) * width;
}
