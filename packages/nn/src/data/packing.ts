/** Samples on their way between threads: tensors as typed arrays, whose memory moves. */

import { fromTypedArray, isTensor } from '@cotangent/autograd';
import type { DType, Shape, TypedArray } from '@cotangent/kernels';

/** A tensor. */
interface PackedTensor {
  readonly tensor: true;
  readonly values: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tree with packed tensors in the place of tensors. */
export type Packed =
  | { readonly leaf: unknown }
  | PackedTensor
  | { readonly list: readonly Packed[] }
  | { readonly table: readonly (readonly [string, Packed])[] };

/** Takes a tree apart. @param buffers gathers the memory that may move */
export function pack(tree: unknown, buffers: ArrayBuffer[]): Packed {
  if (isTensor(tree)) {
    const values = tree.toTypedArray();
    buffers.push(values.buffer as ArrayBuffer);
    return { tensor: true, values, shape: tree.shape, dtype: tree.dtype };
  }
  if (Array.isArray(tree)) return { list: tree.map((part) => pack(part, buffers)) };
  if (typeof tree !== 'object' || tree === null || ArrayBuffer.isView(tree)) return { leaf: tree };
  return { table: Object.entries(tree).map(([key, part]) => [key, pack(part, buffers)] as const) };
}

/** Puts a tree together again. */
export function unpack(packed: Packed): unknown {
  if ('tensor' in packed) return fromTypedArray(packed.values, packed.shape, { dtype: packed.dtype });
  if ('list' in packed) return packed.list.map(unpack);
  if ('table' in packed) return Object.fromEntries(packed.table.map(([key, part]) => [key, unpack(part)]));
  return packed.leaf;
}
