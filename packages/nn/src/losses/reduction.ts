/** From one loss for each sample to the number that is minimized (https://keras.io/api/losses/). */

import type { Tensor } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import { checkChoice, checkOptions } from '../options.js';

/** `sumOverBatchSize` divides the sum by the number of losses (also when they are weighted), as Keras does. */
export type Reduction = 'sumOverBatchSize' | 'sum' | 'none';

/** Options that every loss takes. */
export interface LossOptions {
  /** @defaultValue 'sumOverBatchSize' */
  reduction?: Reduction;
  /** Weight of each sample's loss; broadcasts to the losses. @defaultValue 1 */
  sampleWeight?: Tensor;
}

/** The names of those options, for checks. */
export const lossOptionNames: readonly string[] = ['reduction', 'sampleWeight'];

/** Checks the options of a loss, those of its own among them. */
export function checkLossOptions(operation: string, options: LossOptions, own: readonly string[] = []): void {
  checkOptions(operation, options, [...own, ...lossOptionNames]);
}

/** Weights and reduces one loss for each sample. */
export function reduceLoss(
  operation: string,
  losses: Tensor,
  { reduction = 'sumOverBatchSize', sampleWeight }: LossOptions,
): Tensor {
  checkChoice(operation, 'reduction', reduction, ['sumOverBatchSize', 'sum', 'none']);
  if (sampleWeight !== undefined && (sampleWeight.rank > losses.rank || sampleWeight.shape[0] !== losses.shape[0])) {
    throw new ShapeError(operation, { sampleWeight, losses }, 'one weight for each sample');
  }
  const weighted = sampleWeight === undefined ? losses : losses.mul(sampleWeight.cast(losses.dtype));
  if (reduction === 'none') return weighted;
  return reduction === 'sum' ? weighted.sum() : weighted.mean();
}
