/** Categories as numbers: indices themselves, one-hot, multi-hot, counts. */

import { fromTypedArray, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';

/** How layers give categories; see `CategoryEncoding`. */
export type EncodingMode = 'int' | 'oneHot' | 'multiHot' | 'count';

/** Shape of an encoding of indices of a shape. */
export function encodedShape(shape: Shape, mode: EncodingMode | 'tfIdf', depth: number): Shape {
  if (mode === 'int') return shape;
  if (mode === 'oneHot') return [...(shape.at(-1) === 1 ? shape.slice(0, -1) : shape), depth];
  return [...shape.slice(0, -1), depth];
}

/**
 * Encodes indices; negative ones are left out.
 *
 * @param weights what each index counts for in mode 'count'. @defaultValue 1
 * @returns int32 in mode 'int', else float32
 */
export function encodeIndices(
  indices: Int32Array,
  shape: Shape,
  mode: EncodingMode,
  depth: number,
  weights?: ArrayLike<number>,
): Tensor {
  if (mode === 'int') return fromTypedArray(indices, shape);
  const encoded = encodedShape(shape, mode, depth);
  const out = new Float32Array(encoded.reduce((product, extent) => product * extent, 1));
  const together = mode === 'oneHot' ? 1 : (shape.at(-1) ?? 1);
  for (let i = 0; i < indices.length; i++) {
    if (indices[i]! < 0) continue;
    const at = Math.floor(i / together) * depth + indices[i]!;
    out[at] = mode === 'count' ? out[at]! + (weights?.[i] ?? 1) : 1;
  }
  return fromTypedArray(out, encoded);
}
