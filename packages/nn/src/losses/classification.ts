/** Cross-entropies between classes and predictions. */

import { softmaxCrossEntropy, type Tensor } from '@cotangent/autograd';
import { ArgumentError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkNumber } from '../options.js';
import { checkLoss, type LossOptions, reduceLoss } from './reduction.js';

/** Probabilities are kept this far from 0 and 1 before their logarithm is taken (Keras's epsilon). */
const epsilon = 1e-7;

/** Options of the cross-entropies. */
export interface CrossentropyOptions extends LossOptions {
  /** Whether predictions are logits rather than probabilities; more accurate, and faster. @defaultValue false (Keras) */
  fromLogits?: boolean;
}

/** Options of `categoricalCrossentropy`. */
export interface CategoricalCrossentropyOptions extends CrossentropyOptions {
  /** Mixes the targets with the uniform distribution: y ← y (1 − ε) + ε / classes. @defaultValue 0 */
  labelSmoothing?: number;
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
export function sparseCategoricalCrossentropy(yTrue: Tensor, yPred: Tensor, options: CrossentropyOptions = {}): Tensor {
  const operation = 'sparseCategoricalCrossentropy';
  checkLoss(operation, yTrue, yPred, options, ['fromLogits']);
  const labels = yTrue.rank === yPred.rank && yTrue.shape[yTrue.rank - 1] === 1 ? yTrue.squeeze(-1) : yTrue;
  if (!shapesEqual(labels.shape, yPred.shape.slice(0, -1))) {
    const mend = shapesEqual(yTrue.shape, yPred.shape) ? 'For one-hot targets use categoricalCrossentropy.' : undefined;
    throw new ShapeError(operation, { yTrue, yPred }, 'yTrue [...] and yPred [..., classes]', mend);
  }
  const logits = options.fromLogits === true ? yPred : yPred.clip(epsilon, 1 - epsilon).log();
  return reduceLoss(operation, softmaxCrossEntropy(logits, labels), options);
}

/**
 * Cross-entropy with a distribution over classes: −Σ y ln p.
 *
 * @param yTrue one-hot or other probabilities [..., classes]
 * @param yPred [..., classes]: probabilities (renormalized to sum 1), or logits with `fromLogits`
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
  checkLoss(operation, yTrue, yPred, options, ['fromLogits', 'labelSmoothing']);
  if (!shapesEqual(yTrue.shape, yPred.shape)) {
    const sparse = shapesEqual(yTrue.shape, yPred.shape.slice(0, -1));
    throw new ShapeError(
      operation,
      { yTrue, yPred },
      'equal shapes [..., classes]',
      sparse ? 'For class indices use sparseCategoricalCrossentropy.' : undefined,
    );
  }
  const smoothing = checkNumber(operation, 'labelSmoothing', options.labelSmoothing ?? 0, { atLeast: 0 });
  if (smoothing > 1)
    throw new ArgumentError(operation, `got labelSmoothing ${smoothing}; expected a number from 0 to 1`);
  const classes = yPred.shape[yPred.rank - 1]!;
  const exact = yTrue.cast(yPred.dtype);
  const target = smoothing === 0 ? exact : exact.mul(1 - smoothing).add(smoothing / classes);
  const logProbabilities =
    options.fromLogits === true
      ? yPred.logSoftmax()
      : yPred
          .div(yPred.sum({ axis: -1, keepDims: true }))
          .clip(epsilon, 1 - epsilon)
          .log();
  return reduceLoss(operation, target.mul(logProbabilities).sum({ axis: -1 }).neg(), options);
}
