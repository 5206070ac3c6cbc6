/** Losses of predictions of one class among several (https://keras.io/api/losses/probabilistic_losses/). */

import { softmaxCrossEntropy, type Tensor, takeAlongAxis, where } from '@cotangent/autograd';
import { ArgumentError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkBoolean, checkNumber } from '../options.js';
import { type ClassWeight, checkLoss, type LossOptions, reduceLoss, withClassWeight } from './reduction.js';

/** Probabilities are kept this far from 0 and 1 before their logarithm is taken (Keras's epsilon). */
const epsilon = 1e-7;

/** Options of the cross-entropies. */
export interface CrossentropyOptions extends LossOptions {
  /** Whether predictions are logits rather than probabilities; more accurate, and faster. @defaultValue false (Keras) */
  fromLogits?: boolean;
  /** What each class counts for; number k is that of class k. @defaultValue all 1 */
  classWeight?: ClassWeight;
}

/** Options of `sparseCategoricalCrossentropy`. */
export interface SparseCategoricalCrossentropyOptions extends CrossentropyOptions {
  /** A label that stands for "none": such samples count neither in the sum nor in the number (PyTorch's ignore_index). @defaultValue none */
  ignoreClass?: number;
}

/** Options of `categoricalCrossentropy`. */
export interface CategoricalCrossentropyOptions extends CrossentropyOptions {
  /** Mixes the targets with the uniform distribution: y ← y (1 − ε) + ε / classes. @defaultValue 0 */
  labelSmoothing?: number;
}

/** Labels [...] from [...] or [..., 1], for predictions [..., classes]. */
function labelsFor(operation: string, yTrue: Tensor, yPred: Tensor): Tensor {
  const labels = yTrue.rank === yPred.rank && yTrue.shape[yTrue.rank - 1] === 1 ? yTrue.squeeze(-1) : yTrue;
  if (shapesEqual(labels.shape, yPred.shape.slice(0, -1))) return labels;
  const mend = shapesEqual(yTrue.shape, yPred.shape) ? 'For one-hot targets use categoricalCrossentropy.' : undefined;
  throw new ShapeError(operation, { yTrue, yPred }, 'yTrue [...] and yPred [..., classes]', mend);
}

/** Throws unless targets are distributions over the classes of the predictions. */
function checkDistributions(operation: string, yTrue: Tensor, yPred: Tensor): void {
  if (shapesEqual(yTrue.shape, yPred.shape)) return;
  const sparse = shapesEqual(yTrue.shape, yPred.shape.slice(0, -1));
  const mend = sparse ? 'For class indices use sparseCategoricalCrossentropy.' : undefined;
  throw new ShapeError(operation, { yTrue, yPred }, 'equal shapes [..., classes]', mend);
}

/**
 * Cross-entropy with class indices: −ln p[label].
 *
 * @param yTrue whole numbers [...], or [..., 1]; any dtype
 * @param yPred [..., classes]: probabilities, or logits with `fromLogits`
 * @returns a scalar, or [...] with reduction 'none'
 * @throws IndexError for a label that is NaN or out of range; ShapeError when shapes do not fit
 * @see https://keras.io/api/losses/probabilistic_losses/ (probabilities are clipped at 1e-7 and renormalized)
 * @example
 * nn.losses.sparseCategoricalCrossentropy(tensor([1], { dtype: 'int32' }), tensor([[0, 0]]), { fromLogits: true }); // → ln 2
 */
export function sparseCategoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: SparseCategoricalCrossentropyOptions = {},
): Tensor {
  const operation = 'sparseCategoricalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, ['fromLogits', 'classWeight', 'ignoreClass']);
  const { ignoreClass, ...others } = options;
  const given = labelsFor(operation, yTrue, yPred);
  const fromLogits = checkBoolean(operation, 'fromLogits', options.fromLogits ?? false);
  const logits = fromLogits ? yPred : yPred.clip(epsilon, 1 - epsilon).log();
  const classes = yPred.shape[yPred.rank - 1]!;
  if (ignoreClass === undefined) {
    const weighted = withClassWeight(operation, others, given, classes, yPred.dtype);
    return reduceLoss(operation, softmaxCrossEntropy(logits, given), weighted);
  }
  checkNumber(operation, 'ignoreClass', ignoreClass, { whole: true });
  const counts = given.notEqual(ignoreClass);
  const labels = where(counts, given, 0);
  const weighted = withClassWeight(operation, others, labels, classes, yPred.dtype);
  const mask = others.mask === undefined ? counts : counts.logicalAnd(others.mask);
  return reduceLoss(operation, softmaxCrossEntropy(logits, labels), { ...weighted, mask });
}

/** The logarithms of what predictions say of each class. */
function logProbabilitiesOf(yPred: Tensor, fromLogits: boolean): Tensor {
  if (fromLogits) return yPred.logSoftmax();
  return yPred
    .div(yPred.sum({ axis: -1, keepDims: true }))
    .clip(epsilon, 1 - epsilon)
    .log();
}

/** The targets, smoothed, in the dtype of the predictions. */
function smoothed(operation: string, yTrue: Tensor, yPred: Tensor, labelSmoothing: number = 0): Tensor {
  const smoothing = checkNumber(operation, 'labelSmoothing', labelSmoothing, { atLeast: 0 });
  if (smoothing > 1)
    throw new ArgumentError(operation, `got labelSmoothing ${smoothing}; expected a number from 0 to 1`);
  const exact = yTrue.cast(yPred.dtype);
  return smoothing === 0 ? exact : exact.mul(1 - smoothing).add(smoothing / yPred.shape[yPred.rank - 1]!);
}

