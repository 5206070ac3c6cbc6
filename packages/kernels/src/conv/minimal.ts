/**
 * Convolution with small filters by minimal filtering (see wasm/convolution/minimal.ts): the result in tiles of 7 − taps places along height
 * and width, each from a window of 6 × 6.
 *
 *   window    x, a strip of tiles at a time      → [6 × 6, tiles, in]
 *   filter    [height, width, in, out]           → [6 × 6, in, out]
 *   products  at each of the 36 points           → [6 × 6, tiles, out]
 *   result                                       → a strip of y
 *
 * Some strips are worked on together, few enough for the second-level cache.
 */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import type { EndingInRegisters } from '../fused/ending.js';
import { type MinimalFunctions, minimalModule, mostTaps, points } from '../wasm/convolution/minimal.js';
import { variantFor } from '../wasm/features.js';
import type { FloatVector } from '../wasm/lanes.js';
import { tileVectors } from '../wasm/matmul/tile.js';
import { rowsModule } from '../wasm/rows.js';
import { pointerOf } from '../wasm/runMap.js';
import type { Geometry, Triple } from './geometry.js';
import { paddedExtents, withPadding, withScratch } from './padded.js';

/** Windows with steps of 1 along height and width, of so many images. */
export interface Tiling {
  readonly images: number;
  /** Places of the result along height and width. */
  readonly height: number;
  readonly width: number;
  /** Taps along height and width. */
  readonly taps: readonly [number, number];
  /** Places of a tile along height and width. */
  readonly places: readonly [number, number];
  readonly down: number;
  readonly across: number;
}

/** Fewer channels leave too little work at each point for what the transforms cost. */
const leastChannels = 6;
/** Products at points must be less than this part of those of the windows, */
const mostProducts = 0.6;
/** and tiles enough for what the filter's transform costs. */
const leastTiles = 6;
/** Tiles that are worked on at once, about. */
const tilesAtOnce = 48;

/** How a result of these extents is tiled, or null where that does not pay. */
function tilingOf(
  images: number,
  [, height, width]: Triple,
  [, tapsDown, tapsAcross]: Triple,
  channels: readonly number[],
): Tiling | null {
  const taps = [tapsDown, tapsAcross] as const;
  if (channels.some((n) => n < leastChannels) || taps.some((n) => n < 2 || n > mostTaps)) return null;
  const places = [points + 1 - tapsDown, points + 1 - tapsAcross] as const;
  const [down, across] = [Math.ceil(height / places[0]), Math.ceil(width / places[1])];
  const tiles = down * across;
  if (points * points * tiles > mostProducts * height * width * tapsDown * tapsAcross) return null;
  return images * tiles < leastTiles ? null : { images, height, width, taps, places, down, across };
}

/** Whether windows move by 1, along height and width alone. */
const slidesOverImages = ({ window, strides, dilations, padding }: Geometry): boolean =>
  window[0] === 1 && [...strides, ...dilations].every((n) => n === 1) && padding[0].every((n) => n === 0);

/** How y is tiled where minimal filtering pays; null elsewhere. */
export function forwardTiling(g: Geometry, outputs: number): Tiling | null {
  return slidesOverImages(g) ? tilingOf(g.batch * g.output[0], g.output, g.window, [g.channels, outputs]) : null;
}

/** The same of dx, a convolution of g with the filter turned round. */
export function inputGradientTiling(g: Geometry, outputs: number): Tiling | null {
  const reaches = g.padding.every((sides, axis) => sides.every((n) => n < g.window[axis]!));
  return slidesOverImages(g) && reaches
    ? tilingOf(g.batch * g.input[0], g.input, g.window, [g.channels, outputs])
    : null;
}

/** How many strips are worked on together: as many tiles as fill the tiles of products, near `tilesAtOnce`. */
function stripsAtOnce({ across }: Tiling): number {
  const even = [1, 2, 3, 6].find((strips) => (strips * across) % 6 === 0)!;
  return even * Math.max(1, Math.round(tilesAtOnce / (even * across)));
}

/** Padding before, and as much after as windows of all tiles reach. */
function paddingFor(
  t: Tiling,
  before: readonly [number, number],
  extents: readonly [number, number],
): Geometry['padding'] {
  const after = ([0, 1] as const).map((axis) => {
    const reach = (axis === 0 ? t.down : t.across) * t.places[axis] + t.taps[axis] - 1;
    return Math.max(0, reach - extents[axis] - before[axis]);
  });
  return [
    [0, 0],
    [before[0], after[0]!],
    [before[1], after[1]!],
  ];
}

/** Memory of one lease, part after part. Parts are as far apart as a tile of columns, which may be read behind the end of one. */
function partsOf(sizes: readonly number[], bytes: number): { total: number; offsets: readonly number[] } {
  const gap = tileVectors * (16 / bytes);
  let total = 0;
  const offsets = sizes.map((size) => {
    const offset = total * bytes;
    total += Math.ceil(size / gap) * gap + gap;
    return offset;
  });
  return { total, offsets };
}

