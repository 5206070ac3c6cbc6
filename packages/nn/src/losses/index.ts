/** Losses: functions of (yTrue, yPred, options), as Keras orders them. */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { categoricalCrossentropy, sparseCategoricalCrossentropy } from './classification.js';
import { meanSquaredError } from './regression.js';

export {
  type CategoricalCrossentropyOptions,
  categoricalCrossentropy,
  type CrossentropyOptions,
  sparseCategoricalCrossentropy,
} from './classification.js';
export type { LossOptions, Reduction } from './reduction.js';
export { meanSquaredError } from './regression.js';

/** What `compile` minimizes: a scalar from targets and predictions. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** Names of the losses; each stands for the loss with its default options. */
export type LossName = 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy' | 'meanSquaredError' | 'mse';

const byName: Readonly<Record<LossName, LossFunction>> = {
  sparseCategoricalCrossentropy,
  categoricalCrossentropy,
  meanSquaredError,
  mse: meanSquaredError,
};

/** The loss meant by a name, or the function given. @throws ArgumentError for an unknown name */
export function resolveLoss(operation: string, given: LossName | LossFunction): LossFunction {
  if (typeof given === 'function') return given;
  if (typeof given === 'string' && Object.hasOwn(byName, given)) return byName[given];
  throw new ArgumentError(
    operation,
    `got loss ${shown(given)}; expected one of ${Object.keys(byName).join(', ')}, or a function (yTrue, yPred) => scalar`,
  );
}
