/** Rows divided by their root mean square, then a scale that is learned (Zhang & Sennrich 2019, arXiv:1910.07467), in one kernel. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { withContiguous } from '../move/copy.js';
import { variantFor } from '../wasm/features.js';
import { rowFunctions, rowsAtOnce } from '../wasm/normalize.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';

/** What is added to the mean of the squares before its root. */
export interface RmsNormalizeAttributes {
  readonly epsilon: number;
}

/** What the backward kernel is told; `wanted` says for x and scale whether their cotangents are. */
export interface RmsNormalizePull {
  readonly attributes: RmsNormalizeAttributes;
  readonly wanted: readonly boolean[];
}

/** 1 / √(mean x² + ε) of a row, in double precision. */
function reciprocal({ data }: Block, from: number, count: number, epsilon: number): number {
  let squares = 0;
  for (let i = 0; i < count; i++) squares += data[from + i]! ** 2;
  return 1 / Math.sqrt(squares / count + epsilon);
}

const plain: Kernel<RmsNormalizeAttributes> = (out, [given, scales], { epsilon }) =>
  withContiguous(given!, (x) =>
    withContiguous(scales!, (scale) => {
      const count = scale.size;
      for (let start = 0; start < x.size; start += count) {
        const root = reciprocal(x, x.offset + start, count, epsilon);
        for (let i = 0; i < count; i++)
          out.data[out.offset + start + i] = x.data[x.offset + start + i]! * root * scale.data[scale.offset + i]!;
      }
    }),
  );

/** dx = r (γ g − y mean(γ g y)), dγ = Σ g y, with y = r x and r = 1 / √(mean x² + ε) */
const plainBackward: Kernel<RmsNormalizePull> = (out, [upstream, given, scales], { attributes, wanted }) =>
  withContiguous(upstream!, (g) =>
    withContiguous(given!, (x) =>
      withContiguous(scales!, (scale) => {
        const count = scale.size;
        const dScale = new Float64Array(count);
        for (let start = 0; start < x.size; start += count) {
          const [from, fromG] = [x.offset + start, g.offset + start];
          const root = reciprocal(x, from, count, attributes.epsilon);
          let products = 0;
          for (let i = 0; i < count; i++) {
            const product = g.data[fromG + i]! * x.data[from + i]! * root;
            dScale[i]! += product;
            products += product * scale.data[scale.offset + i]!;
          }
          for (let i = 0; wanted[0] && i < count; i++) {
            const rest =
              g.data[fromG + i]! * scale.data[scale.offset + i]! - (x.data[from + i]! * root * products) / count;
            out.data[out.offset + start + i] = rest * root;
          }
        }
        if (wanted[1]) out.data.set(dScale, out.offset + (wanted[0] ? x.size : 0));
      }),
    ),
  );

/** Whether the SIMD kernels can read them: contiguous in the heap, of one floating dtype. */
function suits(blocks: readonly Block[]): boolean {
  const { dtype } = blocks[0]!;
  return (
    lanesOf(dtype) !== undefined &&
    blocks.every((block) => block.storage.inHeap && block.contiguous && block.dtype === dtype)
  );
}

function simd(out: Block, [x, scale]: readonly Block[], { epsilon }: RmsNormalizeAttributes): boolean {
  if (!suits([out, x!, scale!]) || x!.size === 0) return false;
  const run = rowFunctions(variantFor(lanesOf(x!.dtype)!)).rmsNormalizeRows;
  run(pointerOf(out), pointerOf(x!), x!.size / scale!.size, scale!.size, epsilon, pointerOf(scale!), 0);
  return true;
}

function simdBackward(out: Block, inputs: readonly Block[], { attributes, wanted }: RmsNormalizePull): boolean {
  const [g, x, scale] = inputs as readonly [Block, Block, Block];
  if (!suits([out, g, x, scale]) || x.size === 0 || !wanted[0]) return false;
  const sums = newBlock(x.dtype, [scale.size], false);
  try {
    if (!sums.storage.inHeap) return false;
    const run = rowFunctions(variantFor(lanesOf(x.dtype)!)).rmsNormalizeRowsBackward;
    const rowBytes = scale.size * bytesPerElement(x.dtype);
    const rows = x.size / scale.size;
    const totals = new Float64Array(scale.size);
    for (let first = 0; first < rows; first += rowsAtOnce) {
      sums.data.fill(0, sums.offset, sums.offset + scale.size);
      run(
        ...([out, g, x].map((block) => pointerOf(block) + first * rowBytes) as [number, number, number]),
        Math.min(rowsAtOnce, rows - first),
        scale.size,
        attributes.epsilon,
        pointerOf(scale),
        pointerOf(sums),
        0,
      );
      for (let i = 0; i < scale.size; i++) totals[i]! += sums.data[sums.offset + i]!;
    }
    if (wanted[1]) out.data.set(totals, out.offset + x.size);
    return true;
  } finally {
    sums.storage.release();
  }
}

const staging = { outsideFrom: 128, stridedFrom: 512, work: (_: Block, [x]: readonly Block[]): number => x!.size };

/** γ x / √(mean x² + ε) over the last axis. Inputs: x [..., n], γ [n]. */
export const rmsNormalize: DispatchedKernel<RmsNormalizeAttributes> = kernel(plain, simd, staging);

/** What flows back through it to x and γ, flat, one behind the other. Inputs: g, x, γ. */
export const rmsNormalizeBackward: DispatchedKernel<RmsNormalizePull> = kernel(plainBackward, simdBackward, staging);