/** Where something lies in memory that is addressed as [points, points, tiles, channels], and how many tiles there are. */
interface AtPoints {
  readonly at: number;
  readonly tiles: number;
  readonly channels: number;
}

/** Everything that the steps below need to know. */
interface Run {
  readonly f: MinimalFunctions;
  readonly bytes: number;
  readonly tiling: Tiling;
}

/** One strip of an image of `width` places to all points: along the height into `rows`, then along the width. `tile`: where in `to`. */
function stripToPoints(
  { bytes, tiling }: Run,
  transform: readonly [down: MinimalFunctions['window'], across: MinimalFunctions['window']],
  from: number,
  width: number,
  rows: number,
  to: AtPoints,
  tile: number,
): void {
  const { channels, tiles } = to;
  const rowBytes = width * channels * bytes;
  const placeBytes = channels * bytes;
  transform[0](rows, rowBytes, 0, from, rowBytes, 0, 1, width * channels);
  for (let i = 0; i < points; i++) {
    transform[1](
      to.at + (i * points * tiles + tile) * placeBytes,
      tiles * placeBytes,
      placeBytes,
      rows + i * rowBytes,
      placeBytes,
      tiling.places[1] * placeBytes,
      tiling.across,
      channels,
    );
  }
}

/** A filter [height, width, elements] to all points, [points, points, elements]. `turned`: its taps from the last to the first. */
function filterToPoints(
  { f, bytes, tiling: { taps } }: Run,
  filter: number,
  elements: number,
  turned: boolean,
  between: number,
  to: number,
): void {
  const [down, across] = taps;
  const tapBytes = elements * bytes;
  const rowBytes = across * tapBytes;
  const step = turned ? -1 : 1;
  const start = filter + (turned ? (down - 1) * rowBytes : 0);
  f[`filter${down}`]!(between, rowBytes, 0, start, step * rowBytes, 0, 1, across * elements);
  const first = between + (turned ? (across - 1) * tapBytes : 0);
  f[`filter${across}`]!(to, tapBytes, points * tapBytes, first, step * tapBytes, rowBytes, points, elements);
}

/**
 * y = filter ⋆ x, with its ending. `x` is padded here, by `before` places and what the tiles need behind; `filter` lies as [height, width, in, out].
 */
export function minimalConvolution(
  y: Block,
  x: Block,
  filter: Block,
  type: FloatVector,
  tiling: Tiling,
  before: readonly [number, number],
  turned: boolean,
  { bias, relu }: EndingInRegisters,
): boolean {
  const { images, height, width, taps, places, down, across } = tiling;
  const [from, to] = [x.shape[4]!, y.shape[4]!];
  const bytes = bytesPerElement(y.dtype);
  const run = { f: minimalModule(variantFor(type)), bytes, tiling };
  const { window, products } = run.f;
  const [resultDown, resultAcross] = [run.f[`result${places[0]}`]!, run.f[`result${places[1]}`]!];
  const input: Triple = [1, x.shape[2]!, x.shape[3]!];
  const padding = paddingFor(tiling, before, [input[1], input[2]]);
  const [, tall, wide] = paddedExtents({ input, padding });
  const strips = images * down;
  const together = Math.min(strips, stripsAtOnce(tiling));
  const most = together * across;
  const tileRow = across * places[1];
  const { total, offsets } = partsOf(
    [
      points * points * from * to,
      Math.max(points * taps[1] * from * to, points * wide * from, points * tileRow * to),
      points * points * most * from,
      points * points * most * to,
      places[0] * width * to,
    ],
    bytes,
  );
  return withPadding(x, { batch: images, input, channels: from, padding }, rowsModule(type), ({ block }) =>
    withScratch(y.dtype, [total], (scratch) => {
      const [filterAt, between, windows, results, last] = offsets.map((offset) => pointerOf(scratch) + offset) as [
        number,
        number,
        number,
        number,
        number,
      ];
      filterToPoints(run, pointerOf(filter), from * to, turned, between, filterAt);
      const [source, target] = [pointerOf(block), pointerOf(y)];
      const [placeBytes, rowBytes] = [to * bytes, width * to * bytes];
      for (let first = 0; first < strips; first += together) {
        const count = Math.min(together, strips - first);
        const tiles = count * across;
        for (let k = 0; k < count; k++) {
          const [image, strip] = [Math.floor((first + k) / down), (first + k) % down];
          const start = source + (image * tall + strip * places[0]) * wide * from * bytes;
          const windowsOf = { at: windows, tiles, channels: from };
          stripToPoints(run, [window, window], start, wide, between, windowsOf, k * across);
        }
        products(
          results,
          placeBytes,
          tiles * placeBytes,
          windows,
          from * bytes,
          bytes,
          tiles * from * bytes,
          filterAt,
          placeBytes,
          from * placeBytes,
          points * points,
          tiles,
          from,
          to,
          0,
        );
        for (let k = 0; k < count; k++) {
          for (let i = 0; i < points; i++) {
            resultAcross(
              between + i * tileRow * placeBytes,
              placeBytes,
              places[1] * placeBytes,
              results + (i * points * tiles + k * across) * placeBytes,
              tiles * placeBytes,
              placeBytes,
              across,
              to,
              0,
              0,
            );
          }
          const [image, strip] = [Math.floor((first + k) / down), (first + k) % down];
          const rows = Math.min(places[0], height - strip * places[0]);
          const there = target + (image * height + strip * places[0]) * rowBytes;
          // The last strip may be shorter than a tile.
          const direct = rows === places[0];
          const [rowsAt, betweenRowBytes] = [direct ? there : last, tileRow * placeBytes];
          // The bias begins again at each place.
          if (bias === 0) resultDown(rowsAt, rowBytes, 0, between, betweenRowBytes, 0, 1, width * to, 0, relu);
          else resultDown(rowsAt, rowBytes, placeBytes, between, betweenRowBytes, placeBytes, width, to, bias, relu);
          if (!direct) rowsModule(type).copy(there, rowBytes, last, rowBytes, rows, width * to);
        }
      }
      return true;
    }),
  );
}

