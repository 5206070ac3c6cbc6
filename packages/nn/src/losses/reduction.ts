/** From one loss for each sample to the number that is minimized (https://keras.io/api/losses/). */

import { type Tensor, where } from '@cotangent/autograd';
import { DTypeError, ShapeError } from '@cotangent/kernels';
import { maskOf } from '../masks.js';
import { checkChoice, checkNumber, checkOptions, checkTensor } from '../options.js';

/**
 * `sumOverBatchSize` and `mean` divide the sum by the number of losses, also when they are weighted; `meanWithSampleWeight` divides
 * by the sum of the weights; `none` keeps one loss for each sample (Keras).
 */
export type Reduction = 'sumOverBatchSize' | 'mean' | 'meanWithSampleWeight' | 'sum' | 'none';

/** Those that are a plain mean where nothing is weighted. */
const means: readonly Reduction[] = ['sumOverBatchSize', 'mean', 'meanWithSampleWeight'];
const reductions: readonly Reduction[] = [...means, 'sum', 'none'];

/** Options that every loss takes. */
export interface LossOptions {
  /** @defaultValue 'sumOverBatchSize' */
  reduction?: Reduction;
  /** Weight of each sample's loss: [samples], or with further axes, which stand for those of the losses. @defaultValue 1 */
  sampleWeight?: Tensor;
  /**
   * Which losses count: bool [samples], or with further axes, which stand for those of the losses. The others are 0 and are not
   * divided by; where none counts, the loss is 0. null to count all. @defaultValue the mask that travels with yPred, where it fits
   */
  mask?: Tensor | null;
  /** Factor of every loss: Gluon's `weight`, and 0.5 where its loss has a half that Keras's has not (L2Loss). @defaultValue 1 */
  scale?: number;
}

/** The names of those options, for checks. */
export const lossOptionNames: readonly string[] = ['reduction', 'sampleWeight', 'mask', 'scale'];

/** Checks what a loss was given; `own` are the options it has besides those of every loss. */
export function checkLoss(
  operation: string,
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions,
  own: readonly string[] = [],
): void {
  checkTensor(operation, 'yTrue', yTrue);
  checkTensor(operation, 'yPred', yPred);
  checkOptions(operation, options, [...own, ...lossOptionNames]);
}

/** What a loss itself says about its values. */
export interface Own {
  /** The predictions, with which a mask may travel. */
  readonly yPred?: Tensor;
  /** Which values count: bool, of the shape of the losses. */
  readonly counted?: Tensor | undefined;
  /** Weights that the values already hold, of the shape of the losses. */
  readonly weight?: Tensor | undefined;
}

/** Whether every loss counts the same, and their mean is what is wanted. */
export function isPlainMean({ reduction, sampleWeight, mask, scale = 1 }: LossOptions, yPred: Tensor): boolean {
  const unmasked = mask === null || (mask === undefined && maskOf(yPred) === null);
  const mean = reduction === undefined || means.includes(reduction);
  return mean && sampleWeight === undefined && unmasked && scale === 1;
}

/** Weights, masks and reduces one loss for each sample. */
export function reduceLoss(operation: string, losses: Tensor, options: LossOptions, own: Own = {}): Tensor {
  const { reduction = 'sumOverBatchSize', sampleWeight, scale = 1 } = options;
  checkChoice(operation, 'reduction', reduction, reductions);
  checkNumber(operation, 'scale', scale);
  const mask = maskFor(operation, losses, options.mask, own.yPred);
  const counted = mask === undefined ? own.counted : (own.counted?.logicalAnd(mask) ?? mask);
  const weight =
    sampleWeight === undefined
      ? undefined
      : align(operation, 'sampleWeight', sampleWeight, losses, 'one weight for each sample').cast(losses.dtype);
  const kept = counted === undefined ? losses : where(counted, losses, 0);
  const weighted = weight === undefined ? kept : kept.mul(weight);
  const scaled = scale === 1 ? weighted : weighted.mul(scale);
  if (reduction === 'none') return scaled;
  if (reduction === 'sum') return scaled.sum();
  const byWeight = reduction === 'meanWithSampleWeight';
  const counts = [counted, byWeight ? weight : undefined, byWeight ? own.weight : undefined].filter(
    (count) => count !== undefined,
  );
  if (counts.length === 0) return scaled.mean();
  const count = counts.map((x) => x.cast(losses.dtype)).reduce((product, x) => product.mul(x));
  return quotient(scaled.sum(), count.broadcastTo(losses.shape).sum());
}

/** n / d, and 0 where d is 0 (nothing counts). */
function quotient(n: Tensor, d: Tensor): Tensor {
  const nothing = d.equal(0);
  return where(nothing, 0, n.div(where(nothing, 1, d)));
}

/** The mask of these losses: as given, or the one that travels with the predictions if it speaks of the axes of the losses. */
function maskFor(
  operation: string,
  losses: Tensor,
  given: Tensor | null | undefined,
  yPred: Tensor | undefined,
): Tensor | undefined {
  if (given === null) return undefined;
  if (given !== undefined) {
    if (checkTensor(operation, 'mask', given).dtype !== 'bool')
      throw new DTypeError(operation, { mask: given.dtype }, 'bool', "Convert with .cast('bool').");
    return align(operation, 'mask', given, losses, 'true or false for each sample');
  }
  const travelling = yPred === undefined ? null : maskOf(yPred);
  return travelling !== null && fits(travelling.shape, losses.shape) ? spread(travelling, losses) : undefined;
}

/** Whether the axes of a weight are the first of the losses: [samples] weighs [samples, steps] sample by sample. */
const fits = (axes: readonly number[], losses: readonly number[]): boolean =>
  axes.length <= losses.length &&
  axes[0] === losses[0] &&
  axes.every((extent, axis) => extent === losses[axis] || (axis > 0 && extent === 1));

/** Axes of the losses that the weight lacks are the last ones. */
const spread = (weight: Tensor, losses: Tensor): Tensor =>
  weight.rank === losses.rank
    ? weight
    : weight.reshape([...weight.shape, ...losses.shape.slice(weight.rank).map(() => 1)]);

/** A weight or mask that broadcasts against the losses; it may have a last axis of extent 1 too many, as in Keras. */
function align(operation: string, name: string, weight: Tensor, losses: Tensor, expected: string): Tensor {
  checkTensor(operation, name, weight);
  const excess = weight.rank === losses.rank + 1 && weight.shape[losses.rank] === 1;
  const aligned = excess ? weight.squeeze(-1) : weight;
  if (!fits(aligned.shape, losses.shape)) throw new ShapeError(operation, { [name]: weight, losses }, expected);
  return spread(aligned, losses);
}
