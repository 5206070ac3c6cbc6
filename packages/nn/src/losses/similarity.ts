/** Losses of how near vectors lie to each other: for embeddings. */

import { eye, logSumExp, softplus, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkNumber, checkTensor } from '../options.js';
import { checkAlike, checkLoss, type LossOptions, perSample, reduceLoss } from './reduction.js';

/** x / ‖x‖ along the last axis, as Keras has it: 0 stays 0. */
const unit = (x: Tensor): Tensor => x.mul(x.square().sum({ axis: -1, keepDims: true }).maximum(1e-14).rsqrt());

/**
 * −cos of the angle between targets and predictions along the last axis: −1 where they point the same way.
 *
 * @param yTrue, yPred [..., features]
 * @throws ShapeError when shapes differ
 * @see https://keras.io/api/losses/regression_losses/
 */
export function cosineSimilarity(yTrue: Tensor, yPred: Tensor, options: LossOptions = {}): Tensor {
  const operation = 'cosineSimilarity';
  checkAlike(operation, yTrue, yPred, options);
  const cosines = unit(yTrue.cast(yPred.dtype)).mul(unit(yPred)).sum({ axis: -1 });
  return reduceLoss(operation, cosines.neg(), options);
}

/** Throws unless both are [..., features] and there is a target for each pair. */
function checkPairs(operation: string, yTrue: Tensor, first: Tensor, second: Tensor): void {
  checkTensor(operation, 'second', second);
  const fits = shapesEqual(first.shape, second.shape) && shapesEqual(yTrue.shape, first.shape.slice(0, -1));
  if (!fits)
    throw new ShapeError(operation, { yTrue, first, second }, 'yTrue [...] and two vectors [..., features] each');
}

/**
 * 1 − cos where the target is 1, max(0, cos − margin) where it is −1.
 *
 * @param yTrue [...]
 * @param first, second [..., features]
 * @param options `margin`: 0 unless given
 * @throws ShapeError when shapes do not fit
 * @see PyTorch's and Gluon's CosineEmbeddingLoss
 */
export function cosineEmbedding(
  yTrue: Tensor,
  first: Tensor,
  second: Tensor,
  options: LossOptions & { margin?: number } = {},
): Tensor {
  const operation = 'cosineEmbedding';
  checkLoss(operation, yTrue, first, options, ['margin']);
  checkPairs(operation, yTrue, first, second);
  const margin = checkNumber(operation, 'margin', options.margin ?? 0, { atLeast: -1, atMost: 1 });
  // Added to the squares, as PyTorch does.
  const least = 1.1920928955078125e-7 / 10000;
  const squares = (x: Tensor): Tensor => x.square().sum({ axis: -1 }).add(least);
  const cosine = first
    .mul(second)
    .sum({ axis: -1 })
    .div(squares(first).mul(squares(second)).sqrt());
  const losses = where(yTrue.equal(1), cosine.neg().add(1), cosine.sub(margin).relu());
  return reduceLoss(operation, losses, options);
}

/**
 * Of distances d: d² where the target is 1 (alike), max(margin − d, 0)² where it is 0. Mean over the last axis.
 *
 * @param yTrue, yPred [...] of one shape
 * @param options `margin`: 1 unless given
 * @throws ShapeError when shapes differ
 * @see Hadsell et al. 2006
 */
export function contrastive(yTrue: Tensor, yPred: Tensor, options: LossOptions & { margin?: number } = {}): Tensor {
  const operation = 'contrastive';
  checkAlike(operation, yTrue, yPred, options, ['margin']);
  const margin = checkNumber(operation, 'margin', options.margin ?? 1, { atLeast: 0 });
  const y = yTrue.cast(yPred.dtype);
  const apart = yPred.neg().add(margin).relu().square();
  return reduceLoss(operation, perSample(y.mul(yPred.square()).add(y.neg().add(1).mul(apart))), options);
}

/** Options of `triplet`. */
export interface TripletOptions extends LossOptions {
  /** How much farther the other is to be. @defaultValue 1 */
  margin?: number;
  /** `'euclidean'`: ‖a − b + 1e-6‖ (PyTorch); `'squared'`: ‖a − b‖² (Gluon). @defaultValue 'euclidean' */
  distance?: 'euclidean' | 'squared';
  /** Whether the distance between the two others counts, where it is the smaller one. @defaultValue false */
  swap?: boolean;
}

/**
 * max(0, d(anchor, positive) − d(anchor, negative) + margin).
 *
 * @param anchor, positive, negative [..., features]
 * @throws ShapeError when shapes differ
 * @see Schroff et al. 2015, arXiv:1503.03832; PyTorch's TripletMarginLoss; Gluon's TripletLoss
 */
