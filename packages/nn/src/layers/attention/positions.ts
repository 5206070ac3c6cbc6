/** Positions as vectors that are added to those of the words. */

import { arange, type Tensor, where } from '@cotangent/autograd';
import { DTypeError, isFloating, type Shape, ShapeError } from '@cotangent/kernels';
import { type InitializerLike, resolveInitializer } from '../../initializers/index.js';
import { maskOf, setMask } from '../../masks.js';
import { checkNumber, checkOptions } from '../../options.js';
import { Parameter } from '../../parameter.js';
import { ReversibleEmbedding } from '../embedding.js';
import { checkFeatures, checkIndices, checkInput, checkInputDType } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type DTypeOption, dtypeOf, type WeightOptions, weightOptionNames } from '../weights.js';
import { anglesOf, type PositionOptions, positionsOf } from './positionIndices.js';

/** Options of `SinePositionEncoding`. */
export interface SinePositionEncodingOptions extends LayerOptions {
  /** Of the slowest wave. @defaultValue 10000 */
  maxWavelength?: number;
}

/**
 * Positions as waves: feature i of position p is sin(p · maxWavelength^(−i / features)) for even i, and the cosine of what its
 * neighbour i − 1 is the sine of for odd i. To be added to the input.
 *
 * Input [batch, time, features], of which only the shape matters; output the same shape. Nothing is learned.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for other inputs
 * @see https://keras.io/keras_hub/api/modeling_layers/sine_position_encoding/; Vaswani et al. 2017, arXiv:1706.03762
 * @example
 * const words = zeros([2, 5, 16]);
 * words.add(new nn.SinePositionEncoding().call(words)).shape; // → [2, 5, 16]
 */
export class SinePositionEncoding extends Layer {
  protected override readonly keepsMask = true;
  private readonly maxWavelength: number;

  constructor(options: SinePositionEncodingOptions = {}) {
    checkOptions('SinePositionEncoding', options, ['maxWavelength', ...layerOptionNames]);
    super(options);
    const { maxWavelength = 10_000 } = options;
    this.maxWavelength = checkNumber('SinePositionEncoding', 'maxWavelength', maxWavelength, { above: 0 });
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const name = 'SinePositionEncoding';
    checkInput(name, x, 'batch, time, features');
    if (!isFloating(x.dtype)) throw new DTypeError(name, { x: x.dtype }, 'a floating dtype', 'Convert with .cast().');
    const [time, features] = x.shape.slice(-2) as [number, number];
    const feature = arange(0, features, 1, { dtype: 'float64' });
    const parity = feature.remainder(2);
    const positions = positionsOf(name, options, [x.shape[0]!, time]);
    const angles = anglesOf(positions, this.maxWavelength, feature.sub(parity).div(features));
    return where(parity.equal(0), angles.sin(), angles.cos()).cast(x.dtype).broadcastTo(x.shape);
  }
}

/** Options of `PositionEmbedding`. */
export interface PositionEmbeddingOptions extends LayerOptions, DTypeOption {
  /** How many positions there are. */
  sequenceLength: number;
  /** @defaultValue 'glorotUniform' (KerasHub) */
  initializer?: InitializerLike;
}

/**
 * A learned vector for each position. To be added to the input.
 *
 * Input [batch, time, features], of which only the shape matters, with time up to sequenceLength; output the same shape. positionEmbeddings
 * [sequenceLength, features], made on the first call.
 *
 * @throws ArgumentError for options out of range; ShapeError for a longer sequence or other features than the first time; IndexError for
 *   positions that are not from 0 to sequenceLength − 1; DTypeError for an input of another dtype
 * @see https://keras.io/keras_hub/api/modeling_layers/position_embedding/
 * @example
 * const words = zeros([2, 5, 16]);
 * words.add(new nn.PositionEmbedding({ sequenceLength: 512 }).call(words)).shape; // → [2, 5, 16]
 */
export class PositionEmbedding extends Layer {
  readonly sequenceLength: number;
  /** [sequenceLength, features] */
  readonly positionEmbeddings: Parameter;
  protected override readonly keepsMask = true;

  constructor(options: PositionEmbeddingOptions) {
    const name = 'PositionEmbedding';
    checkOptions(name, options, ['sequenceLength', 'initializer', 'dtype', ...layerOptionNames]);
    super(options);
    this.sequenceLength = checkNumber(name, 'sequenceLength', options.sequenceLength, { above: 0, whole: true });
    const initializer = resolveInitializer(name, options.initializer ?? 'glorotUniform');
    this.positionEmbeddings = new Parameter({ initializer, dtype: dtypeOf(name, options) });
    if (this.inputShape !== undefined) this.build(this.inputShape);
  }

