/** Transposed convolutional layers (https://keras.io/api/layers/convolution_layers/). */

import { convTranspose, type PerAxis, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { checkExtents, checkNumber } from '../options.js';
import type { Parameter } from '../parameter.js';
import { ConvolutionBase, type ConvolutionLayerOptions } from './convolution.js';
import { type WeightOptions, weight, weightOptionNames } from './weights.js';
import { sampleShape, spatialOf } from './windows.js';

/** Options of the transposed convolutions. */
export interface ConvTransposeOptions extends ConvolutionLayerOptions, WeightOptions<'kernel'> {
  /** Number of output channels. */
  filters: number;
  /** Extra extent at the end of each spatial axis, below the stride. @defaultValue what 'same' and 'valid' need to give n · stride and more */
  outputPadding?: PerAxis;
  /** @defaultValue 'glorotUniform' */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
}

/** The transpose of a convolution. */
abstract class ConvTranspose extends ConvolutionBase {
  readonly filters: number;
  /** [...window, filters, in] */
  readonly kernel: Parameter;
  readonly bias: Parameter | null;
  private readonly outputPadding: readonly number[] | undefined;

  constructor(operation: string, count: number, options: ConvTransposeOptions) {
    super(operation, count, options, ['filters', 'outputPadding', ...weightOptionNames('kernel')]);
    this.filters = checkNumber(operation, 'filters', options.filters, { above: 0, whole: true });
    const { outputPadding } = options;
    if (outputPadding !== undefined) {
      this.outputPadding = checkExtents(operation, 'outputPadding', outputPadding, count, 0);
      if (this.outputPadding.some((n, axis) => n >= this.windows.strides[axis]!)) {
        throw new ArgumentError(
          operation,
          `got outputPadding ${JSON.stringify(outputPadding)}; expected less than the strides ${JSON.stringify(this.windows.strides)}`,
        );
      }
    }
    if (options.padding === 'causal')
      throw new ArgumentError(operation, "got padding 'causal'; expected 'valid', 'same' or numbers");
    this.kernel = weight(operation, 'kernel', options, 'glorotUniform');
    this.bias = this.biasFor(options);
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const { channels } = spatialOf(this.windows, inputShape);
    this.kernel.materialize([...this.windows.window, this.filters, channels]);
    this.bias?.materialize([this.filters]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { window, strides, dilations, padding, dataFormat } = this.windows;
    const extents = spatialOf(this.windows, inputShape).spatial.map((n, axis) => {
      const [stride, span] = [strides[axis]!, dilations[axis]! * (window[axis]! - 1) + 1];
      const extra = this.outputPadding?.[axis];
      const full = (n - 1) * stride + span + (extra ?? 0);
      if (padding === 'same') return extra === undefined ? n * stride : full - 2 * Math.floor(span / 2);
      if (padding === 'valid') return extra === undefined ? n * stride + Math.max(span - stride, 0) : full;
      const side = typeof padding === 'object' ? padding[axis]! : (padding as number);
      return full - (typeof side === 'number' ? 2 * side : side[0] + side[1]);
    });
    if (extents.some((n) => n <= 0))
      throw new ShapeError(this.operation, { sample: inputShape }, 'padding that leaves something of the result');
    return sampleShape(extents, this.filters, dataFormat);
  }

  override forward(x: Tensor): Tensor {
    this.prepare(x, this.kernel, -1);
    const extra = this.outputPadding === undefined ? {} : { outputPadding: this.outputPadding };
    return this.ended((ending) => convTranspose(x, this.kernel, { ...this.sliding, ...extra, ...ending }));
  }
}

/**
 * The transpose of `Conv1D`: what that would send back from its result to x. With a stride it enlarges: [batch, time, in] → [batch, time ·
 * stride (with 'same'), filters]. Kernel [kernelSize, filters, in].
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs that do not fit
 * @see https://keras.io/api/layers/convolution_layers/convolution1d_transpose/
 * @example
 * new nn.Conv1DTranspose({ filters: 8, kernelSize: 4, strides: 2 }).call(zeros([1, 10, 3])).shape; // → [1, 22, 8]
 */
export class Conv1DTranspose extends ConvTranspose {
  constructor(options: ConvTransposeOptions) {
    super('Conv1DTranspose', 1, options);
  }
}

/**
 * The transpose of `Conv2D`. Kernel [height, width, filters, in].
 *
 * @throws as `Conv1DTranspose`
 * @see https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
 * @example new nn.Conv2DTranspose({ filters: 1, kernelSize: 3, strides: 2, padding: 'same' }).call(ones([1, 7, 7, 8])) // shape [1, 14, 14, 1]
 */
export class Conv2DTranspose extends ConvTranspose {
  constructor(options: ConvTransposeOptions) {
    super('Conv2DTranspose', 2, options);
  }
}

/**
 * The transpose of `Conv3D`. Kernel [depth, height, width, filters, in].
 *
 * @throws as `Conv1DTranspose`
 * @see https://keras.io/api/layers/convolution_layers/convolution3d_transpose/
 * @example
 * new nn.Conv3DTranspose({ filters: 4, kernelSize: 2, strides: 2 }).call(zeros([1, 4, 4, 4, 2])).shape; // → [1, 8, 8, 8, 4]
 */
export class Conv3DTranspose extends ConvTranspose {
  constructor(options: ConvTransposeOptions) {
    super('Conv3DTranspose', 3, options);
  }
}
