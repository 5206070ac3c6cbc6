/** Connectionist temporal classification: labels in order, without saying when (https://keras.io/api/losses/). */

import {
  allNumbers,
  arange,
  concat,
  full,
  logaddexp,
  stack,
  subtract,
  type Tensor,
  takeAlongAxis,
  where,
} from '@cotangent/autograd';
import { DTypeError, floatingDType, IndexError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkTensor } from '../options.js';
import { checkLoss, type LossOptions, reduceLoss } from './reduction.js';

/** Options of `ctc`. */
export interface CTCOptions extends LossOptions {
  /** How many labels each sample has: whole numbers [samples]. @defaultValue as many as are neither the blank nor negative (Keras, Gluon) */
  labelLengths?: Tensor;
  /** How many steps of yPred each sample has: whole numbers [samples]. @defaultValue all */
  inputLengths?: Tensor;
  /** The class that stands for no label; Gluon has the last one, −1 here. @defaultValue 0 */
  blankIndex?: number;
  /** Whether samples whose labels do not fit into their steps cost 0 rather than Infinity. @defaultValue false */
  zeroInfinity?: boolean;
  /** Whether the loss of a sample is divided by the number of its labels, as by the 'mean' of PyTorch. @defaultValue false */
  divideByLength?: boolean;
  /** bool [samples]: which losses count; or [samples, steps]: which steps there are, as masks of sequences tell. @defaultValue all true */
  mask?: Tensor;
}

/**
 * The logarithm of what cannot be: finite, so that the difference of two is no NaN, far below every sum of log-probabilities, and
 * far enough from the end of float32 to be added up over all steps.
 */
const impossible = -1e20;

/**
 * −ln of the probability of the labels: of all ways together to spread them over the steps, repeated or with blanks between them, of
 * which there is one at least between equal ones. Differentiable to any order; takes time and memory for steps · labels.
 *
 * @param yTrue [samples, labels], whole numbers in any dtype; blanks or negative numbers fill up where there are fewer
 * @param yPred logits [samples, steps, classes], or log-probabilities: `logSoftmax`, which is taken here, leaves those as they are
 * @returns a scalar, or [samples] with reduction 'none'; Infinity, without a gradient, where labels do not fit into the steps
 * @throws ShapeError when shapes do not fit; IndexError for a label that is no class, or a length out of range; ArgumentError for a `blankIndex` that is no class
 * @see Graves et al. 2006, doi:10.1145/1143844.1143891; https://keras.io/api/losses/ (CTC); PyTorch's CTCLoss has the steps first, and
 *   its 'mean' is `divideByLength`; Gluon's CTCLoss has `blankIndex: -1`
 * @example
 * // −ln 3/4: of four ways, "1 1", "1 –" and "– 1" say 1.
 * nn.losses.ctc(tensor([[1]]), zeros([1, 2, 2])); // → 0.28768
 */
export function ctc(yTrue: Tensor, yPred: Tensor, options: CTCOptions = {}): Tensor {
  const operation = 'ctc';
  const own = ['labelLengths', 'inputLengths', 'blankIndex', 'zeroInfinity', 'divideByLength'];
  checkLoss(operation, yTrue, yPred, options, own);
  if (yTrue.rank !== 2 || yPred.rank !== 3 || yTrue.shape[0] !== yPred.shape[0] || yPred.shape[2] === 0)
    throw new ShapeError(operation, { yTrue, yPred }, 'yTrue [samples, labels] and yPred [samples, steps, classes]');
  const [samples, , classes] = yPred.shape as readonly [number, number, number];
  const most = yTrue.shape[1]!;
  const index = checkNumber(operation, 'blankIndex', options.blankIndex ?? 0, {
    atLeast: -classes,
    below: classes,
    whole: true,
  });
  const blank = index < 0 ? index + classes : index;
  // Not `≥ 0`: NaN is to be found and refused.
  const lengths =
    options.labelLengths === undefined
      ? yTrue.less(0).logicalOr(yTrue.equal(blank)).logicalNot().sum({ axis: 1, keepDims: true })
      : lengthsOf(operation, 'labelLengths', options.labelLengths, samples, most);
  const labels = labelsOf(operation, yTrue, before(most, lengths), classes, blank);
  const logProbabilities = yPred.cast(floatingDType(yPred.dtype)).logSoftmax();
  const losses = alignmentLosses(logProbabilities, labels, lengths, stepsOf(operation, yPred, options), blank);
  const cannot = losses.greater(-impossible / 2);
  const zero = checkBoolean(operation, 'zeroInfinity', options.zeroInfinity ?? false);
  const finite = where(cannot, zero ? 0 : Number.POSITIVE_INFINITY, losses);
  const scaled = checkBoolean(operation, 'divideByLength', options.divideByLength ?? false)
    ? finite.div(
        lengths
          .squeeze(1)
          .clip(1, most + 1)
          .cast(finite.dtype),
      )
    : finite;
  const { mask, ...rest } = options;
  return reduceLoss(operation, scaled, mask === undefined || mask.rank === 2 ? rest : options);
}

/** True for the first `lengths` [samples, 1] of `extent` places: bool [samples, extent]. */
const before = (extent: number, lengths: Tensor): Tensor =>
  arange(0, extent, 1, { dtype: 'int32' }).expandDims(0).less(lengths);

