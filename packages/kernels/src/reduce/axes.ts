/** How reductions walk their input: kept axes outside, reduced axes inside, neighbours merged. */

import type { Block } from '../block.js';
import type { TypedArray } from '../dtype.js';
import { forEachRun } from '../elementwise/runs.js';
import { permuteLayout } from '../layout.js';

/** The axes to reduce over, sorted and counted from the front. `out` holds the kept axes in row-major order. */
export interface ReduceAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** The part of `x` that has only these axes, starting at its first element. */
export function subBlock(x: Block, axes: readonly number[]): Block {
  return x.view(permuteLayout(x, axes));
}

export function keptAxes(x: Block, axes: readonly number[]): readonly number[] {
  return x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
}

/** Runs of the reduced axes, as offsets from an element of the kept ones: `starts[r] + i · step` for i < n. */
interface ReducedRuns {
  readonly starts: readonly number[];
  readonly step: number;
  readonly n: number;
}

function reducedRuns(x: Block, axes: readonly number[]): ReducedRuns {
  const starts: number[] = [];
  let [step, n] = [1, 0];
  const reduced = subBlock(x, axes);
  forEachRun(reduced.shape, [reduced], (at, count, steps) => {
    starts.push(at[0]! - x.offset);
    [step, n] = [steps[0]!, count];
  });
  return { starts, step, n };
}

/**
 * For each kept element: folds the reduced runs.
 *
 * @param run value of one run of `n` elements
 * @param combine value of two neighbouring runs
 * @param empty value where there is nothing to reduce
 */
export function reduceRuns(
  out: Block,
  x: Block,
  axes: readonly number[],
  run: (data: TypedArray, at: number, step: number, n: number) => number,
  combine: (a: number, b: number) => number,
  empty: number,
): void {
  const { starts, step, n } = reducedRuns(x, axes);
  if (starts.length === 0) {
    out.data.fill(empty, out.offset, out.offset + out.size);
    return;
  }
  // Runs are combined pairwise too, so that a sum over many short runs is as accurate as one over a long one.
  const fold = (from: number, first: number, last: number): number => {
    if (last - first === 1) return run(x.data, from + starts[first]!, step, n);
    const middle = (first + last) >> 1;
    return combine(fold(from, first, middle), fold(from, middle, last));
  };
  const kept = subBlock(x, keptAxes(x, axes));
  let o = out.offset;
  forEachRun(kept.shape, [kept], (at, count, steps) => {
    for (let i = 0; i < count; i++) out.data[o++] = fold(at[0]! + i * steps[0]!, 0, starts.length);
  });
}
