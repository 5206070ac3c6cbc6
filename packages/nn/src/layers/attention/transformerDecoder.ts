import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { setMask } from '../../masks.js';
import type { Module } from '../../module.js';
import { checkBoolean, checkOptions } from '../../options.js';
import { paddingMask } from '../inputs.js';
import type { AttentionCache } from './cache.js';
import { TransformerBlock, type TransformerOptions } from './transformerBlock.js';
import { shapesOfInputs } from './weights.js';

/** Options of `TransformerDecoder`. */
export interface TransformerDecoderOptions extends TransformerOptions {
  /** Whether the block also attends to the output of an encoder. @defaultValue false: as in GPT */
  crossAttention?: boolean;
}

/** Options of a call of `TransformerDecoder`. */
export interface DecoderCallOptions {
  /** [batch, steps, features], for blocks with `crossAttention`. With a cache that has seen it it may be left out. */
  encoderSequence?: Tensor | null;
  /** bool [batch, time], false where a step is padding; null for no mask. @defaultValue the mask that travels with x */
  decoderPaddingMask?: Tensor | null;
  /** bool [batch, time, time] or [time, time], true where a step may attend to another. @defaultValue all true */
  decoderAttentionMask?: Tensor | null;
  /** bool [batch, steps], false where a step is padding; null for no mask. @defaultValue the mask that travels with the encoder's output */
  encoderPaddingMask?: Tensor | null;
  /** bool [batch, time, steps] or [time, steps], true where a step may attend to one of the encoder. @defaultValue all true */
  encoderAttentionMask?: Tensor | null;
  /** Whether a step attends to itself and those before only. @defaultValue true */
  useCausalMask?: boolean;
}

/** Keys and values that a block has seen. */
export interface DecoderCache {
  readonly self: AttentionCache;
  /** Those of the encoder's output; null in a block without `crossAttention`. */
  readonly cross: AttentionCache | null;
}

interface WithCache extends DecoderCallOptions {
  cache: DecoderCache | null;
}

/**
 * A block of a transformer's decoder: causal self-attention, attention to an encoder's output if there is one, and a feed-forward
 * network, each with a residual connection and a norm.
 *
 * Input and output [batch, time, features]. Parameters as those of `TransformerEncoder`; with `crossAttention` those of crossAttention and
 * crossAttentionNorm too.
 *
 * @throws ArgumentError for options out of range, and an encoder's output without `crossAttention` or the other way round; ShapeError, DTypeError
 *   for inputs and masks that do not fit
 * @see https://keras.io/keras_hub/api/modeling_layers/transformer_decoder/; Vaswani et al. 2017, arXiv:1706.03762
 * @example
 * const decoder = new nn.TransformerDecoder({ intermediateDim: 32, numHeads: 2, normalizeFirst: true });
 * const words = randomNormal([1, 2, 8]);
 * const y = decoder.call(words);
 * // One step at a time, each seeing those before without computing them again:
 * let [out, cache] = decoder.callWithCache(words.slice(null, [0, 1]), null);
 * [out, cache] = decoder.callWithCache(words.slice(null, [1, 2]), cache);
 * allclose(out, y.slice(null, [1, 2]), { absolute: 1e-5 }); // → true
 */
export class TransformerDecoder extends TransformerBlock {
  constructor(options: TransformerDecoderOptions) {
    super(
      options,
      ['crossAttention'],
      checkBoolean('TransformerDecoder', 'crossAttention', options?.crossAttention ?? false),
    );
  }

  /** @param inputShapes of x, and perhaps of the encoder's output, without the batch axis; one shape stands for both */
  override build(inputShapes: Shape | readonly Shape[]): this {
    const { query, value } = shapesOfInputs(inputShapes);
    return this.buildFor(query, value);
  }

  /** @param inputShapes of x, and perhaps of the encoder's output, without the batch axis; one shape stands for both */
  override computeOutputShape(inputShapes: Shape | readonly Shape[]): Shape {
    return shapesOfInputs(inputShapes).query;
  }

  /**
   * The output for some steps behind those that the cache has seen, and the cache with these too. One step after the other gives what
   * `call` gives for all.
   *
   * @param cache what the call before returned; null to begin
   * @param options a `decoderAttentionMask` is over all steps so far, [batch, time, all]; `decoderPaddingMask` is of the new ones
   */
  callWithCache(
    x: Tensor,
    cache: DecoderCache | null,
    options: DecoderCallOptions = {},
  ): [output: Tensor, cache: DecoderCache] {
    return (this as Module).call(x, { ...options, cache }) as [Tensor, DecoderCache];
  }

  override forward(x: Tensor, options: WithCache): [Tensor, DecoderCache];
  override forward(x: Tensor, options?: DecoderCallOptions): Tensor;
  override forward(x: Tensor, options: Partial<WithCache> = {}): Tensor | [Tensor, DecoderCache] {
    const name = 'TransformerDecoder';
    checkOptions(name, options, [
      'encoderSequence',
      'decoderPaddingMask',
      'decoderAttentionMask',
      'encoderPaddingMask',
      'encoderAttentionMask',
      'useCausalMask',
      'cache',
    ]);
    const { encoderSequence: memory = null, cache } = options;
    this.checkSequences(x, memory, cache ?? null);
    if (!this.isBuilt) this.build([x.shape.slice(1), (memory ?? x).shape.slice(1)]);
    const mask = paddingMask(name, 'decoderPaddingMask', options.decoderPaddingMask, x);
    const [attended, self] = this.around(x, this.selfAttentionNorm, (y) =>
      this.selfAttention.callWithCache(y, y, cache?.self ?? null, {
        attentionMask: options.decoderAttentionMask ?? null,
        queryMask: null,
        valueMask: mask,
        keyMask: null,
        useCausalMask: options.useCausalMask ?? true,
      }),
    );
    const [crossed, cross] = this.attendToEncoder(attended, memory, options);
    const output = this.feedforward(crossed);
    if (mask !== null) setMask(output, mask);
    return cache === undefined ? output : [output, { self, cross }];
  }

  private attendToEncoder(
    x: Tensor,
    memory: Tensor | null,
    options: Partial<WithCache>,
  ): [Tensor, AttentionCache | null] {
    const { crossAttention, crossAttentionNorm } = this;
    if (crossAttention === null) return [x, null];
    const known = options.cache?.cross ?? null;
    const mask =
      known === null
        ? paddingMask('TransformerDecoder', 'encoderPaddingMask', options.encoderPaddingMask, memory!)
        : null;
    return this.around(x, crossAttentionNorm!, (y) =>
      crossAttention.callWithCache(y, known === null ? memory : null, known, {
        attentionMask: options.encoderAttentionMask ?? null,
        queryMask: null,
        valueMask: mask,
        keyMask: null,
      }),
    );
  }

  private checkSequences(x: Tensor, memory: Tensor | null, cache: DecoderCache | null): void {
    const name = 'TransformerDecoder';
    this.checkSequence('x', x, this.isBuilt ? this.feedforwardIntermediate.kernel.shape[0]! : null);
    if (memory !== null && this.crossAttention === null)
      throw new ArgumentError(
        name,
        'got an encoderSequence; expected none in a block without attention to it',
        'Make it with { crossAttention: true }.',
      );
    if (memory !== null)
      this.checkSequence('encoderSequence', memory, this.isBuilt ? this.crossAttention!.value.kernel.shape[0]! : null);
    if (memory === null && this.crossAttention !== null && cache === null)
      throw new ArgumentError(name, 'got no encoderSequence; expected one in a block with crossAttention');
  }
}
