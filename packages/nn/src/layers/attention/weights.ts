/** What all attention layers share: which query may see which key, and scores made weights. */

import { dropout, fromTypedArray, type Tensor, where } from '@cotangent/autograd';
import type { Generator, Shape } from '@cotangent/kernels';

/** bool [queries, keys]: query i sees keys 0 to offset + i. */
export function causalMask(queries: number, keys: number, offset: number = 0): Tensor {
  const seen = new Uint8Array(queries * keys);
  for (let i = 0; i < queries; i++) seen.fill(1, i * keys, i * keys + Math.min(keys, offset + i + 1));
  return fromTypedArray(seen, [queries, keys]).cast('bool');
}

/** Where both masks hold; null, a mask that always holds, leaves the other. */
export function bothMasks(a: Tensor | null, b: Tensor | null): Tensor | null {
  return a === null || b === null ? (a ?? b) : a.logicalAnd(b);
}

/** softmax of the scores over the keys that the mask allows; a query that may see none gives them all the weight 0. */
export function attentionWeights(scores: Tensor, mask: Tensor | null): Tensor {
  if (mask === null) return scores.softmax();
  const visible = mask.broadcastTo(scores.shape);
  // Where nothing is seen the scores are taken as 0: softmax stays finite, and so do its derivatives.
  const hidden = where(visible.any({ axis: -1, keepDims: true }), Number.NEGATIVE_INFINITY, 0).cast(scores.dtype);
  return where(visible, where(visible, scores, hidden).softmax(), 0);
}

/** A random share of the weights set to 0, the others scaled up. */
export function droppedWeights(weights: Tensor, rate: number, generator: Generator | undefined): Tensor {
  if (rate === 0) return weights;
  return dropout(weights, rate, generator === undefined ? {} : { generator });
}

/** The shapes of query, value and key, of which the key may be left out; one shape stands for all of them. */
export function shapesOfInputs(given: Shape | readonly Shape[]): { query: Shape; value: Shape; key: Shape } {
  const shapes = Array.isArray(given[0]) ? (given as readonly Shape[]) : [given as Shape];
  const [query, value = query!, key = value] = shapes;
  return { query: query!, value, key };
}
