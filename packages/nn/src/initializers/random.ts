/** First values drawn from one distribution, whatever the shape. */

import { randomNormal, randomUniform, type Tensor } from '@cotangent/autograd';
import type { DType, Shape } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { checkSeed, generatorFor, type Initializer, type RandomInitializerOptions } from './initializer.js';

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
