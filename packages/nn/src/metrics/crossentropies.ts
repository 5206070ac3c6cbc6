/** Means of cross-entropies as metrics (https://keras.io/api/metrics/probabilistic_metrics/). */

import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from '../losses/index.js';
import { checkBoolean, checkNumber, checkOptions } from '../options.js';
import type { MeasureByKind } from './inferred.js';
import { MeanOf } from './means.js';
import type { MetricOptions } from './metric.js';
import { measured, measuredAligned } from './ofLosses.js';

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
 * @throws ArgumentError for options out of range
 * @see `losses.binaryCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#binarycrossentropy-class
 * @example
 * const loss = new nn.metrics.BinaryCrossentropy();
 * loss.update(tensor([[0, 1], [0, 0]]), tensor([[0.6, 0.4], [0.4, 0.6]]));
 * loss.result(); // → 0.81492
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
 * @throws ArgumentError for options out of range
 * @see `losses.categoricalCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#categoricalcrossentropy-class
 * @example
 * const loss = new nn.metrics.CategoricalCrossentropy();
 * loss.update(tensor([[0, 1, 0], [0, 0, 1]]), tensor([[0.05, 0.95, 0], [0.1, 0.8, 0.1]]));
 * loss.result(); // → 1.1769
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
 * @throws ArgumentError for options out of range
 * @see `losses.sparseCategoricalCrossentropy`; https://keras.io/api/metrics/probabilistic_metrics/#sparsecategoricalcrossentropy-class
 * @example
 * const loss = new nn.metrics.SparseCategoricalCrossentropy();
 * loss.update(tensor([1, 2]), tensor([[0.05, 0.95, 0], [0.1, 0.8, 0.1]]));
 * loss.result(); // → 1.1769
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
