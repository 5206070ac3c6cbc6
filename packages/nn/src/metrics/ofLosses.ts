/** Means of losses between numbers as metrics (https://keras.io/api/metrics/regression_metrics/). */

import { noGrad, scope, type Tensor } from '@cotangent/autograd';
import {
  categoricalHinge,
  hinge,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  squaredHinge,
} from '../losses/index.js';
import { checkOptions } from '../options.js';
import { MeanOf, type Measure } from './means.js';
import type { MetricOptions } from './metric.js';
import { aligned } from './numbers.js';

/** A loss that is told to give one number for each sample. */
type Loss = (yTrue: Tensor, yPred: Tensor, options: { reduction: 'none' }) => Tensor;

/** The loss of each sample. */
export const measured =
  (loss: Loss): Measure =>
  (_, yTrue, yPred) =>
    noGrad(() =>
      scope(() => {
        const losses = loss(yTrue, yPred, { reduction: 'none' });
        return { values: losses.toTypedArray(), shape: [...losses.shape] };
      }),
    );

/** The same, where a last axis of extent 1 may be missing in targets or predictions. */
export const measuredAligned = (loss: Loss): Measure => {
  const measure = measured(loss);
  return (name, yTrue, yPred) => noGrad(() => scope(() => measure(name, ...aligned(name, yTrue, yPred))));
};

/** The mean over samples of a loss between numbers. */
abstract class MeanOfNumbers extends MeanOf {
  constructor(operation: string, options: MetricOptions, loss: Loss, name?: string) {
    checkOptions(operation, options, ['name']);
    super({ operation, ...(name !== undefined && { name }) }, options, measuredAligned(loss));
  }
}

/**
 * The mean of (y − ŷ)². Targets and predictions have one shape, where a last axis of extent 1 may be missing in one.
 *
 * @see `losses.meanSquaredError`; https://keras.io/api/metrics/regression_metrics/#meansquarederror-class
 * @example
 * const error = new nn.metrics.MeanSquaredError();
 * error.update(tensor([[0, 1], [0, 0]]), tensor([[1, 1], [0, 0]]));
 * error.result(); // → 0.25
 */
export class MeanSquaredError extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('MeanSquaredError', options, meanSquaredError);
  }
}

/**
 * The mean of |y − ŷ|. Takes what `MeanSquaredError` takes.
 *
 * @see `losses.meanAbsoluteError`; https://keras.io/api/metrics/regression_metrics/#meanabsoluteerror-class
 * @example
 * const metric = new nn.metrics.MeanAbsoluteError();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[1, 1], [0, 0]]));
 * metric.result(); // → 0.25
 */
export class MeanAbsoluteError extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('MeanAbsoluteError', options, meanAbsoluteError);
  }
}

/**
 * The mean of 100 |y − ŷ| / max(|y|, 1e-7). Takes what `MeanSquaredError` takes.
 *
 * @see `losses.meanAbsolutePercentageError`; https://keras.io/api/metrics/regression_metrics/#meanabsolutepercentageerror-class
 * @example
 * const metric = new nn.metrics.MeanAbsolutePercentageError();
 * metric.update(tensor([[1, 2]]), tensor([[1.5, 2]]));
 * metric.result(); // → 25
 */
export class MeanAbsolutePercentageError extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('MeanAbsolutePercentageError', options, meanAbsolutePercentageError);
  }
}

/**
 * The mean of (ln(1 + y) − ln(1 + ŷ))². Takes what `MeanSquaredError` takes.
 *
 * @see `losses.meanSquaredLogarithmicError`; https://keras.io/api/metrics/regression_metrics/#meansquaredlogarithmicerror-class
 * @example
 * const metric = new nn.metrics.MeanSquaredLogarithmicError();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[1, 1], [0, 0]]));
 * metric.result(); // → 0.12011
 */
export class MeanSquaredLogarithmicError extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('MeanSquaredLogarithmicError', options, meanSquaredLogarithmicError);
  }
}

/**
 * The mean of ln cosh(ŷ − y). Takes what `MeanSquaredError` takes.
 *
 * @see `losses.logCosh`; https://keras.io/api/metrics/regression_metrics/#logcosherror-class
 * @example
 * const metric = new nn.metrics.LogCoshError();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[1, 1], [0, 0]]));
 * metric.result(); // → 0.10845
 */
export class LogCoshError extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('LogCoshError', options, logCosh);
  }
}

/**
 * The mean of ŷ − y ln ŷ. Takes what `MeanSquaredError` takes.
 *
 * @see `losses.poisson`; https://keras.io/api/metrics/probabilistic_metrics/#poisson-class
 * @example
 * const metric = new nn.metrics.Poisson();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[1, 1], [0, 0]]));
 * metric.result(); // → 0.5
 */
export class Poisson extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('Poisson', options, poisson);
  }
}

/**
 * The mean of Σ y ln(y / ŷ): targets and predictions are probabilities [..., classes].
 *
 * @see `losses.klDivergence`; https://keras.io/api/metrics/probabilistic_metrics/#kldivergence-class
 * @example
 * const metric = new nn.metrics.KLDivergence();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[0.6, 0.4], [0.4, 0.6]]));
 * metric.result(); // → 0.45814
 */
export class KLDivergence extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('KLDivergence', options, klDivergence, 'klDivergence');
  }
}

/**
 * The mean of max(1 − y ŷ, 0), with targets −1 and 1, or 0 and 1. Takes what `MeanSquaredError` takes.
 *
 * @see `losses.hinge`; https://keras.io/api/metrics/hinge_metrics/#hinge-class
 * @example
 * const metric = new nn.metrics.Hinge();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[0.6, 0.4], [0.4, 0.6]]));
 * metric.result(); // → 1.3
 */
export class Hinge extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('Hinge', options, hinge);
  }
}

/**
 * The mean of max(1 − y ŷ, 0)², with targets −1 and 1, or 0 and 1. Takes what `MeanSquaredError` takes.
 *
 * @see `losses.squaredHinge`; https://keras.io/api/metrics/hinge_metrics/#squaredhinge-class
 * @example
 * const metric = new nn.metrics.SquaredHinge();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[0.6, 0.4], [0.4, 0.6]]));
 * metric.result(); // → 1.86
 */
export class SquaredHinge extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('SquaredHinge', options, squaredHinge);
  }
}

/**
 * The mean of max(1 + the largest wrong prediction − the right one, 0): targets are one-hot [..., classes].
 *
 * @see `losses.categoricalHinge`; https://keras.io/api/metrics/hinge_metrics/#categoricalhinge-class
 * @example
 * const metric = new nn.metrics.CategoricalHinge();
 * metric.update(tensor([[0, 1], [0, 0]]), tensor([[0.6, 0.4], [0.4, 0.6]]));
 * metric.result(); // → 1.4
 */
export class CategoricalHinge extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('CategoricalHinge', options, categoricalHinge);
  }
}
