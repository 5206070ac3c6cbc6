/** What decoders give and encoders take: the samples of a picture, and how they become tensors. */

import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import { FormatError } from '@cotangent/kernels';

/** Samples in row-major order [height, width, channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Largest value of a sample: 255 or 65535. */
  readonly maximum: number;
  readonly samples: Uint8Array | Uint16Array;
}

/** How many pixels a picture may have unless more are allowed: 2²⁶, 8192 × 8192. */
export const defaultMaxPixels: number = 2 ** 26;

/** Throws unless a picture of that size is there and may be decoded. @throws FormatError */
export function checkSize(source: string, width: number, height: number, maxPixels: number, at: number): void {
  if (width === 0 || height === 0)
    throw new FormatError(source, `got a picture of ${width} × ${height} pixels; expected at least one`, at);
  if (width * height > maxPixels)
    throw new FormatError(
      source,
      `got a picture of ${width} × ${height} pixels; expected at most ${maxPixels}`,
      at,
      'If you trust where it comes from, pass a larger maxPixels.',
    );
}

/** Weights of red, green and blue in a grey (ITU-R BT.601). */
const luma = [0.299, 0.587, 0.114] as const;

/** The same picture with other channels: colours become a grey of the same brightness, grey is repeated, alpha is dropped or opaque. */
export function withChannels(raster: Raster, channels: number): Raster {
  const { height, width, maximum, samples } = raster;
  if (raster.channels === channels) return raster;
  const pixels = height * width;
  const out = maximum > 255 ? new Uint16Array(pixels * channels) : new Uint8Array(pixels * channels);
  const colourful = raster.channels >= 3;
  const hasAlpha = raster.channels === 2 || raster.channels === 4;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * raster.channels;
    const to = pixel * channels;
    if (channels === 1) {
      const [r, g, b] = luma;
      out[to] = Math.round(samples[from]! * r + samples[from + 1]! * g + samples[from + 2]! * b);
      if (!colourful) out[to] = samples[from]!;
      continue;
    }
    for (let c = 0; c < 3; c++) out[to + c] = samples[from + (colourful ? c : 0)]!;
    if (channels === 4) out[to + 3] = hasAlpha ? samples[from + raster.channels - 1]! : maximum;
  }
  return { ...raster, channels, samples: out };
}

/** As a tensor: 'uint8' keeps the upper 8 bits, 'int32' all, 'float32' is the value as a share of the largest. */
export function rasterTensor(raster: Raster, dtype: 'uint8' | 'int32' | 'float32'): Tensor {
  const { height, width, channels, maximum, samples } = raster;
  const shape = [height, width, channels];
  if (dtype === 'int32') return fromTypedArray(Int32Array.from(samples), shape);
  if (dtype === 'float32')
    return fromTypedArray(
      Float32Array.from(samples, (value) => value / maximum),
      shape,
    );
  const bytes = maximum === 255 ? Uint8Array.from(samples) : Uint8Array.from(samples, (value) => value >> 8);
  return fromTypedArray(bytes, shape);
}
