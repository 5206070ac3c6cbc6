import type { Block } from '../block.js';
import { forEachRun } from '../elementwise/runs.js';
import { contiguousStrides } from '../layout.js';
import { keptAxes, subBlock } from '../reduce/axes.js';

/** Calls `visit` with the start and step of each row along `axis`: of `out`, and of every input (all of one shape). */
export function forEachRow(
  out: Block,
  inputs: readonly Block[],
  axis: number,
  visit: (o: number, stepOut: number, at: readonly number[], steps: readonly number[], n: number) => void,
): void {
  const operands = [out, ...inputs];
  const n = out.shape[axis]!;
  if (n === 0) return;
  const kept = operands.map((block) => subBlock(block, keptAxes(block, [axis])));
  const rowSteps = inputs.map((block) => block.strides[axis]!);
  const stepOut = contiguousStrides(out.shape)[axis]!;
  forEachRun(kept[0]!.shape, kept, (at, count, steps) => {
    for (let i = 0; i < count; i++) {
      const starts = at.map((start, k) => start + i * steps[k]!);
      visit(starts[0]!, stepOut, starts.slice(1), rowSteps, n);
    }
  });
}
