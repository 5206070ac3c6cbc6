/** Convolutional layers (https://keras.io/api/layers/convolution_layers/). */

import {
  type ConvolutionEndingOptions,
  conv,
  type DataFormat,
  depthwiseConv,
  type Padding,
  type PerAxis,
  type Tensor,
} from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { type Activation, type ActivationName, fusedActivations, resolveActivation } from '../activations.js';
import { checkNumber, checkOptions } from '../options.js';
import type { Parameter } from '../parameter.js';
import { checkInputDType } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { type DTypeOption, type WeightOptions, weight, weightOptionNames } from './weights.js';
import { checkChannels, checkImages, checkWindows, sampleShape, slide, spatialOf, type Windows } from './windows.js';

/** Options that all convolutional layers share. */
export interface ConvolutionLayerOptions extends LayerOptions, DTypeOption, WeightOptions<'bias'> {
  /** Extents of the window: one number, or one for each spatial axis. */
  kernelSize: PerAxis;
  /** Steps between windows. @defaultValue 1 */
  strides?: PerAxis;
  /**
   * `'valid'`: none. `'same'`: as much as makes the result ⌈n / stride⌉ long, the odd one at the end. `'causal'` (1D): all before. Or numbers, as
   * Gluon and PyTorch have it: for all sides, for each axis, or [before, after] for each. @defaultValue 'valid'
   */
  padding?: Padding;
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: DataFormat;
  /** Steps between the taps of a window. Keras refuses it together with strides; here, as in PyTorch and Gluon, both work. @defaultValue 1 */
  dilationRate?: PerAxis;
  /** Applied to the result. @defaultValue 'linear' */
  activation?: ActivationName | Activation;
  /** Whether to add a bias. @defaultValue true */
  useBias?: boolean;
  /** @defaultValue 'zeros' */
  biasInitializer?: WeightOptions<'bias'>['biasInitializer'];
}

const sharedNames = [
  'kernelSize',
  'strides',
  'padding',
  'dataFormat',
  'dilationRate',
  'activation',
  'useBias',
  ...weightOptionNames('bias'),
  'dtype',
];

/** Options of `Conv1D`, `Conv2D` and `Conv3D`. */
export interface ConvOptions extends ConvolutionLayerOptions, WeightOptions<'kernel'> {
  /** Number of output channels. */
  filters: number;
  /** Groups of channels, each convolved with filters of its own. @defaultValue 1 */
  groups?: number;
  /** @defaultValue 'glorotUniform' */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
}

/** Windows, bias and activation: what all convolutional layers have. */
export abstract class ConvolutionBase extends Layer {
  /** [out], or null without bias */
  abstract readonly bias: Parameter | null;
  protected readonly windows: Windows;
  protected readonly activation: Activation;

  constructor(
    protected readonly operation: string,
    count: number,
    options: ConvolutionLayerOptions,
    own: readonly string[],
  ) {
    checkOptions(operation, options, [...own, ...sharedNames, ...layerOptionNames]);
    super(options);
    const { strides = 1, dilationRate = 1, padding = 'valid', dataFormat = 'channelsLast' } = options;
    const window: [string, PerAxis] = ['kernelSize', options.kernelSize];
    this.windows = checkWindows(operation, count, { window, strides, dilations: dilationRate, padding, dataFormat });
    this.activation = resolveActivation(operation, options.activation ?? 'linear');
  }

  /** The bias that the options ask for. Made by each class after its kernels, so that it comes after them in the state. */
  protected biasFor(options: ConvolutionLayerOptions): Parameter | null {
    return options.useBias === false ? null : weight(this.operation, 'bias', options, 'zeros');
  }

  /** Builds on first use; checks what came against what was built. */
  protected prepare(x: Tensor, kernel: Parameter, inputAxis: number, perInput: number = 1): void {
    checkImages(this.windows, x);
    checkInputDType(this.operation, x, kernel.dtype);
    if (!kernel.hasValue) this.build(x.shape.slice(1));
    checkChannels(this.windows, x, kernel.shape.at(inputAxis)! * perInput);
  }

  /** What `convolve` gives when it is told the bias, and the activation where it can apply that itself. */
  protected ended(convolve: (ending: ConvolutionEndingOptions) => Tensor): Tensor {
    if (this.bias === null) return this.activation(convolve({}));
    const activation = fusedActivations.get(this.activation);
    return activation === undefined
      ? this.activation(convolve({ bias: this.bias }))
      : convolve({ bias: this.bias, activation });
  }

  /** The options that the functions of convolution take. */
  protected get sliding(): {
    strides: readonly number[];
    padding: Padding;
    dilations: readonly number[];
    dataFormat: DataFormat;
  } {
    const { strides, padding, dilations, dataFormat } = this.windows;
    return { strides, padding, dilations, dataFormat };
  }
}

