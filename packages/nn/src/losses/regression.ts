/** Distances between numbers (https://keras.io/api/losses/regression_losses/). */

import { softplus, type Tensor, where } from '@cotangent/autograd';
import { checkNumber } from '../options.js';
import { checkAlike, type LossOptions, perSample, reduceLoss } from './reduction.js';

/** Keeps divisors and logarithms finite (Keras's epsilon). */
const epsilon = 1e-7;

/** yPred − yTrue, in the dtype of the predictions. */
const errors = (yTrue: Tensor, yPred: Tensor): Tensor => yPred.sub(yTrue.cast(yPred.dtype));

/**
 * Mean of squared differences over the last axis: (yTrue − yPred)². (Gluon's L2Loss is half of it.)
 *
 * @param yTrue, yPred [...] of one shape
 * @returns a scalar, or one loss for each sample [...] (without the last axis) with reduction 'none'
 * @throws ShapeError when shapes differ: broadcasting here is nearly always a mistake
 * @see https://keras.io/api/losses/regression_losses/
 */
export function meanSquaredError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanSquaredError';
  checkAlike(operation, yTrue, yPred, options);
  return reduceLoss(operation, perSample(errors(yTrue, yPred).square()), options);
}

/** Mean of |yTrue − yPred| over the last axis. @throws ShapeError when shapes differ. @see https://keras.io/api/losses/regression_losses/ */
export function meanAbsoluteError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanAbsoluteError';
  checkAlike(operation, yTrue, yPred, options);
  return reduceLoss(operation, perSample(errors(yTrue, yPred).abs()), options);
}

/** Mean of 100 |yTrue − yPred| / max(|yTrue|, 1e-7) over the last axis. @throws ShapeError when shapes differ. @see https://keras.io/api/losses/regression_losses/ */
export function meanAbsolutePercentageError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanAbsolutePercentageError';
  checkAlike(operation, yTrue, yPred, options);
  const scale = yTrue.cast(yPred.dtype).abs().maximum(epsilon);
  return reduceLoss(operation, perSample(errors(yTrue, yPred).div(scale).abs().mul(100)), options);
}

/**
 * Mean of (ln(1 + yTrue) − ln(1 + yPred))² over the last axis; numbers below 1e-7 count as that.
 *
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/regression_losses/
 */
export function meanSquaredLogarithmicError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanSquaredLogarithmicError';
  checkAlike(operation, yTrue, yPred, options);
  const logarithm = (x: Tensor): Tensor => x.maximum(epsilon).add(1).log();
  const difference = logarithm(yPred).sub(logarithm(yTrue.cast(yPred.dtype)));
  return reduceLoss(operation, perSample(difference.square()), options);
}

/**
 * Mean over the last axis of ½ e² where |e| ≤ δ, and δ |e| − ½ δ² beyond: squares near 0, lines far out.
 *
 * @param options `delta` δ: 1 unless given
 * @throws ShapeError when shapes differ; ArgumentError unless δ > 0
 * @see Huber 1964; https://keras.io/api/losses/regression_losses/; PyTorch's huber_loss
 */
export function huber(yTrue: Tensor, yPred: Tensor, options: LossOptions & { delta?: number } = {}): Tensor {
  const operation = 'huber';
  checkAlike(operation, yTrue, yPred, options, ['delta']);
  const delta = checkNumber(operation, 'delta', options.delta ?? 1, { above: 0 });
  return reduceLoss(operation, perSample(bent(errors(yTrue, yPred), delta)), options);
}

/** ½ e² within δ, a line beyond. */
function bent(e: Tensor, delta: number): Tensor {
  const size = e.abs();
  return where(size.lessEqual(delta), e.square().mul(0.5), size.mul(delta).sub(0.5 * delta * delta));
}

/**
 * Mean over the last axis of ½ e² / β where |e| < β, and |e| − ½ β beyond: `huber` divided by its δ.
 *
 * @param options `beta` β: 1 unless given
 * @throws ShapeError when shapes differ; ArgumentError unless β > 0
 * @see Girshick 2015, arXiv:1504.08083; PyTorch's smooth_l1_loss; Gluon's HuberLoss, whose rho is β
 */
export function smoothL1(yTrue: Tensor, yPred: Tensor, options: LossOptions & { beta?: number } = {}): Tensor {
  const operation = 'smoothL1';
  checkAlike(operation, yTrue, yPred, options, ['beta']);
  const beta = checkNumber(operation, 'beta', options.beta ?? 1, { above: 0 });
  return reduceLoss(operation, perSample(bent(errors(yTrue, yPred), beta).mul(1 / beta)), options);
}

/** Mean of ln cosh(yPred − yTrue) over the last axis, which does not overflow. @throws ShapeError when shapes differ. @see https://keras.io/api/losses/regression_losses/ */
export function logCosh(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'logCosh';
  checkAlike(operation, yTrue, yPred, options);
  // ln cosh is even: of |e| the sum cancels nothing.
  const size = errors(yTrue, yPred).abs();
  return reduceLoss(operation, perSample(size.add(softplus(size.mul(-2))).sub(Math.LN2)), options);
}
