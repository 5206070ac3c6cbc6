/** Largest and smallest elements, and where they are. NaN wins everywhere, as in NumPy and PyTorch. */

import type { Block } from '../block.js';
import type { TypedArray } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
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

function argmaxRun(data: TypedArray, at: number, step: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) {
    const v = data[at + i * step]!;
    const leader = data[at + best * step]!;
    if (v > leader || (Number.isNaN(v) && !Number.isNaN(leader))) best = i;
  }
  return best;
}

function argminRun(data: TypedArray, at: number, step: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) {
    const v = data[at + i * step]!;
    const leader = data[at + best * step]!;
    if (v < leader || (Number.isNaN(v) && !Number.isNaN(leader))) best = i;
  }
  return best;
}

const first = (a: number): number => a;

/** Index of the first largest element along one axis. */
export const argmax: Kernel<ReduceAttributes> = (out, [x], { axes }) => reduceRuns(out, x!, axes, argmaxRun, first, 0);

/** Index of the first smallest element along one axis. */
export const argmin: Kernel<ReduceAttributes> = (out, [x], { axes }) => reduceRuns(out, x!, axes, argminRun, first, 0);
