/** Weighted means and sums of numbers that come in batches (https://keras.io/api/metrics/reduction_metrics/). */

import { fromTypedArray, isTensor, noGrad, scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, type TypedArray } from '@cotangent/kernels';
import { checkOptions, checkTensor, shown } from '../options.js';
import { type Metric, type MetricKind, type MetricOptions, StreamingMetric } from './metric.js';
import { readPairs, readWeights } from './numbers.js';

/** Numbers to be averaged: one for each sample along the first axis, or several. */
export interface Values {
  readonly values: TypedArray;
  readonly shape: Shape;
}

/** The numbers of a tensor; those of a number are itself. */
function valuesOf(name: string, values: Tensor | number): { tensor: Tensor; values: TypedArray; shape: Shape } {
  const tensor =
    typeof values === 'number' ? fromTypedArray(Float64Array.of(values), []) : checkTensor(name, 'values', values);
  return { tensor, values: tensor.toTypedArray(), shape: tensor.shape };
}

/** Σ w v / Σ w. A sample of several values counts once, with their mean. */
abstract class WeightedMean extends StreamingMetric {
  constructor(kind: Omit<MetricKind, 'size'>, options: MetricOptions) {
    super({ ...kind, size: 2 }, options);
  }

  protected addValues({ values, shape }: Values, weights: TypedArray | null): void {
    const samples = shape[0] ?? 1;
    const inner = values.length / samples;
    let [sum, count] = [this.totals[0]!, this.totals[1]!];
    for (let i = 0; i < samples; i++) {
      let [own, weight] = [0, 0];
      for (let j = i * inner; j < (i + 1) * inner; j++) {
        const w = weights === null ? 1 : weights[j]!;
        // A weight of 0 leaves out even NaN and infinities: that is how steps are masked.
        if (w !== 0) own += w * values[j]!;
        weight += w;
      }
      sum += own / inner;
      count += weight / inner;
    }
    this.totals[0] = sum;
    this.totals[1] = count;
  }

  /** The mean; NaN when there was nothing. */
  override result(): number {
    return this.totals[1] === 0 ? Number.NaN : this.totals[0]! / this.totals[1]!;
  }
}

/**
 * The (weighted) mean of given numbers: Σ w v / Σ w. It takes values, not targets and predictions: for a mean of a function of
 * those there is `MeanMetricWrapper`.
 *
 * @see https://keras.io/api/metrics/reduction_metrics/#mean-class
 * @example
 * const mean = new nn.metrics.Mean();
 * mean.update(tensor([1, 3, 5, 7]));
 * mean.result(); // → 4
 */
export class Mean extends WeightedMean {
  constructor(options: MetricOptions = {}) {
    checkOptions('Mean', options, ['name']);
    super({ operation: 'Mean' }, options);
  }

  /** @param values one number, or [samples, …] */
  update(values: Tensor | number, sampleWeight?: Tensor): void {
    const read = valuesOf(this.name, values);
    this.addValues(read, readWeights(this.name, sampleWeight, read.tensor, read.shape));
  }
}

/**
 * The (weighted) sum of given numbers: Σ w v.
 *
 * @see https://keras.io/api/metrics/reduction_metrics/#sum-class
 * @example
 * const sum = new nn.metrics.Sum();
 * sum.update(tensor([1, 3, 5, 7]), tensor([1, 1, 0, 0]));
 * sum.result(); // → 4
 */
export class Sum extends StreamingMetric {
  constructor(options: MetricOptions = {}) {
    checkOptions('Sum', options, ['name']);
    super({ operation: 'Sum', size: 1 }, options);
  }

  /** @param values one number, or [samples, …] */
  update(values: Tensor | number, sampleWeight?: Tensor): void {
    const read = valuesOf(this.name, values);
    const weights = readWeights(this.name, sampleWeight, read.tensor, read.shape);
    for (const [i, value] of read.values.entries()) {
      const w = weights === null ? 1 : weights[i]!;
      if (w !== 0) this.totals[0]! += w * value;
    }
  }

  override result(): number {
    return this.totals[0]!;
  }
}

/** Says how right each prediction is. `name` is for messages. */
export type Measure = (name: string, yTrue: Tensor, yPred: Tensor) => Values;

/** The mean of a measure over samples. */
export abstract class MeanOf extends WeightedMean implements Metric<number> {
  constructor(
    kind: Omit<MetricKind, 'size'>,
    options: MetricOptions,
    private readonly measure: Measure,
  ) {
    super(kind, options);
  }

  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    const measured = this.measure(this.name, yTrue, yPred);
    this.addValues(measured, readWeights(this.name, sampleWeight, yPred, measured.shape));
  }
}

/** The mean of `f` over the last axis of targets and predictions of equal shapes; vectors hold one number a sample. */
export function meanOfPairs(
  name: string,
  yTrue: Tensor,
  yPred: Tensor,
  f: (target: number, prediction: number) => number,
): Values {
  const { targets, predictions, shape } = readPairs(name, yTrue, yPred);
  const own = shape.length > 1 ? shape.slice(0, -1) : shape;
  const features = shape.length > 1 ? shape[shape.length - 1]! : 1;
  const values = new Float64Array(targets.length / features);
  for (let row = 0; row < values.length; row++) {
    let sum = 0;
    for (let i = row * features; i < (row + 1) * features; i++) sum += f(targets[i]!, predictions[i]!);
    values[row] = sum / features;
  }
  return { values, shape: own };
}

/** Options of `MeanMetricWrapper`. */
export interface MeanMetricWrapperOptions extends MetricOptions {
  /** Gives one number for each sample, or several: [samples, …]. */
  fn: (yTrue: Tensor, yPred: Tensor) => Tensor;
}

/**
 * The mean over samples of a function of targets and predictions.
 *
 * @throws ArgumentError for an `fn` that is no function, and in `update` where it gives no tensor
 * @see https://keras.io/api/metrics/base_metric/ and https://keras.io/api/metrics/reduction_metrics/#meanmetricwrapper-class
 * @example
 * const fn = (yTrue: Tensor, yPred: Tensor) => yTrue.sub(yPred).abs().max({ axis: -1 });
 * model.compile({ loss: 'mse', metrics: [new nn.metrics.MeanMetricWrapper({ fn, name: 'worst' })] });
 */
export class MeanMetricWrapper extends MeanOf {
  private readonly fn: MeanMetricWrapperOptions['fn'];

  constructor(options: MeanMetricWrapperOptions) {
    const operation = 'MeanMetricWrapper';
    checkOptions(operation, options, ['fn', 'name']);
    const { fn } = options;
    if (typeof fn !== 'function') {
      throw new ArgumentError(
        operation,
        `got fn ${shown(fn)}; expected a function (yTrue, yPred) => values of samples`,
      );
    }
    super({ operation }, options, (name, yTrue, yPred) =>
      noGrad(() =>
        scope(() => {
          const values: unknown = fn(checkTensor(name, 'yTrue', yTrue), checkTensor(name, 'yPred', yPred));
          if (isTensor(values)) return { values: values.toTypedArray(), shape: [...values.shape] };
          throw new ArgumentError(name, `fn gave ${shown(values)}; expected a tensor of values of samples`);
        }),
      ),
    );
    this.fn = fn;
  }

  /** @throws ArgumentError also when the other averages another function */
  override merge(other: this): void {
    if (other instanceof MeanMetricWrapper && other.fn !== this.fn) {
      throw new ArgumentError('MeanMetricWrapper.merge', 'got one with another function; expected the same fn');
    }
    super.merge(other);
  }
}
