import { arange, concat, stack, type Tensor } from '@cotangent/autograd';
import { DTypeError, isFloating, normalizeAxis, type Shape, ShapeError } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions } from '../../options.js';
import { checkInput } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { anglesOf, type PositionOptions, positionsOf } from './positionIndices.js';

/** Options of `RotaryEmbedding`. */
export interface RotaryEmbeddingOptions extends LayerOptions {
  /** Of the slowest rotation. @defaultValue 10000 */
  maxWavelength?: number;
  /** What positions are divided by, to reach sequences longer than those of the training. @defaultValue 1 */
  scalingFactor?: number;
  /** @defaultValue 1 */
  sequenceAxis?: number;
  /** @defaultValue −1 */
  featureAxis?: number;
  /**
   * Which features are rotated together: neighbours, 2i with 2i + 1 (the paper), or feature i of the first half with that of the second
   * (KerasHub, GPT-NeoX, LLaMA). @defaultValue false: the halves
   */
  interleaved?: boolean;
}

/**
 * Rotary positions: pairs of features are rotated by position · maxWavelength^(−2i / features), so that products of queries and keys
 * depend on their distance alone. Apply it to both, after their projection.
 *
 * Input [batch, time, ..., features], output the same shape. Nothing is learned.
 *
 * @throws ArgumentError for options out of range; ShapeError for an odd number of features; DTypeError unless the input is floating
 * @see https://keras.io/keras_hub/api/modeling_layers/rotary_embedding/; Su et al. 2021, arXiv:2104.09864
 * @example
 * const rotary = new nn.RotaryEmbedding();
 * const query = randomNormal([1, 6, 2, 8]); // [batch, time, heads, features]
 * const step = query.slice(null, [5, 6]);
 * const turned = rotary.call(step, { startIndex: 5 });
 * allclose(turned, rotary.call(query).slice(null, [5, 6])); // → true
 */
export class RotaryEmbedding extends Layer {
  protected override readonly keepsMask = true;
  private readonly maxWavelength: number;
  private readonly scalingFactor: number;
  private readonly sequenceAxis: number;
  private readonly featureAxis: number;
  private readonly interleaved: boolean;

  constructor(options: RotaryEmbeddingOptions = {}) {
    const name = 'RotaryEmbedding';
    checkOptions(name, options, [
      'maxWavelength',
      'scalingFactor',
      'sequenceAxis',
      'featureAxis',
      'interleaved',
      ...layerOptionNames,
    ]);
    super(options);
    this.maxWavelength = checkNumber(name, 'maxWavelength', options.maxWavelength ?? 10_000, { above: 0 });
    this.scalingFactor = checkNumber(name, 'scalingFactor', options.scalingFactor ?? 1, { above: 0 });
    this.sequenceAxis = checkNumber(name, 'sequenceAxis', options.sequenceAxis ?? 1, { whole: true });
    this.featureAxis = checkNumber(name, 'featureAxis', options.featureAxis ?? -1, { whole: true });
    this.interleaved = checkBoolean(name, 'interleaved', options.interleaved ?? false);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    this.axesOf([0, ...inputShape]);
    return inputShape;
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const name = 'RotaryEmbedding';
    checkInput(name, x, 'batch, time, ..., features');
    if (!isFloating(x.dtype)) throw new DTypeError(name, { x: x.dtype }, 'a floating dtype', 'Convert with .cast().');
    const { sequence, feature } = this.axesOf(x.shape);
    const [time, features] = [x.shape[sequence]!, x.shape[feature]!];
    const positions = positionsOf(name, options, [x.shape[0]!, time]).div(this.scalingFactor);
    const exponents = arange(0, features, 2, { dtype: 'float64' }).div(features);
    const angles = anglesOf(positions, this.maxWavelength, exponents);
    // [batch or 1, time, 1, …, pairs], against x with features last and time behind the batch.
    const between = new Array<number>(x.rank - 3).fill(1);
    const leading = positions.rank === 1 ? [1, time] : positions.shape;
    const lined = angles.reshape([...leading, ...between, features / 2]);
    const [cosine, sine] = [lined.cos().cast(x.dtype), lined.sin().cast(x.dtype)];
    const others = x.shape.map((_, axis) => axis).filter((axis) => ![0, sequence, feature].includes(axis));
    const order = [0, sequence, ...others, feature];
    const turned = this.rotate(x.permute(order), cosine, sine);
    return turned.permute(order.map((_, axis) => order.indexOf(axis)));
  }

  /** @param x features last */
  private rotate(x: Tensor, cosine: Tensor, sine: Tensor): Tensor {
    const half = x.shape.at(-1)! / 2;
    const paired = x.reshape([...x.shape.slice(0, -1), ...(this.interleaved ? [half, 2] : [2, half])]);
    const axis = this.interleaved ? -1 : -2;
    const [a, b] = paired.unstack({ axis }) as [Tensor, Tensor];
    const turned = [a.mul(cosine).sub(b.mul(sine)), b.mul(cosine).add(a.mul(sine))];
    return this.interleaved ? stack(turned, { axis }).reshape(x.shape) : concat(turned, { axis: -1 });
  }

  /** The axes counted from the front. @param shape with the batch axis */
  private axesOf(shape: Shape): { sequence: number; feature: number } {
    const [sequence, feature] = [this.sequenceAxis, this.featureAxis].map((axis) =>
      normalizeAxis('RotaryEmbedding', axis, shape.length),
    ) as [number, number];
    const fits = sequence !== feature && sequence > 0 && feature > 0 && shape[feature]! % 2 === 0;
    if (fits) return { sequence, feature };
    throw new ShapeError(
      'RotaryEmbedding',
      { input: shape.slice(1) },
      `an even number of features along axis ${feature}, another axis than that of time, ${sequence}`,
    );
  }
}
