/** Convolution in SIMD, straight from the (padded) input: tables say where windows and taps lie, and kernels do the rest. */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { matmul } from '../matmul/plain.js';
import { copyInto, fill } from '../move/copy.js';
import { windowsModule } from '../wasm/convolution/windows.js';
import { variantFor } from '../wasm/features.js';
import { type FloatVector, lanesOfVariant } from '../wasm/lanes.js';
import { tileVectors } from '../wasm/matmul/tile.js';
import { rowsModule } from '../wasm/rows.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.js';
import type { Geometry, Triple } from './geometry.js';
import { forwardTiling, inputGradientTiling, minimalConvolution, minimalFilterGradient } from './minimal.js';
import { isPadded, paddedExtents, withPadding, withScratch } from './padded.js';

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
function repeated(offsets: readonly number[], images: number, imageBytes: number): Int32Array {
  const all = new Int32Array(images * offsets.length);
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < offsets.length; i++) all[image * offsets.length + i] = offsets[i]! + image * imageBytes;
  }
  return all;
}

/** Runs `use` with the address of a table; false where the heap has no room. */
function withTable(entries: Int32Array, use: (pointer: number) => boolean): boolean {
  return withScratch('int32', [entries.length], (table) => {
    table.data.set(entries, table.offset);
    return use(table.offset * 4);
  });
}

const mostRemembered = 512;
const plans = new Map<string, unknown>();

/** What `make` gives for this geometry, made once: a step of training asks for the same plans as the one before. */
function remembered<T>(
  kind: string,
  { batch, input, channels, output, window, strides, padding, dilations }: Geometry,
  rest: readonly number[],
  make: () => T,
): T {
  const key = `${kind} ${batch} ${input} ${channels} ${output} ${window} ${strides} ${padding} ${dilations} ${rest}`;
  const known = plans.get(key);
  if (known !== undefined) return known as T;
  const made = make();
  if (plans.size >= mostRemembered) plans.delete(plans.keys().next().value!);
  plans.set(key, made);
  return made;
}

/** Runs up to so many elements are taken singly: a loop for each costs more than looking every element up. */
const shortRun = 12;

/** Taps that lie side by side are one run. All runs have one length: 1 where they would be short. */
function runsOf(
  taps: readonly number[],
  elements: number,
  bytes: number,
): { starts: readonly number[]; length: number } {
  const follows = (t: number): boolean => taps[t]! - taps[t - 1]! === elements * bytes;
  let together = 1;
  while (together < taps.length && follows(together)) together++;
  const even = taps.length % together === 0 && taps.every((_, t) => t === 0 || follows(t) === (t % together !== 0));
  const length = even ? together * elements : elements;
  if (length <= shortRun)
    return { starts: taps.flatMap((tap) => range(elements).map((e) => tap + e * bytes)), length: 1 };
  return { starts: even ? taps.filter((_, t) => t % together === 0) : taps, length };
}

/** Where windows lie and what they are multiplied with: all that depends on shapes alone, in bytes. */
interface Plan {
  readonly groups: number;
  /** Of the matrices of one group. */
  readonly rows: number;
  readonly columns: number;
  /** How many images are worked on at once, and the windows of one. */
  readonly images: number;
  readonly perImage: number;
  /** Where windows begin in memory that is read and where their results go, in so many images. */
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  readonly readImageBytes: number;
  readonly writeImageBytes: number;
  /** Where taps that lie side by side begin, from the beginning of the window, and how many elements they have. */
  readonly runs: Int32Array;
  readonly runLength: number;
  /** Which matrix is that of each tap. */
  readonly matrixOfTap: readonly number[];
}

