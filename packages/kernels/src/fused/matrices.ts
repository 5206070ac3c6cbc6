/** Stacks of matrices, and several results in one block: what fused operations of many steps share. */

import type { Block } from '../block.js';
import { forEachRun } from '../elementwise/runs.js';
import { contiguousStrides } from '../layout.js';
import type { Shape } from '../shape.js';

/** The leading axes of a block, as a block whose elements are matrices. */
function leading(block: Block): Block {
  const rank = block.shape.length - 2;
  return block.view({ shape: block.shape.slice(0, rank), strides: block.strides.slice(0, rank), offset: block.offset });
}

/** Calls `visit` for each place of the leading axes, in row-major order, with where the matrix of each block begins. */
export function forEachMatrix(blocks: readonly Block[], visit: (starts: readonly number[]) => void): void {
  const stacks = blocks.map(leading);
  forEachRun(stacks[0]!.shape, stacks, (at, count, steps) => {
    for (let i = 0; i < count; i++) visit(at.map((start, k) => start + i * steps[k]!));
  });
}

/** The wanted ones of several results of these shapes, which lie one behind the other in `out`; null for the others. */
export function packedParts(out: Block, shapes: readonly Shape[], wanted: readonly boolean[]): (Block | null)[] {
  let { offset } = out;
  return shapes.map((shape, i) => {
    if (!wanted[i]) return null;
    const view = out.view({ shape, strides: contiguousStrides(shape), offset });
    offset += view.size;
    return view;
  });
}
