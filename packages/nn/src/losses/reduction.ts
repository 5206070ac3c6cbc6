/** From one loss for each sample to the number that is minimized (https://keras.io/api/losses/). */

import { type Tensor, take, tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkChoice, checkOptions, checkTensor, shown } from '../options.js';

/**
 * `sumOverBatchSize` (or `mean`) divides the sum by the number of losses, also when they are weighted; `meanWithSampleWeight` by the sum of
 * the weights (as PyTorch does with class weights).
 */
export type Reduction = 'sumOverBatchSize' | 'mean' | 'meanWithSampleWeight' | 'sum' | 'none';

const reductions: readonly Reduction[] = ['sumOverBatchSize', 'sum', 'none', 'mean', 'meanWithSampleWeight'];

/** Options that every loss takes. */
export interface LossOptions {
  /** @defaultValue 'sumOverBatchSize' */
  reduction?: Reduction;
  /** Weight of each sample's loss: [samples], or with further axes, which stand for those of the losses. @defaultValue 1 */
  sampleWeight?: Tensor;
  /** bool, shaped as `sampleWeight`: where false, a loss counts neither in the sum nor in the number (Keras). @defaultValue all true */
  mask?: Tensor;
}

/** The names of those options, for checks. */
export const lossOptionNames: readonly string[] = ['reduction', 'sampleWeight', 'mask'];

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

/** Checks also that targets and predictions have one shape: broadcasting here is nearly always a mistake. */
export function checkAlike(
  operation: string,
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions,
  own: readonly string[] = [],
): void {
  checkLoss(operation, yTrue, yPred, options, own);
  if (shapesEqual(yTrue.shape, yPred.shape)) return;
  throw new ShapeError(
    operation,
    { yTrue, yPred },
    'equal shapes',
    'Use .reshape() or .expandDims(-1) on one of them.',
  );
}

/** The mean over the last axis: one loss for each sample. A single axis is that of the samples. */
export const perSample = (losses: Tensor): Tensor => (losses.rank > 1 ? losses.mean({ axis: -1 }) : losses);

/** Weights and reduces one loss for each sample. */
export function reduceLoss(operation: string, losses: Tensor, options: LossOptions): Tensor {
  const { reduction = 'sumOverBatchSize', sampleWeight, mask } = options;
  checkChoice(operation, 'reduction', reduction, reductions);
  let weights = sampleWeight === undefined ? null : aligned(operation, 'sampleWeight', sampleWeight, losses);
  let count: Tensor | null = null;
  if (mask !== undefined) {
    if (checkTensor(operation, 'mask', mask).dtype !== 'bool')
      throw new DTypeError(operation, { mask: mask.dtype }, 'bool', "Convert with .cast('bool').");
    const shows = aligned(operation, 'mask', mask, losses).broadcastTo(losses.shape);
    count = shows.sum();
    weights = weights === null ? shows : weights.mul(shows);
  }
  const weighted = weights === null ? losses : losses.mul(weights);
  if (reduction === 'none') return weighted;
  if (reduction === 'sum') return weighted.sum();
  if (reduction === 'meanWithSampleWeight') count = weights === null ? null : weights.broadcastTo(losses.shape).sum();
  // Nothing shown at all makes a loss of 0, not of NaN (Keras).
  return count === null ? weighted.mean() : quotient(weighted.sum(), count);
}

/** a / b, and 0 where b is 0. */
function quotient(a: Tensor, b: Tensor): Tensor {
  const nothing = b.equal(0).cast(b.dtype);
  return a.div(b.add(nothing)).mul(nothing.neg().add(1));
}

/** Axes of the losses that the weights lack are the last ones: [samples] weighs [samples, steps] sample by sample. */
function aligned(operation: string, name: string, weight: Tensor, losses: Tensor): Tensor {
  const { rank, shape } = checkTensor(operation, name, weight);
  const fits = shape.every((extent, axis) => extent === losses.shape[axis] || (axis > 0 && extent === 1));
  if (rank > losses.rank || shape[0] !== losses.shape[0] || !fits) {
    throw new ShapeError(operation, { [name]: weight, losses }, 'one weight for each sample');
  }
  return weight.cast(losses.dtype).reshape([...shape, ...losses.shape.slice(rank).map(() => 1)]);
}

/** Weights by class, number k being that of class k. */
export type ClassWeight = readonly number[] | Tensor;

/** The options with the weights of the classes of some labels in their sample weights. */
export function withClassWeight(
  operation: string,
  options: LossOptions & { classWeight?: ClassWeight },
  labels: Tensor,
  classes: number,
  dtype: Tensor['dtype'],
): LossOptions {
  const { classWeight, sampleWeight, ...rest } = options;
  if (classWeight === undefined) return options;
  const weights = Array.isArray(classWeight) ? tensor(classWeight as number[], { dtype }) : (classWeight as Tensor);
  if (checkTensor(operation, 'classWeight', weights).rank !== 1 || weights.size !== classes)
    throw new ArgumentError(
      operation,
      `got classWeight ${shown(classWeight)}; expected ${classes} numbers, one for each class`,
    );
  const own = take(weights.cast(dtype), labels.cast('int32'));
  return {
    ...rest,
    sampleWeight: sampleWeight === undefined ? own : own.mul(aligned(operation, 'sampleWeight', sampleWeight, own)),
  };
}
