/** Preprocessing of numbers (https://keras.io/api/layers/preprocessing_layers/numerical/). */

import { allNumbers, fromTypedArray, sqrt, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError, showShape } from '@cotangent/kernels';
import type { Json } from '../../io/json.js';
import { checkAxes, checkBoolean, checkChoice, checkNumber, checkOptions, checkTensor } from '../../options.js';
import { Buffer } from '../../parameter.js';
import { checkIndices } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type AdaptData, batchesOf, numbersOf } from './adapting.js';
import { type EncodingMode, encodedShape, encodeIndices } from './encoding.js';

const encodingModes = ['int', 'oneHot', 'multiHot', 'count'] as const;

/**
 * x · scale + offset.
 *
 * @param options `scale`; `offset`, 0 unless given
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
 * @example new nn.Rescaling({ scale: 1 / 127.5, offset: -1 }) // 0 … 255 becomes −1 … 1
 */
export class Rescaling extends Layer {
  protected override readonly keepsMask = true;
  private readonly scale: number;
  private readonly offset: number;

  constructor(options: LayerOptions & { scale: number; offset?: number }) {
    checkOptions('Rescaling', options, ['scale', 'offset', ...layerOptionNames]);
    super(options);
    this.scale = checkNumber('Rescaling', 'scale', options.scale);
    this.offset = checkNumber('Rescaling', 'offset', options.offset ?? 0);
  }

  /** @returns float32 for integers */
  override forward(x: Tensor): Tensor {
    return floating('Rescaling', x).mul(this.scale).add(this.offset);
  }
}

/** x, of integers their float32. */
function floating(operation: string, x: Tensor): Tensor {
  const { dtype } = checkTensor(operation, 'x', x);
  return dtype === 'float32' || dtype === 'float64' ? x : x.cast('float32');
}

/** Options of `Normalization`. */
export interface NormalizationOptions extends LayerOptions {
  /** Axes that keep a mean and a variance for each index; null for one of all numbers. @defaultValue −1 */
  axis?: number | readonly number[] | null;
  /** The mean, if it is known beforehand (with `variance`): for each index of `axis`, or one for all. @defaultValue learned by `adapt` */
  mean?: number | readonly number[];
  /** The variance. @defaultValue learned by `adapt` */
  variance?: number | readonly number[];
  /** Whether to undo the normalization. @defaultValue false */
  invert?: boolean;
}

/**
 * (x − mean) / max(√variance, 10⁻⁷), with what `adapt` finds; `invert` gives x · max(√variance, 10⁻⁷) + mean.
 *
 * The variance is that of the data, over n. Before `adapt`, mean and variance have no value.
 *
 * @throws ArgumentError for a call before `adapt`; ShapeError for data of other extents
 * @see https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
 * @example
 * const layer = await new nn.Normalization().adapt(tensor([[1, 10], [3, 30]]));
 * layer.call(tensor([[3, 10]])); // → [[1, -1]]
 */
export class Normalization extends Layer {
  protected override readonly keepsMask = true;
  readonly mean: Buffer;
  readonly variance: Buffer;
  /** How many numbers each mean is of. */
  readonly count: Buffer;
  private readonly axis: readonly number[];
  private readonly invert: boolean;
  private readonly known: boolean;

  constructor(options: NormalizationOptions = {}) {
    const name = 'Normalization';
    checkOptions(name, options, ['axis', 'mean', 'variance', 'invert', ...layerOptionNames]);
    super(options);
    this.axis = options.axis === null ? [] : checkAxes(name, 'axis', options.axis ?? -1);
    this.invert = checkBoolean(name, 'invert', options.invert ?? false);
    const { mean, variance } = options;
    if ((mean === undefined) !== (variance === undefined))
      throw new ArgumentError(name, 'got one of mean and variance; expected both or none');
    this.known = mean !== undefined;
    this.mean = mean === undefined ? new Buffer() : new Buffer(tensor(mean as number[]));
    this.variance = variance === undefined ? new Buffer() : new Buffer(tensor(variance as number[]));
    this.count = this.known ? new Buffer(tensor(0, { dtype: 'int32' })) : new Buffer({ dtype: 'int32' });
  }

  private axesOf(shape: Shape): number[] {
    const axes = this.axis.map((axis) => (axis < 0 ? axis + shape.length : axis)).sort((a, b) => a - b);
    if (axes.some((axis) => axis < 0 || axis >= shape.length))
      throw new ShapeError('Normalization', { x: shape }, `an input with axis ${this.axis.join(', ')}`);
    return axes;
  }

