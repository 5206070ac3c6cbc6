/**
 * Zero mean and unit variance, then a scale and a shift that are learned, in one kernel: layer normalization (over the last axes, with a
 * scale for each element of a row) and batch normalization (over the first axes, with a scale for each column).
 */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { fill, withContiguous } from '../move/copy.js';
import { normalizeColumnsBackward, normalizeColumnsScaled } from '../wasm/elementwise.js';
import { variantFor } from '../wasm/features.js';
import type { FloatVector } from '../wasm/lanes.js';
import { rowFunctions, rowsAtOnce } from '../wasm/normalize.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';

/** What is normalized together: `'rows'`, the last axes, or `'columns'`, the first ones. `count` is how many numbers that are. */
export interface AffineNormalizeAttributes {
  readonly along: 'rows' | 'columns';
  readonly count: number;
  readonly epsilon: number;
}

/** What the backward kernel is told; `wanted` says for x, scale and shift whether their cotangents are. */
export interface AffineNormalizePull {
  readonly attributes: AffineNormalizeAttributes;
  readonly wanted: readonly boolean[];
}

/** Number and steps of the groups that are normalized together: element i of group k is at k · groupStep + i · step. */
function groupsOf({ size }: Block, { along, count }: AffineNormalizeAttributes) {
  const groups = count === 0 ? 0 : size / count;
  return along === 'rows' ? { groups, groupStep: count, step: 1 } : { groups, groupStep: 1, step: groups };
}

/** Which of the scales element i of group k has. */
const indexOfScale = (along: 'rows' | 'columns', k: number, i: number): number => (along === 'rows' ? i : k);

/** Mean and 1 / √(variance + ε) of a group of x, in double precision. */
function statistics({ data }: Block, from: number, step: number, count: number, epsilon: number) {
  let total = 0;
  for (let i = 0; i < count; i++) total += data[from + i * step]!;
  const mean = total / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (data[from + i * step]! - mean) ** 2;
  return { mean, root: 1 / Math.sqrt(squares / count + epsilon) };
}

const allContiguous = (blocks: readonly Block[], use: (contiguous: readonly Block[]) => void): void => {
  const [first, ...rest] = blocks;
  if (first === undefined) use([]);
  else withContiguous(first, (block) => allContiguous(rest, (others) => use([block, ...others])));
};

const plain: Kernel<AffineNormalizeAttributes> = (out, inputs, attributes) =>
  allContiguous(inputs, ([x, scale, shift]) => {
    const { along, count, epsilon } = attributes;
    const { groups, groupStep, step } = groupsOf(x!, attributes);
    for (let k = 0; k < groups; k++) {
      const from = x!.offset + k * groupStep;
      const { mean, root } = statistics(x!, from, step, count, epsilon);
      for (let i = 0; i < count; i++) {
        const at = indexOfScale(along, k, i);
        const normalized = (x!.data[from + i * step]! - mean) * root;
        out.data[out.offset + k * groupStep + i * step] =
          normalized * scale!.data[scale!.offset + at]! + shift!.data[shift!.offset + at]!;
      }
    }
  });

/** Where in the flat result the cotangents of x, scale and shift begin; −1 for one that is not wanted. */
function placesOf(out: Block, sizes: readonly number[], wanted: readonly boolean[]): readonly number[] {
  let next = out.offset;
  return sizes.map((size, i) => {
    if (!wanted[i]) return -1;
    const at = next;
    next += size;
    return at;
  });
}

