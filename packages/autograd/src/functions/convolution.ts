/** Convolutions (cross-correlations, as in every neural-network library), channels last unless told. */

import { ArgumentError, type ConvolutionAttributes, outputExtent, ShapeError } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as rows from '../primitives/biasedConvolution.js';
import { convolution, convolutionInputGradient } from '../primitives/convolution.js';
import type { Tensor } from '../tensor.js';
import { type Endings, endingWith } from './ending.js';
import { checkTensor } from './operands.js';
import {
  channelsBack,
  channelsLast,
  checkImages,
  filterWithThreeAxes,
  type WindowOptions,
  windowAttributes,
  withAxes,
  withThreeAxes,
} from './windows.js';

/** What a convolution ends with, in the same pass over the result. */
export interface ConvolutionEndingOptions {
  /** [out], added to each channel. @defaultValue nothing is added */
  readonly bias?: Tensor;
  /** Applied to the result. @defaultValue 'linear': nothing */
  readonly activation?: 'linear' | 'relu' | 'tanh' | 'sigmoid';
}

/** Options of `depthwiseConv` and `separableConv`. */
export interface DepthwiseConvolutionOptions extends WindowOptions, ConvolutionEndingOptions {}

/** Options of `conv` and its kin. */
export interface ConvolutionOptions extends DepthwiseConvolutionOptions {
  /** Groups of channels, each convolved with filters of its own. @defaultValue 1 */
  readonly groups?: number;
}

const optionNames = ['strides', 'padding', 'dilations', 'dataFormat', 'bias', 'activation'];
const groupedNames = [...optionNames, 'groups'];

const biasedRows: Endings<Primitive<ConvolutionAttributes>> = {
  linear: rows.biasedConvolution,
  relu: rows.biasedConvolutionRelu,
  tanh: rows.biasedConvolutionTanh,
  sigmoid: rows.biasedConvolutionSigmoid,
};

const biasedTransposes: Endings<Primitive<ConvolutionAttributes>> = {
  linear: rows.biasedTranspose,
  relu: rows.biasedTransposeRelu,
  tanh: rows.biasedTransposeTanh,
  sigmoid: rows.biasedTransposeSigmoid,
};

/** The convolution `row`, or the one of `biasedRows` where there is a bias. */
function applyEnding(
  operation: string,
  row: typeof convolution,
  biased: typeof biasedRows,
  [x, filter]: readonly [Tensor, Tensor],
  attributes: ConvolutionAttributes,
  { bias, activation = 'linear' }: ConvolutionEndingOptions,
): Tensor {
  const ending = endingWith(operation, biased, activation);
  if (bias !== undefined) {
    const channels = row === convolution ? filter.shape[4]! : filter.shape[3]! * attributes.groups;
    if (checkTensor(operation, bias).rank !== 1 || bias.shape[0] !== channels)
      throw new ShapeError(operation, { filter, bias }, `a bias [${channels}]`);
    return apply(ending, [x, filter, bias], attributes);
  }
  const y = apply(row, [x, filter], attributes);
  return activation === 'linear' ? y : y[activation]();
}

function checkFilter(operation: string, x: Tensor, filter: Tensor, groups: number, spatialAxes: number): void {
  if (!Number.isInteger(groups) || groups < 1)
    throw new ArgumentError(operation, `got groups ${groups}; expected a whole number from 1`);
  const channels = x.shape[x.rank - 1]!;
  const [perGroup, outputs] = filter.shape.slice(-2) as [number, number];
  if (filter.rank === spatialAxes + 2 && perGroup * groups === channels && outputs % groups === 0) return;
  const expected =
    groups === 1
      ? `a filter [...window, ${channels}, out]`
      : `a filter [...window, ${channels} / ${groups}, out] with out divisible by ${groups}`;
  const first = x.shape[1] === perGroup * groups && channels !== perGroup * groups;
  throw new ShapeError(
    operation,
    { x, filter },
    expected,
    first ? "Is x channels first? Pass { dataFormat: 'channelsFirst' }." : undefined,
  );
}

/**
 * y[b, p, o] = activation(Σ over the taps t of the window and the channels i of x[b, stride · p + dilation · t − padding, i] · filter[t, i, o]
 * + bias[o]), over as many spatial axes as x has between batch and channels (1, 2 or 3). Bias and activation cost no pass of their own.
 *
 * @param x [batch, …spatial, in], or [batch, in, …spatial] with `dataFormat: 'channelsFirst'`; float32 or float64
 * @param filter [...window, in / groups, out], in either format (Keras)
 * @returns [batch, …, out], spatial extents ⌊(n + padding − dilation (window − 1) − 1) / stride⌋ + 1
 * @throws ShapeError when x and filter do not fit or the window is longer than the padded input; ArgumentError for options out of
 *   range; DTypeError for two dtypes
 * @see https://keras.io/api/ops/nn/#conv-function
 * @example
 * const x = ones([1, 4, 4, 1]);
 * conv(x, ones([3, 3, 1, 2]), { padding: 'same' }).shape; // → [1, 4, 4, 2]
 */