  /**
   * Finds mean and variance, in double precision and one number after the other, so that it does not matter how the data are batched.
   *
   * @throws ArgumentError for no data, or if mean and variance were given; ShapeError for batches that differ
   */
  async adapt(data: AdaptData): Promise<this> {
    const name = 'Normalization.adapt';
    if (this.known) throw new ArgumentError(name, 'the layer was made with a mean and a variance');
    let kept: Shape | null = null;
    let means = new Float64Array(0);
    let squares = new Float64Array(0);
    let counts = new Float64Array(0);
    for await (const batch of batchesOf(name, data)) {
      const { values, shape } = numbersOf(batch);
      const axes = this.axesOf(shape);
      const extents = axes.map((axis) => shape[axis]!);
      if (kept === null) {
        kept = extents;
        const size = extents.reduce((product, extent) => product * extent, 1);
        [means, squares, counts] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
      } else if (kept.join() !== extents.join())
        throw new ShapeError(name, { batch: shape }, `extents ${showShape(kept)} along axis ${this.axis.join(', ')}`);
      const inner = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
      for (let i = 0; i < values.length; i++) {
        let at = 0;
        for (const axis of axes) at = at * shape[axis]! + (Math.floor(i / inner[axis]!) % shape[axis]!);
        const difference = values[i]! - means[at]!;
        means[at]! += difference / ++counts[at]!;
        squares[at]! += difference * (values[i]! - means[at]!);
      }
    }
    if (kept === null || !counts.some((n) => n > 0))
      throw new ArgumentError(name, 'got no data; expected one sample at least');
    this.mean.setValue(fromTypedArray(means, kept));
    this.variance.setValue(
      fromTypedArray(
        squares.map((sum) => sum / counts[0]!),
        kept,
      ),
    );
    this.count.setValue(tensor(counts[0]!, { dtype: 'int32' }));
    return this;
  }

  override forward(given: Tensor): Tensor {
    const x = floating('Normalization', given);
    if (!this.mean.hasValue)
      throw new ArgumentError(
        'Normalization',
        'it has no mean and variance yet',
        'Call await layer.adapt(data) first.',
      );
    const axes = this.axesOf(x.shape);
    const shape = this.mean.rank === 0 ? [] : x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
    if (this.mean.rank > 0 && axes.some((axis, i) => x.shape[axis] !== this.mean.shape[i]))
      throw new ShapeError(
        'Normalization',
        { x: x.shape },
        `extents ${showShape(this.mean.shape)} along axis ${this.axis.join(', ')}`,
      );
    const mean = this.mean.cast(x.dtype).reshape(shape);
    const deviation = sqrt(this.variance.cast(x.dtype).reshape(shape)).maximum(1e-7);
    return this.invert ? x.mul(deviation).add(mean) : x.sub(mean).div(deviation);
  }
}

/** Options of `Discretization`. */
export interface DiscretizationOptions extends LayerOptions {
  /** Where bins end and the next begin, ascending; the first and the last are open. */
  binBoundaries?: readonly number[];
  /** Into how many bins of equal counts `adapt` divides, instead. */
  numBins?: number;
  /** How bins are given; see `CategoryEncoding`. @defaultValue 'int' */
  outputMode?: EncodingMode;
}

/**
 * The bin of each number: bin i holds boundary i − 1 ≤ x < boundary i.
 *
 * `adapt` takes exact quantiles, where Keras approximates them to `epsilon`: it keeps all numbers until it is done. NaN is in the last bin.
 *
 * @throws ArgumentError unless exactly one of `binBoundaries` and `numBins` is given; for a call before `adapt`
 * @see https://keras.io/api/layers/preprocessing_layers/numerical/discretization/
 * @example new nn.Discretization({ binBoundaries: [0, 1] }).call(tensor([-1, 0, 5])); // → [0, 1, 2]
 */
export class Discretization extends Layer {
  private boundaries: readonly number[] | null;
  private readonly numBins: number | undefined;
  private readonly outputMode: EncodingMode;

  constructor(options: DiscretizationOptions) {
    const name = 'Discretization';
    checkOptions(name, options, ['binBoundaries', 'numBins', 'outputMode', ...layerOptionNames]);
    super(options);
    const { binBoundaries, numBins } = options;
    if ((binBoundaries === undefined) === (numBins === undefined))
      throw new ArgumentError(name, 'expected one of binBoundaries and numBins');
    this.boundaries = binBoundaries === undefined ? null : checkBoundaries(name, binBoundaries);
    this.numBins =
      numBins === undefined ? undefined : checkNumber(name, 'numBins', numBins, { atLeast: 1, whole: true });
    this.outputMode = checkChoice(name, 'outputMode', options.outputMode ?? 'int', encodingModes);
  }

  /** Where the bins end; null before `adapt`. */
  get binBoundaries(): readonly number[] | null {
    return this.boundaries;
  }