/** dx = r (γg − mean γg − y mean(γg y)), dγ = Σ g y, dβ = Σ g, with y = (x − mean x) r and r = 1 / √(variance + ε) */
const plainBackward: Kernel<AffineNormalizePull> = (out, inputs, { attributes, wanted }) =>
  allContiguous(inputs.slice(0, 3), ([g, x, scale]) => {
    const { along, count, epsilon } = attributes;
    const { groups, groupStep, step } = groupsOf(x!, attributes);
    const [atX, atScale, atShift] = placesOf(out, [x!.size, scale!.size, scale!.size], wanted);
    const [dScale, dShift] = [new Float64Array(scale!.size), new Float64Array(scale!.size)];
    for (let k = 0; k < groups; k++) {
      const [from, fromG] = [x!.offset + k * groupStep, g!.offset + k * groupStep];
      const { mean, root } = statistics(x!, from, step, count, epsilon);
      let [sum, products] = [0, 0];
      for (let i = 0; i < count; i++) {
        const at = indexOfScale(along, k, i);
        const gradient = g!.data[fromG + i * step]!;
        const y = (x!.data[from + i * step]! - mean) * root;
        dScale[at]! += gradient * y;
        dShift[at]! += gradient;
        const scaled = gradient * scale!.data[scale!.offset + at]!;
        sum += scaled;
        products += scaled * y;
      }
      if (!wanted[0]) continue;
      for (let i = 0; i < count; i++) {
        const scaled = g!.data[fromG + i * step]! * scale!.data[scale!.offset + indexOfScale(along, k, i)]!;
        const y = (x!.data[from + i * step]! - mean) * root;
        out.data[atX! + k * groupStep + i * step] = (scaled - sum / count - (y * products) / count) * root;
      }
    }
    if (wanted[1]) out.data.set(dScale, atScale);
    if (wanted[2]) out.data.set(dShift, atShift);
  });

/** The lanes that all blocks share, if all lie contiguous in the heap. */
function lanesOfAll(blocks: readonly Block[]): FloatVector | undefined {
  const { dtype } = blocks[0]!;
  for (const block of blocks) if (!block.storage.inHeap || !block.contiguous || block.dtype !== dtype) return undefined;
  return lanesOf(dtype);
}

/** Runs `use` with memory of the heap for some rows of numbers; false where it has no room. */
function withRows(dtype: Block['dtype'], rows: number, columns: number, use: (block: Block) => void): boolean {
  const block = newBlock(dtype, [rows, columns], false);
  try {
    if (!block.storage.inHeap) return false;
    use(block);
    return true;
  } finally {
    block.storage.release();
  }
}

/** Mean and variance of each column from sums of distances from its first element, and of their squares. */
function momentOf(x: Block, sums: Block, columns: number, rows: number, c: number): { mean: number; variance: number } {
  const distance = sums.data[sums.offset + c]! / rows;
  const variance = Math.max(0, sums.data[sums.offset + columns + c]! / rows - distance * distance);
  return { mean: x.data[x.offset + c]! + distance, variance };
}

function simd(out: Block, [x, scale, shift]: readonly Block[], attributes: AffineNormalizeAttributes): boolean {
  const type = lanesOfAll([x!, scale!, shift!]);
  if (type === undefined || !out.storage.inHeap || x!.size === 0) return false;
  const { along, count, epsilon } = attributes;
  const groups = x!.size / count;
  const functions = rowFunctions(variantFor(type));
  if (along === 'rows') {
    const [to, from] = [pointerOf(out), pointerOf(x!)];
    functions.normalizeRowsScaled(to, from, groups, count, epsilon, pointerOf(scale!), pointerOf(shift!));
    return true;
  }
  return withRows('float64', 2, groups, (sums) =>
    withRows(x!.dtype, 2, groups, (factors) => {
      fill(sums, 0);
      functions.momentsOfColumns(pointerOf(sums), pointerOf(x!), pointerOf(x!), count, groups);
      for (let c = 0; c < groups; c++) {
        const { mean, variance } = momentOf(x!, sums, groups, count, c);
        factors.data[factors.offset + c] = mean;
        factors.data[factors.offset + groups + c] = scale!.data[scale!.offset + c]! / Math.sqrt(variance + epsilon);
      }
      const step = groups * bytesPerElement(x!.dtype);
      const [mean, factor] = [pointerOf(factors), pointerOf(factors) + step];
      normalizeColumnsScaled.run(type, 'each each each each')!(
        count,
        groups,
        ...[pointerOf(out), step, pointerOf(x!), step, mean, 0, factor, 0, pointerOf(shift!), 0],
      );
    }),
  );
}

