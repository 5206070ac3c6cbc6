/** Areas under curves over thresholds (https://keras.io/api/metrics/classification_metrics/#auc-class). */

import { ArgumentError } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import type { MetricOptions } from './metric.js';
import { type Counts, checkThresholds, evenThresholds, ratio, ThresholdMetric } from './thresholds.js';

/** Options of `AUC`. */
export interface AUCOptions extends MetricOptions {
  /** How many thresholds, of which two are just outside [0, 1]. @defaultValue 200 */
  numThresholds?: number;
  /** Thresholds inside [0, 1] in place of even ones. @defaultValue even ones */
  thresholds?: readonly number[];
  /** `roc` true over false positive rate; `pr` precision over recall; `prGain` their gains (Flach & Kull 2015). @defaultValue 'roc' */
  curve?: 'roc' | 'pr' | 'prGain';
  /** What stands for the curve between two thresholds: their mean, the lower one or the higher one. @defaultValue 'interpolation' */
  summationMethod?: 'interpolation' | 'minoring' | 'majoring';
  /** Whether each place of the last axis has an area of its own, of which the mean is taken. @defaultValue false */
  multiLabel?: boolean;
  /** How many labels; the first batch tells. @defaultValue that */
  numLabels?: number;
  /** Weight of each label in the mean, or without `multiLabel` of its predictions. @defaultValue 1 each */
  labelWeights?: readonly number[];
  /** Whether predictions are logits: the sigmoid is applied first. @defaultValue false */
  fromLogits?: boolean;
}

const optionNames = [
  'numThresholds',
  'thresholds',
  'curve',
  'summationMethod',
  'multiLabel',
  'numLabels',
  'labelWeights',
  'fromLogits',
  'name',
];

/** A point of a curve. */
type Point = (counts: Counts, i: number) => readonly [x: number, y: number];

const recallAt = ({ truePositives, falseNegatives }: Counts, i: number): number =>
  ratio(truePositives[i]!, truePositives[i]! + falseNegatives[i]!);

const curves: Readonly<Record<'roc' | 'pr' | 'prGain', Point>> = {
  roc: (counts, i) => {
    const { falsePositives, trueNegatives } = counts;
    return [ratio(falsePositives[i]!, falsePositives[i]! + trueNegatives[i]!), recallAt(counts, i)];
  },
  pr: (counts, i) => {
    const { truePositives, falsePositives } = counts;
    return [recallAt(counts, i), ratio(truePositives[i]!, truePositives[i]! + falsePositives[i]!)];
  },
  prGain: ({ truePositives, falsePositives, trueNegatives, falseNegatives }, i) => {
    const hits = truePositives[i]!;
    if (hits === 0) return [0, 1];
    const odds = ratio(hits + falseNegatives[i]!, trueNegatives[i]! + falsePositives[i]!);
    return [Math.max(0, 1 - (odds * falseNegatives[i]!) / hits), 1 - (odds * falsePositives[i]!) / hits];
  },
};

const heights: Readonly<Record<'interpolation' | 'minoring' | 'majoring', (a: number, b: number) => number>> = {
  interpolation: (a, b) => (a + b) / 2,
  minoring: Math.min,
  majoring: Math.max,
};

/** Σ Δx · height between neighbouring thresholds. */
function riemannSum(counts: Counts, point: Point, height: (a: number, b: number) => number): number {
  let area = 0;
  for (let i = 0; i + 1 < counts.truePositives.length; i++) {
    const [[x, y], [nextX, nextY]] = [point(counts, i), point(counts, i + 1)];
    area += (x - nextX) * height(y, nextY);
  }
  return area;
}

/**
 * The area under precision over recall, where between two thresholds true and all positives grow evenly, not their quotient
 * (Davis & Goadrich 2006): ∫ TP / P dTP over the total, in closed form.
 */
