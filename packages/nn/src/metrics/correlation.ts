/** How alike targets and predictions run along an axis (https://keras.io/api/metrics/regression_metrics/). */

import { noGrad, scope } from '@cotangent/autograd';
import { normalizeAxes, type TypedArray } from '@cotangent/kernels';
import { checkAxes, checkOptions } from '../options.js';
import { MeanOf, type Measure } from './means.js';
import type { MetricOptions } from './metric.js';
import { aligned } from './numbers.js';
import { ratio } from './thresholds.js';

/** Options of the metrics of likeness. */
export interface LikenessOptions extends MetricOptions {
  /** Along which axis, or axes together, targets and predictions are compared. @defaultValue -1 */
  axis?: number | readonly number[];
}

/** Compares `count` targets and predictions from `start`. */
type Comparison = (targets: TypedArray, predictions: TypedArray, start: number, count: number) => number;

/** Compares along the axes, which makes one value of what is left: of each sample for the last axis. */
const along =
  (axes: readonly number[], compare: Comparison): Measure =>
  (name, yTrue, yPred) =>
    noGrad(() =>
      scope(() => {
        const both = aligned(name, yTrue, yPred);
        const { rank, shape } = both[0];
        const compared = normalizeAxes(name, axes, rank);
        const kept = [...shape.keys()].filter((axis) => !compared.includes(axis));
        const [targets, predictions] = both.map((x) => x.permute([...kept, ...compared]).toTypedArray());
        const count = compared.reduce((product, axis) => product * shape[axis]!, 1);
        const values = new Float64Array(kept.reduce((product, axis) => product * shape[axis]!, 1));
        for (let i = 0; i < values.length; i++) values[i] = compare(targets!, predictions!, i * count, count);
        return { values, shape: kept.map((axis) => shape[axis]!) };
      }),
    );

/** Mean squares and mean product of targets and predictions about `centers`. */
function momentsOf(
  targets: TypedArray,
  predictions: TypedArray,
  start: number,
  count: number,
  centers: readonly [number, number],
): { readonly squares: readonly [number, number]; readonly product: number } {
  let [first, second, product] = [0, 0, 0];
  for (let i = start; i < start + count; i++) {
    const [a, b] = [targets[i]! - centers[0], predictions[i]! - centers[1]];
    first += a * a;
    second += b * b;
    product += a * b;
  }
  return { squares: [first / count, second / count], product: product / count };
}

/** The mean, from differences to the first: numbers that are all the same have exactly that one. */
function meanOf(values: TypedArray, start: number, count: number): number {
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += values[i]! - values[start]!;
  return values[start]! + sum / count;
}

const cosine: Comparison = (targets, predictions, start, count) => {
  const { squares, product } = momentsOf(targets, predictions, start, count, [0, 0]);
  return ratio(product, Math.sqrt(squares[0]) * Math.sqrt(squares[1]));
};

const pearson: Comparison = (targets, predictions, start, count) => {
  const means = [meanOf(targets, start, count), meanOf(predictions, start, count)] as const;
  const { squares, product } = momentsOf(targets, predictions, start, count, means);
  return ratio(product, Math.sqrt(squares[0]) * Math.sqrt(squares[1]));
};

const concordance: Comparison = (targets, predictions, start, count) => {
  const means = [meanOf(targets, start, count), meanOf(predictions, start, count)] as const;
  const { squares, product } = momentsOf(targets, predictions, start, count, means);
  return ratio(2 * product, squares[0] + squares[1] + (means[0] - means[1]) ** 2);
};

/**
 * The mean over samples of the cosine of the angle between targets and predictions, y · ŷ / (|y| |ŷ|), from −1 to 1; 0 where one
 * of them is all zeros. (The loss `cosineSimilarity` has the other sign.) Both have one shape, where a last axis of extent 1
 * may be missing in one.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/regression_metrics/#cosinesimilarity-class
 * @example
 * const similarity = new nn.metrics.CosineSimilarity();
 * similarity.update(tensor([[0, 1], [1, 1]]), tensor([[1, 0], [1, 1]]));
 * similarity.result(); // → 0.5
 */
export class CosineSimilarity extends MeanOf {
  constructor(options: LikenessOptions = {}) {
    const operation = 'CosineSimilarity';
    checkOptions(operation, options, ['axis', 'name']);
    const axis = checkAxes(operation, 'axis', options.axis ?? -1);
    super({ operation, configuration: { axis } }, options, along(axis, cosine));
  }
}

/**
 * The mean over samples of the correlation of targets and predictions along an axis, cov(y, ŷ) / (σ(y) σ(ŷ)), from −1 to 1; 0
 * where one of them does not change. It needs several numbers a sample: give vectors of one number a sample as one row
 * [1, samples]. (Keras adds 1e-7 to both deviations.)
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/regression_metrics/#pearsoncorrelation-class
 * @example
 * const correlation = new nn.metrics.PearsonCorrelation();
 * correlation.update(tensor([[0, 1, 0.5], [1, 1, 0.2]]), tensor([[0.1, 0.9, 0.5], [1, 0.9, 0.2]]));
 * correlation.result(); // → 0.9967
 */
export class PearsonCorrelation extends MeanOf {
  constructor(options: LikenessOptions = {}) {
    const operation = 'PearsonCorrelation';
    checkOptions(operation, options, ['axis', 'name']);
    const axis = checkAxes(operation, 'axis', options.axis ?? -1);
    super({ operation, configuration: { axis } }, options, along(axis, pearson));
  }
}

/**
 * The mean over samples of the concordance of targets and predictions along an axis, 2 cov(y, ŷ) / (σ²(y) + σ²(ŷ) + (ȳ − ŷ̄)²):
 * the correlation, lessened where their means or deviations differ; 0 where neither changes and their means are the same.
 * (Keras adds 1e-7 to the denominator.)
 *
 * @throws ArgumentError for options out of range
 * @see Lin 1989; https://keras.io/api/metrics/regression_metrics/#concordancecorrelation-class
 * @example
 * const concordance = new nn.metrics.ConcordanceCorrelation();
 * concordance.update(tensor([[0, 1, 0.5], [1, 1, 0.2]]), tensor([[0.1, 0.9, 0.5], [1, 0.9, 0.2]]));
 * concordance.result(); // → 0.98163
 */
export class ConcordanceCorrelation extends MeanOf {
  constructor(options: LikenessOptions = {}) {
    const operation = 'ConcordanceCorrelation';
    checkOptions(operation, options, ['axis', 'name']);
    const axis = checkAxes(operation, 'axis', options.axis ?? -1);
    super({ operation, configuration: { axis } }, options, along(axis, concordance));
  }
}
