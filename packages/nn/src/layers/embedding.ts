/** Tables of vectors, one for each word of a vocabulary. */

import { embedding, type Tensor } from '@cotangent/autograd';
import { type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { setMask } from '../masks.js';
import { checkBoolean, checkNumber, checkOptions, checkTensor } from '../options.js';
import type { Parameter } from '../parameter.js';
import { checkFeatures, checkIndices, checkInput, checkInputDType } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { type DTypeOption, type WeightOptions, weight, weightOptionNames } from './weights.js';

/** Options of `Embedding`. */
export interface EmbeddingOptions extends LayerOptions, DTypeOption, WeightOptions<'embeddings'> {
  /** Size of the vocabulary: the largest index plus 1. */
  inputDim: number;
  /** Numbers of each vector. */
  outputDim: number;
  /** @defaultValue 'randomUniform', from ±0.05 (Keras) */
  embeddingsInitializer?: WeightOptions<'embeddings'>['embeddingsInitializer'];
  /**
   * Whether index 0 is padding: the output then carries a mask, false where the index is 0. Index 0 keeps its vector.
   * @defaultValue false
   */
  maskZero?: boolean;
  /** The vectors to begin with, [inputDim, outputDim]. @defaultValue what the initializer makes */
  weights?: Tensor;
}

/** The names of those options, for checks. */
const embeddingOptionNames: readonly string[] = [
  'inputDim',
  'outputDim',
  'maskZero',
  'weights',
  ...weightOptionNames('embeddings'),
  'dtype',
  ...layerOptionNames,
];

/**
 * A table of vectors, and the vectors of it that indices name: y[b, t] = embeddings[x[b, t]].
 *
 * Input [batch, ...] of int32 or uint8 (floats are taken if they are whole numbers), output [batch, ..., outputDim]; embeddings
 * [inputDim, outputDim], made at once. The gradient adds up where an index comes again.
 *
 * @throws ArgumentError for options out of range; IndexError for an index that is not a whole number from 0 to inputDim − 1; ShapeError for `weights` of another shape
 * @see https://keras.io/api/layers/core_layers/embedding/
 * @example
 * new nn.Embedding({ inputDim: 1000, outputDim: 64 }).call(tensor([[4, 20]], { dtype: 'int32' })); // shape [1, 2, 64]
 */
export class Embedding extends Layer {
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  /** [inputDim, outputDim] */
  readonly embeddings: Parameter;

  /** @param more names of the options that a class made of this one has besides */
  constructor(options: EmbeddingOptions, more: readonly string[] = []) {
    const name = new.target.name;
    checkOptions(name, options, [...embeddingOptionNames, ...more]);
    super(options);
    this.inputDim = checkNumber(name, 'inputDim', options.inputDim, { above: 0, whole: true });
    this.outputDim = checkNumber(name, 'outputDim', options.outputDim, { above: 0, whole: true });
    this.maskZero = checkBoolean(name, 'maskZero', options.maskZero ?? false);
    this.embeddings = weight(name, 'embeddings', options, 'randomUniform');
    const shape = [this.inputDim, this.outputDim];
    if (options.weights === undefined) this.embeddings.materialize(shape);
    else {
      const given = checkTensor(name, 'weights', options.weights);
      if (!shapesEqual(given.shape, shape))
        throw new ShapeError(name, { weights: given.shape }, `weights [${shape.join(', ')}]`);
      this.embeddings.setValue(given);
    }
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [...inputShape, this.outputDim];
  }

  override forward(x: Tensor): Tensor {
    const name = this.constructor.name;
    const indices = checkIndices(name, checkInput(name, x, 'batch, ...'), this.inputDim, 'inputDim');
    const vectors = embedding(indices, this.embeddings);
    return this.maskZero ? setMask(vectors, indices.notEqual(0)) : vectors;
  }
}

/** Options of `ReversibleEmbedding`. */
export interface ReversibleEmbeddingOptions extends EmbeddingOptions {
  /** Whether the way back uses the table itself; otherwise a matrix of its own, reverseEmbeddings. @defaultValue true */
  tieWeights?: boolean;
  /** Bounds the scores on the way back: cap · tanh(scores / cap). @defaultValue none */
  logitSoftCap?: number | null;
}

/**
 * An embedding that also goes the way back, from vectors to a score for each word: x · embeddingsᵀ (Press and Wolf 2017). The
 * first and last layer of language models.
 *
 * Forwards input [batch, ...] and output [batch, ..., outputDim], as `Embedding`; with `{ reverse: true }` input
 * [batch, ..., outputDim] and output [batch, ..., inputDim].
 *
 * @throws as `Embedding`; ShapeError and DTypeError for vectors that do not fit, on the way back; ArgumentError for options out of range
 * @see https://keras.io/keras_hub/api/modeling_layers/reversible_embedding/; Press and Wolf 2017, arXiv:1608.05859
 * @example
 * const words = new nn.ReversibleEmbedding({ inputDim: 1000, outputDim: 64 });
 * const logits = words.call(words.call(tensor([[4, 20]], { dtype: 'int32' })), { reverse: true }); // shape [1, 2, 1000]
 */
export class ReversibleEmbedding extends Embedding {
  /** [outputDim, inputDim], or null when the weights are tied */
  readonly reverseEmbeddings: Parameter | null;
  protected override readonly keepsMask = true;
  private readonly logitSoftCap: number | null;

  constructor(options: ReversibleEmbeddingOptions) {
    super(options, ['tieWeights', 'logitSoftCap']);
    const name = 'ReversibleEmbedding';
    const { logitSoftCap = null } = options;
    this.logitSoftCap = logitSoftCap === null ? null : checkNumber(name, 'logitSoftCap', logitSoftCap, { above: 0 });
    this.reverseEmbeddings = checkBoolean(name, 'tieWeights', options.tieWeights ?? true)
      ? null
      : weight(name, 'embeddings', options, 'randomUniform');
    this.reverseEmbeddings?.materialize([this.outputDim, this.inputDim]);
  }

  override computeOutputShape(inputShape: Shape, options: { reverse?: boolean } = {}): Shape {
    return options.reverse === true
      ? [...inputShape.slice(0, -1), this.inputDim]
      : super.computeOutputShape(inputShape);
  }

  override forward(x: Tensor, options: { reverse?: boolean } = {}): Tensor {
    checkOptions('ReversibleEmbedding', options, ['reverse']);
    if (options.reverse !== true) return super.forward(x);
    checkInput('ReversibleEmbedding', x, 'batch, ..., features');
    checkInputDType('ReversibleEmbedding', x, this.embeddings.dtype);
    checkFeatures('ReversibleEmbedding', x, this.outputDim);
    const scores = x.matmul(this.reverseEmbeddings ?? this.embeddings.mT);
    const cap = this.logitSoftCap;
    return cap === null ? scores : scores.div(cap).tanh().mul(cap);
  }
}
