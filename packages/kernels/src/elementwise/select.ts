/** Choosing between two values. */

import { cheapStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as simd from '../wasm/elementwise.js';
import { forEachRun, type Kernel, mapBinary } from './runs.js';

/** `a` where `condition` is not 0, else `b`; the three broadcast together. */
export const where: DispatchedKernel = mapKernelPair((out, [condition, a, b]) => {
  const { data } = out;
  const [c, x, y] = [condition!.data, a!.data, b!.data];
  forEachRun(out.shape, [out, condition!, a!, b!], (at, n, steps) => {
    const [o, atC, atX, atY] = at as [number, number, number, number];
    const [, stepC, stepX, stepY] = steps as [number, number, number, number];
    for (let i = 0; i < n; i++)
      data[o + i * steps[0]!] = c[atC + i * stepC] !== 0 ? x[atX + i * stepX]! : y[atY + i * stepY]!;
  });
}, simd.where);

/** What `dropout` multiplies by. */
export interface DropoutAttributes {
  readonly scale: number;
}

/** scale · x where the mask is not 0, and 0 elsewhere, whatever x; the two broadcast together. */
export const dropout: DispatchedKernel<DropoutAttributes> = mapKernelPair(
  (out, [x, mask], { scale }) => {
    const factor = out.dtype === 'float32' ? Math.fround(scale) : scale;
    const { data } = out;
    const [from, kept] = [x!.data, mask!.data];
    forEachRun(out.shape, [out, x!, mask!], (at, n, steps) => {
      const [o, atX, atMask] = at as [number, number, number];
      const [stepOut, stepX, stepMask] = steps as [number, number, number];
      for (let i = 0; i < n; i++)
        data[o + i * stepOut] = kept[atMask + i * stepMask] !== 0 ? factor * from[atX + i * stepX]! : 0;
    });
  },
  simd.dropout,
  cheapStaging,
  ({ scale }) => [scale],
);

/** The bounds of `clip`. */
export interface ClipAttributes {
  readonly low: number;
  readonly high: number;
}

/** x held between two bounds; NaN stays NaN. */
export const clip: DispatchedKernel<ClipAttributes> = mapKernelPair(
  (out, [x], { low, high }) => {
    const [y, data] = [out.data, x!.data];
    forEachRun(out.shape, [out, x!], (at, n, steps) => {
      for (let i = 0; i < n; i++) {
        const value = data[at[1]! + i * steps[1]!]!;
        // −0 between its bounds stays −0, where Math.max would make it 0.
        // biome-ignore lint/complexity/useMathMinMax: so
        y[at[0]! + i * steps[0]!] = value < low ? low : value > high ? high : value;
      }
    });
  },
  simd.clip,
  cheapStaging,
  ({ low, high }) => [low, high],
);

/** The larger; of a number and NaN the number. */
export const fmax: Kernel = mapBinary((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b)));

/** The smaller; of a number and NaN the number. */
export const fmin: Kernel = mapBinary((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b)));

/** |a| with the sign of b, which −0 has too. */
export const copysign: Kernel = mapBinary((a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)));
