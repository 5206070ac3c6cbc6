/** Zeros around the input, in memory of their own: windows then never reach beyond. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { fill } from '../move/copy.js';
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

/** Calls `visit(inside, outside)` for every matrix of rows of the input: where it lies in the input, and in the padded one (in elements). */
function forEachMatrix(g: Extents, extents: Triple, visit: (inside: number, outside: number) => void): void {
  const [depth, height, width] = g.input;
  for (let n = 0; n < g.batch; n++) {
    for (let d = 0; d < depth; d++) {
      const row = (n * extents[0] + d + g.padding[0][0]) * extents[1] + g.padding[1][0];
      visit((n * depth + d) * height * width * g.channels, (row * extents[2] + g.padding[2][0]) * g.channels);
    }
  }
}

export function withPadding(x: Block, g: Extents, rows: RowsFunctions, use: (padded: Padded) => boolean): boolean {
  const extents = paddedExtents(g);
  if (!isPadded(g)) return use({ block: x, extents });
  return withScratch(x.dtype, [g.batch, ...extents, g.channels], (block) => {
    fill(block, 0);
    const bytes = bytesPerElement(x.dtype);
    const [from, to] = [pointerOf(x), pointerOf(block)];
    const [insideStep, outsideStep] = [g.input[2], extents[2]].map((width) => width * g.channels * bytes) as [
      number,
      number,
    ];
    forEachMatrix(g, extents, (inside, outside) =>
      rows.copy(to + outside * bytes, outsideStep, from + inside * bytes, insideStep, g.input[1], insideStep / bytes),
    );
    return use({ block, extents });
  });
}

/** Gives `use` zeros with padding to add into, and then takes the inside for `dx`. */
export function withPaddedSum(dx: Block, g: Extents, rows: RowsFunctions, use: (padded: Padded) => boolean): boolean {
  const extents = paddedExtents(g);
  if (!isPadded(g)) {
    fill(dx, 0);
    return use({ block: dx, extents });
  }
  return withScratch(dx.dtype, [g.batch, ...extents, g.channels], (block) => {
    fill(block, 0);
    if (!use({ block, extents })) return false;
    const bytes = bytesPerElement(dx.dtype);
    const [to, from] = [pointerOf(dx), pointerOf(block)];
    const [insideStep, outsideStep] = [g.input[2], extents[2]].map((width) => width * g.channels * bytes) as [
      number,
      number,
    ];
    forEachMatrix(g, extents, (inside, outside) =>
      rows.copy(to + inside * bytes, insideStep, from + outside * bytes, outsideStep, g.input[1], insideStep / bytes),
    );
    return true;
  });
}
