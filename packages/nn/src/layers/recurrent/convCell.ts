/** What the convolutional cells share: windows over input and state, and the gates side by side along the channels. */

import { concat, conv, type DataFormat, type Padding, type PerAxis, split, type Tensor } from '@cotangent/autograd';
import { type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkExtents, checkNumber } from '../../options.js';
import { checkInputDType } from '../inputs.js';
import {
  addToChannels,
  checkChannels,
  checkImages,
  checkWindows,
  sampleShape,
  slide,
  spatialOf,
  type Windows,
} from '../windows.js';
import { checkStates } from './cell.js';
import { WeightedCell, type WeightedCellOptions, weightedCellNames } from './weightedCell.js';

/** Options of the convolutional cells. */
export interface ConvCellOptions extends WeightedCellOptions {
  /** Number of output channels, and of channels of the states. */
  filters: number;
  /** Extents of the windows over the input: one number, or one for each spatial axis. */
  kernelSize: PerAxis;
  /** Extents of the windows over the state. @defaultValue `kernelSize` (Keras) */
  recurrentKernelSize?: PerAxis;
  /** Steps between windows over the input; those over the state have 1. @defaultValue 1 */
  strides?: PerAxis;
  /** Of the input, as in `Conv2D`; the state is padded to keep its extents. @defaultValue 'valid' */
  padding?: Padding;
  /** Whether a step is […spatial, channels] or [channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: DataFormat;
  /** Steps between the taps of a window over the input; those over the state have 1. @defaultValue 1 */
  dilationRate?: PerAxis;
}

/** The names of those options. */
export const convCellNames: readonly string[] = [
  'filters',
  'kernelSize',
  'recurrentKernelSize',
  'strides',
  'padding',
  'dataFormat',
  'dilationRate',
  ...weightedCellNames,
];

/** Base of cells whose products are convolutions: of the input as the options say, of the state with padding 'same'. */
export abstract class ConvCell extends WeightedCell {
  readonly filters: number;
  abstract override readonly stateSizes: readonly number[];
  private readonly windows: Windows;
  private readonly stateWindows: Windows;

  /** @param count number of spatial axes */
  constructor(operation: string, count: number, gates: number, options: ConvCellOptions) {
    super(operation, gates, options);
    this.filters = checkNumber(operation, 'filters', options.filters, { above: 0, whole: true });
    const { kernelSize, strides = 1, dilationRate = 1, padding = 'valid', dataFormat = 'channelsLast' } = options;
    const window: [string, PerAxis] = ['kernelSize', kernelSize];
    this.windows = checkWindows(operation, count, { window, strides, dilations: dilationRate, padding, dataFormat });
    const ones = this.windows.window.map(() => 1);
    this.stateWindows = {
      ...this.windows,
      window: checkExtents(operation, 'recurrentKernelSize', options.recurrentKernelSize ?? kernelSize, count),
      strides: ones,
      dilations: ones,
      padding: 'same',
    };
  }

  /** The shape of the bias. */
  protected get biasShape(): Shape {
    return [this.gates * this.filters];
  }

  /** Each gate always has its own (Keras). */
  protected override get maskCount(): number {
    return this.gates;
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    const columns = this.gates * this.filters;
    this.kernel.materialize([...this.windows.window, channels, columns]);
    this.recurrentKernel.materialize([...this.stateWindows.window, this.filters, columns]);
    this.bias?.materialize(this.biasShape);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windows, spatial), this.filters, this.windows.dataFormat);
  }

  override stateShapes(inputShape: Shape): readonly Shape[] {
    const shape = this.computeOutputShape(inputShape);
    return this.stateSizes.map(() => shape);
  }

  /** The output is the first state. */
  outputOf(states: readonly Tensor[]): Tensor {
    return states[0]!;
  }

  /** The convolution of what dropout leaves of x, the gates side by side along the channels. */
  protected fromInput(x: Tensor): Tensor {
    return this.convolve(x, this.kernel, this.masksOfInputs(x.shape), this.windows);
  }

  /** The convolution of what dropout leaves of h, the gates side by side along the channels. */
  protected fromState(h: Tensor): Tensor {
    return this.convolve(h, this.recurrentKernel, this.masksOfState(h.shape), this.stateWindows);
  }

  /** The gates of sums, the bias added. */
  protected gatesOf(sums: Tensor, bias: Tensor | null): Tensor[] {
    return split(addToChannels(sums, bias, this.windows), this.gates, { axis: this.channelAxis });
  }

  private get channelAxis(): number {
    return this.windows.dataFormat === 'channelsFirst' ? 1 : -1;
  }

  /** Builds on first use; checks an input and the states that came with it. */
  protected checkStep(x: Tensor, states: readonly Tensor[]): void {
    checkImages(this.windows, x);
    checkInputDType(this.operation, x, this.kernel.dtype);
    if (!this.kernel.hasValue) this.build(x.shape.slice(1));
    checkChannels(this.windows, x, this.kernel.shape.at(-2)!);
    const expected = [x.shape[0]!, ...this.computeOutputShape(x.shape.slice(1))];
    for (const [i, state] of checkStates(this.operation, states, this.stateSizes.length).entries()) {
      checkInputDType(this.operation, state, x.dtype, `states[${i}]`);
      if (shapesEqual(state.shape, expected)) continue;
      throw new ShapeError(this.operation, { [`states[${i}]`]: state.shape }, `states[${i}] [${expected.join(', ')}]`);
    }
  }

  /** The gates side by side along the channels; with masks each sees another part of x. */
  private convolve(x: Tensor, kernel: Tensor, masks: Tensor | null, windows: Windows): Tensor {
    const { strides, padding, dilations, dataFormat } = windows;
    const sliding = { strides, padding, dilations, dataFormat };
    if (masks === null) return conv(x, kernel, sliding);
    const kernels = split(kernel, this.gates, { axis: -1 });
    return concat(
      kernels.map((own, gate) => conv(x.mul(masks.slice(gate)), own, sliding)),
      { axis: this.channelAxis },
    );
  }
}