function interpolatedPrecision({ truePositives, falsePositives, falseNegatives }: Counts): number {
  let area = 0;
  for (let i = 0; i + 1 < truePositives.length; i++) {
    const [hits, nextHits] = [truePositives[i]!, truePositives[i + 1]!];
    const [all, nextAll] = [hits + falsePositives[i]!, nextHits + falsePositives[i + 1]!];
    const slope = ratio(hits - nextHits, Math.max(0, all - nextAll));
    const intercept = nextHits - slope * nextAll;
    const growth = all > 0 && nextAll > 0 ? Math.log(all / nextAll) : 0;
    area += ratio(slope * (hits - nextHits + intercept * growth), nextHits + falseNegatives[i + 1]!);
  }
  return area;
}

/**
 * The area under the ROC curve (or that of precision and recall), from a fixed set of thresholds: how well predictions
 * separate positives from negatives, whatever the threshold; 1 for perfect ones and 0.5 for chance (ROC).
 *
 * Targets other than 0 are positive; predictions are probabilities, or logits with `fromLogits`; shapes are equal, where a last
 * axis of extent 1 may be missing in one. More thresholds come closer to the exact area. 0 before anything came.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/classification_metrics/#auc-class
 * @example
 * const auc = new nn.metrics.AUC({ numThresholds: 3 });
 * auc.update(tensor([0, 0, 1, 1]), tensor([0, 0.5, 0.3, 0.9]));
 * auc.result(); // → 0.75
 */
export class AUC extends ThresholdMetric {
  private readonly area: (counts: Counts) => number;
  private readonly labelWeights: readonly number[] | null;

  constructor(options: AUCOptions = {}) {
    const operation = 'AUC';
    checkOptions(operation, options, optionNames);
    const { numThresholds = 200, curve = 'roc', summationMethod = 'interpolation' } = options;
    checkNumber(operation, 'numThresholds', numThresholds, { above: 1, whole: true });
    checkChoice(operation, 'curve', curve, ['roc', 'pr', 'prGain']);
    checkChoice(operation, 'summationMethod', summationMethod, ['interpolation', 'minoring', 'majoring']);
    const multiLabel = checkBoolean(operation, 'multiLabel', options.multiLabel ?? false);
    const fromLogits = checkBoolean(operation, 'fromLogits', options.fromLogits ?? false);
    const labelWeights = checkLabelWeights(operation, options.labelWeights);
    if (!multiLabel && options.numLabels !== undefined) {
      throw new ArgumentError(operation, 'got numLabels without multiLabel', 'Pass { multiLabel: true } too.');
    }
    if (options.numLabels !== undefined) {
      checkNumber(operation, 'numLabels', options.numLabels, { above: 0, whole: true });
    }
    const own = options.thresholds === undefined ? null : checkThresholds(operation, options.thresholds);
    const inner = own?.sort((a, b) => a - b) ?? evenThresholds(numThresholds).slice(1, -1);
    super(
      {
        operation,
        name: 'auc',
        configuration: {
          thresholds: own ?? numThresholds,
          multiLabel,
          labelWeights: multiLabel ? null : labelWeights,
          fromLogits,
        },
      },
      options,
      // Keras puts the outer ones 1e-7 outside [0, 1]: every prediction is above the first and none above the last.
      [Number.NEGATIVE_INFINITY, ...inner, Number.POSITIVE_INFINITY],
      {
        multiLabel,
        numLabels: options.numLabels,
        labelWeights: labelWeights ?? undefined,
        scale: fromLogits ? 'logits' : 'probabilities',
      },
    );
    this.area =
      curve === 'pr' && summationMethod === 'interpolation'
        ? interpolatedPrecision
        : (counts) => riemannSum(counts, curves[curve], heights[summationMethod]);
    this.labelWeights = multiLabel ? labelWeights : null;
  }

  override result(): number {
    let [sum, weights] = [0, 0];
    for (let label = 0; label < this.labels; label++) {
      const weight = this.labelWeights?.[label] ?? 1;
      sum += weight * this.area(this.countsOf(label));
      weights += weight;
    }
    return ratio(sum, weights);
  }
}

function checkLabelWeights(operation: string, weights: readonly number[] | undefined): readonly number[] | null {
  if (weights === undefined) return null;
  if (!Array.isArray(weights)) {
    throw new ArgumentError(operation, `got labelWeights ${shown(weights)}; expected an array of numbers`);
  }
  return weights.map((weight, i) => checkNumber(operation, `labelWeights[${i}]`, weight, { atLeast: 0 }));
}
