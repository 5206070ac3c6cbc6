/** Distances between numbers (https://keras.io/api/losses/regression_losses/). */

import { meanSquaredDifference, type Tensor, where } from '@cotangent/autograd';
import { checkNumber } from '../options.js';
import { checkPairs, epsilon, reduceNumbers } from './pairs.js';
import { isPlainMean, type LossOptions, reduceLoss } from './reduction.js';

/**
 * Mean of squared differences over the last axis: (yTrue − yPred)². Gluon's L2Loss is half of it: `scale: 0.5`.
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or one loss for each sample [...] (without the last axis) with reduction 'none'
 * @throws ShapeError when shapes differ: broadcasting here is nearly always a mistake
 * @see https://keras.io/api/losses/regression_losses/
 * @example
 * nn.losses.meanSquaredError(tensor([[1, 2]]), tensor([[1, 4]])); // → 2
 */
export function meanSquaredError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanSquaredError';
  const [y, p] = checkPairs(operation, yTrue, yPred, options);
  // Most losses are a plain mean, which one pass gives.
  if (isPlainMean(options, yPred)) return meanSquaredDifference(p, y);
  return reduceNumbers(operation, p.sub(y).square(), options, yPred);
}

/**
 * Mean of absolute differences over the last axis: |yTrue − yPred|. Where they are equal the gradient is 0. (Gluon's L1Loss.)
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/regression_losses/
 * @example
 * nn.losses.meanAbsoluteError(tensor([[1, 2]]), tensor([[1, 4]])); // → 1
 */
export function meanAbsoluteError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanAbsoluteError';
  const [y, p] = checkPairs(operation, yTrue, yPred, options);
  return reduceNumbers(operation, p.sub(y).abs(), options, yPred);
}

/**
 * 100 |yTrue − yPred| / max(|yTrue|, 1e-7), its mean over the last axis.
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/regression_losses/
 * @example
 * nn.losses.meanAbsolutePercentageError(tensor([[2, 4]]), tensor([[1, 5]])); // → 37.5
 */
export function meanAbsolutePercentageError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanAbsolutePercentageError';
  const [y, p] = checkPairs(operation, yTrue, yPred, options);
  const share = p.sub(y).div(y.abs().clip(epsilon, Number.POSITIVE_INFINITY)).abs();
  return reduceNumbers(operation, share.mul(100), options, yPred);
}

/**
 * (ln(yTrue + 1) − ln(yPred + 1))², its mean over the last axis. Numbers below 1e-7 count as 1e-7.
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/regression_losses/
 * @example
 * nn.losses.meanSquaredLogarithmicError(tensor([[0, Math.E - 1]]), tensor([[0, 0]])); // → 0.5
 */
export function meanSquaredLogarithmicError(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'meanSquaredLogarithmicError';
  const [y, p] = checkPairs(operation, yTrue, yPred, options).map((x) =>
    x.clip(epsilon, Number.POSITIVE_INFINITY).log1p(),
  );
  return reduceNumbers(operation, p!.sub(y!).square(), options, yPred);
}

/** Options of `huber`. */
export interface HuberOptions extends LossOptions {
  /** The difference from which on the loss grows along a straight line, above 0. @defaultValue 1 */
  delta?: number;
}

/**
 * ½ e² for differences e of up to δ, δ |e| − ½ δ² beyond; the mean over the last axis. (Gluon's HuberLoss is `smoothL1`.)
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for a delta that is not above 0
 * @see https://keras.io/api/losses/regression_losses/; Huber 1964, doi:10.1214/aoms/1177703732
 * @example
 * // (0.5 + 2.5) / 2
 * nn.losses.huber(tensor([[0, 0]]), tensor([[1, 3]])); // → 1.5
 */
export function huber(yTrue: Tensor, yPred: Tensor, options: HuberOptions = {}): Tensor {
  const operation = 'huber';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['delta']);
  const delta = checkNumber(operation, 'delta', options.delta ?? 1, { above: 0 });
  return reduceNumbers(operation, bent(p.sub(y), delta), options, yPred);
}

/** ½ e² up to δ, δ |e| − ½ δ² beyond. */
function bent(e: Tensor, delta: number): Tensor {
  const size = e.abs();
  return where(size.lessEqual(delta), e.square().mul(0.5), size.mul(delta).sub(0.5 * delta * delta));
}

/** Options of `smoothL1`. */
export interface SmoothL1Options extends LossOptions {
  /** The difference up to which the loss is a parabola; 0 makes it the absolute difference. Gluon's `rho`. @defaultValue 1 */
  beta?: number;
}

/**
 * ½ e² / β for differences e of up to β, |e| − ½ β beyond: `huber` / β. The mean over the last axis. (PyTorch's SmoothL1Loss,
 * Gluon's HuberLoss.)
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for a beta below 0
 * @see Girshick 2015, arXiv:1504.08083
 * @example
 * // (0.25 + 2) / 2
 * nn.losses.smoothL1(tensor([[0, 0]]), tensor([[1, 3]]), { beta: 2 }); // → 1.125
 */
export function smoothL1(yTrue: Tensor, yPred: Tensor, options: SmoothL1Options = {}): Tensor {
  const operation = 'smoothL1';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['beta']);
  const beta = checkNumber(operation, 'beta', options.beta ?? 1, { atLeast: 0 });
  const e = p.sub(y);
  return reduceNumbers(operation, beta === 0 ? e.abs() : bent(e, beta).div(beta), options, yPred);
}

/**
 * ln cosh(yPred − yTrue), its mean over the last axis: about ½ e² for small differences, |e| − ln 2 for large ones.
 *
 * @param yTrue [...]
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/regression_losses/
 * @example
 * // 10 − ln 2
 * nn.losses.logCosh(tensor([[0]]), tensor([[10]])); // → 9.3069
 */
export function logCosh(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'logCosh';
  const [y, p] = checkPairs(operation, yTrue, yPred, options);
  const e = p.sub(y);
  // cosh e = eᵉ (1 + e⁻²ᵉ) / 2: no power of e overflows.
  return reduceNumbers(operation, e.add(e.mul(-2).softplus()).sub(Math.LN2), options, yPred);
}

/** Options of `cosineSimilarity`. */
export interface CosineSimilarityOptions extends LossOptions {
  /** The axis that holds the vectors. @defaultValue −1 */
  axis?: number;
}

/**
 * −cos of the angle between targets and predictions: −1 where they point the same way, 0 where one of them is 0.
 *
 * @param yTrue [...], vectors along `axis`
 * @param yPred [...], of the shape of yTrue
 * @returns a scalar, or [...] without that axis with reduction 'none'
 * @throws ShapeError when shapes differ; IndexError for an axis that is not there; ArgumentError for an axis that is no whole number
 * @see https://keras.io/api/losses/regression_losses/ (norms below 1e-7 count as 1e-7)
 * @example
 * nn.losses.cosineSimilarity(tensor([[1, 0]]), tensor([[3, 4]])); // → -0.6
 */
export function cosineSimilarity(yTrue: Tensor, yPred: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  const operation = 'cosineSimilarity';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['axis']);
  const axis = checkNumber(operation, 'axis', options.axis ?? -1, { whole: true });
  const unit = (x: Tensor): Tensor => x.div(x.norm({ axis, keepDims: true }).clip(epsilon, Number.POSITIVE_INFINITY));
  return reduceLoss(operation, unit(y).mul(unit(p)).sum({ axis }).neg(), options, { yPred });
}
