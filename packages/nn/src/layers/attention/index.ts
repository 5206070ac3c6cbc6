/** Attention, positions, and the blocks of transformers. */

export {
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionCallOptions,
  type AttentionInputs,
  type AttentionOptions,
} from './attention.js';
