import type { Tensor } from '@cotangent/autograd';
import { IndexError, type TypedArray } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions } from '../options.js';
import { type Metric, type MetricOptions, StreamingMetric } from './metric.js';
import { readLabelled, readWeights } from './numbers.js';

/** Options of `Perplexity`. */
export interface PerplexityOptions extends MetricOptions {
  /** Labels that do not count, such as those of padding. @defaultValue none */
  ignoreLabel?: number;
  /** Whether predictions are logits rather than probabilities. @defaultValue false */
  fromLogits?: boolean;
}

/** Probabilities count as at least this, so that one impossible word does not make all infinite (Gluon). */
const leastProbability = 1e-10;

/** −ln of the probability that logits give the place `at`. */
function surprise(logits: TypedArray, start: number, count: number, at: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = start; i < start + count; i++) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += Math.exp(logits[i]! - largest);
  return Math.log(sum) + largest - logits[at]!;
}

/**
 * How many words a language model hesitates between: exp of the mean of −ln p[label] over labels; 1 for a sure model that is
 * right, and the number of classes for one that has no idea (Gluon). NaN before anything came.
 *
 * Targets are class indices [...] or [..., 1], predictions [..., classes]. Probabilities below 1e-10 count as that.
 *
 * @throws ArgumentError for options out of range
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/metric/ (Perplexity)
 * @example
 * const perplexity = new nn.metrics.Perplexity({ ignoreLabel: 0 });
 * perplexity.update(tensor([1, 2, 0]), tensor([[0.2, 0.5, 0.3], [0.3, 0.2, 0.5], [0, 0, 1]]));
 * perplexity.result(); // → 2
 */
export class Perplexity extends StreamingMetric implements Metric<number> {
  private readonly ignoreLabel: number | undefined;
  private readonly fromLogits: boolean;

  constructor(options: PerplexityOptions = {}) {
    const operation = 'Perplexity';
    checkOptions(operation, options, ['ignoreLabel', 'fromLogits', 'name']);
    const { ignoreLabel, fromLogits = false } = options;
    if (ignoreLabel !== undefined) checkNumber(operation, 'ignoreLabel', ignoreLabel, { whole: true });
    checkBoolean(operation, 'fromLogits', fromLogits);
    super({ operation, size: 2, configuration: { ignoreLabel: ignoreLabel ?? null, fromLogits } }, options);
    this.ignoreLabel = ignoreLabel;
    this.fromLogits = fromLogits;
  }

  /** @throws IndexError for a label that has no prediction; ShapeError when shapes do not fit */
  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    const { labels, scores, classes, shape } = readLabelled(this.name, yTrue, yPred);
    const weights = readWeights(this.name, sampleWeight, yPred, shape);
    let [losses, count] = [0, 0];
    for (const [i, label] of labels.entries()) {
      const weight = weights === null ? 1 : weights[i]!;
      if (label === this.ignoreLabel || weight === 0) continue;
      const start = i * classes;
      if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
        throw new IndexError(
          this.name,
          `got class label ${label} at position ${i}; expected integers from 0 to ${classes - 1}`,
          'Labels of padding are left out with { ignoreLabel }.',
        );
      }
      losses +=
        weight *
        (this.fromLogits
          ? surprise(scores, start, classes, start + label)
          : -Math.log(Math.max(leastProbability, scores[start + label]!)));
      count += weight;
    }
    this.totals[0]! += losses;
    this.totals[1]! += count;
  }

  override result(): number {
    return this.totals[1] === 0 ? Number.NaN : Math.exp(this.totals[0]! / this.totals[1]!);
  }
}
