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

  it('refuses a file cut off or continued at any place, and says where', () => {
    fc.assert(
      fc.property(files, fc.nat(), ({ file }, at) => {
        const cut = file.slice(0, at % file.length);
        expect(() => parseIdx(cut, 'cut.idx')).toThrow(FormatError);
        expect(() => parseIdx(cut, 'cut.idx')).toThrow(/^cut\.idx: .*at byte \d+/);
        expect(() => parseIdx(Uint8Array.from([...file, 0]), 'long.idx')).toThrow(/bytes follow the data/);
      }),
    );
  });

  it('throws nothing but FormatError for bytes that are no IDX file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          parseIdx(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });

  it('names what is wrong with the header', () => {
    expect(() => parseIdx(Uint8Array.of(0x1f, 0x8b, 8, 0))).toThrow(
      /not an IDX file \(at byte 0\)\. It is compressed: gunzip it first/,
    );
    expect(() => parseIdx(Uint8Array.of(0, 0, 0x0a, 0))).toThrow(
      /got element type 0x0a; expected 0x08.* \(at byte 2\)/,
    );
    const huge = Uint8Array.of(0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255);
    expect(() => parseIdx(huge)).toThrow(/the data are cut off; expected .* bytes for shape/);
  });
});
