/** The IDX format of the MNIST files: http://yann.lecun.com/exdb/mnist/ ("the IDX file format"). */

import { type DType, FormatError, type Shape, showShape, type TypedArray } from '@cotangent/kernels';

/** What an IDX file holds. */
export interface IdxData {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Elements in row-major order. */
  readonly data: TypedArray;
}

interface ElementType {
  readonly dtype: DType;
  readonly bytes: number;
  read(view: DataView, byteOffset: number): number;
  create(length: number): TypedArray;
}

/** Type codes of the third byte. Signed bytes and shorts become int32, which holds them exactly. */
const elementTypes: Readonly<Record<number, ElementType>> = {
  8: { dtype: 'uint8', bytes: 1, read: (v, at) => v.getUint8(at), create: (n) => new Uint8Array(n) },
  9: { dtype: 'int32', bytes: 1, read: (v, at) => v.getInt8(at), create: (n) => new Int32Array(n) },
  11: { dtype: 'int32', bytes: 2, read: (v, at) => v.getInt16(at), create: (n) => new Int32Array(n) },
  12: { dtype: 'int32', bytes: 4, read: (v, at) => v.getInt32(at), create: (n) => new Int32Array(n) },
  13: { dtype: 'float32', bytes: 4, read: (v, at) => v.getFloat32(at), create: (n) => new Float32Array(n) },
  14: { dtype: 'float64', bytes: 8, read: (v, at) => v.getFloat64(at), create: (n) => new Float64Array(n) },
};

/**
 * Reads an IDX file: two zero bytes, a type code, the number of axes, the extents (32 bits, big-endian), the elements.
 *
 * @param bytes the whole file
 * @param source what to call it in errors. @defaultValue 'parseIdx'
 * @throws FormatError, with the byte offset, for anything that is not exactly that
 * @example
 * const bytes = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]);
 * const { shape, dtype, data } = nn.data.parseIdx(bytes);
 * shape; // → [3]
 * fromTypedArray(data, shape); // → [7, 8, 9]
 */
export function parseIdx(bytes: Uint8Array, source: string = 'parseIdx'): IdxData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4)
    throw new FormatError(source, `got ${bytes.length} bytes; expected an IDX header of at least 4`, bytes.length);
  if (view.getUint16(0) !== 0) {
    const gzip = view.getUint16(0) === 0x1f8b;
    throw new FormatError(
      source,
      'does not begin with two zero bytes: not an IDX file',
      0,
      gzip ? 'It is compressed: gunzip it first.' : undefined,
    );
  }
  const code = bytes[2]!;
  const type = elementTypes[code];
  if (type === undefined) {
    throw new FormatError(
      source,
      `got element type 0x${code.toString(16).padStart(2, '0')}; expected 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e`,
      2,
    );
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    throw new FormatError(
      source,
      `the header of ${rank} axes is cut off; expected ${start} bytes, got ${bytes.length}`,
      bytes.length,
    );
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Beyond 2⁵³ a product of extents is not exact, and a zero among them would hide that (∞ · 0 is NaN).
  if (!Number.isSafeInteger(shape.reduce((product, extent) => product * Math.max(1, extent), type.bytes))) {
    throw new FormatError(source, `got ${rank} extents whose product is beyond 2^53 bytes`, 4);
  }
  const length = shape.reduce((product, extent) => product * extent, 1);
  const expected = start + length * type.bytes;
  if (bytes.length !== expected) {
    const trouble = bytes.length < expected ? 'the data are cut off' : 'bytes follow the data';
    throw new FormatError(
      source,
      `${trouble}; expected ${expected} bytes for shape ${showShape(shape)}, got ${bytes.length}`,
      Math.min(bytes.length, expected),
    );
  }
  // Bytes are bytes. Not bytes.slice(): Node's Buffer has another one, which does not copy.
  if (type.dtype === 'uint8') return { shape, dtype: type.dtype, data: Uint8Array.prototype.slice.call(bytes, start) };
  const data = type.create(length);
  for (let i = 0; i < length; i++) data[i] = type.read(view, start + i * type.bytes);
  return { shape, dtype: type.dtype, data };
}
