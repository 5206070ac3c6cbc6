/** Scaled dot-product attention. */

import * as kernels from '@cotangent/kernels';
import {
  type AttentionAttributes,
  type AttentionPullAttributes,
  DTypeError,
  isFloating,
  ShapeError,
  shapesEqual,
} from '@cotangent/kernels';
import { fromTypedArray } from '../create.js';
import { logicalAnd, where } from '../functions/elementwise.js';
import type { Primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { fused } from './fused.js';

/** Which keys each query may see, true or false; undefined where all may see all. */
function seen([query, key, _, mask]: readonly Tensor[], causal: boolean): Tensor | undefined {
  if (!causal) return mask;
  const [n, m] = [query!.shape.at(-2)!, key!.shape.at(-2)!];
  const lower = Uint8Array.from({ length: n * m }, (_, i) => (i % m <= Math.floor(i / m) ? 1 : 0));
  const triangle = fromTypedArray(lower, [n, m]).cast('bool');
  return mask === undefined ? triangle : logicalAnd(triangle, mask);
}

/**
 * softmax(s q kᵀ) over the keys that each query may see, out of query, key, value and a mask. Where it sees none its scores
 * are taken as 0, so that softmax is finite, and its weights as 0.
 */
export function attentionWeights(inputs: readonly Tensor[], { scale, causal }: AttentionAttributes): Tensor {
  const [query, key] = inputs as readonly [Tensor, Tensor];
  const scores = query.matmul(key.mT).mul(scale);
  const visible = seen(inputs, causal);
  if (visible === undefined) return scores.softmax();
  const any = visible.cast(scores.dtype).sum({ axis: -1, keepDims: true });
  const weights = where(visible, scores, where(any.equal(0), 0, Number.NEGATIVE_INFINITY).cast(scores.dtype)).softmax();
  return where(visible, weights, 0);
}

function attentionRows(
  name: string,
  inputs: readonly string[],
): { forward: Primitive<AttentionAttributes>; backward: Primitive<AttentionPullAttributes> } {
  return fused<AttentionAttributes>({
    name,
    inputs,
    differentiable: 3,
    shape: ([query, key, value, mask]) => {
      const [q, k, v] = [query!, key!, value!];
      const leading = q.slice(0, -2);
      const fits =
        q.length >= 2 &&
        [k, v, mask ?? q].every((shape) => shapesEqual(shape.slice(0, -2), leading) && shape.length === q.length) &&
        q.at(-1) === k.at(-1) &&
        k.at(-2) === v.at(-2) &&
        (mask === undefined || (mask.at(-2) === q.at(-2) && mask.at(-1) === k.at(-2)));
      if (!fits) {
        throw new ShapeError(
          'scaledDotProductAttention',
          { query: q, key: k, value: v, ...(mask && { mask }) },
          `query [..., n, d], key [..., m, d]${mask ? ', value [..., m, e] and mask [..., n, m]' : ' and value [..., m, e]'}`,
        );
      }
      return [...q.slice(0, -1), v.at(-1)!];
    },
    dtype: ([query, key, value, mask]) => {
      if (query !== key || query !== value || !isFloating(query!) || (mask !== undefined && mask !== 'bool')) {
        throw new DTypeError(
          'scaledDotProductAttention',
          { query: query!, key: key!, value: value!, ...(mask && { mask }) },
          `three tensors of one floating dtype${mask ? ' and a mask of bools' : ''}`,
          'Convert with .cast().',
        );
      }
      return query!;
    },
    run: kernels.attention,
    pull: kernels.attentionBackward,
    composed: (given, attributes) => attentionWeights(given, attributes).matmul(given[2]!),
    batch: 'leading',
  });
}

const open = attentionRows('attention', ['query', 'key', 'value']);
const masked = attentionRows('attentionMasked', ['query', 'key', 'value', 'mask']);

/** y = softmax(s q kᵀ) v. */
export const attention: Primitive<AttentionAttributes> = open.forward;
export const attentionBackward: Primitive<AttentionPullAttributes> = open.backward;

/** The same over the keys for which the mask holds. */
export const attentionMasked: Primitive<AttentionAttributes> = masked.forward;
export const attentionMaskedBackward: Primitive<AttentionPullAttributes> = masked.backward;
