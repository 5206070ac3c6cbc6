/** Layers that pool whole axes, or to a given size (https://keras.io/api/layers/pooling_layers/). */

import { adaptiveAveragePool, adaptiveMaxPool, type DataFormat, type PerAxis, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { maskOf } from '../masks.js';
import { checkChoice, checkExtents, checkOptions } from '../options.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { checkImages, type Format, sampleShape, spatialOf } from './windows.js';

/** Options of the global poolings. */
export interface GlobalPoolingOptions extends LayerOptions {
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: DataFormat;
  /** Whether the spatial axes stay, with extent 1. @defaultValue false */
  keepDims?: boolean;
}

const formatOf = (operation: string, count: number, dataFormat: DataFormat = 'channelsLast'): Format => ({
  operation,
  count,
  dataFormat: checkChoice(operation, 'dataFormat', dataFormat, ['channelsLast', 'channelsFirst']),
});

/** A number from each channel. */
abstract class GlobalPooling extends Layer {
  protected readonly format: Format;
  protected readonly keepDims: boolean;

  constructor(operation: string, count: number, options: GlobalPoolingOptions) {
    checkOptions(operation, options, ['dataFormat', 'keepDims', ...layerOptionNames]);
    super(options);
    this.format = formatOf(operation, count, options.dataFormat);
    this.keepDims = options.keepDims ?? false;
  }

  protected get axes(): number[] {
    const first = this.format.dataFormat === 'channelsFirst' ? 2 : 1;
    return Array.from({ length: this.format.count }, (_, k) => first + k);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial, channels } = spatialOf(this.format, inputShape);
    if (!this.keepDims) return [channels];
    return sampleShape(
      spatial.map(() => 1),
      channels,
      this.format.dataFormat,
    );
  }
}

/** The largest number of each channel. */
abstract class GlobalMaxPooling extends GlobalPooling {
  override forward(x: Tensor): Tensor {
    return checkImages(this.format, x).max({ axis: this.axes, keepDims: this.keepDims });
  }
}

/** The mean of each channel. */
abstract class GlobalAveragePooling extends GlobalPooling {
  override forward(x: Tensor): Tensor {
    return checkImages(this.format, x).mean({ axis: this.axes, keepDims: this.keepDims });
  }
}

/**
 * The largest number over time: [batch, time, channels] → [batch, channels].
 *
 * @see https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
 * @example
 * new nn.GlobalMaxPooling1D().call(tensor([[[1, 10], [3, 5]]])); // → [[3, 10]]
 */
export class GlobalMaxPooling1D extends GlobalMaxPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalMaxPooling1D', 1, options);
  }
}

/**
 * The largest number of each channel of images: [batch, height, width, channels] → [batch, channels].
 *
 * @see https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
 * @example
 * new nn.GlobalMaxPooling2D().call(zeros([1, 7, 7, 64])).shape; // → [1, 64]
 */
export class GlobalMaxPooling2D extends GlobalMaxPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalMaxPooling2D', 2, options);
  }
}

/**
 * The largest number of each channel of volumes.
 *
 * @see https://keras.io/api/layers/pooling_layers/global_max_pooling3d/
 * @example
 * new nn.GlobalMaxPooling3D({ keepDims: true }).call(zeros([1, 4, 4, 4, 8])).shape; // → [1, 1, 1, 1, 8]
 */
export class GlobalMaxPooling3D extends GlobalMaxPooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalMaxPooling3D', 3, options);
  }
}

/**
 * The mean over time: [batch, time, channels] → [batch, channels]. Where x carries a mask (or `{ mask }` is given), over the steps that it
 * shows.
 *
 * @see https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
 * @example
 * new nn.GlobalAveragePooling1D().call(tensor([[[1, 10], [3, 5]]])); // → [[2, 7.5]]
 */
export class GlobalAveragePooling1D extends GlobalAveragePooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalAveragePooling1D', 1, options);
  }

  override forward(x: Tensor, options: { mask?: Tensor | null } = {}): Tensor {
    const mask = options.mask ?? maskOf(x);
    if (mask === null) return super.forward(x);
    const { axes: axis, keepDims } = this;
    const weights = mask
      .cast(checkImages(this.format, x).dtype)
      .expandDims(this.format.dataFormat === 'channelsFirst' ? 1 : 2);
    // Of no step at all the mean is 0, not NaN.
    return x.mul(weights).sum({ axis, keepDims }).div(weights.sum({ axis, keepDims }).maximum(1));
  }
}

/**
 * The mean of each channel of images: [batch, height, width, channels] → [batch, channels].
 *
 * @see https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
 * @example
 * new nn.GlobalAveragePooling2D().call(zeros([1, 7, 7, 64])).shape; // → [1, 64]
 */
