/** Losses of how much regions overlap: for segmentation (https://keras.io/api/losses/). */

import type { Tensor } from '@cotangent/autograd';
import { checkNumber } from '../options.js';
import { checkAlike, type LossOptions, reduceLoss } from './reduction.js';

/** Keeps the quotients finite (Keras's epsilon). */
const epsilon = 1e-7;

/** Options of the overlaps. */
export interface OverlapOptions extends LossOptions {
  /** Axes that are summed over: [1, 2, 3] gives one loss for each image. @defaultValue all, the batch too */
  axis?: number | readonly number[];
}

const along = ({ axis }: OverlapOptions): { axis?: number | readonly number[] } => (axis === undefined ? {} : { axis });

/**
 * 1 − (2 Σ y p + ε) / (Σ y + Σ p + ε).
 *
 * @param yTrue, yPred [...] of one shape: masks, or probabilities
 * @throws ShapeError when shapes differ
 * @see Milletari et al. 2016, arXiv:1606.04797; https://keras.io/api/losses/
 */
export function dice(yTrue: Tensor, yPred: Tensor, options: OverlapOptions = {}): Tensor {
  checkAlike('dice', yTrue, yPred, options, ['axis']);
  const y = yTrue.cast(yPred.dtype);
  const common = y.mul(yPred).sum(along(options));
  const total = y.sum(along(options)).add(yPred.sum(along(options)));
  const overlap = common.mul(2).add(epsilon).div(total.add(epsilon));
  return reduceLoss('dice', overlap.neg().add(1), options);
}

/** Options of `tversky`. */
export interface TverskyOptions extends OverlapOptions {
  /** What a false positive counts for. @defaultValue 0.5 */
  alpha?: number;
  /** What a false negative counts for. @defaultValue 0.5 */
  beta?: number;
}

/**
 * 1 − (TP + ε) / (TP + α FP + β FN + ε), with TP = Σ y p, FP = Σ (1 − y) p, FN = Σ y (1 − p). With α = β = ½ it is `dice`.
 *
 * @param yTrue, yPred [...] of one shape: masks, or probabilities
 * @throws ShapeError when shapes differ; ArgumentError for weights below 0
 * @see Salehi et al. 2017, arXiv:1706.05721; https://keras.io/api/losses/
 */
export function tversky(yTrue: Tensor, yPred: Tensor, options: TverskyOptions = {}): Tensor {
  const operation = 'tversky';
  checkAlike(operation, yTrue, yPred, options, ['alpha', 'beta', 'axis']);
  const alpha = checkNumber(operation, 'alpha', options.alpha ?? 0.5, { atLeast: 0 });
  const beta = checkNumber(operation, 'beta', options.beta ?? 0.5, { atLeast: 0 });
  const y = yTrue.cast(yPred.dtype);
  const common = y.mul(yPred).sum(along(options));
  const falsePositive = y.neg().add(1).mul(yPred).sum(along(options));
  const falseNegative = yPred.neg().add(1).mul(y).sum(along(options));
  const all = common.add(falsePositive.mul(alpha)).add(falseNegative.mul(beta));
  return reduceLoss(operation, common.add(epsilon).div(all.add(epsilon)).neg().add(1), options);
}
