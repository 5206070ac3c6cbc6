import { scaledDotProductAttention, type Tensor } from '@cotangent/autograd';
import type { Generator } from '@cotangent/kernels';
import { attentionWeights, bothMasks, causalMask, droppedWeights } from './weights.js';

/** How heads attend. */
interface Attending {
  /** bool, broadcastable to [batch, n, m]; null where all is seen. */
  readonly mask: Tensor | null;
  /** The key that the first query stands at, which sees those before and itself; null where order does not matter. */
  readonly causalFrom: number | null;
  readonly dropout: number;
  readonly generator: Generator | undefined;
  /** Whether the weights are wanted. */
  readonly withWeights: boolean;
}

/**
 * Values averaged in each head with weights softmax(query · keyᵀ / √d). Without weights and dropout no matrix of scores is in memory.
 *
 * @param query [batch, n, heads, d]
 * @param key [batch, m, sharedHeads, d]: each head of keys and values serves heads / sharedHeads heads of queries that stand together
 * @param value [batch, m, sharedHeads, e]
 * @returns [batch, n, heads, e], and the weights [batch, heads, n, m] or null
 */
export function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { mask, causalFrom, dropout, generator, withWeights }: Attending,
): [averaged: Tensor, weights: Tensor | null] {
  const [batch, n, heads, width] = query.shape as [number, number, number, number];
  const [, m, sharedHeads] = key.shape as [number, number, number];
  // Heads go in front of time; where several heads of queries share one of keys, they have an axis of their own.
  const grouped = heads > sharedHeads;
  const forwards = (x: Tensor): Tensor => (grouped ? x.permute([0, 2, 1, 3]).expandDims(2) : x.permute([0, 2, 1, 3]));
  const [k, v] = [forwards(key), forwards(value)];
  const q = grouped
    ? query.reshape([batch, n, sharedHeads, heads / sharedHeads, width]).permute([0, 2, 3, 1, 4])
    : forwards(query);
  const back = (y: Tensor): Tensor =>
    grouped ? y.permute([0, 3, 1, 2, 4]).reshape([batch, n, heads, y.shape[4]!]) : y.permute([0, 2, 1, 3]);
  // The fused attention knows the triangle that begins at the first key; a first query behind all keys sees every one.
  const fusedTriangle = causalFrom === 0 && !withWeights;
  const triangle = causalFrom === null || fusedTriangle || causalFrom >= m - 1 ? null : causalMask(n, m, causalFrom);
  const visible = bothMasks(mask, triangle)
    ?.broadcastTo([batch, n, m])
    .reshape([batch, ...(grouped ? [1, 1] : [1]), n, m]);
  const scale = 1 / Math.sqrt(width);
  if (!withWeights) {
    const options = { ...(visible && { mask: visible }), ...(generator && { generator }) };
    return [back(scaledDotProductAttention(q, k, v, { ...options, causal: fusedTriangle, scale, dropout })), null];
  }
  const weights = attentionWeights(q.mul(scale).matmul(k.mT), visible ?? null);
  return [back(droppedWeights(weights, dropout, generator).matmul(v)), weights.reshape([batch, heads, n, m])];
}
