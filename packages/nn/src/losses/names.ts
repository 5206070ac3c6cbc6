/** Losses by their names, which are Keras's. */

import type { Tensor } from '@cotangent/autograd';
import { named } from '../options.js';
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
import { circle, sdml } from './metricLearning.js';
import { dice, tversky } from './overlap.js';
import { contrastive } from './ranking.js';
import {
  cosineSimilarity,
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  smoothL1,
} from './regression.js';

/** What `compile` minimizes: a scalar from targets and predictions. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** Every loss of two tensors. Those of three (`triplet`, …) need a function that says which is which. */
const byName: Readonly<Record<LossName, LossFunction>> = {
  sparseCategoricalCrossentropy,
  categoricalCrossentropy,
  binaryCrossentropy,
  bce: binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy,
  negativeLogLikelihood,
  meanSquaredError,
  mse: meanSquaredError,
  meanAbsoluteError,
  mae: meanAbsoluteError,
  meanAbsolutePercentageError,
  mape: meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  msle: meanSquaredLogarithmicError,
  huber,
  smoothL1,
  logCosh,
  logcosh: logCosh,
  cosineSimilarity,
  klDivergence,
  kld: klDivergence,
  kullbackLeiblerDivergence: klDivergence,
  poisson,
  hinge,
  squaredHinge,
  categoricalHinge,
  hingeEmbedding,
  logistic,
  multiMargin,
  dice,
  tversky,
  circle,
  sdml,
  contrastive,
  ctc,
};

/** Names of the losses; each stands for the loss with its default options. */
export type LossName =
  | 'sparseCategoricalCrossentropy'
  | 'categoricalCrossentropy'
  | 'binaryCrossentropy'
  | 'bce'
  | 'binaryFocalCrossentropy'
  | 'categoricalFocalCrossentropy'
  | 'categoricalGeneralizedCrossEntropy'
  | 'negativeLogLikelihood'
  | 'meanSquaredError'
  | 'mse'
  | 'meanAbsoluteError'
  | 'mae'
  | 'meanAbsolutePercentageError'
  | 'mape'
  | 'meanSquaredLogarithmicError'
  | 'msle'
  | 'huber'
  | 'smoothL1'
  | 'logCosh'
  | 'logcosh'
  | 'cosineSimilarity'
  | 'klDivergence'
  | 'kld'
  | 'kullbackLeiblerDivergence'
  | 'poisson'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge'
  | 'hingeEmbedding'
  | 'logistic'
  | 'multiMargin'
  | 'dice'
  | 'tversky'
  | 'circle'
  | 'sdml'
  | 'contrastive'
  | 'ctc';

/** The loss meant by a name, or the function given. @throws ArgumentError for an unknown name */
export function resolveLoss(operation: string, given: LossName | LossFunction): LossFunction {
  if (typeof given === 'function') return given;
  return named(operation, 'loss', given, byName, 'or a function (yTrue, yPred) => scalar');
}
