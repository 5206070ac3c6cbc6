/** Distances between numbers. */

import type { Tensor } from '@cotangent/autograd';
import { ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkLoss, type LossOptions, reduceLoss } from './reduction.js';

/**
 * Mean of squared differences over the last axis: (yTrue − yPred)².
 *
 * @param yTrue, yPred [...] of one shape
 * @returns a scalar, or one loss for each sample [...] (without the last axis) with reduction 'none'
 * @throws ShapeError when shapes differ: broadcasting here is nearly always a mistake
 * @see https://keras.io/api/losses/regression_losses/
 */
export function meanSquaredError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanSquaredError';
  checkLoss(operation, yTrue, yPred, options);
  if (!shapesEqual(yTrue.shape, yPred.shape)) {
    throw new ShapeError(
      operation,
      { yTrue, yPred },
      'equal shapes',
      'Use .reshape() or .expandDims(-1) on one of them.',
    );
  }
  const squared = yPred.sub(yTrue.cast(yPred.dtype)).square();
  return reduceLoss(operation, squared.rank > 1 ? squared.mean({ axis: -1 }) : squared, options);
}
