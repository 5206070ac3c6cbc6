/**
 * Convolution by matrix products: the taps of some hundred windows are laid side by side, row for row (im2col), and multiplied by the
 * filter as a matrix. Only that many rows exist at a time, so that they stay in the cache.
 */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { add } from '../elementwise/arithmetic.js';
import { matmul } from '../matmul/plain.js';
import { multiplyAdd } from '../wasm/elementwise.js';
import type { FloatVector } from '../wasm/lanes.js';
import { type RowsFunctions, rowsModule } from '../wasm/rows.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import type { Geometry } from './geometry.js';

/** Bytes of taps that are laid out at a time. */
const panelBytes = 512 * 1024;

const ready = (...blocks: readonly Block[]): FloatVector | undefined => {
  const { dtype } = blocks[0]!;
  for (const block of blocks) if (!block.contiguous || !block.storage.inHeap || block.dtype !== dtype) return undefined;
  return lanesOf(dtype);
};

/** Runs `use` with a block of the heap, leased for the call; false where the heap has no room. */
function withScratch(dtype: DType, shape: readonly number[], use: (scratch: Block) => boolean): boolean {
  const scratch = newBlock(dtype, shape, false);
  try {
    return scratch.storage.inHeap && use(scratch);
  } finally {
    scratch.storage.release();
  }
}

/** Part of a contiguous block: `rows` × `columns` elements from element `start` on. */
const part = (block: Block, start: number, rows: number, columns: number): Block =>
  block.view({ shape: [rows, columns], strides: [columns, 1], offset: block.offset + start });

/** The input with its padding, in memory: windows then never reach beyond. */
interface Padded {
  readonly block: Block;
  readonly extents: readonly [number, number, number];
}

const paddedExtents = ({ input, padding }: Geometry): readonly [number, number, number] => [
  input[0] + padding[0][0] + padding[0][1],
  input[1] + padding[1][0] + padding[1][1],
  input[2] + padding[2][0] + padding[2][1],
];

const isPadded = ({ padding }: Geometry): boolean => padding.some(([before, after]) => before > 0 || after > 0);

/** Calls `visit(inside, outside)` for every row of the input: where it lies in the input, and in the padded one (in elements). */
function forEachInputRow(
  g: Geometry,
  extents: readonly number[],
  visit: (inside: number, outside: number) => void,
): void {
  const [depth, height, width] = g.input;
  const [, paddedHeight, paddedWidth] = extents as [number, number, number];
  for (let n = 0; n < g.batch; n++) {
    for (let d = 0; d < depth; d++) {
      for (let h = 0; h < height; h++) {
        const row = (n * extents[0]! + d + g.padding[0][0]) * paddedHeight + h + g.padding[1][0];
        visit(((n * depth + d) * height + h) * width * g.channels, (row * paddedWidth + g.padding[2][0]) * g.channels);
      }
    }
  }
}

function withPadding(x: Block, g: Geometry, rows: RowsFunctions, use: (padded: Padded) => boolean): boolean {
  const extents = paddedExtents(g);
  if (!isPadded(g)) return use({ block: x, extents });
  return withScratch(x.dtype, [g.batch, ...extents, g.channels], (block) => {
    block.data.fill(0, block.offset, block.offset + block.size);
    const bytes = bytesPerElement(x.dtype);
    const [from, to] = [pointerOf(x), pointerOf(block)];
    forEachInputRow(g, extents, (inside, outside) =>
      rows.copy(to + outside * bytes, 0, from + inside * bytes, 0, 1, g.input[2] * g.channels),
    );
    return use({ block, extents });
  });
}

/** Where the windows of one row of the result (all along the width) lie: panels are made of such rows. */
function forEachPanel(g: Geometry, perRow: number, dtype: DType, visit: (first: number, count: number) => void): void {
  const rows = g.batch * g.output[0] * g.output[1];
  const rowBytes = g.output[2] * perRow * bytesPerElement(dtype);
  const atOnce = Math.max(1, Math.min(rows, Math.floor(panelBytes / Math.max(1, rowBytes))));
  for (let first = 0; first < rows; first += atOnce) visit(first, Math.min(atOnce, rows - first));
}

/**
 * Calls `visit(row of the result, tap row, elements from the start of the padded input, runs)` for each row of windows and each row of
 * taps; one run of taps where they lie side by side, else one for each.
 */
