/** Counting true and false predictions at many thresholds at once. */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, IndexError, type Shape, ShapeError, type TypedArray } from '@cotangent/kernels';
import { checkNumber } from '../options.js';
import { type Metric, type MetricKind, type MetricOptions, type MetricValue, StreamingMetric } from './metric.js';
import { readPairs, readWeights } from './numbers.js';

/** A threshold, or several. */
export type Thresholds = number | readonly number[];

/** One number for a threshold, a list for a list. */
export type ForThresholds<T extends Thresholds> = T extends number ? number : number[];

/** The thresholds as a list, if each is a number from 0 to 1. @throws ArgumentError */
export function checkThresholds(operation: string, thresholds: Thresholds): number[] {
  if (!Array.isArray(thresholds)) return [checkNumber(operation, 'thresholds', thresholds, { atLeast: 0, atMost: 1 })];
  const list = thresholds as readonly number[];
  if (list.length === 0) throw new ArgumentError(operation, 'got no thresholds; expected a number or several');
  return list.map((t, i) => checkNumber(operation, `thresholds[${i}]`, t, { atLeast: 0, atMost: 1 }));
}

/** `count` of them from 0 to 1, evenly; one alone is 0.5. */
export const evenThresholds = (count: number): number[] =>
  count === 1 ? [0.5] : Array.from({ length: count }, (_, i) => i / (count - 1));

/** Weights of predictions at each threshold, the lowest first. */
export interface Counts {
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly trueNegatives: Float64Array;
  readonly falseNegatives: Float64Array;
}

/** a / b, and 0 where b is 0 as in Keras: nothing was there to be right about. */
export const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

