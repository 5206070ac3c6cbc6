/**
 * Scaled dot-product attention, softmax(s q kᵀ) v row by row: no matrix of all scores is ever in memory
 * (Dao et al. 2022, "FlashAttention"; the backward pass computes the scores again).
 */

import type { Block } from '../block.js';
import type { TypedArray } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import type { AttentionAttributes, AttentionPullAttributes } from '../wasm/attention/attention.js';
import * as simd from '../wasm/attention/attention.js';
import { forEachMatrix, packedParts } from './matrices.js';

export type { AttentionAttributes, AttentionPullAttributes };

/** A stack of matrices at one place of the leading axes: first element and steps. */
interface Matrix {
  readonly data: TypedArray;
  at: number;
  readonly row: number;
  readonly column: number;
}

function matrixOf(block: Block): Matrix {
  const rank = block.shape.length;
  return { data: block.data, at: block.offset, row: block.strides[rank - 2]!, column: block.strides[rank - 1]! };
}

/** Which keys query i attends to, as weights: softmax of the scores over those that it may see, all 0 where there are none. */
function weigh(
  weights: Float64Array,
  q: Matrix,
  k: Matrix,
  mask: Matrix | undefined,
  i: number,
  d: number,
  { scale, causal }: AttentionAttributes,
): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < weights.length; j++) {
    const seen =
      !(causal && j > i) && (mask === undefined || mask.data[mask.at + i * mask.row + j * mask.column] !== 0);
    let sum = 0;
    for (let c = 0; seen && c < d; c++) {
      sum += q.data[q.at + i * q.row + c * q.column]! * k.data[k.at + j * k.row + c * k.column]!;
    }
    weights[j] = seen ? scale * sum : Number.NEGATIVE_INFINITY;
    largest = Math.max(largest, weights[j]!);
  }
  const shift = largest === Number.NEGATIVE_INFINITY ? 0 : largest;
  let total = 0;
  for (let j = 0; j < weights.length; j++) {
    weights[j] = Math.exp(weights[j]! - shift);
    total += weights[j]!;
  }
  for (let j = 0; j < weights.length; j++) weights[j] = total === 0 ? 0 : weights[j]! / total;
}

const plain: Kernel<AttentionAttributes> = (out, inputs, attributes) => {
  const [q, k, v, mask] = inputs.map(matrixOf);
  const [n, e] = out.shape.slice(-2) as [number, number];
  const [m, d] = inputs[1]!.shape.slice(-2) as [number, number];
  const weights = new Float64Array(m);
  forEachMatrix([out, ...inputs], ([o, ...starts]) => {
    [q, k, v, mask].forEach((matrix, i) => {
      if (matrix !== undefined) matrix.at = starts[i]!;
    });
    for (let i = 0; i < n; i++) {
      weigh(weights, q!, k!, mask, i, d, attributes);
      for (let c = 0; c < e; c++) {
        let sum = 0;
        for (let j = 0; j < m; j++) sum += weights[j]! * v!.data[v!.at + j * v!.row + c * v!.column]!;
        out.data[o! + i * e + c] = sum;
      }
    }
  });
};

const multiplications = (out: Block, inputs: readonly Block[]): number => out.size * inputs[1]!.shape.at(-2)!;

/**
 * out[…, n, e] = softmax(scale · q kᵀ) v for q […, n, d], k […, m, d], v […, m, e] of one floating dtype and a mask […, n, m]
 * of bools, if there is one: true attends. All have the same leading axes. A query that may attend to nothing gets zeros.
 */
export const attention: DispatchedKernel<AttentionAttributes> = kernel(plain, simd.attention, {
  outsideFrom: 1024,
  work: multiplications,
});

const plainBackward: Kernel<AttentionPullAttributes> = (out, [g, ...blocks], { attributes, wanted }) => {
  // Behind the inputs comes the result, which this pass does not need.
  const inputs = blocks.slice(0, -1);
  const shapes = inputs.slice(0, 3).map(({ shape }) => shape);
  const parts = packedParts(out, shapes, wanted);
  const [q, k, v, mask] = inputs.map(matrixOf);
  const gradient = matrixOf(g!);
  const [n, d] = shapes[0]!.slice(-2) as [number, number];
  const [m, e] = shapes[2]!.slice(-2) as [number, number];
  const [weights, dw] = [new Float64Array(m), new Float64Array(m)];
  const sums = [new Float64Array(n * d), new Float64Array(m * d), new Float64Array(m * e)];
  let place = 0;
  forEachMatrix([g!, ...inputs], ([start, ...starts]) => {
    gradient.at = start!;
    [q, k, v, mask].forEach((matrix, i) => {
      if (matrix !== undefined) matrix.at = starts[i]!;
    });
    const [dq, dk, dv] = sums.map((sum) => sum.fill(0)) as [Float64Array, Float64Array, Float64Array];
    for (let i = 0; i < n; i++) {
      weigh(weights, q!, k!, mask, i, d, attributes);
      let mean = 0;
      for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let c = 0; c < e; c++) {
          const upstream = gradient.data[gradient.at + i * gradient.row + c * gradient.column]!;
          sum += upstream * v!.data[v!.at + j * v!.row + c * v!.column]!;
          dv[j * e + c]! += weights[j]! * upstream;
        }
        dw[j] = sum;
        mean += weights[j]! * sum;
      }
      for (let j = 0; j < m; j++) {
        const ds = attributes.scale * weights[j]! * (dw[j]! - mean);
        for (let c = 0; c < d; c++) {
          dq[i * d + c]! += ds * k!.data[k!.at + j * k!.row + c * k!.column]!;
          dk[j * d + c]! += ds * q!.data[q!.at + i * q!.row + c * q!.column]!;
        }
      }
    }
    for (const [p, part] of parts.entries()) part?.data.set(sums[p]!, part.offset + place * sums[p]!.length);
    place++;
  });
};

/**
 * The cotangents of query, key and value that are wanted, flat, one behind the other, from the cotangent of the result, the
 * inputs of `attention`, and its result.
 */
export const attentionBackward: DispatchedKernel<AttentionPullAttributes> = kernel(
  plainBackward,
  simd.attentionBackward,
  {
    outsideFrom: 1024,
    work: (_, [g, __, k]) => g!.size * k!.shape.at(-2)!,
  },
);
