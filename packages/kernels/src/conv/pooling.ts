/** Pooling over windows on three spatial axes, channels last: x [batch, depth, height, width, channels]. */

import { type Block, newBlock } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { fill, withContiguous } from '../move/copy.js';
import { add, maximum } from '../wasm/elementwise.js';
import { largestModule } from '../wasm/largest.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { forEachTap, type Geometry, geometryOf, type WindowAttributes } from './geometry.js';

/** How windows slide over an input of these extents, which the size of the result does not tell. */
export interface PoolingAttributes extends WindowAttributes {
  readonly input: readonly [number, number, number];
}

const staging = { outsideFrom: 512, stridedFrom: 512 } as const;

/** Calls `visit` for each tap of each row of windows along the width: places in elements, for windows wholly on the input. */
function forEachTapRow(g: Geometry, visit: (place: number, input: number, count: number) => void): void {
  const [outD, outH, outW] = g.output;
  const [inD, inH, inW] = g.input;
  for (let n = 0; n < g.batch; n++) {
    for (let od = 0; od < outD; od++) {
      for (let oh = 0; oh < outH; oh++) {
        const row = ((n * outD + od) * outH + oh) * outW;
        for (let kd = 0; kd < g.window[0]; kd++) {
          const d = od * g.strides[0] - g.padding[0][0] + kd * g.dilations[0];
          if (d < 0 || d >= inD) continue;
          for (let kh = 0; kh < g.window[1]; kh++) {
            const h = oh * g.strides[1] - g.padding[1][0] + kh * g.dilations[1];
            if (h < 0 || h >= inH) continue;
            for (let kw = 0; kw < g.window[2]; kw++) {
              // The windows whose tap number kw lies on the input: from `first` to `last`.
              const shift = kw * g.dilations[2] - g.padding[2][0];
              const first = Math.max(0, Math.ceil(-shift / g.strides[2]));
              const last = Math.min(outW - 1, Math.floor((inW - 1 - shift) / g.strides[2]));
              if (last < first) continue;
              const w = first * g.strides[2] + shift;
              visit((row + first) * g.channels, (((n * inD + d) * inH + h) * inW + w) * g.channels, last - first + 1);
            }
          }
        }
      }
    }
  }
}

/** Folds the taps one by one into the result, vectors along the channels. */
function foldedInSimd(out: Block, x: Block, attributes: PoolingAttributes, fold: typeof add, start: number): boolean {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.contiguous || !x.storage.inHeap || !out.storage.inHeap) return false;
  const g = geometryOf(x.shape, attributes);
  const run = fold.run(type, 'each each')!;
  const bytes = bytesPerElement(x.dtype);
  const [to, from] = [pointerOf(out), pointerOf(x)];
  const [step, windowStep] = [g.channels * bytes, g.strides[2] * g.channels * bytes];
  out.data.fill(start, out.offset, out.offset + out.size);
  forEachTapRow(g, (place, input, count) => {
    const at = to + place * bytes;
    run(count, g.channels, at, step, at, step, from + input * bytes, windowStep);
  });
  return true;
}

const withInput = (x: Block, attributes: PoolingAttributes, run: (x: Block, g: Geometry) => void): void =>
  withContiguous(x, (contiguous) => run(contiguous, geometryOf(x.shape, attributes)));

/** The sum of each window; nothing is added for taps on the padding. */
export const sumPool: DispatchedKernel<PoolingAttributes> = kernel(
  (out, inputs, attributes) =>
    withInput(inputs[0]!, attributes, (x, g) => {
      fill(out, 0);
      forEachTap(g, (place, position) => {
        for (let c = 0; c < g.channels; c++) {
          out.data[out.offset + place * g.channels + c]! += x.data[x.offset + position * g.channels + c]!;
        }
      });
    }),
  (out, [x], attributes) => foldedInSimd(out, x!, attributes, add, 0),
  staging,
);

