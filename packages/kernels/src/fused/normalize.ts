/** Zero mean and unit variance over some axes, in one kernel. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { keptAxes, subBlock } from '../reduce/axes.js';
import { normalizeColumns } from '../wasm/elementwise.js';
import { variantFor } from '../wasm/features.js';
import { rowFunctions } from '../wasm/normalize.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';

/** Over which axes, and what is added to the variance before its root. */
export interface NormalizeAttributes {
  readonly axes: readonly number[];
  readonly epsilon: number;
}

/** (x − mean) / √(variance + ε), mean and variance (divided by the count) in double precision. */
const plain: Kernel<NormalizeAttributes> = (out, [x], { axes, epsilon }) => {
  const { data } = x!;
  const places = (block: Block): Block => subBlock(block, axes);
  const [from, to] = [places(x!), places(out)];
  const kept = [subBlock(x!, keptAxes(x!, axes)), subBlock(out, keptAxes(out, axes))];
  const count = from.size;
  const forEachElement = (startX: number, startOut: number, visit: (at: number, o: number) => void): void => {
    forEachRun(from.shape, [from, to], (at, n, steps) => {
      for (let i = 0; i < n; i++) {
        visit(startX + at[0]! - x!.offset + i * steps[0]!, startOut + at[1]! - out.offset + i * steps[1]!);
      }
    });
  };
  forEachRun(kept[0]!.shape, kept, (at, n, steps) => {
    for (let k = 0; k < n; k++) {
      const [startX, startOut] = [at[0]! + k * steps[0]!, at[1]! + k * steps[1]!];
      let total = 0;
      forEachElement(startX, startOut, (i) => {
        total += data[i]!;
      });
      const mean = total / count;
      let squares = 0;
      forEachElement(startX, startOut, (i) => {
        squares += (data[i]! - mean) ** 2;
      });
      const scale = 1 / Math.sqrt(squares / count + epsilon);
      forEachElement(startX, startOut, (i, o) => {
        out.data[o] = (data[i]! - mean) * scale;
      });
    }
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
    const at = pointerOf(moments);
    rowFunctions(variantFor(type)).momentsOfColumns(at, at + 8 * columns, pointerOf(x), rows, columns);
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
