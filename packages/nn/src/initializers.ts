/** First values of parameters, as Keras defines them (https://keras.io/api/layers/initializers/). */

import { full, randomNormal, randomTruncatedNormal, randomUniform, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, Generator, type Shape } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from './options.js';

/** Makes the first value of a parameter. */
export interface Initializer {
  readonly name: string;
  create(shape: Shape, dtype: DType): Tensor;
}

/** An initializer, or the name of one with its default options. */
export type InitializerLike = Initializer | InitializerName;

/** Options of the random initializers. */
export interface RandomInitializerOptions {
  /** Makes the values reproducible on their own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** Inputs and outputs of one unit: for a kernel [spatial…, in, out], times the receptive field. */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0]!, fanOut: shape[0]! };
  const receptive = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  return { fanIn: shape[shape.length - 2]! * receptive, fanOut: shape[shape.length - 1]! * receptive };
}

/** The seed, if there is one that a generator takes; refused when the initializer is made, not when it is first used. */
function checkSeed(operation: string, seed: number | undefined): number | undefined {
  return seed === undefined ? seed : checkNumber(operation, 'seed', seed, { atLeast: 0, below: 2 ** 53, whole: true });
}

/** Draws from its own generator when seeded: the same values for the same shape, each time, as in Keras. */
const generatorFor = (seed: number | undefined): { generator?: Generator } =>
  seed === undefined ? {} : { generator: new Generator(seed) };

/** The same number everywhere. @example new Constant({ value: 0.1 }) */
export class Constant implements Initializer {
  readonly name: string = 'constant';
  private readonly value: number;

  constructor(options: { value?: number } = {}) {
    checkOptions('Constant', options, ['value']);
    this.value = checkNumber('Constant', 'value', options.value ?? 0);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return full(shape, this.value, { dtype });
  }
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
 * Values of variance scale / fan: uniform from ±√(3 scale / fan), or normal with σ = √(scale / fan), truncated at 2 σ.
 * Glorot, He and LeCun are cases of it.
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

/** Uniform from ±√(6 / (fanIn + fanOut)): keeps the variance of signals and gradients through tanh-like layers. Glorot & Bengio 2010. */
export class GlorotUniform extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('GlorotUniform', options, ['seed']);
    super({ ...options, mode: 'fanAverage', distribution: 'uniform' }, 'glorotUniform');
  }
}

/** Truncated normal with σ = √(2 / (fanIn + fanOut)). Glorot & Bengio 2010. */
export class GlorotNormal extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('GlorotNormal', options, ['seed']);
    super({ ...options, mode: 'fanAverage' }, 'glorotNormal');
  }
}

/** Uniform from ±√(6 / fanIn): for relu layers. He et al. 2015. */
export class HeUniform extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('HeUniform', options, ['seed']);
    super({ ...options, scale: 2, distribution: 'uniform' }, 'heUniform');
  }
}

/** Truncated normal with σ = √(2 / fanIn): for relu layers. He et al. 2015. */
export class HeNormal extends VarianceScaling {
  constructor(options: RandomInitializerOptions = {}) {
    checkOptions('HeNormal', options, ['seed']);
    super({ ...options, scale: 2 }, 'heNormal');
  }
}

/** Normal numbers. @defaultValue mean 0, standardDeviation 0.05 (Keras) */
export class RandomNormal implements Initializer {
  readonly name: string = 'randomNormal';
  private readonly options: { mean: number; standardDeviation: number };
  private readonly seed: number | undefined;

  constructor(options: RandomInitializerOptions & { mean?: number; standardDeviation?: number } = {}) {
    checkOptions('RandomNormal', options, ['mean', 'standardDeviation', 'seed']);
    this.options = {
      mean: checkNumber('RandomNormal', 'mean', options.mean ?? 0),
      standardDeviation: checkNumber('RandomNormal', 'standardDeviation', options.standardDeviation ?? 0.05, {
        atLeast: 0,
      }),
    };
    this.seed = checkSeed('RandomNormal', options.seed);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return randomNormal(shape, { dtype, ...this.options, ...generatorFor(this.seed) });
  }
}

/** Numbers drawn evenly. @defaultValue low −0.05, high 0.05 (Keras) */
export class RandomUniform implements Initializer {
  readonly name: string = 'randomUniform';
  private readonly options: { low: number; high: number };
  private readonly seed: number | undefined;

  constructor(options: RandomInitializerOptions & { low?: number; high?: number } = {}) {
    checkOptions('RandomUniform', options, ['low', 'high', 'seed']);
    const low = checkNumber('RandomUniform', 'low', options.low ?? -0.05);
    this.options = { low, high: checkNumber('RandomUniform', 'high', options.high ?? 0.05, { above: low }) };
    this.seed = checkSeed('RandomUniform', options.seed);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return randomUniform(shape, { dtype, ...this.options, ...generatorFor(this.seed) });
  }
}

/** Names that stand for an initializer with its default options. */
export type InitializerName =
  | 'zeros'
  | 'ones'
  | 'glorotUniform'
  | 'glorotNormal'
  | 'heUniform'
  | 'heNormal'
  | 'randomNormal'
  | 'randomUniform';

const byName: Readonly<Record<InitializerName, () => Initializer>> = {
  zeros: () => new Constant({ value: 0 }),
  ones: () => new Constant({ value: 1 }),
  glorotUniform: () => new GlorotUniform(),
  glorotNormal: () => new GlorotNormal(),
  heUniform: () => new HeUniform(),
  heNormal: () => new HeNormal(),
  randomNormal: () => new RandomNormal(),
  randomUniform: () => new RandomUniform(),
};

/** The initializer meant by a name, or the one given. @throws ArgumentError for an unknown name */
export function resolveInitializer(operation: string, given: InitializerLike): Initializer {
  if (typeof given === 'object' && given !== null && typeof given.create === 'function') return given;
  if (typeof given === 'string' && Object.hasOwn(byName, given)) return byName[given]();
  throw new ArgumentError(
    operation,
    `got initializer ${shown(given)}; expected one of ${Object.keys(byName).join(', ')}, or an object with create()`,
  );
}
