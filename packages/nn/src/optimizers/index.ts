/** Optimizers, in order of increasing complexity. */

import { ArgumentError } from '@cotangent/kernels';
import { named } from '../options.js';
import { Adam } from './adam.js';
import { Adamax, Nadam, RAdam } from './adamVariants.js';
import { AdamW } from './adamw.js';
import { Adadelta, Adagrad, Ftrl, Rprop } from './adaptive.js';
import { Adafactor, Lamb, LARS, Muon } from './layerwise.js';
import { LBFGS } from './lbfgs.js';
import { Optimizer, type OptimizerOptions } from './optimizer.js';
import { RMSprop } from './rmsprop.js';
import { SGD } from './sgd.js';
import { Lion, SGLD, Signum } from './signs.js';

export { Adam, type AdamOptions, type MomentsOptions } from './adam.js';
export { Adamax, Nadam, RAdam } from './adamVariants.js';
export { AdamW } from './adamw.js';
export {
  Adadelta,
  type AdadeltaOptions,
  Adagrad,
  type AdagradOptions,
  Ftrl,
  type FtrlOptions,
  Rprop,
  type RpropOptions,
} from './adaptive.js';
export {
  Adafactor,
  type AdafactorOptions,
  Lamb,
  LARS,
  type LARSOptions,
  Muon,
  type MuonOptions,
} from './layerwise.js';
export { LBFGS, type LBFGSOptions } from './lbfgs.js';
export {
  Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type Parameters,
  type ParameterState,
  type ParameterStep,
} from './optimizer.js';
export type { Rate } from './rate.js';
export * as schedules from '../schedules/index.js';
export { RMSprop, type RMSpropOptions } from './rmsprop.js';
export { SGD, type SGDOptions } from './sgd.js';
export { Lion, type LionOptions, SGLD, Signum } from './signs.js';
export type { OptimizerState } from './state.js';
export { Lookahead, type LookaheadOptions, LossScaleOptimizer, type LossScaleOptions } from './wrappers.js';

const byName: Readonly<Record<OptimizerName, (options: OptimizerOptions) => Optimizer>> = {
  sgd: (options) => new SGD(options),
  rmsprop: (options) => new RMSprop(options),
  adam: (options) => new Adam(options),
  adamw: (options) => new AdamW(options),
  adamax: (options) => new Adamax(options),
  nadam: (options) => new Nadam(options),
  radam: (options) => new RAdam(options),
  adagrad: (options) => new Adagrad(options),
  adadelta: (options) => new Adadelta(options),
  adafactor: (options) => new Adafactor(options),
  rprop: (options) => new Rprop(options),
  ftrl: (options) => new Ftrl(options),
  lion: (options) => new Lion(options),
  lamb: (options) => new Lamb(options),
  lars: (options) => new LARS(options),
  muon: (options) => new Muon(options),
  signum: (options) => new Signum(options),
  sgld: (options) => new SGLD(options),
  lbfgs: (options) => new LBFGS(options),
};

/** Names of the optimizers; each stands for one with its default options. */
export type OptimizerName =
  | 'sgd'
  | 'rmsprop'
  | 'adam'
  | 'adamw'
  | 'adamax'
  | 'nadam'
  | 'radam'
  | 'adagrad'
  | 'adadelta'
  | 'adafactor'
  | 'rprop'
  | 'ftrl'
  | 'lion'
  | 'lamb'
  | 'lars'
  | 'muon'
  | 'signum'
  | 'sgld'
  | 'lbfgs';

/**
 * The optimizer meant by a name, or the one given.
 *
 * @throws ArgumentError for an unknown name
 * @example
 * optim.resolveOptimizer('compile', 'adam').learningRate; // → 0.001
 */
export function resolveOptimizer(operation: string, given: OptimizerName | Optimizer): Optimizer {
  return makeOptimizer(operation, given, {});
}

/**
 * The optimizer meant by a name, with options; or the one given, which takes none any more.
 *
 * @throws ArgumentError
 * @example
 * optim.makeOptimizer('Trainer', 'sgd', { learningRate: 0.5 }).learningRate; // → 0.5
 */
export function makeOptimizer(
  operation: string,
  given: OptimizerName | Optimizer,
  options: OptimizerOptions,
): Optimizer {
  if (!(given instanceof Optimizer)) return named(operation, 'optimizer', given, byName, 'or an Optimizer')(options);
  if (Object.keys(options).length === 0) return given;
  throw new ArgumentError(
    operation,
    `got options for an optimizer that is made already: ${Object.keys(options).join(', ')}`,
  );
}
