/** First values of parameters, as Keras defines them (https://keras.io/api/layers/initializers/). */

import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { Constant } from './constant.js';
import type { Initializer } from './initializer.js';
import { RandomNormal, RandomUniform } from './random.js';
import { GlorotNormal, GlorotUniform, HeNormal, HeUniform } from './varianceScaling.js';

export { Constant } from './constant.js';
export type { Initializer, RandomInitializerOptions } from './initializer.js';
export { RandomNormal, RandomUniform } from './random.js';
export {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  VarianceScaling,
  type VarianceScalingOptions,
} from './varianceScaling.js';

/** An initializer, or the name of one with its default options. */
export type InitializerLike = Initializer | InitializerName;

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