export function triplet(anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletOptions = {}): Tensor {
  const operation = 'triplet';
  const own = ['margin', 'distance', 'swap'];
  checkAlike(operation, anchor, positive, options, own);
  checkAlike(operation, anchor, negative, options, own);
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const kind = checkChoice(operation, 'distance', options.distance ?? 'euclidean', ['euclidean', 'squared']);
  const distance = (a: Tensor, b: Tensor): Tensor =>
    kind === 'squared' ? a.sub(b).square().sum({ axis: -1 }) : a.sub(b).add(1e-6).norm({ axis: -1 });
  const far = distance(anchor, negative);
  const swap = checkBoolean(operation, 'swap', options.swap ?? false);
  const other = swap ? far.minimum(distance(positive, negative)) : far;
  return reduceLoss(operation, distance(anchor, positive).sub(other).add(margin).relu(), options);
}

/** Options of `circle`. */
export interface CircleOptions extends LossOptions {
  /** Scale of the similarities. @defaultValue 80 */
  gamma?: number;
  /** How far alike and unlike are to be apart. @defaultValue 0.4 */
  margin?: number;
}

/**
 * The circle loss between all pairs of a batch of embeddings: ln(1 + Σ e^(γ αₙ (sₙ − m)) · Σ e^(−γ αₚ (sₚ − 1 + m))) over the pairs of
 * other and of the same class, s being cosines and α how far each is from where it is to be. The mean is over the embeddings whose loss is above 0.
 *
 * @param yTrue class indices [batch]
 * @param yPred embeddings [batch, features], of length 1
 * @throws ShapeError when shapes do not fit
 * @see Sun et al. 2020, arXiv:2002.10857; https://keras.io/api/losses/ (Circle)
 */
export function circle(yTrue: Tensor, yPred: Tensor, options: CircleOptions = {}): Tensor {
  const operation = 'circle';
  checkLoss(operation, yTrue, yPred, options, ['gamma', 'margin']);
  const labels = yTrue.rank === 2 && yTrue.shape[1] === 1 ? yTrue.squeeze(-1) : yTrue;
  if (yPred.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== yPred.shape[0])
    throw new ShapeError(operation, { yTrue, yPred }, 'yTrue [batch] and yPred [batch, features]');
  const gamma = checkNumber(operation, 'gamma', options.gamma ?? 80, { above: 0 });
  const margin = checkNumber(operation, 'margin', options.margin ?? 0.4, { atLeast: 0, atMost: 1 });
  const itself = eye(yPred.shape[0]!, { dtype: 'bool' });
  const same = labels.expandDims(1).equal(labels.expandDims(0));
  const positive = same.logicalAnd(itself.logicalNot());
  const negative = same.logicalNot();
  const distances = yPred.matmul(yPred.T).neg().add(1).relu();
  const [toPositive, toNegative] = [
    distances.add(margin).relu(),
    distances
      .neg()
      .add(1 + margin)
      .relu(),
  ];
  const pull = toPositive.mul(distances.neg().add(margin)).mul(-gamma);
  const push = toNegative.mul(distances.neg().add(1 - margin)).mul(gamma);
  const total = (scores: Tensor, pairs: Tensor): Tensor =>
    logSumExp(where(pairs, scores, Number.NEGATIVE_INFINITY), { axis: 1 });
  const losses = softplus(total(pull, positive).add(total(push, negative)));
  const mask = losses.detach().greater(0);
  return reduceLoss(operation, losses, {
    ...options,
    mask: options.mask === undefined ? mask : mask.logicalAnd(options.mask),
  });
}

/**
 * Smoothed deep metric learning: row i of one batch belongs to row i of the other. The divergence between smoothed labels and the softmax of −‖aᵢ −
 * bⱼ‖² over j.
 *
 * @param first, second [batch, features], at least two rows
 * @param options `smoothing`: what the labels of the others add up to, 0.3 unless given
 * @throws ShapeError when shapes differ; ArgumentError for a single row
 * @see Bonadiman et al. 2019, arXiv:1905.12786; Gluon's SDMLLoss
 */
export function sdml(first: Tensor, second: Tensor, options: LossOptions & { smoothing?: number } = {}): Tensor {
  const operation = 'sdml';
  checkAlike(operation, first, second, options, ['smoothing']);
  const batch = first.shape[0]!;
  if (first.rank !== 2 || batch < 2)
    throw new ArgumentError(operation, `got ${batch} rows; expected two tensors [batch, features] of at least two`);
  const smoothing = checkNumber(operation, 'smoothing', options.smoothing ?? 0.3, { atLeast: 0, atMost: 1 });
  const distances = first.expandDims(1).sub(second.expandDims(0)).square().sum({ axis: -1 });
  const others = smoothing / (batch - 1);
  const labels = eye(batch, { dtype: first.dtype })
    .mul(1 - smoothing - others)
    .add(others);
  const divergence = labels.mul(labels.add(1e-12).log().sub(distances.neg().logSoftmax()));
  return reduceLoss(operation, divergence.sum({ axis: -1 }), options);
}