function forEachTapRow(
  g: Geometry,
  extents: readonly number[],
  first: number,
  count: number,
  visit: (row: number, tapRow: number, start: number) => void,
): void {
  const [outDepth, outHeight] = g.output;
  const [, height, width] = extents as [number, number, number];
  for (let row = 0; row < count; row++) {
    const oh = (first + row) % outHeight;
    const od = Math.floor((first + row) / outHeight) % outDepth;
    const n = Math.floor((first + row) / (outHeight * outDepth));
    for (let kd = 0; kd < g.window[0]; kd++) {
      const d = n * extents[0]! + od * g.strides[0] + kd * g.dilations[0];
      for (let kh = 0; kh < g.window[1]; kh++) {
        const h = d * height + oh * g.strides[1] + kh * g.dilations[1];
        visit(row, kd * g.window[1] + kh, h * width * g.channels);
      }
    }
  }
}

/** Moves taps between the padded input and a panel, in the one direction (copy) or the other (add). */
function moveTaps(
  move: RowsFunctions['copy'],
  toPanel: boolean,
  padded: Padded,
  panel: Block,
  g: Geometry,
  group: number,
  from: number,
  first: number,
  count: number,
): void {
  const bytes = bytesPerElement(panel.dtype);
  const [inputAt, panelAt] = [pointerOf(padded.block), pointerOf(panel)];
  const width = g.output[2];
  const taps = g.window[0] * g.window[1] * g.window[2];
  const perRow = taps * from;
  const windowStep = g.strides[2] * g.channels * bytes;
  // Taps side by side in the input are so in the panel, if they are all of the channels.
  const together = g.dilations[2] === 1 && from === g.channels;
  const runs = together ? 1 : g.window[2];
  const length = together ? g.window[2] * from : from;
  forEachTapRow(g, padded.extents, first, count, (row, tapRow, start) => {
    for (let run = 0; run < runs; run++) {
      const a = inputAt + (start + run * g.dilations[2] * g.channels + group * from) * bytes;
      const b = panelAt + (row * width * perRow + (tapRow * g.window[2] + run) * from) * bytes;
      if (toPanel) move(b, perRow * bytes, a, windowStep, width, length);
      else move(a, windowStep, b, perRow * bytes, width, length);
    }
  });
}

/** Whether the taps of all windows are the input itself: 1×1×1 without steps. */
const isPlain = (g: Geometry): boolean =>
  !isPadded(g) && g.window.every((n) => n === 1) && g.strides.every((n) => n === 1);

/** y = panel × filter, for panel after panel. */
export function convolution(y: Block, x: Block, filter: Block, g: Geometry, groups: number): boolean {
  const type = ready(y, x, filter);
  if (type === undefined) return false;
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = g.window[0] * g.window[1] * g.window[2];
  const to = outputs / groups;
  const width = g.output[2];
  if (y.size === 0 || taps * from === 0) return false;
  if (groups > 1 && from === 1 && to === 1) return depthwise(y, x, filter, g, type);
  if (isPlain(g) && groups === 1) {
    matmul(
      part(y, 0, y.size / outputs, outputs),
      [part(x, 0, x.size / from, from), part(filter, 0, from, outputs)],
      undefined,
    );
    return true;
  }
  const rows = rowsModule(type);
  const perRow = taps * from;
  return withPadding(x, g, rows, (padded) => {
    let done = true;
    forEachPanel(g, perRow + (groups > 1 ? to : 0), x.dtype, (first, count) => {
      done &&= withScratch(x.dtype, [count * width, perRow], (panel) => {
        for (let group = 0; group < groups; group++) {
          moveTaps(rows.copy, true, padded, panel, g, group, from, first, count);
          const matrix = filterMatrix(filter, group, to, perRow);
          if (groups === 1)
            matmul(part(y, first * width * outputs, count * width, outputs), [panel, matrix], undefined);
          else if (!groupProduct(y, panel, matrix, first * width * outputs + group * to, outputs, rows)) return false;
        }
        return true;
      });
    });
    return done;
  });
}

/** The filter of one group as a matrix [taps · from, to]. */
const filterMatrix = (filter: Block, group: number, to: number, perRow: number): Block =>
  filter.view({ shape: [perRow, to], strides: [filter.shape[4]!, 1], offset: filter.offset + group * to });

