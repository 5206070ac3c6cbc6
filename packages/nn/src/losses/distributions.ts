/** Likelihoods and divergences of distributions (https://keras.io/api/losses/probabilistic_losses/). */

import { stopGradient, type Tensor, where, xlogy } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkTensor } from '../options.js';
import { checkPairs, epsilon, reduceNumbers } from './pairs.js';
import { type LossOptions, reduceLoss } from './reduction.js';

/** Options of `klDivergence`. */
export interface KLDivergenceOptions extends LossOptions {
  /** Whether predictions are log-probabilities, and nothing is clipped (Gluon's `from_logits`, PyTorch). @defaultValue false */
  logProbabilities?: boolean;
}

/**
 * The Kullback-Leibler divergence Σ y ln(y / p) over the last axis. Divided by the number of samples (PyTorch's 'batchmean'; its
 * 'mean' and Gluon's divide by the number of classes as well).
 *
 * @param yTrue probabilities [..., classes]
 * @param yPred of their shape: probabilities, clipped at 1e-7 as the targets are, or log-probabilities
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for an option of another kind
 * @see https://keras.io/api/losses/probabilistic_losses/
 * @example
 * nn.losses.klDivergence(tensor([[0.5, 0.5]]), tensor([[0.25, 0.75]])); // → 0.14384
 */
export function klDivergence(yTrue: Tensor, yPred: Tensor, options: KLDivergenceOptions = {}): Tensor {
  const operation = 'klDivergence';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['logProbabilities']);
  const terms = checkBoolean(operation, 'logProbabilities', options.logProbabilities ?? false)
    ? xlogy(y, y).sub(y.mul(p))
    : y.clip(epsilon, 1).mul(y.clip(epsilon, 1).log().sub(p.clip(epsilon, 1).log()));
  return reduceLoss(operation, terms.sum({ axis: -1 }), options, { yPred });
}

/** Options of `poisson`. */
export interface PoissonOptions extends LossOptions {
  /** Whether predictions are logarithms of rates: e^x − y x (the default of Gluon's PoissonNLLLoss and PyTorch's). @defaultValue false */
  logInput?: boolean;
  /** Whether Stirling's y ln y − y + ½ ln(2πy) stands for ln y! where y is above 1. @defaultValue false */
  full?: boolean;
  /** Added to rates before their logarithm is taken (PyTorch and Gluon: 1e-8). @defaultValue 1e-7 */
  epsilon?: number;
}

/**
 * λ − y ln(λ + ε): the negative log-likelihood of counts y under rates λ, without ln y!; the mean over the last axis.
 *
 * @param yTrue counts [...]
 * @param yPred rates of their shape, or logarithms of rates with `logInput`
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/
 * @example
 * nn.losses.poisson(tensor([[2]]), tensor([[1]])); // → 1
 */
export function poisson(yTrue: Tensor, yPred: Tensor, options: PoissonOptions = {}): Tensor {
  const operation = 'poisson';
  const [y, rate] = checkPairs(operation, yTrue, yPred, options, ['logInput', 'full', 'epsilon']);
  const { logInput = false, full = false } = options;
  const shift = checkNumber(operation, 'epsilon', options.epsilon ?? epsilon, { atLeast: 0 });
  const losses = checkBoolean(operation, 'logInput', logInput)
    ? rate.exp().sub(y.mul(rate))
    : rate.sub(y.mul(rate.add(shift).log()));
  const withFactorial = checkBoolean(operation, 'full', full) ? losses.add(logFactorial(y)) : losses;
  return reduceNumbers(operation, withFactorial, options, yPred);
}

/** Stirling's approximation of ln y! for y above 1; 0 from there down. */
function logFactorial(y: Tensor): Tensor {
  const large = y.greater(1);
  const n = where(large, y, 1);
  const stirling = n
    .mul(n.log())
    .sub(n)
    .add(
      n
        .mul(2 * Math.PI)
        .log()
        .mul(0.5),
    );
  return where(large, stirling, 0);
}

/** Options of `gaussianNegativeLogLikelihood`. */
export interface GaussianNegativeLogLikelihoodOptions extends LossOptions {
  /** Whether the constant ½ ln 2π is added. @defaultValue false */
  full?: boolean;
  /** Variances below this count as this much; their gradient is that of a variance of this much. @defaultValue 1e-6 */
  epsilon?: number;
}

/**
 * ½ (ln σ² + (y − μ)² / σ²): the negative log-likelihood under normal distributions, its mean over the last axis.
 *
 * @param yTrue numbers [...]
 * @param yPred means μ of their shape
 * @param variance σ², of their shape, or with extent 1 along the last axis
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html; Nix & Weigend 1994, doi:10.1109/ICNN.1994.374138
 * @example
 * nn.losses.gaussianNegativeLogLikelihood(tensor([[0]]), tensor([[2]]), tensor([[1]])); // → 2
 */
export function gaussianNegativeLogLikelihood(
  yTrue: Tensor,
  yPred: Tensor,
  variance: Tensor,
  options: GaussianNegativeLogLikelihoodOptions = {},
): Tensor {
  const operation = 'gaussianNegativeLogLikelihood';
  const [y, mean] = checkPairs(operation, yTrue, yPred, options, ['full', 'epsilon']);
  const { shape, rank } = checkTensor(operation, 'variance', variance);
  const last = yPred.rank - 1;
  if (rank !== yPred.rank || shape.some((n, axis) => n !== yPred.shape[axis] && !(axis === last && n === 1)))
    throw new ShapeError(operation, { variance, yPred }, 'equal shapes, or extent 1 along the last axis of variance');
  const least = checkNumber(operation, 'epsilon', options.epsilon ?? 1e-6, { above: 0 });
  const given = variance.cast(mean.dtype);
  // Held from below, with the gradient of one that is not: it can grow again.
  const held = given.add(stopGradient(given.clip(least, Number.POSITIVE_INFINITY).sub(given)));
  const losses = held.log().add(y.sub(mean).square().div(held)).mul(0.5);
  const constant = checkBoolean(operation, 'full', options.full ?? false) ? 0.5 * Math.log(2 * Math.PI) : 0;
  return reduceNumbers(operation, constant === 0 ? losses : losses.add(constant), options, yPred);
}
