/** Losses of order and distance between two or three inputs. */

import { minimum, type Tensor, where } from '@cotangent/autograd';
import { floatingDType, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkNumber, checkTensor } from '../options.js';
import { checkPairs, reduceNumbers } from './pairs.js';
import { checkLoss, type LossOptions, reduceLoss } from './reduction.js';

/** A further input, checked: of the shape of the first, and in its dtype. */
function alike(operation: string, name: string, x: Tensor, likeName: string, like: Tensor): Tensor {
  if (!shapesEqual(checkTensor(operation, name, x).shape, like.shape))
    throw new ShapeError(operation, { [likeName]: like, [name]: x }, 'equal shapes');
  return x.cast(like.dtype);
}

/** Options of `marginRanking`. */
export interface MarginRankingOptions extends LossOptions {
  /** How far ahead the right one must be to cost nothing. @defaultValue 0 */
  margin?: number;
}

/**
 * max(0, margin − y (a − b)): a should be above b where y is 1, below it where y is −1. The mean over the last axis.
 *
 * @param yTrue −1 or 1, [...]
 * @param first scores a, of the shape of the labels
 * @param second scores b, of that shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for a margin that is not finite
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
 * @example
 * nn.losses.marginRanking(tensor([1, -1]), tensor([3, 2]), tensor([1, 1])); // → 0.5
 */
export function marginRanking(
  yTrue: Tensor,
  first: Tensor,
  second: Tensor,
  options: MarginRankingOptions = {},
): Tensor {
  const operation = 'marginRanking';
  const [y, a] = checkPairs(operation, yTrue, first, options, ['margin']);
  const b = alike(operation, 'second', second, 'first', a);
  const margin = checkNumber(operation, 'margin', options.margin ?? 0);
  return reduceNumbers(operation, y.mul(b.sub(a)).add(margin).relu(), options, first);
}

/** Options of `contrastive`. */
export interface ContrastiveOptions extends LossOptions {
  /** The distance from which on pairs that differ cost nothing. @defaultValue 1 */
  margin?: number;
}

/**
 * y d² + (1 − y) max(0, margin − d)² for distances d of pairs that are alike (y = 1) or differ (0). The mean over the last axis.
 *
 * @param yTrue 0 or 1, [...]
 * @param yPred distances of their shape
 * @returns a scalar, or [...] without the last axis with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for a margin that is not finite
 * @see Hadsell, Chopra & LeCun 2006, doi:10.1109/CVPR.2006.100 (there 1 means that a pair differs, and both terms have a factor ½)
 * @example
 * // (4 + 0.25) / 2
 * nn.losses.contrastive(tensor([1, 0]), tensor([2, 0.5])); // → 2.125
 */
export function contrastive(yTrue: Tensor, yPred: Tensor, options: ContrastiveOptions = {}): Tensor {
  const operation = 'contrastive';
  const [y, d] = checkPairs(operation, yTrue, yPred, options, ['margin']);
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const apart = d.neg().add(margin).relu().square();
  return reduceNumbers(operation, y.mul(d.square()).add(y.neg().add(1).mul(apart)), options, yPred);
}

/** Options of `triplet`. */
export interface TripletOptions extends LossOptions {
  /** How much nearer the positive must be than the negative to cost nothing. @defaultValue 1 */
  margin?: number;
  /** 'squared' is Σ (x − y)² (Gluon), 'norm' is (Σ |x − y + ε|ᵖ)^(1/p) (PyTorch). @defaultValue 'squared' */
  distance?: 'squared' | 'norm';
  /** p of 'norm', at least 1. @defaultValue 2 */
  p?: number;
  /** ε of 'norm', which keeps its derivative finite. @defaultValue 1e-6 */
  epsilon?: number;
  /** Whether the negative's distance from the positive stands for its distance from the anchor where it is shorter. @defaultValue false */
  swap?: boolean;
}

