/** Cross-entropies between classes and predictions (https://keras.io/api/losses/probabilistic_losses/). */

import { softmaxCrossEntropy, type Tensor } from '@cotangent/autograd';
import { checkNumber } from '../options.js';
import {
  type ClassLossOptions,
  classWeights,
  type LabelLossOptions,
  labelled,
  labelPlaces,
  scoreAt,
  weightOfLabel,
} from './classes.js';
import {
  type CrossentropyOptions,
  checkSmoothing,
  distributions,
  renormalized,
  type SmoothingOptions,
  smoothed,
} from './crossentropy.js';
import { modulated } from './focal.js';
import { epsilon } from './pairs.js';
import { checkLoss, reduceLoss } from './reduction.js';

/** Options of `categoricalCrossentropy`. */
export interface CategoricalCrossentropyOptions extends SmoothingOptions, ClassLossOptions {}

/** Options of `sparseCategoricalCrossentropy`. */
export interface SparseCategoricalCrossentropyOptions extends SmoothingOptions, LabelLossOptions {}

const logitOptions = ['fromLogits', 'labelSmoothing', 'axis', 'classWeight'];

/**
 * Cross-entropy with class indices: −ln p[label].
 *
 * @param yTrue whole numbers [...], or [..., 1]; any dtype
 * @param yPred [..., classes]: probabilities, or logits with `fromLogits`
 * @returns a scalar, or [...] with reduction 'none'
 * @throws IndexError for a label that is NaN or out of range; ShapeError when shapes do not fit; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/ (probabilities are clipped at 1e-7 and renormalized)
 * @example
 * // ln 2
 * nn.losses.sparseCategoricalCrossentropy(tensor([1], { dtype: 'int32' }), tensor([[0, 0]]), { fromLogits: true }); // → 0.69315
 */
export function sparseCategoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: SparseCategoricalCrossentropyOptions = {},
): Tensor {
  const operation = 'sparseCategoricalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, [...logitOptions, 'ignoreClass']);
  const mend = 'For one-hot targets use categoricalCrossentropy.';
  const { labels, scores, counted } = labelled(operation, yTrue, yPred, options, mend);
  const logits = options.fromLogits === true ? scores : scores.clip(epsilon, 1 - epsilon).log();
  const weights = classWeights(operation, options.classWeight, scores);
  const smoothing = checkSmoothing(operation, options);
  const losses = softmaxCrossEntropy(logits, labels);
  const weight = weightOfLabel(weights, labels);
  const weighted = weight === undefined ? losses : losses.mul(weight);
  const own = { yPred, counted, weight };
  if (smoothing === 0) return reduceLoss(operation, weighted, options, own);
  const logProbabilities = logits.logSoftmax();
  const uniform = (weights === undefined ? logProbabilities : logProbabilities.mul(weights)).mean({ axis: -1 });
  return reduceLoss(operation, weighted.mul(1 - smoothing).sub(uniform.mul(smoothing)), options, own);
}

/**
 * Cross-entropy with a distribution over classes: −Σ w y ln p, with the weights w of the classes.
 *
 * @param yTrue one-hot or other probabilities [..., classes]
 * @param yPred [..., classes]: probabilities (renormalized to sum 1), or logits with `fromLogits`
 * @returns a scalar, or [...] with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/
 * @example
 * // ln 2
 * nn.losses.categoricalCrossentropy(tensor([[0, 1]]), tensor([[0, 0]]), { fromLogits: true }); // → 0.69315
 */
export function categoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: CategoricalCrossentropyOptions = {},
): Tensor {
  const operation = 'categoricalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, logitOptions);
  const [exact, scores] = distributions(operation, yTrue, yPred, options.axis);
  const target = smoothed(operation, exact, options);
  const weights = classWeights(operation, options.classWeight, scores);
  const logProbabilities = options.fromLogits === true ? scores.logSoftmax() : renormalized(scores).log();
  const products = target.mul(logProbabilities);
  const losses = (weights === undefined ? products : products.mul(weights)).sum({ axis: -1 }).neg();
  return reduceLoss(operation, losses, options, { yPred, weight: weights && exact.mul(weights).sum({ axis: -1 }) });
}

/** Options of `categoricalFocalCrossentropy`. */
export interface CategoricalFocalCrossentropyOptions extends SmoothingOptions {
  /** What every class counts, one number or one for each. @defaultValue 0.25 */
  alpha?: number | readonly number[] | Tensor;
  /** How little easy samples count: their loss has the factor (1 − p)ᵞ. @defaultValue 2 */
  gamma?: number;
  /** The axis of yPred that holds the classes. @defaultValue −1 */
  axis?: number;
}

