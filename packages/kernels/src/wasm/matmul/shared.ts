/** Several products with one right-hand matrix, which is packed once. */

import type { Block } from '../../block.js';
import { bytesPerElement } from '../../dtype.js';
import { allocate } from '../../heap/heap.js';
import { variantFor } from '../features.js';
import { lanesOf, pointerOf } from '../runMap.js';
import { blockRows, matrixOf } from './matmul.js';
import { matmulModule } from './multiply.js';
import { blockDepth, packedRowElements } from './pack.js';
import { Panels } from './panels.js';

/**
 * c = a b for each pair of a contiguous c and an a: gradients of several kernels that were multiplied by different inputs and
 * added. All lie in the heap and have one floating dtype.
 *
 * @returns false where the heap has no room to pack
 */
export function multiplyEach(products: readonly (readonly [c: Block, a: Block])[], b: Block): boolean {
  const type = lanesOf(b.dtype)!;
  const bytes = bytesPerElement(b.dtype);
  const [k, n] = b.shape as [number, number];
  const left = blockRows * packedRowElements;
  const storage = allocate(b.dtype, left + Panels.size(type, Math.min(k, blockDepth), n), false);
  if (storage.inHeap) {
    const wasm = matmulModule(variantFor(type));
    const packedA = storage.start * bytes;
    const panels = new Panels(wasm, type, packedA + left * bytes, Math.min(k, blockDepth), n);
    const right = matrixOf(b);
    for (let p = 0; p < k; p += blockDepth) {
      const depth = Math.min(blockDepth, k - p);
      panels.pack({ ...right, pointer: right.pointer + p * right.rowStep }, depth);
      for (const [c, a] of products) {
        const { pointer, rowStep, columnStep } = matrixOf(a);
        const cRowStep = n * bytes;
        for (let i = 0; i < a.shape[0]!; i += blockRows) {
          const rows = Math.min(blockRows, a.shape[0]! - i);
          wasm['packA']!(packedA, pointer + i * rowStep + p * columnStep, rowStep, columnStep, rows, depth);
          panels.multiply(pointerOf(c) + i * cRowStep, cRowStep, rows, packedA, 0, depth, 0, n, p > 0 ? 1 : 0, 0);
        }
      }
    }
  }
  const done = storage.inHeap;
  storage.release();
  return done;
}
