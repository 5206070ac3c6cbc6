/** Pooling layers (https://keras.io/api/layers/pooling_layers/). */

import {
  averagePool,
  type DataFormat,
  maxPool,
  type Padding,
  type PerAxis,
  type Tensor,
  type WindowOptions,
} from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { checkImages, checkWindows, sampleShape, slide, spatialOf, type Windows, withIncomplete } from './windows.js';

/** Options of the poolings. */
export interface PoolingOptions extends LayerOptions {
  /** Extents of the window: one number, or one for each spatial axis. @defaultValue 2 */
  poolSize?: PerAxis;
  /** Steps between windows. @defaultValue the window, so that none overlap */
  strides?: PerAxis | null;
  /** `'valid'`, `'same'`, or numbers as `Conv2D` takes them. @defaultValue 'valid' */
  padding?: Padding;
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: DataFormat;
  /** Whether the last, incomplete windows count too (Gluon, PyTorch). @defaultValue false */
  ceilMode?: boolean;
}

/** Options of the average poolings. */
export interface AveragePoolingOptions extends PoolingOptions {
  /** Whether to divide by the extent of the window also where it lies on padding (Gluon, PyTorch); not with `ceilMode`. @defaultValue false (Keras) */
  countIncludePadding?: boolean;
}

const poolingNames = ['poolSize', 'strides', 'padding', 'dataFormat', 'ceilMode'];

type PoolFunction = (x: Tensor, window: PerAxis, options: WindowOptions) => Tensor;

/** A number from each window of each channel. */
abstract class Pooling extends Layer {
  private readonly windows: Windows;
  private readonly ceilMode: boolean;

  constructor(
    operation: string,
    count: number,
    private readonly pool: PoolFunction,
    options: PoolingOptions,
    own: readonly string[] = [],
  ) {
    checkOptions(operation, options, [...poolingNames, ...own, ...layerOptionNames]);
    super(options);
    const { poolSize = 2, padding = 'valid', dataFormat = 'channelsLast' } = options;
    const window: [string, PerAxis] = ['poolSize', poolSize];
    const strides = options.strides ?? poolSize;
    this.windows = checkWindows(operation, count, { window, strides, dilations: 1, padding, dataFormat });
    this.ceilMode = options.ceilMode ?? false;
  }

  private windowsOver(spatial: readonly number[]): Windows {
    return this.ceilMode ? withIncomplete(this.windows, spatial) : this.windows;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial, channels } = spatialOf(this.windows, inputShape);
    return sampleShape(slide(this.windowsOver(spatial), spatial), channels, this.windows.dataFormat);
  }

  override forward(x: Tensor): Tensor {
    checkImages(this.windows, x);
    const { spatial } = spatialOf(this.windows, x.shape.slice(1));
    const { window, strides, padding, dataFormat } = this.windowsOver(spatial);
    return this.pool(x, window, { strides, padding, dataFormat });
  }
}

/**
 * The largest number of each window: x [batch, time, channels] → [batch, time′, channels]. Padding is never the largest; the gradient
 * goes to the first of equal numbers.
 *
 * @throws ArgumentError for options out of range; ShapeError for a window longer than the padded input
 * @see https://keras.io/api/layers/pooling_layers/max_pooling1d/
 * @example
 * new nn.MaxPooling1D({ poolSize: 2 }).call(tensor([[[1], [4], [3], [2]]])); // → [[[4], [3]]]
 */
export class MaxPooling1D extends Pooling {
  constructor(options: PoolingOptions = {}) {
    super('MaxPooling1D', 1, maxPool, options);
  }
}

/**
 * The largest number of each window of images [batch, height, width, channels].
 *
 * @throws as `MaxPooling1D`
 * @see https://keras.io/api/layers/pooling_layers/max_pooling2d/
 * @example new nn.MaxPooling2D().call(ones([1, 28, 28, 3])) // shape [1, 14, 14, 3]
 */
export class MaxPooling2D extends Pooling {
  constructor(options: PoolingOptions = {}) {
    super('MaxPooling2D', 2, maxPool, options);
  }
}

/**
 * The largest number of each window of volumes [batch, depth, height, width, channels].
 *
 * @throws as `MaxPooling1D`.
 * @see https://keras.io/api/layers/pooling_layers/max_pooling3d/
 * @example
 * new nn.MaxPooling3D({ poolSize: 2 }).call(zeros([1, 8, 8, 8, 3])).shape; // → [1, 4, 4, 4, 3]
 */
export class MaxPooling3D extends Pooling {
  constructor(options: PoolingOptions = {}) {
    super('MaxPooling3D', 3, maxPool, options);
  }
}

/** The mean of each window. */
abstract class AveragePooling extends Pooling {
  constructor(operation: string, count: number, options: AveragePoolingOptions) {
    const { countIncludePadding = false, ceilMode = false } = options;
    super(
      operation,
      count,
      (x, window, sliding) => averagePool(x, window, { ...sliding, countIncludePadding }),
      options,
      ['countIncludePadding'],
    );
    if (countIncludePadding && ceilMode) {
      throw new ArgumentError(
        operation,
        'got countIncludePadding and ceilMode; expected one of them',
        'Pad the input first, with nn.ZeroPadding.',
      );
    }
  }
}

/**
 * The mean of each window: x [batch, time, channels] → [batch, time′, channels]. Padding does not count, unless `countIncludePadding`.
 *
 * @throws as `MaxPooling1D`
 * @see https://keras.io/api/layers/pooling_layers/average_pooling1d/
 * @example
 * new nn.AveragePooling1D({ poolSize: 2 }).call(tensor([[[1], [4], [3], [2]]])); // → [[[2.5], [2.5]]]
 */
export class AveragePooling1D extends AveragePooling {
  constructor(options: AveragePoolingOptions = {}) {
    super('AveragePooling1D', 1, options);
  }
}

/**
 * The mean of each window of images [batch, height, width, channels].
 *
 * @throws as `MaxPooling1D`.
 * @see https://keras.io/api/layers/pooling_layers/average_pooling2d/
 * @example
 * new nn.AveragePooling2D({ poolSize: 2 }).call(zeros([1, 28, 28, 3])).shape; // → [1, 14, 14, 3]
 */
export class AveragePooling2D extends AveragePooling {
  constructor(options: AveragePoolingOptions = {}) {
    super('AveragePooling2D', 2, options);
  }
}

/**
 * The mean of each window of volumes [batch, depth, height, width, channels].
 *
 * @throws as `MaxPooling1D`.
 * @see https://keras.io/api/layers/pooling_layers/average_pooling3d/
 * @example
 * new nn.AveragePooling3D({ poolSize: 2 }).call(zeros([1, 8, 8, 8, 3])).shape; // → [1, 4, 4, 4, 3]
 */
export class AveragePooling3D extends AveragePooling {
  constructor(options: AveragePoolingOptions = {}) {
    super('AveragePooling3D', 3, options);
  }
}
