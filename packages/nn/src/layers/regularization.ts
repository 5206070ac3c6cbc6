/** Layers that disturb what passes in training and do nothing else (https://keras.io/api/layers/regularization_layers/). */

import { dropout, randomNormal, randomUniform, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, Generator, type Shape, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, checkTensor, shown } from '../options.js';
import { checkInput } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

/** Options of layers that draw random numbers. */
export interface RandomLayerOptions extends LayerOptions {
  /** Makes the numbers reproducible on their own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** Base of the layers that draw random numbers in training, and pass their input on, itself, otherwise. */
abstract class RandomLayer extends Layer {
  protected override readonly keepsMask = true;
  private readonly generator: Generator | undefined;

  constructor(
    protected readonly operation: string,
    options: RandomLayerOptions,
    own: readonly string[],
  ) {
    checkOptions(operation, options, [...own, 'seed', ...layerOptionNames]);
    super(options);
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  /** Where the numbers come from, as an option of the random functions. */
  protected get source(): { generator?: Generator } {
    return this.generator === undefined ? {} : { generator: this.generator };
  }

  /** Whether there is anything to disturb. */
  protected abstract readonly active: boolean;

  protected abstract disturb(x: Tensor): Tensor;

  override forward(x: Tensor): Tensor {
    checkTensor(this.operation, 'x', x);
    return this.training && this.active ? this.disturb(x) : x;
  }
}

/** Options of the dropouts. */
export interface RateOptions extends RandomLayerOptions {
  /** Share of the inputs that is hit, from 0 to below 1. */
  rate: number;
}

const checkRate = (operation: string, rate: number): number =>
  checkNumber(operation, 'rate', rate, { atLeast: 0, below: 1 });

/** The shape of the numbers to draw: null stands for the extent of the input. */
function noiseShapeOf(operation: string, x: Tensor, noiseShape: readonly (number | null)[] | undefined): Shape {
  if (noiseShape === undefined) return x.shape;
  if (noiseShape.length !== x.rank)
    throw new ShapeError(operation, { x: x.shape }, `an input with the ${noiseShape.length} axes of noiseShape`);
  return noiseShape.map((extent, axis) => extent ?? x.shape[axis]!);
}

function checkNoiseShape(operation: string, noiseShape: unknown): void {
  const valid =
    noiseShape === undefined ||
    (Array.isArray(noiseShape) && noiseShape.every((n) => n === null || (Number.isInteger(n) && n > 0)));
  if (!valid)
    throw new ArgumentError(
      operation,
      `got noiseShape ${shown(noiseShape)}; expected an extent for each axis, batch included, null for that of the input`,
    );
}

/** Options of `Dropout`. */
export interface DropoutOptions extends RateOptions {
  /** Extents of the mask, batch axis included; 1 drops along the whole axis together, null stands for that of the input. @defaultValue those of the input */
  noiseShape?: readonly (number | null)[];
}

/**
 * In training, sets a random share of the inputs to 0 and scales the rest by 1 / (1 − rate); otherwise does nothing.
 *
 * Input and output [...]. Gluon's `axes` is `noiseShape` with 1 for those axes.
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 * @see Srivastava et al. 2014; https://keras.io/api/layers/regularization_layers/dropout/
 * @example new nn.Dropout({ rate: 0.5, noiseShape: [null, 1, null] }) // the same features in all steps
 */
export class Dropout extends RandomLayer {
  readonly rate: number;
  private readonly noiseShape: readonly (number | null)[] | undefined;

  constructor(options: DropoutOptions) {
    super('Dropout', options, ['rate', 'noiseShape']);
    this.rate = checkRate('Dropout', options.rate);
    checkNoiseShape('Dropout', options.noiseShape);
    this.noiseShape = options.noiseShape;
  }

  protected override get active(): boolean {
    return this.rate > 0;
  }

  protected override disturb(x: Tensor): Tensor {
    return dropout(x, this.rate, { noiseShape: noiseShapeOf('Dropout', x, this.noiseShape), ...this.source });
  }
}

/** Options of the spatial dropouts over several axes. */
export interface SpatialDropoutOptions extends RateOptions {
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: 'channelsLast' | 'channelsFirst';
}

/** Dropout of whole channels. */
abstract class SpatialDropout extends RandomLayer {
  readonly rate: number;
  private readonly channelAxis: number;

  constructor(
    operation: string,
    private readonly axes: string,
    options: SpatialDropoutOptions,
    own: readonly string[],
  ) {
    super(operation, options, ['rate', ...own]);
    this.rate = checkRate(operation, options.rate);
    const format = options.dataFormat ?? 'channelsLast';
    checkChoice(operation, 'dataFormat', format, ['channelsLast', 'channelsFirst']);
    this.channelAxis = format === 'channelsFirst' ? 1 : axes.split(', ').length - 1;
  }

  protected override get active(): boolean {
    return this.rate > 0;
  }

