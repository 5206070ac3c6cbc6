/**
 * The element types, and everything that differs between them.
 *
 * float32 (the default) and float64 are differentiable; int32, uint8 and bool hold data, indices and masks.
 */

/** The name of an element type. */
export type DType = 'bool' | 'uint8' | 'int32' | 'float32' | 'float64';

/** The typed arrays that hold our dtypes; `bool` is stored as one byte, 0 or 1. */
export type TypedArray = Uint8Array | Int32Array | Float32Array | Float64Array;

interface DTypeInfo {
  readonly bytes: number;
  /** Place in the promotion order; the higher of two wins (PyTorch's lattice, restricted to these five). */
  readonly rank: number;
  readonly floating: boolean;
  create(length: number): TypedArray;
  view(buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

const table: Readonly<Record<DType, DTypeInfo>> = {
  bool: {
    bytes: 1,
    rank: 0,
    floating: false,
    create: (n) => new Uint8Array(n),
    view: (b, o, n) => new Uint8Array(b, o, n),
  },
  uint8: {
    bytes: 1,
    rank: 1,
    floating: false,
    create: (n) => new Uint8Array(n),
    view: (b, o, n) => new Uint8Array(b, o, n),
  },
  int32: {
    bytes: 4,
    rank: 2,
    floating: false,
    create: (n) => new Int32Array(n),
    view: (b, o, n) => new Int32Array(b, o, n),
  },
  float32: {
    bytes: 4,
    rank: 3,
    floating: true,
    create: (n) => new Float32Array(n),
    view: (b, o, n) => new Float32Array(b, o, n),
  },
  float64: {
    bytes: 8,
    rank: 4,
    floating: true,
    create: (n) => new Float64Array(n),
    view: (b, o, n) => new Float64Array(b, o, n),
  },
};

/** All dtypes, lowest in the promotion order first. */
export const dtypes: readonly DType[] = ['bool', 'uint8', 'int32', 'float32', 'float64'];

/** Whether `name` is one of ours; for values that come from outside. */
export function isDType(name: unknown): name is DType {
  return typeof name === 'string' && Object.hasOwn(table, name);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  // Asked several times an operation, nearly always about this one: a comparison is faster than the table.
  return dtype === 'float32' ? 4 : table[dtype].bytes;
}

/** True for float32 and float64, the dtypes that can carry a gradient. */
export function isFloating(dtype: DType): boolean {
  return dtype === 'float32' || table[dtype].floating;
}

/** A fresh, zeroed typed array of `length` elements, owned by the JavaScript collector. */
export function createArray(dtype: DType, length: number): TypedArray {
  return table[dtype].create(length);
}

/** A typed array over existing bytes. */
export function viewArray(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  return table[dtype].view(buffer, byteOffset, length);
}

/**
 * The dtype that two operands meet in: the higher of `bool < uint8 < int32 < float32 < float64`
 * (PyTorch's `promote_types`; NumPy would widen int32 with float32 to float64).
 */
export function promoteDTypes(a: DType, b: DType): DType {
  return a === b || table[a].rank >= table[b].rank ? a : b;
}

/** The dtype of functions that leave the integers (exp, mean, …): floats stay, everything else becomes float32. */
export function floatingDType(dtype: DType): DType {
  return isFloating(dtype) ? dtype : 'float32';
}

/** The dtype that a typed array holds; undefined for arrays that we have no dtype for. */
export function dtypeOfArray(array: unknown): DType | undefined {
  // Tags rather than instanceof: arrays of another realm (jest, iframes, workers) are arrays all the same.
  switch (Object.prototype.toString.call(array)) {
    case '[object Float32Array]':
      return 'float32';
    case '[object Float64Array]':
      return 'float64';
    case '[object Int32Array]':
      return 'int32';
    case '[object Uint8Array]':
    case '[object Uint8ClampedArray]':
      return 'uint8';
    default:
      return undefined;
  }
}
