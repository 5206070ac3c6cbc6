/** Losses that are content with a margin (https://keras.io/api/losses/hinge_losses/). */

import { softplus, type Tensor, takeAlongAxis, where } from '@cotangent/autograd';
import { ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkChoice, checkNumber } from '../options.js';
import { checkAlike, checkLoss, type LossOptions, perSample, reduceLoss } from './reduction.js';

/** Targets −1 and 1, in the dtype of the predictions; of 0 and 1, when there are no others, 0 becomes −1 (Keras). */
function signs(yTrue: Tensor, yPred: Tensor): Tensor {
  const y = yTrue.detach();
  const binary = y.equal(0).logicalOr(y.equal(1)).all();
  const signed = yTrue.cast(yPred.dtype);
  return where(binary, signed.mul(2).sub(1), signed);
}

/** Mean of max(1 − y p, 0) over the last axis, with targets −1 and 1, or 0 and 1. @throws ShapeError when shapes differ. @see https://keras.io/api/losses/hinge_losses/ */
export function hinge(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  checkAlike('hinge', yTrue, yPred, options);
  return reduceLoss('hinge', perSample(signs(yTrue, yPred).mul(yPred).neg().add(1).relu()), options);
}

/** Mean of max(1 − y p, 0)² over the last axis, with targets −1 and 1, or 0 and 1. @throws ShapeError when shapes differ. @see https://keras.io/api/losses/hinge_losses/ */
export function squaredHinge(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'squaredHinge';
  checkAlike(operation, yTrue, yPred, options);
  return reduceLoss(operation, perSample(signs(yTrue, yPred).mul(yPred).neg().add(1).relu().square()), options);
}

/**
 * max(1 + the largest prediction of a wrong class − that of the right one, 0): max((1 − y) p) − Σ y p + 1.
 *
 * @param yTrue one-hot [..., classes]
 * @param yPred [..., classes]
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/hinge_losses/
 */
export function categoricalHinge(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'categoricalHinge';
  checkAlike(operation, yTrue, yPred, options);
  const y = yTrue.cast(yPred.dtype);
  const right = y.mul(yPred).sum({ axis: -1 });
  const wrong = y.neg().add(1).mul(yPred).max({ axis: -1 });
  return reduceLoss(operation, wrong.sub(right).add(1).relu(), options);
}

/**
 * ln(1 + e^(−y p)), mean over the last axis: the cross-entropy of two classes by their signs.
 *
 * @param options `labelFormat`: 'signed' for targets −1 and 1 (unless given), 'binary' for 0 and 1
 * @throws ShapeError when shapes differ
 * @see Gluon's LogisticLoss; PyTorch's SoftMarginLoss
 */
export function logistic(
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions & { labelFormat?: 'signed' | 'binary' } = {},
): Tensor {
  const operation = 'logistic';
  checkAlike(operation, yTrue, yPred, options, ['labelFormat']);
  const format = checkChoice(operation, 'labelFormat', options.labelFormat ?? 'signed', ['signed', 'binary']);
  const y = yTrue.cast(yPred.dtype);
  const signed = format === 'signed' ? y : y.mul(2).sub(1);
  return reduceLoss(operation, perSample(softplus(signed.mul(yPred).neg())), options);
}

/**
 * Of distances p: p where the target is 1, max(0, margin − p) where it is −1. Mean over the last axis.
 *
 * @param options `margin`: 1 unless given
 * @throws ShapeError when shapes differ
 * @see PyTorch's HingeEmbeddingLoss
 */
export function hingeEmbedding(yTrue: Tensor, yPred: Tensor, options: LossOptions & { margin?: number } = {}): Tensor {
  const operation = 'hingeEmbedding';
  checkAlike(operation, yTrue, yPred, options, ['margin']);
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const losses = where(yTrue.equal(1), yPred, yPred.neg().add(margin).relu());
  return reduceLoss(operation, perSample(losses), options);
}

/** Options of `multiMargin`. */
export interface MultiMarginOptions extends LossOptions {
  /** @defaultValue 1 */
  margin?: number;
  /** 1, or 2 for squares. @defaultValue 1 */
  power?: 1 | 2;
}

/**
 * Σ max(0, margin − p[label] + p[other])^power / classes, over the other classes.
 *
 * @param yTrue class indices [...]
 * @param yPred [..., classes]
 * @throws ShapeError when shapes do not fit; IndexError for a label out of range
 * @see PyTorch's MultiMarginLoss
 */
export function multiMargin(yTrue: Tensor, yPred: Tensor, options: MultiMarginOptions = {}): Tensor {
  const operation = 'multiMargin';
  checkLoss(operation, yTrue, yPred, options, ['margin', 'power']);
  if (!shapesEqual(yTrue.shape, yPred.shape.slice(0, -1)))
    throw new ShapeError(operation, { yTrue, yPred }, 'yTrue [...] and yPred [..., classes]');
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const power = options.power ?? 1;
  checkChoice(operation, 'power', String(power), ['1', '2']);
  const right = takeAlongAxis(yPred, yTrue.cast('int32').expandDims(-1), { axis: -1 });
  const short = yPred.sub(right).add(margin).relu();
  const own = power === 1 ? Math.max(0, margin) : Math.max(0, margin) ** 2; // the right class itself, in every sum
  const sum = (power === 1 ? short : short.square()).sum({ axis: -1 }).sub(own);
  return reduceLoss(operation, sum.mul(1 / yPred.shape[yPred.rank - 1]!), options);
}

/**
 * max(0, −y (a − b) + margin): a is to be larger where y is 1, b where it is −1.
 *
 * @param yTrue [...]
 * @param first, second a and b, of the shape of yTrue
 * @param options `margin`: 0 unless given
 * @throws ShapeError when shapes differ
 * @see PyTorch's MarginRankingLoss
 */
export function marginRanking(
  yTrue: Tensor,
  first: Tensor,
  second: Tensor,
  options: LossOptions & { margin?: number } = {},
): Tensor {
  const operation = 'marginRanking';
  checkAlike(operation, yTrue, first, options, ['margin']);
  checkAlike(operation, yTrue, second, options, ['margin']);
  const margin = checkNumber(operation, 'margin', options.margin ?? 0);
  const losses = yTrue.cast(first.dtype).mul(first.sub(second)).neg().add(margin).relu();
  return reduceLoss(operation, perSample(losses), options);
}
