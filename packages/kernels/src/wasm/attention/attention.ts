/**
 * Attention over the heap, some queries at a time: their scores with all keys are a strip that stays in the caches, become
 * weights in place (strip.ts), and are gone when the next queries come.
 *
 * Keys and values of a head are packed once, as right-hand matrices; strips lie as left-hand ones do. Causal strips end with the last key
 * that their last query sees.
 */

import { type Block, newBlock } from '../../block.js';
import { bytesPerElement } from '../../dtype.js';
import { forEachMatrix, packedParts } from '../../fused/matrices.js';
import { allocate } from '../../heap/heap.js';
import { copyInto } from '../../move/copy.js';
import { variantFor } from '../features.js';
import type { FloatVector } from '../lanes.js';
import type { WasmExports } from '../load.js';
import { type Matrix, matrixOf } from '../matmul/matmul.js';
import { matmulModule } from '../matmul/multiply.js';
import { blockDepth, packedRowElements } from '../matmul/pack.js';
import { Panels, paddedColumns } from '../matmul/panels.js';
import { lanesOf } from '../runMap.js';
import { stripModule } from './strip.js';

/** Options of attention. */
export interface AttentionAttributes {
  /** What scores are multiplied by before the softmax. */
  readonly scale: number;
  /** Whether query i attends to keys 0 to i only. */
  readonly causal: boolean;
}

/** Options of its backward pass. */
export interface AttentionPullAttributes {
  readonly attributes: AttentionAttributes;
  /** For query, key, value (and mask): whether the cotangent is asked for. */
  readonly wanted: readonly boolean[];
}

/** Whether the numbers suit: all in the heap, of one floating dtype. */
function suits(out: Block, floats: readonly Block[], mask: Block | undefined): boolean {
  return (
    lanesOf(out.dtype) !== undefined &&
    out.contiguous &&
    [out, ...floats].every((block) => block.storage.inHeap && block.dtype === out.dtype) &&
    (mask === undefined || mask.dtype === 'bool' || mask.dtype === 'uint8')
  );
}

/** Runs `use` with the mask where the kernels can read it: in the heap, with contiguous rows. Copies it if need be. */
function withMask(mask: Block | undefined, use: (mask: Block | undefined) => boolean): boolean {
  if (mask === undefined) return use(mask);
  const contiguousRows = mask.shape.at(-1)! <= 1 || mask.strides.at(-1) === 1;
  if (mask.storage.inHeap && contiguousRows) return use(mask);
  const copy = newBlock(mask.dtype, mask.shape, false);
  try {
    copyInto(copy, mask);
    return copy.storage.inHeap && use(copy);
  } finally {
    copy.storage.release();
  }
}

/** Queries whose weights are in memory together, at most: what products may pack at once, and 256 KB of float32. */
const mostRows = 96;
const stripElements = 2 ** 16;
/** Queries that end with the same key, where each sees one more than the last. Of fewer, products would be mostly their beginnings. */
const causalRows = 12;

/** Queries in a band: their strips are in memory together. A multiple of the tile's height. */
function bandRows(n: number, m: number): number {
  const most = Math.min(mostRows, Math.max(causalRows, Math.floor(stripElements / m / 12) * 12));
  return Math.min(n, Math.ceil(n / Math.ceil(n / most) / 12) * 12);
}

/** Scratch memory that is given out piece by piece, in bytes. */
class Pieces {
  constructor(
    private next: number,
    private readonly bytes: number,
  ) {}

  take(elements: number): number {
    const pointer = this.next;
    this.next += elements * this.bytes;
    return pointer;
  }
}

/** A matrix seen from the other side. */
const transposed = ({ pointer, rowStep, columnStep }: Matrix): Matrix => ({
  pointer,
  rowStep: columnStep,
  columnStep: rowStep,
});

const rowsFrom = (matrix: Matrix, first: number): Matrix => ({
  ...matrix,
  pointer: matrix.pointer + first * matrix.rowStep,
});

/** The matrix of a stack that begins at element `start`. */
const matrixAt = (stack: Matrix, start: number, bytes: number): Matrix => ({ ...stack, pointer: start * bytes });

