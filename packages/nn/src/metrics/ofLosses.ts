/** Means of losses as metrics (https://keras.io/api/metrics/). */

import { noGrad, scope, type Tensor } from '@cotangent/autograd';
import { categoricalCrossentropy, meanSquaredError, sparseCategoricalCrossentropy } from '../losses/index.js';
import { checkBoolean, checkNumber, checkOptions } from '../options.js';
import { MeanOf, type Measure } from './means.js';
import type { MetricOptions } from './metric.js';
import { aligned } from './numbers.js';

/** A loss that is told to give one number for each sample. */
type Loss = (yTrue: Tensor, yPred: Tensor, options: { reduction: 'none' }) => Tensor;

const measured =
  (loss: Loss): Measure =>
  (_, yTrue, yPred) =>
    noGrad(() =>
      scope(() => {
        const losses = loss(yTrue, yPred, { reduction: 'none' });
        return { values: losses.toTypedArray(), shape: [...losses.shape] };
      }),
    );

/** The same, where a last axis of extent 1 may be missing in targets or predictions. */
const measuredAligned = (loss: Loss): Measure => {
  const measure = measured(loss);
  return (name, yTrue, yPred) => noGrad(() => scope(() => measure(name, ...aligned(name, yTrue, yPred))));
};

/** The mean over samples of a loss between numbers. */
abstract class MeanOfNumbers extends MeanOf {
  constructor(operation: string, options: MetricOptions, loss: Loss) {
    checkOptions(operation, options, ['name']);
    super({ operation }, options, measuredAligned(loss));
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

/** Options of `SparseCategoricalCrossentropy`. */
export interface CrossentropyMetricOptions extends MetricOptions {
  /** Whether predictions are logits rather than probabilities. @defaultValue false */
  fromLogits?: boolean;
}

/** Options of `CategoricalCrossentropy`. */
export interface SmoothedCrossentropyMetricOptions extends CrossentropyMetricOptions {
  /** How much targets are mixed with the uniform distribution. @defaultValue 0 */
  labelSmoothing?: number;
}

/**
 * The mean of −Σ y ln ŷ: targets and predictions are [..., classes].
 *
 * @see `losses.categoricalCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#categoricalcrossentropy-class
 */
export class CategoricalCrossentropy extends MeanOf {
  constructor(options: SmoothedCrossentropyMetricOptions = {}) {
    const operation = 'CategoricalCrossentropy';
    checkOptions(operation, options, ['fromLogits', 'labelSmoothing', 'name']);
    const configuration = {
      fromLogits: checkBoolean(operation, 'fromLogits', options.fromLogits ?? false),
      labelSmoothing: checkNumber(operation, 'labelSmoothing', options.labelSmoothing ?? 0, { atLeast: 0, atMost: 1 }),
    };
    super(
      { operation, configuration },
      options,
      measured((yTrue, yPred, reduce) => categoricalCrossentropy(yTrue, yPred, { ...configuration, ...reduce })),
    );
  }
}

/**
 * The mean of −ln ŷ[label]: targets are class indices [...] or [..., 1], predictions [..., classes].
 *
 * @see `losses.sparseCategoricalCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#sparsecategoricalcrossentropy-class
 */
export class SparseCategoricalCrossentropy extends MeanOf {
  constructor(options: CrossentropyMetricOptions = {}) {
    const operation = 'SparseCategoricalCrossentropy';
    checkOptions(operation, options, ['fromLogits', 'name']);
    const configuration = { fromLogits: checkBoolean(operation, 'fromLogits', options.fromLogits ?? false) };
    super(
      { operation, configuration },
      options,
      measured((yTrue, yPred, reduce) => sparseCategoricalCrossentropy(yTrue, yPred, { ...configuration, ...reduce })),
    );
  }
}