interface PlanOfImage
  extends Pick<Plan, 'groups' | 'rows' | 'columns' | 'readImageBytes' | 'writeImageBytes' | 'matrixOfTap'> {
  readonly batch: number;
  readonly bytes: number;
  /** Of one image. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly taps: readonly number[];
}

/** How many images are worked on at once. */
const imagesAtOnce = (batch: number, places: number): number =>
  Math.max(1, Math.min(batch, Math.ceil(leastPlaces / Math.max(1, places))));

function planOf({ batch, bytes, reads, writes, taps, ...rest }: PlanOfImage): Plan {
  const images = imagesAtOnce(batch, reads.length);
  const { starts, length } = runsOf(taps, rest.rows, bytes);
  return {
    ...rest,
    images,
    perImage: reads.length,
    reads: repeated(reads, images, rest.readImageBytes),
    writes: repeated(writes, images, rest.writeImageBytes),
    runs: Int32Array.from(starts),
    runLength: length,
  };
}

/** Windows of the memory at `from` times [matrices, rows, columns] in one piece, a matrix for each tap, into places of the memory at `to`. */
function convolveWindows(
  type: FloatVector,
  plan: Plan,
  batch: number,
  to: number,
  from: number,
  matrices: Block,
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
  const tiling = groups === 1 ? forwardTiling(g, outputs) : null;
  if (tiling !== null) return minimalConvolution(y, x, filter, type, tiling, [g.padding[1][0], g.padding[2][0]], false);
  const bytes = bytesPerElement(y.dtype);
  const plan = remembered('forward', g, [from, outputs, groups, bytes], () => {
    const extents = paddedExtents(g);
    return planOf({
      batch: g.batch,
      bytes,
      groups,
      rows: from,
      columns: to,
      reads: offsetsOf(windowStarts(g), extents, g.channels, bytes),
      readImageBytes: product(extents) * g.channels * bytes,
      writes: range(product(g.output)).map((place) => place * outputs * bytes),
      writeImageBytes: product(g.output) * outputs * bytes,
      taps: offsetsOf(tapPositions(g), extents, g.channels, bytes),
      matrixOfTap: range(taps),
    });
  });
  const matrices = filter.view({
    shape: [taps, from, outputs],
    strides: [from * outputs, outputs, 1],
    offset: filter.offset,
  });
  return withPadding(x, g, rowsModule(type), ({ block }) =>
    convolveWindows(type, plan, g.batch, pointerOf(y), pointerOf(block), matrices),
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

/** How dx is made of g: a plan for each phase that has taps, and the zeros that g needs around it. */
interface InputGradientPlan {
  readonly padding: Geometry['padding'];
  /** Whether phases without taps leave places of dx that nothing is written to. */
  readonly gaps: boolean;
  readonly phases: readonly Plan[];
}

function planInputGradient(
  g: Geometry,
  from: number,
  outputs: number,
  groups: number,
  bytes: number,
): InputGradientPlan {
  const [, windowHeight, windowWidth] = g.window;
  const axesPhases = ([0, 1, 2] as const).map((axis) => phasesOf(g, axis)) as [Phase[], Phase[], Phase[]];
  const padding = axesPhases.map((phases, axis) => reach(phases, g.output[axis]!)) as unknown as Geometry['padding'];
  const extents = paddedExtents({ input: g.output, padding });
  const phases: Plan[] = [];
  for (const d of axesPhases[0]) {
    for (const h of axesPhases[1]) {
      for (const w of axesPhases[2]) {
        const axes = [d, h, w];
        if (axes.some((axis) => axis.positions.length === 0 || axis.taps.length === 0)) continue;
        const origins = axes.map((axis, k) => axis.origins.map((origin) => origin + padding[k]![0]));
        const shifts = axes.map((axis) => axis.taps.map(({ shift }) => shift));
        const positions = axes.map((axis) => axis.positions);
        phases.push(
          planOf({
            batch: g.batch,
            bytes,
            groups,
            rows: outputs / groups,
            columns: from,
            reads: offsetsOf(origins, extents, outputs, bytes),
            readImageBytes: product(extents) * outputs * bytes,
            writes: offsetsOf(positions, g.input, g.channels, bytes),
            writeImageBytes: product(g.input) * g.channels * bytes,
            taps: offsetsOf(shifts, extents, outputs, bytes),
            matrixOfTap: d.taps.flatMap((a) =>
              h.taps.flatMap((b) => w.taps.map((c) => (a.tap * windowHeight + b.tap) * windowWidth + c.tap)),
            ),
          }),
        );
      }
    }
  }
  const gaps = !axesPhases.every((axis) => axis.every(({ taps }) => taps.length > 0));
  return { padding, gaps, phases };
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
  const tiling = groups === 1 ? inputGradientTiling(geometry, outputs) : null;
  if (tiling !== null) {
    const before = ([1, 2] as const).map((axis) => geometry.window[axis] - 1 - geometry.padding[axis][0]);
    return withScratch(dx.dtype, [taps, outputs, from], (matrices) => {
      const strides = [from * outputs, 1, outputs];
      copyInto(matrices, filter.view({ shape: [taps, outputs, from], strides, offset: filter.offset }));
      return minimalConvolution(dx, g, matrices, type, tiling, before as unknown as [number, number], true);
    });
  }
  const bytes = bytesPerElement(dx.dtype);
  const { padding, gaps, phases } = remembered('input', geometry, [from, outputs, groups, bytes], () =>
    planInputGradient(geometry, from, outputs, groups, bytes),
  );
  return withScratch(dx.dtype, [taps, outputs, from], (matrices) => {
    const strides = [from * outputs, 1, outputs];
    copyInto(matrices, filter.view({ shape: [taps, outputs, from], strides, offset: filter.offset }));
    const padded = { batch: geometry.batch, input: geometry.output, channels: outputs, padding };
    return withPadding(g, padded, rowsModule(type), ({ block }) => {
      if (gaps) fill(dx, 0);
      return phases.every((plan) =>
        convolveWindows(type, plan, geometry.batch, pointerOf(dx), pointerOf(block), matrices),
      );
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
  const tiling = groups === 1 ? forwardTiling(geometry, outputs) : null;
  if (tiling !== null)
    return minimalFilterGradient(df, x, g, type, tiling, [geometry.padding[1][0], geometry.padding[2][0]]);
  const bytes = bytesPerElement(df.dtype);
  const variant = variantFor(type);
  const { filter } = windowsModule(variant);
  const tileColumns = tileVectors * (lanesOfVariant(variant) === 'f32x4' ? 4 : 2);
  const perImage = product(geometry.output);
  const images = imagesAtOnce(geometry.batch, perImage);
  const extents = paddedExtents(geometry);
  const imageBytes = product(extents) * geometry.channels * bytes;
  const { places, elements } = remembered('filter', geometry, [from, bytes], () => ({
    places: repeated(offsetsOf(windowStarts(geometry), extents, geometry.channels, bytes), images, imageBytes),
    elements: Int32Array.from(
      offsetsOf(tapPositions(geometry), extents, geometry.channels, bytes).flatMap((offset) =>
        range(from).map((i) => offset + i * bytes),
      ),
    ),
  }));
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
