/** Metrics: streaming measures of how right predictions are (https://keras.io/api/metrics/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { named } from '../options.js';
import {
  accuracyByKind,
  BinaryAccuracy,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
} from './accuracy.js';
import { AUC } from './auc.js';
import { BLEU } from './bleu.js';
import { FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives } from './confusion.js';
import { ConcordanceCorrelation, CosineSimilarity, PearsonCorrelation } from './correlation.js';
import {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  crossentropyByKind,
  SparseCategoricalCrossentropy,
} from './crossentropies.js';
import { F1Score, FBetaScore } from './fScore.js';
import { Inferred } from './inferred.js';
import { BinaryIoU } from './iou.js';
import { MatthewsCorrelation } from './matthews.js';
import { Mean, MeanMetricWrapper, Sum } from './means.js';
import type { Metric } from './metric.js';
import {
  CategoricalHinge,
  Hinge,
  KLDivergence,
  LogCoshError,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  Poisson,
  SquaredHinge,
} from './ofLosses.js';
import { Perplexity } from './perplexity.js';
import { R2Score } from './r2Score.js';
import { MeanPairwiseDistance, RootMeanSquaredError } from './regression.js';

export {
  Accuracy,
  BinaryAccuracy,
  type BinaryAccuracyOptions,
  CategoricalAccuracy,
  SparseCategoricalAccuracy,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
  type TopKOptions,
} from './accuracy.js';
export { AUC, type AUCOptions } from './auc.js';
export { BLEU, type BLEUOptions, type Token } from './bleu.js';
export {
  type CountOptions,
  FalseNegatives,
  FalsePositives,
  Precision,
  type PrecisionOptions,
  Recall,
  TrueNegatives,
  TruePositives,
} from './confusion.js';
export { type ClassCountOptions, ConfusionMatrix } from './confusionMatrix.js';
export {
  ConcordanceCorrelation,
  CosineSimilarity,
  type LikenessOptions,
  PearsonCorrelation,
} from './correlation.js';
export {
  BinaryCrossentropy,
  CategoricalCrossentropy,
  type CrossentropyMetricOptions,
  type SmoothedCrossentropyMetricOptions,
  SparseCategoricalCrossentropy,
} from './crossentropies.js';
export { type Average, F1Score, type F1ScoreOptions, FBetaScore, type FBetaScoreOptions } from './fScore.js';
export {
  BinaryIoU,
  type BinaryIoUOptions,
  IoU,
  type IoUOptions,
  MeanIoU,
  type MeanIoUOptions,
  OneHotIoU,
  type OneHotIoUOptions,
  OneHotMeanIoU,
  type OneHotMeanIoUOptions,
} from './iou.js';
export { MatthewsCorrelation, type MatthewsCorrelationOptions } from './matthews.js';
export { Mean, MeanMetricWrapper, type MeanMetricWrapperOptions, Sum } from './means.js';
export {
  type Metric,
  type MetricKind,
  type MetricOptions,
  type MetricState,
  type MetricValue,
  metricLogs,
  StreamingMetric,
} from './metric.js';
export {
  CategoricalHinge,
  Hinge,
  KLDivergence,
  LogCoshError,
  MeanAbsoluteError,
  MeanAbsolutePercentageError,
  MeanSquaredError,
  MeanSquaredLogarithmicError,
  Poisson,
  SquaredHinge,
} from './ofLosses.js';
export { Perplexity, type PerplexityOptions } from './perplexity.js';
export { type ClassAggregation, R2Score, type R2ScoreOptions } from './r2Score.js';
export { MeanPairwiseDistance, type MeanPairwiseDistanceOptions, RootMeanSquaredError } from './regression.js';
export type { Thresholds } from './thresholds.js';
export {
  PrecisionAtRecall,
  RecallAtPrecision,
  SensitivityAtSpecificity,
  SpecificityAtSensitivity,
  type TradeoffOptions,
} from './tradeoffs.js';

const byName: Readonly<Record<MetricName, () => Metric>> = {
  accuracy: () => new Inferred('accuracy', 'accuracy', accuracyByKind),
  acc: () => new Inferred('accuracy', 'acc', accuracyByKind),
  binaryAccuracy: () => new BinaryAccuracy(),
  categoricalAccuracy: () => new CategoricalAccuracy(),
  sparseCategoricalAccuracy: () => new SparseCategoricalAccuracy(),
  topKCategoricalAccuracy: () => new TopKCategoricalAccuracy(),
  sparseTopKCategoricalAccuracy: () => new SparseTopKCategoricalAccuracy(),
  truePositives: () => new TruePositives(),
  trueNegatives: () => new TrueNegatives(),
  falsePositives: () => new FalsePositives(),
  falseNegatives: () => new FalseNegatives(),
  precision: () => new Precision(),
  recall: () => new Recall(),
  f1Score: () => new F1Score(),
  fBetaScore: () => new FBetaScore(),
  matthewsCorrelation: () => new MatthewsCorrelation(),
  auc: () => new AUC(),
  binaryIoU: () => new BinaryIoU(),
  meanSquaredError: () => new MeanSquaredError(),
  mse: () => new MeanSquaredError({ name: 'mse' }),
  meanAbsoluteError: () => new MeanAbsoluteError(),
  mae: () => new MeanAbsoluteError({ name: 'mae' }),
  meanAbsolutePercentageError: () => new MeanAbsolutePercentageError(),
  mape: () => new MeanAbsolutePercentageError({ name: 'mape' }),
  meanSquaredLogarithmicError: () => new MeanSquaredLogarithmicError(),
  msle: () => new MeanSquaredLogarithmicError({ name: 'msle' }),
  logCoshError: () => new LogCoshError(),
  rootMeanSquaredError: () => new RootMeanSquaredError(),
  meanPairwiseDistance: () => new MeanPairwiseDistance(),
  r2Score: () => new R2Score(),
  cosineSimilarity: () => new CosineSimilarity(),
  pearsonCorrelation: () => new PearsonCorrelation(),
  concordanceCorrelation: () => new ConcordanceCorrelation(),
  crossentropy: () => new Inferred('crossentropy', 'crossentropy', crossentropyByKind),
  ce: () => new Inferred('crossentropy', 'ce', crossentropyByKind),
  binaryCrossentropy: () => new BinaryCrossentropy(),
  bce: () => new BinaryCrossentropy({ name: 'bce' }),
  categoricalCrossentropy: () => new CategoricalCrossentropy(),
  sparseCategoricalCrossentropy: () => new SparseCategoricalCrossentropy(),
  klDivergence: () => new KLDivergence(),
  poisson: () => new Poisson(),
  hinge: () => new Hinge(),
  squaredHinge: () => new SquaredHinge(),
  categoricalHinge: () => new CategoricalHinge(),
  perplexity: () => new Perplexity(),
};

/** Names that stand for a metric with its default options; short ones are also the names in logs. */
export type MetricName =
  | 'accuracy'
  | 'acc'
  | 'binaryAccuracy'
  | 'categoricalAccuracy'
  | 'sparseCategoricalAccuracy'
  | 'topKCategoricalAccuracy'
  | 'sparseTopKCategoricalAccuracy'
  | 'truePositives'
  | 'trueNegatives'
  | 'falsePositives'
  | 'falseNegatives'
  | 'precision'
  | 'recall'
  | 'f1Score'
  | 'fBetaScore'
  | 'matthewsCorrelation'
  | 'auc'
  | 'binaryIoU'
  | 'meanSquaredError'
  | 'mse'
  | 'meanAbsoluteError'
  | 'mae'
  | 'meanAbsolutePercentageError'
  | 'mape'
  | 'meanSquaredLogarithmicError'
  | 'msle'
  | 'logCoshError'
  | 'rootMeanSquaredError'
  | 'meanPairwiseDistance'
  | 'r2Score'
  | 'cosineSimilarity'
  | 'pearsonCorrelation'
  | 'concordanceCorrelation'
  | 'crossentropy'
  | 'ce'
  | 'binaryCrossentropy'
  | 'bce'
  | 'categoricalCrossentropy'
  | 'sparseCategoricalCrossentropy'
  | 'klDivergence'
  | 'poisson'
  | 'hinge'
  | 'squaredHinge'
  | 'categoricalHinge'
  | 'perplexity';

/** All of them. */
export const metricNames: readonly MetricName[] = Object.keys(byName) as MetricName[];

/** A metric by name, as an object, or as a function that gives one value for each sample, whose mean is taken. */
export type MetricLike = MetricName | Metric | ((yTrue: Tensor, yPred: Tensor) => Tensor);

/**
 * The metric meant by a name, or the one given.
 *
 * @throws ArgumentError for an unknown name, and for one that is not of targets and predictions
 * @example
 * nn.metrics.resolveMetric('compile', 'mae').name; // → mae
 */
export function resolveMetric(operation: string, given: MetricLike): Metric {
  if (typeof given === 'function') return new MeanMetricWrapper({ fn: given, name: given.name || 'metric' });
  if (typeof given === 'object' && given !== null && typeof given.update === 'function') {
    if (given instanceof Mean || given instanceof Sum || given instanceof BLEU) {
      throw new ArgumentError(
        operation,
        `got metric ${given.name}, which does not take targets and predictions`,
        'For the mean of a function of them use new MeanMetricWrapper({ fn }).',
      );
    }
    return given;
  }
  return named(
    operation,
    'metric',
    given,
    byName,
    'a function (yTrue, yPred) => tensor, or an object with update(), result() and reset()',
  )();
}
