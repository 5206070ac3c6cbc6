/** Losses between distributions, and of counts and measurements (https://keras.io/api/losses/probabilistic_losses/). */

import { type Tensor, where, xlogy } from '@cotangent/autograd';
import { ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkTensor } from '../options.js';
import { checkAlike, type LossOptions, perSample, reduceLoss } from './reduction.js';

/** Keeps logarithms finite (Keras's epsilon). */
const epsilon = 1e-7;

/**
 * The Kullback-Leibler divergence of predictions from targets: Σ y ln(y / p) over the last axis.
 *
 * @param yTrue, yPred probabilities [..., classes], clipped at 1e-7
 * @param options `fromLogProbabilities`: whether predictions are logarithms (Gluon, PyTorch); then nothing is clipped. false unless given
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/probabilistic_losses/ (PyTorch's 'batchMean' is the mean over samples, as here)
 */
export function klDivergence(
  yTrue: Tensor,
  yPred: Tensor,
  options: LossOptions & { fromLogProbabilities?: boolean } = {},
): Tensor {
  const operation = 'klDivergence';
  checkAlike(operation, yTrue, yPred, options, ['fromLogProbabilities']);
  const y = yTrue.cast(yPred.dtype);
  const byLogarithms = checkBoolean(operation, 'fromLogProbabilities', options.fromLogProbabilities ?? false);
  if (byLogarithms) return reduceLoss(operation, summed(xlogy(y, y).sub(y.mul(yPred))), options);
  const [clippedTrue, clippedPred] = [y.clip(epsilon, 1), yPred.clip(epsilon, 1)];
  return reduceLoss(operation, summed(clippedTrue.mul(clippedTrue.log().sub(clippedPred.log()))), options);
}

const summed = (losses: Tensor): Tensor => losses.sum({ axis: -1 });

/** Options of `poisson`. */
export interface PoissonOptions extends LossOptions {
  /** Whether predictions are logarithms of rates: eˡ − y l (Gluon's and PyTorch's default). @defaultValue false (Keras) */
  fromLogarithms?: boolean;
  /** Whether to add what the predictions do not change: Stirling's y ln y − y + ½ ln(2π y) for counts above 1. @defaultValue false */
  full?: boolean;
}

/**
 * Mean over the last axis of p − y ln(p + 1e-7): how unlikely counts are under predicted rates.
 *
 * @param yTrue, yPred [...] of one shape: counts and rates
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/probabilistic_losses/; Gluon's PoissonNLLLoss
 */
export function poisson(yTrue: Tensor, yPred: Tensor, options: PoissonOptions = {}): Tensor {
  const operation = 'poisson';
  checkAlike(operation, yTrue, yPred, options, ['fromLogarithms', 'full']);
  const y = yTrue.cast(yPred.dtype);
  const likelihood =
    options.fromLogarithms === true ? yPred.exp().sub(y.mul(yPred)) : yPred.sub(y.mul(yPred.add(epsilon).log()));
  return reduceLoss(operation, perSample(options.full === true ? likelihood.add(stirling(y)) : likelihood), options);
}

/** ln y! for y above 1, nearly; else 0. */
function stirling(y: Tensor): Tensor {
  const many = y.greater(1);
  const counts = where(many, y, 2);
  const logarithm = counts.log();
  const value = counts
    .mul(logarithm)
    .sub(counts)
    .add(logarithm.add(Math.log(2 * Math.PI)).mul(0.5));
  return where(many, value, 0);
}

/** Options of `gaussianNegativeLogLikelihood`. */
export interface GaussianOptions extends LossOptions {
  /** Variances, of the shape of the predictions, or with 1 along some axes; numbers below ε count as ε, without a gradient through it. */
  variance: Tensor;
  /** Whether to add ½ ln 2π. @defaultValue false */
  full?: boolean;
  /** ε. @defaultValue 1e-6 (PyTorch) */
  epsilon?: number;
}

/**
 * Mean over the last axis of ½ (ln v + (y − p)² / v): how unlikely measurements are under normal distributions with predicted means and
 * variances.
 *
 * @param yTrue, yPred [...] of one shape: measurements and means
 * @throws ShapeError when shapes differ
 * @see Nix & Weigend 1994; https://pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html
 */
export function gaussianNegativeLogLikelihood(yTrue: Tensor, yPred: Tensor, options: GaussianOptions): Tensor {
  const operation = 'gaussianNegativeLogLikelihood';
  checkAlike(operation, yTrue, yPred, options, ['variance', 'full', 'epsilon']);
  const { variance } = options;
  const fits =
    checkTensor(operation, 'variance', variance).rank === yPred.rank &&
    variance.shape.every((n, axis) => n === 1 || n === yPred.shape[axis]);
  if (!fits && !shapesEqual(variance.shape, yPred.shape))
    throw new ShapeError(operation, { variance, yPred }, 'a variance for each prediction');
  const least = checkNumber(operation, 'epsilon', options.epsilon ?? 1e-6, { above: 0 });
  // PyTorch clamps without the gradient noticing.
  const v = variance.add(variance.detach().maximum(least).sub(variance.detach()));
  const likelihood = v
    .log()
    .add(yPred.sub(yTrue.cast(yPred.dtype)).square().div(v))
    .mul(0.5);
  const constant = options.full === true ? 0.5 * Math.log(2 * Math.PI) : 0;
  return reduceLoss(operation, perSample(likelihood.add(constant)), options);
}
