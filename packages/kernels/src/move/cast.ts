/** From one dtype to another. */

import type { Block } from '../block.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { convert } from '../wasm/convert.js';
import { copyInto } from './copy.js';

const castPlain: Kernel = (out, [x]) => {
  if (out.dtype !== 'bool' || x!.dtype === 'bool') {
    copyInto(out, x!);
    return;
  }
  forEachRun(out.shape, [out, x!], (at, n, steps) => {
    for (let i = 0; i < n; i++) out.data[at[0]! + i * steps[0]!] = x!.data[at[1]! + i * steps[1]!] !== 0 ? 1 : 0;
  });
};

/** With fewer elements the plain loop is done before the SIMD kernel has been found. */
const leastConverted = 128;

/** The last elements, fewer than a vector takes. */
function tail(block: Block, from: number): Block {
  return block.view({ shape: [block.size - from], strides: [1], offset: block.offset + from });
}

/**
 * Converts to the dtype of `out`. Floats become integers by dropping the fraction (and wrap where they do not fit, as
 * JavaScript's typed arrays do); everything but 0 becomes true.
 */
export const cast: DispatchedKernel = kernel(castPlain, (out, [x]) => {
  if (out.size < leastConverted || !x!.contiguous || !x!.storage.inHeap || !out.storage.inHeap) return false;
  const done = convert(out, x!);
  if (done > 0 && done < out.size) castPlain(tail(out, done), [tail(x!, done)], {});
  return done > 0;
});
