/** First values whose variance depends on how many inputs or outputs a unit has. */

import { randomNormal, randomTruncatedNormal, randomUniform, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, type Shape } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { checkSeed, generatorFor, type Initializer, type RandomInitializerOptions } from './initializer.js';

/** Inputs and outputs of one unit: for a kernel [spatial…, in, out], times the receptive field. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0]!, fanOut: shape[0]! };
  const receptive = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  return { fanIn: shape[shape.length - 2]! * receptive, fanOut: shape[shape.length - 1]! * receptive };
}

/** Options of `VarianceScaling`. */
export interface VarianceScalingOptions extends RandomInitializerOptions {
  /** Variance times the fan. @defaultValue 1 */
  scale?: number;
  /** Which fan divides the scale. @defaultValue 'fanIn' */
  mode?: 'fanIn' | 'fanOut' | 'fanAverage';
  /** @defaultValue 'truncatedNormal' */
  distribution?: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
}

/** Standard deviation of a standard normal cut off at ±2: what truncation is corrected by. */
const truncatedDeviation = 0.87962566103423978;

/**
 * Values of variance scale / fan: uniform from ±√(3 scale / fan), or normal with σ = √(scale / fan), truncated at 2 σ and then
 * corrected to that σ. Glorot, He and LeCun are cases of it; so are those of other libraries:
 *
 * | there                                                     | here                                                                                   |
 * | --------------------------------------------------------- | -------------------------------------------------------------------------------------- |
 * | Gluon `Xavier()`: 'uniform', 'avg', magnitude 3           | `new GlorotUniform()`                                                                  |
 * | Gluon `Xavier('uniform', 'in', magnitude)`                | `{ scale: magnitude / 3, mode: 'fanIn', distribution: 'uniform' }`                     |
 * | Gluon `Xavier('gaussian', 'out', magnitude)`              | `{ scale: magnitude, mode: 'fanOut', distribution: 'untruncatedNormal' }`              |
 * | Gluon `MSRAPrelu('avg', slope)`                           | `{ scale: 2 / (1 + slope ** 2), mode: 'fanAverage', distribution: 'untruncatedNormal' }` |
 * | PyTorch `xavier_normal_(w, gain)`                         | `{ scale: gain ** 2, mode: 'fanAverage', distribution: 'untruncatedNormal' }`          |
 * | PyTorch `kaiming_uniform_(w, a=√5)`, default of `Linear`  | `{ scale: 1 / 3, distribution: 'uniform' }`                                            |
 *
 * The fans of a kernel [spatial…, in, out] are in and out times the number of points of the spatial axes.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/initializers/#variancescaling-class
 * @example
 * const w = new nn.initializers.VarianceScaling({ scale: 2, mode: 'fanOut', distribution: 'uniform', seed: 1 }).create([50, 30], 'float32');
 * w.abs().max().lessEqual(Math.sqrt((3 * 2) / 30)); // → true
 */
export class VarianceScaling implements Initializer {
  readonly name: string;
  private readonly scale: number;
  private readonly mode: 'fanIn' | 'fanOut' | 'fanAverage';
  private readonly distribution: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
  private readonly seed: number | undefined;

  constructor(options: VarianceScalingOptions = {}, name: string = 'varianceScaling') {
    checkOptions(name, options, ['scale', 'mode', 'distribution', 'seed']);
    this.name = name;
    this.scale = checkNumber(name, 'scale', options.scale ?? 1, { above: 0 });
    this.mode = options.mode ?? 'fanIn';
    this.distribution = options.distribution ?? 'truncatedNormal';
    this.seed = checkSeed(name, options.seed);
    if (!['fanIn', 'fanOut', 'fanAverage'].includes(this.mode)) {
      throw new ArgumentError(name, `got mode '${this.mode}'; expected 'fanIn', 'fanOut' or 'fanAverage'`);
    }
    if (!['truncatedNormal', 'untruncatedNormal', 'uniform'].includes(this.distribution)) {
      throw new ArgumentError(
        name,
        `got distribution '${this.distribution}'; expected 'truncatedNormal', 'untruncatedNormal' or 'uniform'`,
      );
    }
  }

