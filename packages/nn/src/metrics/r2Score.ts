import type { Tensor } from '@cotangent/autograd';
import { checkChoice, checkNumber, checkOptions } from '../options.js';
import { type Metric, type MetricOptions, StreamingMetric } from './metric.js';
import { readPairs, readWeights } from './numbers.js';

/** How scores of outputs become one: their mean, or their mean by how much each output varies. */
export type ClassAggregation = 'uniformAverage' | 'varianceWeightedAverage';

/** Options of `R2Score`. */
export interface R2ScoreOptions<A extends ClassAggregation | null = ClassAggregation | null> extends MetricOptions {
  /** null: a list of the score of each output. @defaultValue 'uniformAverage' */
  classAggregation?: A;
  /** How many inputs the predictions are made from, to correct for it (adjusted R²). @defaultValue 0 */
  numRegressors?: number;
}

/** One number for an aggregation, a list without. */
export type ForAggregation<A extends ClassAggregation | null> = A extends ClassAggregation ? number : number[];

/**
 * The coefficient of determination, 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)², of each output along the last axis: 1 for perfect
 * predictions, 0 for those no better than the mean of the targets. A target that never changes has 0, or NaN if it is predicted
 * without error (Keras).
 *
 * With p regressors it is 1 − (1 − R²) (n − 1) / (n − p − 1), where n counts targets, samples times outputs, as in Keras; with
 * p ≥ n − 1 it stays as it was. NaN before anything came.
 *
 * Targets and predictions have one shape [..., outputs], where a last axis of extent 1 may be missing; vectors have one output.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/regression_metrics/#r2score-class
 * @example
 * const score = new nn.metrics.R2Score();
 * score.update(tensor([[1], [4], [3]]), tensor([[2], [4], [4]]));
 * score.result(); // → 0.57143
 */
export class R2Score<A extends ClassAggregation | null = 'uniformAverage'>
  extends StreamingMetric<ForAggregation<A>>
  implements Metric<ForAggregation<A>>
{
  private readonly aggregation: ClassAggregation | null;
  private readonly numRegressors: number;

  constructor(options: R2ScoreOptions<A> = {}) {
    const operation = 'R2Score';
    checkOptions(operation, options, ['classAggregation', 'numRegressors', 'name']);
    const { classAggregation = 'uniformAverage', numRegressors = 0 } = options;
    if (classAggregation !== null) {
      const choices = ['uniformAverage', 'varianceWeightedAverage'];
      checkChoice<string>(operation, 'classAggregation', classAggregation, choices);
    }
    checkNumber(operation, 'numRegressors', numRegressors, { atLeast: 0, whole: true });
    super({ operation, size: 0 }, options);
    this.aggregation = classAggregation;
    this.numRegressors = numRegressors;
  }

  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    const { targets, predictions, shape } = readPairs(this.name, yTrue, yPred);
    const outputs = shape.length < 2 ? 1 : shape[shape.length - 1]!;
    this.makeRoom(outputs, 4, 1);
    const weights = readWeights(this.name, sampleWeight, yPred, shape);
    this.totals[0]! += targets.length;
    for (let i = 0; i < targets.length; i++) {
      const w = weights === null ? 1 : weights[i]!;
      this.include(1 + 4 * (i % outputs), w, targets[i]!, 0, w * (targets[i]! - predictions[i]!) ** 2);
    }
  }

  protected override combine(totals: readonly number[]): void {
    this.totals[0]! += totals[0]!;
    for (let at = 1; at < totals.length; at += 4) {
      this.include(at, totals[at]!, totals[at + 1]!, totals[at + 2]!, totals[at + 3]!);
    }
  }

  /**
   * Totals: how many targets there were, and of each output Σ w, the mean ȳ of targets, Σ w (y − ȳ)² and Σ w (y − ŷ)². (Not
   * Σ w y², of which little is left when the square of a large mean is taken off: Chan, Golub & LeVeque 1983.)
   */
  private include(at: number, weight: number, mean: number, squares: number, residual: number): void {
    if (weight === 0) return;
    const [before, center] = [this.totals[at]!, this.totals[at + 1]!];
    const share = weight / (before + weight);
    this.totals[at] = before + weight;
    this.totals[at + 1] = center + share * (mean - center);
    this.totals[at + 2]! += squares + before * share * (mean - center) ** 2;
    this.totals[at + 3]! += residual;
  }

  override result(): ForAggregation<A> {
    const scores: number[] = [];
    let [sum, weights] = [0, 0];
    for (let at = 1; at < this.totals.length; at += 4) {
      const [squares, residual] = [this.totals[at + 2]!, this.totals[at + 3]!];
      const raw = 1 - residual / squares;
      const score = raw === Number.NEGATIVE_INFINITY ? 0 : raw;
      const weight = this.aggregation === 'varianceWeightedAverage' ? squares : 1;
      scores.push(this.adjusted(score));
      sum += weight * score;
      weights += weight;
    }
    return (this.aggregation === null ? scores : this.adjusted(sum / weights)) as ForAggregation<A>;
  }

  private adjusted(score: number): number {
    const [n, p] = [this.totals[0]!, this.numRegressors];
    return p === 0 || p >= n - 1 ? score : 1 - ((1 - score) * (n - 1)) / (n - p - 1);
  }
}
