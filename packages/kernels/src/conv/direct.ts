/** Convolution in SIMD, straight from the (padded) input: tables say where windows and taps lie, and kernels do the rest. */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { dense } from '../fused/dense.js';
import { type Ending, type EndingInRegisters, endInSimd, inRegisters, without } from '../fused/ending.js';
import { matmul } from '../matmul/plain.js';
import { copyInto, fill } from '../move/copy.js';
import { windowsModule } from '../wasm/convolution/windows.js';
import { variantFor } from '../wasm/features.js';
import { type FloatVector, lanesOfVariant } from '../wasm/lanes.js';
import { tileVectors } from '../wasm/matmul/tile.js';
import { rowsModule } from '../wasm/rows.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.js';
import { hasFewChannels, inputGradientOfFewChannels } from './fewChannels.js';
import type { Geometry } from './geometry.js';
import { forwardTiling, inputGradientTiling, minimalConvolution, minimalFilterGradient } from './minimal.js';
import { isPadded, withPadding, withScratch } from './padded.js';
import {
  filterGradientPlan,
  forwardPlan,
  inputGradientPlan,
  leavesGaps,
  type Plan,
  placesAtOnce,
  product,
  withTable,
} from './plans.js';

const ready = (...blocks: readonly Block[]): FloatVector | undefined => {
  const { dtype } = blocks[0]!;
  for (const block of blocks) if (!block.contiguous || !block.storage.inHeap || block.dtype !== dtype) return undefined;
  return lanesOf(dtype);
};

/** Windows of the memory at `from` times [matrices, rows, columns] in one piece, a matrix for each tap, into places of the memory at `to`. */
function convolveWindows(
  type: FloatVector,
  plan: Plan,
  batch: number,
  to: number,
  from: number,
  matrices: Block,
  { bias, relu }: EndingInRegisters,
): boolean {
  const { groups, rows, columns, images, perImage, runs, runLength } = plan;
  const { dtype } = matrices;
  const bytes = bytesPerElement(dtype);
  const tileColumns = tileVectors * (type === 'f32x4' ? 4 : 2);
  const bands = Math.ceil(columns / tileColumns);
  const bandElements = plan.matrixOfTap.length * rows * tileColumns;
  const { forward, forwardSingly } = windowsModule(variantFor(type));
  const multiply = runLength === 1 ? forwardSingly : forward;
  return withTable(plan.reads, (reads) =>
    withTable(plan.writes, (writes) =>
      withTable(runs, (tapTable) =>
        withScratch(dtype, [groups, bands, bandElements], (packed) => {
          packMatrices(packed, type, plan, matrices, tileColumns);
          const packedAt = pointerOf(packed);
          for (let image = 0; image < batch; image += images) {
            const places = Math.min(images, batch - image) * perImage;
            for (let first = 0; first < places; first += placesAtOnce) {
              const count = Math.min(placesAtOnce, places - first);
              for (let group = 0; group < groups; group++) {
                const read = from + image * plan.readImageBytes + group * rows * bytes;
                const write = to + image * plan.writeImageBytes + group * columns * bytes;
                for (let band = 0; band < bands; band++) {
                  multiply(
                    write + band * tileColumns * bytes,
                    writes + 4 * first,
                    read,
                    reads + 4 * first,
                    count,
                    tapTable,
                    runs.length,
                    runLength,
                    packedAt + (group * bands + band) * bandElements * bytes,
                    columns - band * tileColumns,
                    bias === 0 ? 0 : bias + (group * columns + band * tileColumns) * bytes,
                    relu,
                  );
                }
              }
            }
          }
          return true;
        }),
      ),
    ),
  );
}