  create(shape: Shape, dtype: DType): Tensor {
    const { fanIn, fanOut } = fans(shape);
    const fan = Math.max(1, this.mode === 'fanIn' ? fanIn : this.mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2);
    const variance = this.scale / fan;
    const options = { dtype, ...generatorFor(this.seed) };
    if (this.distribution === 'uniform') {
      const limit = Math.sqrt(3 * variance);
      return randomUniform(shape, { ...options, low: -limit, high: limit });
    }
    const standardDeviation = Math.sqrt(variance);
    if (this.distribution === 'untruncatedNormal') return randomNormal(shape, { ...options, standardDeviation });
    return randomTruncatedNormal(shape, { ...options, standardDeviation: standardDeviation / truncatedDeviation });
  }
}

/**
 * Uniform from ±√(6 / (fanIn + fanOut)): keeps the variance of signals and gradients through tanh-like layers. Glorot & Bengio 2010.
 *
 * @example
 * const w = new nn.initializers.GlorotUniform({ seed: 1 }).create([60, 40], 'float32');
 * w.abs().max().lessEqual(Math.sqrt(6 / (60 + 40))); // → true
 */
export class GlorotUniform extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('GlorotUniform', options, ['seed']);
    super({ ...options, mode: 'fanAverage', distribution: 'uniform' }, 'glorotUniform');
  }
}

/**
 * Truncated normal with σ = √(2 / (fanIn + fanOut)). Glorot & Bengio 2010.
 *
 * @example
 * const w = new nn.initializers.GlorotNormal({ seed: 1 }).create([60, 40], 'float32');
 * w.variance().sub(2 / (60 + 40)).abs().less(0.002); // → true
 */
export class GlorotNormal extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('GlorotNormal', options, ['seed']);
    super({ ...options, mode: 'fanAverage' }, 'glorotNormal');
  }
}

/**
 * Uniform from ±√(6 / fanIn): for relu layers. He et al. 2015.
 *
 * @example
 * const w = new nn.initializers.HeUniform({ seed: 1 }).create([50, 50], 'float32');
 * w.abs().max().lessEqual(Math.sqrt(6 / 50)); // → true
 */
export class HeUniform extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('HeUniform', options, ['seed']);
    super({ ...options, scale: 2, distribution: 'uniform' }, 'heUniform');
  }
}

/**
 * Truncated normal with σ = √(2 / fanIn): for relu layers. He et al. 2015.
 *
 * @example
 * const w = new nn.initializers.HeNormal({ seed: 1 }).create([50, 50], 'float32');
 * w.variance().sub(2 / 50).abs().less(0.004); // → true
 */
export class HeNormal extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('HeNormal', options, ['seed']);
    super({ ...options, scale: 2 }, 'heNormal');
  }
}

/**
 * Uniform from ±√(3 / fanIn). LeCun et al. 1998.
 *
 * @example
 * const w = new nn.initializers.LecunUniform({ seed: 1 }).create([50, 50], 'float32');
 * w.abs().max().lessEqual(Math.sqrt(3 / 50)); // → true
 */
export class LecunUniform extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('LecunUniform', options, ['seed']);
    super({ ...options, distribution: 'uniform' }, 'lecunUniform');
  }
}

/**
 * Truncated normal with σ = √(1 / fanIn): for selu layers. LeCun et al. 1998, Klambauer et al. 2017.
 *
 * @example
 * const w = new nn.initializers.LecunNormal({ seed: 1 }).create([50, 50], 'float32');
 * w.variance().sub(1 / 50).abs().less(0.002); // → true
 */
export class LecunNormal extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('LecunNormal', options, ['seed']);
    super(options, 'lecunNormal');
  }
}
