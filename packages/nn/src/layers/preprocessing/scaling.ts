/** Scalings of features under scikit-learn's names. */

import { fromTypedArray, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import { checkOptions, checkTensor, shown } from '../../options.js';
import { Buffer } from '../../parameter.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type AdaptData, batchesOf, numbersOf } from './adapting.js';
import { asFloat } from './images.js';
import { Normalization } from './numeric.js';

/**
 * (x − mean) / √variance of each feature: `Normalization` under the name of scikit-learn's StandardScaler.
 *
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html
 * @example await new nn.Standardization().adapt(x)
 */
export class Standardization extends Normalization {}

/** Options of `MinMaxScaling`. */
export interface MinMaxScalingOptions extends LayerOptions {
  /** What the smallest and the largest value of each feature become. @defaultValue [0, 1] */
  featureRange?: readonly [number, number];
  /** Whether to hold values outside what `adapt` saw to the range. @defaultValue false */
  clip?: boolean;
}

/**
 * (x − min) / (max − min) of each feature (the last axis), brought into a range; a feature that never changes becomes the lower end.
 *
 * @throws ArgumentError for a call before `adapt`; ShapeError for data of another number of features
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MinMaxScaler.html
 * @example
 * const layer = await new nn.MinMaxScaling().adapt(tensor([[1, 10], [3, 30]]));
 * layer.call(tensor([[2, 10]])); // → [[0.5, 0]]
 */
export class MinMaxScaling extends Layer {
  protected override readonly keepsMask = true;
  /** Of each feature. */
  readonly minimum: Buffer = new Buffer();
  readonly maximum: Buffer = new Buffer();
  private readonly featureRange: readonly [number, number];
  private readonly clip: boolean;

  constructor(options: MinMaxScalingOptions = {}) {
    const name = 'MinMaxScaling';
    checkOptions(name, options, ['featureRange', 'clip', ...layerOptionNames]);
    super(options);
    const [low, high] = options.featureRange ?? [0, 1];
    if (!(Number.isFinite(low) && Number.isFinite(high) && low < high))
      throw new ArgumentError(name, `got featureRange ${shown(options.featureRange)}; expected [lower, upper]`);
    this.featureRange = [low, high];
    this.clip = options.clip ?? false;
  }

  /** Finds the smallest and the largest value of each feature, however the data are batched. @throws ArgumentError for no data; ShapeError for batches that differ */
  async adapt(data: AdaptData): Promise<this> {
    const name = 'MinMaxScaling.adapt';
    let low: Float64Array | null = null;
    let high = new Float64Array(0);
    for await (const batch of batchesOf(name, data)) {
      const { values, shape } = numbersOf(batch);
      const features = shape.at(-1) ?? 0;
      if (low === null) {
        low = new Float64Array(features).fill(Number.POSITIVE_INFINITY);
        high = new Float64Array(features).fill(Number.NEGATIVE_INFINITY);
      } else if (low.length !== features) throw new ShapeError(name, { batch: shape }, `[..., ${low.length}]`);
      for (let i = 0; i < values.length; i++) {
        const at = i % features;
        low[at] = Math.min(low[at]!, values[i]!);
        high[at] = Math.max(high[at]!, values[i]!);
      }
    }
    if (low === null || low.length === 0 || !low.every(Number.isFinite))
      throw new ArgumentError(name, 'got no data, or values that are not finite; expected one sample at least');
    this.minimum.setValue(fromTypedArray(low, [low.length]));
    this.maximum.setValue(fromTypedArray(high, [high.length]));
    return this;
  }

  override forward(x: Tensor): Tensor {
    checkTensor('MinMaxScaling', 'x', x);
    if (!this.minimum.hasValue)
      throw new ArgumentError('MinMaxScaling', 'it has not seen any data yet', 'Call await layer.adapt(data) first.');
    if (x.shape.at(-1) !== this.minimum.size)
      throw new ShapeError('MinMaxScaling', { x }, `[..., ${this.minimum.size}], as adapt has seen`);
    const values = asFloat(x);
    const [low, high] = this.featureRange;
    const smallest = this.minimum.cast(values.dtype);
    const span = this.maximum.cast(values.dtype).sub(smallest);
    const scaled = values
      .sub(smallest)
      .div(where(span.equal(0), 1, span))
      .mul(high - low)
      .add(low);
    return this.clip ? scaled.clip(low, high) : scaled;
  }
}
