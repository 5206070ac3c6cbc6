/** Zero mean and unit variance over some axes, in one kernel. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { keptAxes, subBlock } from '../reduce/axes.js';
import { normalizeColumns, normalizeColumnsBackward } from '../wasm/elementwise.js';
import { variantFor } from '../wasm/features.js';
import { rowFunctions } from '../wasm/normalize.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';

/** Over which axes, and what is added to the variance before its root. */
export interface NormalizeAttributes {
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/** Calls `visit` for each run of a group: where it starts in each operand, its steps, and how long it is. */
type Walk = (visit: (starts: readonly number[], steps: readonly number[], n: number) => void) => void;

/** Calls `visit` for each group of elements that are normalized together: how many, and a way to walk them in all operands. */
function forEachGroup(
  operands: readonly Block[],
  axes: readonly number[],
  visit: (count: number, walk: Walk) => void,
): void {
  const inside = operands.map((block) => subBlock(block, axes));
  const kept = operands.map((block) => subBlock(block, keptAxes(block, axes)));
  forEachRun(kept[0]!.shape, kept, (at, groups, groupSteps) => {
    for (let k = 0; k < groups; k++) {
      visit(inside[0]!.size, (body) =>
        forEachRun(inside[0]!.shape, inside, (inner, n, steps) => {
          const starts = operands.map(({ offset }, o) => at[o]! + k * groupSteps[o]! + inner[o]! - offset);
          body(starts, steps, n);
        }),
      );
    }
  });
}

/** Mean and 1 / √(variance + ε) of a group of x, the last operand, in double precision; the variance divides by the count. */
function statistics({ data }: Block, count: number, walk: Walk, epsilon: number): { mean: number; scale: number } {
  let total = 0;
  walk((starts, steps, n) => {
    const [at, step] = [starts.at(-1)!, steps.at(-1)!];
    for (let i = 0; i < n; i++) total += data[at + i * step]!;
  });
  const mean = total / count;
  let squares = 0;
  walk((starts, steps, n) => {
    const [at, step] = [starts.at(-1)!, steps.at(-1)!];
    for (let i = 0; i < n; i++) squares += (data[at + i * step]! - mean) ** 2;
  });
  return { mean, scale: 1 / Math.sqrt(squares / count + epsilon) };
}

/** (x − mean) / √(variance + ε) */
const plain: Kernel<NormalizeAttributes> = (out, [x], { axes, epsilon }) => {
  const [y, data] = [out.data, x!.data];
  forEachGroup([out, x!], axes, (count, walk) => {
    const { mean, scale } = statistics(x!, count, walk, epsilon);
    walk(([o, at], [stepOut, step], n) => {
      for (let i = 0; i < n; i++) y[o! + i * stepOut!] = (data[at! + i * step!]! - mean) * scale;
    });
  });
};

/** s (g − mean g − y mean(g y)) with y = (x − mean x) s, s = 1 / √(variance + ε) */
const plainBackward: Kernel<NormalizeAttributes> = (out, [g, x], { axes, epsilon }) => {
  const [dx, dy, data] = [out.data, g!.data, x!.data];
  forEachGroup([out, g!, x!], axes, (count, walk) => {
    const { mean, scale } = statistics(x!, count, walk, epsilon);
    let [sum, products] = [0, 0];
    walk(([, atG, atX], [, stepG, stepX], n) => {
      for (let i = 0; i < n; i++) {
        const v = dy[atG! + i * stepG!]!;
        sum += v;
        products += v * (data[atX! + i * stepX!]! - mean) * scale;
      }
    });
    const [meanG, bend] = [sum / count, (products / count) * scale];
    walk(([o, atG, atX], [stepOut, stepG, stepX], n) => {
      for (let i = 0; i < n; i++) {
        const rest = dy[atG! + i * stepG!]! - meanG - (data[atX! + i * stepX!]! - mean) * bend;
        dx[o! + i * stepOut!] = rest * scale;
      }
    });
  });
};

/** Rows where the last axes are meant, columns where the first are; other axes are the plain loop's. */
function simd(out: Block, x: Block, { axes, epsilon }: NormalizeAttributes): boolean {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.contiguous || !x.storage.inHeap || !out.storage.inHeap || x.size === 0) return false;
  const rank = x.shape.length;
  const reduced = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  if (axes.every((axis, i) => axis === rank - axes.length + i)) {
    rowFunctions(variantFor(type)).normalizeRows(pointerOf(out), pointerOf(x), x.size / reduced, reduced, epsilon);
    return true;
  }
  if (!axes.every((axis, i) => axis === i)) return false;
  return overColumns(out, x, reduced, x.size / reduced, epsilon);
}

