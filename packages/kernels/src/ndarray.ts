/**
 * To and from scijs `ndarray`, the strided view that other libraries understand.
 *
 * An entry of its own (`@cotangent/kernels/ndarray`): `ndarray` and `ndarray-ops` make their code with `new Function`,
 * which a strict content security policy forbids, so only those who import this module load them.
 */

import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';
import { type Block, newBlock } from './block.js';
import { bytesPerElement, type DType, type TypedArray, viewArray } from './dtype.js';
import { DTypeError } from './errors.js';
import type { Storage } from './heap/storage.js';

/**
 * The memory behind every array handed out. Views of an ndarray (`pick`, `lo`, `step`, …) share its `data`, so as long
 * as one of them lives, the storage is reachable from here.
 */
const storages = new WeakMap<TypedArray, Storage>();

/**
 * The block as an ndarray over the same memory, whatever its strides: nothing is copied, and a change made through one
 * is seen through the other (the tape does not notice it). bool becomes uint8.
 *
 * The memory stays valid as long as the ndarray or a view made from it lives: its storage is claimed and never released,
 * so that only the garbage collector frees it. Arrays cut out of `.data` by hand (`.data.subarray()`) do not count.
 */
export function toNdarray(block: Block): NdArray<TypedArray> {
  const { shape, strides, size } = block;
  // The elements lie between these two places, both included; strides may be negative.
  let [first, last] = [block.offset, block.offset];
  shape.forEach((extent, axis) => {
    const reach = (extent - 1) * strides[axis]!;
    if (reach < 0) first += reach;
    else last += reach;
  });
  if (size === 0) [first, last] = [0, -1];
  const { data, storage } = block;
  const bytes = bytesPerElement(block.dtype);
  const part = viewArray(block.dtype, data.buffer, data.byteOffset + first * bytes, last - first + 1);
  storage.claim();
  storages.set(part, storage);
  return ndarray(part, [...shape], [...strides], size === 0 ? 0 : block.offset - first);
}

/** Our dtype for each of ndarray's that we can hold; plain arrays of numbers hold doubles. */
const dtypeOf: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['float32', 'float32'],
  ['float64', 'float64'],
  ['int32', 'int32'],
  ['uint8', 'uint8'],
  ['uint8_clamped', 'uint8'],
  ['buffer', 'uint8'],
  ['array', 'float64'],
  ['generic', 'float64'],
]);

/** Who frees the memory of what `fromNdarray` makes. */
export interface FromNdarrayOptions {
  /** Nobody but the garbage collector will release it. */
  loose: boolean;
}

/**
 * A contiguous copy of an ndarray with any strides (negative and zero ones too) and any offset.
 *
 * @throws DTypeError for elements that are none of ours: int8, int16, uint16, uint32, float16, bigint64, biguint64
 */
export function fromNdarray(array: NdArray, { loose }: FromNdarrayOptions): Block {
  const dtype = dtypeOf.get(array.dtype);
  if (dtype === undefined) {
    throw new DTypeError(
      'fromNdarray',
      { array: array.dtype },
      'float32, float64, int32, uint8 or numbers in a plain array',
      'Copy it into one of those with the assign of ndarray-ops first.',
    );
  }
  const block = newBlock(dtype, [...array.shape], loose);
  ops.assign(toNdarray(block), array);
  // Nobody keeps that ndarray, so its claim goes back and the block is as free as any other.
  block.storage.release();
  return block;
}