function simdBackward(out: Block, inputs: readonly Block[], { attributes, wanted }: AffineNormalizePull): boolean {
  const [g, x, scale] = inputs as readonly [Block, Block, Block];
  const type = lanesOfAll([g, x, scale]);
  if (type === undefined || !out.storage.inHeap || x.size === 0 || !wanted[0]) return false;
  const [dx, dScale, dShift] = placesOf(out, [x.size, scale.size, scale.size], wanted) as [number, number, number];
  const store = (at: number, values: ArrayLike<number>): void => {
    if (at >= 0) out.data.set(values, at);
  };
  const { along, count, epsilon } = attributes;
  const bytes = bytesPerElement(x.dtype);
  const groups = x.size / count;
  const functions = rowFunctions(variantFor(type));
  if (along === 'columns') {
    return withRows('float64', 4, groups, (sums) =>
      withRows(x.dtype, 4, groups, (factors) => {
        fill(sums, 0);
        functions.gradientMomentsOfColumns(pointerOf(sums), pointerOf(x), pointerOf(g), count, groups);
        const [ofScale, ofShift] = [new Float64Array(groups), new Float64Array(groups)];
        const sum = (row: number, c: number): number => sums.data[sums.offset + row * groups + c]!;
        for (let c = 0; c < groups; c++) {
          const { mean, variance } = momentOf(x, sums, groups, count, c);
          const root = 1 / Math.sqrt(variance + epsilon);
          const meanG = sum(2, c) / count;
          const product = sum(3, c) / count - (sum(0, c) / count) * meanG;
          ofScale[c] = product * count * root;
          ofShift[c] = sum(2, c);
          const values = [mean, meanG, product * root * root, scale.data[scale.offset + c]! * root];
          for (let k = 0; k < 4; k++) factors.data[factors.offset + k * groups + c] = values[k]!;
        }
        store(dScale, ofScale);
        store(dShift, ofShift);
        const [step, at] = [groups * bytes, pointerOf(factors)];
        normalizeColumnsBackward.run(type, 'each each each each each each')!(
          count,
          groups,
          ...[dx * bytes, step, pointerOf(g), step, pointerOf(x), step],
          ...[at, 0, at + step, 0, at + 2 * step, 0, at + 3 * step, 0],
        );
      }),
    );
  }
  return withRows(x.dtype, 2, count, (sums) => {
    const totals = new Float64Array(2 * count);
    for (let first = 0; first < groups; first += rowsAtOnce) {
      sums.data.fill(0, sums.offset, sums.offset + 2 * count);
      const at = first * count * bytes;
      functions.normalizeRowsScaledBackward(
        dx * bytes + at,
        pointerOf(g) + at,
        pointerOf(x) + at,
        Math.min(rowsAtOnce, groups - first),
        count,
        epsilon,
        pointerOf(scale),
        pointerOf(sums),
        pointerOf(sums) + count * bytes,
      );
      for (let i = 0; i < 2 * count; i++) totals[i]! += sums.data[sums.offset + i]!;
    }
    store(dScale, totals.subarray(0, count));
    store(dShift, totals.subarray(count));
  });
}

const staging = { outsideFrom: 128, stridedFrom: 512, work: (_: Block, [x]: readonly Block[]): number => x!.size };

/** γ (x − mean) / √(variance + ε) + β; the variance divides by the count. Inputs: x, γ, β. */
export const affineNormalize: DispatchedKernel<AffineNormalizeAttributes> = kernel(plain, simd, staging);

/** What flows back through it to x, γ and β, flat, one behind the other. Inputs: g, x, γ, β. */
export const affineNormalizeBackward: DispatchedKernel<AffineNormalizePull> = kernel(plainBackward, simdBackward, {
  ...staging,
  work: (_: Block, [g]: readonly Block[]): number => g!.size,
});

/** Mean and variance of each column of x [..., columns], as two rows; the variance divides by the count. */
export const columnMoments: DispatchedKernel = kernel(
  (out, [given]) =>
    withContiguous(given!, (x) => {
      const columns = x.shape.at(-1)!;
      const rows = x.size / columns;
      for (let c = 0; c < columns; c++) {
        const { mean, root } = statistics(x, x.offset + c, columns, rows, 0);
        out.data[out.offset + c] = mean;
        out.data[out.offset + columns + c] = 1 / (root * root);
      }
    }),
  (out, [x]) => {
    const type = lanesOfAll([x!]);
    const columns = x!.shape.at(-1)!;
    if (type === undefined || x!.size === 0) return false;
    const rows = x!.size / columns;
    return withRows('float64', 2, columns, (sums) => {
      fill(sums, 0);
      const run = rowFunctions(variantFor(type)).momentsOfColumns;
      run(pointerOf(sums), pointerOf(x!), pointerOf(x!), rows, columns);
      for (let c = 0; c < columns; c++) {
        const { mean, variance } = momentOf(x!, sums, columns, rows, c);
        out.data[out.offset + c] = mean;
        out.data[out.offset + columns + c] = variance;
      }
    });
  },
  staging,
);
