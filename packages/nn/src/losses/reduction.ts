/** From one loss for each sample to the number that is minimized (https://keras.io/api/losses/). */

import type { Tensor } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import { checkChoice, checkOptions, checkTensor } from '../options.js';

/** `sumOverBatchSize` divides the sum by the number of losses (also when they are weighted), as Keras does. */
export type Reduction = 'sumOverBatchSize' | 'sum' | 'none';

/** Options that every loss takes. */
export interface LossOptions {
  /** @defaultValue 'sumOverBatchSize' */
  reduction?: Reduction;
  /** Weight of each sample's loss: [samples], or with further axes, which stand for those of the losses. @defaultValue 1 */
  sampleWeight?: Tensor;
}

/** The names of those options, for checks. */
export const lossOptionNames: readonly string[] = ['reduction', 'sampleWeight'];

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

/** Weights and reduces one loss for each sample. */
export function reduceLoss(
  operation: string,
  losses: Tensor,
  { reduction = 'sumOverBatchSize', sampleWeight }: LossOptions,
): Tensor {
  checkChoice(operation, 'reduction', reduction, ['sumOverBatchSize', 'sum', 'none']);
  const weighted = sampleWeight === undefined ? losses : losses.mul(alignWeight(operation, sampleWeight, losses));
  if (reduction === 'none') return weighted;
  return reduction === 'sum' ? weighted.sum() : weighted.mean();
}

/** Axes of the losses that the weights lack are the last ones: [samples] weighs [samples, steps] sample by sample. */
function alignWeight(operation: string, weight: Tensor, losses: Tensor): Tensor {
  const { rank, shape } = checkTensor(operation, 'sampleWeight', weight);
  const fits = shape.every((extent, axis) => extent === losses.shape[axis] || (axis > 0 && extent === 1));
  if (rank > losses.rank || shape[0] !== losses.shape[0] || !fits) {
    throw new ShapeError(operation, { sampleWeight: weight, losses }, 'one weight for each sample');
  }
  return weight.cast(losses.dtype).reshape([...shape, ...losses.shape.slice(rank).map(() => 1)]);
}
