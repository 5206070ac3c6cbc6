/** Largest and smallest elements, and where they are. NaN wins everywhere, as in NumPy and PyTorch. */

import { type Block, newBlock } from '../block.js';
import type { TypedArray } from '../dtype.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { sizeOf } from '../shape.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { searchModule } from '../wasm/search.js';
import { type ReduceAttributes, reduceRuns } from './axes.js';
import { reduceInSimd } from './vector.js';

function maxRun(data: TypedArray, at: number, step: number, n: number): number {
  let best = data[at]!;
  for (let i = 1; i < n; i++) best = Math.max(best, data[at + i * step]!);
  return best;
}

function minRun(data: TypedArray, at: number, step: number, n: number): number {
  let best = data[at]!;
  for (let i = 1; i < n; i++) best = Math.min(best, data[at + i * step]!);
  return best;
}

const work = (_: Block, [x]: readonly Block[]): number => x!.size;

/** Largest element over `axes`; the caller refuses empty axes. */
export const max: DispatchedKernel<ReduceAttributes> = kernel(
  (out, [x], { axes }) => reduceRuns(out, x!, axes, maxRun, Math.max, Number.NEGATIVE_INFINITY),
  (out, [x], attributes) => reduceInSimd('max', out, x!, attributes),
  { outsideFrom: 512, work },
);

/** Smallest element over `axes`; the caller refuses empty axes. */
export const min: DispatchedKernel<ReduceAttributes> = kernel(
  (out, [x], { axes }) => reduceRuns(out, x!, axes, minRun, Math.min, Number.POSITIVE_INFINITY),
  (out, [x], attributes) => reduceInSimd('min', out, x!, attributes),
  { outsideFrom: 512, work },
);

/** With fewer elements the plain loop is done before the SIMD kernels have been found. */
const leastSearched = 256;

function argmaxRun(data: TypedArray, at: number, step: number, n: number): number {
  let [best, leader] = [0, data[at]!];
  for (let i = 1; i < n; i++) {
    const v = data[at + i * step]!;
    // Nothing is greater than NaN: of several the first stays.
    if (!(v <= leader) && !Number.isNaN(leader)) [best, leader] = [i, v];
  }
  return best;
}

function argminRun(data: TypedArray, at: number, step: number, n: number): number {
  let [best, leader] = [0, data[at]!];
  for (let i = 1; i < n; i++) {
    const v = data[at + i * step]!;
    if (!(v >= leader) && !Number.isNaN(leader)) [best, leader] = [i, v];
  }
  return best;
}

const first = (a: number): number => a;

/** Finds the extrema in SIMD, and then the first of each column (of each row, where columns are of one element) that equals its own. */
function placesInSimd(fold: 'max' | 'min', out: Block, x: Block, attributes: ReduceAttributes): boolean {
  if (x.size < leastSearched || !out.storage.inHeap) return false;
  const type = lanesOf(x.dtype);
  const best = newBlock(x.dtype, out.shape, false);
  try {
    if (type === undefined || !reduceInSimd(fold, best, x, attributes)) return false;
    const axis = attributes.axes[0]!;
    const extent = x.shape[axis]!;
    const inner = sizeOf(x.shape.slice(axis + 1));
    searchModule(type).search(pointerOf(out), pointerOf(best), pointerOf(x), out.size / inner, extent, inner);
    return true;
  } finally {
    best.storage.release();
  }
}

/** Index of the first largest element along one axis. */
export const argmax: DispatchedKernel<ReduceAttributes> = kernel(
  (out, [x], { axes }) => reduceRuns(out, x!, axes, argmaxRun, first, 0),
  (out, [x], attributes) => placesInSimd('max', out, x!, attributes),
);

/** Index of the first smallest element along one axis. */
export const argmin: DispatchedKernel<ReduceAttributes> = kernel(
  (out, [x], { axes }) => reduceRuns(out, x!, axes, argminRun, first, 0),
  (out, [x], attributes) => placesInSimd('min', out, x!, attributes),
);
