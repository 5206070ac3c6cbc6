/** Pooling, channels last unless told. */

import { ArgumentError, DTypeError, isFloating, type PoolingAttributes } from '@cotangent/kernels';
import { ones } from '../create.js';
import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as rows from '../primitives/pooling.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';
import { concat } from './shape.js';
import {
  channelsBack,
  channelsLast,
  checkImages,
  type DataFormat,
  type PerAxis,
  type WindowOptions,
  windowAttributes,
  windowOf,
  withAxes,
  withThreeAxes,
} from './windows.js';

const optionNames = ['strides', 'padding', 'dilations', 'dataFormat'];

interface Prepared {
  readonly x: Tensor;
  readonly axes: number;
  readonly attributes: PoolingAttributes;
}

function prepare(operation: string, given: Tensor, window: PerAxis, options: WindowOptions): Prepared {
  const axes = Math.min(Math.max(checkTensor(operation, given).rank - 2, 1), 3);
  checkImages(operation, given, axes, options.dataFormat);
  if (!isFloating(given.dtype))
    throw new DTypeError(operation, { x: given.dtype }, 'float32 or float64', 'Use .cast().');
  const x = channelsLast(given, options.dataFormat);
  const extents = windowOf(operation, window, axes);
  const attributes = windowAttributes(operation, x.shape.slice(1, -1), extents, {
    ...options,
    strides: options.strides ?? extents,
  });
  return { x: withThreeAxes(x), axes, attributes };
}

const finish = (y: Tensor, axes: number, dataFormat: DataFormat | undefined): Tensor =>
  channelsBack(withAxes(y, axes), dataFormat);

/**
 * The largest element of each window; the gradient goes to the first of equal ones. Padding is never the largest.
 *
 * @param x [batch, …spatial, channels], 1 to 3 spatial axes; float32 or float64
 * @param window its extents: one number, or one for each spatial axis
 * @param options strides default to the window
 * @throws ShapeError, ArgumentError, DTypeError as `conv`
 * @example
 * maxPool(tensor([[[1], [3], [2], [5]]]), 2); // → [[[3], [5]]]
 */
export function maxPool(x: Tensor, window: PerAxis, options: WindowOptions = {}): Tensor {
  checkOptions('maxPool', options, optionNames);
  const { x: input, axes, attributes } = prepare('maxPool', x, window, options);
  return finish(apply(rows.maxPool, [input], attributes), axes, options.dataFormat);
}

/** Options of `averagePool`. */
export interface AveragePoolOptions extends WindowOptions {
  /** Divide by the extent of the window also where it lies on padding (PyTorch); else by the elements it has on the input (Keras). @defaultValue false */
  readonly countIncludePadding?: boolean;
}

/**
 * The mean of each window.
 *
 * @param options strides default to the window.
 * @throws as `maxPool`
 * @example
 * averagePool(tensor([[[1], [2], [3], [4]]]), 2); // → [[[1.5], [3.5]]]
 */
export function averagePool(x: Tensor, window: PerAxis, options: AveragePoolOptions = {}): Tensor {
  checkOptions('averagePool', options, [...optionNames, 'countIncludePadding']);
  const { x: input, axes, attributes } = prepare('averagePool', x, window, options);
  const sums = apply(rows.sumPool, [input], attributes);
  const whole = attributes.window[0] * attributes.window[1] * attributes.window[2];
  const padded = attributes.padding.some(([before, after]) => before > 0 || after > 0);
  const y =
    options.countIncludePadding || !padded
      ? sums.mul(1 / whole)
      : sums.div(apply(rows.sumPool, [ones([1, ...attributes.input, 1], { dtype: x.dtype })], attributes));
  return finish(y, axes, options.dataFormat);
}

/** Options of the global and adaptive poolings. */
export interface PoolFormatOptions {
  /** @defaultValue 'channelsLast' */
  readonly dataFormat?: DataFormat;
}

