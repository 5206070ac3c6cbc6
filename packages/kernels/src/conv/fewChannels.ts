/**
 * The input gradient of a first layer. Its one to three channels would leave a tile's columns empty, so places are the columns: for each
 * image the products of all taps with all places of g, and then, tap after tap, their sum where the tap lies.
 *
 *   p[tap · channel, place] = Σ over o of filter[tap, channel, o] · g[place, o]        dx[place + tap, channel] += p
 */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { matmul } from '../matmul/plain.js';
import { copyInto, fill } from '../move/copy.js';
import type { FloatVector } from '../wasm/lanes.js';
import { rowsModule } from '../wasm/rows.js';
import { pointerOf } from '../wasm/runMap.js';
import type { Geometry } from './geometry.js';
import { paddedExtents, withScratch } from './padded.js';

/** Above so many channels the columns of a tile are at least half full. */
const most = 3;

/** Whether it is for this: images, windows that move by 1. */
export const hasFewChannels = ({ channels, window, strides, padding }: Geometry): boolean =>
  channels <= most && window[0] === 1 && strides.every((n) => n === 1) && padding[0].every((n) => n === 0);

export function inputGradientOfFewChannels(
  dx: Block,
  g: Block,
  filter: Block,
  geometry: Geometry,
  type: FloatVector,
): boolean {
  const { batch, input, output, window, dilations, padding, channels } = geometry;
  const outputs = g.shape[4]!;
  const bytes = bytesPerElement(dx.dtype);
  const [, height, width] = input;
  const [, tall, wide] = paddedExtents(geometry);
  const places = output[1] * output[2];
  const rows = window[1] * window[2] * channels;
  const matrix = filter.view({ shape: [rows, outputs], strides: [outputs, 1], offset: filter.offset });
  const { add } = rowsModule(type);
  return withScratch(dx.dtype, [rows, places], (products) =>
    withScratch(dx.dtype, [channels, tall, wide], (sums) => {
      const inside = sums.view({
        shape: [height, width, channels],
        strides: [wide, 1, tall * wide],
        offset: sums.offset + padding[1][0] * wide + padding[2][0],
      });
      for (let image = 0; image < batch * input[0]; image++) {
        const ofG = { shape: [outputs, places], strides: [1, outputs], offset: g.offset + image * places * outputs };
        matmul(products, [matrix, g.view(ofG)], undefined);
        fill(sums, 0);
        for (let row = 0; row < rows; row++) {
          const [tap, channel] = [Math.floor(row / channels), row % channels];
          const h = Math.floor(tap / window[2]) * dilations[1];
          const w = (tap % window[2]) * dilations[2];
          const to = pointerOf(sums) + ((channel * tall + h) * wide + w) * bytes;
          add(to, wide * bytes, pointerOf(products) + row * places * bytes, output[2] * bytes, output[1], output[2]);
        }
        const size = height * width * channels;
        const strides = [width * channels, channels, 1];
        copyInto(dx.view({ shape: inside.shape, strides, offset: dx.offset + image * size }), inside);
      }
      return true;
    }),
  );
}