/** A convolution over some spatial axes. */
abstract class Conv extends ConvolutionBase {
  readonly filters: number;
  /** [...window, in / groups, filters] */
  readonly kernel: Parameter;
  readonly bias: Parameter | null;
  private readonly groups: number;

  constructor(operation: string, count: number, options: ConvOptions) {
    super(operation, count, options, ['filters', 'groups', ...weightOptionNames('kernel')]);
    this.filters = checkNumber(operation, 'filters', options.filters, { above: 0, whole: true });
    this.groups = checkNumber(operation, 'groups', options.groups ?? 1, { above: 0, whole: true });
    if (this.filters % this.groups !== 0)
      throw new ArgumentError(operation, `got ${this.filters} filters in ${this.groups} groups; expected a multiple`);
    this.kernel = weight(operation, 'kernel', options, 'glorotUniform');
    this.bias = this.biasFor(options);
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    if (channels % this.groups !== 0)
      throw new ShapeError(this.operation, { sample: inputShape }, `channels divisible by ${this.groups} groups`);
    this.kernel.materialize([...this.windows.window, channels / this.groups, this.filters]);
    this.bias?.materialize([this.filters]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windows, spatial), this.filters, this.windows.dataFormat);
  }

  override forward(x: Tensor): Tensor {
    this.prepare(x, this.kernel, -2, this.groups);
    return this.ended((ending) => conv(x, this.kernel, { ...this.sliding, ...ending, groups: this.groups }));
  }
}

/**
 * A convolution along sequences: x [batch, time, channels] → [batch, time′, filters].
 *
 * yₚ = activation(Σ over taps t of x at (stride · p + dilation · t − padding) · kernelₜ + bias); kernel [kernelSize, channels / groups, filters].
 *
 * @throws ArgumentError for options out of range; ShapeError when the window is longer than the padded input, or later inputs have
 *   other channels; DTypeError for an input of another dtype
 * @see https://keras.io/api/layers/convolution_layers/convolution1d/
 * @example new nn.Conv1D({ filters: 8, kernelSize: 3, padding: 'causal' }).call(ones([2, 10, 4])) // shape [2, 10, 8]
 */
export class Conv1D extends Conv {
  constructor(options: ConvOptions) {
    super('Conv1D', 1, options);
  }
}

/**
 * A convolution over images: x [batch, height, width, channels] → [batch, height′, width′, filters], as `Conv1D` along one axis.
 * Kernel [height, width, channels / groups, filters].
 *
 * @throws as `Conv1D`
 * @see https://keras.io/api/layers/convolution_layers/convolution2d/
 * @example new nn.Conv2D({ filters: 32, kernelSize: 3, activation: 'relu' }).call(ones([2, 28, 28, 1])) // shape [2, 26, 26, 32]
 */
export class Conv2D extends Conv {
  constructor(options: ConvOptions) {
    super('Conv2D', 2, options);
  }
}

/**
 * A convolution over volumes: x [batch, depth, height, width, channels]. Kernel [depth, height, width, channels / groups, filters].
 *
 * @throws as `Conv1D`
 * @see https://keras.io/api/layers/convolution_layers/convolution3d/
 * @example
 * new nn.Conv3D({ filters: 4, kernelSize: 3 }).call(zeros([1, 8, 8, 8, 2])).shape; // → [1, 6, 6, 6, 4]
 */
export class Conv3D extends Conv {
  constructor(options: ConvOptions) {
    super('Conv3D', 3, options);
  }
}

/** Options of `DepthwiseConv1D` and `DepthwiseConv2D`. */
export interface DepthwiseConvOptions extends ConvolutionLayerOptions, WeightOptions<'depthwise'> {
  /** Filters for each input channel. @defaultValue 1 */
  depthMultiplier?: number;
  /** @defaultValue 'glorotUniform' */
  depthwiseInitializer?: WeightOptions<'depthwise'>['depthwiseInitializer'];
}

/** A convolution of each channel for itself. */
abstract class DepthwiseConv extends ConvolutionBase {
  /** [...window, in, depthMultiplier] */
  readonly kernel: Parameter;
  readonly bias: Parameter | null;
  private readonly depthMultiplier: number;

  constructor(operation: string, count: number, options: DepthwiseConvOptions) {
    super(operation, count, options, ['depthMultiplier', ...weightOptionNames('depthwise')]);
    const bounds = { above: 0, whole: true };
    this.depthMultiplier = checkNumber(operation, 'depthMultiplier', options.depthMultiplier ?? 1, bounds);
    this.kernel = weight(operation, 'depthwise', options, 'glorotUniform');
    this.bias = this.biasFor(options);
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    this.kernel.materialize([...this.windows.window, channels, this.depthMultiplier]);
    this.bias?.materialize([channels * this.depthMultiplier]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial, channels } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windows, spatial), channels * this.depthMultiplier, this.windows.dataFormat);
  }

  override forward(x: Tensor): Tensor {
    this.prepare(x, this.kernel, -2);
    return this.ended((ending) => depthwiseConv(x, this.kernel, { ...this.sliding, ...ending }));
  }
}