const spatialAxes = (x: Tensor, dataFormat: DataFormat | undefined): number[] =>
  Array.from({ length: x.rank - 2 }, (_, k) => k + (dataFormat === 'channelsFirst' ? 2 : 1));

/**
 * The largest element over all spatial axes: [batch, channels].
 *
 * @example
 * globalMaxPool(tensor([[[1, 10], [3, 20]]])); // → [[3, 20]]
 */
export function globalMaxPool(x: Tensor, { dataFormat }: PoolFormatOptions = {}): Tensor {
  return checkTensor('globalMaxPool', x).max({ axis: spatialAxes(x, dataFormat) });
}

/**
 * The mean over all spatial axes: [batch, channels].
 *
 * @example
 * globalAveragePool(tensor([[[1, 10], [3, 20]]])); // → [[2, 15]]
 */
export function globalAveragePool(x: Tensor, { dataFormat }: PoolFormatOptions = {}): Tensor {
  return checkTensor('globalAveragePool', x).mean({ axis: spatialAxes(x, dataFormat) });
}

/**
 * A pooling to a given size: along each axis of n elements window k of m goes from ⌊k n / m⌋ to ⌈(k + 1) n / m⌉ (PyTorch).
 */
function adaptive(
  operation: string,
  given: Tensor,
  size: PerAxis,
  { dataFormat }: PoolFormatOptions,
  row: Primitive<PoolingAttributes>,
  scale: (count: number) => number,
): Tensor {
  const axes = Math.min(Math.max(checkTensor(operation, given).rank - 2, 1), 3);
  checkImages(operation, given, axes, dataFormat);
  const targets = windowOf(operation, size, axes);
  let x = channelsLast(given, dataFormat);
  for (const [axis, m] of targets.entries()) {
    const n = x.shape[axis + 1]!;
    if (n === 0)
      throw new ArgumentError(operation, `got an empty axis ${axis + 1} of x; expected one element at least`);
    const slices = Array.from({ length: m }, (_, k) => {
      const [from, to] = [Math.floor((k * n) / m), Math.ceil(((k + 1) * n) / m)];
      const part = x.slice(...x.shape.map((_, i) => (i === axis + 1 ? ([from, to] as const) : null)));
      const window = targets.map((_, i) => (i === axis ? to - from : 1));
      const attributes = windowAttributes(operation, part.shape.slice(1, -1), window, { strides: window });
      return withAxes(apply(row, [withThreeAxes(part)], attributes), axes).mul(scale(to - from));
    });
    x = concat(slices, { axis: axis + 1 });
  }
  return channelsBack(x, dataFormat);
}

/**
 * The largest element of each of `size` windows that cover the input (PyTorch's `adaptive_max_pool`).
 *
 * @param size of the result, in all or for each spatial axis
 * @example
 * adaptiveMaxPool(tensor([[[1], [2], [3], [4]]]), 2); // → [[[2], [4]]]
 */
export function adaptiveMaxPool(x: Tensor, size: PerAxis, options: PoolFormatOptions = {}): Tensor {
  checkOptions('adaptiveMaxPool', options, ['dataFormat']);
  return adaptive('adaptiveMaxPool', x, size, options, rows.maxPool, () => 1);
}

/**
 * The mean of each of `size` windows that cover the input (PyTorch's `adaptive_avg_pool`).
 *
 * @param size of the result, in all or for each spatial axis
 * @example
 * adaptiveAveragePool(tensor([[[1], [2], [3], [4]]]), 2); // → [[[1.5], [3.5]]]
 */
export function adaptiveAveragePool(x: Tensor, size: PerAxis, options: PoolFormatOptions = {}): Tensor {
  checkOptions('adaptiveAveragePool', options, ['dataFormat']);
  return adaptive('adaptiveAveragePool', x, size, options, rows.sumPool, (count) => 1 / count);
}