  protected override disturb(x: Tensor): Tensor {
    checkInput(this.operation, x, this.axes);
    const noiseShape = x.shape.map((extent, axis) => (axis === 0 || axis === this.channelAxis ? extent : 1));
    return dropout(x, this.rate, { noiseShape, ...this.source });
  }
}

/**
 * Drops whole features of sequences [batch, time, features], in training.
 *
 * @see Tompson et al. 2015, arXiv:1411.4280
 * @example
 * // Channels that are left out are so at every step; the others are multiplied by 2.
 * const y = trainMode(() => new nn.SpatialDropout1D({ rate: 0.5, seed: 1 }).call(ones([1, 4, 8])));
 * y.max({ axis: 1 }).equal(y.min({ axis: 1 })).all(); // → true
 */
export class SpatialDropout1D extends SpatialDropout {
  constructor(options: RateOptions) {
    super('SpatialDropout1D', 'batch, time, features', options, []);
  }
}

/**
 * Drops whole channels of images [batch, height, width, channels], in training.
 *
 * @see Tompson et al. 2015, arXiv:1411.4280
 * @example
 * const y = trainMode(() => new nn.SpatialDropout2D({ rate: 0.5, seed: 1 }).call(ones([1, 4, 4, 8])));
 * y.max({ axis: [1, 2] }).equal(y.min({ axis: [1, 2] })).all(); // → true
 */
export class SpatialDropout2D extends SpatialDropout {
  constructor(options: SpatialDropoutOptions) {
    super('SpatialDropout2D', 'batch, height, width, channels', options, ['dataFormat']);
  }
}

/**
 * Drops whole channels of volumes [batch, depth, height, width, channels], in training.
 *
 * @see Tompson et al. 2015, arXiv:1411.4280
 * @example
 * const y = trainMode(() => new nn.SpatialDropout3D({ rate: 0.5, seed: 1 }).call(ones([1, 2, 2, 2, 8])));
 * y.max({ axis: [1, 2, 3] }).equal(y.min({ axis: [1, 2, 3] })).all(); // → true
 */
export class SpatialDropout3D extends SpatialDropout {
  constructor(options: SpatialDropoutOptions) {
    super('SpatialDropout3D', 'batch, depth, height, width, channels', options, ['dataFormat']);
  }
}

/**
 * Adds normal noise of mean 0, in training.
 *
 * @param options `stddev`: its standard deviation
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/regularization_layers/gaussian_noise/
 * @example
 * const noise = new nn.GaussianNoise({ stddev: 0.1, seed: 1 });
 * predictMode(() => noise.call(tensor([1, 2]))); // → [1, 2]
 * trainMode(() => noise.call(zeros([1000]))).std().sub(0.1).abs().less(0.01); // → true
 */
export class GaussianNoise extends RandomLayer {
  readonly stddev: number;

  constructor(options: RandomLayerOptions & { stddev: number }) {
    super('GaussianNoise', options, ['stddev']);
    this.stddev = checkNumber('GaussianNoise', 'stddev', options.stddev, { atLeast: 0 });
  }

  protected override get active(): boolean {
    return this.stddev > 0;
  }

  protected override disturb(x: Tensor): Tensor {
    return x.add(randomNormal(x.shape, { ...this.source, dtype: x.dtype, standardDeviation: this.stddev }));
  }
}

/**
 * Multiplies by normal noise of mean 1 and standard deviation √(rate / (1 − rate)), in training: the variance of Dropout.
 *
 * @throws ArgumentError for a rate out of range
 * @see Srivastava et al. 2014, section 10; https://keras.io/api/layers/regularization_layers/gaussian_dropout/
 * @example
 * const dropout = new nn.GaussianDropout({ rate: 0.5, seed: 1 });
 * predictMode(() => dropout.call(tensor([1, 2]))); // → [1, 2]
 * trainMode(() => dropout.call(ones([1000]))).mean().sub(1).abs().less(0.1); // → true
 */
export class GaussianDropout extends RandomLayer {
  readonly rate: number;

  constructor(options: RateOptions) {
    super('GaussianDropout', options, ['rate']);
    this.rate = checkRate('GaussianDropout', options.rate);
  }

  protected override get active(): boolean {
    return this.rate > 0;
  }

  protected override disturb(x: Tensor): Tensor {
    const standardDeviation = Math.sqrt(this.rate / (1 - this.rate));
    return x.mul(randomNormal(x.shape, { ...this.source, dtype: x.dtype, mean: 1, standardDeviation }));
  }
}

/** What selu tends to far below 0: −1.0507 · 1.6733. */
const seluFloor = -1.7580993408473766;

/**
 * Dropout for networks of selu: in training, sets a random share of the inputs to selu's lower limit α′ and maps the result by
 * a x + b such that mean and variance stay: a = ((1 − r) (1 + r α′²))^−½, b = −a α′ r.
 *
 * @throws ArgumentError for options out of range
 * @see Klambauer et al. 2017, arXiv:1706.02515; https://keras.io/api/layers/regularization_layers/alpha_dropout/
 * @example
 * const dropout = new nn.AlphaDropout({ rate: 0.1, seed: 1 });
 * predictMode(() => dropout.call(tensor([1, 2]))); // → [1, 2]
 * const inputs = randomNormal([5000], { generator: new Generator(1) });
 * trainMode(() => dropout.call(inputs)).std().sub(1).abs().less(0.1); // → true
 */
export class AlphaDropout extends RandomLayer {
  readonly rate: number;
  private readonly noiseShape: readonly (number | null)[] | undefined;

  constructor(options: DropoutOptions) {
    super('AlphaDropout', options, ['rate', 'noiseShape']);
    this.rate = checkRate('AlphaDropout', options.rate);
    checkNoiseShape('AlphaDropout', options.noiseShape);
    this.noiseShape = options.noiseShape;
  }

  protected override get active(): boolean {
    return this.rate > 0;
  }

  protected override disturb(x: Tensor): Tensor {
    const { rate } = this;
    const a = ((1 - rate) * (1 + rate * seluFloor ** 2)) ** -0.5;
    const kept = randomUniform(noiseShapeOf('AlphaDropout', x, this.noiseShape), this.source).greaterEqual(rate);
    return where(kept, x, seluFloor)
      .mul(a)
      .add(-a * seluFloor * rate);
  }
}
