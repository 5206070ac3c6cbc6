/** Losses: functions of (yTrue, yPred, options), as Keras orders them. */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { binaryCrossentropy, binaryFocalCrossentropy } from './binary.js';
import {
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy,
  negativeLogLikelihood,
  sparseCategoricalCrossentropy,
} from './classification.js';
import { ctc } from './ctc.js';
import { klDivergence, poisson } from './distributions.js';
import { categoricalHinge, hinge, hingeEmbedding, logistic, multiMargin, squaredHinge } from './hinge.js';
import { dice, tversky } from './overlap.js';
import type { LossOptions } from './reduction.js';
import {
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  smoothL1,
} from './regression.js';
import { circle, contrastive, cosineSimilarity } from './similarity.js';

export * from './binary.js';
export * from './classification.js';
export * from './ctc.js';
export * from './distributions.js';
export * from './hinge.js';
export * from './overlap.js';
export type { ClassWeight, LossOptions, Reduction } from './reduction.js';
export * from './regression.js';
export * from './similarity.js';

/** What `compile` minimizes: a scalar from targets and predictions; those of this package also take weights and masks. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor, options?: LossOptions) => Tensor;

const byName: Readonly<Record<LossName, LossFunction>> = {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy,
  sparseCategoricalCrossentropy,
  negativeLogLikelihood,
  klDivergence,
  poisson,
  meanSquaredError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  huber,
  smoothL1,
  logCosh,
  cosineSimilarity,
  hinge,
  squaredHinge,
  categoricalHinge,
  hingeEmbedding,
  logistic,
  multiMargin,
  contrastive,
  circle,
  dice,
  tversky,
  ctc,
  mse: meanSquaredError,
  mae: meanAbsoluteError,
  mape: meanAbsolutePercentageError,
  msle: meanSquaredLogarithmicError,
  bce: binaryCrossentropy,
  kld: klDivergence,
};

/** Names of the losses; each stands for the loss with its default options. */
export type LossName =
  | 'binaryCrossentropy'
  | 'binaryFocalCrossentropy'
  | 'categoricalCrossentropy'
  | 'categoricalFocalCrossentropy'
  | 'categoricalGeneralizedCrossEntropy'
  | 'sparseCategoricalCrossentropy'
  | 'negativeLogLikelihood'
  | 'klDivergence'
  | 'poisson'
  | 'meanSquaredError'
  | 'meanAbsoluteError'
  | 'meanAbsolutePercentageError'
  | 'meanSquaredLogarithmicError'
  | 'huber'
  | 'smoothL1'
  | 'logCosh'
  | 'cosineSimilarity'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge'
  | 'hingeEmbedding'
  | 'logistic'
  | 'multiMargin'
  | 'contrastive'
  | 'circle'
  | 'dice'
  | 'tversky'
  | 'ctc'
  | 'mse'
  | 'mae'
  | 'mape'
  | 'msle'
  | 'bce'
  | 'kld';

/** The loss meant by a name, or the function given. @throws ArgumentError for an unknown name */
export function resolveLoss(operation: string, given: LossName | LossFunction): LossFunction {
  if (typeof given === 'function') return given;
  if (typeof given === 'string' && Object.hasOwn(byName, given)) return byName[given];
  throw new ArgumentError(
    operation,
    `got loss ${shown(given)}; expected one of ${Object.keys(byName).join(', ')}, or a function (yTrue, yPred) => scalar`,
  );
}
