/**
 * PNG files (https://www.w3.org/TR/png-3/). Chunks, sizes and the compressed stream are checked here, against bounds, before fast-png
 * undoes the filters; it is given each pass of an interlaced picture by itself, because it takes passes of less than 8 bits a sample wrongly.
 */

import { FormatError } from '@cotangent/kernels';
import { checkSize, type Raster } from './raster.js';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] as const;

/** Whether the bytes begin as a PNG file does. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

const crcTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 of ISO 3309. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Where its data begin in the file. */
  readonly at: number;
}

/** The chunks up to IEND, their checksums checked. */
function chunksOf(source: string, bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  let at = signature.length;
  while (chunks.at(-1)?.type !== 'IEND') {
    if (at + 12 > bytes.length)
      throw new FormatError(source, 'the file is cut off before its IEND chunk', bytes.length);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) throw new FormatError(source, 'expected the four letters of a chunk type', at + 4);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw new FormatError(source, `the ${type} chunk is cut off`, bytes.length);
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end))
      throw new FormatError(source, `the checksum of the ${type} chunk is wrong`, end);
    chunks.push({ type, data: bytes.subarray(at + 8, end), at: at + 8 });
    at = end + 4;
  }
  return chunks;
}

/** Samples of a pixel by colour type. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const indexed = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

function headerOf(source: string, chunk: Chunk | undefined, maxPixels: number): Header {
  if (chunk?.type !== 'IHDR' || chunk.data.length !== 13)
    throw new FormatError(source, 'expected an IHDR chunk of 13 bytes first', signature.length);
  const { data, at } = chunk;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, compression, filter, interlace] = data.subarray(8) as unknown as number[];
  if (!depthsOf[colourType!]?.includes(depth!))
    throw new FormatError(source, `got colour type ${colourType} with ${depth} bits, which PNG does not have`, at + 8);
  if (compression !== 0 || filter !== 0 || interlace! > 1)
    throw new FormatError(
      source,
      `got methods ${compression}, ${filter}, ${interlace}; expected 0, 0, and 0 or 1`,
      at + 10,
    );
  checkSize(source, width, height, maxPixels, at);
  return { width, height, depth: depth!, colourType: colourType!, interlaced: interlace === 1 };
}

/** Which pixels a pass holds. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

const whole = [[0, 0, 1, 1]] as const;
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function passesOf({ width, height, interlaced }: Header): Pass[] {
  return (interlaced ? adam7 : whole)
    .map(([x, y, stepX, stepY]) => ({
      ...{ x, y, stepX, stepY },
      width: Math.ceil((width - x) / stepX),
      height: Math.ceil((height - y) / stepY),
    }))
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

const lineBytes = ({ depth, colourType }: Header, width: number): number =>
  Math.ceil((width * samplesOf[colourType]! * depth) / 8);

/** What a zlib stream in parts holds, if that is exactly so many bytes; it stops where there would be more. */
async function inflate(source: string, parts: readonly Chunk[], length: number): Promise<Uint8Array> {
  const { Unzlib } = await import('fflate');
  const out = new Uint8Array(length);
  let filled = 0;
  let position = parts[0]!.at;
  const stream = new Unzlib((piece) => {
    if (filled + piece.length > length)
      throw new FormatError(source, `the picture data go on after the ${length} bytes of the picture`, position);
    out.set(piece, filled);
    filled += piece.length;
  });
  const step = 2 ** 14; // Little goes in at once, so that little can come out: at most a thousand times as much.
  try {
    for (const { data, at } of parts) {
      for (let from = 0; from < data.length; from += step) {
        position = at + from;
        stream.push(data.slice(from, from + step), false);
      }
    }
    stream.push(new Uint8Array(0), true);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(source, `the picture data cannot be decompressed: ${(error as Error).message}`, position);
  }
  if (filled !== length)
    throw new FormatError(source, `the picture data hold ${filled} bytes; expected ${length}`, position);
  return out;
}

/** A file of one pass: the scan lines as they are, in blocks that are stored and not compressed. */
function fileOf(zlib: Uint8Array, { depth, colourType }: Header, { width, height }: Pass): Uint8Array {
  const file = new Uint8Array(signature.length + 3 * 12 + 13 + zlib.length);
  const view = new DataView(file.buffer);
  file.set(signature);
  let at = signature.length;
  const chunk = (type: string, data: ArrayLike<number>): void => {
    view.setUint32(at, data.length);
    for (let i = 0; i < 4; i++) file[at + 4 + i] = type.charCodeAt(i);
    file.set(data, at + 8);
    at += 12 + data.length; // The checksum stays 0: nobody looks.
  };
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([depth, colourType], 8);
  chunk('IHDR', header);
  chunk('IDAT', zlib);
  chunk('IEND', []);
  return file;
}

/** Samples of fewer than 8 bits, one to a byte; every line begins with a byte of its own. */
function unpacked(lines: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const bytes = Math.ceil((width * depth) / 8);
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = lines[y * bytes + (bit >> 3)]!;
      out[y * width + x] = (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  }
  return out;
}