function overColumns(out: Block, x: Block, rows: number, columns: number, epsilon: number): boolean {
  const type = lanesOf(x.dtype)!;
  const [moments, scales] = [newBlock('float64', [2, columns], false), newBlock(x.dtype, [2, columns], false)];
  try {
    if (!moments.storage.inHeap || !scales.storage.inHeap) return false;
    const sums = moments.data.subarray(moments.offset, moments.offset + 2 * columns);
    sums.fill(0);
    rowFunctions(variantFor(type)).momentsOfColumns(pointerOf(moments), pointerOf(x), pointerOf(x), rows, columns);
    for (let c = 0; c < columns; c++) {
      // Distances from the first element: nothing cancels when the mean is far from 0.
      const distance = sums[c]! / rows;
      const variance = Math.max(0, sums[columns + c]! / rows - distance * distance);
      scales.data[scales.offset + c] = x.data[x.offset + c]! + distance;
      scales.data[scales.offset + columns + c] = 1 / Math.sqrt(variance + epsilon);
    }
    const bytes = bytesPerElement(x.dtype);
    const [step, mean] = [columns * bytes, pointerOf(scales)];
    normalizeColumns.run(type, 'each each each')!(
      rows,
      columns,
      pointerOf(out),
      step,
      pointerOf(x),
      step,
      mean,
      0,
      mean + step,
      0,
    );
    return true;
  } finally {
    moments.storage.release();
    scales.storage.release();
  }
}

/** (x − mean) / √(variance + ε) over the axes; the variance divides by the count. */
export const normalize: DispatchedKernel<NormalizeAttributes> = kernel(
  plain,
  (out, [x], attributes) => simd(out, x!, attributes),
  {
    outsideFrom: 512,
    stridedFrom: 512,
  },
);

/** As `simd`, for what flows back. */
function simdBackward(out: Block, g: Block, x: Block, { axes, epsilon }: NormalizeAttributes): boolean {
  const type = lanesOf(x.dtype);
  if (type === undefined || g.dtype !== x.dtype || x.size === 0) return false;
  if (![out, g, x].every((block) => block.contiguous && block.storage.inHeap)) return false;
  const rank = x.shape.length;
  const reduced = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  if (axes.every((axis, i) => axis === rank - axes.length + i)) {
    const run = rowFunctions(variantFor(type)).normalizeRowsBackward;
    run(pointerOf(out), pointerOf(g), pointerOf(x), x.size / reduced, reduced, epsilon);
    return true;
  }
  if (!axes.every((axis, i) => axis === i)) return false;
  return overColumnsBackward(out, g, x, reduced, x.size / reduced, epsilon);
}

function overColumnsBackward(out: Block, g: Block, x: Block, rows: number, columns: number, epsilon: number): boolean {
  const type = lanesOf(x.dtype)!;
  const [moments, factors] = [newBlock('float64', [4, columns], false), newBlock(x.dtype, [4, columns], false)];
  try {
    if (!moments.storage.inHeap || !factors.storage.inHeap) return false;
    const sums = moments.data.subarray(moments.offset, moments.offset + 4 * columns);
    sums.fill(0);
    const run = rowFunctions(variantFor(type)).gradientMomentsOfColumns;
    run(pointerOf(moments), pointerOf(x), pointerOf(g), rows, columns);
    for (let c = 0; c < columns; c++) {
      const distance = sums[c]! / rows;
      const variance = Math.max(0, sums[columns + c]! / rows - distance * distance) + epsilon;
      const meanG = sums[2 * columns + c]! / rows;
      const product = sums[3 * columns + c]! / rows - distance * meanG;
      const values = [x.data[x.offset + c]! + distance, meanG, product / variance, 1 / Math.sqrt(variance)];
      for (const [k, value] of values.entries()) factors.data[factors.offset + k * columns + c] = value;
    }
    const step = columns * bytesPerElement(x.dtype);
    const at = pointerOf(factors);
    normalizeColumnsBackward.run(type, 'each each each each each each')!(
      rows,
      columns,
      ...[pointerOf(out), pointerOf(g), pointerOf(x)].flatMap((pointer) => [pointer, step]),
      ...[0, 1, 2, 3].flatMap((k) => [at + k * step, 0]),
    );
    return true;
  } finally {
    moments.storage.release();
    factors.storage.release();
  }
}

/** What flows back through `normalize`: s (g − mean g − y mean(g y)). Inputs: g, x. */
export const normalizeBackward: DispatchedKernel<NormalizeAttributes> = kernel(
  plainBackward,
  (out, [g, x], attributes) => simdBackward(out, g!, x!, attributes),
  { outsideFrom: 512, stridedFrom: 512 },
);
