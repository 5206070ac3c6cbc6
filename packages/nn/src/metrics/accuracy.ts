/** Shares of predictions that are right (https://keras.io/api/metrics/accuracy_metrics/). */

import { checkNumber, checkOptions, checkTensor } from '../options.js';
import type { MeasureByKind } from './inferred.js';
import { MeanOf, type Measure, meanOfPairs } from './means.js';
import type { MetricOptions } from './metric.js';
import { largestAt, readLabelled, readPairs, roundedTo } from './numbers.js';

/** Of each sample the share of outputs on the right side of the threshold. */
const binaryHits =
  (threshold: number): Measure =>
  (name, yTrue, yPred) => {
    const limit = roundedTo(checkTensor(name, 'yPred', yPred).dtype, threshold);
    return meanOfPairs(name, yTrue, yPred, (target, prediction) => ((prediction > limit ? 1 : 0) === target ? 1 : 0));
  };

/** 1 for each row of classes whose largest score is where the largest target is. */
const categoricalHits: Measure = (name, yTrue, yPred) => {
  const { targets, predictions, shape } = readPairs(name, yTrue, yPred, 'equal shapes [..., classes]');
  const classes = shape[shape.length - 1] ?? 1;
  const values = new Float64Array(targets.length / classes);
  for (let row = 0; row < values.length; row++) {
    const start = row * classes;
    values[row] = largestAt(predictions, start, classes) === largestAt(targets, start, classes) ? 1 : 0;
  }
  return { values, shape: shape.slice(0, -1) };
};

/** 1 for each row of scores whose largest is at the label. */
const sparseHits: Measure = (name, yTrue, yPred) => {
  const { labels, scores, classes, shape } = readLabelled(name, yTrue, yPred);
  const values = new Float64Array(labels.length);
  for (let row = 0; row < values.length; row++) {
    values[row] = largestAt(scores, row * classes, classes) === labels[row] ? 1 : 0;
  }
  return { values, shape };
};

/** Whether fewer than k scores of a row are higher than that of the label: equal ones count as hits, as in Keras. */
function isAmongTop(k: number, label: number, scores: ArrayLike<number>, start: number, classes: number): boolean {
  const score = label >= 0 && label < classes ? scores[start + label]! : Number.NaN;
  // Also a label that is a fraction has no score.
  if (score === undefined || Number.isNaN(score)) return false;
  let higher = 0;
  for (let i = start; i < start + classes; i++) if (scores[i]! > score) higher++;
  return higher < k;
}

/**
 * Share of predictions that equal their targets, number by number.
 *
 * Targets and predictions have one shape; a last axis of extent 1 may be missing in one. The mean is over the outputs of each
 * sample and then over samples, weighted if weights are given; NaN before anything came. (The name 'accuracy' in `compile`
 * means another metric: the one of `BinaryAccuracy`, `CategoricalAccuracy` and `SparseCategoricalAccuracy` that fits the
 * shapes.)
 *
 * @see https://keras.io/api/metrics/accuracy_metrics/#accuracy-class
 * @example
 * const accuracy = new nn.metrics.Accuracy();
 * accuracy.update(tensor([1, 2, 3, 4]), tensor([0, 2, 3, 4]));
 * accuracy.result(); // → 0.75
 */
export class Accuracy extends MeanOf {
  constructor(options: MetricOptions = {}) {
    checkOptions('Accuracy', options, ['name']);
    super({ operation: 'Accuracy' }, options, (name, yTrue, yPred) =>
      meanOfPairs(name, yTrue, yPred, (target, prediction) => (roundedTo(yPred.dtype, target) === prediction ? 1 : 0)),
    );
  }
}

/** Options of `BinaryAccuracy`. */
export interface BinaryAccuracyOptions extends MetricOptions {
  /** Predictions strictly above it count as 1; 0 for logits. @defaultValue 0.5 */
  threshold?: number;
}

/**
 * Share of predictions on the right side of the threshold (strictly above counts as 1). Targets are 0 or 1, of the shape
 * of the predictions, where a last axis of extent 1 may be missing.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class
 * @example
 * const accuracy = new nn.metrics.BinaryAccuracy({ threshold: 0.6 });
 * accuracy.update(tensor([1, 1, 0, 0]), tensor([0.98, 1, 0, 0.6]));
 * accuracy.result(); // → 1
 */
export class BinaryAccuracy extends MeanOf {
  constructor(options: BinaryAccuracyOptions = {}) {
    checkOptions('BinaryAccuracy', options, ['threshold', 'name']);
    const threshold = checkNumber('BinaryAccuracy', 'threshold', options.threshold ?? 0.5);
    super({ operation: 'BinaryAccuracy', configuration: { threshold } }, options, binaryHits(threshold));
  }
}

