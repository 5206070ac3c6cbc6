/** Convolution in SIMD, straight from the (padded) input: tables say where windows and taps lie, and kernels do the rest. */

import type { Block } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { matmul } from '../matmul/plain.js';
import { copyInto } from '../move/copy.js';
import { windowsModule } from '../wasm/convolution/windows.js';
import { variantFor } from '../wasm/features.js';
import { type FloatVector, lanesOfVariant } from '../wasm/lanes.js';
import { tileVectors } from '../wasm/matmul/tile.js';
import { rowsModule } from '../wasm/rows.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.js';
import type { Geometry, Triple } from './geometry.js';
import { isPadded, withPadding, withScratch } from './padded.js';

/**
 * Places that are worked on before the next columns: what they read stays in the second-level cache, and sums over places (of the
 * filter's gradient) are sums of sums of so many.
 */
const placesAtOnce = 256;
/** Small images are worked on together until they have so many places. */
const leastPlaces = 256;

const ready = (...blocks: readonly Block[]): FloatVector | undefined => {
  const { dtype } = blocks[0]!;
  for (const block of blocks) if (!block.contiguous || !block.storage.inHeap || block.dtype !== dtype) return undefined;
  return lanesOf(dtype);
};

const product = ([a, b, c]: Triple): number => a * b * c;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Byte offsets of the places of one image, whose axes have these positions, in rows of so many elements. */
function offsetsOf(
  positions: readonly (readonly number[])[],
  extents: Triple,
  elements: number,
  bytes: number,
): number[] {
  const [, height, width] = extents;
  const [ds, hs, ws] = positions as [readonly number[], readonly number[], readonly number[]];
  const offsets: number[] = [];
  for (const d of ds)
    for (const h of hs) for (const w of ws) offsets.push(((d * height + h) * width + w) * elements * bytes);
  return offsets;
}

/** The same places in one image after the other. */
const repeated = (offsets: readonly number[], images: number, imageBytes: number): number[] =>
  range(images).flatMap((image) => offsets.map((offset) => offset + image * imageBytes));

/** Runs `use` with the address of a table; false where the heap has no room. */
function withTable(entries: readonly number[], use: (pointer: number) => boolean): boolean {
  return withScratch('int32', [entries.length], (table) => {
    table.data.set(entries, table.offset);
    return use(table.offset * 4);
  });
}

/** Taps that lie side by side are one run. All runs have one length. */
function runsOf(
  taps: readonly number[],
  elements: number,
  bytes: number,
): { starts: readonly number[]; length: number } {
  const follows = (t: number): boolean => taps[t]! - taps[t - 1]! === elements * bytes;
  let together = 1;
  while (together < taps.length && follows(together)) together++;
  const even = taps.length % together === 0 && taps.every((_, t) => t === 0 || follows(t) === (t % together !== 0));
  if (!even) return { starts: taps, length: elements };
  return { starts: taps.filter((_, t) => t % together === 0), length: together * elements };
}

/** Windows of some memory times a matrix for each tap, into places of other memory. */
interface Windows {
  readonly dtype: DType;
  readonly batch: number;
  readonly groups: number;
  /** What is read: address, bytes of an image, and the places of one image where windows begin. */
  readonly input: { readonly pointer: number; readonly imageBytes: number; readonly places: readonly number[] };
  /** What is written, in the same order. */
  readonly output: { readonly pointer: number; readonly imageBytes: number; readonly places: readonly number[] };
  /** Where each tap lies from the beginning of its window, in bytes, and which matrix is its. */
  readonly taps: readonly { readonly offset: number; readonly matrix: number }[];
  /** [matrices, rows, columns] in one piece: a group has `rows` of the rows from `firstRow(group)`, and likewise columns. */
  readonly matrices: Block;
  readonly rows: number;
  readonly columns: number;
  firstRow(group: number): number;
  firstColumn(group: number): number;
}

/** How many images are worked on at once. */
const imagesAtOnce = (batch: number, places: number): number =>
  Math.max(1, Math.min(batch, Math.ceil(leastPlaces / Math.max(1, places))));

