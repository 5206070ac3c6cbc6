/** Optimizers, in order of increasing complexity. */

import { named } from '../options.js';
import { Adam } from './adam.js';
import { Adamax, Nadam, RAdam } from './adamVariants.js';
import { AdamW } from './adamw.js';
import { Adadelta, Adagrad, Ftrl, Rprop } from './adaptive.js';
import { Adafactor, Lamb, LARS, Muon } from './layerwise.js';
import { LBFGS } from './lbfgs.js';
import { Optimizer } from './optimizer.js';
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

const byName: Readonly<Record<OptimizerName, () => Optimizer>> = {
  sgd: () => new SGD(),
  rmsprop: () => new RMSprop(),
  adam: () => new Adam(),
  adamw: () => new AdamW(),
  adamax: () => new Adamax(),
  nadam: () => new Nadam(),
  radam: () => new RAdam(),
  adagrad: () => new Adagrad(),
  adadelta: () => new Adadelta(),
  adafactor: () => new Adafactor(),
  rprop: () => new Rprop(),
  ftrl: () => new Ftrl(),
  lion: () => new Lion(),
  lamb: () => new Lamb(),
  lars: () => new LARS(),
  muon: () => new Muon(),
  signum: () => new Signum(),
  sgld: () => new SGLD(),
  lbfgs: () => new LBFGS(),
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

/** The optimizer meant by a name, or the one given. @throws ArgumentError for an unknown name */
export function resolveOptimizer(operation: string, given: OptimizerName | Optimizer): Optimizer {
  if (given instanceof Optimizer) return given;
  return named(operation, 'optimizer', given, byName, 'or an Optimizer')();
}
