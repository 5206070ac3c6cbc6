/** Means of losses as metrics (https://keras.io/api/metrics/). */

import { noGrad, scope, type Tensor } from '@cotangent/autograd';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  categoricalHinge,
  hinge,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
} from '../losses/index.js';
import { checkBoolean, checkNumber, checkOptions } from '../options.js';
import type { MeasureByKind } from './inferred.js';
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
  constructor(operation: string, options: MetricOptions, loss: Loss, name?: string) {
    checkOptions(operation, options, ['name']);
    super({ operation, ...(name !== undefined && { name }) }, options, measuredAligned(loss));
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

/**
 * The mean of |y − ŷ|. Takes what `MeanSquaredError` takes.
 *
 * @see `losses.meanAbsoluteError`; https://keras.io/api/metrics/regression_metrics/#meanabsoluteerror-class
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
 */
export class CategoricalHinge extends MeanOfNumbers {
  constructor(options: MetricOptions = {}) {
    super('CategoricalHinge', options, categoricalHinge);
  }
}

/** Options of `SparseCategoricalCrossentropy`. */
export interface CrossentropyMetricOptions extends MetricOptions {
  /** Whether predictions are logits rather than probabilities. @defaultValue false */
  fromLogits?: boolean;
}

/** Options of `BinaryCrossentropy` and `CategoricalCrossentropy`. */
export interface SmoothedCrossentropyMetricOptions extends CrossentropyMetricOptions {
  /** How much targets are mixed with the uniform distribution. @defaultValue 0 */
  labelSmoothing?: number;
}

function checkCrossentropy(
  operation: string,
  options: SmoothedCrossentropyMetricOptions,
): { fromLogits: boolean; labelSmoothing: number } {
  checkOptions(operation, options, ['fromLogits', 'labelSmoothing', 'name']);
  return {
    fromLogits: checkBoolean(operation, 'fromLogits', options.fromLogits ?? false),
    labelSmoothing: checkNumber(operation, 'labelSmoothing', options.labelSmoothing ?? 0, { atLeast: 0, atMost: 1 }),
  };
}

/**
 * The mean of −y ln ŷ − (1 − y) ln(1 − ŷ). Targets and predictions have one shape, where a last axis of extent 1 may be missing in
 * one.
 *
 * @see `losses.binaryCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#binarycrossentropy-class
 */
export class BinaryCrossentropy extends MeanOf {
  constructor(options: SmoothedCrossentropyMetricOptions = {}) {
    const operation = 'BinaryCrossentropy';
    const configuration = checkCrossentropy(operation, options);
    super(
      { operation, configuration },
      options,
      measuredAligned((yTrue, yPred, reduce) => binaryCrossentropy(yTrue, yPred, { ...configuration, ...reduce })),
    );
  }
}

/**
 * The mean of −Σ y ln ŷ: targets and predictions are [..., classes].
 *
 * @see `losses.categoricalCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#categoricalcrossentropy-class
 */
export class CategoricalCrossentropy extends MeanOf {
  constructor(options: SmoothedCrossentropyMetricOptions = {}) {
    const operation = 'CategoricalCrossentropy';
    const configuration = checkCrossentropy(operation, options);
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

/** What 'crossentropy' means: of probabilities. */
export const crossentropyByKind: MeasureByKind = {
  binary: measuredAligned(binaryCrossentropy),
  categorical: measured(categoricalCrossentropy),
  sparse: measured(sparseCategoricalCrossentropy),
};