const isPadded = ({ padding }: WindowAttributes): boolean => padding.some(([before, after]) => before + after > 0);

/**
 * Calls `run` for each row of windows along the width with its first element in the result and in x, in bytes, where the taps are and what
 * else the functions of `largestModule` take. False where windows may lie beyond the input, or the heap is full.
 */
function forEachRowOfWindows(
  g: Geometry,
  dtype: Block['dtype'],
  run: (place: number, start: number, ...rest: readonly number[]) => void,
): boolean {
  if (isPadded(g)) return false;
  const bytes = bytesPerElement(dtype);
  const [windowD, windowH, windowW] = g.window;
  const taps = newBlock('int32', [windowD * windowH * windowW], false);
  try {
    if (!taps.storage.inHeap) return false;
    const [, inH, inW] = g.input;
    const position = (d: number, h: number, w: number): number => ((d * inH + h) * inW + w) * g.channels * bytes;
    for (let tap = 0; tap < taps.size; tap++) {
      const [kd, kh, kw] = [Math.floor(tap / (windowH * windowW)), Math.floor(tap / windowW) % windowH, tap % windowW];
      taps.data[taps.offset + tap] = position(kd * g.dilations[0], kh * g.dilations[1], kw * g.dilations[2]);
    }
    const table = pointerOf(taps);
    const rest = [table, table + 4 * taps.size, g.output[2], g.strides[2] * g.channels * bytes, g.channels];
    for (let row = 0; row < g.batch * g.output[0] * g.output[1]; row++) {
      const [oh, slice] = [row % g.output[1], Math.floor(row / g.output[1])];
      const d = Math.floor(slice / g.output[0]) * g.input[0] + (slice % g.output[0]) * g.strides[0];
      run(row * g.output[2] * g.channels * bytes, position(d, oh * g.strides[1], 0), ...rest);
    }
    return true;
  } finally {
    taps.storage.release();
  }
}

const hasFourTaps = ({ window }: Geometry): boolean => window[0] * window[1] * window[2] === 4;

const maxPoolPlain: Kernel<PoolingAttributes> = (out, inputs, attributes) =>
  withInput(inputs[0]!, attributes, (x, g) => {
    out.data.fill(-Infinity, out.offset, out.offset + out.size);
    forEachTap(g, (place, position) => {
      for (let c = 0; c < g.channels; c++) {
        const o = out.offset + place * g.channels + c;
        out.data[o] = Math.max(out.data[o]!, x.data[x.offset + position * g.channels + c]!);
      }
    });
  });

/** The largest element of each window, NaN where there is one; padding is never the largest. */
export const maxPool: DispatchedKernel<PoolingAttributes> = kernel(
  maxPoolPlain,
  (out, [x], attributes) => {
    const type = lanesOf(x!.dtype);
    if (type === undefined || !x!.contiguous || !x!.storage.inHeap || !out.storage.inHeap) return false;
    const [to, from] = [pointerOf(out), pointerOf(x!)];
    const g = geometryOf(x!.shape, attributes);
    const module = largestModule(type);
    const largest = hasFourTaps(g) ? module.largestFour : module.largest;
    const done = forEachRowOfWindows(g, x!.dtype, (place, start, ...rest) =>
      largest(to + place, from + start, ...rest),
    );
    return done || foldedInSimd(out, x!, attributes, maximum, -Infinity);
  },
  staging,
);

const inputShape = (g: Block, { input }: PoolingAttributes): readonly number[] => [g.shape[0]!, ...input, g.shape[4]!];