async function samplesIn(source: string, header: Header, chunks: readonly Chunk[]): Promise<Uint8Array | Uint16Array> {
  const data = chunks.filter(({ type }) => type === 'IDAT');
  if (data.length === 0) throw new FormatError(source, 'has no IDAT chunk: no picture', chunks.at(-1)!.at);
  const passes = passesOf(header);
  const bytesIn = (pass: Pass): number => pass.height * (1 + lineBytes(header, pass.width));
  const lines = await inflate(
    source,
    data,
    passes.reduce((sum, pass) => sum + bytesIn(pass), 0),
  );
  const { decode } = await import('fast-png');
  const { zlibSync } = await import('fflate');
  const { width, height, depth } = header;
  const channels = samplesOf[header.colourType]!;
  const samples = depth === 16 ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
  let from = 0;
  for (const pass of passes) {
    const piece = lines.subarray(from, from + bytesIn(pass));
    for (let y = 0; y < pass.height; y++) {
      const at = y * (1 + lineBytes(header, pass.width));
      if (piece[at]! > 4)
        throw new FormatError(source, `line ${y} has filter ${piece[at]}; expected 0 to 4`, data[0]!.at);
    }
    from += piece.length;
    const decoded = decode(fileOf(zlibSync(piece, { level: 0 }), header, pass)).data;
    const part = depth < 8 ? unpacked(decoded as Uint8Array, pass.width, pass.height, depth) : decoded;
    for (let y = 0; y < pass.height; y++) {
      for (let x = 0; x < pass.width; x++) {
        const to = ((pass.y + y * pass.stepY) * width + pass.x + x * pass.stepX) * channels;
        for (let c = 0; c < channels; c++) samples[to + c] = part[(y * pass.width + x) * channels + c]!;
      }
    }
  }
  return samples;
}

/** Colours of indices; with alpha where a tRNS chunk gives some. */
function coloured(source: string, indices: Uint8Array, chunks: readonly Chunk[]): [channels: number, Uint8Array] {
  const palette = chunks.find(({ type }) => type === 'PLTE');
  if (palette === undefined || palette.data.length % 3 !== 0)
    throw new FormatError(source, 'expected a PLTE chunk of 3 bytes a colour', palette?.at ?? chunks[0]!.at);
  const alpha = chunks.find(({ type }) => type === 'tRNS')?.data;
  const channels = alpha === undefined ? 3 : 4;
  const colours = palette.data.length / 3;
  const out = new Uint8Array(indices.length * channels);
  for (const [i, index] of indices.entries()) {
    if (index >= colours)
      throw new FormatError(source, `pixel ${i} has colour ${index} of a palette of ${colours}`, palette.at);
    for (let c = 0; c < 3; c++) out[i * channels + c] = palette.data[index * 3 + c]!;
    if (alpha !== undefined) out[i * channels + 3] = alpha[index] ?? 255;
  }
  return [channels, out];
}

/** Adds alpha: 0 where all samples are those of a tRNS chunk (given in 16 bits each, before scaling), opaque elsewhere. */
function keyed(samples: Uint8Array | Uint16Array, channels: number, key: Uint8Array, opaque: number): typeof samples {
  const pixels = samples.length / channels;
  const out = opaque > 255 ? new Uint16Array(pixels * (channels + 1)) : new Uint8Array(pixels * (channels + 1));
  const wanted = Array.from({ length: channels }, (_, c) => key[2 * c]! * 256 + key[2 * c + 1]!);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const colour = samples.subarray(pixel * channels, (pixel + 1) * channels);
    out.set(colour, pixel * (channels + 1));
    out[pixel * (channels + 1) + channels] = wanted.every((value, c) => colour[c] === value) ? 0 : opaque;
  }
  return out;
}

/** Reads a PNG file. @throws FormatError with the byte offset */
export async function decodePng(source: string, bytes: Uint8Array, maxPixels: number): Promise<Raster> {
  const chunks = chunksOf(source, bytes);
  const header = headerOf(source, chunks[0], maxPixels);
  const { width, height, depth, colourType } = header;
  const raw = await samplesIn(source, header, chunks);
  if (colourType === indexed) {
    const [channels, samples] = coloured(source, raw as Uint8Array, chunks);
    return { width, height, channels, maximum: 255, samples };
  }
  const channels = samplesOf[colourType]!;
  const largest = 2 ** depth - 1;
  const key = chunks.find(({ type }) => type === 'tRNS');
  if (key !== undefined && (colourType > 2 || key.data.length !== 2 * channels))
    throw new FormatError(source, `the tRNS chunk does not fit colour type ${colourType}`, key.at);
  const scale = depth < 8 ? 255 / largest : 1;
  const samples = key === undefined ? raw : keyed(raw, channels, key.data, largest);
  return {
    width,
    height,
    channels: key === undefined ? channels : channels + 1,
    maximum: depth === 16 ? 65535 : 255,
    samples: scale === 1 ? samples : samples.map((value) => value * scale),
  };
}
