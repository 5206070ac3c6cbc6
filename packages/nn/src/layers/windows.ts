/** What convolutional and pooling layers say of their windows, and the extents that follow. */

import type { DataFormat, Padding, PerAxis, Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkExtents } from '../options.js';
import { checkInput } from './inputs.js';

/** Names of the spatial axes, for messages. */
const spatialNames = ['width', 'height, width', 'depth, height, width'] as const;

/** The axes of an input with so many spatial ones, for messages. */
export const imageAxes = (count: number, dataFormat: DataFormat): string =>
  dataFormat === 'channelsFirst'
    ? `batch, channels, ${spatialNames[count - 1]}`
    : `batch, ${spatialNames[count - 1]}, channels`;

/** Where a layer has its spatial axes. */
export interface Format {
  /** The layer, for messages. */
  readonly operation: string;
  /** Number of spatial axes. */
  readonly count: number;
  readonly dataFormat: DataFormat;
}

/** Windows that slide over some spatial axes, as options say. */
export interface Windows extends Format {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/** The options as users give them, under the names that are in messages. */
export interface GivenWindows {
  readonly window: [name: string, value: PerAxis];
  readonly strides: PerAxis;
  readonly dilations: PerAxis;
  readonly padding: Padding;
  readonly dataFormat: DataFormat;
}

/** Checks the options of windows. @throws ArgumentError */
export function checkWindows(operation: string, count: number, given: GivenWindows): Windows {
  const [name, value] = given.window;
  return {
    operation,
    count,
    window: checkExtents(operation, name, value, count),
    strides: checkExtents(operation, 'strides', given.strides, count),
    dilations: checkExtents(operation, 'dilationRate', given.dilations, count),
    padding: checkPadding(operation, given.padding, count),
    dataFormat: checkChoice(operation, 'dataFormat', given.dataFormat, ['channelsLast', 'channelsFirst']),
  };
}

function checkPadding(operation: string, padding: Padding, count: number): Padding {
  const isWidth = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 0;
  const isSide = (side: unknown): boolean =>
    isWidth(side) || (Array.isArray(side) && side.length === 2 && side.every(isWidth));
  const named = padding === 'valid' || padding === 'same' || (padding === 'causal' && count === 1);
  if (named || isWidth(padding) || (Array.isArray(padding) && padding.length === count && padding.every(isSide)))
    return padding;
  const causal = count === 1 ? ", 'causal'" : '';
  throw new ArgumentError(
    operation,
    `got padding ${JSON.stringify(padding)}; expected 'valid', 'same'${causal}, a whole number, or ${count} numbers or [before, after]`,
  );
}

/** What is added before and after along one axis. */
function sidesAlong({ padding }: Windows, axis: number): readonly [number, number] {
  const given = typeof padding === 'object' ? padding[axis]! : (padding as number);
  return typeof given === 'number' ? [given, given] : given;
}

/** How many windows fit along a spatial axis of `n` elements. */
function outputExtent(windows: Windows, n: number, axis: number): number {
  const [stride, span] = [windows.strides[axis]!, windows.dilations[axis]! * (windows.window[axis]! - 1) + 1];
  if (windows.padding === 'same' || windows.padding === 'causal') return Math.ceil(n / stride);
  const [before, after] = windows.padding === 'valid' ? [0, 0] : sidesAlong(windows, axis);
  return Math.floor((n + before + after - span) / stride) + 1;
}

/**
 * The windows with so much padding at the ends that the last, incomplete ones count too: ⌈(n + padding − w) / stride⌉ + 1 of them, unless
 * the last one would lie on padding alone (Gluon's and PyTorch's ceil_mode).
 */
export function withIncomplete(windows: Windows, spatial: readonly number[]): Windows {
  if (windows.padding === 'same' || windows.padding === 'causal') return windows;
  const padding = spatial.map((n, axis): [number, number] => {
    const [before, after] = windows.padding === 'valid' ? [0, 0] : sidesAlong(windows, axis);
    const [window, stride] = [windows.window[axis]!, windows.strides[axis]!];
    const count = Math.ceil((n + before + after - window) / stride) + 1;
    const counted = (count - 1) * stride >= n + before ? count - 1 : count;
    return [before, Math.max(after, (counted - 1) * stride + window - n - before)];
  });
  return { ...windows, padding };
}

/** The spatial extents and the channels of a sample. @throws ShapeError for another number of axes */
export function spatialOf(
  { operation, count, dataFormat }: Format,
  inputShape: Shape,
): { spatial: readonly number[]; channels: number } {
  if (inputShape.length !== count + 1) {
    const axes = imageAxes(count, dataFormat).replace('batch, ', '');
    throw new ShapeError(operation, { sample: inputShape }, `a sample [${axes}]`);
  }
  return dataFormat === 'channelsFirst'
    ? { spatial: inputShape.slice(1), channels: inputShape[0]! }
    : { spatial: inputShape.slice(0, -1), channels: inputShape[count]! };
}

/** A sample of these extents and channels. */
export const sampleShape = (spatial: readonly number[], channels: number, dataFormat: DataFormat): Shape =>
  dataFormat === 'channelsFirst' ? [channels, ...spatial] : [...spatial, channels];

/** The spatial extents after windows have slid over a sample. @throws ShapeError when a window is longer than its axis with padding */
export function slide(windows: Windows, spatial: readonly number[]): readonly number[] {
  const output = spatial.map((n, axis) => outputExtent(windows, n, axis));
  if (output.every((n) => n > 0)) return output;
  throw new ShapeError(
    windows.operation,
    { input: spatial, window: windows.window },
    'windows no longer than the input with its padding',
    "Pad it ({ padding: 'same' }), or use fewer layers that shrink it.",
  );
}

/** x, if it has the axes of images with so many spatial ones. */
export function checkImages({ operation, count, dataFormat }: Format, x: Tensor): Tensor {
  return checkInput(operation, x, imageAxes(count, dataFormat));
}

/** Throws unless x has as many channels as a layer was built for. */
export function checkChannels(format: Format, x: Tensor, built: number): void {
  if (spatialOf(format, x.shape.slice(1)).channels === built) return;
  throw new ShapeError(format.operation, { x: x.shape }, `x with ${built} channels`, 'The layer was built for those.');
}

/** Adds one number a channel. */
export function addToChannels(y: Tensor, bias: Tensor | null, { count, dataFormat }: Format): Tensor {
  if (bias === null) return y;
  return y.add(dataFormat === 'channelsFirst' ? bias.reshape([bias.size, ...new Array<number>(count).fill(1)]) : bias);
}