  /** Finds the boundaries: of n sorted numbers, the (i n / numBins)-th, interpolated between two. @throws ArgumentError for no data */
  async adapt(data: AdaptData): Promise<this> {
    const name = 'Discretization.adapt';
    if (this.numBins === undefined) throw new ArgumentError(name, 'the layer was made with binBoundaries');
    const parts: Float64Array[] = [];
    for await (const batch of batchesOf(name, data)) parts.push(Float64Array.from(numbersOf(batch).values));
    const sorted = Float64Array.from(parts.flatMap((part) => [...part])).sort();
    const n = sorted.length;
    if (n === 0) throw new ArgumentError(name, 'got no data; expected one number at least');
    this.boundaries = Array.from({ length: this.numBins - 1 }, (_, i) => {
      const place = Math.max(0, ((i + 1) * n) / this.numBins! - 1);
      const low = sorted[Math.floor(place)]!;
      return low + (place % 1) * (sorted[Math.min(n - 1, Math.floor(place) + 1)]! - low);
    });
    return this;
  }

  override extraState(): Json {
    return this.boundaries;
  }

  override loadExtraState(state: Json): void {
    this.boundaries = checkBoundaries('Discretization.loadExtraState', state as readonly number[]);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const depth = this.boundaries === null ? this.numBins! : this.boundaries.length + 1;
    return encodedShape([0, ...inputShape], this.outputMode, depth).slice(1);
  }

  /** @returns int32 in mode 'int', else float32 */
  override forward(x: Tensor): Tensor {
    const { boundaries } = this;
    if (boundaries === null)
      throw new ArgumentError('Discretization', 'it has no boundaries yet', 'Call await layer.adapt(data) first.');
    const values = allNumbers(checkTensor('Discretization', 'x', x));
    const bins = Int32Array.from(values, (value) => {
      let [low, high] = [0, boundaries.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (value < boundaries[middle]!) high = middle;
        else low = middle + 1;
      }
      return low;
    });
    return encodeIndices(bins, x.shape, this.outputMode, boundaries.length + 1);
  }
}

function checkBoundaries(operation: string, boundaries: readonly number[]): readonly number[] {
  const valid =
    Array.isArray(boundaries) &&
    boundaries.every((b, i) => typeof b === 'number' && !Number.isNaN(b) && (i === 0 || b >= boundaries[i - 1]));
  if (!valid) throw new ArgumentError(operation, 'expected boundaries as ascending numbers');
  return [...boundaries];
}

/** Options of `CategoryEncoding`. */
export interface CategoryEncodingOptions extends LayerOptions {
  /** How many categories there are. */
  numTokens: number;
  /**
   * 'oneHot': each index by itself (along the last axis if its extent is 1, else along a new one); 'multiHot': 1 for each index that occurs along the
   * last axis, which they take the place of; 'count': how often it does. @defaultValue 'multiHot'
   */
  outputMode?: 'oneHot' | 'multiHot' | 'count';
}

/**
 * Whole numbers from 0 to numTokens − 1 as vectors of `numTokens`, float32.
 *
 * @throws IndexError for other numbers; ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
 * @example new nn.CategoryEncoding({ numTokens: 3 }).call(tensor([[0, 2]])); // → [[1, 0, 1]]
 */
export class CategoryEncoding extends Layer {
  private readonly numTokens: number;
  private readonly outputMode: 'oneHot' | 'multiHot' | 'count';

  constructor(options: CategoryEncodingOptions) {
    const name = 'CategoryEncoding';
    checkOptions(name, options, ['numTokens', 'outputMode', ...layerOptionNames]);
    super(options);
    this.numTokens = checkNumber(name, 'numTokens', options.numTokens, { atLeast: 1, whole: true });
    this.outputMode = checkChoice(name, 'outputMode', options.outputMode ?? 'multiHot', [
      'oneHot',
      'multiHot',
      'count',
    ]);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return encodedShape([0, ...inputShape], this.outputMode, this.numTokens).slice(1);
  }

  /** @param countWeights of the shape of x: what each index counts for, in mode 'count'. @defaultValue 1 */
  override forward(x: Tensor, countWeights: Tensor | null = null): Tensor {
    const name = 'CategoryEncoding';
    const indices = checkIndices(name, checkTensor(name, 'x', x), this.numTokens, 'numTokens');
    if (countWeights !== null && this.outputMode !== 'count')
      throw new ArgumentError(name, `got countWeights with outputMode '${this.outputMode}'; expected 'count'`);
    if (countWeights !== null && countWeights.shape.join() !== x.shape.join())
      throw new ShapeError(name, { x: x.shape, countWeights: countWeights.shape }, 'the same shape');
    const weights = countWeights === null ? undefined : allNumbers(countWeights);
    return encodeIndices(Int32Array.from(allNumbers(indices)), x.shape, this.outputMode, this.numTokens, weights);
  }
}