  override build(inputShape: Shape): this {
    this.positionEmbeddings.materialize([this.sequenceLength, inputShape.at(-1)!]);
    return this;
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const name = 'PositionEmbedding';
    checkInput(name, x, 'batch, time, features');
    checkInputDType(name, x, this.positionEmbeddings.dtype);
    if (!this.positionEmbeddings.hasValue) this.build(x.shape);
    checkFeatures(name, x, this.positionEmbeddings.shape[1]!);
    const time = x.shape[x.rank - 2]!;
    const positions = positionsOf(name, options, [x.shape[0]!, time]);
    if (options.positions == null) {
      const start = options.startIndex ?? 0;
      if (start + time > this.sequenceLength)
        throw new ShapeError(
          name,
          { x: x.shape },
          `at most ${this.sequenceLength} positions, from 0`,
          'Make the layer with a larger sequenceLength, or cut the sequences.',
        );
      return this.positionEmbeddings.slice([start, start + time]).broadcastTo(x.shape);
    }
    const rows = checkIndices(name, positions, this.sequenceLength, 'sequenceLength');
    return this.positionEmbeddings.take(rows).broadcastTo(x.shape);
  }
}

/** Options of `TokenAndPositionEmbedding`. */
export interface TokenAndPositionEmbeddingOptions extends LayerOptions, DTypeOption, WeightOptions<'embeddings'> {
  /** Number of words. */
  vocabularySize: number;
  /** Length of the longest sequence. */
  sequenceLength: number;
  /** Numbers of each vector. */
  embeddingDim: number;
  /** Whether `tokenEmbedding` goes back by its own table (see `ReversibleEmbedding`). @defaultValue true */
  tieWeights?: boolean;
  /** Of words and positions. @defaultValue 'randomUniform', from ±0.05 (KerasHub) */
  embeddingsInitializer?: WeightOptions<'embeddings'>['embeddingsInitializer'];
  /** Whether index 0 is padding. @defaultValue false */
  maskZero?: boolean;
}

/**
 * The vector of each word plus that of its position.
 *
 * Input [batch, time] of word indices, output [batch, time, embeddingDim].
 *
 * @throws as `Embedding` and `PositionEmbedding`; ArgumentError for options out of range
 * @see https://keras.io/keras_hub/api/modeling_layers/token_and_position_embedding/
 * @example
 * const embedding = new nn.TokenAndPositionEmbedding({ vocabularySize: 50, sequenceLength: 128, embeddingDim: 16 });
 * const vectors = embedding.call(zeros([2, 5], { dtype: 'int32' }));
 * vectors.shape; // → [2, 5, 16]
 * const logits = embedding.tokenEmbedding.call(vectors, { reverse: true });
 * logits.shape; // → [2, 5, 50]
 */
export class TokenAndPositionEmbedding extends Layer {
  readonly tokenEmbedding: ReversibleEmbedding;
  readonly positionEmbedding: PositionEmbedding;

  constructor(options: TokenAndPositionEmbeddingOptions) {
    const name = 'TokenAndPositionEmbedding';
    const own = ['vocabularySize', 'sequenceLength', 'embeddingDim', 'tieWeights', 'maskZero'];
    checkOptions(name, options, [...own, ...weightOptionNames('embeddings'), 'dtype', ...layerOptionNames]);
    super(options);
    const { vocabularySize, sequenceLength, embeddingDim, ...others } = options;
    const shared = Object.fromEntries(Object.entries(others).filter(([key]) => !layerOptionNames.includes(key)));
    const extent = (role: string, value: number): number => checkNumber(name, role, value, { above: 0, whole: true });
    this.tokenEmbedding = new ReversibleEmbedding({
      ...shared,
      inputDim: extent('vocabularySize', vocabularySize),
      outputDim: extent('embeddingDim', embeddingDim),
    });
    this.positionEmbedding = new PositionEmbedding({
      sequenceLength: extent('sequenceLength', sequenceLength),
      initializer: options.embeddingsInitializer ?? 'randomUniform',
      dtype: options.dtype ?? 'float32',
      inputShape: [sequenceLength, embeddingDim],
    });
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return this.tokenEmbedding.computeOutputShape(inputShape);
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    checkInput('TokenAndPositionEmbedding', x, 'batch, time');
    const words = this.tokenEmbedding.call(x);
    const sum = words.add(this.positionEmbedding.call(words, options));
    const mask = maskOf(words);
    return mask === null ? sum : setMask(sum, mask);
  }
}