export function conv(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  checkOptions('conv', options, groupedNames);
  return convolve('conv', x, filter, checkTensor('conv', x).rank - 2, options);
}

/**
 * `conv` over one spatial axis: x [batch, width, in], filter [window, in / groups, out]. `padding` may be 'causal'.
 *
 * @example
 * conv1d(tensor([[[1], [2], [3], [4]]]), ones([2, 1, 1])); // → [[[3], [5], [7]]]
 */
export function conv1d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  checkOptions('conv1d', options, groupedNames);
  return convolve('conv1d', x, filter, 1, options);
}

/**
 * `conv` over two spatial axes: x [batch, height, width, in], filter [height, width, in / groups, out].
 *
 * @example
 * conv2d(zeros([1, 28, 28, 3]), zeros([3, 3, 3, 8]), { padding: 'same', strides: 2 }).shape; // → [1, 14, 14, 8]
 */
export function conv2d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  checkOptions('conv2d', options, groupedNames);
  return convolve('conv2d', x, filter, 2, options);
}

/**
 * `conv` over three spatial axes: x [batch, depth, height, width, in], filter [depth, height, width, in / groups, out].
 *
 * @example
 * conv3d(zeros([1, 8, 8, 8, 2]), zeros([3, 3, 3, 2, 4])).shape; // → [1, 6, 6, 6, 4]
 */
export function conv3d(x: Tensor, filter: Tensor, options: ConvolutionOptions = {}): Tensor {
  checkOptions('conv3d', options, groupedNames);
  return convolve('conv3d', x, filter, 3, options);
}

function convolve(operation: string, given: Tensor, filter: Tensor, axes: number, options: ConvolutionOptions): Tensor {
  const { dataFormat, groups = 1 } = options;
  checkImages(operation, checkTensor(operation, given), Math.min(Math.max(axes, 1), 3), dataFormat);
  const x = channelsLast(given, dataFormat);
  checkFilter(operation, x, checkTensor(operation, filter), groups, axes);
  const attributes = windowAttributes(operation, x.shape.slice(1, -1), filter.shape.slice(0, -2), options);
  const operands = [withThreeAxes(x), filterWithThreeAxes(filter)] as const;
  const y = applyEnding(operation, convolution, biasedRows, operands, { ...attributes, groups }, options);
  return channelsBack(withAxes(y, axes), dataFormat);
}

/**
 * Each channel convolved with filters of its own: x [batch, …, in], filter [...window, in, multiplier] gives [batch, …, in · multiplier],
 * the results of one channel side by side (Keras' depthwise convolution).
 *
 * @throws as `conv`; ShapeError for a filter that does not fit x; ArgumentError for options out of range
 * @example
 * depthwiseConv(zeros([1, 28, 28, 3]), zeros([3, 3, 3, 2])).shape; // → [1, 26, 26, 6]
 */
export function depthwiseConv(x: Tensor, filter: Tensor, options: DepthwiseConvolutionOptions = {}): Tensor {
  checkOptions('depthwiseConv', options, optionNames);
  const axes = checkTensor('depthwiseConv', x).rank - 2;
  checkImages('depthwiseConv', x, Math.min(Math.max(axes, 1), 3), options.dataFormat);
  const channels = channelsLast(x, options.dataFormat).shape[axes + 1]!;
  const [inputs, multiplier] = checkTensor('depthwiseConv', filter).shape.slice(-2) as [number, number];
  if (filter.rank !== axes + 2 || inputs !== channels) {
    throw new ShapeError('depthwiseConv', { x, filter }, `a filter [...window, ${channels}, multiplier]`);
  }
  // To the channels of a group belong `multiplier` results: a filter [...window, 1, in · multiplier].
  const grouped = filter.reshape([...filter.shape.slice(0, -2), 1, inputs * multiplier]);
  return convolve('depthwiseConv', x, grouped, axes, { ...options, groups: channels });
}

/**
 * A depthwise convolution, and a pointwise one (filter [1, …, in · multiplier, out]) that mixes its channels.
 *
 * @example
 * separableConv(zeros([1, 28, 28, 3]), zeros([3, 3, 3, 2]), zeros([1, 1, 6, 8])).shape; // → [1, 26, 26, 8]
 */
export function separableConv(
  x: Tensor,
  depthwise: Tensor,
  pointwise: Tensor,
  options: DepthwiseConvolutionOptions = {},
): Tensor {
  checkOptions('separableConv', options, optionNames);
  const { bias, activation, ...windows } = options;
  const ending = { ...(bias && { bias }), ...(activation && { activation }) };
  const { dataFormat } = options;
  return conv(depthwiseConv(x, depthwise, windows), pointwise, { ...(dataFormat && { dataFormat }), ...ending });
}