/** What forward and backward share: strips of one head, and the products that fill them and use them. */
class Strips {
  readonly wasm: WasmExports;
  private readonly functions: WasmExports;
  private readonly left: number;
  readonly rowBytes: number;
  /** From one block of keys of a strip to the next. */
  readonly blockBytes: number;

  constructor(
    readonly type: FloatVector,
    readonly bytes: number,
    /** Rows of a strip at most. */
    readonly rows: number,
    private readonly columns: number,
    private readonly pieces: Pieces,
  ) {
    this.wasm = matmulModule(variantFor(type));
    this.functions = stripModule(variantFor(type));
    this.left = pieces.take(mostRows * packedRowElements);
    this.rowBytes = packedRowElements * bytes;
    this.blockBytes = rows * this.rowBytes;
  }

  /** Elements of memory that it takes, besides panels. */
  static size(rows: number, columns: number, strips: number): number {
    return (mostRows + strips * rows * Math.ceil(columns / blockDepth)) * packedRowElements;
  }

  /** Memory of a strip. */
  strip(): number {
    return this.pieces.take(this.rows * Math.ceil(this.columns / blockDepth) * packedRowElements);
  }

  panels(k: number, n: number): Panels {
    return new Panels(this.wasm, this.type, this.pieces.take(Panels.size(this.type, k, n)), k, n);
  }

  /** Packs rows of a matrix, and the columns `p` to `p + depth`, as the left of a product. */
  private pack(
    { pointer, rowStep, columnStep }: Matrix,
    first: number,
    rows: number,
    p: number,
    depth: number,
  ): number {
    const from = pointer + first * rowStep + p * columnStep;
    this.wasm['packA']!(this.left, from, rowStep, columnStep, rows, depth);
    return this.left;
  }

  /** strip = a b for rows of a [n, k] from `first` on and the first columns of b, to the end of the last panel. */
  fill(strip: number, a: Matrix, first: number, rows: number, b: Panels, k: number, columns: number): void {
    for (let p = 0; p < k; p += blockDepth) {
      const depth = Math.min(blockDepth, k - p);
      const left = this.pack(a, first, rows, p, depth);
      const adds = p > 0 ? 1 : 0;
      for (let j = 0, at = strip; j < columns; j += blockDepth, at += this.blockBytes) {
        const width = paddedColumns(this.type, Math.min(blockDepth, columns - j));
        b.multiply(at, this.rowBytes, rows, left, p, depth, j, width, adds, 0);
      }
    }
  }

  /** c [rows, width] = strip b for the first rows of b [columns, width]. */
  multiply(c: number, strip: number, rows: number, b: Panels, columns: number, width: number): void {
    for (let j = 0, at = strip; j < columns; j += blockDepth, at += this.blockBytes) {
      const depth = Math.min(blockDepth, columns - j);
      b.multiply(c, width * this.bytes, rows, at, j, depth, 0, width, j > 0 ? 1 : 0, 0);
    }
  }

  /**
   * c [m, width] = stripᵀ b, or is added to it, at the keys from `firstKey` to `lastKey`; of the strip and of b the rows from `row` on.
   */
  multiplyTransposed(
    c: number,
    strip: number,
    row: number,
    rows: number,
    b: Panels,
    width: number,
    firstKey: number,
    lastKey: number,
    accumulate: number,
  ): void {
    const { bytes, rowBytes, blockBytes } = this;
    for (let j = firstKey; j < lastKey; ) {
      const inBlock = j % blockDepth;
      const keys = Math.min(mostRows, lastKey - j, blockDepth - inBlock);
      const pointer = strip + ((j - inBlock) / blockDepth) * blockBytes + row * rowBytes + inBlock * bytes;
      const left = this.pack({ pointer, rowStep: bytes, columnStep: rowBytes }, 0, keys, 0, rows);
      b.multiply(c + j * width * bytes, width * bytes, keys, left, row, rows, 0, width, accumulate, 0);
      j += keys;
    }
  }

  /** Scores become weights; query `first` is that of the first row. */
  softmax(
    strip: number,
    first: number,
    rows: number,
    columns: number,
    mask: Matrix | undefined,
    { scale, causal }: AttentionAttributes,
  ): void {
    const { functions, blockBytes } = this;
    if (mask !== undefined) {
      const { pointer, rowStep } = mask;
      functions['mask']!(strip, blockBytes, rows, columns, scale, pointer + first * rowStep, rowStep);
    }
    const [seen, seenStep] = causal ? [first + 1, 1] : [columns, 0];
    functions['softmax']!(strip, blockBytes, rows, columns, seen, seenStep, mask === undefined ? scale : 1);
  }

