import { ArgumentError, type Shape } from '@cotangent/kernels';
import { checkExtents, checkNumber } from '../../options.js';
import { HeadsAttention, type HeadsOptions } from './heads.js';

/** Options of `MultiHeadAttention`. */
export interface MultiHeadAttentionOptions extends HeadsOptions {
  /** Number of heads. */
  numHeads: number;
  /** Numbers of a query and a key in each head. @defaultValue the features of the query divided by `numHeads`, as in PyTorch */
  keyDim?: number;
  /** Numbers of a value in each head. @defaultValue `keyDim` */
  valueDim?: number;
  /** Extents of the output behind [batch, n]. @defaultValue the features of the query */
  outputShape?: number | Shape;
}

/**
 * Attention in several heads: queries, keys and values are projected for each head, values averaged there with weights
 * softmax(query · keyᵀ / √keyDim), and the heads projected to the output together.
 *
 * Query [batch, n, features], value [batch, m, features] and key, by default the value; output [batch, n, features of the query]. Kernels
 * of query and key [features, heads, keyDim], of value [features, heads, valueDim], of the output [heads, valueDim, features]; biases without
 * the axes that are summed over. All are made on the first call.
 *
 * In a mask true means attend (PyTorch: the opposite). A query that may attend to nothing averages to 0 (Keras: to the mean of all
 * values). Weights are in memory only for `callWithScores` and dropout.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs and masks that do not fit
 * @see https://keras.io/api/layers/attention_layers/multi_head_attention/; Vaswani et al. 2017, arXiv:1706.03762
 * @example
 * const attention = new nn.MultiHeadAttention({ numHeads: 8, keyDim: 64 });
 * const sequence = zeros([2, 5, 16]);
 * attention.call(sequence, sequence, { useCausalMask: true }).shape; // → [2, 5, 16]
 * const [output, weights] = attention.callWithScores(sequence, sequence);
 * weights.shape; // → [2, 8, 5, 5]
 */
export class MultiHeadAttention extends HeadsAttention {
  constructor(options: MultiHeadAttentionOptions) {
    super(options, ['numHeads', 'keyDim', 'valueDim', 'outputShape'], (name) => {
      const positive = (role: 'numHeads' | 'keyDim' | 'valueDim'): number =>
        checkNumber(name, role, options[role], { above: 0, whole: true });
      const heads = positive('numHeads');
      const { outputShape } = options;
      return {
        heads,
        sharedHeads: heads,
        keyDim: options.keyDim === undefined ? null : positive('keyDim'),
        valueDim: options.valueDim === undefined ? null : positive('valueDim'),
        outputShape:
          outputShape === undefined
            ? null
            : checkExtents(name, 'outputShape', outputShape, Array.isArray(outputShape) ? outputShape.length : 1),
      };
    });
  }
}

/** Options of `GroupQueryAttention`. */
export interface GroupQueryAttentionOptions extends HeadsOptions {
  /** Numbers of a query, key and value in each head. */
  headDim: number;
  /** Number of heads of queries. */
  numQueryHeads: number;
  /** Number of heads of keys and values: a divisor of `numQueryHeads`. 1 is multi-query attention. */
  numKeyValueHeads: number;
}

/**
 * Attention in which several heads of queries share one head of keys and values: query head i has the head
 * ⌊i · numKeyValueHeads / numQueryHeads⌋ of those.
 *
 * Inputs, output, masks and parameters as those of `MultiHeadAttention`; kernels of key and value [features, numKeyValueHeads, headDim].
 *
 * @throws ArgumentError for options out of range, or heads that do not divide; ShapeError, DTypeError for inputs and masks that do not fit
 * @see https://keras.io/api/layers/attention_layers/group_query_attention/; Ainslie et al. 2023, arXiv:2305.13245
 * @example
 * const attention = new nn.GroupQueryAttention({ headDim: 4, numQueryHeads: 8, numKeyValueHeads: 2 });
 * attention.call(zeros([2, 5, 16]), zeros([2, 5, 16]), { useCausalMask: true }).shape; // → [2, 5, 16]
 */
export class GroupQueryAttention extends HeadsAttention {
  constructor(options: GroupQueryAttentionOptions) {
    super(options, ['headDim', 'numQueryHeads', 'numKeyValueHeads'], (name) => {
      const positive = (role: 'headDim' | 'numQueryHeads' | 'numKeyValueHeads'): number =>
        checkNumber(name, role, options[role], { above: 0, whole: true });
      const [width, heads, sharedHeads] = [
        positive('headDim'),
        positive('numQueryHeads'),
        positive('numKeyValueHeads'),
      ];
      if (heads % sharedHeads !== 0)
        throw new ArgumentError(
          name,
          `got numQueryHeads ${heads} and numKeyValueHeads ${sharedHeads}; expected the one to be a multiple of the other`,
        );
      return { heads, sharedHeads, keyDim: width, valueDim: width, outputShape: null };
    });
  }
}
