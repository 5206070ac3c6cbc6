/** Attention. */

import { ArgumentError, broadcastShapes, DTypeError, type Generator, type Shape, ShapeError } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import * as rows from '../primitives/attention.js';
import type { Tensor } from '../tensor.js';
import { dropout as dropped } from './dropout.js';
import { checkTensor } from './operands.js';
import { broadcastTo } from './shape.js';

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /** bool, broadcastable to [..., n, m]: true lets query i attend to key j (Keras, PyTorch). @defaultValue all true */
  mask?: Tensor;
  /** Whether query i attends to keys 0 to i only. @defaultValue false */
  causal?: boolean;
  /** What scores are multiplied by. @defaultValue 1 / √d */
  scale?: number;
  /**
   * Share of the weights that are set to 0, the others scaled up; for training. The weights are then a matrix in memory, and
   * nothing is fused. @defaultValue 0
   */
  dropout?: number;
  /** Where dropout draws from. @defaultValue the global generator */
  generator?: Generator;
}

/**
 * softmax(scale · query keyᵀ) value over the last two axes, where scores that the mask forbids count as −∞.
 *
 * The matrix of scores is never in memory: some queries at a time are weighed against all keys, forward and once more
 * backward, so memory grows with n + m and not with n · m. Derivatives beyond the first go through the same operation written
 * in matrix products, and do keep that matrix. A query that may attend to nothing gets 0 and passes nothing back
 * (PyTorch gives NaN).
 *
 * @param query [..., n, d]
 * @param key [..., m, d]; leading axes broadcast
 * @param value [..., m, e]
 * @returns [..., n, e]
 * @throws ShapeError when the extents do not fit; DTypeError unless all have one floating dtype and the mask is bool;
 *   ArgumentError for a scale that is not finite, or a dropout that is not from 0 to below 1
 * @see Vaswani et al. 2017, "Attention is all you need"; Dao et al. 2022, "FlashAttention"
 * @example
 * const [q, k, v] = [tensor([[1, 0]]), tensor([[9, 0], [0, 9]]), tensor([[1], [2]])];
 * scaledDotProductAttention(q, k, v, { mask: tensor([false, true]) }); // → [[2]]
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const name = 'scaledDotProductAttention';
  checkOptions(name, options, ['mask', 'causal', 'scale', 'dropout', 'generator']);
  const inputs = [query, key, value].map((x) => checkTensor(name, x));
  if (inputs.some(({ rank }) => rank < 2)) {
    throw new ShapeError(
      name,
      { query: query.shape, key: key.shape, value: value.shape },
      'query [..., n, d], key [..., m, d] and value [..., m, e]',
    );
  }
  const { mask, causal = false, scale = 1 / Math.sqrt(query.shape.at(-1)!), dropout = 0 } = options;
  if (!Number.isFinite(scale) && options.scale !== undefined) {
    throw new ArgumentError(name, `got scale ${String(scale)}; expected a finite number`);
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new ArgumentError(name, `got dropout ${String(dropout)}; expected a number of at least 0 and below 1`);
  }
  if (mask !== undefined && checkTensor(name, mask).dtype !== 'bool') {
    throw new DTypeError(
      name,
      { mask: mask.dtype },
      'a mask of bools, true where a query may attend',
      "Convert with .cast('bool').",
    );
  }
  const batch = inputs.map(({ shape }): Shape => shape.slice(0, -2)).reduce((a, b) => broadcastShapes(name, a, b));
  const shape = mask === undefined ? batch : broadcastShapes(name, batch, mask.shape.slice(0, -2));
  const spread = inputs.map((x) => broadcastTo(x, [...shape, ...x.shape.slice(-2)]));
  if (mask !== undefined) spread.push(broadcastTo(mask, [...shape, query.shape.at(-2)!, key.shape.at(-2)!]));
  const attributes = { scale, causal };
  const row = mask === undefined ? rows.attention : rows.attentionMasked;
  if (dropout === 0) return apply(row, spread, attributes);
  // The row's own checks first: what follows would say less.
  row.shape(spread, attributes);
  row.dtype(spread, attributes);
  const weights = rows.attentionWeights(spread, attributes);
  const { generator } = options;
  return dropped(weights, dropout, generator === undefined ? {} : { generator }).matmul(spread[2]!);
}
