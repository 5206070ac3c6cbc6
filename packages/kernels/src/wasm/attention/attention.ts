/**
 * Attention over the heap, some queries at a time: their scores with all keys are a strip that stays in the caches, become
 * weights in place (strip.ts), and are gone when the next queries come. The products go through the matrix kernels.
 */

import { type Block, newBlock } from '../../block.js';
import { bytesPerElement } from '../../dtype.js';
import { forEachMatrix, packedParts } from '../../fused/matrices.js';
import { copyInto } from '../../move/copy.js';
import { add } from '../elementwise.js';
import { variantFor } from '../features.js';
import { matmul } from '../matmul/matmul.js';
import { lanesOf, pointerOf, runMap } from '../runMap.js';
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

/** Elements of a strip at most, where that leaves enough rows: 256 KB of float32. */
const stripElements = 2 ** 16;
/** A product of fewer rows would spend its time packing. */
const fewestRows = 48;

/** Queries in a strip: as even as can be, and multiples of the tile's height. */
function stripRows(n: number, m: number): number {
  const most = Math.max(fewestRows, Math.floor(stripElements / m));
  const parts = Math.ceil(n / most);
  return Math.min(n, Math.ceil(n / parts / 12) * 12);
}

/** Rows `first` to `last` of the matrix at `start` in a stack. */
function rowsOf(block: Block, start: number, first: number, last: number): Block {
  const rank = block.shape.length;
  const [row, column] = [block.strides[rank - 2]!, block.strides[rank - 1]!];
  return block.view({
    shape: [last - first, block.shape[rank - 1]!],
    strides: [row, column],
    offset: start + first * row,
  });
}

function transposed(matrix: Block): Block {
  return matrix.view({
    shape: [...matrix.shape].reverse(),
    strides: [...matrix.strides].reverse(),
    offset: matrix.offset,
  });
}

/** The first elements of scratch memory as a matrix. */
function matrixIn(scratch: Block, rows: number, columns: number): Block {
  return scratch.view({ shape: [rows, columns], strides: [columns, 1], offset: scratch.offset });
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

/** Computes the weights of queries `first` to `last`, in `strip`. */
function weigh(
  strip: Block,
  queries: Block,
  keys: Block,
  mask: Block | undefined,
  maskStart: number,
  first: number,
  { scale, causal }: AttentionAttributes,
): boolean {
  if (!matmul(strip, [queries, transposed(keys)])) return false;
  const [rows, columns] = strip.shape as [number, number];
  const wasm = stripModule(variantFor(lanesOf(strip.dtype)!));
  const maskStep = mask === undefined ? 0 : mask.strides[mask.strides.length - 2]!;
  const run = mask === undefined ? wasm['softmax']! : wasm['softmaxMasked']!;
  const rowStep = columns * bytesPerElement(strip.dtype);
  const [seen, seenStep] = causal ? [first + 1, 1] : [columns, 0];
  run(pointerOf(strip), rowStep, rows, columns, seen, seenStep, scale, maskStart + first * maskStep, maskStep);
  return true;
}

/** Runs `use` with leased blocks of these sizes; false where the heap has no room for them. */
function withScratch(like: Block, sizes: readonly number[], use: (scratch: readonly Block[]) => boolean): boolean {
  const scratch = sizes.map((size) => newBlock(like.dtype, [size], false));
  try {
    return scratch.every((block) => block.storage.inHeap) && use(scratch);
  } finally {
    for (const { storage } of scratch) storage.release();
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
  const [q, k, v, mask] = inputs as readonly [Block, Block, Block, Block | undefined];
  const [n, m] = [q.shape.at(-2)!, k.shape.at(-2)!];
  if (out.size === 0) return true;
  if (m === 0 || q.shape.at(-1) === 0) return false;
  const rows = stripRows(n, m);
  return withScratch(out, [rows * m], ([scratch]) => {
    let done = true;
    forEachMatrix([out, ...inputs], (starts) => {
      const [o, qAt, kAt, vAt, maskAt] = starts as [number, number, number, number, number];
      for (let first = 0; done && first < n; first += rows) {
        const last = Math.min(n, first + rows);
        const columns = attributes.causal ? Math.min(m, last) : m;
        const strip = matrixIn(scratch!, last - first, columns);
        done =
          weigh(strip, rowsOf(q, qAt, first, last), rowsOf(k, kAt, 0, columns), mask, maskAt, first, attributes) &&
          matmul(rowsOf(out, o, first, last), [strip, rowsOf(v, vAt, 0, columns)]);
      }
    });
    return done;
  });
}

/** target = a b, or is added to it by way of scratch memory. */
function multiplyInto(target: Block, a: Block, b: Block, addTo: boolean, scratch: Block): boolean {
  if (!addTo) return matmul(target, [a, b]);
  const product = matrixIn(scratch, target.shape[0]!, target.shape[1]!);
  return matmul(product, [a, b]) && runMap(add, target, [target, product]);
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

function backward(
  out: Block,
  g: Block,
  inputs: readonly Block[],
  { attributes, wanted }: AttentionPullAttributes,
): boolean {
  const [q, k, v, mask] = inputs as readonly [Block, Block, Block, Block | undefined];
  const [n, d] = q.shape.slice(-2) as [number, number];
  const [m, e] = v.shape.slice(-2) as [number, number];
  if (out.size === 0) return true;
  if (n * m * d * e === 0) return false;
  const [dq, dk, dv] = packedParts(out, [q.shape, k.shape, v.shape], wanted);
  const rows = stripRows(n, m);
  const pullWeights = stripModule(variantFor(lanesOf(out.dtype)!))['backward']!;
  return withScratch(out, [rows * m, rows * m, m * Math.max(d, e)], ([weights, cotangents, product]) => {
    let done = true;
    let place = 0;
    forEachMatrix([g, ...inputs], (starts) => {
      const [gAt, qAt, kAt, vAt, maskAt] = starts as [number, number, number, number, number];
      for (let first = 0; done && first < n; first += rows) {
        const last = Math.min(n, first + rows);
        // Keys beyond those that any of these queries sees get nothing; the first strip must say so.
        const columns = attributes.causal && first > 0 ? Math.min(m, last) : m;
        const [queries, keys] = [rowsOf(q, qAt, first, last), rowsOf(k, kAt, 0, columns)];
        const upstream = rowsOf(g, gAt, first, last);
        const w = matrixIn(weights!, last - first, columns);
        const ds = matrixIn(cotangents!, last - first, columns);
        done = weigh(w, queries, keys, mask, maskAt, first, attributes);
        if (dv != null) {
          const target = rowsOf(dv, dv.offset + place * m * e, 0, columns);
          done &&= multiplyInto(target, transposed(w), upstream, first > 0, product!);
        }
        if (dq == null && dk == null) continue;
        done &&= matmul(ds, [upstream, transposed(rowsOf(v, vAt, 0, columns))]);
        pullWeights(
          pointerOf(ds),
          pointerOf(w),
          columns * bytesPerElement(out.dtype),
          last - first,
          columns,
          attributes.scale,
        );
        if (dq != null) done &&= matmul(rowsOf(dq, dq.offset + place * n * d, first, last), [ds, keys]);
        if (dk != null) {
          const target = rowsOf(dk, dk.offset + place * m * d, 0, columns);
          done &&= multiplyInto(target, transposed(ds), queries, first > 0, product!);
        }
      }
      place++;
    });
    return done;
  });
}
