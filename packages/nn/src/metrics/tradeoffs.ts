/** The best of one rate that a bound on another allows (https://keras.io/api/metrics/classification_metrics/). */

import { checkNumber, checkOptions } from '../options.js';
import type { MetricOptions } from './metric.js';
import { type Counts, checkClassId, evenThresholds, ratio, ThresholdMetric } from './thresholds.js';

/** Options of the metrics that trade one rate for another. */
export interface TradeoffOptions extends MetricOptions {
  /** How many thresholds from 0 to 1 to try. @defaultValue 200 */
  numThresholds?: number;
  /** Look at this class alone, of the last axis. @defaultValue all */
  classId?: number;
}

type Rate = (counts: Counts, i: number) => number;

/** TP / (TP + FN) */
const sensitivity: Rate = ({ truePositives, falseNegatives }, i) =>
  ratio(truePositives[i]!, truePositives[i]! + falseNegatives[i]!);

/** TN / (TN + FP) */
const specificity: Rate = ({ trueNegatives, falsePositives }, i) =>
  ratio(trueNegatives[i]!, trueNegatives[i]! + falsePositives[i]!);

/** TP / (TP + FP) */
const precision: Rate = ({ truePositives, falsePositives }, i) =>
  ratio(truePositives[i]!, truePositives[i]! + falsePositives[i]!);

/** The highest of one rate over the thresholds at which another is high enough. */
abstract class Tradeoff extends ThresholdMetric {
  private readonly least: number;

  constructor(
    operation: string,
    options: TradeoffOptions,
    [bound, least]: readonly [name: string, value: number],
    private readonly best: Rate,
    private readonly bounded: Rate,
  ) {
    checkOptions(operation, options, [bound, 'numThresholds', 'classId', 'name']);
    checkNumber(operation, bound, least, { atLeast: 0, atMost: 1 });
    const { numThresholds = 200, classId } = options;
    checkNumber(operation, 'numThresholds', numThresholds, { above: 0, whole: true });
    checkClassId(operation, classId);
    // The bound matters to the result alone: metrics of other bounds can still be merged.
    const configuration = { numThresholds, classId: classId ?? null };
    super({ operation, configuration }, options, evenThresholds(numThresholds), { classId });
    this.least = least;
  }

  /** 0 where no threshold meets the bound, and before anything came. */
  override result(): number {
    const rates = this.atThresholds((counts, i) => (this.bounded(counts, i) >= this.least ? this.best(counts, i) : 0));
    return Math.max(...rates);
  }
}

/**
 * The highest sensitivity TP / (TP + FN) at a threshold where the specificity TN / (TN + FP) is at least `specificity`.
 *
 * Targets other than 0 are positive; predictions are probabilities; shapes are equal, where a last axis of extent 1 may be
 * missing in one.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#sensitivityatspecificity-class
 * @example
 * const metric = new nn.metrics.SensitivityAtSpecificity({ specificity: 0.5 });
 * metric.update(tensor([0, 0, 0, 1, 1]), tensor([0, 0.3, 0.8, 0.3, 0.8]));
 * metric.result(); // → 0.5
 */
export class SensitivityAtSpecificity extends Tradeoff {
  /** @param options `specificity` from 0 to 1 is required */
  constructor(options: TradeoffOptions & { specificity: number }) {
    super('SensitivityAtSpecificity', options, ['specificity', options?.specificity], sensitivity, specificity);
  }
}

/**
 * The highest specificity TN / (TN + FP) at a threshold where the sensitivity TP / (TP + FN) is at least `sensitivity`.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#specificityatsensitivity-class
 * @example
 * const metric = new nn.metrics.SpecificityAtSensitivity({ sensitivity: 0.5 });
 * metric.update(tensor([0, 0, 0, 1, 1]), tensor([0, 0.3, 0.8, 0.3, 0.8]));
 * metric.result(); // → 0.66667
 */
export class SpecificityAtSensitivity extends Tradeoff {
  /** @param options `sensitivity` from 0 to 1 is required */
  constructor(options: TradeoffOptions & { sensitivity: number }) {
    super('SpecificityAtSensitivity', options, ['sensitivity', options?.sensitivity], specificity, sensitivity);
  }
}

/**
 * The highest precision TP / (TP + FP) at a threshold where the recall TP / (TP + FN) is at least `recall`.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#precisionatrecall-class
 * @example
 * const metric = new nn.metrics.PrecisionAtRecall({ recall: 0.5 });
 * metric.update(tensor([0, 0, 0, 1, 1]), tensor([0, 0.3, 0.8, 0.3, 0.8]));
 * metric.result(); // → 0.5
 */
export class PrecisionAtRecall extends Tradeoff {
  /** @param options `recall` from 0 to 1 is required */
  constructor(options: TradeoffOptions & { recall: number }) {
    super('PrecisionAtRecall', options, ['recall', options?.recall], precision, sensitivity);
  }
}

/**
 * The highest recall TP / (TP + FN) at a threshold where the precision TP / (TP + FP) is at least `precision`.
 *
 * @see https://keras.io/api/metrics/classification_metrics/#recallatprecision-class
 * @example
 * const metric = new nn.metrics.RecallAtPrecision({ precision: 0.8 });
 * metric.update(tensor([0, 0, 1, 1]), tensor([0, 0.5, 0.3, 0.9]));
 * metric.result(); // → 0.5
 */
export class RecallAtPrecision extends Tradeoff {
  /** @param options `precision` from 0 to 1 is required */
  constructor(options: TradeoffOptions & { precision: number }) {
    super('RecallAtPrecision', options, ['precision', options?.precision], sensitivity, precision);
  }
}
