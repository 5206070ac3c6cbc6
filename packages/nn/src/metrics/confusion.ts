/** True and false positives and negatives, and shares of them (https://keras.io/api/metrics/classification_metrics/). */

import { checkNumber, checkOptions } from '../options.js';
import type { MetricOptions } from './metric.js';
import {
  type Counts,
  checkClassId,
  checkThresholds,
  type ForThresholds,
  ratio,
  ThresholdMetric,
  type Thresholds,
} from './thresholds.js';

/** Options of the counts. */
export interface CountOptions<T extends Thresholds = Thresholds> extends MetricOptions {
  /** Numbers from 0 to 1; predictions strictly above one are positive. 0 for logits. @defaultValue 0.5 */
  thresholds?: T;
}

/** Options of `Precision` and `Recall`. */
export interface PrecisionOptions<T extends Thresholds = Thresholds> extends CountOptions<T> {
  /** Only the k highest predictions of a sample can be positive; without `thresholds`, all of them are. @defaultValue all */
  topK?: number;
  /** Look at this class alone, of the last axis. @defaultValue all */
  classId?: number;
}

/** A number at each threshold, or one at one. */
abstract class AtThresholds<T extends Thresholds> extends ThresholdMetric<ForThresholds<T>> {
  private readonly alone: boolean;

  constructor(operation: string, options: PrecisionOptions<T>, known: readonly string[]) {
    checkOptions(operation, options, [...known, 'name']);
    const { topK, classId, thresholds } = options;
    if (topK !== undefined) checkNumber(operation, 'topK', topK, { above: 0, whole: true });
    checkClassId(operation, classId);
    const lowest = topK === undefined ? 0.5 : Number.NEGATIVE_INFINITY;
    const list = thresholds === undefined ? [lowest] : checkThresholds(operation, thresholds);
    const configuration = { thresholds: thresholds ?? null, topK: topK ?? null, classId: classId ?? null };
    super({ operation, configuration }, options, list, { topK, classId });
    this.alone = !Array.isArray(thresholds);
  }

  protected abstract at(counts: Counts, i: number): number;

  /** A number, or a list of them if `thresholds` is a list; 0 where there was nothing. */
  override result(): ForThresholds<T> {
    const all = this.atThresholds((counts, i) => this.at(counts, i));
    return (this.alone ? all[0]! : all) as ForThresholds<T>;
  }
}

/**
 * How many predictions are rightly positive, or the sum of their weights. Targets other than 0 are positive; shapes are equal,
 * where a last axis of extent 1 may be missing in one.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#truepositives-class
 * @example
 * const hits = new nn.metrics.TruePositives({ thresholds: [0.2, 0.5] });
 * hits.update(tensor([0, 1, 1]), tensor([0.9, 0.9, 0.3]));
 * hits.result(); // → [2, 1]
 */
export class TruePositives<T extends Thresholds = number> extends AtThresholds<T> {
  constructor(options: CountOptions<T> = {}) {
    super('TruePositives', options, ['thresholds']);
  }

  protected override at(counts: Counts, i: number): number {
    return counts.truePositives[i]!;
  }
}

/**
 * How many predictions are rightly not positive, or the sum of their weights.
 *
 * @see `TruePositives`
 * @example
 * const metric = new nn.metrics.TrueNegatives();
 * metric.update(tensor([0, 1, 0, 0]), tensor([1, 1, 0, 0]));
 * metric.result(); // → 2
 */
export class TrueNegatives<T extends Thresholds = number> extends AtThresholds<T> {
  constructor(options: CountOptions<T> = {}) {
    super('TrueNegatives', options, ['thresholds']);
  }

  protected override at(counts: Counts, i: number): number {
    return counts.trueNegatives[i]!;
  }
}

/**
 * How many predictions are wrongly positive, or the sum of their weights.
 *
 * @see `TruePositives`
 * @example
 * const metric = new nn.metrics.FalsePositives();
 * metric.update(tensor([0, 1, 0, 0]), tensor([0, 0, 1, 1]));
 * metric.result(); // → 2
 */
export class FalsePositives<T extends Thresholds = number> extends AtThresholds<T> {
  constructor(options: CountOptions<T> = {}) {
    super('FalsePositives', options, ['thresholds']);
  }

  protected override at(counts: Counts, i: number): number {
    return counts.falsePositives[i]!;
  }
}

/**
 * How many predictions are wrongly not positive, or the sum of their weights.
 *
 * @see `TruePositives`
 * @example
 * const metric = new nn.metrics.FalseNegatives();
 * metric.update(tensor([0, 1, 1, 1]), tensor([0, 1, 0, 0]));
 * metric.result(); // → 2
 */
export class FalseNegatives<T extends Thresholds = number> extends AtThresholds<T> {
  constructor(options: CountOptions<T> = {}) {
    super('FalseNegatives', options, ['thresholds']);
  }

  protected override at(counts: Counts, i: number): number {
    return counts.falseNegatives[i]!;
  }
}

/**
 * Share of the positive predictions that are right: TP / (TP + FP); 0 if there are none.
 *
 * Targets other than 0 are positive; shapes are equal, where a last axis of extent 1 may be missing in one. Targets are
 * not class indices: give one-hot ones beside several classes.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#precision-class
 * @example
 * const precision = new nn.metrics.Precision({ thresholds: 0.7 });
 * precision.update(tensor([0, 1, 1, 1]), tensor([0.9, 0, 0.8, 1]));
 * precision.result(); // → 0.66667
 */
export class Precision<T extends Thresholds = number> extends AtThresholds<T> {
  constructor(options: PrecisionOptions<T> = {}) {
    super('Precision', options, ['thresholds', 'topK', 'classId']);
  }

  protected override at({ truePositives, falsePositives }: Counts, i: number): number {
    return ratio(truePositives[i]!, truePositives[i]! + falsePositives[i]!);
  }
}

/**
 * Share of the positive targets that are found: TP / (TP + FN); 0 if there are none. Takes what `Precision` takes.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#recall-class
 * @example
 * const recall = new nn.metrics.Recall();
 * recall.update(tensor([0, 1, 1, 1]), tensor([1, 0, 1, 1]));
 * recall.result(); // → 0.66667
 */
export class Recall<T extends Thresholds = number> extends AtThresholds<T> {
  constructor(options: PrecisionOptions<T> = {}) {
    super('Recall', options, ['thresholds', 'topK', 'classId']);
  }

  protected override at({ truePositives, falseNegatives }: Counts, i: number): number {
    return ratio(truePositives[i]!, truePositives[i]! + falseNegatives[i]!);
  }
}
