/** Losses by their names, which are Keras's. */

import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { named, shown } from '../options.js';
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
import { type LossOptions, reduceLoss } from './reduction.js';
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

/**
 * What `compile` minimizes: a scalar from targets and predictions. To be weighted, a function either takes options and hands them on, or
 * gives one loss for each sample, [batch, ...], which is then reduced as Keras does.
 */
export type LossFunction = (yTrue: Tensor, yPred: Tensor, options?: Pick<LossOptions, 'sampleWeight'>) => Tensor;

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

/**
 * The loss meant by a name, or the function given.
 *
 * @throws ArgumentError for an unknown name
 * @example
 * nn.losses.resolveLoss('compile', 'mse')(tensor([[1]]), tensor([[3]])); // → 4
 */
export function resolveLoss(operation: string, given: LossName | LossFunction): LossFunction {
  if (typeof given === 'function') return given;
  return named(operation, 'loss', given, byName, 'or a function (yTrue, yPred) => scalar');
}

/**
 * The loss of these samples under a weight.
 *
 * @throws ArgumentError for a function that cannot be weighted
 */
export function weightedLoss(
  operation: string,
  loss: LossFunction,
  yTrue: Tensor,
  yPred: Tensor,
  sampleWeight: Tensor | undefined,
): Tensor {
  const own = Object.values(byName).includes(loss) || loss.length > 2;
  if (own) return loss(yTrue, yPred, sampleWeight === undefined ? {} : { sampleWeight });
  const given = loss(yTrue, yPred);
  if (!isTensor(given) || given.rank === 0 || given.shape[0] !== yPred.shape[0]) {
    if (sampleWeight === undefined) return given;
    throw new ArgumentError(
      operation,
      'the loss is a function (yTrue, yPred) that gives one number, which no sampleWeight can be brought into',
      'Take options and hand them on: (yTrue, yPred, options) => nn.losses.huber(yTrue, yPred, { ...options, delta: 2 }).',
    );
  }
  return reduceLoss(operation, given, sampleWeight === undefined ? {} : { sampleWeight }, { yPred });
}

/**
 * A loss with options of its own, for `compile`: what Keras writes as an object of a loss class.
 *
 * @throws ArgumentError for an unknown name
 * @example
 * model.compile({ loss: nn.losses.withOptions('sparseCategoricalCrossentropy', { fromLogits: true }) });
 */
export function withOptions<Options extends object>(
  loss: LossName | ((yTrue: Tensor, yPred: Tensor, options?: Options) => Tensor),
  options: Options,
): LossFunction {
  const chosen = resolveLoss('withOptions', loss as LossName | LossFunction);
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError('withOptions', `got options ${shown(options)}; expected an object`);
  return (yTrue, yPred, given) => chosen(yTrue, yPred, { ...options, ...given });
}