/** The product goes to some columns of y only: by way of a matrix of its own. */
function groupProduct(
  y: Block,
  panel: Block,
  matrix: Block,
  start: number,
  outputs: number,
  rows: RowsFunctions,
): boolean {
  const bytes = bytesPerElement(y.dtype);
  const [count, to] = [panel.shape[0]!, matrix.shape[1]!];
  return withScratch(y.dtype, [count, to], (product) => {
    matmul(product, [panel, matrix], undefined);
    rows.copy(pointerOf(y) + start * bytes, outputs * bytes, pointerOf(product), to * bytes, count, to);
    return true;
  });
}

/** The columns of one group of g, as a matrix. */
const groupColumns = (g: Block, start: number, count: number, to: number, outputs: number, group: number): Block =>
  g.view({ shape: [count, to], strides: [outputs, 1], offset: g.offset + start * outputs + group * to });

/** dx: panels of what each tap gets, g × filterᵀ, added to where the taps lie. */
export function inputGradient(dx: Block, g: Block, filter: Block, geometry: Geometry, groups: number): boolean {
  const type = ready(dx, g, filter);
  if (type === undefined) return false;
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = geometry.window[0] * geometry.window[1] * geometry.window[2];
  const to = outputs / groups;
  const width = geometry.output[2];
  if (dx.size === 0 || g.size === 0 || taps * from === 0) return false;
  if (groups > 1 && from === 1 && to === 1) return depthwiseInputGradient(dx, g, filter, geometry, type);
  if (isPlain(geometry) && groups === 1) {
    const transposed = filter.view({ shape: [outputs, from], strides: [1, outputs], offset: filter.offset });
    matmul(part(dx, 0, dx.size / from, from), [part(g, 0, g.size / outputs, outputs), transposed], undefined);
    return true;
  }
  const rows = rowsModule(type);
  const perRow = taps * from;
  return withPaddedSum(dx, geometry, rows, (padded) => {
    let done = true;
    forEachPanel(geometry, perRow, dx.dtype, (first, count) => {
      done &&= withScratch(dx.dtype, [count * width, perRow], (panel) => {
        for (let group = 0; group < groups; group++) {
          const matrix = filterMatrix(filter, group, to, perRow);
          const transposed = matrix.view({ shape: [to, perRow], strides: [1, outputs], offset: matrix.offset });
          matmul(panel, [groupColumns(g, first * width, count * width, to, outputs, group), transposed], undefined);
          moveTaps(rows.add, false, padded, panel, geometry, group, from, first, count);
        }
        return true;
      });
    });
    return done;
  });
}

/** Gives `use` zeros with padding to add into, and then takes the inside for `dx`. */
function withPaddedSum(dx: Block, g: Geometry, rows: RowsFunctions, use: (padded: Padded) => boolean): boolean {
  const extents = paddedExtents(g);
  if (!isPadded(g)) {
    dx.data.fill(0, dx.offset, dx.offset + dx.size);
    return use({ block: dx, extents });
  }
  return withScratch(dx.dtype, [g.batch, ...extents, g.channels], (block) => {
    block.data.fill(0, block.offset, block.offset + block.size);
    if (!use({ block, extents })) return false;
    const bytes = bytesPerElement(dx.dtype);
    const [to, from] = [pointerOf(dx), pointerOf(block)];
    forEachInputRow(g, extents, (inside, outside) =>
      rows.copy(to + inside * bytes, 0, from + outside * bytes, 0, 1, g.input[2] * g.channels),
    );
    return true;
  });
}

