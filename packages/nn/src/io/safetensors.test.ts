import { type Tensor, tensor } from '@cotangent/autograd';
import { type DType, FormatError } from '@cotangent/kernels';
import fc from 'fast-check';
import { encodeSafetensors, parseSafetensors } from './safetensors.js';

/** A file by hand: header as text, then bytes. */
function file(header: unknown, data: readonly number[] = [], size?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function errorOf(bytes: Uint8Array): FormatError | null {
  try {
    parseSafetensors(bytes, 'x.safetensors');
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return error as FormatError;
  }
}

const values: Readonly<Record<DType, fc.Arbitrary<number>>> = {
  float32: fc.float(),
  float64: fc.double(),
  int32: fc.integer(),
  uint8: fc.nat({ max: 255 }),
  bool: fc.nat({ max: 1 }),
};

const tensors: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom<DType>('float32', 'float64', 'int32', 'uint8', 'bool'),
    fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
  )
  .chain(([dtype, shape]) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return fc
      .array(values[dtype], { minLength: size, maxLength: size })
      .map((numbers) => tensor(numbers, { dtype }).reshape(shape));
  });

describe('encodeSafetensors() and parseSafetensors()', () => {
  it('keep every dtype, shape, number and text', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== '__metadata__' && name !== '__proto__'),
          tensors,
        ),
        fc.dictionary(
          fc.string().filter((name) => name !== '__proto__'),
          fc.string(),
        ),
        (given, metadata) => {
          const read = parseSafetensors(encodeSafetensors(given, metadata));
          expect({ ...read.metadata }).toEqual({ ...metadata });
          expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(given).sort());
          for (const [name, x] of Object.entries(given)) {
            const y = read.tensors[name]!;
            expect([y.dtype, y.shape]).toEqual([x.dtype, x.shape]);
            expect(y.toTypedArray()).toEqual(x.toTypedArray());
          }
        },
      ),
    );
  });

  it('writes a header in steps of eight bytes, and numbers at multiples of their size', () => {
    const bytes = encodeSafetensors({ a: tensor([1], { dtype: 'uint8' }), b: tensor([2], { dtype: 'float64' }) });
    const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(size % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
    expect(header).toEqual({
      b: { dtype: 'F64', shape: [1], data_offsets: [0, 8] },
      a: { dtype: 'U8', shape: [1], data_offsets: [8, 9] },
    });
  });

  // The file of the format's own description: https://github.com/huggingface/safetensors#format
  it('reads halves, brain floats and integers of other sizes', () => {
    const bytes = file(
      {
        half: { dtype: 'F16', shape: [4], data_offsets: [0, 8] },
        brain: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
        long: { dtype: 'I64', shape: [1], data_offsets: [12, 20] },
        short: { dtype: 'I16', shape: [1], data_offsets: [20, 22] },
      },
      // 1, −2, the smallest subnormal, ∞; 1, −0.15625; −5; −2
      [
        0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c, 0x80, 0x3f, 0x20, 0xbe, 0xfb, 255, 255, 255, 255, 255, 255, 255,
        0xfe, 255,
      ],
    );
    const { half, brain, long, short } = parseSafetensors(bytes).tensors;
    expect([...half!.toTypedArray()]).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY]);
    expect([...brain!.toTypedArray()]).toEqual([1, -0.15625]);
    expect([long!.dtype, long!.toArray(), short!.toArray()]).toEqual(['int32', [-5], [-2]]);
  });

  it('refuses a file cut off at any place, or continued', () => {
    const bytes = encodeSafetensors({ a: tensor([1, 2, 3]), b: tensor([[4]], { dtype: 'int32' }) }, { c: 'd' });
    for (let at = 0; at < bytes.length; at++) expect(errorOf(bytes.slice(0, at))).not.toBeNull();
    expect(errorOf(Uint8Array.from([...bytes, 0]))?.message).toContain('1 bytes follow the data');
  });

  it('throws nothing but FormatError for other bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void errorOf(bytes)));
    fc.assert(
      fc.property(fc.json(), fc.uint8Array({ maxLength: 16 }), (text, data) => void errorOf(file(text, [...data]))),
    );
  });

  it.each<[string, unknown, number[], string]>([
    [
      'overlapping tensors',
      { a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] }, b: { dtype: 'U8', shape: [2], data_offsets: [1, 3] } },
      [1, 2, 3],
      'two tensors share bytes',
    ],
    ['a gap', { a: { dtype: 'U8', shape: [1], data_offsets: [1, 2] } }, [1, 2], 'bytes belong to no tensor'],
    [
      'a shape that is not the span',
      { a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } },
      [0, 0, 0, 0],
      "'a' lies from 0 to 4; expected 8 bytes within 4",
    ],
    [
      'a huge shape',
      { a: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 4] } },
      [0, 0, 0, 0],
      'expected',
    ],
    [
      'an unknown dtype',
      { a: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } },
      [0],
      "'a' has dtype 'F8'; expected one of F64",
    ],
    ['a negative offset', { a: { dtype: 'U8', shape: [0], data_offsets: [-1, -1] } }, [], "'a' has no data_offsets"],
    ['metadata that is no text', { __metadata__: { a: 1 } }, [], 'its __metadata__ is not text by name'],
    ['a prototype', '{"__proto__": {"dtype": "U8"}}', [], "the key '__proto__' is not allowed"],
    [
      'an integer too large',
      { a: { dtype: 'U32', shape: [1], data_offsets: [0, 4] } },
      [255, 255, 255, 255],
      "'a' holds 4294967295, which no int32 is",
    ],
  ])('refuses %s', (_, header, data, problem) => {
    expect(errorOf(file(header, data))?.message).toContain(problem);
  });
});
