import type { Tensor } from '@cotangent/autograd';
import { checkNumber, checkOptions } from '../options.js';
import { ClassCounts } from './confusionMatrix.js';
import type { MetricOptions } from './metric.js';
import { readPairs, readWeights, roundedTo } from './numbers.js';
import { ratio } from './thresholds.js';

/** Options of `MatthewsCorrelation`. */
export interface MatthewsCorrelationOptions extends MetricOptions {
  /** Predictions strictly above it are positive, without `numClasses`. @defaultValue 0.5 */
  threshold?: number;
  /** For class indices beside one score a class, how many classes there are. @defaultValue two, by the threshold */
  numClasses?: number;
}

/**
 * The correlation of targets and predictions as classes, from −1 to 1, and fair when there are many more of one class (Gluon's
 * MCC): (TP TN − FP FN) / √((TP + FP) (TP + FN) (TN + FP) (TN + FN)), and 0 where that is 0 / 0.
 *
 * Targets other than 0 are positive; shapes are equal, where a last axis of extent 1 may be missing in one. With `numClasses`
 * targets are class indices [...] and predictions scores [..., classes] (Gluon's PCC): (s c − Σ t p) / √((s² − Σ t²)
 * (s² − Σ p²)), with s samples, c of them right, and t targets and p predictions of each class.
 *
 * @throws ArgumentError for options out of range
 * @see Matthews 1975, Gorodkin 2004; https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/metric/ (MCC, PCC)
 * @example
 * const correlation = new nn.metrics.MatthewsCorrelation();
 * correlation.update(tensor([1, 1, 1, 0]), tensor([0.9, 0.8, 0.1, 0.7]));
 * correlation.result(); // → -0.33333
 */
export class MatthewsCorrelation extends ClassCounts {
  private readonly threshold: number | null;

  constructor(options: MatthewsCorrelationOptions = {}) {
    const operation = 'MatthewsCorrelation';
    checkOptions(operation, options, ['threshold', 'numClasses', 'name']);
    const { numClasses, threshold: given = 0.5, ...named } = options;
    checkNumber(operation, 'threshold', given, { atLeast: 0, atMost: 1 });
    const threshold = numClasses === undefined ? given : null;
    super({ operation, configuration: { threshold } }, { ...named, numClasses: numClasses ?? 2, sparseYPred: false });
    this.threshold = threshold;
  }

  override update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    if (this.threshold === null) {
      super.update(yTrue, yPred, sampleWeight);
      return;
    }
    const { targets, predictions, shape } = readPairs(this.name, yTrue, yPred);
    const limit = roundedTo(yPred.dtype, this.threshold);
    const weights = readWeights(this.name, sampleWeight, yPred, shape);
    this.count(
      Uint8Array.from(targets, (target) => (target === 0 ? 0 : 1)),
      Uint8Array.from(predictions, (prediction) => (prediction > limit ? 1 : 0)),
      weights,
    );
  }

  override result(): number {
    const { targets, predictions, hits } = this.margins();
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    // Exactly 0 where all are of one class, whatever the rounding of weights.
    const spread = (counts: readonly number[]): number => {
      const all = sum(counts);
      return sum(counts.map((count) => count * (all - count)));
    };
    const [all, right, shared] = [sum(targets), sum(hits), sum(targets.map((t, c) => t * predictions[c]!))];
    return ratio(all * right - shared, Math.sqrt(spread(targets) * spread(predictions)));
  }
}
