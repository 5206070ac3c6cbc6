/** Losses that compare every sample of a batch with every other. */

import { any, eye, type Tensor, where, xlogy } from '@cotangent/autograd';
import { floatingDType, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkTensor } from '../options.js';
import { checkLoss, type LossOptions, reduceLoss } from './reduction.js';

/** Options of `circle`. */
export interface CircleOptions extends LossOptions {
  /** Labels [references] of `referenceEmbeddings`. @defaultValue yTrue */
  referenceLabels?: Tensor;
  /** Unit vectors [references, features] to compare with. @defaultValue yPred */
  referenceEmbeddings?: Tensor;
  /** Whether a sample's likeness to the reference of its own number does not count. @defaultValue true */
  removeDiagonal?: boolean;
  /** @defaultValue 80 */
  gamma?: number;
  /** @defaultValue 0.4 */
  margin?: number;
}

/** Labels [...] or [..., 1], as [samples, 1] or [1, samples]. */
function lined(operation: string, name: string, labels: Tensor, samples: number, shape: number[]): Tensor {
  if (checkTensor(operation, name, labels).size !== samples)
    throw new ShapeError(operation, { [name]: labels }, `one label for each of ${samples} vectors`);
  return labels.reshape(shape);
}

/**
 * softplus(ln Σ e^(γ (m + d⁺) (d⁺ − m)) + ln Σ e^(γ max(0, 1 + m − d⁻) (1 − m − d⁻))), with the cosine distances d⁺ of a sample from
 * those with its label and d⁻ from all others. Samples without one of either have no loss, and losses of 0 are not divided by.
 *
 * @param yTrue whole numbers [samples], or [samples, 1]
 * @param yPred unit vectors [samples, features], for example those of `UnitNormalization`
 * @returns a scalar, or [samples] with reduction 'none'
 * @throws ShapeError when shapes do not fit; ArgumentError for options out of range
 * @see https://keras.io/api/losses/ (Circle); Sun et al. 2020, arXiv:2002.10857
 * @example
 * nn.losses.circle(tensor([0, 0, 1]), tensor([[1, 0], [0.6, 0.8], [0, 1]]));
 */
export function circle(yTrue: Tensor, yPred: Tensor, options: CircleOptions = {}): Tensor {
  const operation = 'circle';
  const names = ['referenceLabels', 'referenceEmbeddings', 'removeDiagonal', 'gamma', 'margin'];
  checkLoss(operation, yTrue, yPred, options, names);
  const { referenceLabels = yTrue, referenceEmbeddings = yPred } = options;
  checkTensor(operation, 'referenceEmbeddings', referenceEmbeddings);
  if (yPred.rank !== 2 || referenceEmbeddings.rank !== 2 || yPred.shape[1] !== referenceEmbeddings.shape[1]) {
    const got = { yPred, ...(options.referenceEmbeddings && { referenceEmbeddings }) };
    throw new ShapeError(operation, got, 'vectors [samples, features]');
  }
  const [samples, references] = [yPred.shape[0]!, referenceEmbeddings.shape[0]!];
  const gamma = checkNumber(operation, 'gamma', options.gamma ?? 80, { above: 0 });
  const margin = checkNumber(operation, 'margin', options.margin ?? 0.4, { atLeast: 0, atMost: 1 });
  const same = lined(operation, 'yTrue', yTrue, samples, [samples, 1]).equal(
    lined(operation, 'referenceLabels', referenceLabels, references, [1, references]),
  );
  const removed = checkBoolean(operation, 'removeDiagonal', options.removeDiagonal ?? true);
  const positive = removed ? same.logicalAnd(diagonal(samples, references).logicalNot()) : same;
  const embeddings = yPred.cast(floatingDType(yPred.dtype));
  const distance = embeddings.matmul(referenceEmbeddings.cast(embeddings.dtype).swapAxes(0, 1)).neg().add(1).relu();
  const pull = distance.add(margin).mul(distance.sub(margin)).mul(gamma);
  const push = distance
    .neg()
    .add(1 + margin)
    .relu()
    .mul(distance.neg().add(1 - margin))
    .mul(gamma);
  const negative = same.logicalNot();
  const compared = any(positive, { axis: 1 }).logicalAnd(any(negative, { axis: 1 }));
  // Rows with nothing to compare are kept out before the logarithm, not after: theirs would be −∞.
  const total = (scores: Tensor, among: Tensor): Tensor =>
    where(compared.expandDims(1), where(among, scores, Number.NEGATIVE_INFINITY), 0).logSumExp({ axis: 1 });
  const losses = where(compared, total(pull, positive).add(total(push, negative)).softplus(), 0);
  return reduceLoss(operation, losses, options, { yPred, counted: losses.greater(0) });
}

/** True where row and column have one number. */
const diagonal = (rows: number, columns: number): Tensor => {
  const extent = Math.max(rows, columns);
  return eye(extent, { dtype: 'bool' }).slice([0, rows], [0, columns]);
};

/** Options of `sdml`. */
export interface SDMLOptions extends LossOptions {
  /** How much of each target goes to the pairs that do not belong together, from 0 to below 1. @defaultValue 0.3 */
  smoothing?: number;
}

/**
 * Smoothed deep metric learning: Σ t ln(t / softmax(−d)) over the squared distances d of a row of `first` from all rows of `second`,
 * with targets t of 1 − ε for the row of its own number, and ε / (samples − 1) for all others.
 *
 * @param first [samples, features], at least two samples
 * @param second of the shape of first; rows of one number belong together
 * @returns a scalar, or [samples] with reduction 'none'
 * @throws ShapeError when shapes do not fit; ArgumentError for a smoothing out of range
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/loss/ (SDMLLoss); Bonadiman et al. 2019, arXiv:1905.12786
 * @example
 * nn.losses.sdml(tensor([[0, 0], [5, 5]]), tensor([[0, 1], [5, 4]]), { smoothing: 0 }); // → 0
 */
export function sdml(first: Tensor, second: Tensor, options: SDMLOptions = {}): Tensor {
  const operation = 'sdml';
  checkTensor(operation, 'first', first);
  checkTensor(operation, 'second', second);
  checkLoss(operation, first, second, options, ['smoothing']);
  const samples = first.shape[0]!;
  if (first.rank !== 2 || samples < 2 || !shapesEqual(first.shape, second.shape))
    throw new ShapeError(operation, { first, second }, 'equal shapes [samples, features] of two samples at least');
  const smoothing = checkNumber(operation, 'smoothing', options.smoothing ?? 0.3, { atLeast: 0, below: 1 });
  const a = first.cast(floatingDType(first.dtype));
  const logProbabilities = a
    .expandDims(1)
    .sub(second.cast(a.dtype).expandDims(0))
    .square()
    .sum({ axis: 2 })
    .neg()
    .logSoftmax();
  const other = smoothing / (samples - 1);
  const target = eye(samples, { dtype: a.dtype })
    .mul(1 - smoothing - other)
    .add(other);
  const losses = xlogy(target, target).sub(target.mul(logProbabilities)).sum({ axis: 1 });
  return reduceLoss(operation, losses, options, { yPred: first });
}