function convolveWindows(type: FloatVector, windows: Windows): boolean {
  const { batch, groups, input, output, taps, rows, columns, dtype } = windows;
  const bytes = bytesPerElement(dtype);
  const tileColumns = tileVectors * (type === 'f32x4' ? 4 : 2);
  const bands = Math.ceil(columns / tileColumns);
  const bandElements = taps.length * rows * tileColumns;
  const variant = variantFor(type);
  const { forward } = windowsModule(variant);
  const images = imagesAtOnce(batch, input.places.length);
  const perImage = input.places.length;
  const { starts, length } = runsOf(
    taps.map(({ offset }) => offset),
    rows,
    bytes,
  );
  return withTable(repeated(input.places, images, input.imageBytes), (inputTable) =>
    withTable(repeated(output.places, images, output.imageBytes), (outputTable) =>
      withTable(starts, (tapTable) =>
        withScratch(dtype, [groups, bands, bandElements], (packed) => {
          packMatrices(packed, type, windows, tileColumns);
          const packedAt = pointerOf(packed);
          for (let image = 0; image < batch; image += images) {
            const places = Math.min(images, batch - image) * perImage;
            for (let first = 0; first < places; first += placesAtOnce) {
              const count = Math.min(placesAtOnce, places - first);
              for (let group = 0; group < groups; group++) {
                const from = input.pointer + image * input.imageBytes + windows.firstRow(group) * bytes;
                const to = output.pointer + image * output.imageBytes + windows.firstColumn(group) * bytes;
                for (let band = 0; band < bands; band++) {
                  forward(
                    to + band * tileColumns * bytes,
                    outputTable + 4 * first,
                    from,
                    inputTable + 4 * first,
                    count,
                    tapTable,
                    starts.length,
                    length,
                    packedAt + (group * bands + band) * bandElements * bytes,
                    columns - band * tileColumns,
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
function packMatrices(packed: Block, type: FloatVector, windows: Windows, tileColumns: number): void {
  const { taps, matrices, rows, columns, groups, dtype } = windows;
  const bytes = bytesPerElement(dtype);
  const { copy } = rowsModule(type);
  const [, allRows, allColumns] = matrices.shape as [number, number, number];
  // Columns that do not exist are computed too: from numbers that slow nothing down.
  if (columns % tileColumns !== 0) packed.data.fill(0, packed.offset, packed.offset + packed.size);
  const rowBytes = allColumns * bytes;
  let to = pointerOf(packed);
  for (let group = 0; group < groups; group++) {
    // A row of the input's channels is a row of the matrices only where all channels are in one group's matrix.
    const firstRow = allRows === rows ? 0 : windows.firstRow(group);
    const firstColumn = allColumns === columns ? 0 : windows.firstColumn(group);
    for (let column = 0; column < columns; column += tileColumns) {
      for (const { matrix } of taps) {
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

/** Where windows begin along each axis of the padded input. */
const windowStarts = (g: Geometry): readonly number[][] =>
  g.output.map((count, axis) => range(count).map((i) => i * g.strides[axis]!));

/** Where taps lie in a window, along each axis. */
const tapPositions = (g: Geometry): readonly number[][] =>
  g.window.map((count, axis) => range(count).map((k) => k * g.dilations[axis]!));

/** y = filter ⋆ x */
export function convolution(y: Block, x: Block, filter: Block, g: Geometry, groups: number): boolean {
  const type = ready(y, x, filter);
  if (type === undefined) return false;
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = product(g.window);
  const to = outputs / groups;
  if (y.size === 0 || taps * from === 0) return false;
  if (groups > 1 && from === 1 && to === 1) return depthwise(y, x, filter, g, type);
  if (isPlain(g) && groups === 1) {
    matmul(matrixOf(y, outputs), [matrixOf(x, from), matrixOf(filter, outputs)], undefined);
    return true;
  }
  const bytes = bytesPerElement(y.dtype);
  return withPadding(x, g, rowsModule(type), ({ block, extents }) =>
    convolveWindows(type, {
      dtype: y.dtype,
      batch: g.batch,
      groups,
      input: {
        pointer: pointerOf(block),
        imageBytes: product(extents) * g.channels * bytes,
        places: offsetsOf(windowStarts(g), extents, g.channels, bytes),
      },
      output: {
        pointer: pointerOf(y),
        imageBytes: product(g.output) * outputs * bytes,
        places: range(product(g.output)).map((place) => place * outputs * bytes),
      },
      taps: offsetsOf(tapPositions(g), extents, g.channels, bytes).map((offset, matrix) => ({ offset, matrix })),
      matrices: filter.view({
        shape: [taps, from, outputs],
        strides: [from * outputs, outputs, 1],
        offset: filter.offset,
      }),
      rows: from,
      columns: to,
      firstRow: (group) => group * from,
      firstColumn: (group) => group * to,
    }),
  );
}

/** What one axis of dx takes from g: dx at position h takes from tap k what g has at (h + padding − k · dilation) / stride. */
interface Phase {
  /** Positions h whose taps are the same. */
  readonly positions: readonly number[];
  /** For each position, where in g its tap with shift 0 would lie. */
  readonly origins: readonly number[];
  /** Taps in the order in which they lie in g, with how far they are from the origin. */
  readonly taps: readonly { readonly tap: number; readonly shift: number }[];
}

function phasesOf(g: Geometry, axis: 0 | 1 | 2): Phase[] {
  const [stride, dilation, before] = [g.strides[axis], g.dilations[axis], g.padding[axis][0]];
  return range(stride).map((rest) => {
    const positions = range(g.input[axis]).filter((h) => (h + before) % stride === rest);
    const taps = range(g.window[axis])
      .filter((k) => (rest - k * dilation) % stride === 0)
      .map((tap) => ({ tap, shift: (rest - tap * dilation) / stride }));
    return { positions, origins: positions.map((h) => (h + before - rest) / stride), taps: taps.reverse() };
  });
}

/** Zeros that g needs around it, so that no tap reaches beyond. */
function reach(phases: readonly Phase[], extent: number): [before: number, after: number] {
  let [least, most] = [0, extent - 1];
  for (const { origins, taps } of phases) {
    for (const { shift } of taps) {
      if (origins.length === 0) continue;
      least = Math.min(least, origins[0]! + shift);
      most = Math.max(most, origins.at(-1)! + shift);
    }
  }
  return [-least, most - extent + 1];
}

/** dx: a convolution of g with the filter turned round; where windows take steps, one for each remainder of a place by the step. */
export function inputGradient(dx: Block, g: Block, filter: Block, geometry: Geometry, groups: number): boolean {
  const type = ready(dx, g, filter);
  if (type === undefined) return false;
  const [from, outputs] = [filter.shape[3]!, filter.shape[4]!];
  const taps = product(geometry.window);
  const to = outputs / groups;
  if (dx.size === 0 || g.size === 0 || taps * from === 0) return false;
  if (groups > 1 && from === 1 && to === 1) return depthwiseInputGradient(dx, g, filter, geometry, type);
  if (isPlain(geometry) && groups === 1) {
    const transposed = filter.view({ shape: [outputs, from], strides: [1, outputs], offset: filter.offset });
    matmul(matrixOf(dx, from), [matrixOf(g, outputs), transposed], undefined);
    return true;
  }
  const bytes = bytesPerElement(dx.dtype);
  const phases = ([0, 1, 2] as const).map((axis) => phasesOf(geometry, axis));
  const padding = phases.map((phase, axis) => reach(phase, geometry.output[axis]!)) as unknown as Geometry['padding'];
  const [, windowHeight, windowWidth] = geometry.window;
  const before = padding.map(([zeros]) => zeros);
  return withScratch(dx.dtype, [taps, outputs, from], (matrices) => {
    const strides = [from * outputs, 1, outputs];
    copyInto(matrices, filter.view({ shape: [taps, outputs, from], strides, offset: filter.offset }));
    const padded = { batch: geometry.batch, input: geometry.output, channels: outputs, padding };
    return withPadding(g, padded, rowsModule(type), ({ block, extents }) => {
      const some = phases.every((phase) => phase.every(({ taps: own }) => own.length > 0));
      if (!some) dx.data.fill(0, dx.offset, dx.offset + dx.size);
      for (const d of phases[0]!) {
        for (const h of phases[1]!) {
          for (const w of phases[2]!) {
            const axes = [d, h, w];
            if (axes.some((axis) => axis.positions.length === 0 || axis.taps.length === 0)) continue;
            const shifts = offsetsOf(
              axes.map((axis) => axis.taps.map(({ shift }) => shift)),
              extents,
              outputs,
              bytes,
            );
            const matrixOfTap = d.taps.flatMap((a) =>
              h.taps.flatMap((b) => w.taps.map((c) => (a.tap * windowHeight + b.tap) * windowWidth + c.tap)),
            );
            const done = convolveWindows(type, {
              dtype: dx.dtype,
              batch: geometry.batch,
              groups,
              input: {
                pointer: pointerOf(block),
                imageBytes: product(extents) * outputs * bytes,
                places: offsetsOf(
                  axes.map((axis, k) => axis.origins.map((origin) => origin + before[k]!)),
                  extents,
                  outputs,
                  bytes,
                ),
              },
              output: {
                pointer: pointerOf(dx),
                imageBytes: product(geometry.input) * geometry.channels * bytes,
                places: offsetsOf(
                  axes.map((axis) => axis.positions),
                  geometry.input,
                  geometry.channels,
                  bytes,
                ),
              },
              taps: shifts.map((offset, k) => ({ offset, matrix: matrixOfTap[k]! })),
              matrices,
              rows: to,
              columns: from,
              firstRow: (group) => group * to,
              firstColumn: (group) => group * from,
            });
            if (!done) return false;
          }
        }
      }
      return true;
    });
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
  const bytes = bytesPerElement(df.dtype);
  const variant = variantFor(type);
  const { filter } = windowsModule(variant);
  const tileColumns = tileVectors * (lanesOfVariant(variant) === 'f32x4' ? 4 : 2);
  const perImage = product(geometry.output);
  const images = imagesAtOnce(geometry.batch, perImage);
  return withPadding(x, geometry, rowsModule(type), ({ block, extents }) => {
    const imageBytes = product(extents) * geometry.channels * bytes;
    const starts = offsetsOf(windowStarts(geometry), extents, geometry.channels, bytes);
    const elements = offsetsOf(tapPositions(geometry), extents, geometry.channels, bytes).flatMap((offset) =>
      range(from).map((i) => offset + i * bytes),
    );
    return withTable(repeated(starts, images, imageBytes), (placeTable) =>
      withTable(elements, (elementTable) => {
        for (let image = 0; image < geometry.batch; image += images) {
          const places = Math.min(images, geometry.batch - image) * perImage;
          for (let first = 0; first < places; first += placesAtOnce) {
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
                  Math.min(placesAtOnce, places - first),
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
    );
  });
}
