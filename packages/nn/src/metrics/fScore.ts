/** F-scores: means of precision and recall (https://keras.io/api/metrics/classification_metrics/). */

import type { Tensor } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions } from '../options.js';
import { type Metric, type MetricOptions, StreamingMetric } from './metric.js';
import { largestAt, readPairs, readWeights, roundedTo } from './numbers.js';
import { ratio } from './thresholds.js';

/** How scores of classes become one: from the counts of all, their mean, or their mean by how many targets each has. */
export type Average = 'micro' | 'macro' | 'weighted';

/** Options of `F1Score`. */
export interface F1ScoreOptions<A extends Average | null = Average | null> extends MetricOptions {
  /** null: a list of the score of each class. @defaultValue null */
  average?: A;
  /** Predictions strictly above it are positive; null: the largest of each sample. @defaultValue null */
  threshold?: number | null;
}

/** Options of `FBetaScore`. */
export interface FBetaScoreOptions<A extends Average | null = Average | null> extends F1ScoreOptions<A> {
  /** How much more recall matters than precision. @defaultValue 1 */
  beta?: number;
}

/** One number for an average, a list without. */
export type ForAverage<A extends Average | null> = A extends Average ? number : number[];

/** Predictions nearer to 0 are not positive even if they are the largest: a row of zeros predicts nothing (Keras). */
const tiny = 1e-9;

/**
 * Fᵦ = (1 + β²) P R / (β² P + R) of each class, where P is precision and R recall; 0 where a class was neither predicted nor
 * there. Targets are one-hot or of several labels: both [..., classes].
 *
 * Without a threshold all predictions that equal the largest of a sample are positive, unless they are 0. (Keras adds 1e-7 to
 * denominators, so its scores are smaller by about as much.)
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/classification_metrics/#fbetascore-class
 * @example
 * const score = new nn.metrics.FBetaScore({ beta: 2, threshold: 0.5, average: 'macro' });
 * score.update(tensor([[1, 1], [1, 0]]), tensor([[0.2, 0.6], [0.6, 0.6]]));
 */
export class FBetaScore<A extends Average | null = null>
  extends StreamingMetric<ForAverage<A>>
  implements Metric<ForAverage<A>>
{
  private readonly average: Average | null;
  private readonly beta: number;
  private readonly threshold: number | null;

  /** @param operation the class, for messages */
  constructor(options: FBetaScoreOptions<A> = {}, operation: string = 'FBetaScore') {
    checkOptions(operation, options, ['average', 'beta', 'threshold', 'name']);
    const { average = null, beta = 1, threshold = null } = options;
    if (average !== null) checkChoice<string>(operation, 'average', average, ['micro', 'macro', 'weighted']);
    checkNumber(operation, 'beta', beta, { above: 0 });
    if (threshold !== null) checkNumber(operation, 'threshold', threshold, { atLeast: 0, atMost: 1 });
    // Averages and β matter to the result alone.
    super({ operation, size: 0, configuration: { threshold } }, options);
    this.average = average;
    this.beta = beta;
    this.threshold = threshold;
  }

  /** @throws ShapeError unless both are [..., classes] */
  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    const { targets, predictions, shape } = readPairs(this.name, yTrue, yPred, 'equal shapes [..., classes]');
    if (shape.length < 2) throw new ShapeError(this.name, { yTrue, yPred }, 'equal shapes [..., classes]');
    const classes = shape[shape.length - 1]!;
    this.makeRoom(classes, 3);
    const weights = readWeights(this.name, sampleWeight, yPred, shape.slice(0, -1));
    for (let start = 0; start < targets.length; start += classes) {
      const weight = weights === null ? 1 : weights[start / classes]!;
      const largest = predictions[start + largestAt(predictions, start, classes)]!;
      const limit = this.threshold === null ? null : roundedTo(yPred.dtype, this.threshold);
      for (let c = 0; c < classes; c++) {
        const [prediction, target] = [predictions[start + c]!, targets[start + c]!];
        const positive = limit === null ? prediction >= largest && Math.abs(prediction) > tiny : prediction > limit;
        if (positive) {
          this.totals[c]! += weight * target;
          this.totals[classes + c]! += weight * (1 - target);
        } else this.totals[2 * classes + c]! += weight * target;
      }
    }
  }

  /** A list of the score of each class, or their average; 0 before anything came. */
  override result(): ForAverage<A> {
    const classes = this.totals.length / 3;
    const [hits, falsePositives, misses] = [0, 1, 2].map((i) => this.totals.subarray(i * classes, (i + 1) * classes));
    return this.averaged(hits!, falsePositives!, misses!) as ForAverage<A>;
  }

  private averaged(hits: Float64Array, falsePositives: Float64Array, misses: Float64Array): number | number[] {
    const sum = (xs: ArrayLike<number>): number => Array.from(xs).reduce((total, x) => total + x, 0);
    if (this.average === 'micro') return this.score(sum(hits), sum(falsePositives), sum(misses));
    const scores = Array.from(hits, (hit, c) => this.score(hit, falsePositives[c]!, misses[c]!));
    if (this.average === null) return scores;
    if (this.average === 'macro') return ratio(sum(scores), scores.length);
    const support = hits.map((hit, c) => hit + misses[c]!);
    return ratio(sum(support.map((there, c) => there * scores[c]!)), sum(support));
  }

  /** Fᵦ in counts: (1 + β²) TP / ((1 + β²) TP + β² FN + FP). */
  private score(hits: number, falsePositives: number, misses: number): number {
    const square = this.beta ** 2;
    return ratio((1 + square) * hits, (1 + square) * hits + square * misses + falsePositives);
  }
}

/**
 * F₁ = 2 P R / (P + R) of each class, where P is precision and R recall: `FBetaScore` with β = 1.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#f1score-class
 * @example
 * const score = new nn.metrics.F1Score({ threshold: 0.5 });
 * score.update(tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]]), tensor([[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]]));
 * score.result(); // → [0.5, 0.8, 0.66667]
 */
export class F1Score<A extends Average | null = null> extends FBetaScore<A> {
  constructor(options: F1ScoreOptions<A> = {}) {
    checkOptions('F1Score', options, ['average', 'threshold', 'name']);
    super(options, 'F1Score');
  }
}