/**
 * max(0, d(a, p) − d(a, n) + margin): the anchor a should be nearer to the positive p than to the negative n.
 *
 * @param anchor vectors along the last axis, [..., features]
 * @param positive of the shape of anchor
 * @param negative of the shape of anchor
 * @returns a scalar, or [...] with reduction 'none'
 * @throws ShapeError when shapes differ; ArgumentError for options out of range
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/loss/ (TripletLoss);
 *   https://pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html; Balntas et al. 2016, doi:10.5244/C.30.119 (swap)
 * @example
 * // 1 − 2 + 3
 * nn.losses.triplet(tensor([[0, 0]]), tensor([[1, 0]]), tensor([[1, 1]]), { margin: 3 }); // → 2
 */
export function triplet(anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletOptions = {}): Tensor {
  const operation = 'triplet';
  checkTensor(operation, 'anchor', anchor);
  checkLoss(operation, anchor, anchor, options, ['margin', 'distance', 'p', 'epsilon', 'swap']);
  const a = anchor.cast(floatingDType(anchor.dtype));
  const near = alike(operation, 'positive', positive, 'anchor', a);
  const far = alike(operation, 'negative', negative, 'anchor', a);
  const kind = checkChoice(operation, 'distance', options.distance ?? 'squared', ['squared', 'norm']);
  const order = checkNumber(operation, 'p', options.p ?? 2, { atLeast: 1 });
  const shift = checkNumber(operation, 'epsilon', options.epsilon ?? 1e-6, { atLeast: 0 });
  const margin = checkNumber(operation, 'margin', options.margin ?? 1);
  const distance = (x: Tensor, y: Tensor): Tensor =>
    kind === 'squared' ? x.sub(y).square().sum({ axis: -1 }) : x.sub(y).add(shift).norm({ axis: -1, order });
  const fromAnchor = distance(a, far);
  const apart = checkBoolean(operation, 'swap', options.swap ?? false)
    ? minimum(fromAnchor, distance(near, far))
    : fromAnchor;
  return reduceLoss(operation, distance(a, near).sub(apart).add(margin).relu(), options, { yPred: anchor });
}

/** Options of `cosineEmbedding`. */
export interface CosineEmbeddingOptions extends LossOptions {
  /** The cosine up to which pairs that differ cost nothing, −1 to 1. @defaultValue 0 */
  margin?: number;
}

/** Norms below this count as this much (Gluon). */
const leastNorms = 1e-12;

/**
 * 1 − cos of the angle between two vectors that are alike (y = 1), max(0, cos − margin) of two that differ (−1).
 *
 * @param yTrue −1 or 1, [...]
 * @param first vectors along the last axis, [..., features]
 * @param second of the shape of first
 * @returns a scalar, or [...] with reduction 'none'
 * @throws ShapeError when shapes do not fit; ArgumentError for a margin out of range
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/loss/ (CosineEmbeddingLoss), as PyTorch's
 * @example
 * nn.losses.cosineEmbedding(tensor([-1]), tensor([[1, 0]]), tensor([[3, 4]])); // → 0.6
 */
export function cosineEmbedding(
  yTrue: Tensor,
  first: Tensor,
  second: Tensor,
  options: CosineEmbeddingOptions = {},
): Tensor {
  const operation = 'cosineEmbedding';
  checkTensor(operation, 'first', first);
  checkLoss(operation, yTrue, first, options, ['margin']);
  const a = first.cast(floatingDType(first.dtype));
  const b = alike(operation, 'second', second, 'first', a);
  if (!shapesEqual(yTrue.shape, a.shape.slice(0, -1)))
    throw new ShapeError(operation, { yTrue, first }, 'yTrue [...] and first [..., features]');
  const margin = checkNumber(operation, 'margin', options.margin ?? 0, { atLeast: -1, atMost: 1 });
  const norms = a.norm({ axis: -1 }).mul(b.norm({ axis: -1 }));
  const cosine = a.mul(b).sum({ axis: -1 }).div(norms.clip(leastNorms, Number.POSITIVE_INFINITY));
  const apart = where(yTrue.equal(-1), cosine.sub(margin).relu(), 0);
  return reduceLoss(operation, where(yTrue.equal(1), cosine.neg().add(1), apart), options, { yPred: first });
}
