/** A fully connected layer in one kernel: bias and activation are applied while the product is still in registers. */

import type { Block } from '../block.js';
import { relu as reluKernel, sigmoid, tanh } from '../elementwise/activation.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { matmul as plainMatmul } from '../matmul/plain.js';
import * as vector from '../vectorMath/kernels.js';
import { add, relu } from '../wasm/elementwise.js';
import { matmul as simdMatmul } from '../wasm/matmul/matmul.js';
import { runMap } from '../wasm/runMap.js';

/** What may follow the bias. All have derivatives that can be computed from their results. */
export type DenseActivation = 'relu' | 'tanh' | 'sigmoid';

/** Options of `dense`. */
export interface DenseAttributes {
  readonly activation: DenseActivation | null;
}

const plainActivations: Readonly<Record<DenseActivation, Kernel>> = {
  relu: reluKernel.plain,
  tanh: tanh.plain,
  sigmoid: sigmoid.plain,
};

const simdActivations = { relu, tanh: vector.tanh, sigmoid: vector.sigmoid } as const;

const plain: Kernel<DenseAttributes> = (out, [x, w, bias], { activation }) => {
  plainMatmul.plain(out, [x!, w!], undefined);
  const n = bias!.size;
  for (let row = 0; row < out.size; row += n) {
    for (let j = 0; j < n; j++) out.data[out.offset + row + j]! += bias!.data[bias!.offset + j * bias!.strides[0]!]!;
  }
  if (activation !== null) plainActivations[activation](out, [out], undefined);
};

/** activation(x · w + b): x [..., k], w [k, n], b [n]; `out` [..., n] is contiguous. */
export const dense: DispatchedKernel<DenseAttributes> = kernel(
  plain,
  (out, [x, w, bias], { activation }) => {
    if (!bias!.storage.inHeap || !bias!.contiguous || bias!.dtype !== out.dtype) return false;
    // A single row is a vector times a matrix, for which there is a faster way than tiles.
    const single = out.size === bias!.size;
    if (!simdMatmul(out, [x!, w!], single ? {} : { bias: bias!, relu: activation === 'relu' })) return false;
    if (single) runMap(add, out, [out, bias!]);
    if (activation !== null && (single || activation !== 'relu')) runMap(simdActivations[activation], out, [out]);
    return true;
  },
  { work: (out: Block, [x]) => out.size * x!.shape.at(-1)!, outsideFrom: 64, anyStrides: true },
);
