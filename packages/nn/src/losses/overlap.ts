/** Losses of how little two regions overlap (https://keras.io/api/losses/). */

import type { Tensor } from '@cotangent/autograd';
import { checkAxes, checkNumber } from '../options.js';
import { checkPairs, epsilon } from './pairs.js';
import { type LossOptions, reduceLoss } from './reduction.js';

/** Options of `dice`. */
export interface DiceOptions extends LossOptions {
  /** The axes that make one region, for example all but that of the samples. @defaultValue all: the batch is one region */
  axis?: number | readonly number[];
}

/** Options of `tversky`. */
export interface TverskyOptions extends DiceOptions {
  /** What is missed, Σ y (1 − p), counts this much. (Keras calls it false positives.) @defaultValue 0.5 */
  alpha?: number;
  /** What is too much, Σ p (1 − y), counts this much. @defaultValue 0.5 */
  beta?: number;
}

/** How to sum over a region. */
const regions = (operation: string, { axis }: DiceOptions): { axis?: readonly number[] } =>
  axis === undefined ? {} : { axis: checkAxes(operation, 'axis', axis) };

/**
 * 1 − 2 Σ y p / (Σ y + Σ p + 1e-7), with sums over the axes of a region.
 *
 * @param yTrue 1 inside and 0 outside, [...]
 * @param yPred probabilities of their shape
 * @returns a scalar, or the shape without those axes with reduction 'none'
 * @throws ShapeError when shapes differ; IndexError for an axis that is not there
 * @see https://keras.io/api/losses/; Milletari et al. 2016, arXiv:1606.04797
 * @example
 * nn.losses.dice(tensor([[1, 1, 0]]), tensor([[1, 0, 0]])); // → 0.33333
 */
export function dice(yTrue: Tensor, yPred: Tensor, options: DiceOptions = {}): Tensor {
  const operation = 'dice';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['axis']);
  const over = regions(operation, options);
  const both = y.sum(over).add(p.sum(over)).add(epsilon);
  return reduceLoss(operation, y.mul(p).sum(over).mul(-2).div(both).add(1), options, { yPred });
}

/**
 * 1 − Σ y p / (Σ y p + α Σ y (1 − p) + β Σ p (1 − y) + 1e-7), with sums over the axes of a region: α and β of ½ are `dice`.
 *
 * @param yTrue 1 inside and 0 outside, [...]
 * @param yPred probabilities of their shape
 * @returns a scalar, or the shape without those axes with reduction 'none'
 * @throws ShapeError when shapes differ; IndexError for an axis that is not there; ArgumentError for an alpha or beta below 0
 * @see https://keras.io/api/losses/; Salehi et al. 2017, arXiv:1706.05721
 * @example
 * nn.losses.tversky(tensor([[1, 1, 0]]), tensor([[1, 0, 0]]), { alpha: 1 }); // → 0.5
 */
export function tversky(yTrue: Tensor, yPred: Tensor, options: TverskyOptions = {}): Tensor {
  const operation = 'tversky';
  const [y, p] = checkPairs(operation, yTrue, yPred, options, ['alpha', 'beta', 'axis']);
  const alpha = checkNumber(operation, 'alpha', options.alpha ?? 0.5, { atLeast: 0 });
  const beta = checkNumber(operation, 'beta', options.beta ?? 0.5, { atLeast: 0 });
  const over = regions(operation, options);
  const shared = y.mul(p).sum(over);
  const missed = p.neg().add(1).mul(y).sum(over);
  const excess = y.neg().add(1).mul(p).sum(over);
  const whole = shared.add(missed.mul(alpha)).add(excess.mul(beta)).add(epsilon);
  return reduceLoss(operation, shared.div(whole).neg().add(1), options, { yPred });
}
