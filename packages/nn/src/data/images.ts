/** Pictures as tensors: PNG and JPEG files. The libraries that read them are loaded when first used. */

import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, FormatError, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import { decodeJpeg, isJpeg } from './images/jpeg.js';
import { decodePng, isPng } from './images/png.js';
import { defaultMaxPixels, rasterTensor, withChannels } from './images/raster.js';

/** Options of `decodeImage`. */
export interface DecodeImageOptions {
  /**
   * 1 grey, 3 RGB, 4 RGB and alpha; 0 for as many as the file has (2 are grey and alpha). Colours become grey as 0.299 R + 0.587 G + 0.114 B; a
   * missing alpha is opaque. @defaultValue 0
   */
  channels?: 0 | 1 | 3 | 4;
  /**
   * 'uint8' from 0 to 255, of 16-bit files the upper 8 bits; 'int32' the numbers of the file, up to 65535 in 16-bit files; 'float32' from 0 to 1.
   * @defaultValue 'uint8'
   */
  dtype?: 'uint8' | 'int32' | 'float32';
  /** Largest number of pixels that is decoded. @defaultValue 2²⁶, as of 8192 × 8192 */
  maxPixels?: number;
  /** What to call it in errors. @defaultValue 'decodeImage' */
  source?: string;
}

/**
 * Reads a PNG file (of every colour type and depth, interlaced or not) or a JPEG file (baseline or progressive); its first bytes tell which.
 *
 * @param bytes the whole file
 * @returns [height, width, channels]
 * @throws FormatError, with the byte offset, for anything else and for pictures beyond `maxPixels`; ArgumentError for unknown options
 * @see https://www.tensorflow.org/api_docs/python/tf/io/decode_image
 * @example
 * const bytes = await nn.data.encodePng(zeros([4, 6, 3], { dtype: 'uint8' }));
 * const image = await nn.data.decodeImage(bytes, { channels: 1 });
 * image.shape; // → [4, 6, 1]
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}): Promise<Tensor> {
  checkOptions('decodeImage', options, ['channels', 'dtype', 'maxPixels', 'source']);
  const { channels = 0, dtype = 'uint8', maxPixels = defaultMaxPixels, source = 'decodeImage' } = options;
  if (!ArrayBuffer.isView(bytes))
    throw new ArgumentError('decodeImage', `got ${shown(bytes)}; expected the bytes of a file in a Uint8Array`);
  if (![0, 1, 3, 4].includes(channels))
    throw new ArgumentError('decodeImage', `got channels ${shown(channels)}; expected 0, 1, 3 or 4`);
  checkChoice('decodeImage', 'dtype', dtype, ['uint8', 'int32', 'float32']);
  checkNumber('decodeImage', 'maxPixels', maxPixels, { atLeast: 1, whole: true });
  const decode = isPng(bytes) ? decodePng : isJpeg(bytes) ? decodeJpeg : null;
  if (decode === null)
    throw new FormatError(
      source,
      'expected a PNG or JPEG file, which begin with 89 50 4e 47 0d 0a 1a 0a or ff d8 ff',
      0,
    );
  const raster = await decode(source, bytes, maxPixels);
  return rasterTensor(channels === 0 ? raster : withChannels(raster, channels), dtype);
}

interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** The bytes of an image. @throws DTypeError, ShapeError */
function pixelsOf(operation: string, image: Tensor): Pixels {
  if (!isTensor(image) || image.dtype !== 'uint8')
    throw new DTypeError(
      operation,
      { image: isTensor(image) ? image.dtype : shown(image) },
      'a uint8 tensor, 0 to 255',
      "Scale to 0 … 255 and convert with .round().clip(0, 255).cast('uint8').",
    );
  const [height, width, channels = 1] = image.shape as [number, number, number?];
  if (image.size === 0 || (image.rank !== 2 && image.rank !== 3) || channels > 4)
    throw new ShapeError(operation, { image: image.shape }, '[height, width] or [height, width, 1 to 4 channels]');
  return { height, width, channels, data: image.toTypedArray() as Uint8Array };
}

/**
 * The bytes of a PNG file of an image.
 *
 * @param image uint8 [height, width] or [height, width, channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
 * @throws DTypeError unless it is uint8; ShapeError for other shapes
 * @example
 * const bytes = await nn.data.encodePng(zeros([4, 6, 3], { dtype: 'uint8' }));
 * (await nn.data.decodeImage(bytes)).shape; // → [4, 6, 3]
 */
export async function encodePng(image: Tensor): Promise<Uint8Array> {
  const pixels = pixelsOf('encodePng', image);
  const { encode } = await import('fast-png');
  return encode({ ...pixels, depth: 8 });
}

/**
 * The bytes of a baseline JPEG file of an image, in colour and without alpha.
 *
 * @param image uint8 [height, width] or [height, width, channels], as of `encodePng`
 * @param options `quality` from 1 to 100. @defaultValue 95
 * @throws DTypeError, ShapeError, ArgumentError
 * @example
 * const bytes = await nn.data.encodeJpeg(zeros([8, 8, 3], { dtype: 'uint8' }), { quality: 80 });
 * (await nn.data.decodeImage(bytes)).shape; // → [8, 8, 3]
 */
export async function encodeJpeg(image: Tensor, options: { quality?: number } = {}): Promise<Uint8Array> {
  checkOptions('encodeJpeg', options, ['quality']);
  const quality = checkNumber('encodeJpeg', 'quality', options.quality ?? 95, { atLeast: 1, atMost: 100 });
  const { height, width, channels, data } = pixelsOf('encodeJpeg', image);
  if (height > 65535 || width > 65535)
    throw new ShapeError('encodeJpeg', { image: image.shape }, 'at most 65535 pixels a side');
  const rgba = withChannels({ height, width, channels, maximum: 255, samples: data }, 4).samples;
  const { encode } = (await import('jpeg-js')).default;
  return withBuffer(() => Uint8Array.from(encode({ height, width, data: rgba }, quality).data));
}

/** Runs f where Node's Buffer is known: jpeg-js, once bundled, asks for it in browsers too, though only to copy numbers. */
function withBuffer<T>(f: () => T): T {
  const world = globalThis as { Buffer?: unknown };
  if (world.Buffer !== undefined) return f();
  world.Buffer = Uint8Array;
  try {
    return f();
  } finally {
    delete world.Buffer;
  }
}
