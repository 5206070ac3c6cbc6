/**
 * Matrix products over the heap: blocks of a and b are packed so that they stay in the caches, and tiles of the result
 * are computed from them (Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
 *
 *   for columns of b and c       ≤ blockColumns at a time: packed b fits the third-level cache
 *     for k                      ≤ blockDepth at a time: one panel of packed b fits the first-level cache
 *       for rows of a and c      ≤ blockRows at a time: packed a fits the second-level cache
 *         for panels, for tiles  in WebAssembly: see multiply.ts and tile.ts
 *
 * Where one block takes all rows of a, it is packed first, and b passes by in strips of a few panels.
 */

import type { Block } from '../../block.js';
import { bytesPerElement } from '../../dtype.js';
import { forEachRun } from '../../elementwise/runs.js';
import { allocate } from '../../heap/heap.js';
import { reshapeLayout } from '../../layout.js';
import { copyMatrix } from '../copyMatrix.js';
import { variantFor } from '../features.js';
import type { FloatVector } from '../lanes.js';
import type { WasmExports } from '../load.js';
import { lanesOf, pointerOf } from '../runMap.js';
import { matmulModule } from './multiply.js';
import { blockDepth, packedRowElements } from './pack.js';
import { tileVectors } from './tile.js';
import { vectorProductModule } from './vector.js';

/** Rows of a in a packed block: 157 KB of float32. A multiple of both tile heights. */
export const blockRows = 144;
/** Columns of b in a packed block: 2 MB of float32. */
const blockColumns = 2048;
/** The same where all rows of a fit one block: what is packed is used once, and should be in the caches still. */
const stripColumns = 64;
/** Up to this many multiplications nothing is packed. */
const directLimit = 24 ** 3;

/** What may follow the product, while it is still in registers. */
export interface Epilogue {
  /** A row to add to each row of the result: contiguous, of the dtype of the result, in the heap. */
  readonly bias?: Block;
  /** Whether max(·, 0) is taken at the end. */
  readonly relu?: boolean;
}

