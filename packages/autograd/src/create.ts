/** Making tensors from numbers. */

import {
  ArgumentError,
  type Block,
  checkShape,
  type DType,
  DTypeError,
  dtypeOfArray,
  dtypes,
  fill,
  isDType,
  isFloating,
  newBlock,
  type Shape,
  ShapeError,
  showShape,
  sizeOf,
  type TypedArray,
} from '@cotangent/kernels';
import { checkOptions } from './options.js';
import { scopes } from './scope.js';
import { isTensor, type NestedArray, Tensor } from './tensor.js';

/** Options of every function that makes a tensor. */
export interface TensorOptions {
  /** Element type. @defaultValue float32; for typed arrays their own; bool for arrays of booleans */
  dtype?: DType;
  /** Make it a leaf whose `.grad` a backward pass fills. @defaultValue false */
  requiresGrad?: boolean;
}

const optionNames = ['dtype', 'requiresGrad'];

/** Numbers in any form that `tensor` takes. */
export type TensorData = NestedArray | TypedArray | Uint8ClampedArray | Tensor;

/** Checks options and shape, allocates, lets `write` fill the block. */
export function create(operation: string, shape: Shape, options: TensorOptions, write: (block: Block) => void): Tensor {
  checkShape(operation, shape); // first: zeros(2, 3) has numbers for both
  checkOptions(operation, options, optionNames);
  const { dtype = 'float32', requiresGrad = false } = options;
  if (!isDType(dtype)) throw new DTypeError(operation, { dtype: String(dtype) }, `one of ${dtypes.join(', ')}`);
  if (requiresGrad && !isFloating(dtype)) {
    throw new DTypeError(
      operation,
      { x: dtype },
      'float32 or float64 with requiresGrad',
      'Integers have no derivative.',
    );
  }
  const block = newBlock(dtype, [...shape], scopes.current === null, true);
  try {
    write(block);
  } catch (error) {
    block.storage.release();
    throw error;
  }
  const made = new Tensor(block, operation);
  scopes.current?.adopt(made);
  if (requiresGrad) made.requiresGrad = true;
  return made;
}

/**
 * A tensor of the numbers given; they are copied.
 *
 * @param data a number, nested arrays of numbers or booleans (all rows of one length), a typed array, or a tensor
 * @param options `dtype`, `requiresGrad`
 * @throws ShapeError for ragged arrays; DTypeError for elements that are not numbers
 * @example
 * tensor([[1, 2], [3, 4]]); // float32 [2, 2]
 * tensor(0.5, { dtype: 'float64', requiresGrad: true });
 */
export function tensor(data: TensorData, options: TensorOptions = {}): Tensor {
  if (isTensor(data)) {
    const values = data.toTypedArray();
    return create('tensor', data.shape, withDType('tensor', data.dtype, options), (block) => setValues(block, values));
  }
  const arrayDType = dtypeOfArray(data);
  if (arrayDType !== undefined) {
    const values = data as TypedArray;
    return create('tensor', [values.length], withDType('tensor', arrayDType, options), (block) =>
      setValues(block, values),
    );
  }
  if (ArrayBuffer.isView(data)) {
    throw new DTypeError(
      'tensor',
      { data: Object.prototype.toString.call(data).slice(8, -1) },
      'a Float32Array, Float64Array, Int32Array or Uint8Array',
    );
  }
  const shape: number[] = [];
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  let first: unknown = data;
  while (Array.isArray(first)) first = first[0];
  const made = withDType('tensor', typeof first === 'boolean' ? 'bool' : 'float32', options);
  return create('tensor', shape, made, (block) => writeNested(block, data as NestedArray, shape));
}

/** The options with a default dtype, also where they say `dtype: undefined`. */
function withDType(operation: string, dtype: DType, options: TensorOptions): TensorOptions {
  checkOptions(operation, options, optionNames);
  return { ...options, dtype: options.dtype ?? dtype };
}

function setValues(block: Block, values: ArrayLike<number>): void {
  if (block.dtype === 'bool')
    for (let i = 0; i < block.size; i++) block.data[block.offset + i] = values[i] !== 0 ? 1 : 0;
  else block.data.set(values, block.offset);
}

/** Where in nested arrays something stands, for messages. */
const placeOf = (path: readonly number[]): string => `data${path.length > 0 ? showShape(path) : ''}`;