/** dfilter: at each point windowsᵀ · g, summed over all tiles; taps are what windows and tiles of g together make. */
export function minimalFilterGradient(
  df: Block,
  x: Block,
  g: Block,
  type: FloatVector,
  tiling: Tiling,
  before: readonly [number, number],
): boolean {
  const { images, height, width, taps, places, down, across } = tiling;
  const [from, to] = [x.shape[4]!, g.shape[4]!];
  const bytes = bytesPerElement(df.dtype);
  const run = { f: minimalModule(variantFor(type)), bytes, tiling };
  const { window, products } = run.f;
  const tileFunctions = [run.f[`filter${places[0]}`]!, run.f[`filter${places[1]}`]!] as const;
  const input: Triple = [1, x.shape[2]!, x.shape[3]!];
  const padding = paddingFor(tiling, before, [input[1], input[2]]);
  const [, tall, wide] = paddedExtents({ input, padding });
  const [tallG, wideG] = [down * places[0], across * places[1]];
  const paddingOfG = [
    [0, 0],
    [0, tallG - height],
    [0, wideG - width],
  ] as const;
  const strips = images * down;
  const together = Math.min(strips, stripsAtOnce(tiling));
  const most = together * across;
  const { total, offsets } = partsOf(
    [
      points * points * from * to,
      points * Math.max(wide * from, wideG * to, taps[1] * from * to),
      points * points * most * from,
      points * points * most * to,
    ],
    bytes,
  );
  const rows = rowsModule(type);
  return withPadding(x, { batch: images, input, channels: from, padding }, rows, ({ block: xs }) =>
    withPadding(
      g,
      { batch: images, input: [1, height, width], channels: to, padding: paddingOfG },
      rows,
      ({ block: gs }) =>
        withScratch(df.dtype, [total], (scratch) => {
          const [sums, between, windows, tilesOfG] = offsets.map((offset) => pointerOf(scratch) + offset) as [
            number,
            number,
            number,
            number,
          ];
          for (let first = 0; first < strips; first += together) {
            const count = Math.min(together, strips - first);
            const tiles = count * across;
            for (let k = 0; k < count; k++) {
              const [image, strip] = [Math.floor((first + k) / down), (first + k) % down];
              const start = pointerOf(xs) + (image * tall + strip * places[0]) * wide * from * bytes;
              const startG = pointerOf(gs) + (image * tallG + strip * places[0]) * wideG * to * bytes;
              const windowsOf = { at: windows, tiles, channels: from };
              stripToPoints(run, [window, window], start, wide, between, windowsOf, k * across);
              const tilesOf = { at: tilesOfG, tiles, channels: to };
              stripToPoints(run, tileFunctions, startG, wideG, between, tilesOf, k * across);
            }
            products(
              sums,
              to * bytes,
              from * to * bytes,
              windows,
              bytes,
              from * bytes,
              tiles * from * bytes,
              tilesOfG,
              to * bytes,
              tiles * to * bytes,
              points * points,
              from,
              tiles,
              to,
              first === 0 ? 0 : 1,
            );
          }
          const tapBytes = from * to * bytes;
          const rowBytes = taps[1] * tapBytes;
          run.f[`result${taps[1]}`]!(
            between,
            tapBytes,
            rowBytes,
            sums,
            tapBytes,
            points * tapBytes,
            points,
            from * to,
            0,
            0,
          );
          run.f[`result${taps[0]}`]!(pointerOf(df), rowBytes, 0, between, rowBytes, 0, 1, taps[1] * from * to, 0, 0);
          return true;
        }),
    ),
  );
}
