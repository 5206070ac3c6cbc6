/** Zero mean and unit variance over some axes, in one kernel. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { keptAxes, subBlock } from '../reduce/axes.js';
import { normalizeColumns, normalizeColumnsBackward } from '../wasm/elementwise.js';
import { variantFor } from '../wasm/features.js';
import { patternOfEach } from '../wasm/mapKernel.js';
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

/**
 * x as [bands, rows, groups, width], normalized over rows and width: columns of a batch (one band, a width of 1), groups of channels of
 * each example (a band each), channels that come first (one band). Null where the axes alternate more often.
 */
function bandsOf(
  { shape }: Block,
  axes: readonly number[],
): { bands: number; rows: number; groups: number; width: number } | null {
  let axis = 0;
  const take = (reduced: boolean): number => {
    let extent = 1;
    for (; axis < shape.length && axes.includes(axis) === reduced; axis++) extent *= shape[axis]!;
    return extent;
  };
  const [bands, rows, groups, width] = [take(false), take(true), take(false), take(true)];
  return axis === shape.length ? { bands, rows, groups, width } : null;
}

/** How many numbers are normalized together, where those are rows: the last axes. Else null. */
function rowLength({ shape }: Block, axes: readonly number[]): number | null {
  if (!axes.every((axis, i) => axis === shape.length - axes.length + i)) return null;
  return axes.reduce((product, axis) => product * shape[axis]!, 1);
}

/** Rows where the last axes are meant; bands of columns for others. */
function simd(out: Block, x: Block, { axes, epsilon }: NormalizeAttributes): boolean {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.contiguous || !x.storage.inHeap || !out.storage.inHeap || x.size === 0) return false;
  const length = rowLength(x, axes);
  if (length === null) return overColumns(out, x, axes, epsilon);
  rowFunctions(variantFor(type)).normalizeRows(pointerOf(out), pointerOf(x), x.size / length, length, epsilon);
  return true;
}

/** Sums over the columns of a band, and numbers for each column that go into its second pass; false where the heap has no room. */
function withColumns(x: Block, columns: number, count: number, use: (moments: Block, factors: Block) => void): boolean {
  const [moments, factors] = [newBlock('float64', [count, columns], false), newBlock(x.dtype, [count, columns], false)];
  try {
    if (!moments.storage.inHeap || !factors.storage.inHeap) return false;
    use(moments, factors);
    return true;
  } finally {
    moments.storage.release();
    factors.storage.release();
  }
}

/**
 * Mean and variance of a group of columns, the `width` columns from `first` on, out of the sums of distances from the first element of
 * each and of their squares. Nothing cancels when the mean is far from 0.
 */
function momentsOfGroup(
  sums: (row: number, column: number) => number,
  firstOf: (column: number) => number,
  first: number,
  width: number,
  rows: number,
): { mean: number; variance: number } {
  let mean = 0;
  for (let c = first; c < first + width; c++) mean += firstOf(c) + sums(0, c) / rows;
  mean /= width;
  let variance = 0;
  for (let c = first; c < first + width; c++) {
    const distance = sums(0, c) / rows;
    variance += Math.max(0, sums(1, c) / rows - distance * distance) + (firstOf(c) + distance - mean) ** 2;
  }
  return { mean, variance: variance / width };
}

function overColumns(out: Block, x: Block, axes: readonly number[], epsilon: number): boolean {
  const split = bandsOf(x, axes);
  if (split === null) return false;
  const { bands, rows, groups, width } = split;
  const columns = groups * width;
  const type = lanesOf(x.dtype)!;
  const bytes = bytesPerElement(x.dtype);
  const step = columns * bytes;
  return withColumns(x, columns, 2, (moments, factors) => {
    const sums = (row: number, c: number): number => moments.data[moments.offset + row * columns + c]!;
    for (let band = 0; band < bands; band++) {
      const start = x.offset + band * rows * columns;
      const [from, to] = [start * bytes, pointerOf(out) + band * rows * step];
      moments.data.fill(0, moments.offset, moments.offset + 2 * columns);
      rowFunctions(variantFor(type)).momentsOfColumns(pointerOf(moments), from, from, rows, columns);
      for (let first = 0; first < columns; first += width) {
        const { mean, variance } = momentsOfGroup(sums, (c) => x.data[start + c]!, first, width, rows);
        factors.data.fill(mean, factors.offset + first, factors.offset + first + width);
        const scales = factors.offset + columns + first;
        factors.data.fill(1 / Math.sqrt(variance + epsilon), scales, scales + width);
      }
      const at = pointerOf(factors);
      normalizeColumns.run(type, patternOfEach(3))!(rows, columns, to, step, from, step, at, 0, at + step, 0);
    }
  });
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
  const length = rowLength(x, axes);
  if (length === null) return overColumnsBackward(out, g, x, axes, epsilon);
  const run = rowFunctions(variantFor(type)).normalizeRowsBackward;
  run(pointerOf(out), pointerOf(g), pointerOf(x), x.size / length, length, epsilon);
  return true;
}

function overColumnsBackward(out: Block, g: Block, x: Block, axes: readonly number[], epsilon: number): boolean {
  const split = bandsOf(x, axes);
  if (split === null) return false;
  const { bands, rows, groups, width } = split;
  const columns = groups * width;
  const type = lanesOf(x.dtype)!;
  const bytes = bytesPerElement(x.dtype);
  const step = columns * bytes;
  return withColumns(x, columns, 4, (moments, factors) => {
    const sums = (row: number, c: number): number => moments.data[moments.offset + row * columns + c]!;
    for (let band = 0; band < bands; band++) {
      const start = x.offset + band * rows * columns;
      const firstOf = (c: number): number => x.data[start + c]!;
      const [to, fromG] = [out, g].map((block) => pointerOf(block) + band * rows * step) as [number, number];
      const from = start * bytes;
      moments.data.fill(0, moments.offset, moments.offset + 4 * columns);
      rowFunctions(variantFor(type)).gradientMomentsOfColumns(pointerOf(moments), from, fromG, rows, columns);
      for (let first = 0; first < columns; first += width) {
        const { mean, variance } = momentsOfGroup(sums, firstOf, first, width, rows);
        let [sumG, product] = [0, 0];
        for (let c = first; c < first + width; c++) {
          sumG += sums(2, c);
          product += sums(3, c) + (firstOf(c) - mean) * sums(2, c);
        }
        const count = rows * width;
        const values = [mean, sumG / count, product / count / (variance + epsilon), 1 / Math.sqrt(variance + epsilon)];
        for (const [k, value] of values.entries()) {
          const place = factors.offset + k * columns + first;
          factors.data.fill(value, place, place + width);
        }
      }
      const at = pointerOf(factors);
      normalizeColumnsBackward.run(type, patternOfEach(6))!(
        rows,
        columns,
        ...[to, step, fromG, step, from, step],
        ...[at, 0, at + step, 0, at + 2 * step, 0, at + 3 * step, 0],
      );
    }
  });
}

/** What flows back through `normalize`: s (g − mean g − y mean(g y)). Inputs: g, x. */
export const normalizeBackward: DispatchedKernel<NormalizeAttributes> = kernel(
  plainBackward,
  (out, [g, x], attributes) => simdBackward(out, g!, x!, attributes),
  { outsideFrom: 512, stridedFrom: 512 },
);
