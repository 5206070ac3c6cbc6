/** Metrics: streaming measures of how right predictions are (https://keras.io/api/metrics/). */

import { ArgumentError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { BinaryAccuracy, CategoricalAccuracy, InferredAccuracy, SparseCategoricalAccuracy } from './accuracy.js';
import type { Metric } from './metric.js';

export { BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy } from './accuracy.js';
export type { Metric } from './metric.js';

/** Names of the metrics. */
export type MetricName = 'accuracy' | 'sparseCategoricalAccuracy' | 'categoricalAccuracy' | 'binaryAccuracy';

const byName: Readonly<Record<MetricName, () => Metric>> = {
  accuracy: () => new InferredAccuracy(),
  sparseCategoricalAccuracy: () => new SparseCategoricalAccuracy(),
  categoricalAccuracy: () => new CategoricalAccuracy(),
  binaryAccuracy: () => new BinaryAccuracy(),
};

/** The metric meant by a name, or the one given. @throws ArgumentError for an unknown name */
export function resolveMetric(operation: string, given: MetricName | Metric): Metric {
  if (typeof given === 'object' && given !== null && typeof given.update === 'function') return given;
  if (typeof given === 'string' && Object.hasOwn(byName, given)) return byName[given]();
  throw new ArgumentError(
    operation,
    `got metric ${shown(given)}; expected one of ${Object.keys(byName).join(', ')}, or an object with update(), result() and reset()`,
  );
}