/** Where a matrix lies: its first element and its steps, in bytes. */
export interface Matrix {
  readonly pointer: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

interface Extents {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/**
 * Runs `use` with the address of scratch memory, or not at all where the heap has no room for it. Each call leases its
 * own, so that several workers can multiply at once.
 */
function withScratch(type: FloatVector, elements: number, use: (pointer: number) => void): boolean {
  const storage = allocate(type === 'f32x4' ? 'float32' : 'float64', elements, false);
  if (!storage.inHeap) return false;
  use(storage.start * (type === 'f32x4' ? 4 : 8));
  storage.release();
  return true;
}

/** Splits `extent` into as few parts as `most` allows, and those as even as multiples of `multiple` can be. */
function evenPart(extent: number, most: number, multiple: number): number {
  const parts = Math.ceil(extent / most);
  return Math.min(most, Math.ceil(extent / parts / multiple) * multiple);
}

function multiplyPacked(
  type: FloatVector,
  wasm: WasmExports,
  c: number,
  a: Matrix,
  b: Matrix,
  { m, k, n }: Extents,
  bias: number,
  relu: number,
): boolean {
  const bytes = type === 'f32x4' ? 4 : 8;
  const depth = evenPart(k, blockDepth, 1);
  const rows = evenPart(m, blockRows, 12);
  const oneBand = rows >= m;
  const columns = evenPart(n, oneBand ? stripColumns : blockColumns, (tileVectors * 16) / bytes);
  const cRowStep = n * bytes;
  const { packA, packB, packed } = wasm as Required<WasmExports>;
  return withScratch(type, rows * packedRowElements + depth * columns, (packedA) => {
    const packedB = packedA + rows * packedRowElements * bytes;
    const outer = oneBand ? n : columns;
    for (let first = 0; first < n; first += outer) {
      for (let p = 0; p < k; p += depth) {
        const height = Math.min(depth, k - p);
        const last = p + height === k;
        const pack = (i: number, band: number): void => {
          packA!(packedA, a.pointer + i * a.rowStep + p * a.columnStep, a.rowStep, a.columnStep, band, height);
        };
        if (oneBand) pack(0, m);
        for (let j = first; j < Math.min(n, first + outer); j += columns) {
          const width = Math.min(columns, n - j);
          packB!(packedB, b.pointer + p * b.rowStep + j * b.columnStep, b.rowStep, b.columnStep, height, width);
          for (let i = 0; i < m; i += rows) {
            const band = Math.min(rows, m - i);
            if (!oneBand) pack(i, band);
            packed!(
              c + i * cRowStep + j * bytes,
              cRowStep,
              band,
              width,
              height,
              last && bias !== 0 ? bias + j * bytes : 0,
              packedA,
              packedB,
              p > 0 ? 1 : 0,
              last ? relu : 0,
            );
          }
        }
      }
    }
  });
}

/** Straight from memory; only columns of b that are not contiguous are copied. */
function multiplySmall(
  type: FloatVector,
  wasm: WasmExports,
  c: number,
  a: Matrix,
  b: Matrix,
  { m, k, n }: Extents,
  bias: number,
  relu: number,
): boolean {
  const bytes = type === 'f32x4' ? 4 : 8;
  const direct = (from: number, rowStep: number): void => {
    wasm['direct']!(c, n * bytes, m, n, k, bias, a.pointer, a.rowStep, a.columnStep, from, rowStep, relu);
  };
  if (b.columnStep === bytes) {
    direct(b.pointer, b.rowStep);
    return true;
  }
  return withScratch(type, k * n + 8, (copy) => {
    copyMatrix(type)(copy, n * bytes, b.pointer, b.rowStep, b.columnStep, k, n);
    direct(copy, n * bytes);
  });
}

/** out[i] = Σ matrix[i, p] · vector[p] where the matrix and the vector have a step of one element somewhere; else false. */
function multiplyVector(
  type: FloatVector,
  out: number,
  matrix: Matrix,
  vector: number,
  vectorStep: number,
  outputs: number,
  k: number,
): boolean {
  const bytes = type === 'f32x4' ? 4 : 8;
  if (vectorStep !== bytes && k > 1) return false;
  const wasm = vectorProductModule(variantFor(type));
  if (matrix.columnStep === bytes) wasm['dot']!(out, matrix.pointer, matrix.rowStep, vector, outputs, k);
  else if (matrix.rowStep === bytes) wasm['combine']!(out, matrix.pointer, matrix.columnStep, vector, outputs, k);
  else return false;
  return true;
}

/** One product; `c` is contiguous. False where there was no room to pack. */
function multiply(
  type: FloatVector,
  wasm: WasmExports,
  c: number,
  a: Matrix,
  b: Matrix,
  extents: Extents,
  bias: number,
  relu: number,
): boolean {
  const { m, k, n } = extents;
  if (bias === 0 && relu === 0) {
    if (n === 1 && multiplyVector(type, c, a, b.pointer, b.rowStep, m, k)) return true;
    const transposedB = { pointer: b.pointer, rowStep: b.columnStep, columnStep: b.rowStep };
    if (m === 1 && multiplyVector(type, c, transposedB, a.pointer, a.columnStep, n, k)) return true;
  }
  if (m * n * k <= directLimit || m <= 2) return multiplySmall(type, wasm, c, a, b, extents, bias, relu);
  return multiplyPacked(type, wasm, c, a, b, extents, bias, relu);
}

/** The last two axes of a block as a matrix. */
export function matrixOf(block: Block): Matrix {
  const bytes = bytesPerElement(block.dtype);
  const rank = block.shape.length;
  return {
    pointer: block.offset * bytes,
    rowStep: block.strides[rank - 2]! * bytes,
    columnStep: block.strides[rank - 1]! * bytes,
  };
}

/** The batch axes of a stack of matrices. */
function batchOf(block: Block): Block {
  const rank = block.shape.length - 2;
  return block.view({ shape: block.shape.slice(0, rank), strides: block.strides.slice(0, rank), offset: block.offset });
}

/**
 * `out[…, m, n] = a[…, m, k] · b[…, k, n]` for blocks in the heap, all of one floating dtype; leading axes broadcast,
 * any strides, `out` contiguous.
 *
 * @returns false where the operands are not like that, or the heap has no room to pack: then `out` is not finished
 */
export function matmul(out: Block, [a, b]: readonly Block[], { bias, relu }: Epilogue = {}): boolean {
  const type = lanesOf(out.dtype);
  if (type === undefined || a!.dtype !== out.dtype || b!.dtype !== out.dtype) return false;
  if (!(out.storage.inHeap && a!.storage.inHeap && b!.storage.inHeap && out.contiguous)) return false;
  if (bias !== undefined && !(bias.storage.inHeap && bias.contiguous && bias.dtype === out.dtype)) return false;
  const rankA = a!.shape.length;
  const extents = { m: a!.shape[rankA - 2]!, k: a!.shape[rankA - 1]!, n: b!.shape[b!.shape.length - 1]! };
  if (out.size === 0) return true;
  if (extents.k === 0) return false;

  const wasm = matmulModule(variantFor(type));
  const [matrixA, matrixB] = [matrixOf(a!), matrixOf(b!)];
  const biasPointer = bias === undefined ? 0 : pointerOf(bias);
  const reluFlag = relu === true ? 1 : 0;
  if (out.size === extents.m * extents.n) {
    return multiply(type, wasm, pointerOf(out), matrixA, matrixB, extents, biasPointer, reluFlag);
  }
  const bytes = bytesPerElement(out.dtype);
  // Many matrices by one: their rows, one below the other, are one tall matrix where the layout allows it.
  if (b!.size === extents.k * extents.n && a!.size === (out.size / extents.n) * extents.k) {
    const m = out.size / extents.n;
    const tall = reshapeLayout(a!, [m, extents.k]);
    if (tall !== null) {
      const a = { pointer: matrixA.pointer, rowStep: tall.strides[0]! * bytes, columnStep: tall.strides[1]! * bytes };
      return multiply(type, wasm, pointerOf(out), a, matrixB, { ...extents, m }, biasPointer, reluFlag);
    }
  }
  const batch = batchOf(out);
  let done = true;
  forEachRun(batch.shape, [batch, batchOf(a!), batchOf(b!)], (at, count, steps) => {
    for (let i = 0; i < count; i++) {
      const [c, pointerA, pointerB] = at.map((start, operand) => (start + i * steps[operand]!) * bytes);
      done &&= multiply(
        type,
        wasm,
        c!,
        { ...matrixA, pointer: pointerA! },
        { ...matrixB, pointer: pointerB! },
        extents,
        biasPointer,
        reluFlag,
      );
    }
  });
  return done;
}