  /** Cotangents of weights become those of scores. */
  pull(cotangents: number, weights: number, rows: number, columns: number, scale: number): void {
    this.functions['backward']!(cotangents, weights, this.blockBytes, rows, columns, scale);
  }
}

/** Runs `use` with scratch memory; false where the heap has no room for it. */
function withScratch(like: Block, elements: number, use: (pieces: Pieces, bytes: number) => void): boolean {
  const storage = allocate(like.dtype, elements, false);
  try {
    if (!storage.inHeap) return false;
    const bytes = bytesPerElement(like.dtype);
    use(new Pieces(storage.start * bytes, bytes), bytes);
    return true;
  } finally {
    storage.release();
  }
}

/** See `attention` in fused/attention.ts. False where the operands do not suit, or the heap has no room. */
export function attention(out: Block, inputs: readonly Block[], attributes: AttentionAttributes): boolean {
  const [q, k, v, given] = inputs as readonly [Block, Block, Block, Block | undefined];
  return (
    suits(out, [q, k, v], given) &&
    withMask(given, (mask) => forward(out, mask === undefined ? [q, k, v] : [q, k, v, mask], attributes))
  );
}

function forward(out: Block, inputs: readonly Block[], attributes: AttentionAttributes): boolean {
  const [q, k, v, mask] = inputs.map(matrixOf) as [Matrix, Matrix, Matrix, Matrix | undefined];
  const [n, e] = out.shape.slice(-2) as [number, number];
  const [m, d] = inputs[1]!.shape.slice(-2) as [number, number];
  if (out.size === 0) return true;
  if (m === 0 || d === 0) return false;
  const type = lanesOf(out.dtype)!;
  const { causal } = attributes;
  const rows = Math.min(bandRows(n, m), causal ? causalRows : mostRows);
  const elements = Strips.size(rows, m, 1) + Panels.size(type, d, m) + Panels.size(type, m, e);
  return withScratch(out, elements, (pieces, bytes) => {
    const strips = new Strips(type, bytes, rows, m, pieces);
    const [keys, values] = [strips.panels(d, m), strips.panels(m, e)];
    const strip = strips.strip();
    forEachMatrix([out, ...inputs], ([o, qAt, kAt, vAt, maskAt]) => {
      keys.pack(transposed(matrixAt(k, kAt!, bytes)));
      values.pack(matrixAt(v, vAt!, bytes));
      const queries = matrixAt(q, qAt!, bytes);
      const seen = mask && matrixAt(mask, maskAt!, 1);
      for (let first = 0; first < n; first += rows) {
        const height = Math.min(rows, n - first);
        const columns = causal ? Math.min(m, first + height) : m;
        strips.fill(strip, queries, first, height, keys, d, columns);
        strips.softmax(strip, first, height, columns, seen, attributes);
        strips.multiply((o! + first * e) * bytes, strip, height, values, columns, e);
      }
    });
  });
}

/** See `attentionBackward` in fused/attention.ts. False where the operands do not suit, or the heap has no room. */
export function attentionBackward(
  out: Block,
  [g, ...blocks]: readonly Block[],
  attributes: AttentionPullAttributes,
): boolean {
  // Behind the inputs comes the result, which this pass does not need.
  const inputs: readonly Block[] = blocks.slice(0, -1);
  const [q, k, v, given] = inputs as readonly [Block, Block, Block, Block | undefined];
  return (
    suits(out, [g!, q, k, v], given) &&
    withMask(given, (mask) => backward(out, g!, mask === undefined ? [q, k, v] : [q, k, v, mask], attributes))
  );
}