/**
 * Share of samples whose largest prediction is where the largest target is: both [..., classes]; scores may be probabilities
 * or logits.
 *
 * @see https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class
 * @example
 * const accuracy = new nn.metrics.CategoricalAccuracy();
 * accuracy.update(tensor([[0, 0, 1], [0, 1, 0]]), tensor([[0.1, 0.9, 0.8], [0.05, 0.95, 0]]));
 * accuracy.result(); // → 0.5
 */
export class CategoricalAccuracy extends MeanOf {
  constructor(options: MetricOptions = {}) {
    checkOptions('CategoricalAccuracy', options, ['name']);
    super({ operation: 'CategoricalAccuracy' }, options, categoricalHits);
  }
}

/**
 * Share of samples whose largest prediction is at the class index: targets [...] or [..., 1], predictions [..., classes].
 *
 * @see https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class
 * @example
 * const accuracy = new nn.metrics.SparseCategoricalAccuracy();
 * accuracy.update(tensor([2, 1]), tensor([[0.1, 0.6, 0.3], [0.05, 0.95, 0]]), tensor([0.7, 0.3]));
 * accuracy.result(); // → 0.3
 */
export class SparseCategoricalAccuracy extends MeanOf {
  constructor(options: MetricOptions = {}) {
    checkOptions('SparseCategoricalAccuracy', options, ['name']);
    super({ operation: 'SparseCategoricalAccuracy' }, options, sparseHits);
  }
}

/** Options of `TopKCategoricalAccuracy` and `SparseTopKCategoricalAccuracy`. */
export interface TopKOptions extends MetricOptions {
  /** How many of the largest predictions to look at. @defaultValue 5 */
  k?: number;
}

function checkK(operation: string, options: TopKOptions): number {
  checkOptions(operation, options, ['k', 'name']);
  return checkNumber(operation, 'k', options.k ?? 5, { above: 0, whole: true });
}

/**
 * Share of samples with fewer than k predictions higher than that of the class of the largest target: both [..., classes].
 * Predictions that tie with it do not stand in its way, as in Keras.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/accuracy_metrics/#topkcategoricalaccuracy-class
 * @example
 * const accuracy = new nn.metrics.TopKCategoricalAccuracy({ k: 2 });
 * accuracy.update(tensor([[0, 0, 1], [0, 1, 0]]), tensor([[0.1, 0.9, 0.8], [0.05, 0.95, 0]]));
 * accuracy.result(); // → 1
 */
export class TopKCategoricalAccuracy extends MeanOf {
  constructor(options: TopKOptions = {}) {
    const operation = 'TopKCategoricalAccuracy';
    const k = checkK(operation, options);
    super({ operation, configuration: { k } }, options, (name, yTrue, yPred) => {
      const { targets, predictions, shape } = readPairs(name, yTrue, yPred, 'equal shapes [..., classes]');
      const classes = shape[shape.length - 1] ?? 1;
      const values = new Float64Array(targets.length / classes);
      for (let row = 0; row < values.length; row++) {
        const label = largestAt(targets, row * classes, classes);
        values[row] = isAmongTop(k, label, predictions, row * classes, classes) ? 1 : 0;
      }
      return { values, shape: shape.slice(0, -1) };
    });
  }
}

/**
 * Share of samples with fewer than k predictions higher than that of their class: targets [...] or [..., 1], predictions
 * [..., classes]. Predictions that tie with it do not stand in its way, as in Keras.
 *
 * @throws ArgumentError for a k that is not positive; ShapeError in `update` where targets and predictions do not fit
 * @see https://keras.io/api/metrics/accuracy_metrics/#sparsetopkcategoricalaccuracy-class
 * @example
 * const accuracy = new nn.metrics.SparseTopKCategoricalAccuracy({ k: 1 });
 * accuracy.update(tensor([2, 1]), tensor([[0.1, 0.9, 0.8], [0.05, 0.95, 0]]));
 * accuracy.result(); // → 0.5
 */
export class SparseTopKCategoricalAccuracy extends MeanOf {
  constructor(options: TopKOptions = {}) {
    const operation = 'SparseTopKCategoricalAccuracy';
    const k = checkK(operation, options);
    super({ operation, configuration: { k } }, options, (name, yTrue, yPred) => {
      const { labels, scores, classes, shape } = readLabelled(name, yTrue, yPred);
      const values = new Float64Array(labels.length);
      for (let row = 0; row < values.length; row++) {
        values[row] = isAmongTop(k, labels[row]!, scores, row * classes, classes) ? 1 : 0;
      }
      return { values, shape };
    });
  }
}

/** What 'accuracy' means. */
export const accuracyByKind: MeasureByKind = {
  binary: binaryHits(0.5),
  categorical: categoricalHits,
  sparse: sparseHits,
};
