import type { Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { setMask } from '../../masks.js';
import type { Module } from '../../module.js';
import { checkBoolean, checkOptions } from '../../options.js';
import { paddingMask } from '../inputs.js';
import { TransformerBlock, type TransformerOptions } from './transformerBlock.js';

/** Options of a call of `TransformerEncoder`. */
export interface EncoderCallOptions {
  /** bool [batch, time], false where a step is padding: nothing attends to it; null for no mask. @defaultValue the mask that travels with x */
  paddingMask?: Tensor | null;
  /** bool [batch, time, time] or [time, time], true where a step may attend to another. @defaultValue all true */
  attentionMask?: Tensor | null;
}

interface WithScores extends EncoderCallOptions {
  returnAttentionScores: true;
}

/**
 * A block of a transformer's encoder: self-attention and a feed-forward network, each with a residual connection and a norm.
 *
 * Input and output [batch, time, features]. Parameters of selfAttention, feedforwardIntermediate and feedforwardOutput, and gamma and beta
 * of selfAttentionNorm and feedforwardNorm, made on the first call.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs and masks that do not fit
 * @see https://keras.io/keras_hub/api/modeling_layers/transformer_encoder/; Vaswani et al. 2017, arXiv:1706.03762
 * @example
 * const encoder = new nn.TransformerEncoder({ intermediateDim: 32, numHeads: 2, dropout: 0.1 });
 * const paddingMask = tensor([[true, true, false]]);
 * encoder.call(zeros([1, 3, 8]), { paddingMask }).shape; // → [1, 3, 8]
 */
export class TransformerEncoder extends TransformerBlock {
  constructor(options: TransformerOptions) {
    super(options, [], false);
  }

  override build(inputShape: Shape): this {
    return this.buildFor(inputShape, inputShape);
  }

  /** The output and the weights of attention, [batch, heads, time, time]: KerasHub's `return_attention_scores`. */
  callWithScores(x: Tensor, options: EncoderCallOptions = {}): [output: Tensor, weights: Tensor] {
    return (this as Module).call(x, { ...options, returnAttentionScores: true }) as [Tensor, Tensor];
  }

  override forward(x: Tensor, options: WithScores): [Tensor, Tensor];
  override forward(x: Tensor, options?: EncoderCallOptions): Tensor;
  override forward(x: Tensor, options: Partial<WithScores> = {}): Tensor | [Tensor, Tensor] {
    const name = 'TransformerEncoder';
    checkOptions(name, options, ['paddingMask', 'attentionMask', 'returnAttentionScores']);
    this.checkSequence('x', x, this.isBuilt ? this.feedforwardIntermediate.kernel.shape[0]! : null);
    if (!this.isBuilt) this.build(x.shape.slice(1));
    const mask = paddingMask(name, 'paddingMask', options.paddingMask, x);
    const masks = { attentionMask: options.attentionMask ?? null, queryMask: null, valueMask: mask, keyMask: null };
    const withWeights = checkBoolean(name, 'returnAttentionScores', options.returnAttentionScores ?? false);
    const [attended, weights] = this.around<Tensor | null>(x, this.selfAttentionNorm, (y) =>
      withWeights ? this.selfAttention.callWithScores(y, y, masks) : [this.selfAttention.call(y, y, masks), null],
    );
    const output = this.feedforward(attended);
    if (mask !== null) setMask(output, mask);
    return weights === null ? output : [output, weights];
  }
}
