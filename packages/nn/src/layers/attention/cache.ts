import { concat, ones, type Tensor } from '@cotangent/autograd';

/** Keys and values as an attention layer has projected them, for later queries. */
export interface AttentionCache {
  /** [batch, m, heads, keyDim] */
  readonly key: Tensor;
  /** [batch, m, heads, valueDim] */
  readonly value: Tensor;
  /** bool [batch, m], false where they are padding; null where nothing is. */
  readonly mask: Tensor | null;
}

/** Which keys of a cache are real, also where all are. */
function realKeys({ key, mask }: AttentionCache): Tensor {
  return mask ?? ones(key.shape.slice(0, 2), { dtype: 'bool' });
}

/** What is new behind what was there. */
export function extendCache(cache: AttentionCache | null, fresh: AttentionCache): AttentionCache {
  if (cache === null) return fresh;
  return {
    key: concat([cache.key, fresh.key], { axis: 1 }),
    value: concat([cache.value, fresh.value], { axis: 1 }),
    mask: cache.mask === null && fresh.mask === null ? null : concat([realKeys(cache), realKeys(fresh)], { axis: 1 }),
  };
}