/** The transpose of `sumPool`: what lies in several windows gets the sum of theirs. */
export const sumPoolTranspose: DispatchedKernel<PoolingAttributes> = kernel(
  (out, inputs, attributes) =>
    withContiguous(inputs[0]!, (v) => {
      const g = geometryOf(inputShape(v, attributes), attributes);
      fill(out, 0);
      forEachTap(g, (place, position) => {
        for (let c = 0; c < g.channels; c++) {
          out.data[out.offset + position * g.channels + c]! += v.data[v.offset + place * g.channels + c]!;
        }
      });
    }),
  (out, [v], attributes) => {
    const type = lanesOf(v!.dtype);
    if (type === undefined || !v!.contiguous || !v!.storage.inHeap || !out.storage.inHeap) return false;
    const g = geometryOf(inputShape(v!, attributes), attributes);
    const run = add.run(type, 'each each')!;
    const bytes = bytesPerElement(v!.dtype);
    const [to, from] = [pointerOf(out), pointerOf(v!)];
    const [step, windowStep] = [g.channels * bytes, g.strides[2] * g.channels * bytes];
    fill(out, 0);
    forEachTapRow(g, (place, input, count) => {
      const at = to + input * bytes;
      run(count, g.channels, at, windowStep, at, windowStep, from + place * bytes, step);
    });
    return true;
  },
  staging,
);

/**
 * For each window and channel: the place of the first largest tap (or NaN), as an element of x; −1 where a window has no tap on the
 * input.
 */
function winners(x: Block, g: Geometry): Int32Array {
  const size = g.batch * g.output[0] * g.output[1] * g.output[2] * g.channels;
  const best = new Int32Array(size).fill(-1);
  forEachTap(g, (place, position) => {
    for (let c = 0; c < g.channels; c++) {
      const at = position * g.channels + c;
      const leader = best[place * g.channels + c]!;
      const value = x.data[x.offset + at]!;
      const highest = leader < 0 ? -Infinity : x.data[x.offset + leader]!;
      if (leader < 0 || value > highest || (Number.isNaN(value) && !Number.isNaN(highest)))
        best[place * g.channels + c] = at;
    }
  });
  return best;
}

/** v of each window at the place of its largest element: what flows back through `maxPool`. Inputs: v, x. */
export const maxPoolScatter: DispatchedKernel<PoolingAttributes> = kernel(
  (out, [v, x], attributes) =>
    withContiguous(v!, (v) =>
      withInput(x!, attributes, (x, g) => {
        fill(out, 0);
        const best = winners(x, g);
        for (let i = 0; i < best.length; i++)
          if (best[i]! >= 0) out.data[out.offset + best[i]!]! += v.data[v.offset + i]!;
      }),
    ),
  (out, [v, x], attributes) => {
    const type = lanesOf(x!.dtype);
    if (type === undefined || v!.dtype !== x!.dtype || isPadded(attributes)) return false;
    if (![out, v!, x!].every((block) => block.contiguous && block.storage.inHeap)) return false;
    const [to, given, from] = [pointerOf(out), pointerOf(v!), pointerOf(x!)];
    const g = geometryOf(x!.shape, attributes);
    const { scatter: adding, scatterFour } = largestModule(type);
    const apart = g.window.every((n, axis) => (n - 1) * g.dilations[axis]! < g.strides[axis]!);
    const scatter = apart && hasFourTaps(g) ? scatterFour : adding;
    const covers = g.input.every(
      (n, axis) => g.window[axis]! === g.strides[axis]! && n === g.output[axis]! * g.strides[axis]!,
    );
    if (!covers || scatter === adding) fill(out, 0);
    return forEachRowOfWindows(g, x!.dtype, (place, start, ...rest) =>
      scatter(to + start, given + place, from + start, ...rest),
    );
  },
  staging,
);

/** Of each window the element of v where x is largest: the transpose of `maxPoolScatter`. Inputs: v, x. */
export const maxPoolGather: Kernel<PoolingAttributes> = (out, [v, x], attributes) =>
  withContiguous(v!, (v) =>
    withInput(x!, attributes, (x, g) => {
      const best = winners(x, g);
      for (let i = 0; i < best.length; i++) out.data[out.offset + i] = best[i]! < 0 ? 0 : v.data[v.offset + best[i]!]!;
    }),
  );
