/** Losses that ask for a margin (https://keras.io/api/losses/hinge_losses/). */

import { all, type Tensor, where } from '@cotangent/autograd';
import { checkChoice, checkNumber } from '../options.js';
import { logisticCosts } from './binary.js';
import { type ClassLossOptions, classWeights, labelled, labelPlaces, scoreAt, weightOfLabel } from './classes.js';
import { checkPairs, reduceNumbers } from './pairs.js';
import { checkLoss, type LossOptions, reduceLoss } from './reduction.js';

/** Options of losses that ask for a margin. */
export interface MarginOptions extends LossOptions {
  /** How far on the right side a prediction must be to cost nothing. @defaultValue 1 */
  margin?: number;
}

/** max(0, margin − y ŷ), where targets that are all 0 or 1 stand for −1 and 1 (Keras). */
function shortfall(operation: string, yTrue: Tensor, yPred: Tensor, options: MarginOptions): Tensor {
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['margin']);
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const binary = all(y.equal(0).logicalOr(y.equal(1)));
  const signs = where(binary, y.mul(2).sub(1), y);
  return signs.mul(p).neg().add(margin).relu();
}

/**
 * max(0, margin − y ŷ), its mean over the last axis.
 *
 * @param yTrue −1 or 1, or all 0 or 1, [...]
 * @param yPred scores of their shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/hinge_losses/ (margin 1); Gluon's HingeLoss
 * @example
 * nn.losses.hinge(tensor([[-1, 1]]), tensor([[0.5, 2]])); // → 0.75
 */
export function hinge(yTrue: Tensor, yPred: Tensor, options: MarginOptions = {}): Tensor {
  return reduceNumbers('hinge', shortfall('hinge', yTrue, yPred, options), options, yPred);
}

/**
 * max(0, margin − y ŷ)², its mean over the last axis.
 *
 * @param yTrue −1 or 1, or all 0 or 1, [...]
 * @param yPred scores of their shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/hinge_losses/ (margin 1); Gluon's SquaredHingeLoss
 * @example
 * nn.losses.squaredHinge(tensor([[-1, 1]]), tensor([[1, 2]])); // → 2
 */
export function squaredHinge(yTrue: Tensor, yPred: Tensor, options: MarginOptions = {}): Tensor {
  const operation = 'squaredHinge';
  return reduceNumbers(operation, shortfall(operation, yTrue, yPred, options).square(), options, yPred);
}

/**
 * max(0, 1 + max((1 − y) ŷ) − Σ y ŷ): the right class must be ahead of all others by 1.
 *
 * @param yTrue one-hot [..., classes]
 * @param yPred scores of their shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/hinge_losses/
 * @example
 * nn.losses.categoricalHinge(tensor([[0, 1]]), tensor([[1, 1.5]])); // → 0.5
 */
export function categoricalHinge(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'categoricalHinge';
  const [y, p] = checkPairs(operation, yTrue, yPred, options);
  const right = y.mul(p).sum({ axis: -1 });
  const wrong = y.neg().add(1).mul(p).max({ axis: -1 });
  return reduceLoss(operation, wrong.sub(right).add(1).relu(), options, { yPred });
}

/**
 * ŷ where the target is 1, max(0, margin − ŷ) where it is −1, 0 elsewhere: for distances of pairs that are alike (1) or not. The
 * mean over the last axis.
 *
 * @param yTrue −1 or 1, [...]
 * @param yPred distances of their shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for a margin that is not finite
 * @see https://pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
 * @example
 * nn.losses.hingeEmbedding(tensor([[1, -1]]), tensor([[0.5, 0.25]])); // → 0.625
 */
export function hingeEmbedding(yTrue: Tensor, yPred: Tensor, options: MarginOptions = {}): Tensor {
  const operation = 'hingeEmbedding';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['margin']);
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const apart = where(y.equal(-1), p.neg().add(margin).relu(), 0);
  return reduceNumbers(operation, where(y.equal(1), p, apart), options, yPred);
}

/** Options of `logistic`. */
export interface LogisticOptions extends LossOptions {
  /** Whether targets are −1 and 1 or 0 and 1. @defaultValue 'signed' */
  labelFormat?: 'signed' | 'binary';
}

/**
 * ln(1 + e^(−y ŷ)) for targets y of −1 or 1, its mean over the last axis. (Gluon's LogisticLoss, PyTorch's SoftMarginLoss.)
 *
 * @param yTrue −1 or 1, or 0 or 1 with `labelFormat: 'binary'`, [...]
 * @param yPred scores of their shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for another label format
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/loss/
 * @example
 * // ln 2
 * nn.losses.logistic(tensor([[1, -1]]), tensor([[0, 0]])); // → 0.69315
 */
export function logistic(yTrue: Tensor, yPred: Tensor, options: LogisticOptions = {}): Tensor {
  const operation = 'logistic';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['labelFormat']);
  const format = checkChoice(operation, 'labelFormat', options.labelFormat ?? 'signed', ['signed', 'binary']);
  return reduceNumbers(operation, logisticCosts(format === 'binary' ? y : y.add(1).mul(0.5), p), options, yPred);
}

/** Options of `multiMargin`. */
export interface MultiMarginOptions extends MarginOptions, ClassLossOptions {
  /** The power of what is missing, 1 or 2. @defaultValue 1 */
  p?: 1 | 2;
}

/**
 * Σ max(0, margin − ŷ[label] + ŷ[i])ᵖ / classes over the wrong classes i, times the weight of the label.
 *
 * @param yTrue whole numbers [...], or [..., 1]; any dtype
 * @param yPred scores [..., classes]
 * @returns a scalar, or [...] with reduction 'none'
 * @throws IndexError for a label that is NaN or out of range; ShapeError when shapes do not fit; ArgumentError for another p
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
 * @example
 * nn.losses.multiMargin(tensor([0]), tensor([[1, 0.5]])); // → 0.25
 */
export function multiMargin(yTrue: Tensor, yPred: Tensor, options: MultiMarginOptions = {}): Tensor {
  const operation = 'multiMargin';
  checkLoss(operation, yTrue, yPred, options, ['margin', 'p', 'axis', 'classWeight']);
  const rows = labelled(operation, yTrue, yPred, { axis: options.axis ?? -1 });
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const power = checkNumber(operation, 'p', options.p ?? 1, { atLeast: 1, atMost: 2, whole: true });
  const places = labelPlaces(rows);
  const missing = rows.scores.sub(scoreAt(places, rows.scores).expandDims(-1)).add(margin).relu();
  const losses = where(places, 0, power === 2 ? missing.square() : missing).mean({ axis: -1 });
  const weight = weightOfLabel(classWeights(operation, options.classWeight, rows.scores), rows.labels);
  return reduceLoss(operation, weight === undefined ? losses : losses.mul(weight), options, { yPred, weight });
}
