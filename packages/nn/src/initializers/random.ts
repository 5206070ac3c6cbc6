/** First values drawn from one distribution, whatever the shape. */

import { randomNormal, randomTruncatedNormal, randomUniform, type Tensor } from '@cotangent/autograd';
import type { DType, Shape } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { checkSeed, generatorFor, type Initializer, type RandomInitializerOptions } from './initializer.js';

/** Options of `RandomNormal` and `TruncatedNormal`. */
export interface RandomNormalOptions extends RandomInitializerOptions {
  /** @defaultValue 0 */
  mean?: number;
  /** Of the distribution before it is truncated. @defaultValue 0.05 (Keras) */
  standardDeviation?: number;
}

/** What both classes of normal numbers check and keep. */
abstract class Normal implements Initializer {
  protected readonly options: { mean: number; standardDeviation: number };
  protected readonly seed: number | undefined;

  constructor(
    operation: string,
    readonly name: string,
    options: RandomNormalOptions,
  ) {
    checkOptions(operation, options, ['mean', 'standardDeviation', 'seed']);
    const { mean = 0, standardDeviation = 0.05 } = options;
    this.options = {
      mean: checkNumber(operation, 'mean', mean),
      standardDeviation: checkNumber(operation, 'standardDeviation', standardDeviation, { atLeast: 0 }),
    };
    this.seed = checkSeed(operation, options.seed);
  }

  abstract create(shape: Shape, dtype: DType): Tensor;
}

/**
 * Normal numbers.
 *
 * @defaultValue mean 0, standardDeviation 0.05 (Keras)
 * @example
 * const w = new nn.initializers.RandomNormal({ standardDeviation: 0.1, seed: 1 }).create([50, 50], 'float32');
 * w.std().sub(0.1).abs().less(0.01); // → true
 */
export class RandomNormal extends Normal {
  constructor(options: RandomNormalOptions = {}) {
    super('RandomNormal', 'randomNormal', options);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return randomNormal(shape, { dtype, ...this.options, ...generatorFor(this.seed) });
  }
}

/**
 * Normal numbers within two standard deviations of the mean, none beyond; their own deviation is 0.88 times
 * `standardDeviation`. @defaultValue mean 0, standardDeviation 0.05 (Keras)
 *
 * @example
 * const w = new nn.initializers.TruncatedNormal({ standardDeviation: 0.1, seed: 1 }).create([50, 50], 'float32');
 * w.abs().max().lessEqual(0.2); // → true
 */
export class TruncatedNormal extends Normal {
  constructor(options: RandomNormalOptions = {}) {
    super('TruncatedNormal', 'truncatedNormal', options);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return randomTruncatedNormal(shape, { dtype, ...this.options, ...generatorFor(this.seed) });
  }
}

/** Options of `RandomUniform`. */
export interface RandomUniformOptions extends RandomInitializerOptions {
  /** @defaultValue −0.05 (Keras) */
  low?: number;
  /** Never reached. @defaultValue 0.05 (Keras) */
  high?: number;
}

/**
 * Numbers drawn evenly.
 *
 * @defaultValue low −0.05, high 0.05 (Keras)
 * @throws ArgumentError for options out of range
 * @example
 * const w = new nn.initializers.RandomUniform({ low: -0.1, high: 0.1, seed: 1 }).create([50, 50], 'float32');
 * w.abs().max().lessEqual(0.1); // → true
 */
export class RandomUniform implements Initializer {
  readonly name: string = 'randomUniform';
  private readonly options: { low: number; high: number };
  private readonly seed: number | undefined;

  constructor(options: RandomUniformOptions = {}) {
    checkOptions('RandomUniform', options, ['low', 'high', 'seed']);
    const low = checkNumber('RandomUniform', 'low', options.low ?? -0.05);
    this.options = { low, high: checkNumber('RandomUniform', 'high', options.high ?? 0.05, { above: low }) };
    this.seed = checkSeed('RandomUniform', options.seed);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return randomUniform(shape, { dtype, ...this.options, ...generatorFor(this.seed) });
  }
}