/**
 * A convolution along sequences, of each channel with `depthMultiplier` filters of its own: [batch, time, in] → [batch, time′, in ·
 * depthMultiplier], the results of one channel side by side.
 *
 * @throws as `Conv1D`
 * @see https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/
 * @example
 * new nn.DepthwiseConv1D({ kernelSize: 3, depthMultiplier: 2 }).call(zeros([1, 10, 3])).shape; // → [1, 8, 6]
 */
export class DepthwiseConv1D extends DepthwiseConv {
  constructor(options: DepthwiseConvOptions) {
    super('DepthwiseConv1D', 1, options);
  }
}

/**
 * A convolution over images, of each channel with `depthMultiplier` filters of its own.
 *
 * @throws as `Conv1D`
 * @see https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
 * @example
 * new nn.DepthwiseConv2D({ kernelSize: 3 }).call(zeros([1, 28, 28, 3])).shape; // → [1, 26, 26, 3]
 */
export class DepthwiseConv2D extends DepthwiseConv {
  constructor(options: DepthwiseConvOptions) {
    super('DepthwiseConv2D', 2, options);
  }
}

/** Options of `SeparableConv1D` and `SeparableConv2D`. */
export interface SeparableConvOptions extends ConvolutionLayerOptions, WeightOptions<'depthwise' | 'pointwise'> {
  /** Number of output channels. */
  filters: number;
  /** Filters for each input channel in the first step. @defaultValue 1 */
  depthMultiplier?: number;
  /** @defaultValue 'glorotUniform' */
  depthwiseInitializer?: WeightOptions<'depthwise'>['depthwiseInitializer'];
  /** @defaultValue 'glorotUniform' */
  pointwiseInitializer?: WeightOptions<'pointwise'>['pointwiseInitializer'];
}

/** A depthwise convolution, and a pointwise one that mixes its channels. */
abstract class SeparableConv extends ConvolutionBase {
  readonly filters: number;
  /** [...window, in, depthMultiplier] */
  readonly depthwiseKernel: Parameter;
  /** [1, …, in · depthMultiplier, filters] */
  readonly pointwiseKernel: Parameter;
  readonly bias: Parameter | null;
  private readonly depthMultiplier: number;

  constructor(operation: string, count: number, options: SeparableConvOptions) {
    super(operation, count, options, ['filters', 'depthMultiplier', ...weightOptionNames('depthwise', 'pointwise')]);
    const bounds = { above: 0, whole: true };
    this.filters = checkNumber(operation, 'filters', options.filters, bounds);
    this.depthMultiplier = checkNumber(operation, 'depthMultiplier', options.depthMultiplier ?? 1, bounds);
    this.depthwiseKernel = weight(operation, 'depthwise', options, 'glorotUniform');
    this.pointwiseKernel = weight(operation, 'pointwise', options, 'glorotUniform');
    this.bias = this.biasFor(options);
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    const { window } = this.windows;
    this.depthwiseKernel.materialize([...window, channels, this.depthMultiplier]);
    this.pointwiseKernel.materialize([...window.map(() => 1), channels * this.depthMultiplier, this.filters]);
    this.bias?.materialize([this.filters]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windows, spatial), this.filters, this.windows.dataFormat);
  }

  override forward(x: Tensor): Tensor {
    this.prepare(x, this.depthwiseKernel, -2);
    const { dataFormat } = this.windows;
    const depthwise = depthwiseConv(x, this.depthwiseKernel, this.sliding);
    return this.ended((ending) => conv(depthwise, this.pointwiseKernel, { dataFormat, ...ending }));
  }
}

/**
 * Along sequences: a depthwise convolution, then a pointwise one: far fewer numbers than `Conv1D`.
 *
 * @throws as `Conv1D`
 * @see https://keras.io/api/layers/convolution_layers/separable_convolution1d/
 * @example
 * new nn.SeparableConv1D({ filters: 8, kernelSize: 3 }).call(zeros([1, 10, 3])).shape; // → [1, 8, 8]
 */
export class SeparableConv1D extends SeparableConv {
  constructor(options: SeparableConvOptions) {
    super('SeparableConv1D', 1, options);
  }
}

/**
 * Over images: a depthwise convolution, then a pointwise one.
 *
 * @throws as `Conv1D`
 * @see Chollet 2016, arXiv:1610.02357; https://keras.io/api/layers/convolution_layers/separable_convolution2d/
 * @example
 * new nn.SeparableConv2D({ filters: 8, kernelSize: 3 }).call(zeros([1, 28, 28, 3])).shape; // → [1, 26, 26, 8]
 */
export class SeparableConv2D extends SeparableConv {
  constructor(options: SeparableConvOptions) {
    super('SeparableConv2D', 2, options);
  }
}
