/** Optimizers, in order of increasing complexity. */

import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { Adam } from './adam.js';
import { AdamW } from './adamw.js';
import { Optimizer } from './optimizer.js';
import { RMSprop } from './rmsprop.js';
import { SGD } from './sgd.js';

export { Adam, type AdamOptions } from './adam.js';
export { AdamW } from './adamw.js';
export { Optimizer, type OptimizerOptions } from './optimizer.js';
export { RMSprop, type RMSpropOptions } from './rmsprop.js';
export { SGD, type SGDOptions } from './sgd.js';

/** Names of the optimizers; each stands for one with its default options. */
export type OptimizerName = 'sgd' | 'rmsprop' | 'adam' | 'adamw';

const byName: Readonly<Record<OptimizerName, () => Optimizer>> = {
  sgd: () => new SGD(),
  rmsprop: () => new RMSprop(),
  adam: () => new Adam(),
  adamw: () => new AdamW(),
};

/** The optimizer meant by a name, or the one given. @throws ArgumentError for an unknown name */
export function resolveOptimizer(operation: string, given: OptimizerName | Optimizer): Optimizer {
  if (given instanceof Optimizer) return given;
  if (typeof given === 'string' && Object.hasOwn(byName, given)) return byName[given]();
  throw new ArgumentError(
    operation,
    `got optimizer ${shown(given)}; expected one of ${Object.keys(byName).join(', ')}, or an Optimizer`,
  );
}
