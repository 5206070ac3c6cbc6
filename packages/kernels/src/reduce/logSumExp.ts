/** The logarithm of a sum of exponentials. */

import { type Block, newBlock } from '../block.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { expandLayout } from '../layout.js';
import * as vector from '../vectorMath/kernels.js';
import { add, subtract } from '../wasm/elementwise.js';
import { lanesOf, runMap } from '../wasm/runMap.js';
import { keptAxes, subBlock } from './axes.js';
import { max } from './extremum.js';
import { sum } from './sum.js';

interface Axes {
  readonly axes: readonly number[];
}

const plain: Kernel<Axes> = (out, [x], { axes }) => {
  const { data } = x!;
  const reduced = subBlock(x!, axes);
  const kept = subBlock(x!, keptAxes(x!, axes));
  const forEachElement = (from: number, visit: (value: number) => void): void => {
    forEachRun(reduced.shape, [reduced], (at, n, steps) => {
      for (let i = 0; i < n; i++) visit(data[from + at[0]! - x!.offset + i * steps[0]!]!);
    });
  };
  let o = out.offset;
  forEachRun(kept.shape, [kept], (at, n, steps) => {
    for (let k = 0; k < n; k++) {
      const from = at[0]! + k * steps[0]!;
      let largest = -Infinity;
      forEachElement(from, (value) => {
        largest = Math.max(largest, value);
      });
      let total = 0;
      if (Number.isFinite(largest)) {
        forEachElement(from, (value) => {
          total += Math.exp(value - largest);
        });
      }
      out.data[o++] = Number.isFinite(largest) ? largest + Math.log(total) : largest;
    }
  });
};

/** Fewer elements are done before the five kernels have been called. */
const leastElements = 256;

/** The largest of each row; 0 where that is infinite or NaN, so that the formula needs no case for either. */
function shiftsOf(x: Block, axes: readonly number[]): Block {
  const shape = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const shifts = newBlock(x.dtype, shape, false);
  max(shifts, [x], { axes, keepDims: true });
  const { data, offset, size } = shifts;
  for (let i = offset; i < offset + size; i++) if (!Number.isFinite(data[i])) data[i] = 0;
  return shifts;
}

/** By kernels of one step each: largest, difference, exponential, sum, logarithm. */
function inSimd(out: Block, x: Block, axes: readonly number[]): boolean {
  if (lanesOf(x.dtype) === undefined || !x.contiguous || !x.storage.inHeap || !out.storage.inHeap) return false;
  if (x.size < leastElements) return false;
  const shifts = shiftsOf(x, axes);
  const powers = newBlock(x.dtype, x.shape, false);
  try {
    const shift = shifts.view({ shape: out.shape, strides: out.strides, offset: shifts.offset });
    if (!runMap(subtract, powers, [x, shifts.view(expandLayout(shifts, x.shape))])) return false;
    if (!runMap(vector.exp, powers, [powers])) return false;
    sum(out, [powers], { axes, keepDims: false });
    return runMap(vector.log, out, [out]) && runMap(add, out, [out, shift]);
  } finally {
    shifts.storage.release();
    powers.storage.release();
  }
}

/** ln Σ eˣ over axes, shifted by the largest; −∞ where all are −∞ or there is none, ∞ where one is ∞. */
export const logSumExp: DispatchedKernel<Axes> = kernel(plain, (out, [x], { axes }) => inSimd(out, x!, axes), {
  outsideFrom: leastElements,
  stridedFrom: leastElements,
  work: (_, [x]) => x!.size,
});
