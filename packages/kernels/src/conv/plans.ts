/** Where windows and taps lie, in tables of byte offsets: all that depends on shapes alone, made once and remembered. */

import type { Geometry, Triple } from './geometry.js';
import { paddedExtents, withScratch } from './padded.js';

/**
 * Places that are worked on before the next columns: what they read stays in the second-level cache, and sums over places (of the
 * filter's gradient) are sums of sums of so many.
 */
export const placesAtOnce = 256;
/** Small images are worked on together until they have so many places. */
const leastPlaces = 256;

export const product = ([a, b, c]: Triple): number => a * b * c;

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
export function withTable(entries: Int32Array, use: (pointer: number) => boolean): boolean {
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
export interface Plan {
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

/** Where windows begin along each axis of the padded input. */
const windowStarts = (g: Geometry): readonly number[][] =>
  g.output.map((count, axis) => range(count).map((i) => i * g.strides[axis]!));

/** Where taps lie in a window, along each axis. */
const tapPositions = (g: Geometry): readonly number[][] =>
  g.window.map((count, axis) => range(count).map((k) => k * g.dilations[axis]!));

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

/** Whether there are places of dx that no tap reaches, which nothing is written to. */
export const leavesGaps = (g: Geometry): boolean =>
  ([0, 1, 2] as const).some((axis) =>
    phasesOf(g, axis).some(({ positions, taps }) => positions.length > 0 && taps.length === 0),
  );

/** How dx is made of g: a plan for each phase that has taps, and the zeros that g needs around it. */
export interface InputGradientPlan {
  readonly padding: Geometry['padding'];
  readonly phases: readonly Plan[];
}

function makeInputGradientPlan(
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
  return { padding, phases };
}

/** How y is made of the padded x. */
export function forwardPlan(g: Geometry, from: number, outputs: number, groups: number, bytes: number): Plan {
  return remembered('forward', g, [from, outputs, groups, bytes], () => {
    const extents = paddedExtents(g);
    return planOf({
      batch: g.batch,
      bytes,
      groups,
      rows: from,
      columns: outputs / groups,
      reads: offsetsOf(windowStarts(g), extents, g.channels, bytes),
      readImageBytes: product(extents) * g.channels * bytes,
      writes: range(product(g.output)).map((place) => place * outputs * bytes),
      writeImageBytes: product(g.output) * outputs * bytes,
      taps: offsetsOf(tapPositions(g), extents, g.channels, bytes),
      matrixOfTap: range(product(g.window)),
    });
  });
}

/** How dx is made of the padded g. */
export function inputGradientPlan(
  g: Geometry,
  from: number,
  outputs: number,
  groups: number,
  bytes: number,
): InputGradientPlan {
  return remembered('input', g, [from, outputs, groups, bytes], () =>
    makeInputGradientPlan(g, from, outputs, groups, bytes),
  );
}

/** Where the windows of some images begin in the padded x, and where in a window its elements (taps and channels of a group) lie. */
export interface FilterGradientPlan {
  readonly images: number;
  readonly perImage: number;
  readonly imageBytes: number;
  readonly places: Int32Array;
  readonly elements: Int32Array;
}

/** How the filter's gradient is made of the padded x and g. */
export function filterGradientPlan(g: Geometry, from: number, bytes: number): FilterGradientPlan {
  return remembered('filter', g, [from, bytes], () => {
    const perImage = product(g.output);
    const images = imagesAtOnce(g.batch, perImage);
    const extents = paddedExtents(g);
    const imageBytes = product(extents) * g.channels * bytes;
    const offsets = offsetsOf(tapPositions(g), extents, g.channels, bytes);
    return {
      images,
      perImage,
      imageBytes,
      places: repeated(offsetsOf(windowStarts(g), extents, g.channels, bytes), images, imageBytes),
      elements: Int32Array.from(offsets.flatMap((offset) => range(from).map((i) => offset + i * bytes))),
    };
  });
}
