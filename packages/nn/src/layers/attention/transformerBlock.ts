/** What the blocks of transformers share: parts around each of which stand a residual connection, a norm and dropout. */

import type { Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import type { Activation, ActivationName } from '../../activations.js';
import { checkBoolean, checkNumber, checkOptions } from '../../options.js';
import { checkFeatures, checkInput, checkInputDType } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { LayerNormalization } from '../normalization.js';
import { Dropout } from '../regularization.js';
import { type DTypeOption, type WeightOptions, weightOptionNames } from '../weights.js';
import { MultiHeadAttention } from './multiHeadAttention.js';
import { Projection } from './projection.js';

/** Options of `TransformerEncoder` and `TransformerDecoder`. */
export interface TransformerOptions extends LayerOptions, DTypeOption, WeightOptions<'kernel' | 'bias'> {
  /** Numbers between the two layers of the feed-forward network. */
  intermediateDim: number;
  /** Number of heads of attention; each has the features of the input divided by it, rounded down. */
  numHeads: number;
  /** Share set to 0 in training: of attention weights, and of what each part gives. @defaultValue 0 */
  dropout?: number;
  /** Of the feed-forward network. @defaultValue 'relu' */
  activation?: ActivationName | Activation;
  /** Added to the variance by the norms. @defaultValue 1e-5 */
  layerNormEpsilon?: number;
  /** Whether the norm stands in front of each part (GPT-2), or behind its residual connection (the paper). @defaultValue false: behind */
  normalizeFirst?: boolean;
  /** @defaultValue 'glorotUniform' */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
  /** @defaultValue 'zeros' */
  biasInitializer?: WeightOptions<'bias'>['biasInitializer'];
}

/** Base of the two blocks. */
export abstract class TransformerBlock extends Layer {
  readonly selfAttention: MultiHeadAttention;
  readonly selfAttentionNorm: LayerNormalization;
  /** Attention to another sequence; null in an encoder, and in a decoder without. */
  readonly crossAttention: MultiHeadAttention | null;
  readonly crossAttentionNorm: LayerNormalization | null;
  /** kernel [features, intermediateDim], bias [intermediateDim] */
  readonly feedforwardIntermediate: Projection;
  /** kernel [intermediateDim, features], bias [features] */
  readonly feedforwardOutput: Projection;
  readonly feedforwardNorm: LayerNormalization;
  protected override readonly keepsMask = true;
  private readonly dropout: Dropout;
  private readonly intermediateDim: number;
  private readonly normalizeFirst: boolean;

  constructor(options: TransformerOptions, own: readonly string[], crossAttention: boolean) {
    const name = new.target.name;
    checkOptions(name, options, [
      'intermediateDim',
      'numHeads',
      ...own,
      'dropout',
      'activation',
      'layerNormEpsilon',
      'normalizeFirst',
      ...weightOptionNames('kernel', 'bias'),
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    const { layerNormEpsilon = 1e-5, dtype = 'float32' } = options;
    this.intermediateDim = checkNumber(name, 'intermediateDim', options.intermediateDim, { above: 0, whole: true });
    this.normalizeFirst = checkBoolean(name, 'normalizeFirst', options.normalizeFirst ?? false);
    const numHeads = checkNumber(name, 'numHeads', options.numHeads, { above: 0, whole: true });
    const rate = checkNumber(name, 'dropout', options.dropout ?? 0, { atLeast: 0, below: 1 });
    const epsilon = checkNumber(name, 'layerNormEpsilon', layerNormEpsilon, { atLeast: 0 });
    const roles = [...weightOptionNames('kernel', 'bias'), 'dtype'];
    const weights = Object.fromEntries(Object.entries(options).filter(([key]) => roles.includes(key)));
    const attention = (): MultiHeadAttention => new MultiHeadAttention({ numHeads, dropout: rate, ...weights });
    const norm = (): LayerNormalization => new LayerNormalization({ epsilon, dtype });
    this.selfAttention = attention();
    this.selfAttentionNorm = norm();
    this.crossAttention = crossAttention ? attention() : null;
    this.crossAttentionNorm = crossAttention ? norm() : null;
    this.feedforwardIntermediate = new Projection(name, weights, 1, options.activation ?? 'relu');
    this.feedforwardOutput = new Projection(name, weights);
    this.feedforwardNorm = norm();
    this.dropout = new Dropout({ rate });
    if (this.inputShape !== undefined) this.build(this.inputShape);
  }

  protected buildFor(input: Shape, other: Shape): this {
    const features = input.at(-1)!;
    this.selfAttention.build(input);
    this.crossAttention?.build([input, other]);
    for (const norm of [this.selfAttentionNorm, this.crossAttentionNorm, this.feedforwardNorm]) norm?.build(input);
    this.feedforwardIntermediate.build([features], [this.intermediateDim]);
    this.feedforwardOutput.build([this.intermediateDim], [features]);
    return this;
  }

  /** Whether the parameters have values. */
  protected get isBuilt(): boolean {
    return this.feedforwardIntermediate.kernel.hasValue;
  }

  protected checkSequence(role: string, x: Tensor, features: number | null): void {
    const name = this.constructor.name;
    checkInput(name, x, 'batch, time, features', role);
    checkInputDType(name, x, this.feedforwardIntermediate.kernel.dtype, role);
    if (features !== null) checkFeatures(name, x, features, role);
  }

  /** One part of the block with what stands around it, and whatever else the part gives. */
  protected around<Extra>(
    x: Tensor,
    norm: LayerNormalization,
    part: (x: Tensor) => readonly [Tensor, Extra],
  ): [Tensor, Extra] {
    const [output, extra] = part(this.normalizeFirst ? norm.call(x) : x);
    const sum = x.add(this.dropout.call(output));
    return [this.normalizeFirst ? sum : norm.call(sum), extra];
  }

  protected feedforward(x: Tensor): Tensor {
    const [output] = this.around(x, this.feedforwardNorm, (y) => [
      this.feedforwardOutput.call(this.feedforwardIntermediate.call(y)),
      null,
    ]);
    return output;
  }
}