/** Bands of columns as wide as a tile, each with its taps' rows one behind the other. */
function packMatrices(packed: Block, type: FloatVector, plan: Plan, matrices: Block, tileColumns: number): void {
  const { matrixOfTap, rows, columns, groups } = plan;
  const bytes = bytesPerElement(matrices.dtype);
  const { copy } = rowsModule(type);
  const [, allRows, allColumns] = matrices.shape as [number, number, number];
  // Columns that do not exist are computed too: from numbers that slow nothing down.
  if (columns % tileColumns !== 0) fill(packed, 0);
  const rowBytes = allColumns * bytes;
  let to = pointerOf(packed);
  for (let group = 0; group < groups; group++) {
    // A row of the input's channels is a row of the matrices only where all channels are in one group's matrix.
    const firstRow = allRows === rows ? 0 : group * rows;
    const firstColumn = allColumns === columns ? 0 : group * columns;
    for (let column = 0; column < columns; column += tileColumns) {
      for (const matrix of matrixOfTap) {
        const from = pointerOf(matrices) + ((matrix * allRows + firstRow) * allColumns + firstColumn + column) * bytes;
        copy(to, tileColumns * bytes, from, rowBytes, rows, Math.min(tileColumns, columns - column));
        to += rows * tileColumns * bytes;
      }
    }
  }
}

/** Whether the taps of all windows are the input itself: 1×1×1 without steps. */
const isPlain = (g: Geometry): boolean =>
  !isPadded(g) && g.window.every((n) => n === 1) && g.strides.every((n) => n === 1);

/** Part of a contiguous block as a matrix. */
const matrixOf = (block: Block, columns: number): Block =>
  block.view({ shape: [block.size / columns, columns], strides: [columns, 1], offset: block.offset });

/** Its product with a matrix, a bias and an activation. */
function multiply(out: Block, columns: number, a: Block, matrix: Block, { bias, activation }: Ending): true {
  const product = matrixOf(out, columns);
  const factors = [matrixOf(a, matrix.shape[0]!), matrix];
  if (bias !== null) dense(product, [...factors, bias], { activation });
  else {
    matmul(product, factors, undefined);
    endInSimd(out, { bias, activation }, false);
  }
  return true;
}

const operandsOf = (blocks: readonly Block[], { bias }: Ending): readonly Block[] =>
  bias === null ? blocks : [...blocks, bias];

/** y = activation(filter ⋆ x + bias) */
export function convolution(y: Block, x: Block, filter: Block, g: Geometry, groups: number, ending: Ending): boolean {
  const type = ready(...operandsOf([y, x, filter], ending));
  if (type === undefined) return false;
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = product(g.window);
  if (y.size === 0 || taps * from === 0) return false;
  if (isPlain(g) && groups === 1) return multiply(y, outputs, x, matrixOf(filter, outputs), ending);
  if (!convolve(y, x, filter, g, groups, type, inRegisters(ending))) return false;
  endInSimd(y, ending, true);
  return true;
}

function convolve(
  y: Block,
  x: Block,
  filter: Block,
  g: Geometry,
  groups: number,
  type: FloatVector,
  ending: EndingInRegisters,
): boolean {
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = product(g.window);
  if (groups > 1 && from === 1 && outputs === groups) return depthwise(y, x, filter, g, type, ending);
  const tiling = groups === 1 ? forwardTiling(g, outputs) : null;
  if (tiling !== null) {
    const before = [g.padding[1][0], g.padding[2][0]] as const;
    return minimalConvolution(y, x, filter, type, tiling, before, false, ending);
  }
  const bytes = bytesPerElement(y.dtype);
  const plan = forwardPlan(g, from, outputs, groups, bytes);
  const matrices = filter.view({
    shape: [taps, from, outputs],
    strides: [from * outputs, outputs, 1],
    offset: filter.offset,
  });
  return withPadding(x, g, rowsModule(type), ({ block }) =>
    convolveWindows(type, plan, g.batch, pointerOf(y), pointerOf(block), matrices, ending),
  );
}

/** dx: a convolution of g with the filter turned round; where windows take steps, one for each remainder of a place by the step. */
export function inputGradient(
  dx: Block,
  g: Block,
  filter: Block,
  geometry: Geometry,
  groups: number,
  ending: Ending,
): boolean {
  const type = ready(...operandsOf([dx, g, filter], ending));
  if (type === undefined) return false;
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = product(geometry.window);
  if (dx.size === 0 || g.size === 0 || taps * from === 0) return false;
  if (isPlain(geometry) && groups === 1) {
    const transposed = filter.view({ shape: [outputs, from], strides: [1, outputs], offset: filter.offset });
    return multiply(dx, from, g, transposed, ending);
  }
  if (groups === 1 && hasFewChannels(geometry)) {
    if (!inputGradientOfFewChannels(dx, g, filter, geometry, type)) return false;
    endInSimd(dx, ending, false);
    return true;
  }
  const gaps = leavesGaps(geometry);
  // Places that no window reaches get the bias too.
  if (gaps) fill(dx, 0);
  if (!convolveBack(dx, g, filter, geometry, groups, type, gaps ? without : inRegisters(ending))) return false;
  endInSimd(dx, ending, !gaps);
  return true;
}

