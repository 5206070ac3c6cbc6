/** Means of losses as metrics (https://keras.io/api/metrics/). */

import { noGrad, scope, type Tensor } from '@cotangent/autograd';
import { meanSquaredError } from '../losses/index.js';
import type { Reduction } from '../losses/reduction.js';
import { checkOptions } from '../options.js';
import { MeanOf, type Measure } from './means.js';
import type { MetricOptions } from './metric.js';
import { aligned } from './numbers.js';

type Loss = (yTrue: Tensor, yPred: Tensor, options: { reduction: Reduction }) => Tensor;

/** The loss of each sample. */
const measured =
  (loss: Loss): Measure =>
  (_, yTrue, yPred) =>
    noGrad(() =>
      scope(() => {
        const losses = loss(yTrue, yPred, { reduction: 'none' });
        return { values: losses.toTypedArray(), shape: [...losses.shape] };
      }),
    );

/** Of a loss between numbers: a last axis of extent 1 may be missing in targets or predictions. */
const measuredNumbers =
  (loss: Loss): Measure =>
  (name, yTrue, yPred) =>
    noGrad(() => scope(() => measured(loss)(name, ...aligned(name, yTrue, yPred))));

/** The mean over samples of a loss that has no options. */
abstract class MeanOfNumbers extends MeanOf {
  constructor(operation: string, options: MetricOptions, loss: Loss) {
    checkOptions(operation, options, ['name']);
    super({ operation }, options, measuredNumbers(loss));
  }
}

/**
 * The mean of (y − ŷ)². Targets and predictions have one shape, where a last axis of extent 1 may be missing in one.
 *
 * @see `losses.meanSquaredError`; https://keras.io/api/metrics/regression_metrics/#meansquarederror-class
 */
export class MeanSquaredError extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('MeanSquaredError', options, meanSquaredError);
  }
}
