/** A right-hand matrix that many products share is packed once: the recurrent weights of a layer, at every step. */

import type { Block } from '../../block.js';
import { allocate } from '../../heap/heap.js';
import type { Storage } from '../../heap/storage.js';
import { variantFor } from '../features.js';
import type { WasmExports } from '../load.js';
import { lanesOf, pointerOf } from '../runMap.js';
import { blockRows, matrixOf } from './matmul.js';
import { matmulModule } from './multiply.js';
import { blockDepth, packedRowElements } from './pack.js';
import { Panels } from './panels.js';

/** The packed matrix, and room to pack what stands on its left. Its memory is leased: release it. */
export class PreparedMatrix {
  private constructor(
    private readonly storage: Storage,
    private readonly wasm: WasmExports,
    private readonly panels: Panels,
    private readonly bytes: number,
    private readonly k: number,
    private readonly n: number,
  ) {}

  /** Packs `b`, of any strides, in the heap; null where the heap has no room. */
  static of(b: Block): PreparedMatrix | null {
    const type = lanesOf(b.dtype)!;
    const bytes = type === 'f32x4' ? 4 : 8;
    const [k, n] = b.shape as [number, number];
    const left = blockRows * packedRowElements;
    const storage = allocate(b.dtype, left + Panels.size(type, k, n), false);
    if (!storage.inHeap) {
      storage.release();
      return null;
    }
    const wasm = matmulModule(variantFor(type));
    const panels = new Panels(wasm, type, (storage.start + left) * bytes, k, n);
    panels.pack(matrixOf(b));
    return new PreparedMatrix(storage, wasm, panels, bytes, k, n);
  }

  /** c = a b (+ bias, a contiguous row), or c + a b; a of any strides, c with contiguous rows. */
  multiply(c: Block, a: Block, { accumulate = false, bias }: { accumulate?: boolean; bias?: Block | undefined }): void {
    const { wasm, panels, bytes, k, n } = this;
    const m = a.shape[0]!;
    const { pointer, rowStep, columnStep } = matrixOf(a);
    const cRowStep = c.strides[0]! * bytes;
    const packedA = this.storage.start * bytes;
    for (let p = 0; p < k; p += blockDepth) {
      const height = Math.min(blockDepth, k - p);
      const adds = accumulate || p > 0 ? 1 : 0;
      const row = bias !== undefined && p === 0 ? pointerOf(bias) : 0;
      for (let i = 0; i < m; i += blockRows) {
        const band = Math.min(blockRows, m - i);
        wasm['packA']!(packedA, pointer + i * rowStep + p * columnStep, rowStep, columnStep, band, height);
        panels.multiply(pointerOf(c) + i * cRowStep, cRowStep, band, packedA, p, height, 0, n, adds, row);
      }
    }
  }

  release(): void {
    this.storage.release();
  }
}
