/** What losses between classes and scores of every class have in common. */

import { oneHot, type Tensor, take, tensor, where } from '@cotangent/autograd';
import { floatingDType, normalizeAxis, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkNumber, checkTensor } from '../options.js';
import type { LossOptions } from './reduction.js';

/** Options of losses between classes and scores of every class. */
export interface ClassLossOptions extends LossOptions {
  /** The axis of yPred that holds the classes. @defaultValue −1 */
  axis?: number;
  /**
   * How much each class counts, [classes]. Means divide by the number of samples all the same (Keras); with reduction
   * 'meanWithSampleWeight' by the sum of the weights of the targets (PyTorch). @defaultValue 1
   */
  classWeight?: Tensor | readonly number[];
}

/** Options of losses whose targets are class indices. */
export interface LabelLossOptions extends ClassLossOptions {
  /** Samples with this label do not count; it need not be a class. @defaultValue none */
  ignoreClass?: number;
}

/** x in its floating dtype, with the classes along the last axis. */
export function classesLast(operation: string, x: Tensor, axis: number = -1): Tensor {
  checkNumber(operation, 'axis', axis, { whole: true });
  const floating = x.cast(floatingDType(x.dtype));
  const at = normalizeAxis(operation, axis, x.rank);
  return at === x.rank - 1 ? floating : floating.moveAxis(at, -1);
}

/** What each class counts, or nothing. */
export type ClassWeight = ClassLossOptions['classWeight'];

/** The weights of classes as a tensor [classes], if there are any. @throws ShapeError unless there is one for each class */
export function classWeights(
  operation: string,
  classWeight: ClassWeight,
  scores: Tensor,
  name: string = 'classWeight',
): Tensor | undefined {
  if (classWeight === undefined) return undefined;
  const { dtype } = scores;
  const weights = Array.isArray(classWeight)
    ? tensor(classWeight as number[], { dtype })
    : checkTensor(operation, name, classWeight).cast(dtype);
  const classes = scores.shape[scores.rank - 1]!;
  if (!shapesEqual(weights.shape, [classes]))
    throw new ShapeError(operation, { [name]: weights, yPred: scores }, `one number for each of ${classes} classes`);
  return weights;
}

/** Class indices beside the scores of every class. */
export interface Labelled {
  /** [...]; 0 for those that do not count. */
  readonly labels: Tensor;
  /** [..., classes], floating. */
  readonly scores: Tensor;
  /** Which labels count: bool [...]; undefined where all do. */
  readonly counted: Tensor | undefined;
}

/**
 * Labels and scores that fit.
 *
 * @param mend what to say to those who pass one-hot targets
 * @throws ShapeError
 */
export function labelled(
  operation: string,
  yTrue: Tensor,
  yPred: Tensor,
  { axis = -1, ignoreClass }: LabelLossOptions,
  mend?: string,
): Labelled {
  const scores = classesLast(operation, yPred, axis);
  const given = yTrue.rank === yPred.rank && yTrue.shape.at(axis) === 1 ? yTrue.squeeze(axis) : yTrue;
  if (!shapesEqual(given.shape, scores.shape.slice(0, -1))) {
    throw new ShapeError(
      operation,
      { yTrue, yPred },
      axis === -1 ? 'yTrue [...] and yPred [..., classes]' : `the shape of yPred without axis ${axis} for yTrue`,
      shapesEqual(yTrue.shape, yPred.shape) ? mend : undefined,
    );
  }
  if (ignoreClass === undefined) return { labels: given, scores, counted: undefined };
  const counted = given.notEqual(checkNumber(operation, 'ignoreClass', ignoreClass, { whole: true }));
  return { labels: where(counted, given, 0), scores, counted };
}

/** True at the label of each row: bool [..., classes]. @throws IndexError for a label that is NaN or out of range */
export const labelPlaces = ({ labels, scores }: Labelled): Tensor =>
  oneHot(labels, scores.shape[scores.rank - 1]!, { dtype: 'bool' });

/** The score at the place of each row: no product, for 0 · −∞ would be NaN. */
export const scoreAt = (places: Tensor, scores: Tensor): Tensor => where(places, scores, 0).sum({ axis: -1 });

/** The weight of the class of each row, once the labels are known to be classes. */
export const weightOfLabel = (weights: Tensor | undefined, labels: Tensor): Tensor | undefined =>
  weights === undefined ? undefined : take(weights, labels.cast('int32'));
