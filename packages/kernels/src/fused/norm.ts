/** The Euclidean norm of whole tensors, for clipping gradients. */

import { type Block, newBlock } from '../block.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { sumOfSquares } from '../wasm/sumOfSquares.js';

/** As many squares as are added up before the sum joins the total: rounding errors grow slowly. */
const blockLength = 4096;

const plain: Kernel = (out, [x]) => {
  let total = 0;
  forEachRun(x!.shape, [x!], ([at], n, [step]) => {
    for (let from = 0; from < n; from += blockLength) {
      let sum = 0;
      for (let i = from; i < Math.min(n, from + blockLength); i++) sum += x!.data[at! + i * step!]! ** 2;
      total += sum;
    }
  });
  out.data[out.offset] = Math.sqrt(total);
};

/**
 * √Σ x² over all elements, in double precision and rounded once; `out` has one element, of any floating dtype. Squares
 * of float32 never overflow; those of float64 do beyond 10¹⁵⁴.
 */
export const euclideanNorm: DispatchedKernel = kernel(plain, (out, [x]) => {
  const sum = sumOfSquares(x!);
  if (sum === undefined) return false;
  out.data[out.offset] = Math.sqrt(sum);
  return true;
});

/** √Σ x² over all elements of all blocks, in double precision. */
export function globalNorm(blocks: readonly Block[]): number {
  const norm = newBlock('float64', [], false);
  try {
    return Math.hypot(
      ...blocks.map((block) => {
        euclideanNorm(norm, [block], undefined);
        return norm.data[norm.offset]!;
      }),
    );
  } finally {
    norm.storage.release();
  }
}