/** dV = Wᵀ g; dS = scale · W (g Vᵀ − Σ W (g Vᵀ)); dQ = dS K; dK = dSᵀ Q */
function backward(
  out: Block,
  g: Block,
  inputs: readonly Block[],
  { attributes, wanted }: AttentionPullAttributes,
): boolean {
  const shapes = inputs.slice(0, 3).map(({ shape }) => shape);
  const [n, d] = shapes[0]!.slice(-2) as [number, number];
  const [m, e] = shapes[2]!.slice(-2) as [number, number];
  if (out.size === 0) return true;
  if (n * m * d * e === 0) return false;
  const type = lanesOf(out.dtype)!;
  const { causal, scale } = attributes;
  const [gradient, q, k, v, mask] = [g, ...inputs].map(matrixOf) as [
    Matrix,
    Matrix,
    Matrix,
    Matrix,
    Matrix | undefined,
  ];
  const [dq, dk, dv] = packedParts(out, shapes, wanted);
  const band = bandRows(n, m);
  const rows = causal ? Math.min(band, causalRows) : band;
  const elements =
    Strips.size(band, m, 2) + Panels.size(type, d + e, m) + Panels.size(type, m + band, d) + Panels.size(type, band, e);
  return withScratch(out, elements, (pieces, bytes) => {
    const strips = new Strips(type, bytes, band, m, pieces);
    const [weights, cotangents] = [strips.strip(), strips.strip()];
    const [keysAcross, valuesAcross, keys] = [strips.panels(d, m), strips.panels(e, m), strips.panels(m, d)];
    const [queriesOfBand, upstreamOfBand] = [strips.panels(band, d), strips.panels(band, e)];
    const partAt = (part: Block | null | undefined, size: number): number | null =>
      part == null ? null : (part.offset + place * size) * bytes;
    const lastKeyOf = (end: number): number => (causal ? Math.min(m, end) : m);
    let place = 0;
    forEachMatrix([g, ...inputs], ([gAt, qAt, kAt, vAt, maskAt]) => {
      const [upstream, queries] = [matrixAt(gradient, gAt!, bytes), matrixAt(q, qAt!, bytes)];
      const [key, value] = [matrixAt(k, kAt!, bytes), matrixAt(v, vAt!, bytes)];
      const seen = mask && matrixAt(mask, maskAt!, 1);
      const [toQuery, toKey, toValue] = [partAt(dq, n * d), partAt(dk, m * d), partAt(dv, m * e)];
      keysAcross.pack(transposed(key));
      if (toQuery !== null || toKey !== null) valuesAcross.pack(transposed(value));
      if (toQuery !== null) keys.pack(key);
      for (let start = 0; start < n; start += band) {
        const end = Math.min(n, start + band);
        for (let first = start; first < end; first += rows) {
          const height = Math.min(rows, end - first);
          const columns = lastKeyOf(first + height);
          const row = (first - start) * strips.rowBytes;
          const [w, ds] = [weights + row, cotangents + row];
          strips.fill(w, queries, first, height, keysAcross, d, columns);
          strips.softmax(w, first, height, columns, seen, attributes);
          if (toQuery === null && toKey === null) continue;
          strips.fill(ds, upstream, first, height, valuesAcross, e, columns);
          strips.pull(ds, w, height, columns, scale);
          if (toQuery !== null) strips.multiply(toQuery + first * d * bytes, ds, height, keys, columns, d);
        }
        // Keys that earlier bands saw get more; the others get what the strips that see them have.
        const known = start === 0 ? 0 : lastKeyOf(start);
        const passDown = (to: number, strip: number, matrix: Matrix, panels: Panels, width: number): void => {
          panels.pack(rowsFrom(matrix, start), end - start);
          strips.multiplyTransposed(to, strip, 0, end - start, panels, width, 0, known, 1);
          for (let first = start, key = known; first < end; first += rows) {
            const last = lastKeyOf(Math.min(first + rows, end));
            strips.multiplyTransposed(to, strip, first - start, end - first, panels, width, key, last, 0);
            key = last;
          }
        };
        if (toValue !== null) passDown(toValue, weights, upstream, upstreamOfBand, e);
        if (toKey !== null) passDown(toKey, cotangents, queries, queriesOfBand, d);
      }
      // What no query sees.
      const unseen = m - lastKeyOf(n);
      for (const [part, width] of [
        [dk, d],
        [dv, e],
      ] as const) {
        if (part == null || unseen === 0) continue;
        const endOfPart = part.offset + (place + 1) * m * width;
        part.data.fill(0, endOfPart - unseen * width, endOfPart);
      }
      place++;
    });
  });
}
