/** A fully connected layer in one kernel: bias and activation are applied while the product is still in registers. */

import type { Block } from '../block.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { matmul as plainMatmul } from '../matmul/plain.js';
import { matmul as simdMatmul } from '../wasm/matmul/matmul.js';
import { endInSimd, endPlain, type FusedActivation } from './ending.js';

/** Options of `dense`. */
export interface DenseAttributes {
  readonly activation: FusedActivation | null;
}

const plain: Kernel<DenseAttributes> = (out, [x, w, bias], { activation }) => {
  plainMatmul.plain(out, [x!, w!], undefined);
  endPlain(out, { bias: bias!, activation });
};

/** activation(x · w + b): x [..., k], w [k, n], b [n]; `out` [..., n] is contiguous. */
export const dense: DispatchedKernel<DenseAttributes> = kernel(
  plain,
  (out, [x, w, bias], { activation }) => {
    if (!bias!.storage.inHeap || !bias!.contiguous || bias!.dtype !== out.dtype) return false;
    // A single row is a vector times a matrix, for which there is a faster way than tiles.
    const single = out.size === bias!.size;
    if (!simdMatmul(out, [x!, w!], single ? {} : { bias: bias!, relu: activation === 'relu' })) return false;
    endInSimd(out, { bias: bias!, activation }, !single);
    return true;
  },
  { work: (out: Block, [x]) => out.size * x!.shape.at(-1)!, outsideFrom: 64, anyStrides: true },
);