/** Options of `convTranspose`. */
export interface ConvolutionTransposeOptions extends WindowOptions, ConvolutionEndingOptions {
  /** Extra extent at the end of each spatial axis, below the stride. @defaultValue 0; what 'same' and 'valid' need in Keras */
  readonly outputPadding?: number | readonly number[];
}

/**
 * The transpose of a convolution: what a convolution with this filter from the result to x would send back. With a stride it enlarges.
 *
 * Extents of the result, with w = dilation (window − 1) + 1: (n − 1) stride + w − padding + outputPadding. Without an outputPadding 'same'
 * gives n · stride and 'valid' n · stride + max(w − stride, 0); with one, 'same' pads ⌊w / 2⌋ on each side (Keras).
 *
 * @param given [batch, …spatial, in]
 * @param filter [...window, out, in] (Keras)
 * @throws as `conv`; ShapeError for a filter that does not fit x; ArgumentError for options that leave nothing, or an `outputPadding` not below the stride
 * @example
 * convTranspose(ones([1, 2, 2, 1]), ones([2, 2, 1, 1]), { strides: 2 }).shape; // → [1, 4, 4, 1]
 */
export function convTranspose(given: Tensor, filter: Tensor, options: ConvolutionTransposeOptions = {}): Tensor {
  const operation = 'convTranspose';
  checkOptions(operation, options, [...optionNames, 'outputPadding']);
  const { dataFormat, padding = 'valid', outputPadding } = options;
  const axes = checkTensor(operation, given).rank - 2;
  checkImages(operation, given, Math.min(Math.max(axes, 1), 3), dataFormat);
  const x = channelsLast(given, dataFormat);
  const channels = x.shape[axes + 1]!;
  if (checkTensor(operation, filter).rank !== axes + 2 || filter.shape[axes + 1] !== channels) {
    throw new ShapeError(operation, { x, filter }, `a filter [...window, out, ${channels}]`);
  }
  const window = filter.shape.slice(0, -2);
  const spatial = x.shape.slice(1, -1);
  const extra = typeof outputPadding === 'number' ? new Array<number>(axes).fill(outputPadding) : outputPadding;
  const numbers = (value: number | readonly number[] | undefined): number[] =>
    typeof value === 'object' ? [...value] : new Array<number>(axes).fill(value ?? 1);
  const [strides, dilations] = [numbers(options.strides), numbers(options.dilations)];
  if (extra?.length !== undefined && (extra.length !== axes || extra.some((n, k) => !(n >= 0 && n < strides[k]!)))) {
    throw new ArgumentError(
      operation,
      `got outputPadding ${JSON.stringify(outputPadding)}; expected whole numbers from 0 to below the stride`,
    );
  }
  const { output, sides } = transposedExtents(spatial, window, strides, dilations, padding, extra);
  const attributes = windowAttributes(operation, output, window, { strides, dilations, padding: sides });
  for (const [k, n] of spatial.entries()) {
    if (outputExtent(output[k]!, window[k]!, strides[k]!, sides[k]!, dilations[k]!) === n) continue;
    throw new ArgumentError(operation, `got padding ${JSON.stringify(padding)}, which leaves nothing of the result`);
  }
  const all: ConvolutionAttributes = { ...attributes, groups: 1 };
  const operands = [withThreeAxes(x), filterWithThreeAxes(filter)] as const;
  const y = applyEnding(operation, convolutionInputGradient, biasedTransposes, operands, all, options);
  return channelsBack(withAxes(y, axes), dataFormat);
}

/** Extents of the result, and the padding that the convolution from it back to x has. */
function transposedExtents(
  spatial: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  padding: NonNullable<WindowOptions['padding']>,
  extra: readonly number[] | undefined,
): { output: number[]; sides: [number, number][] } {
  const output: number[] = [];
  const sides: [number, number][] = [];
  for (const [k, n] of spatial.entries()) {
    const span = dilations[k]! * (window[k]! - 1) + 1;
    const full = (n - 1) * strides[k]! + span;
    if (padding === 'same') {
      const wanted = extra === undefined ? n * strides[k]! : full - 2 * Math.floor(span / 2) + extra[k]!; // Keras's two formulas
      const total = Math.max(0, full - wanted);
      sides.push([Math.floor(total / 2), Math.ceil(total / 2)]);
      output.push(wanted);
    } else if (padding === 'valid') {
      sides.push([0, 0]);
      output.push(full + (extra?.[k] ?? Math.max(0, strides[k]! - span)));
    } else {
      const given = Array.isArray(padding) ? (padding as readonly (number | readonly [number, number])[])[k] : padding;
      const [before, after] =
        typeof given === 'number' ? [given, given] : ((given ?? [0, 0]) as readonly [number, number]);
      sides.push([before, after]);
      output.push(full - before - after + (extra?.[k] ?? 0));
    }
  }
  return { output, sides };
}
