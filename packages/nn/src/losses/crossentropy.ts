/** What cross-entropies between distributions have in common. */

import type { Tensor } from '@cotangent/autograd';
import { ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkNumber } from '../options.js';
import { classesLast } from './classes.js';
import { epsilon } from './pairs.js';
import type { LossOptions } from './reduction.js';

/** Options of losses whose predictions are probabilities or logits. */
export interface CrossentropyOptions extends LossOptions {
  /** Whether predictions are logits rather than probabilities; more accurate, and faster. @defaultValue false (Keras) */
  fromLogits?: boolean;
}

/** Options of losses that smooth their targets. */
export interface SmoothingOptions extends CrossentropyOptions {
  /** Mixes the targets with the uniform distribution: y ← y (1 − ε) + ε / classes. @defaultValue 0 */
  labelSmoothing?: number;
}

/** The share of label smoothing. @throws ArgumentError */
export const checkSmoothing = (operation: string, { labelSmoothing = 0 }: SmoothingOptions): number =>
  checkNumber(operation, 'labelSmoothing', labelSmoothing, { atLeast: 0, atMost: 1 });

/** Targets [..., classes] and scores of their shape, both with the classes last and in the dtype of the scores. @throws ShapeError */
export function distributions(operation: string, yTrue: Tensor, yPred: Tensor, axis?: number): [Tensor, Tensor] {
  const scores = classesLast(operation, yPred, axis);
  if (!shapesEqual(yTrue.shape, yPred.shape)) {
    const sparse = shapesEqual(yTrue.shape, scores.shape.slice(0, -1));
    throw new ShapeError(
      operation,
      { yTrue, yPred },
      'equal shapes [..., classes]',
      sparse ? 'For class indices use sparseCategoricalCrossentropy.' : undefined,
    );
  }
  return [classesLast(operation, yTrue, axis).cast(scores.dtype), scores];
}

/** y (1 − ε) + ε / classes. */
export function smoothed(operation: string, target: Tensor, options: SmoothingOptions): Tensor {
  const smoothing = checkSmoothing(operation, options);
  return smoothing === 0 ? target : target.mul(1 - smoothing).add(smoothing / target.shape[target.rank - 1]!);
}

/** Probabilities divided by their sum, and clipped. */
export const renormalized = (p: Tensor): Tensor =>
  p.div(p.sum({ axis: -1, keepDims: true })).clip(epsilon, 1 - epsilon);
