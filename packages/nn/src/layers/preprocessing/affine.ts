/** Images seen through an affine map of the plane: one plain loop for rotations, zooms and translations. */

import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import { checkChoice } from '../../options.js';

/** What lies outside an image: its reflection (dcba|abcd|dcba), itself again (abcd|abcd|abcd), a value, or its edge. */
export type FillMode = 'reflect' | 'wrap' | 'constant' | 'nearest';

/** How a point between pixels is read. */
export type Interpolation = 'bilinear' | 'nearest';

/** Options of layers that move images. */
export interface FillOptions {
  /** What lies outside. @defaultValue 'reflect' */
  fillMode?: FillMode;
  /** With 'constant'. @defaultValue 0 */
  fillValue?: number;
  /** @defaultValue 'bilinear' */
  interpolation?: Interpolation;
}

/** The names of those options, for checks. */
export const fillOptionNames: readonly string[] = ['fillMode', 'fillValue', 'interpolation'];

/** The options with their defaults. @throws ArgumentError */
export function checkFill(operation: string, options: FillOptions): Required<FillOptions> {
  const { fillMode = 'reflect', fillValue = 0, interpolation = 'bilinear' } = options;
  return {
    fillMode: checkChoice(operation, 'fillMode', fillMode, ['reflect', 'wrap', 'constant', 'nearest']),
    fillValue,
    interpolation: checkChoice(operation, 'interpolation', interpolation, ['bilinear', 'nearest']),
  };
}

/** Where the pixel (row, column) of the result is read from: row a·row + b·column + c, column d·row + e·column + f. */
export type AffineMap = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The index that stands for one outside; −1 for the fill value. */
function inside(i: number, extent: number, mode: FillMode): number {
  if (i >= 0 && i < extent) return i;
  if (mode === 'constant') return -1;
  if (mode === 'nearest') return i < 0 ? 0 : extent - 1;
  if (mode === 'wrap') return ((i % extent) + extent) % extent;
  const period = 2 * extent;
  const at = ((i % period) + period) % period;
  return at < extent ? at : period - 1 - at;
}

/**
 * Every image of a batch through a map of its own. Pixels stand at whole numbers. No gradient passes.
 *
 * @param x [batch, height, width, channels]
 * @param maps one for each image
 * @param size height and width of the result. @defaultValue those of x
 * @returns float32, or float64 where x is
 */
export function affine(
  x: Tensor,
  maps: readonly AffineMap[],
  { fillMode, fillValue, interpolation }: Required<FillOptions>,
  size: readonly [number, number] = [x.shape[1]!, x.shape[2]!],
): Tensor {
  const [count, height, width, channels] = x.shape as readonly [number, number, number, number];
  const [rows, columns] = size;
  const values = x.toTypedArray();
  const Values = x.dtype === 'float64' ? Float64Array : Float32Array;
  const out = new Values(count * rows * columns * channels);
  let at = 0;
  for (let n = 0; n < count; n++) {
    const [a, b, c, d, e, f] = maps[n]!;
    const image = n * height * width * channels;
    const read = (row: number, column: number, channel: number): number => {
      const [r, k] = [inside(row, height, fillMode), inside(column, width, fillMode)];
      return r < 0 || k < 0 ? fillValue : values[image + (r * width + k) * channels + channel]!;
    };
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const [row, column] = [a * i + b * j + c, d * i + e * j + f];
        if (interpolation === 'nearest') {
          const [r, k] = [Math.floor(row + 0.5), Math.floor(column + 0.5)];
          for (let channel = 0; channel < channels; channel++) out[at++] = read(r, k, channel);
          continue;
        }
        const [top, left] = [Math.floor(row), Math.floor(column)];
        const [down, right] = [row - top, column - left];
        for (let channel = 0; channel < channels; channel++) {
          const upper =
            read(top, left, channel) * (1 - right) + (right === 0 ? 0 : read(top, left + 1, channel) * right);
          const lower =
            down === 0
              ? 0
              : read(top + 1, left, channel) * (1 - right) +
                (right === 0 ? 0 : read(top + 1, left + 1, channel) * right);
          out[at++] = upper * (1 - down) + lower * down;
        }
      }
    }
  }
  return fromTypedArray(out, [count, rows, columns, channels]);
}

/** A linear map about the middle of an image, then a shift: result (row, column) → source. */
export function aboutMiddle(
  height: number,
  width: number,
  [a, b, d, e]: readonly [number, number, number, number],
  [down, right]: readonly [number, number] = [0, 0],
): AffineMap {
  const [y, x] = [(height - 1) / 2, (width - 1) / 2];
  return [a, b, y - a * y - b * x + down, d, e, x - d * y - e * x + right];
}