/**
 * −Σ α (1 − p)ᵞ y ln p: cross-entropy in which easy samples count little. Of logits nothing is clipped.
 *
 * @param yTrue one-hot or other probabilities [..., classes]
 * @param yPred [..., classes]: probabilities (renormalized to sum 1), or logits with `fromLogits`
 * @returns a scalar, or [...] with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/; Lin et al. 2017, arXiv:1708.02002
 * @example
 * // ln 2 / 16
 * nn.losses.categoricalFocalCrossentropy(tensor([[0, 1]]), tensor([[0.5, 0.5]])); // → 0.043322
 */
export function categoricalFocalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: CategoricalFocalCrossentropyOptions = {},
): Tensor {
  const operation = 'categoricalFocalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, ['alpha', 'gamma', 'fromLogits', 'labelSmoothing', 'axis']);
  const { alpha = 0.25, gamma = 2, fromLogits = false } = options;
  const [exact, scores] = distributions(operation, yTrue, yPred, options.axis);
  const p = fromLogits ? undefined : renormalized(scores);
  const logProbabilities = p === undefined ? scores.logSoftmax() : p.log();
  const missed = p === undefined ? logProbabilities.expm1().neg() : p.neg().add(1);
  const costs = smoothed(operation, exact, options).mul(logProbabilities).neg();
  const factor =
    typeof alpha === 'number'
      ? checkNumber(operation, 'alpha', alpha, { atLeast: 0 })
      : classWeights(operation, alpha, scores, 'alpha')!;
  const losses = modulated(costs, missed, checkNumber(operation, 'gamma', gamma, { atLeast: 0 })).mul(factor);
  return reduceLoss(operation, losses.sum({ axis: -1 }), options, { yPred });
}

/**
 * −x[label] of log-probabilities x: the cross-entropy that remains after `logSoftmax`. (PyTorch's NLLLoss; Gluon's
 * SoftmaxCrossEntropyLoss with `from_logits`.)
 *
 * @param yTrue whole numbers [...], or [..., 1]; any dtype
 * @param yPred log-probabilities [..., classes]
 * @returns a scalar, or [...] with reduction 'none'
 * @throws IndexError for a label that is NaN or out of range; ShapeError when shapes do not fit
 * @see https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
 * @example
 * nn.losses.negativeLogLikelihood(tensor([1]), tensor([[1, 3]]).logSoftmax()); // → 0.12693
 */
export function negativeLogLikelihood(yTrue: Tensor, yPred: Tensor, options: LabelLossOptions = {}): Tensor {
  const operation = 'negativeLogLikelihood';
  checkLoss(operation, yTrue, yPred, options, ['axis', 'classWeight', 'ignoreClass']);
  const rows = labelled(operation, yTrue, yPred, options);
  const losses = scoreAt(labelPlaces(rows), rows.scores).neg();
  const weight = weightOfLabel(classWeights(operation, options.classWeight, rows.scores), rows.labels);
  return reduceLoss(operation, weight === undefined ? losses : losses.mul(weight), options, {
    yPred,
    counted: rows.counted,
    weight,
  });
}

/** Options of `categoricalGeneralizedCrossEntropy`. */
export interface GeneralizedCrossEntropyOptions extends CrossentropyOptions {
  /** Between 0 and 1: near 0 the loss is the cross-entropy, near 1 it is 1 − p and heeds wrong labels less. @defaultValue 0.5 */
  q?: number;
}

/**
 * (1 − pᑫ) / q, with the probability p of the label: between cross-entropy and absolute error, for labels that are sometimes wrong.
 *
 * @param yTrue whole numbers [...], or [..., 1]; any dtype
 * @param yPred [..., classes]: probabilities, taken as they are (the gradient is infinite at 0), or logits with `fromLogits`
 * @returns a scalar, or [...] with reduction 'none'
 * @throws IndexError for a label that is NaN or out of range; ShapeError when shapes do not fit; ArgumentError unless 0 < q < 1
 * @see https://keras.io/api/losses/probabilistic_losses/; Zhang & Sabuncu 2018, arXiv:1805.07836
 * @example
 * nn.losses.categoricalGeneralizedCrossEntropy(tensor([0]), tensor([[0.25, 0.75]])); // → 1
 */
export function categoricalGeneralizedCrossEntropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: GeneralizedCrossEntropyOptions = {},
): Tensor {
  const operation = 'categoricalGeneralizedCrossEntropy';
  checkLoss(operation, yTrue, yPred, options, ['q', 'fromLogits']);
  const q = checkNumber(operation, 'q', options.q ?? 0.5, { above: 0, below: 1 });
  const rows = labelled(operation, yTrue, yPred, {});
  const losses =
    options.fromLogits === true
      ? softmaxCrossEntropy(rows.scores, rows.labels).mul(-q).expm1().neg()
      : scoreAt(labelPlaces(rows), rows.scores).pow(q).neg().add(1);
  return reduceLoss(operation, losses.div(q), options, { yPred });
}
