/** Cross-entropies of yes and no (https://keras.io/api/losses/probabilistic_losses/). */

import type { Tensor } from '@cotangent/autograd';
import { checkBoolean, checkNumber, checkTensor } from '../options.js';
import { checkSmoothing, type SmoothingOptions } from './crossentropy.js';
import { modulated } from './focal.js';
import { checkPairs, epsilon, reduceNumbers } from './pairs.js';

/** Options of losses between yes, no and predictions of them; `labelSmoothing` mixes targets with ½: y ← y (1 − ε) + ε / 2. */
export interface BinaryOptions extends SmoothingOptions {
  /** The axis over which the loss of a sample is the mean. @defaultValue −1 */
  axis?: number;
}

/** Options of `binaryCrossentropy`. */
export interface BinaryCrossentropyOptions extends BinaryOptions {
  /**
   * Factor of the losses of targets 1, one number or a tensor that broadcasts against yPred: above 1 it finds more of them, below 1
   * it is right more often. (Gluon's and PyTorch's `pos_weight`.) @defaultValue 1
   */
  positiveWeight?: number | Tensor;
}

/** What saying yes and no costs: −ln p and −ln(1 − p). */
function costs(predicted: Tensor, fromLogits: boolean | undefined): [yes: Tensor, no: Tensor] {
  // Each keeps its relative precision, also where the other is large.
  if (fromLogits === true) return [predicted.neg().softplus(), predicted.softplus()];
  const p = predicted.clip(epsilon, 1 - epsilon);
  return [p.log().neg(), p.neg().add(1).log().neg()];
}

/** y a + (1 − y) b */
const mixed = (y: Tensor, a: Tensor, b: Tensor): Tensor => y.mul(a).add(y.neg().add(1).mul(b));

const smoothedBinary = (operation: string, y: Tensor, options: SmoothingOptions): Tensor => {
  const smoothing = checkSmoothing(operation, options);
  return smoothing === 0 ? y : y.mul(1 - smoothing).add(smoothing / 2);
};

/** Cross-entropy of targets from 0 to 1 and logits, number by number. @internal */
export const logisticCosts = (y: Tensor, logits: Tensor): Tensor => mixed(y, ...costs(logits, true));

/**
 * −y ln p − (1 − y) ln(1 − p), its mean over the last axis.
 *
 * @param yTrue numbers from 0 to 1, [...]
 * @param yPred of their shape: probabilities, or logits with `fromLogits` (Gluon's SigmoidBinaryCrossEntropyLoss)
 * @returns a scalar, or [...] without that axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/ (probabilities are clipped at 1e-7; PyTorch clips their logarithm at −100)
 * @example
 * nn.losses.binaryCrossentropy(tensor([[0, 1]]), tensor([[-1e4, 1e4]]), { fromLogits: true }); // → 0
 */
export function binaryCrossentropy(yTrue: Tensor, yPred: Tensor, options: BinaryCrossentropyOptions = {}): Tensor {
  const operation = 'binaryCrossentropy';
  const names = ['fromLogits', 'labelSmoothing', 'positiveWeight', 'axis'];
  const [exact, predicted] = checkPairs(operation, yTrue, yPred, options, names);
  const { positiveWeight = 1, axis = -1 } = options;
  const [yes, no] = costs(predicted, options.fromLogits);
  const factor =
    typeof positiveWeight === 'number'
      ? checkNumber(operation, 'positiveWeight', positiveWeight, { atLeast: 0 })
      : checkTensor(operation, 'positiveWeight', positiveWeight).cast(predicted.dtype);
  const losses = mixed(smoothedBinary(operation, exact, options), factor === 1 ? yes : yes.mul(factor), no);
  return reduceNumbers(operation, losses, options, yPred, checkNumber(operation, 'axis', axis, { whole: true }));
}

/** Options of `binaryFocalCrossentropy`. */
export interface BinaryFocalCrossentropyOptions extends BinaryOptions {
  /** Whether targets 1 count `alpha` and targets 0 count 1 − `alpha`. @defaultValue false */
  applyClassBalancing?: boolean;
  /** @defaultValue 0.25 */
  alpha?: number;
  /** How little easy samples count: their loss has the factor (1 − p)ᵞ, with the probability p of the target. @defaultValue 2 */
  gamma?: number;
}

/**
 * Binary cross-entropy times mᵞ, where m = y (1 − p) + (1 − y) p is how far the prediction misses: easy samples count little. The
 * mean over the last axis. Of logits nothing is clipped.
 *
 * @param yTrue numbers from 0 to 1, [...]
 * @param yPred of their shape: probabilities, or logits with `fromLogits`
 * @returns a scalar, or [...] without that axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/; Lin et al. 2017, arXiv:1708.02002
 * @example
 * // ln 2 / 4
 * nn.losses.binaryFocalCrossentropy(tensor([[1]]), tensor([[0.5]])); // → 0.17329
 */
export function binaryFocalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  options: BinaryFocalCrossentropyOptions = {},
): Tensor {
  const operation = 'binaryFocalCrossentropy';
  const names = ['applyClassBalancing', 'alpha', 'gamma', 'fromLogits', 'labelSmoothing', 'axis'];
  const [exact, predicted] = checkPairs(operation, yTrue, yPred, options, names);
  const { applyClassBalancing = false, alpha = 0.25, gamma = 2, axis = -1 } = options;
  const y = smoothedBinary(operation, exact, options);
  const logits = options.fromLogits === true;
  const missed = logits
    ? mixed(y, predicted.neg().sigmoid(), predicted.sigmoid())
    : mixed(y, predicted.neg().add(1), predicted);
  const losses = modulated(
    mixed(y, ...costs(predicted, logits)),
    missed,
    checkNumber(operation, 'gamma', gamma, { atLeast: 0 }),
  );
  checkNumber(operation, 'alpha', alpha, { atLeast: 0, atMost: 1 });
  const balanced = checkBoolean(operation, 'applyClassBalancing', applyClassBalancing)
    ? losses.mul(y.mul(2 * alpha - 1).add(1 - alpha))
    : losses;
  return reduceNumbers(operation, balanced, options, yPred, checkNumber(operation, 'axis', axis, { whole: true }));
}
