import { bytesPerElement, type DType, FormatError } from '@cotangent/kernels';
import fc from 'fast-check';
import { parseIdx } from './idx.js';

interface Encoding {
  readonly code: number;
  readonly bytes: number;
  readonly dtype: DType;
  readonly values: fc.Arbitrary<number>;
  write(view: DataView, at: number, value: number): void;
}

const encodings: readonly Encoding[] = [
  { code: 0x08, bytes: 1, dtype: 'uint8', values: fc.nat({ max: 255 }), write: (v, at, x) => v.setUint8(at, x) },
  {
    code: 0x09,
    bytes: 1,
    dtype: 'int32',
    values: fc.integer({ min: -128, max: 127 }),
    write: (v, at, x) => v.setInt8(at, x),
  },
  {
    code: 0x0b,
    bytes: 2,
    dtype: 'int32',
    values: fc.integer({ min: -32768, max: 32767 }),
    write: (v, at, x) => v.setInt16(at, x),
  },
  { code: 0x0c, bytes: 4, dtype: 'int32', values: fc.integer(), write: (v, at, x) => v.setInt32(at, x) },
  { code: 0x0d, bytes: 4, dtype: 'float32', values: fc.float(), write: (v, at, x) => v.setFloat32(at, x) },
  { code: 0x0e, bytes: 8, dtype: 'float64', values: fc.double(), write: (v, at, x) => v.setFloat64(at, x) },
];

function encode({ code, bytes, write }: Encoding, shape: readonly number[], values: readonly number[]): Uint8Array {
  const start = 4 + 4 * shape.length;
  const file = new Uint8Array(start + values.length * bytes);
  const view = new DataView(file.buffer);
  view.setUint8(2, code);
  view.setUint8(3, shape.length);
  for (const [axis, extent] of shape.entries()) view.setUint32(4 + 4 * axis, extent);
  for (const [i, value] of values.entries()) write(view, start + i * bytes, value);
  return file;
}

const files = fc.constantFrom(...encodings).chain((encoding) =>
  fc.array(fc.nat({ max: 4 }), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    return fc
      .array(encoding.values, { minLength: size, maxLength: size })
      .map((values) => ({ encoding, shape, values, file: encode(encoding, shape, values) }));
  }),
);

/** What reading them throws; null where it throws nothing. */
function errorOf(bytes: Uint8Array, source?: string): unknown {
  try {
    parseIdx(bytes, source);
    return null;
  } catch (error) {
    return error;
  }
}

describe('parseIdx(bytes)', () => {
  it('reads back every element type and shape', () => {
    fc.assert(
      fc.property(files, ({ encoding, shape, values, file }) => {
        const { data, dtype, ...rest } = parseIdx(file);
        expect([...rest.shape]).toEqual([...shape]);
        expect(dtype).toBe(encoding.dtype);
        expect(data.BYTES_PER_ELEMENT).toBe(bytesPerElement(encoding.dtype));
        expect([...data]).toEqual(values);
      }),
    );
  });

  it('reads a file that lies in the middle of a larger buffer', () => {
    const file = encode(encodings[3]!, [2], [7, -9]);
    const larger = new Uint8Array(file.length + 10).fill(255);
    larger.set(file, 5);
    expect([...parseIdx(larger.subarray(5, 5 + file.length)).data]).toEqual([7, -9]);
  });

  it('refuses a file cut off at any place, or continued, and says where', () => {
    fc.assert(
      fc.property(files, ({ file }) => {
        for (let at = 0; at < file.length; at++) {
          const error = errorOf(file.slice(0, at), 'cut.idx');
          expect(error).toBeInstanceOf(FormatError);
          expect((error as FormatError).byteOffset).toBe(at);
          expect((error as FormatError).message).toMatch(/^cut\.idx: .*expected/);
        }
        const longer = errorOf(Uint8Array.from([...file, 0]), 'long.idx') as FormatError;
        expect(longer.message).toContain('bytes follow the data');
        expect(longer.byteOffset).toBe(file.length);
      }),
    );
  });

  it('throws nothing but FormatError for bytes that are no IDX file', () => {
    const outcome = (bytes: Uint8Array): void => {
      const error = errorOf(bytes);
      if (error === null) return;
      expect(error).toBeInstanceOf(FormatError);
      expect((error as FormatError).message).not.toMatch(/NaN|Infinity|undefined/);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), outcome));
    // Past the first two zeros hardly any random byte gets: those must be given.
    const headed = fc.tuple(
      fc.constantFrom(8, 9, 11, 12, 13, 14),
      fc.nat({ max: 255 }),
      fc.uint8Array({ maxLength: 64 }),
    );
    fc.assert(fc.property(headed, ([code, rank, rest]) => outcome(Uint8Array.of(0, 0, code, rank, ...rest))));
  });

  it('names what is wrong with the header', () => {
    expect(() => parseIdx(Uint8Array.of(0x1f, 0x8b, 8, 0))).toThrow(
      /not an IDX file \(at byte 0\)\. It is compressed: gunzip it first/,
    );
    expect(() => parseIdx(Uint8Array.of(0, 0, 0x0a, 0))).toThrow(
      /got element type 0x0a; expected 0x08.* \(at byte 2\)/,
    );
  });

  it('refuses extents whose product no file holds, also where a zero hides them', () => {
    const largest = 2 ** 32 - 1;
    const header = (extents: readonly number[]): Uint8Array => encode(encodings[0]!, extents, []);
    expect(() => parseIdx(header([largest, 1]))).toThrow(
      'the data are cut off; expected 4294967307 bytes for shape [4294967295, 1], got 12 (at byte 12)',
    );
    expect(() => parseIdx(header([largest, largest]))).toThrow(
      'got 2 extents whose product is beyond 2^53 bytes (at byte 4)',
    );
    expect(() => parseIdx(header([...new Array<number>(40).fill(largest), 0]))).toThrow('got 41 extents whose product');
    expect(() => parseIdx(header([largest, 0, largest]))).toThrow('got 3 extents whose product');
    expect(parseIdx(header([3, 0])).shape).toEqual([3, 0]);
  });
});
