import { fromTypedArray, type Tensor, zeros } from '@cotangent/autograd';
import { ArgumentError, DTypeError, FormatError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectRejected, fixture } from '../../fixtures/testing.js';
import { decodeImage, encodeJpeg, encodePng } from './images.js';

interface ImageCase {
  readonly name: string;
  readonly file: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const cases = fixture<ImageCase>('imageFiles');
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const valuesOf = (x: Tensor): number[] => [...x.toTypedArray()] as number[];
const named = (part: string): Uint8Array => bytesOf(cases.find(({ name }) => name.includes(part))!.file);

const images = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }))
  .chain(([height, width, channels]) => {
    const size = height * width * channels;
    return fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((data) => fromTypedArray(data, [height, width, channels]));
  });

/** What decoding throws; null where it throws nothing. */
async function errorOf(bytes: Uint8Array): Promise<unknown> {
  return decodeImage(bytes, { source: 'picture', maxPixels: 10_000 }).then(
    () => null,
    (error: unknown) => error,
  );
}

describe('decodeImage', () => {
  it.each(cases)('reads what Pillow reads: $name', async ({ name, file, shape, values }) => {
    const image = await decodeImage(bytesOf(file));
    expect([image.dtype, image.shape]).toEqual(['uint8', shape]);
    // Decoders of JPEG may round differently on the way through the cosine transform.
    const tolerance = name.startsWith('JPEG') ? 3 : 0;
    const worst = Math.max(...valuesOf(image).map((value, i) => Math.abs(value - values[i]!)));
    expect(worst).toBeLessThanOrEqual(tolerance);
  });

  it('undoes encodePng', async () => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        const back = await decodeImage(await encodePng(image));
        expect(back.shape).toEqual(image.shape);
        expect(valuesOf(back)).toEqual(valuesOf(image));
      }),
      { numRuns: 30 },
    );
  });

  it('nearly undoes encodeJpeg, also where there is no Buffer', async () => {
    const ramp = fromTypedArray(
      Uint8Array.from({ length: 32 * 32 }, (_, i) => 4 * (i >> 5) + 2 * (i % 32)),
      [32, 32],
    );
    const world = globalThis as { Buffer?: unknown };
    const { Buffer: kept } = world;
    let file: Uint8Array;
    try {
      delete world.Buffer;
      file = await encodeJpeg(ramp, { quality: 100 });
      expect(world.Buffer).toBeUndefined();
    } finally {
      world.Buffer = kept;
    }
    const back = await decodeImage(file, { channels: 1 });
    const worst = Math.max(...valuesOf(back).map((value, i) => Math.abs(value - valuesOf(ramp)[i]!)));
    expect(worst).toBeLessThanOrEqual(3);
  });

  it('converts channels and dtypes', async () => {
    const colour = await encodePng(fromTypedArray(Uint8Array.of(10, 200, 30, 128), [1, 1, 4]));
    expect(valuesOf(await decodeImage(colour, { channels: 3 }))).toEqual([10, 200, 30]);
    // 0.299 · 10 + 0.587 · 200 + 0.114 · 30 = 123.81
    expect(valuesOf(await decodeImage(colour, { channels: 1 }))).toEqual([124]);
    const grey = await encodePng(fromTypedArray(Uint8Array.of(51), [1, 1]));
    expect(valuesOf(await decodeImage(grey, { channels: 4 }))).toEqual([51, 51, 51, 255]);
    expect(valuesOf(await decodeImage(grey, { dtype: 'float32' }))[0]).toBeCloseTo(0.2, 7);
    const deep = named('colour type 0, 16 bits');
    const all = valuesOf(await decodeImage(deep, { dtype: 'int32' }));
    expect(valuesOf(await decodeImage(deep))).toEqual(all.map((value) => value >> 8));
    expect(Math.max(...all)).toBeGreaterThan(255);
  });

  it('throws nothing but FormatError, with a place, for files that are damaged', async () => {
    const files = [
      named('colour type 3, 4 bits, 6 x 11, interlaced'),
      named('colour type 6, 16'),
      named('JPEG, colour'),
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.nat({ max: 255 }), async (file, at, byte) => {
        const damaged = file.slice();
        damaged[at % file.length] = byte;
        for (const bytes of [damaged, file.slice(0, at % file.length)]) {
          const error = await errorOf(bytes);
          if (error === null) continue;
          expect(error).toBeInstanceOf(FormatError);
          expect((error as FormatError).byteOffset).toBeLessThanOrEqual(bytes.length);
          expect((error as FormatError).message).toMatch(/^picture: /);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses what is too large before it decodes it', async () => {
    const png = await encodePng(zeros([8, 8], { dtype: 'uint8' }));
    await expectRejected(
      decodeImage(png, { maxPixels: 63 }),
      FormatError,
      'decodeImage: got a picture of 8 × 8 pixels; expected at most 63 (at byte 16). If you trust where it comes from, pass a larger maxPixels.',
    );
    // A million zeros behind a header of 8 × 8 pixels.
    const bomb = await encodePng(zeros([1000, 1000], { dtype: 'uint8' }));
    bomb.set(png.subarray(0, 33));
    expect(((await errorOf(bomb)) as FormatError).message).toContain('go on after the 72 bytes of the picture');
  });

  it('refuses what is no picture and what is no image', async () => {
    await expectRejected(
      decodeImage(Uint8Array.of(71, 73, 70)),
      FormatError,
      'decodeImage: expected a PNG or JPEG file, which begin with 89 50 4e 47 0d 0a 1a 0a or ff d8 ff (at byte 0)',
    );
    await expectRejected(
      decodeImage(Uint8Array.of(1), { channels: 2 as 1 }),
      ArgumentError,
      'decodeImage: got channels 2; expected 0, 1, 3 or 4',
    );
    await expect(encodePng(zeros([2, 2]))).rejects.toBeInstanceOf(DTypeError);
    await expect(encodePng(zeros([2, 2, 5], { dtype: 'uint8' }))).rejects.toBeInstanceOf(ShapeError);
  });
});
