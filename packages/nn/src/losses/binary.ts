/** Losses of yes-or-no predictions (https://keras.io/api/losses/probabilistic_losses/). */

import { sigmoid, softplus, type Tensor } from '@cotangent/autograd';
import { checkBoolean, checkNumber } from '../options.js';
import { checkAlike, type LossOptions, perSample, reduceLoss } from './reduction.js';

/** Probabilities are kept this far from 0 and 1 before their logarithm is taken (Keras's epsilon). */
const epsilon = 1e-7;

/** Options of `binaryCrossentropy`. */
export interface BinaryCrossentropyOptions extends LossOptions {
  /** Whether predictions are logits rather than probabilities; more accurate. @defaultValue false (Keras) */
  fromLogits?: boolean;
  /** Mixes the targets with ½: y ← y (1 − ε) + ε / 2. @defaultValue 0 */
  labelSmoothing?: number;
  /** What a yes counts for, relative to a no (PyTorch's and Gluon's pos_weight). @defaultValue 1 */
  positiveWeight?: number;
}

/** The targets, smoothed, in the dtype of the predictions. */
function targetsOf(operation: string, yTrue: Tensor, yPred: Tensor, smoothing: number = 0): Tensor {
  checkNumber(operation, 'labelSmoothing', smoothing, { atLeast: 0, atMost: 1 });
  const y = yTrue.cast(yPred.dtype);
  return smoothing === 0 ? y : y.mul(1 - smoothing).add(smoothing / 2);
}

/** −w y ln p − (1 − y) ln(1 − p), element by element. */
function elements(y: Tensor, yPred: Tensor, fromLogits: boolean, positiveWeight: number): Tensor {
  const no = y.neg().add(1);
  if (fromLogits) {
    // (1 − y) x + (1 + (w − 1) y) ln(1 + e⁻ˣ): exact however large the logits.
    const weights = positiveWeight === 1 ? null : y.mul(positiveWeight - 1).add(1);
    const tail = softplus(yPred.neg());
    return no.mul(yPred).add(weights === null ? tail : weights.mul(tail));
  }
  const p = yPred.clip(epsilon, 1 - epsilon);
  return y
    .mul(p.log())
    .mul(-positiveWeight)
    .sub(no.mul(p.neg().add(1).log()));
}

/**
 * Mean over the last axis of −w y ln p − (1 − y) ln(1 − p).
 *
 * @param yTrue, yPred [...] of one shape: targets from 0 to 1; probabilities (clipped at 1e-7), or logits with `fromLogits`
 * @returns a scalar, or one loss for each sample [...] (without the last axis) with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://keras.io/api/losses/probabilistic_losses/; Gluon's SigmoidBinaryCrossEntropyLoss
 * @example
 * nn.losses.binaryCrossentropy(tensor([1, 0]), tensor([0, 0]), { fromLogits: true }); // → ln 2
 */
export function binaryCrossentropy(yTrue: Tensor, yPred: Tensor, options: BinaryCrossentropyOptions = {}): Tensor {
  const operation = 'binaryCrossentropy';
  checkAlike(operation, yTrue, yPred, options, ['fromLogits', 'labelSmoothing', 'positiveWeight']);
  const y = targetsOf(operation, yTrue, yPred, options.labelSmoothing);
  const fromLogits = checkBoolean(operation, 'fromLogits', options.fromLogits ?? false);
  const weight = checkNumber(operation, 'positiveWeight', options.positiveWeight ?? 1, { atLeast: 0 });
  return reduceLoss(operation, perSample(elements(y, yPred, fromLogits, weight)), options);
}

/** Options of `binaryFocalCrossentropy`. */
export interface BinaryFocalOptions extends LossOptions {
  /** Whether predictions are logits rather than probabilities. @defaultValue false */
  fromLogits?: boolean;
  /** @defaultValue 0 */
  labelSmoothing?: number;
  /** How strongly what is easy is discounted; 0 not at all. @defaultValue 2 */
  gamma?: number;
  /** Whether to weigh yes by α and no by 1 − α. @defaultValue false */
  applyClassBalancing?: boolean;
  /** @defaultValue 0.25 */
  alpha?: number;
}

/**
 * Mean over the last axis of (1 − pₜ)^γ times the binary cross-entropy, with pₜ = p where the target is yes and 1 − p where it is no. Of
 * logits it is exact, where Keras clips their probabilities at 1e-7.
 *
 * @param yTrue, yPred [...] of one shape
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see Lin et al. 2017, arXiv:1708.02002; https://keras.io/api/losses/probabilistic_losses/
 */
export function binaryFocalCrossentropy(yTrue: Tensor, yPred: Tensor, options: BinaryFocalOptions = {}): Tensor {
  const operation = 'binaryFocalCrossentropy';
  const own = ['fromLogits', 'labelSmoothing', 'gamma', 'applyClassBalancing', 'alpha'];
  checkAlike(operation, yTrue, yPred, options, own);
  const y = targetsOf(operation, yTrue, yPred, options.labelSmoothing);
  const gamma = checkNumber(operation, 'gamma', options.gamma ?? 2, { atLeast: 0 });
  const alpha = checkNumber(operation, 'alpha', options.alpha ?? 0.25, { atLeast: 0, atMost: 1 });
  const fromLogits = checkBoolean(operation, 'fromLogits', options.fromLogits ?? false);
  const p = fromLogits ? sigmoid(yPred) : yPred;
  const missed = p.add(y).sub(y.mul(p).mul(2)); // 1 − y p − (1 − y) (1 − p)
  const focal = missed.pow(gamma).mul(elements(y, yPred, fromLogits, 1));
  const balanced = options.applyClassBalancing === true ? focal.mul(y.mul(2 * alpha - 1).add(1 - alpha)) : focal;
  return reduceLoss(operation, perSample(balanced), options);
}
