import { concat, conv, type DataFormat, type Padding, type PerAxis, split, type Tensor } from '@cotangent/autograd';
import { type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { type Activation, resolveActivation } from '../../activations.js';
import { checkNumber, checkOptions } from '../../options.js';
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
import { type ForgetBiasOption, lstmStep, withForgetBias } from './lstmCell.js';
import {
  type RecurrentActivationOption,
  WeightedCell,
  type WeightedCellOptions,
  weightedCellNames,
} from './weightedCell.js';

/** Options of the cells of `ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D`. */
export interface ConvLSTMCellOptions extends WeightedCellOptions, RecurrentActivationOption, ForgetBiasOption {
  /** Number of output channels, and of channels of the states. */
  filters: number;
  /** Extents of the windows: one number, or one for each spatial axis. */
  kernelSize: PerAxis;
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
export const convLSTMCellNames: readonly string[] = [
  'filters',
  'kernelSize',
  'strides',
  'padding',
  'dataFormat',
  'dilationRate',
  'recurrentActivation',
  'unitForgetBias',
  ...weightedCellNames,
];

/** A step of `LSTMCell` whose products are convolutions: of the input as the options say, of the state with padding 'same'. */
export class ConvLSTMCell extends WeightedCell {
  readonly filters: number;
  override readonly stateSizes: readonly number[];
  private readonly windows: Windows;
  private readonly stateWindows: Windows;
  private readonly recurrentActivation: Activation;

  /** @param count number of spatial axes */
  constructor(operation: string, count: number, options: ConvLSTMCellOptions) {
    checkOptions(operation, options, convLSTMCellNames);
    super(operation, 4, withForgetBias(operation, options));
    this.filters = checkNumber(operation, 'filters', options.filters, { above: 0, whole: true });
    const { strides = 1, dilationRate = 1, padding = 'valid', dataFormat = 'channelsLast' } = options;
    const window: [string, PerAxis] = ['kernelSize', options.kernelSize];
    this.windows = checkWindows(operation, count, { window, strides, dilations: dilationRate, padding, dataFormat });
    const ones = this.windows.window.map(() => 1);
    this.stateWindows = { ...this.windows, strides: ones, dilations: ones, padding: 'same' };
    this.recurrentActivation = resolveActivation(operation, options.recurrentActivation ?? 'sigmoid');
    this.stateSizes = [this.filters, this.filters];
  }

  /** Each gate always has its own (Keras). */
  protected override get maskCount(): number {
    return this.gates;
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    const { window } = this.windows;
    this.kernel.materialize([...window, channels, 4 * this.filters]);
    this.recurrentKernel.materialize([...window, this.filters, 4 * this.filters]);
    this.bias?.materialize([4 * this.filters]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windows, spatial), this.filters, this.windows.dataFormat);
  }

  override stateShapes(inputShape: Shape): readonly Shape[] {
    const shape = this.computeOutputShape(inputShape);
    return [shape, shape];
  }

  /** The output is the first state. */
  outputOf(states: readonly Tensor[]): Tensor {
    return states[0]!;
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [h, c] = states as readonly [Tensor, Tensor];
    const fromInput = this.convolve(x, this.kernel, this.masksOfInputs(x.shape), this.windows);
    const fromState = this.convolve(h, this.recurrentKernel, this.masksOfState(h.shape), this.stateWindows);
    const sums = addToChannels(fromInput.add(fromState), this.bias, this.windows);
    return lstmStep(split(sums, 4, { axis: this.channelAxis }), c, this.activation, this.recurrentActivation);
  }

  private get channelAxis(): number {
    return this.windows.dataFormat === 'channelsFirst' ? 1 : -1;
  }

  private checkStep(x: Tensor, states: readonly Tensor[]): void {
    checkImages(this.windows, x);
    checkInputDType(this.operation, x, this.kernel.dtype);
    if (!this.kernel.hasValue) this.build(x.shape.slice(1));
    checkChannels(this.windows, x, this.kernel.shape.at(-2)!);
    const expected = [x.shape[0]!, ...this.computeOutputShape(x.shape.slice(1))];
    for (const [i, state] of checkStates(this.operation, states, 2).entries()) {
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