/**
 * Cross-entropy with a distribution over classes: −Σ y ln p.
 *
 * @param yTrue one-hot or other probabilities [..., classes]
 * @param yPred [..., classes]: probabilities (renormalized to sum 1), or logits with `fromLogits`
 * @param options `classWeight` weighs by the likeliest class of the target
 * @returns a scalar, or [...] with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export function categoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: CategoricalCrossentropyOptions = {},
): Tensor {
  const operation = 'categoricalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, ['fromLogits', 'labelSmoothing', 'classWeight']);
  checkDistributions(operation, yTrue, yPred);
  const target = smoothed(operation, yTrue, yPred, options.labelSmoothing);
  const logProbabilities = logProbabilitiesOf(yPred, options.fromLogits === true);
  const weighted =
    options.classWeight === undefined
      ? options
      : withClassWeight(operation, options, yTrue.argmax({ axis: -1 }), yPred.shape[yPred.rank - 1]!, yPred.dtype);
  return reduceLoss(operation, target.mul(logProbabilities).sum({ axis: -1 }).neg(), weighted);
}

/** Options of `categoricalFocalCrossentropy`. */
export interface CategoricalFocalOptions extends LossOptions {
  /** Whether predictions are logits rather than probabilities. @defaultValue false */
  fromLogits?: boolean;
  /** @defaultValue 0 */
  labelSmoothing?: number;
  /** How strongly what is easy is discounted; 0 not at all. @defaultValue 2 */
  gamma?: number;
  /** What everything is multiplied by. @defaultValue 0.25 */
  alpha?: number;
}

/**
 * −Σ α (1 − p)^γ y ln p. Of logits it is exact, where Keras clips their probabilities at 1e-7.
 *
 * @param yTrue, yPred [..., classes]
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see Lin et al. 2017, arXiv:1708.02002; https://keras.io/api/losses/probabilistic_losses/
 */
export function categoricalFocalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: CategoricalFocalOptions = {},
): Tensor {
  const operation = 'categoricalFocalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, ['fromLogits', 'labelSmoothing', 'gamma', 'alpha']);
  checkDistributions(operation, yTrue, yPred);
  const target = smoothed(operation, yTrue, yPred, options.labelSmoothing);
  const gamma = checkNumber(operation, 'gamma', options.gamma ?? 2, { atLeast: 0 });
  const alpha = checkNumber(operation, 'alpha', options.alpha ?? 0.25);
  const logProbabilities = logProbabilitiesOf(yPred, options.fromLogits === true);
  const missed = logProbabilities.exp().neg().add(1).relu(); // rounding may bring 1 − p below 0
  const losses = missed.pow(gamma).mul(target).mul(logProbabilities).mul(-alpha);
  return reduceLoss(operation, losses.sum({ axis: -1 }), options);
}

/**
 * (1 − p[label]^q) / q: between the cross-entropy (q → 0) and the mean absolute error (q = 1); bears wrong labels.
 *
 * @param yTrue class indices [...] or [..., 1]
 * @param yPred probabilities [..., classes]
 * @param options `q`: from above 0 to below 1, 0.5 unless given
 * @throws ShapeError when shapes do not fit; IndexError for a label out of range; ArgumentError for another q
 * @see Zhang & Sabuncu 2018, arXiv:1805.07836; https://keras.io/api/losses/probabilistic_losses/
 */
export function categoricalGeneralizedCrossEntropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions & { q?: number } = {},
): Tensor {
  const operation = 'categoricalGeneralizedCrossEntropy';
  checkLoss(operation, yTrue, yPred, options, ['q']);
  const q = checkNumber(operation, 'q', options.q ?? 0.5, { above: 0, below: 1 });
  const p = atLabels(operation, yTrue, yPred);
  return reduceLoss(
    operation,
    p
      .pow(q)
      .neg()
      .add(1)
      .mul(1 / q),
    options,
  );
}

/** The prediction at the label of each sample. */
function atLabels(operation: string, yTrue: Tensor, yPred: Tensor): Tensor {
  const labels = labelsFor(operation, yTrue, yPred).cast('int32').expandDims(-1);
  return takeAlongAxis(yPred, labels, { axis: -1 }).squeeze(-1);
}

/**
 * −lₗₐᵦₑₗ of log-probabilities l (PyTorch's nll_loss).
 *
 * @param yTrue class indices [...] or [..., 1]
 * @param yPred log-probabilities [..., classes], from `logSoftmax`
 * @throws ShapeError when shapes do not fit; IndexError for a label out of range
 */
export function negativeLogLikelihood(
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions & { classWeight?: ClassWeight } = {},
): Tensor {
  const operation = 'negativeLogLikelihood';
  checkLoss(operation, yTrue, yPred, options, ['classWeight']);
  const labels = labelsFor(operation, yTrue, yPred);
  const weighted = withClassWeight(operation, options, labels, yPred.shape[yPred.rank - 1]!, yPred.dtype);
  return reduceLoss(operation, atLabels(operation, yTrue, yPred).neg(), weighted);
}
