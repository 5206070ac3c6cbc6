/** JPEG files, through jpeg-js, once their header has been found sound. */

import { FormatError } from '@cotangent/kernels';
import { checkSize, type Raster, withChannels } from './raster.js';

/** Whether the bytes begin as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Frames that jpeg-js decodes: baseline, extended sequential, progressive. */
const frames = [0xc0, 0xc1, 0xc2];

function frameOf(source: string, bytes: Uint8Array, maxPixels: number): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // fill bytes
    if (at + 4 > bytes.length) throw new FormatError(source, 'the file is cut off before its frame', bytes.length);
    if (bytes[at] !== 0xff) throw new FormatError(source, 'expected a JPEG marker', at);
    const marker = bytes[at + 1]!;
    const length = view.getUint16(at + 2);
    if (marker === 0xd9 || marker === 0xda) throw new FormatError(source, 'has no frame before its picture data', at);
    if (length < 2 || at + 2 + length > bytes.length)
      throw new FormatError(source, `segment 0x${marker.toString(16)} is cut off`, Math.min(at + 2, bytes.length));
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      if (!frames.includes(marker) || length < 8 || bytes[at + 4] !== 8)
        throw new FormatError(
          source,
          `got JPEG frame 0x${marker.toString(16)}; expected baseline or progressive of 8 bits`,
          at,
        );
      const [height, width, components] = [view.getUint16(at + 5), view.getUint16(at + 7), bytes[at + 9]!];
      if (![1, 3, 4].includes(components) || length !== 8 + 3 * components)
        throw new FormatError(source, `got ${components} components; expected 1, 3 or 4`, at + 9);
      checkSize(source, width, height, maxPixels, at + 5);
      return { width, height, components };
    }
    at += 2 + length;
  }
}

/** Reads a JPEG file; CMYK comes as RGB. @throws FormatError */
export async function decodeJpeg(source: string, bytes: Uint8Array, maxPixels: number): Promise<Raster> {
  const { width, height, components } = frameOf(source, bytes, maxPixels);
  const { decode } = (await import('jpeg-js')).default;
  let decoded: { width: number; height: number; data: Uint8Array };
  try {
    decoded = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Math.ceil(maxPixels / 1e6),
      maxMemoryUsageInMB: Math.ceil(maxPixels / 1e6) * 64,
    });
  } catch (error) {
    throw new FormatError(source, `the picture cannot be decoded: ${(error as Error).message}`, 2);
  }
  if (decoded.width !== width || decoded.height !== height)
    throw new FormatError(source, 'has several frames of different sizes', 2);
  const raster: Raster = { width, height, channels: 3, maximum: 255, samples: decoded.data };
  return components === 1 ? withChannels(raster, 1) : raster;
}