/** dfilter: panelᵀ × g, summed over the panels. */
export function filterGradient(df: Block, x: Block, g: Block, geometry: Geometry, groups: number): boolean {
  const type = ready(df, x, g);
  if (type === undefined) return false;
  const [from, outputs] = [df.shape[3]!, df.shape[4]!];
  const taps = geometry.window[0] * geometry.window[1] * geometry.window[2];
  const to = outputs / groups;
  const width = geometry.output[2];
  if (df.size === 0 || g.size === 0 || x.size === 0) return false;
  if (groups > 1 && from === 1 && to === 1) return depthwiseFilterGradient(df, x, g, geometry, type);
  const rows = rowsModule(type);
  const perRow = taps * from;
  const bytes = bytesPerElement(df.dtype);
  return withPadding(x, geometry, rows, (padded) =>
    withScratch(df.dtype, [perRow, to], (product) => {
      df.data.fill(0, df.offset, df.offset + df.size);
      let done = true;
      forEachPanel(geometry, perRow, df.dtype, (first, count) => {
        done &&= withScratch(df.dtype, [count * width, perRow], (panel) => {
          for (let group = 0; group < groups; group++) {
            moveTaps(rows.copy, true, padded, panel, geometry, group, from, first, count);
            const transposed = panel.view({
              shape: [perRow, count * width],
              strides: [1, perRow],
              offset: panel.offset,
            });
            const columns = groupColumns(g, first * width, count * width, to, outputs, group);
            matmul(product, [transposed, columns], undefined);
            if (groups === 1) add(part(df, 0, perRow, outputs), [part(df, 0, perRow, outputs), product], undefined);
            else
              rows.add(pointerOf(df) + group * to * bytes, outputs * bytes, pointerOf(product), to * bytes, perRow, to);
          }
          return true;
        });
      });
      return done;
    }),
  );
}

// ---- depthwise: one channel to one channel, vectors along the channels ---------------------------------------------------

/** Calls `visit(row, tap, elements from the start of the padded input)` for each row of windows and each tap. */
function forEachTapOf(
  g: Geometry,
  extents: readonly number[],
  visit: (row: number, tap: number, start: number) => void,
): void {
  forEachTapRow(g, extents, 0, g.batch * g.output[0] * g.output[1], (row, tapRow, start) => {
    for (let kw = 0; kw < g.window[2]; kw++) {
      visit(row, tapRow * g.window[2] + kw, start + kw * g.dilations[2] * g.channels);
    }
  });
}

/** y row += x row · filter tap, the tap broadcast over the row. */
function depthwise(y: Block, x: Block, filter: Block, g: Geometry, type: FloatVector): boolean {
  const run = multiplyAdd.run(type, 'each each each')!;
  const bytes = bytesPerElement(y.dtype);
  return withPadding(x, g, rowsModule(type), ({ block, extents }) => {
    y.data.fill(0, y.offset, y.offset + y.size);
    const [to, from, taps] = [pointerOf(y), pointerOf(block), pointerOf(filter)];
    const [step, windowStep] = [g.channels * bytes, g.strides[2] * g.channels * bytes];
    forEachTapOf(g, extents, (row, tap, start) => {
      const at = to + row * g.output[2] * step;
      run(g.output[2], g.channels, at, step, at, step, from + start * bytes, windowStep, taps + tap * step, 0);
    });
    return true;
  });
}

function depthwiseInputGradient(dx: Block, g: Block, filter: Block, geometry: Geometry, type: FloatVector): boolean {
  const run = multiplyAdd.run(type, 'each each each')!;
  const bytes = bytesPerElement(dx.dtype);
  return withPaddedSum(dx, geometry, rowsModule(type), ({ block, extents }) => {
    const [to, from, taps] = [pointerOf(block), pointerOf(g), pointerOf(filter)];
    const [step, windowStep] = [geometry.channels * bytes, geometry.strides[2] * geometry.channels * bytes];
    const width = geometry.output[2];
    forEachTapOf(geometry, extents, (row, tap, start) => {
      const at = to + start * bytes;
      run(
        width,
        geometry.channels,
        at,
        windowStep,
        at,
        windowStep,
        from + row * width * step,
        step,
        taps + tap * step,
        0,
      );
    });
    return true;
  });
}

function depthwiseFilterGradient(df: Block, x: Block, g: Block, geometry: Geometry, type: FloatVector): boolean {
  const run = multiplyAdd.run(type, 'each each each')!;
  const bytes = bytesPerElement(df.dtype);
  return withPadding(x, geometry, rowsModule(type), ({ block, extents }) => {
    df.data.fill(0, df.offset, df.offset + df.size);
    const [to, from, gs] = [pointerOf(df), pointerOf(block), pointerOf(g)];
    const [step, windowStep] = [geometry.channels * bytes, geometry.strides[2] * geometry.channels * bytes];
    const width = geometry.output[2];
    forEachTapOf(geometry, extents, (row, tap, start) => {
      const at = to + tap * step;
      // The result stands still while the rows go by: each adds to what the last one left.
      run(width, geometry.channels, at, 0, at, 0, from + start * bytes, windowStep, gs + row * width * step, step);
    });
    return true;
  });
}
