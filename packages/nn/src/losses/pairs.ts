/** Losses that compare targets and predictions one to one. */

import type { Tensor } from '@cotangent/autograd';
import { floatingDType, normalizeAxis, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkLoss, isPlainMean, type LossOptions, reduceLoss } from './reduction.js';

/** Probabilities are kept this far from 0 and 1 before their logarithm is taken, divisors from 0 (Keras's epsilon). */
export const epsilon = 1e-7;

/**
 * Targets and predictions, checked, in the floating dtype of the predictions.
 *
 * @throws ShapeError when shapes differ: broadcasting here is nearly always a mistake
 */
export function checkPairs(
  operation: string,
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions,
  own: readonly string[] = [],
): [target: Tensor, predicted: Tensor] {
  checkLoss(operation, yTrue, yPred, options, own);
  if (!shapesEqual(yTrue.shape, yPred.shape)) {
    throw new ShapeError(
      operation,
      { yTrue, yPred },
      'equal shapes',
      'Use .reshape() or .expandDims(-1) on one of them.',
    );
  }
  const dtype = floatingDType(yPred.dtype);
  return [yTrue.cast(dtype), yPred.cast(dtype)];
}

/** Reduces one value for each number: the loss of a sample is their mean over an axis. A vector holds one number a sample. */
export function reduceNumbers(
  operation: string,
  values: Tensor,
  options: LossOptions,
  yPred: Tensor,
  axis: number = -1,
): Tensor {
  if (values.rank < 2) return reduceLoss(operation, values, options, { yPred });
  // A mean of means of as many numbers each is the mean of all.
  if (isPlainMean(options, yPred) && normalizeAxis(operation, axis, values.rank) >= 0)
    return reduceLoss(operation, values, options);
  return reduceLoss(operation, values.mean({ axis }), options, { yPred });
}