export class GlobalAveragePooling2D extends GlobalAveragePooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalAveragePooling2D', 2, options);
  }
}

/**
 * The mean of each channel of volumes.
 *
 * @see https://keras.io/api/layers/pooling_layers/global_average_pooling3d/
 * @example
 * new nn.GlobalAveragePooling3D({ keepDims: true }).call(zeros([1, 4, 4, 4, 8])).shape; // → [1, 1, 1, 1, 8]
 */
export class GlobalAveragePooling3D extends GlobalAveragePooling {
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalAveragePooling3D', 3, options);
  }
}

/** Options of the adaptive poolings. */
export interface AdaptivePoolingOptions extends LayerOptions {
  /** Extents of the result: one number, or one for each spatial axis. */
  outputSize: PerAxis;
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: DataFormat;
}

/** Pooling to a given size: along n elements window k of m goes from ⌊k n / m⌋ to ⌈(k + 1) n / m⌉. */
abstract class AdaptivePooling extends Layer {
  private readonly format: Format;
  private readonly outputSize: readonly number[];

  constructor(
    operation: string,
    count: number,
    private readonly pool: typeof adaptiveMaxPool,
    options: AdaptivePoolingOptions,
  ) {
    checkOptions(operation, options, ['outputSize', 'dataFormat', ...layerOptionNames]);
    super(options);
    this.format = formatOf(operation, count, options.dataFormat);
    this.outputSize = checkExtents(operation, 'outputSize', options.outputSize, count);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { channels } = spatialOf(this.format, inputShape);
    return sampleShape(this.outputSize, channels, this.format.dataFormat);
  }

  override forward(x: Tensor): Tensor {
    return this.pool(checkImages(this.format, x), this.outputSize, { dataFormat: this.format.dataFormat });
  }
}

/**
 * The largest numbers of `outputSize` windows along sequences.
 *
 * @see https://keras.io/api/layers/pooling_layers/
 * @example
 * new nn.AdaptiveMaxPooling1D({ outputSize: 2 }).call(tensor([[[1], [4], [3], [2]]])); // → [[[4], [3]]]
 */
export class AdaptiveMaxPooling1D extends AdaptivePooling {
  constructor(options: AdaptivePoolingOptions) {
    super('AdaptiveMaxPooling1D', 1, adaptiveMaxPool, options);
  }
}

/**
 * The largest numbers of `outputSize` windows over images.
 *
 * @example
 * new nn.AdaptiveMaxPooling2D({ outputSize: 7 }).call(zeros([1, 30, 20, 8])).shape; // → [1, 7, 7, 8]
 */
export class AdaptiveMaxPooling2D extends AdaptivePooling {
  constructor(options: AdaptivePoolingOptions) {
    super('AdaptiveMaxPooling2D', 2, adaptiveMaxPool, options);
  }
}

/**
 * The largest numbers of `outputSize` windows over volumes.
 *
 * @example
 * new nn.AdaptiveMaxPooling3D({ outputSize: 2 }).call(zeros([1, 5, 6, 7, 8])).shape; // → [1, 2, 2, 2, 8]
 */
export class AdaptiveMaxPooling3D extends AdaptivePooling {
  constructor(options: AdaptivePoolingOptions) {
    super('AdaptiveMaxPooling3D', 3, adaptiveMaxPool, options);
  }
}

/**
 * The means of `outputSize` windows along sequences.
 *
 * @see https://keras.io/api/layers/pooling_layers/
 * @example
 * new nn.AdaptiveAveragePooling1D({ outputSize: 2 }).call(tensor([[[1], [4], [3], [2]]])); // → [[[2.5], [2.5]]]
 */
export class AdaptiveAveragePooling1D extends AdaptivePooling {
  constructor(options: AdaptivePoolingOptions) {
    super('AdaptiveAveragePooling1D', 1, adaptiveAveragePool, options);
  }
}

/** The means of `outputSize` windows over images. @example new nn.AdaptiveAveragePooling2D({ outputSize: 7 }) */
export class AdaptiveAveragePooling2D extends AdaptivePooling {
  constructor(options: AdaptivePoolingOptions) {
    super('AdaptiveAveragePooling2D', 2, adaptiveAveragePool, options);
  }
}

/**
 * The means of `outputSize` windows over volumes.
 *
 * @example
 * new nn.AdaptiveAveragePooling3D({ outputSize: 2 }).call(zeros([1, 5, 6, 7, 8])).shape; // → [1, 2, 2, 2, 8]
 */
export class AdaptiveAveragePooling3D extends AdaptivePooling {
  constructor(options: AdaptivePoolingOptions) {
    super('AdaptiveAveragePooling3D', 3, adaptiveAveragePool, options);
  }
}
