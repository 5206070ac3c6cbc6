/** What convolutions and pooling take: strides, padding and dilations, in every spelling, made one. */

import {
  ArgumentError,
  type ConvolutionAttributes,
  outputExtent,
  ShapeError,
  type Triple,
  type WindowAttributes,
} from '@cotangent/kernels';
import type { Tensor } from '../tensor.js';
import { permute } from './shape.js';

/** A number for every spatial axis, or one for each. */
export type PerAxis = number | readonly number[];

/**
 * `'valid'`: none. `'same'`: as much as makes the result ⌈n / stride⌉ long, the odd one at the end (TensorFlow, Keras). `'causal'`
 * (one spatial axis): all before, so that nothing looks ahead. Or numbers: for all sides, for each axis, or [before, after] for each.
 */
export type Padding = 'valid' | 'same' | 'causal' | number | readonly (number | readonly [number, number])[];

/** Where the channels stand. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/** Options of everything that slides. */
export interface WindowOptions {
  /** Steps between windows. @defaultValue 1 for convolutions, the window for pooling */
  readonly strides?: PerAxis;
  /** @defaultValue 'valid' */
  readonly padding?: Padding;
  /** Steps between the taps of a window. @defaultValue 1 */
  readonly dilations?: PerAxis;
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  readonly dataFormat?: DataFormat;
}

function perAxis(operation: string, name: string, value: PerAxis, count: number): readonly number[] {
  const values = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
  if (values.length !== count || values.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ArgumentError(
      operation,
      `got ${name} ${JSON.stringify(value)}; expected a whole number from 1, or ${count} of them`,
    );
  }
  return values;
}

type Sides = readonly [number, number];

function sides(
  operation: string,
  padding: Padding,
  count: number,
  at: (axis: number) => { n: number; window: number; stride: number; dilation: number },
): readonly Sides[] {
  const axes = Array.from({ length: count }, (_, axis) => axis);
  if (padding === 'valid') return axes.map(() => [0, 0]);
  if (padding === 'same') {
    return axes.map((axis) => {
      const { n, window, stride, dilation } = at(axis);
      const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + dilation * (window - 1) + 1 - n);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  if (padding === 'causal' && count === 1) return [[at(0).dilation * (at(0).window - 1), 0]];
  const given = typeof padding === 'number' ? axes.map(() => padding) : padding;
  const isWhole = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0;
  const valid =
    Array.isArray(given) &&
    given.length === count &&
    given.every((side) => isWhole(side) || (Array.isArray(side) && side.length === 2 && side.every(isWhole)));
  if (!valid) {
    const causal = count === 1 ? ", 'causal'" : '';
    throw new ArgumentError(
      operation,
      `got padding ${JSON.stringify(padding)}; expected 'valid', 'same'${causal}, a whole number, or ${count} numbers or [before, after]`,
    );
  }
  return (given as readonly (number | Sides)[]).map((side) => (typeof side === 'number' ? [side, side] : side));
}

/** Numbers for the spatial axes there are, behind those there are not. */
const triple = <T>(values: readonly T[], nothing: T): readonly [T, T, T] =>
  [...new Array<T>(3 - values.length).fill(nothing), ...values] as unknown as readonly [T, T, T];

/** The attributes that the rows take, for `count` spatial axes of these extents. */
export function windowAttributes(
  operation: string,
  spatial: readonly number[],
  window: readonly number[],
  { strides = 1, padding = 'valid', dilations = 1 }: WindowOptions,
): WindowAttributes & Pick<ConvolutionAttributes, 'input'> {
  const count = spatial.length;
  const steps = perAxis(operation, 'strides', strides, count);
  const spacing = perAxis(operation, 'dilations', dilations, count);
  const pads = sides(operation, padding, count, (axis) => ({
    n: spatial[axis]!,
    window: window[axis]!,
    stride: steps[axis]!,
    dilation: spacing[axis]!,
  }));
  for (const [axis, n] of spatial.entries()) {
    if (outputExtent(n, window[axis]!, steps[axis]!, pads[axis]!, spacing[axis]!) > 0 || n === 0) continue;
    throw new ShapeError(
      operation,
      { input: spatial, window },
      `windows no longer than the input with its padding`,
      "Pad it ({ padding: 'same' }), or use fewer layers that shrink it.",
    );
  }
  return {
    input: triple(spatial, 1) as Triple,
    window: triple(window, 1) as Triple,
    strides: triple(steps, 1) as Triple,
    padding: triple<Sides>(pads, [0, 0]),
    dilations: triple(spacing, 1) as Triple,
  };
}

/** Checks an option that names the extents of a window. */
export const windowOf = (operation: string, window: PerAxis, count: number): readonly number[] =>
  perAxis(operation, 'window', window, count);

/** x with its channels last. */
export function channelsLast(x: Tensor, dataFormat: DataFormat | undefined): Tensor {
  if (dataFormat !== 'channelsFirst') return x;
  return permute(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);
}

/** The opposite of `channelsLast`. */
export function channelsBack(y: Tensor, dataFormat: DataFormat | undefined): Tensor {
  if (dataFormat !== 'channelsFirst') return y;
  return permute(y, [0, y.rank - 1, ...y.shape.slice(2).map((_, i) => i + 1)]);
}

/** Checks that x is [batch, …spatial, channels] and the format one of the two. */
export function checkImages(
  operation: string,
  x: Tensor,
  spatialAxes: number,
  dataFormat: DataFormat | undefined,
): void {
  if (dataFormat !== undefined && dataFormat !== 'channelsLast' && dataFormat !== 'channelsFirst') {
    throw new ArgumentError(
      operation,
      `got dataFormat ${JSON.stringify(dataFormat)}; expected 'channelsLast' or 'channelsFirst'`,
    );
  }
  if (x.rank === spatialAxes + 2) return;
  const names = ['width', 'height, width', 'depth, height, width'][spatialAxes - 1]!;
  const expected = dataFormat === 'channelsFirst' ? `x [batch, channels, ${names}]` : `x [batch, ${names}, channels]`;
  const mend =
    x.rank === spatialAxes + 1 ? 'Add the axis that is missing (batch or channels) with .expandDims().' : undefined;
  throw new ShapeError(operation, { x }, expected, mend);
}

/** [batch, …spatial, channels] with three spatial axes, the first ones of extent 1. */
export function withThreeAxes(x: Tensor): Tensor {
  const spatial = x.shape.slice(1, -1);
  return spatial.length === 3 ? x : x.reshape([x.shape[0]!, ...triple(spatial, 1), x.shape[x.rank - 1]!]);
}

/** A filter [...spatial, in, out] with three spatial axes. */
export function filterWithThreeAxes(filter: Tensor): Tensor {
  const spatial = filter.shape.slice(0, -2);
  return spatial.length === 3 ? filter : filter.reshape([...triple(spatial, 1), ...filter.shape.slice(-2)]);
}

/** The result with the spatial axes there are. */
export function withAxes(y: Tensor, count: number): Tensor {
  return count === 3 ? y : y.reshape([y.shape[0]!, ...y.shape.slice(4 - count, 4), y.shape[4]!]);
}
