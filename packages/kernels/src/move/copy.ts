/** Copies between layouts. */

import { type Block, newBlock } from '../block.js';
import type { TypedArray } from '../dtype.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { copyStrided } from '../wasm/copyStrided.js';
import { fillModule } from '../wasm/fill.js';
import { simdAvailable } from '../wasm/load.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';

/** From so many elements the SIMD copy is worth its set-up. */
const leastCopied = 64;

/** Below this a loop is faster than a typed array for a part of the source. */
const shortRun = 128;

function copyRun(target: TypedArray, to: number, source: TypedArray, from: number, count: number): void {
  if (count > shortRun) target.set(source.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}

/** Writes `x` into `out`; both may be strided, and `x` broadcasts to the shape of `out`. */
export function copyInto(out: Block, x: Block): void {
  if (out.size === 0) return; // nothing to copy, and the offset of an empty view may lie past the end
  if (out.contiguous && x.contiguous && out.size === x.size) {
    copyRun(out.data, out.offset, x.data, x.offset, x.size);
    return;
  }
  if (out.size >= leastCopied && copyStrided(out, x)) return;
  const [target, source] = [out.data, x.data];
  forEachRun(out.shape, [out, x], (at, n, steps) => {
    const [o, from] = at as [number, number];
    const [stepOut, step] = steps as [number, number];
    for (let i = 0; i < n; i++) target[o + i * stepOut] = source[from + i * step]!;
  });
}

/** A contiguous copy. */
export const copy: Kernel = (out, [x]) => copyInto(out, x!);

/** Writes one value everywhere. */
export function fill(out: Block, value: number): void {
  if (out.contiguous) {
    const type = out.size >= leastCopied && out.storage.inHeap && simdAvailable() ? lanesOf(out.dtype) : undefined;
    if (type !== undefined) fillModule(type).fill(pointerOf(out), out.size, value);
    else out.data.fill(value, out.offset, out.offset + out.size);
    return;
  }
  forEachRun(out.shape, [out], (at, n, steps) => {
    for (let i = 0; i < n; i++) out.data[at[0]! + i * steps[0]!] = value;
  });
}

/** Runs `use` on `x` itself if it is contiguous, else on a contiguous copy that is given back afterwards. */
export function withContiguous<R>(x: Block, use: (contiguous: Block) => R): R {
  if (x.contiguous) return use(x);
  const copied = newBlock(x.dtype, x.shape, false);
  try {
    copyInto(copied, x);
    return use(copied);
  } finally {
    copied.storage.release();
  }
}

/**
 * Hands a block (and the caller's claim on it) over to the garbage collector: the same block where it may stay in the
 * heap as loose memory, else a copy in memory that V8 collects anywhere, and the claim is released.
 */
export function loosen(block: Block): Block {
  const { storage } = block;
  if (!storage.inHeap) return block;
  const whole = block.contiguous && block.size === storage.length;
  if (whole && storage.claims === 1 && storage.loosen()) return block;
  const copied = newBlock(block.dtype, block.shape, true);
  copyInto(copied, block);
  storage.release();
  return copied;
}
