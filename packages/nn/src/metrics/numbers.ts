/** Batches as metrics read them: numbers, copied out of tensors once. */

import { broadcastTo, noGrad, scope, type Tensor } from '@cotangent/autograd';
import { type DType, type Shape, ShapeError, shapesEqual, type TypedArray } from '@cotangent/kernels';
import { maskOf } from '../masks.js';
import { checkTensor } from '../options.js';

/** Targets and predictions, one to one. */
export interface Pairs {
  readonly targets: TypedArray;
  readonly predictions: TypedArray;
  readonly shape: Shape;
}

/** x [..., 1] where the other has that axis and x has not. */
const likeOther = (x: Tensor, other: Tensor): Tensor =>
  other.rank === x.rank + 1 && other.shape[x.rank] === 1 ? x.expandDims(-1) : x;

/** Both with the same axes: a last one of extent 1 may be missing in one of them, as in Keras. @throws ShapeError */
export function aligned(
  name: string,
  yTrue: Tensor,
  yPred: Tensor,
  expected: string = 'equal shapes',
): [Tensor, Tensor] {
  checkTensor(name, 'yTrue', yTrue);
  checkTensor(name, 'yPred', yPred);
  const both: [Tensor, Tensor] = [likeOther(yTrue, yPred), likeOther(yPred, yTrue)];
  if (!shapesEqual(both[0].shape, both[1].shape)) throw new ShapeError(name, { yTrue, yPred }, expected);
  return both;
}

/** The numbers of targets and predictions of equal shapes. @throws ShapeError */
export function readPairs(name: string, yTrue: Tensor, yPred: Tensor, expected?: string): Pairs {
  return noGrad(() =>
    scope(() => {
      const [targets, predictions] = aligned(name, yTrue, yPred, expected);
      return {
        targets: targets.toTypedArray(),
        predictions: predictions.toTypedArray(),
        shape: [...targets.shape],
      };
    }),
  );
}

/** Class indices beside scores of every class. */
export interface Labelled {
  readonly labels: TypedArray;
  /** Row by row, `classes` in each. */
  readonly scores: TypedArray;
  readonly classes: number;
  /** Of the labels. */
  readonly shape: Shape;
}

/** The numbers of labels [...], or [..., 1], and scores [..., classes]. @throws ShapeError */
export function readLabelled(name: string, yTrue: Tensor, yPred: Tensor): Labelled {
  checkTensor(name, 'yTrue', yTrue);
  checkTensor(name, 'yPred', yPred);
  const shape = yPred.shape.slice(0, -1);
  if (yPred.rank === 0 || !(shapesEqual(yTrue.shape, shape) || shapesEqual(yTrue.shape, [...shape, 1]))) {
    throw new ShapeError(name, { yTrue, yPred }, 'yTrue [...] and yPred [..., classes]');
  }
  return {
    labels: yTrue.toTypedArray(),
    scores: yPred.toTypedArray(),
    classes: yPred.shape[yPred.rank - 1]!,
    shape,
  };
}

/**
 * How much each value of a shape counts: the weights of its sample, or of the part of it that they name, times the mask that
 * travels with the predictions; null where everything counts 1.
 *
 * @throws ShapeError unless the axes of the weights are the first of the values
 */
export function readWeights(
  name: string,
  sampleWeight: Tensor | undefined,
  yPred: Tensor,
  shape: Shape,
): TypedArray | null {
  const mask = maskOf(yPred);
  const weights =
    sampleWeight === undefined ? null : spread(name, checkTensor(name, 'sampleWeight', sampleWeight), shape);
  // A mask of more axes than there are values says nothing about any one of them.
  if (mask === null || mask.rank > shape.length) return weights;
  const kept = spread(name, mask, shape);
  return weights === null ? kept : weights.map((weight, i) => weight * kept[i]!);
}

/** Weights of the first axes for every value of a shape. */
function spread(name: string, weight: Tensor, shape: Shape): TypedArray {
  const excess = weight.rank === shape.length + 1 && weight.shape[shape.length] === 1;
  const axes = excess ? weight.shape.slice(0, -1) : weight.shape;
  const fits = axes.every((extent, axis) => extent === shape[axis] || (axis > 0 && extent === 1));
  if (axes.length > shape.length || (axes.length === 0 && shape.length > 0) || !fits) {
    throw new ShapeError(name, { sampleWeight: weight, values: shape }, 'one weight for each sample');
  }
  if (shapesEqual(axes, shape)) return weight.toTypedArray();
  return noGrad(() =>
    scope(() => broadcastTo(weight.reshape([...axes, ...shape.slice(axes.length).map(() => 1)]), shape).toTypedArray()),
  );
}

/** A number as a tensor of this dtype holds it, so that 0.1 is not above a threshold of 0.1 because one of them is rounded. */
export const roundedTo = (dtype: DType, value: number): number => (dtype === 'float32' ? Math.fround(value) : value);

/** Where the largest of `count` numbers from `start` stands; the first of equal ones, and NaN is largest, as in `argmax`. */
export function largestAt(values: TypedArray, start: number, count: number): number {
  let at = 0;
  let best = values[start]!;
  for (let i = 1; i < count; i++) {
    const value = values[start + i]!;
    // Not lower, nor equal: it is higher, or one of them is NaN, and then the first NaN stays.
    if (!(value <= best) && !Number.isNaN(best)) {
      at = i;
      best = value;
    }
  }
  return at;
}
