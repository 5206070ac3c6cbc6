/** Zeros around the input, in memory of their own: windows then never reach beyond. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import type { RowsFunctions } from '../wasm/rows.js';
import { pointerOf } from '../wasm/runMap.js';
import type { Geometry, Triple, WindowAttributes } from './geometry.js';

/** Runs `use` with a block of the heap, leased for the call; false where the heap has no room. */
export function withScratch(dtype: DType, shape: readonly number[], use: (scratch: Block) => boolean): boolean {
  const scratch = newBlock(dtype, shape, false);
  try {
    return scratch.storage.inHeap && use(scratch);
  } finally {
    scratch.storage.release();
  }
}

/** What is to be padded, and by how much. */
export type Extents = Pick<Geometry, 'batch' | 'input' | 'channels' | 'padding'>;

/** The input with its padding. */
export interface Padded {
  readonly block: Block;
  readonly extents: Triple;
}

/** How far the padded input reaches. */
export const paddedExtents = ({ input, padding }: Pick<Extents, 'input' | 'padding'>): Triple => [
  input[0] + padding[0][0] + padding[0][1],
  input[1] + padding[1][0] + padding[1][1],
  input[2] + padding[2][0] + padding[2][1],
];

export const isPadded = ({ padding }: Pick<WindowAttributes, 'padding'>): boolean =>
  padding.some(([before, after]) => before > 0 || after > 0);

/** Runs `use` with zeros around x; with x itself where there are none. */
export function withPadding(x: Block, g: Extents, rows: RowsFunctions, use: (padded: Padded) => boolean): boolean {
  const extents = paddedExtents(g);
  if (!isPadded(g)) return use({ block: x, extents });
  return withScratch(x.dtype, [g.batch, ...extents, g.channels], (block) => {
    const bytes = bytesPerElement(x.dtype);
    const { data } = block;
    const [inside, outside] = [g.input[2] * g.channels, extents[2] * g.channels];
    const [beforeRows, afterRows] = g.padding[1].map((count) => count * outside) as [number, number];
    const [before, after] = g.padding[2].map((count) => count * g.channels) as [number, number];
    let from = pointerOf(x);
    let at = block.offset;
    for (let slice = 0; slice < g.batch * extents[0]; slice++) {
      const depth = (slice % extents[0]) - g.padding[0][0];
      const end = at + extents[1] * outside;
      if (depth < 0 || depth >= g.input[0]) data.fill(0, at, end);
      else {
        data.fill(0, at, at + beforeRows);
        rows.pad((at + beforeRows) * bytes, from, g.input[1], before, inside, after);
        data.fill(0, end - afterRows, end);
        from += g.input[1] * inside * bytes;
      }
      at = end;
    }
    return use({ block, extents });
  });
}
