/** Distances between targets and predictions that are no losses (https://keras.io/api/metrics/regression_metrics/). */

import { checkNumber, checkOptions } from '../options.js';
import { MeanOf } from './means.js';
import type { MetricOptions } from './metric.js';
import { readPairs } from './numbers.js';

/**
 * The root of the mean of (y − ŷ)², of all numbers together. Targets and predictions have one shape, where a last axis of extent
 * 1 may be missing in one; weights may be those of samples or of every number. NaN before anything came.
 *
 * @see https://keras.io/api/metrics/regression_metrics/#rootmeansquarederror-class
 * @example
 * const error = new nn.metrics.RootMeanSquaredError();
 * error.update(tensor([[0, 1], [0, 0]]), tensor([[1, 1], [0, 0]]));
 * error.result(); // → 0.5
 */
export class RootMeanSquaredError extends MeanOf {
  constructor(options: MetricOptions = {}) {
    const operation = 'RootMeanSquaredError';
    checkOptions(operation, options, ['name']);
    super({ operation }, options, (name, yTrue, yPred) => {
      const { targets, predictions, shape } = readPairs(name, yTrue, yPred);
      return { values: Float64Array.from(targets, (target, i) => (target - predictions[i]!) ** 2), shape };
    });
  }

  override result(): number {
    return Math.sqrt(super.result());
  }
}

/** Options of `MeanPairwiseDistance`. */
export interface MeanPairwiseDistanceOptions extends MetricOptions {
  /** Which norm: 1 is the sum of differences, 2 Euclid's distance, Infinity the largest difference. @defaultValue 2 */
  p?: number;
}

/**
 * The mean over samples of the distance (Σ |y − ŷ|ᵖ)^(1/p) of targets from predictions along the last axis (Gluon). Both have
 * one shape; vectors hold one number a sample.
 *
 * @throws ArgumentError for options out of range
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/metric/ (MeanPairwiseDistance)
 * @example
 * const distance = new nn.metrics.MeanPairwiseDistance();
 * distance.update(tensor([[0, 0]]), tensor([[3, 4]]));
 * distance.result(); // → 5
 */
export class MeanPairwiseDistance extends MeanOf {
  constructor(options: MeanPairwiseDistanceOptions = {}) {
    const operation = 'MeanPairwiseDistance';
    checkOptions(operation, options, ['p', 'name']);
    const { p = 2 } = options;
    if (p !== Number.POSITIVE_INFINITY) checkNumber(operation, 'p', p, { above: 0 });
    super({ operation, configuration: { p: String(p) } }, options, (name, yTrue, yPred) => {
      const { targets, predictions, shape } = readPairs(name, yTrue, yPred);
      const features = shape.length > 1 ? shape[shape.length - 1]! : 1;
      const values = new Float64Array(targets.length / features);
      for (const [i, target] of targets.entries()) {
        const row = Math.floor(i / features);
        const difference = Math.abs(target - predictions[i]!);
        values[row] =
          p === Number.POSITIVE_INFINITY ? Math.max(values[row]!, difference) : values[row]! + difference ** p;
      }
      return {
        values: p === Number.POSITIVE_INFINITY ? values : values.map((sum) => sum ** (1 / p)),
        shape: shape.length > 1 ? shape.slice(0, -1) : shape,
      };
    });
  }
}
