/** Small helpers for data, as keras.utils has them: the namespace `nn.utils`. */

import { fromTypedArray, oneHot, sqrt, square, type Tensor } from '@cotangent/autograd';
import { type DType, ShapeError } from '@cotangent/kernels';
import { checkIndices } from './layers/inputs.js';
import { checkChoice, checkNumber, checkOptions, checkTensor } from './options.js';

/** Options of `padSequences`. */
export interface PadSequencesOptions {
  /** Length of all. @defaultValue that of the longest */
  maxLength?: number | null;
  /** @defaultValue 'int32' */
  dtype?: Extract<DType, 'int32' | 'float32' | 'float64'>;
  /** Where short ones are filled up. @defaultValue 'pre' */
  padding?: 'pre' | 'post';
  /** Where long ones are cut. @defaultValue 'pre' */
  truncating?: 'pre' | 'post';
  /** What they are filled with. @defaultValue 0 */
  value?: number;
}

/**
 * Sequences of numbers as a tensor [sequences, length].
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/data_loading/timeseries/#padsequences-function
 * @example nn.utils.padSequences([[1], [2, 3]]) // → [[0, 1], [2, 3]]
 */
export function padSequences(sequences: readonly (readonly number[])[], options: PadSequencesOptions = {}): Tensor {
  const name = 'padSequences';
  checkOptions(name, options, ['maxLength', 'dtype', 'padding', 'truncating', 'value']);
  const { dtype = 'int32', padding = 'pre', truncating = 'pre', value = 0 } = options;
  checkChoice(name, 'dtype', dtype, ['int32', 'float32', 'float64']);
  checkChoice(name, 'padding', padding, ['pre', 'post']);
  checkChoice(name, 'truncating', truncating, ['pre', 'post']);
  checkNumber(name, 'value', value);
  const longest = sequences.reduce((length, sequence) => Math.max(length, sequence.length), 0);
  const length = checkNumber(name, 'maxLength', options.maxLength ?? longest, { atLeast: 0, whole: true });
  const out = new Float64Array(sequences.length * length).fill(value);
  for (const [i, sequence] of sequences.entries()) {
    const surplus = Math.max(0, sequence.length - length);
    const kept = truncating === 'pre' ? sequence.slice(surplus) : sequence.slice(0, sequence.length - surplus);
    out.set(kept, i * length + (padding === 'pre' ? length - kept.length : 0));
  }
  return fromTypedArray(out, [sequences.length, length]).cast(dtype);
}

/**
 * Classes as one-hot rows, float32: [...] becomes [..., numClasses]; a last axis of extent 1 is dropped first.
 *
 * @param numClasses how many classes there are. @defaultValue one more than the largest
 * @throws IndexError unless all are whole numbers from 0 to numClasses − 1; ArgumentError for a `numClasses` that is not positive; DTypeError for classes that are no whole numbers
 * @see https://keras.io/api/utils/python_utils/#tocategorical-function
 * @example nn.utils.toCategorical(tensor([0, 2])) // → [[1, 0, 0], [0, 0, 1]]
 */
export function toCategorical(x: Tensor, numClasses?: number): Tensor {
  checkTensor('toCategorical', 'x', x);
  const largest = (): number => Math.max(0, ...x.cast('float64').toTypedArray()) + 1;
  const classes = checkNumber('toCategorical', 'numClasses', numClasses ?? largest(), { atLeast: 1, whole: true });
  const indices = checkIndices('toCategorical', x, classes, 'numClasses');
  const last = x.rank > 1 && x.shape.at(-1) === 1;
  return oneHot(last ? indices.reshape(x.shape.slice(0, -1)) : indices, classes).cast('float32');
}

/**
 * x divided by its norm along an axis; where that is 0, x itself.
 *
 * @param options `axis`, −1 unless given; `order` of the norm, 2 unless given
 * @throws ShapeError for a scalar; ArgumentError for options out of range
 * @see https://keras.io/api/utils/python_utils/#normalize-function
 * @example nn.utils.normalize(tensor([[3, 4]])) // → [[0.6, 0.8]]
 */
export function normalize(x: Tensor, options: { axis?: number; order?: number } = {}): Tensor {
  checkOptions('normalize', options, ['axis', 'order']);
  const { axis = -1 } = options;
  const order = checkNumber('normalize', 'order', options.order ?? 2, { above: 0 });
  if (checkTensor('normalize', 'x', x).rank === 0)
    throw new ShapeError('normalize', { x: x.shape }, 'a tensor with one axis at least');
  const sum = order === 2 ? square(x) : x.abs().pow(order);
  const total = sum.sum({ axis, keepDims: true });
  const norm = order === 2 ? sqrt(total) : total.pow(1 / order);
  return x.div(norm.add(norm.equal(0).cast(x.dtype)));
}
