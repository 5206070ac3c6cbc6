/** The safetensors format (https://huggingface.co/docs/safetensors): a JSON header and the numbers, nothing that could run. */

import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, FormatError, type TypedArray } from '@cotangent/kernels';
import { shown } from '../options.js';
import type { StateDict } from '../state.js';
import { fromJson } from './json.js';

/** What a file holds. */
export interface Safetensors {
  readonly tensors: StateDict;
  /** Text by name: the header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const nameOf: Readonly<Record<DType, string>> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
};

/** How elements are read: bytes each, the dtype they become, and one from a place. */
interface Element {
  readonly bytes: number;
  readonly dtype: DType;
  read(view: DataView, at: number): number;
}

const elements: Readonly<Record<string, Element>> = {
  F64: { bytes: 8, dtype: 'float64', read: (v, at) => v.getFloat64(at, true) },
  F32: { bytes: 4, dtype: 'float32', read: (v, at) => v.getFloat32(at, true) },
  F16: { bytes: 2, dtype: 'float32', read: (v, at) => fromHalf(v.getUint16(at, true)) },
  BF16: { bytes: 2, dtype: 'float32', read: (v, at) => fromBrain(v.getUint16(at, true)) },
  I64: { bytes: 8, dtype: 'int32', read: (v, at) => Number(v.getBigInt64(at, true)) },
  U64: { bytes: 8, dtype: 'int32', read: (v, at) => Number(v.getBigUint64(at, true)) },
  I32: { bytes: 4, dtype: 'int32', read: (v, at) => v.getInt32(at, true) },
  U32: { bytes: 4, dtype: 'int32', read: (v, at) => v.getUint32(at, true) },
  I16: { bytes: 2, dtype: 'int32', read: (v, at) => v.getInt16(at, true) },
  U16: { bytes: 2, dtype: 'int32', read: (v, at) => v.getUint16(at, true) },
  I8: { bytes: 1, dtype: 'int32', read: (v, at) => v.getInt8(at) },
  U8: { bytes: 1, dtype: 'uint8', read: (v, at) => v.getUint8(at) },
  BOOL: { bytes: 1, dtype: 'bool', read: (v, at) => (v.getUint8(at) === 0 ? 0 : 1) },
};

/** IEEE 754 binary16 → number. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16 (the upper half of a float32) → number. */
function fromBrain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

const arrays: Readonly<Record<DType, new (length: number) => TypedArray>> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/**
 * The bytes of a file.
 *
 * @param tensors by name
 * @param metadata text by name, for the header
 * @throws ArgumentError for the name `__metadata__`
 * @example
 * const bytes = nn.encodeSafetensors(model.stateDict(), { model: 'digits' });
 * nn.parseSafetensors(bytes).metadata; // → {"model": "digits"}
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  // Widest elements first: every number then lies at a multiple of its size, as the format asks.
  const bytesOf = ([, x]: [string, Tensor]): number => elements[nameOf[x.dtype]]!.bytes;
  const ordered = Object.entries(tensors).sort((a, b) => bytesOf(b) - bytesOf(a));
  for (const [name, x] of ordered) {
    if (name === '__metadata__') throw new ArgumentError('encodeSafetensors', `got a tensor of the name '${name}'`);
    const end = offset + x.size * bytesOf([name, x]);
    header[name] = { dtype: nameOf[x.dtype], shape: x.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + offset);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const [, x] of ordered) {
    const values = x.toTypedArray();
    const { bytes: width } = elements[nameOf[x.dtype]]!;
    if (isLittleEndian) bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    else for (const [i, value] of values.entries()) write(view, nameOf[x.dtype]!, at + i * width, value);
    at += values.byteLength;
  }
  return bytes;
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function write(view: DataView, dtype: string, at: number, value: number): void {
  if (dtype === 'F64') view.setFloat64(at, value, true);
  else if (dtype === 'F32') view.setFloat32(at, value, true);
  else if (dtype === 'I32') view.setInt32(at, value, true);
  else view.setUint8(at, value);
}

/**
 * What a file holds. Half-precision numbers become float32; 8-, 16- and 64-bit integers int32, where they fit.
 *
 * @param source name of the file, for messages
 * @throws FormatError, with the byte where it went wrong, for anything that is not such a file, whole and without gaps
 * @example
 * const bytes = nn.encodeSafetensors({ w: tensor([1, 2]) }, { made: 'today' });
 * const found = nn.parseSafetensors(bytes);
 * found.tensors.w; // → [1, 2]
 * found.metadata; // → {"made": "today"}
 */
export function parseSafetensors(bytes: Uint8Array, source: string = 'parseSafetensors'): Safetensors {
  const fail = (problem: string, at: number): never => {
    throw new FormatError(source, problem, at);
  };
  if (bytes.length < 8) fail(`has ${bytes.length} bytes; expected 8 for the size of the header`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getBigUint64(0, true);
  if (size > BigInt(bytes.length - 8))
    fail(`its header should have ${size} bytes, and the file has ${bytes.length}`, 0);
  const start = 8 + Number(size);
  const header = headerOf(source, bytes.subarray(8, start));
  const tensors: [string, Tensor][] = [];
  const spans: [start: number, end: number][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = metadataOf(source, entry);
      continue;
    }
    const { dtype, shape, data_offsets: span } = Object(entry) as Record<string, unknown>;
    const element = typeof dtype === 'string' && Object.hasOwn(elements, dtype) ? elements[dtype]! : null;
    if (element === null)
      return fail(`'${name}' has dtype ${shown(dtype)}; expected one of ${Object.keys(elements).join(', ')}`, 8);
    const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
    if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`'${name}' has no shape`, 8);
    if (!Array.isArray(span) || span.length !== 2 || !span.every(isCount))
      return fail(`'${name}' has no data_offsets`, 8);
    const [from, to] = span as [number, number];
    const count = (shape as number[]).reduce((product, extent) => product * extent, 1);
    if (to - from !== count * element.bytes || to > bytes.length - start)
      fail(
        `'${name}' lies from ${from} to ${to}; expected ${count * element.bytes} bytes within ${bytes.length - start}`,
        start + Math.min(from, bytes.length - start),
      );
    spans.push([from, to]);
    tensors.push([name, readTensor(source, name, view, start + from, shape as number[], count, element)]);
  }
  let covered = 0;
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (from !== covered)
      fail(from < covered ? 'two tensors share bytes' : 'bytes belong to no tensor', start + Math.min(from, covered));
    covered = to;
  }
  if (start + covered !== bytes.length)
    fail(`${bytes.length - start - covered} bytes follow the data`, start + covered);
  return { tensors: Object.fromEntries(tensors), metadata };
}

function headerOf(source: string, bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  try {
    // A copy: TextDecoder refuses views of shared memory.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice());
  } catch {
    throw new FormatError(source, 'its header is not UTF-8', 8);
  }
  const header = fromJson(`${source} (header)`, text);
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw new FormatError(source, 'its header is no JSON object', 8);
  return header as Record<string, unknown>;
}

function metadataOf(source: string, entry: unknown): Record<string, string> {
  const valid = typeof entry === 'object' && entry !== null && Object.values(entry).every((v) => typeof v === 'string');
  if (!valid) throw new FormatError(source, 'its __metadata__ is not text by name', 8);
  return entry as Record<string, string>;
}

function readTensor(
  source: string,
  name: string,
  view: DataView,
  at: number,
  shape: readonly number[],
  count: number,
  { bytes, dtype, read }: Element,
): Tensor {
  const values = new arrays[dtype](count);
  for (let i = 0; i < count; i++) {
    const value = read(view, at + i * bytes);
    values[i] = value;
    if (dtype === 'int32' && values[i] !== value)
      throw new FormatError(source, `'${name}' holds ${value}, which no int32 is`, at + i * bytes);
  }
  return fromTypedArray(values, shape, { dtype });
}