/** Lengths [samples] as int32 [samples, 1]. @throws ShapeError, IndexError */
function lengthsOf(operation: string, name: string, given: Tensor, samples: number, most: number): Tensor {
  if (!shapesEqual(checkTensor(operation, name, given).shape, [samples]))
    throw new ShapeError(operation, { [name]: given }, `[${samples}]: a length for each sample`);
  for (const [i, length] of allNumbers(given).entries()) {
    if (!(Number.isInteger(length) && length >= 0 && length <= most)) {
      throw new IndexError(
        operation,
        `got ${name} ${length} at position ${i}; expected whole numbers from 0 to ${most}`,
      );
    }
  }
  return given.cast('int32').expandDims(1);
}

/** The labels that count as int32, the blank in place of the others. @throws IndexError for one that is no class */
function labelsOf(operation: string, yTrue: Tensor, counted: Tensor, classes: number, blank: number): Tensor {
  const labels = where(counted, yTrue, blank);
  for (const [i, label] of allNumbers(labels).entries()) {
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new IndexError(
        operation,
        `got class label ${label} at position ${i}; expected integers from 0 to ${classes - 1}`,
        Number.isNaN(label) ? 'The labels hold NaN: check how they were read.' : `yPred has ${classes} classes.`,
      );
    }
  }
  return labels.cast('int32');
}

/** Which steps there are: bool [samples, steps], or undefined for all. @throws ShapeError, IndexError, DTypeError */
function stepsOf(operation: string, yPred: Tensor, { inputLengths, mask }: CTCOptions): Tensor | undefined {
  const [samples, steps] = yPred.shape as readonly [number, number, number];
  const long =
    inputLengths === undefined
      ? undefined
      : before(steps, lengthsOf(operation, 'inputLengths', inputLengths, samples, steps));
  if (mask === undefined || checkTensor(operation, 'mask', mask).rank !== 2) return long;
  if (mask.dtype !== 'bool')
    throw new DTypeError(operation, { mask: mask.dtype }, 'bool', "Convert with .cast('bool').");
  if (!shapesEqual(mask.shape, [samples, steps]))
    throw new ShapeError(operation, { mask, yPred }, 'a mask [samples] or [samples, steps]');
  return long === undefined ? mask : long.logicalAnd(mask);
}

/**
 * The forward recursion over time, for all samples and places at once. Places are the labels with a blank before, between and after
 * them. α(s) is the logarithm of the probability of all ways to be at place s after the steps so far; a step adds those that stay, that
 * come from the place before, and that leave out a blank between labels that differ:
 *
 *     α(s) ← ln(e^α(s) + e^α(s − 1) + e^α(s − 2)) + ln p(label at s)
 */
function alignmentLosses(
  logProbabilities: Tensor,
  labels: Tensor,
  lengths: Tensor,
  shown: Tensor | undefined,
  blank: number,
): Tensor {
  const [samples, steps] = logProbabilities.shape as readonly [number, number, number];
  const most = labels.shape[1]!;
  const places = 2 * most + 1;
  const blanks = (count: number): Tensor => full([samples, count], blank, { dtype: 'int32' });
  const path = concat([stack([blanks(most), labels], { axis: 2 }).reshape([samples, places - 1]), blanks(1)], {
    axis: 1,
  });
  const mayLeaveOut = path.notEqual(concat([blanks(2), path], { axis: 1 }).slice(null, [0, places]));
  const emitted = takeAlongAxis(logProbabilities, path.expandDims(1).broadcastTo([samples, steps, places]));
  // A logit of −∞ would make differences NaN.
  const said = eachStep(emitted.clip(impossible, Number.POSITIVE_INFINITY));

  const place = arange(0, places, 1, { dtype: 'int32' }).expandDims(0).broadcastTo([samples, places]);
  // Before the first step one stands at the first blank without having said it: from there both first places can be reached.
  let alpha = where(place.equal(0), 0, full([samples, places], impossible, { dtype: logProbabilities.dtype }));
  for (let t = 0; t < steps; t++) {
    const shifted = alpha.pad([0, [2, 0]], { value: impossible });
    const [one, two] = [shifted.slice(null, [1, places + 1]), shifted.slice(null, [0, places])];
    const reached = logaddexp(logaddexp(alpha, one), where(mayLeaveOut, two, impossible));
    const next = reached.add(said[t]!);
    alpha = shown === undefined ? next : where(shown.slice(null, [t, t + 1]), next, alpha);
  }
  // At the end one stands at the last label, if there is one, or at the blank after it.
  const last = lengths.mul(2);
  const onLabel = takeAlongAxis(alpha, last.sub(1).clip(0, places));
  const total = logaddexp(takeAlongAxis(alpha, last), where(last.equal(0), impossible, onLabel));
  return subtract(0, total.squeeze(1)); // not .neg(): what is certain costs 0, not −0
}

/** x [samples, steps, places] step by step. By halves: the gradient of every slice is as large as what it is a slice of. */
function eachStep(x: Tensor): Tensor[] {
  const steps = x.shape[1]!;
  if (steps < 2) return steps === 0 ? [] : [x.squeeze(1)];
  const half = steps >> 1;
  return [...eachStep(x.slice(null, [0, half])), ...eachStep(x.slice(null, [half, steps]))];
}
