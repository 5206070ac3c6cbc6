/** Windows that slide over three spatial axes, channels last: what convolution and pooling share. */

import type { Shape } from '../shape.js';

/** One number for depth, height and width. With fewer spatial axes the first ones are 1 (and their padding 0). */
export type Triple = readonly [number, number, number];

/** How windows slide. */
export interface WindowAttributes {
  /** Extents of the window. */
  readonly window: Triple;
  readonly strides: Triple;
  /** Zeros before and after each axis. */
  readonly padding: readonly [readonly [number, number], readonly [number, number], readonly [number, number]];
  readonly dilations: Triple;
}

/** Windows over an input [batch, depth, height, width, channels]. */
export interface Geometry extends WindowAttributes {
  readonly batch: number;
  readonly input: Triple;
  readonly channels: number;
  /** How many windows there are along each axis. */
  readonly output: Triple;
}

/** Extent of the result along one axis: ⌊(n + padding − dilation (window − 1) − 1) / stride⌋ + 1, at least 0. */
export function outputExtent(
  n: number,
  window: number,
  stride: number,
  [before, after]: readonly [number, number],
  dilation: number,
): number {
  return Math.max(0, Math.floor((n + before + after - dilation * (window - 1) - 1) / stride) + 1);
}

/** The geometry for an input of this shape, [batch, depth, height, width, channels]. */
export function geometryOf(x: Shape, attributes: WindowAttributes): Geometry {
  const { window, strides, padding, dilations } = attributes;
  const input: Triple = [x[1]!, x[2]!, x[3]!];
  const along = (k: 0 | 1 | 2): number => outputExtent(input[k], window[k], strides[k], padding[k], dilations[k]);
  return { ...attributes, batch: x[0]!, input, channels: x[4]!, output: [along(0), along(1), along(2)] };
}

/**
 * Calls `visit(place, input, tap)` for every tap of every window that lies on the input: `place` and `input` count elements of
 * one channel (positions in [batch, …output] and [batch, …input]), `tap` positions in the window. Taps of one window come in
 * order, windows in order.
 */
export function forEachTap(g: Geometry, visit: (place: number, input: number, tap: number) => void): void {
  const [outD, outH, outW] = g.output;
  const [inD, inH, inW] = g.input;
  const [windowD, windowH, windowW] = g.window;
  let place = 0;
  for (let n = 0; n < g.batch; n++) {
    for (let od = 0; od < outD; od++) {
      for (let oh = 0; oh < outH; oh++) {
        for (let ow = 0; ow < outW; ow++, place++) {
          for (let kd = 0; kd < windowD; kd++) {
            const d = od * g.strides[0] - g.padding[0][0] + kd * g.dilations[0];
            if (d < 0 || d >= inD) continue;
            for (let kh = 0; kh < windowH; kh++) {
              const h = oh * g.strides[1] - g.padding[1][0] + kh * g.dilations[1];
              if (h < 0 || h >= inH) continue;
              for (let kw = 0; kw < windowW; kw++) {
                const w = ow * g.strides[2] - g.padding[2][0] + kw * g.dilations[2];
                if (w < 0 || w >= inW) continue;
                visit(place, ((n * inD + d) * inH + h) * inW + w, (kd * windowH + kh) * windowW + kw);
              }
            }
          }
        }
      }
    }
  }
}