function writeNested(block: Block, data: NestedArray, shape: Shape): void {
  let next = block.offset;
  const write = (value: unknown, axis: number, path: readonly number[]): void => {
    if (axis === shape.length) {
      if (typeof value !== 'number' && typeof value !== 'boolean') {
        const came = Array.isArray(value) ? 'a deeper array' : value === null ? 'null' : typeof value;
        throw new DTypeError('tensor', { [placeOf(path)]: came }, 'a number or boolean');
      }
      block.data[next++] = block.dtype === 'bool' ? Number(Number(value) !== 0) : Number(value);
      return;
    }
    if (!Array.isArray(value) || value.length !== shape[axis]) {
      const came = Array.isArray(value) ? [value.length] : [];
      throw new ShapeError('tensor', { [placeOf(path)]: came }, `an array of ${shape[axis]} as in the first row`);
    }
    for (let i = 0; i < value.length; i++) write(value[i], axis + 1, [...path, i]);
  };
  write(data, 0, []);
}

/** A tensor of zeros. @example zeros([2, 3]) */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return filled('zeros', shape, 0, options);
}

/** A tensor of ones. @example ones([2, 3]) */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return filled('ones', shape, 1, options);
}

/**
 * A tensor with the same number everywhere.
 *
 * @throws ArgumentError for a shape with an extent that is negative or no whole number
 * @example full([2], 0.5)
 */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  if (typeof value !== 'number')
    throw new ArgumentError('full', `got value ${String(value)}; expected a number`, 'Write full([2, 3], 0.5).');
  return filled('full', shape, value, options);
}

function filled(operation: string, shape: Shape, value: number, options: TensorOptions): Tensor {
  return create(operation, shape, options, (block) => fill(block, value));
}

/**
 * Zeros of the shape and dtype of `x`.
 *
 * @example
 * zerosLike(tensor([[1, 2]])); // → [[0, 0]]
 */
export function zerosLike(x: Tensor): Tensor {
  return like('zerosLike', x, 0);
}

/**
 * Ones of the shape and dtype of `x`.
 *
 * @example
 * onesLike(tensor([[1, 2]])); // → [[1, 1]]
 */
export function onesLike(x: Tensor): Tensor {
  return like('onesLike', x, 1);
}

function like(operation: string, x: Tensor, value: number): Tensor {
  if (!isTensor(x))
    throw new DTypeError(operation, { x: typeof x }, 'a tensor', 'Wrap numbers and arrays with tensor(…).');
  return filled(operation, x.shape, value, { dtype: x.dtype });
}

/**
 * The identity matrix.
 *
 * @param n rows and columns
 * @example
 * eye(2); // → [[1, 0], [0, 1]]
 */
export function eye(n: number, options: TensorOptions = {}): Tensor {
  return create('eye', [n, n], options, (block) => {
    fill(block, 0);
    for (let i = 0; i < n; i++) block.data[block.offset + i * (n + 1)] = 1;
  });
}

/**
 * Numbers from `start` up to, not including, `stop`, in steps of `step`; with one argument, from 0.
 *
 * @throws ArgumentError when `step` is 0 or anything is not finite
 * @example
 * arange(3);          // → [0, 1, 2]
 * arange(1, 2, 0.5);  // → [1, 1.5]
 */
export function arange(start: number, stop?: number, step: number = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new ArgumentError(
      'arange',
      `got ${from}, ${to} in steps of ${step}; expected finite numbers and a step other than 0`,
    );
  }
  const n = Math.max(0, Math.ceil((to - from) / step));
  return create('arange', [n], options, (block) => {
    for (let i = 0; i < n; i++) block.data[block.offset + i] = from + i * step;
  });
}

/**
 * `count` evenly spaced numbers from `start` to `stop`, both included.
 *
 * @example
 * linspace(0, 1, 3); // → [0, 0.5, 1]
 */
export function linspace(start: number, stop: number, count: number = 50, options: TensorOptions = {}): Tensor {
  return create('linspace', [count], options, (block) => {
    for (let i = 0; i < count; i++) {
      // The last one is `stop` itself, not what rounding makes of it.
      block.data[block.offset + i] =
        i === count - 1 && count > 1 ? stop : start + (i * (stop - start)) / Math.max(1, count - 1);
    }
  });
}

/**
 * A tensor over numbers in row-major order.
 *
 * @throws ShapeError when their count is not that of the shape; DTypeError for an array of a type that no dtype has
 * @example
 * fromTypedArray(new Float32Array([1, 2, 3, 4]), [2, 2]);
 */
export function fromTypedArray(
  values: TypedArray | Uint8ClampedArray,
  shape: Shape,
  options: TensorOptions = {},
): Tensor {
  const dtype = dtypeOfArray(values);
  if (dtype === undefined) throw new DTypeError('fromTypedArray', { values: typeof values }, 'a typed array');
  if (sizeOf(shape) !== values.length) {
    throw new ShapeError(
      'fromTypedArray',
      { values: [values.length] },
      `${sizeOf(shape)} numbers for the shape ${showShape(shape)}`,
    );
  }
  return create('fromTypedArray', shape, withDType('fromTypedArray', dtype, options), (block) =>
    setValues(block, values),
  );
}
