/** First values of parameters, as Keras defines them (https://keras.io/api/layers/initializers/), and Gluon's Bilinear. */

import { named } from '../options.js';
import { Bilinear, Constant, Identity, Ones, Zeros } from './constant.js';
import type { Initializer } from './initializer.js';
import { Orthogonal } from './orthogonal.js';
import { RandomNormal, RandomUniform, TruncatedNormal } from './random.js';
import {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  LecunNormal,
  LecunUniform,
  VarianceScaling,
} from './varianceScaling.js';

export { Bilinear, Constant, Identity, Ones, Zeros } from './constant.js';
export type { Initializer, RandomInitializerOptions } from './initializer.js';
export { Orthogonal, type OrthogonalOptions } from './orthogonal.js';
export {
  RandomNormal,
  type RandomNormalOptions,
  RandomUniform,
  type RandomUniformOptions,
  TruncatedNormal,
} from './random.js';
export { STFT, type STFTOptions, type WindowName } from './stft.js';
export {
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  LecunNormal,
  LecunUniform,
  VarianceScaling,
  type VarianceScalingOptions,
} from './varianceScaling.js';

/** An initializer, or the name of one with its default options. */
export type InitializerLike = Initializer | InitializerName;

const byName: Readonly<Record<InitializerName, () => Initializer>> = {
  zeros: () => new Zeros(),
  ones: () => new Ones(),
  constant: () => new Constant(),
  identity: () => new Identity(),
  orthogonal: () => new Orthogonal(),
  bilinear: () => new Bilinear(),
  randomNormal: () => new RandomNormal(),
  randomUniform: () => new RandomUniform(),
  truncatedNormal: () => new TruncatedNormal(),
  varianceScaling: () => new VarianceScaling(),
  glorotUniform: () => new GlorotUniform(),
  glorotNormal: () => new GlorotNormal(),
  heUniform: () => new HeUniform(),
  heNormal: () => new HeNormal(),
  lecunUniform: () => new LecunUniform(),
  lecunNormal: () => new LecunNormal(),
};

/** Names that stand for an initializer with its default options. */
export type InitializerName =
  | 'zeros'
  | 'ones'
  | 'constant'
  | 'identity'
  | 'orthogonal'
  | 'bilinear'
  | 'randomNormal'
  | 'randomUniform'
  | 'truncatedNormal'
  | 'varianceScaling'
  | 'glorotUniform'
  | 'glorotNormal'
  | 'heUniform'
  | 'heNormal'
  | 'lecunUniform'
  | 'lecunNormal';

/**
 * The initializer meant by a name, or the one given.
 *
 * @throws ArgumentError for an unknown name
 * @example
 * nn.initializers.resolveInitializer('MyLayer', 'ones').create([2], 'float32'); // → [1, 1]
 */
export function resolveInitializer(operation: string, given: InitializerLike): Initializer {
  if (typeof given === 'object' && given !== null && typeof given.create === 'function') return given;
  return named(operation, 'initializer', given, byName, 'or an object with create()')();
}
