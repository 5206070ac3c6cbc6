/** What every initializer is, and what the random ones share. */

import type { Tensor } from '@cotangent/autograd';
import { type DType, Generator, type Shape } from '@cotangent/kernels';
import { checkNumber } from '../options.js';

/** Makes the first value of a parameter. */
export interface Initializer {
  readonly name: string;
  create(shape: Shape, dtype: DType): Tensor;
}

/** Options of the random initializers. */
export interface RandomInitializerOptions {
  /** Makes the values reproducible on their own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** The seed, if there is one that a generator takes; refused when the initializer is made, not when it is first used. */
export function checkSeed(operation: string, seed: number | undefined): number | undefined {
  return seed === undefined ? seed : checkNumber(operation, 'seed', seed, { atLeast: 0, below: 2 ** 53, whole: true });
}

/** Draws from its own generator when seeded: the same values for the same shape, each time, as in Keras. */
export const generatorFor = (seed: number | undefined): { generator?: Generator } =>
  seed === undefined ? {} : { generator: new Generator(seed) };
