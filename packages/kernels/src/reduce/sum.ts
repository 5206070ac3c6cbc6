/** Sums in a fixed, pairwise order and double precision: 10⁶ × 0.1 in float32 is 100000. */

import type { Block } from '../block.js';
import type { TypedArray } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { type ReduceAttributes, reduceRuns } from './axes.js';
import { reduceInSimd } from './vector.js';

const blockLength = 128;

/** Pairwise: the error grows with log n, not with n (Higham 1993, "The accuracy of floating point summation"). */
export function sumRun(data: TypedArray, at: number, step: number, n: number): number {
  if (n <= blockLength) {
    // Four independent lanes keep the adder busy; their order is fixed, so results do not move.
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      const p = at + i * step;
      s0 += data[p]!;
      s1 += data[p + step]!;
      s2 += data[p + 2 * step]!;
      s3 += data[p + 3 * step]!;
    }
    for (; i < n; i++) s0 += data[at + i * step]!;
    return s0 + s1 + (s2 + s3);
  }
  const half = Math.ceil(n / 2 / blockLength) * blockLength;
  return sumRun(data, at, step, half) + sumRun(data, at + half * step, step, n - half);
}

/** Adds rows `first` to `last − 1` of contiguous data to `total`, all zeros so far: `sumRun` for all columns at once. */
function sumRows(total: Float64Array, data: TypedArray, at: number, first: number, last: number): void {
  const columns = total.length;
  if (last - first <= blockLength) {
    for (let row = first; row < last; row++) {
      const from = at + row * columns;
      for (let j = 0; j < columns; j++) total[j]! += data[from + j]!;
    }
    return;
  }
  const middle = first + Math.ceil((last - first) / 2 / blockLength) * blockLength;
  sumRows(total, data, at, first, middle);
  const rest = new Float64Array(columns);
  sumRows(rest, data, at, middle, last);
  for (let j = 0; j < columns; j++) total[j]! += rest[j]!;
}

/** With fewer numbers the plain loop is done before the SIMD kernel has been found. */
const leastSummed = 96;

const add = (a: number, b: number): number => a + b;

const plain: Kernel<ReduceAttributes> = (out, [x], { axes }) => {
  const simple = x!.contiguous && x!.size > 0;
  if (simple && areLeading(axes, x!.shape.length)) {
    // Leading axes of contiguous data (a bias gradient): walking rows touches memory in order.
    const rows = x!.size / out.size;
    if (rows <= blockLength) {
      sumFewRows(out, x!, rows);
      return;
    }
    const total = new Float64Array(out.size);
    sumRows(total, x!.data, x!.offset, 0, rows);
    out.data.set(total, out.offset);
  } else if (simple && out.size === 1) out.data[out.offset] = sumRun(x!.data, x!.offset, 1, x!.size);
  else reduceRuns(out, x!, axes, sumRun, add, 0);
};

/** Whether sorted axes are the first ones, and not all. */
function areLeading(axes: readonly number[], rank: number): boolean {
  return axes.length > 0 && axes.length < rank && axes[axes.length - 1] === axes.length - 1;
}

/** `sumRows`, to the bit, for as many rows as it adds one after the other: without an array of totals. */
function sumFewRows({ data, offset, size }: Block, x: Block, rows: number): void {
  const numbers = x.data;
  let column = 0;
  // Four columns at a time: their additions do not wait for one another.
  for (; column + 4 <= size; column += 4) {
    let [t0, t1, t2, t3] = [0, 0, 0, 0];
    for (let row = 0, p = x.offset + column; row < rows; row++, p += size) {
      t0 += numbers[p]!;
      t1 += numbers[p + 1]!;
      t2 += numbers[p + 2]!;
      t3 += numbers[p + 3]!;
    }
    const o = offset + column;
    data[o] = t0;
    data[o + 1] = t1;
    data[o + 2] = t2;
    data[o + 3] = t3;
  }
  for (; column < size; column++) {
    let total = 0;
    for (let row = 0, p = x.offset + column; row < rows; row++, p += size) total += numbers[p]!;
    data[offset + column] = total;
  }
}

const work = (_: Block, [x]: readonly Block[]): number => x!.size;

/** Σ over `axes`; 0 where an axis is empty. */
export const sum: DispatchedKernel<ReduceAttributes> = kernel(
  plain,
  (out, [x], attributes) => x!.size >= leastSummed && reduceInSimd('sum', out, x!, attributes),
  { outsideFrom: 512, work },
);

/** Divides the sums by how many numbers each is of. */
function divideByCount(out: Block, x: Block, axes: readonly number[]): void {
  let count = 1;
  for (const axis of axes) count *= x.shape[axis]!;
  const { data, offset, size } = out;
  for (let i = offset; i < offset + size; i++) data[i] = data[i]! / count;
}

/** Σ over `axes` divided by their number of elements; NaN where that is 0. */
export const mean: DispatchedKernel<ReduceAttributes> = kernel(
  (out, [x], attributes) => {
    plain(out, [x!], attributes);
    divideByCount(out, x!, attributes.axes);
  },
  (out, [x], attributes) => {
    if (x!.size < leastSummed || !reduceInSimd('sum', out, x!, attributes)) return false;
    divideByCount(out, x!, attributes.axes);
    return true;
  },
  { outsideFrom: 512, work },
);