function convolveBack(
  dx: Block,
  g: Block,
  filter: Block,
  geometry: Geometry,
  groups: number,
  type: FloatVector,
  ending: EndingInRegisters,
): boolean {
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = product(geometry.window);
  if (groups > 1 && from === 1 && outputs === groups)
    return depthwiseInputGradient(dx, g, filter, geometry, type, ending);
  const tiling = groups === 1 ? inputGradientTiling(geometry, outputs) : null;
  if (tiling !== null) {
    const before = ([1, 2] as const).map((axis) => geometry.window[axis] - 1 - geometry.padding[axis][0]);
    return withScratch(dx.dtype, [taps, outputs, from], (matrices) => {
      const strides = [from * outputs, 1, outputs];
      copyInto(matrices, filter.view({ shape: [taps, outputs, from], strides, offset: filter.offset }));
      return minimalConvolution(dx, g, matrices, type, tiling, before as unknown as [number, number], true, ending);
    });
  }
  const bytes = bytesPerElement(dx.dtype);
  const { padding, phases } = inputGradientPlan(geometry, from, outputs, groups, bytes);
  return withScratch(dx.dtype, [taps, outputs, from], (matrices) => {
    const strides = [from * outputs, 1, outputs];
    copyInto(matrices, filter.view({ shape: [taps, outputs, from], strides, offset: filter.offset }));
    const padded = { batch: geometry.batch, input: geometry.output, channels: outputs, padding };
    return withPadding(g, padded, rowsModule(type), ({ block }) =>
      phases.every((plan) =>
        convolveWindows(type, plan, geometry.batch, pointerOf(dx), pointerOf(block), matrices, ending),
      ),
    );
  });
}

/** dfilter[tap, i, o] = Σ over places of x · g, some hundred places at a time. */
export function filterGradient(df: Block, x: Block, g: Block, geometry: Geometry, groups: number): boolean {
  const type = ready(df, x, g);
  if (type === undefined) return false;
  const [from, outputs] = [df.shape[3]!, df.shape[4]!];
  const to = outputs / groups;
  if (df.size === 0 || g.size === 0 || x.size === 0) return false;
  if (groups > 1 && from === 1 && to === 1) return depthwiseFilterGradient(df, x, g, geometry, type);
  const tiling = groups === 1 ? forwardTiling(geometry, outputs) : null;
  if (tiling !== null)
    return minimalFilterGradient(df, x, g, type, tiling, [geometry.padding[1][0], geometry.padding[2][0]]);
  const bytes = bytesPerElement(df.dtype);
  const variant = variantFor(type);
  const { filter } = windowsModule(variant);
  const tileColumns = tileVectors * (lanesOfVariant(variant) === 'f32x4' ? 4 : 2);
  const { images, perImage, imageBytes, places, elements } = filterGradientPlan(geometry, from, bytes);
  return withPadding(x, geometry, rowsModule(type), ({ block }) =>
    withTable(places, (placeTable) =>
      withTable(elements, (elementTable) => {
        for (let image = 0; image < geometry.batch; image += images) {
          const count = Math.min(images, geometry.batch - image) * perImage;
          for (let first = 0; first < count; first += placesAtOnce) {
            const rows = pointerOf(g) + (image * perImage + first) * outputs * bytes;
            for (let group = 0; group < groups; group++) {
              for (let column = 0; column < to; column += tileColumns) {
                filter(
                  pointerOf(df) + (group * to + column) * bytes,
                  outputs * bytes,
                  elements.length,
                  elementTable,
                  pointerOf(block) + image * imageBytes + group * from * bytes,
                  placeTable + 4 * first,
                  Math.min(placesAtOnce, count - first),
                  rows + (group * to + column) * bytes,
                  outputs * bytes,
                  to - column,
                  image === 0 && first === 0 ? 0 : 1,
                );
              }
            }
          }
        }
        return true;
      }),
    ),
  );
}
