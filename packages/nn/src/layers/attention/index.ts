/** Attention, positions, and the blocks of transformers. */

export {
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionCallOptions,
  type AttentionInputs,
  type AttentionOptions,
} from './attention.js';
export type { AttentionCache } from './cache.js';
export type { HeadsCallOptions } from './heads.js';
export * from './multiHeadAttention.js';
export type { PositionOptions } from './positionIndices.js';
export * from './positions.js';
export * from './rotaryEmbedding.js';
export type { TransformerOptions } from './transformerBlock.js';
export * from './transformerDecoder.js';
export * from './transformerEncoder.js';