/** Which outputs of a sample count, and how much. */
export interface Selection {
  /** Only this place of the last axis. */
  readonly classId?: number | undefined;
  /** Only the k highest of the last axis can be predicted at all. */
  readonly topK?: number | undefined;
  /** Count each place of the last axis for itself. */
  readonly multiLabel?: boolean;
  /** How many places there are to count, if that is known. */
  readonly numLabels?: number | undefined;
  /** How much each place of the last axis counts, unless each is counted for itself. */
  readonly labelWeights?: readonly number[] | undefined;
  /** Whether predictions are logits, probabilities (others are refused), or any numbers. @defaultValue any */
  readonly scale?: 'logits' | 'probabilities';
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** How far rounding may take a probability from [0, 1]. */
const slack = 1e-6;

function checkProbabilities(name: string, predictions: TypedArray): void {
  for (const prediction of predictions) {
    if (prediction < -slack || prediction > 1 + slack) {
      throw new ArgumentError(
        name,
        `got a prediction of ${prediction}; expected probabilities, from 0 to 1`,
        'For logits pass { fromLogits: true }.',
      );
    }
  }
}

/** How many of the sorted thresholds are below the prediction; none for NaN. */
function countBelow(thresholds: ArrayLike<number>, prediction: number): number {
  let [low, high] = [0, thresholds.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! < prediction) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many labels are counted for themselves; 0 while the first batch has to tell. */
const labelsOf = ({ multiLabel, numLabels = 0 }: Selection): number => (multiLabel === true ? numLabels : 1);

/** Leaves of each row the k highest, the first of equal ones, and makes the others lower than any threshold. */
function onlyTop(k: number, predictions: TypedArray, classes: number): Float64Array {
  const kept = new Float64Array(predictions.length).fill(Number.NEGATIVE_INFINITY);
  for (let start = 0; start < predictions.length; start += classes) {
    const places = Array.from({ length: classes }, (_, i) => start + i);
    places.sort((a, b) => predictions[b]! - predictions[a]! || a - b);
    for (const place of places.slice(0, k)) kept[place] = predictions[place]!;
  }
  return kept;
}

/**
 * Base of the metrics that compare predictions with thresholds; a prediction is positive when it is strictly above one.
 *
 * Every prediction goes into a bucket by how many thresholds are below it, of positives or of negatives, so that an update
 * costs about the same for 1 threshold and for 200. Totals: for each label, the buckets of negatives and then those of positives.
 */
export abstract class ThresholdMetric<Value extends MetricValue = number>
  extends StreamingMetric<Value>
  implements Metric<Value>
{
  /** Lowest first. */
  private readonly sorted: Float64Array;
  private readonly singles: Float32Array;
  /** For each threshold as it was given, its place in the sorted ones. */
  private readonly places: readonly number[];

  constructor(
    kind: Omit<MetricKind, 'size'>,
    options: MetricOptions,
    thresholds: readonly number[],
    private readonly selection: Selection = {},
  ) {
    super({ ...kind, size: labelsOf(selection) * 2 * (thresholds.length + 1) }, options);
    const order = [...thresholds.keys()].sort((a, b) => thresholds[a]! - thresholds[b]!);
    this.sorted = Float64Array.from(order, (i) => thresholds[i]!);
    this.singles = Float32Array.from(this.sorted);
    this.places = [...thresholds.keys()].map((i) => order.indexOf(i));
  }

  update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    const { targets, predictions: given, shape } = readPairs(this.name, yTrue, yPred);
    const classes = shape[shape.length - 1] ?? 1;
    const { classId, topK, multiLabel = false, labelWeights, scale } = this.selection;
    this.checkSelection(yPred, shape, classes);
    if (scale === 'probabilities') checkProbabilities(this.name, given);
    const weights = readWeights(this.name, sampleWeight, yPred, shape);
    const predictions = topK === undefined ? given : onlyTop(topK, given, classes);
    // A single-precision 0.1 is not above a threshold of 0.1.
    const thresholds = yPred.dtype === 'float32' && scale !== 'logits' ? this.singles : this.sorted;
    const buckets = this.sorted.length + 1;
    if (multiLabel) this.makeRoom(classes, 2 * buckets);
    for (let i = classId ?? 0; i < targets.length; i += classId === undefined ? 1 : classes) {
      const label = i % classes;
      const weight = (weights === null ? 1 : weights[i]!) * (multiLabel ? 1 : (labelWeights?.[label] ?? 1));
      const prediction = scale === 'logits' ? sigmoid(predictions[i]!) : predictions[i]!;
      const side = (multiLabel ? 2 * label : 0) + (targets[i] === 0 ? 0 : 1);
      this.totals[side * buckets + countBelow(thresholds, prediction)]! += weight;
    }
  }

  private checkSelection(yPred: Tensor, shape: Shape, classes: number): void {
    const { classId, topK, multiLabel, labelWeights } = this.selection;
    if (shape.length < 2 && (classId !== undefined || multiLabel === true || labelWeights !== undefined)) {
      throw new ShapeError(this.name, { yPred }, 'yPred [samples, classes]');
    }
    if (classId !== undefined && classId >= classes) {
      throw new IndexError(
        this.name,
        `got classId ${classId}; the predictions have ${classes} classes, counted from 0`,
      );
    }
    if (topK !== undefined && topK > classes) {
      throw new ShapeError(this.name, { yPred }, `at least topK = ${topK} predictions along the last axis`);
    }
    if (labelWeights !== undefined && labelWeights.length !== classes) {
      throw new ShapeError(this.name, { labelWeights: [labelWeights.length], yPred }, 'a weight for each label');
    }
  }

  /** How many labels there are totals of. */
  protected get labels(): number {
    return this.totals.length / (2 * (this.sorted.length + 1));
  }

  /** The weights of true and false predictions of a label at each threshold, the lowest first. */
  protected countsOf(label: number = 0): Counts {
    const n = this.sorted.length;
    const negatives = this.totals.subarray(2 * label * (n + 1), (2 * label + 1) * (n + 1));
    const positives = this.totals.subarray((2 * label + 1) * (n + 1), (2 * label + 2) * (n + 1));
    // Positive at threshold i is what is above it: in the buckets after i.
    const after = (buckets: Float64Array): Float64Array => {
      const sums = new Float64Array(n);
      let sum = 0;
      for (let i = n - 1; i >= 0; i--) {
        sum += buckets[i + 1]!;
        sums[i] = sum;
      }
      return sums;
    };
    const upTo = (buckets: Float64Array): Float64Array => {
      let sum = 0;
      return buckets.subarray(0, n).map((weight) => {
        sum += weight;
        return sum;
      });
    };
    return {
      truePositives: after(positives),
      falsePositives: after(negatives),
      trueNegatives: upTo(negatives),
      falseNegatives: upTo(positives),
    };
  }

  /** Something computed at each threshold, in the order in which they were given. */
  protected atThresholds(f: (counts: Counts, i: number) => number): number[] {
    const counts = this.countsOf();
    return this.places.map((place) => f(counts, place));
  }
}

/** A class, counted from 0. @throws ArgumentError */
export function checkClassId(operation: string, classId: number | undefined): number | undefined {
  return classId === undefined ? classId : checkNumber(operation, 'classId', classId, { atLeast: 0, whole: true });
}
