/** Intersections over unions of classes, as for segmented images (https://keras.io/api/metrics/segmentation_metrics/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from '../options.js';
import { type ClassCountOptions, ClassCounts, classCountOptionNames } from './confusionMatrix.js';
import type { MetricOptions } from './metric.js';
import { readPairs, readWeights, roundedTo } from './numbers.js';
import { ratio } from './thresholds.js';

/** Options of `IoU`. */
export interface IoUOptions extends ClassCountOptions {
  /** Classes to take the mean over. */
  targetClassIds: readonly number[];
}

/** Options of `MeanIoU`. */
export type MeanIoUOptions = ClassCountOptions;

/** Options of `OneHotIoU`: targets are never sparse. */
export type OneHotIoUOptions = Omit<IoUOptions, 'sparseYTrue'>;

/** Options of `OneHotMeanIoU`: targets are never sparse. */
export type OneHotMeanIoUOptions = Omit<ClassCountOptions, 'sparseYTrue'>;

/** The mean over some classes, from a name and checked options. */
class MeanOverClasses extends ClassCounts {
  private readonly targetClassIds: readonly number[];

  constructor(operation: string, options: ClassCountOptions, targetClassIds: readonly number[], more: object = {}) {
    const { numClasses } = options;
    const name = operation === 'IoU' ? 'iou' : operation.charAt(0).toLowerCase() + operation.slice(1);
    super({ operation, name, configuration: { ...more } }, options);
    if (!Array.isArray(targetClassIds) || targetClassIds.length === 0) {
      throw new ArgumentError(operation, `got targetClassIds ${shown(targetClassIds)}; expected an array of classes`);
    }
    this.targetClassIds = targetClassIds.map((id, i) =>
      checkNumber(operation, `targetClassIds[${i}]`, id, { atLeast: 0, below: numClasses, whole: true }),
    );
  }

  /** The mean over those of the classes that are in targets or predictions; 0 if none are. */
  override result(): number {
    const { targets, predictions, hits } = this.margins();
    const unions = this.targetClassIds.map((c) => targets[c]! + predictions[c]! - hits[c]!);
    const present = this.targetClassIds.flatMap((c, i) => (unions[i]! > 0 ? [hits[c]! / unions[i]!] : []));
    return ratio(
      present.reduce((sum, share) => sum + share, 0),
      present.length,
    );
  }
}

/**
 * Intersection over union of some classes, TP / (TP + FP + FN) of each: what a class has in common in targets and
 * predictions, over what it has in either. The result is the mean over those of `targetClassIds` that are there at all.
 *
 * Targets and predictions are class indices of one shape; with `sparseYTrue` or `sparseYPred` false one number for each class
 * along `axis`, of which the largest counts. (Keras adds 1e-7 to denominators, so its values are smaller by about as much.)
 *
 * @see https://keras.io/api/metrics/segmentation_metrics/#iou-class
 * @example
 * const iou = new nn.metrics.IoU({ numClasses: 2, targetClassIds: [0] });
 * iou.update(tensor([0, 0, 1, 1]), tensor([0, 1, 0, 1]));
 * iou.result(); // → 0.33333
 */
export class IoU extends MeanOverClasses {
  /** @param options `numClasses` and `targetClassIds` are required */
  constructor(options: IoUOptions) {
    checkOptions('IoU', options, [...classCountOptionNames, 'targetClassIds']);
    super('IoU', options, options.targetClassIds);
  }
}

/** Options of `BinaryIoU`. */
export interface BinaryIoUOptions extends MetricOptions {
  /** 0, 1 or both. @defaultValue [0, 1] */
  targetClassIds?: readonly number[];
  /** Predictions of at least this are class 1. @defaultValue 0.5 */
  threshold?: number;
}

/**
 * Intersection over union of classes 0 and 1, where predictions of at least `threshold` (not strictly above, as in Keras) are
 * class 1. Targets are 0 or 1, of the shape of the predictions.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/metrics/segmentation_metrics/#binaryiou-class
 * @example
 * const iou = new nn.metrics.BinaryIoU({ threshold: 0.3 });
 * iou.update(tensor([0, 1, 0, 1]), tensor([0.1, 0.2, 0.4, 0.7]));
 * iou.result(); // → 0.33333
 */
export class BinaryIoU extends MeanOverClasses {
  private readonly threshold: number;

  constructor(options: BinaryIoUOptions = {}) {
    checkOptions('BinaryIoU', options, ['targetClassIds', 'threshold', 'name']);
    const { targetClassIds = [0, 1], threshold: given = 0.5, ...named } = options;
    const threshold = checkNumber('BinaryIoU', 'threshold', given);
    super('BinaryIoU', { ...named, numClasses: 2 }, targetClassIds, { threshold });
    this.threshold = threshold;
  }

  override update(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): void {
    const { targets, predictions, shape } = readPairs(this.name, yTrue, yPred);
    const limit = roundedTo(yPred.dtype, this.threshold);
    const classes = Uint8Array.from(predictions, (prediction) => (prediction >= limit ? 1 : 0));
    this.count(targets, classes, readWeights(this.name, sampleWeight, yPred, shape));
  }
}

/**
 * The mean of `IoU` over all classes that are in targets or predictions.
 *
 * @see https://keras.io/api/metrics/segmentation_metrics/#meaniou-class
 * @example
 * const iou = new nn.metrics.MeanIoU({ numClasses: 2 });
 * iou.update(tensor([0, 0, 1, 1]), tensor([0, 1, 0, 1]));
 * iou.result(); // → 0.33333
 */
export class MeanIoU extends MeanOverClasses {
  /** @param options `numClasses` is required */
  constructor(options: MeanIoUOptions) {
    checkOptions('MeanIoU', options, classCountOptionNames);
    super('MeanIoU', options, allClasses('MeanIoU', options));
  }
}

/**
 * `IoU` of one-hot targets: targets and predictions are [..., classes], and the largest counts. `sparseYPred` is false here
 * unless given.
 *
 * @see https://keras.io/api/metrics/segmentation_metrics/#onehotiou-class
 * @example
 * new nn.metrics.OneHotIoU({ numClasses: 3, targetClassIds: [1] })
 */
export class OneHotIoU extends MeanOverClasses {
  /** @param options `numClasses` and `targetClassIds` are required */
  constructor(options: OneHotIoUOptions) {
    checkOptions('OneHotIoU', options, [...oneHotOptionNames, 'targetClassIds']);
    super('OneHotIoU', { sparseYPred: false, ...options, sparseYTrue: false }, options.targetClassIds);
  }
}

/**
 * `MeanIoU` of one-hot targets: targets and predictions are [..., classes], and the largest counts. `sparseYPred` is false
 * here unless given.
 *
 * @see https://keras.io/api/metrics/segmentation_metrics/#onehotmeaniou-class
 * @example
 * new nn.metrics.OneHotMeanIoU({ numClasses: 3 })
 */
export class OneHotMeanIoU extends MeanOverClasses {
  /** @param options `numClasses` is required */
  constructor(options: OneHotMeanIoUOptions) {
    checkOptions('OneHotMeanIoU', options, oneHotOptionNames);
    const all = allClasses('OneHotMeanIoU', options);
    super('OneHotMeanIoU', { sparseYPred: false, ...options, sparseYTrue: false }, all);
  }
}

const oneHotOptionNames = classCountOptionNames.filter((name) => name !== 'sparseYTrue');

function allClasses(operation: string, { numClasses }: { numClasses: number }): number[] {
  return [...Array(checkNumber(operation, 'numClasses', numClasses, { above: 0, whole: true })).keys()];
}
