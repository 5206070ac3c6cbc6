/** Layers that enlarge, pad and crop (https://keras.io/api/layers/reshaping_layers/). */

import {
  type DataFormat,
  type PadMode,
  type PerAxis,
  pad,
  permute,
  type ResizeMethod,
  repeat,
  resize,
  type Tensor,
} from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkExtents, checkNumber, checkOptions, shown } from '../options.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { checkImages, type Format, sampleShape, spatialOf } from './windows.js';

/** Widths before and after each spatial axis: one number for all, one for each axis, or [before, after] for each. */
export type Sides = number | readonly (number | readonly [before: number, after: number])[];

interface FormatOption {
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  dataFormat?: DataFormat;
}

/** A layer over some spatial axes, which may take its channels first. */
abstract class SpatialLayer extends Layer {
  protected readonly format: Format;

  constructor(operation: string, count: number, options: LayerOptions & FormatOption, own: readonly string[]) {
    checkOptions(operation, options, [...own, ...layerOptionNames]);
    super(options);
    const { dataFormat = 'channelsLast' } = options;
    checkChoice(operation, 'dataFormat', dataFormat, ['channelsLast', 'channelsFirst']);
    this.format = { operation, count, dataFormat };
  }

  /** The spatial extents of the result, and its channels. */
  protected abstract extents(spatial: readonly number[], channels: number): readonly [readonly number[], number];

  override computeOutputShape(inputShape: Shape): Shape {
    const { spatial, channels } = spatialOf(this.format, inputShape);
    return sampleShape(...this.extents(spatial, channels), this.format.dataFormat);
  }

  protected abstract transform(x: Tensor): Tensor;

  override forward(x: Tensor): Tensor {
    return this.transform(checkImages(this.format, x));
  }

  /** The spatial axes of x, first to last. */
  protected get axes(): number[] {
    const first = this.format.dataFormat === 'channelsFirst' ? 2 : 1;
    return Array.from({ length: this.format.count }, (_, k) => first + k);
  }

  /** Something for each axis of x, from what holds for the spatial ones. */
  protected everyAxis<T>(spatial: readonly T[], others: T): T[] {
    return this.format.dataFormat === 'channelsFirst' ? [others, others, ...spatial] : [others, ...spatial, others];
  }
}

/** Options of the upsamplings. */
export interface UpSamplingOptions extends LayerOptions, FormatOption {
  /** How many times larger: one number, or one for each spatial axis. @defaultValue 2 */
  size?: PerAxis;
}

abstract class UpSampling extends SpatialLayer {
  protected readonly size: readonly number[];
  private readonly interpolation: ResizeMethod;

  constructor(
    operation: string,
    count: number,
    options: UpSamplingOptions & { interpolation?: ResizeMethod },
    own: readonly string[],
  ) {
    super(operation, count, options, ['size', ...own]);
    this.size = checkExtents(operation, 'size', options.size ?? 2, count);
    const methods = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'] as const;
    this.interpolation = checkChoice(operation, 'interpolation', options.interpolation ?? 'nearest', methods);
  }

  protected override extents(spatial: readonly number[], channels: number): readonly [readonly number[], number] {
    return [spatial.map((n, k) => n * this.size[k]!), channels];
  }

  protected override transform(x: Tensor): Tensor {
    if (this.interpolation === 'nearest')
      return this.axes.reduce((y, axis, k) => (this.size[k] === 1 ? y : repeat(y, this.size[k]!, { axis })), x);
    const size = this.axes.map((axis, k) => x.shape[axis]! * this.size[k]!);
    return resize(x, size, { method: this.interpolation, dataFormat: this.format.dataFormat });
  }
}

/**
 * Each step `size` times: [batch, time, features] → [batch, time · size, features].
 *
 * @see https://keras.io/api/layers/reshaping_layers/up_sampling1d/
 * @example
 * new nn.UpSampling1D({ size: 2 }).call(tensor([[[1], [2]]])); // → [[[1], [1], [2], [2]]]
 */
export class UpSampling1D extends UpSampling {
  constructor(options: Omit<UpSamplingOptions, 'dataFormat'> = {}) {
    super('UpSampling1D', 1, options, []);
  }
}

/**
 * Images `size` times larger, by repeating pixels or by interpolation.
 *
 * @param options `interpolation`: 'nearest' unless given
 * @throws ArgumentError for options out of range; ShapeError for an input of other axes
 * @see https://keras.io/api/layers/reshaping_layers/up_sampling2d/
 * @example new nn.UpSampling2D({ interpolation: 'bilinear' }).call(ones([1, 4, 4, 3])) // shape [1, 8, 8, 3]
 */
export class UpSampling2D extends UpSampling {
  constructor(options: UpSamplingOptions & { interpolation?: ResizeMethod } = {}) {
    super('UpSampling2D', 2, options, ['dataFormat', 'interpolation']);
  }
}

/**
 * Volumes `size` times larger, by repeating.
 *
 * @see https://keras.io/api/layers/reshaping_layers/up_sampling3d/
 * @example
 * new nn.UpSampling3D({ size: 2 }).call(zeros([1, 4, 4, 4, 3])).shape; // → [1, 8, 8, 8, 3]
 */
export class UpSampling3D extends UpSampling {
  constructor(options: UpSamplingOptions = {}) {
    super('UpSampling3D', 3, options, ['dataFormat']);
  }
}

/** [before, after] for each spatial axis. */
function sidesOf(operation: string, name: string, given: Sides, count: number): [number, number][] {
  const isWidth = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 0;
  // Along one axis [before, after] itself is what Keras takes.
  const one = count === 1 && Array.isArray(given) && given.length === 2 && given.every(isWidth);
  const each = typeof given === 'number' ? new Array<number>(count).fill(given) : one ? [given as never] : given;
  const sides = Array.isArray(each)
    ? (each as readonly (number | readonly [number, number])[]).map((side): [number, number] =>
        typeof side === 'number' ? [side, side] : [side[0], side[1]],
      )
    : [];
  if (sides.length === count && sides.flat().every(isWidth)) return sides;
  throw new ArgumentError(
    operation,
    `got ${name} ${typeof given === 'object' ? JSON.stringify(given) : shown(given)}; expected a whole number, or ${count} numbers or [before, after]`,
  );
}

/** Options of the paddings. */
export interface PaddingOptions extends LayerOptions, FormatOption {
  /** What is added before and after each spatial axis. @defaultValue 1 */
  padding?: Sides;
}

abstract class PaddingLayer extends SpatialLayer {
  private readonly sides: readonly [number, number][];

  constructor(
    operation: string,
    count: number,
    private readonly mode: PadMode,
    options: PaddingOptions,
    own: readonly string[],
  ) {
    super(operation, count, options, ['padding', ...own]);
    this.sides = sidesOf(operation, 'padding', options.padding ?? 1, count);
  }

  protected override extents(spatial: readonly number[], channels: number): readonly [readonly number[], number] {
    return [spatial.map((n, k) => n + this.sides[k]![0] + this.sides[k]![1]), channels];
  }

  protected override transform(x: Tensor): Tensor {
    return pad(x, this.everyAxis<[number, number]>(this.sides, [0, 0]), { mode: this.mode });
  }
}

/**
 * Steps of zeros before and after sequences [batch, time, features].
 *
 * @param options `padding`: 1 unless given; a number, or [before, after]
 * @see https://keras.io/api/layers/reshaping_layers/zero_padding1d/
 * @example
 * new nn.ZeroPadding1D({ padding: 1 }).call(tensor([[[1], [2]]])); // → [[[0], [1], [2], [0]]]
 */
export class ZeroPadding1D extends PaddingLayer {
  constructor(options: PaddingOptions = {}) {
    super('ZeroPadding1D', 1, 'constant', options, ['dataFormat']);
  }
}

/** A frame of zeros around images [batch, height, width, channels]. @see https://keras.io/api/layers/reshaping_layers/zero_padding2d/ @example new nn.ZeroPadding2D({ padding: [[1, 0], 2] }) */
export class ZeroPadding2D extends PaddingLayer {
  constructor(options: PaddingOptions = {}) {
    super('ZeroPadding2D', 2, 'constant', options, ['dataFormat']);
  }
}

/**
 * Zeros around volumes [batch, depth, height, width, channels].
 *
 * @see https://keras.io/api/layers/reshaping_layers/zero_padding3d/
 * @example
 * new nn.ZeroPadding3D({ padding: 1 }).call(zeros([1, 4, 4, 4, 3])).shape; // → [1, 6, 6, 6, 3]
 */
export class ZeroPadding3D extends PaddingLayer {
  constructor(options: PaddingOptions = {}) {
    super('ZeroPadding3D', 3, 'constant', options, ['dataFormat']);
  }
}

/**
 * A frame around images that mirrors them at their edge pixels (Gluon's ReflectionPad2D).
 *
 * @throws ArgumentError when the frame is as wide as the image
 * @example
 * new nn.ReflectionPadding2D({ padding: 1 }).call(zeros([1, 28, 28, 3])).shape; // → [1, 30, 30, 3]
 */
export class ReflectionPadding2D extends PaddingLayer {
  constructor(options: PaddingOptions = {}) {
    super('ReflectionPadding2D', 2, 'reflect', options, ['dataFormat']);
  }
}

/** Options of the croppings. */
export interface CroppingOptions extends LayerOptions, FormatOption {
  /** What is cut off before and after each spatial axis. @defaultValue 1 in 1D and 3D, 0 in 2D (Keras) */
  cropping?: Sides;
}

abstract class Cropping extends SpatialLayer {
  private readonly sides: readonly [number, number][];

  constructor(operation: string, count: number, options: CroppingOptions, own: readonly string[]) {
    super(operation, count, options, ['cropping', ...own]);
    this.sides = sidesOf(operation, 'cropping', options.cropping ?? (count === 2 ? 0 : 1), count);
  }

  protected override extents(spatial: readonly number[], channels: number): readonly [readonly number[], number] {
    const left = spatial.map((n, k) => n - this.sides[k]![0] - this.sides[k]![1]);
    if (left.some((n) => n <= 0)) {
      const expected = `more than is cropped, ${JSON.stringify(this.sides)}`;
      throw new ShapeError(this.format.operation, { input: spatial }, expected);
    }
    return [left, channels];
  }

  protected override transform(x: Tensor): Tensor {
    this.computeOutputShape(x.shape.slice(1));
    const ranges = this.axes.map((axis, k): [number, number] => {
      const [before, after] = this.sides[k]!;
      return [before, x.shape[axis]! - after];
    });
    return x.slice(...this.everyAxis<[number, number] | null>(ranges, null));
  }
}

/**
 * Cuts steps off sequences [batch, time, features].
 *
 * @see https://keras.io/api/layers/reshaping_layers/cropping1d/
 * @example
 * new nn.Cropping1D({ cropping: 1 }).call(tensor([[[1], [2], [3], [4]]])); // → [[[2], [3]]]
 */
export class Cropping1D extends Cropping {
  constructor(options: Omit<CroppingOptions, 'dataFormat'> = {}) {
    super('Cropping1D', 1, options, []);
  }
}

/**
 * Cuts a frame off images [batch, height, width, channels].
 *
 * @see https://keras.io/api/layers/reshaping_layers/cropping2d/
 * @example
 * new nn.Cropping2D({ cropping: [[2, 0], [1, 1]] }).call(zeros([1, 28, 28, 3])).shape; // → [1, 26, 26, 3]
 */
export class Cropping2D extends Cropping {
  constructor(options: CroppingOptions = {}) {
    super('Cropping2D', 2, options, ['dataFormat']);
  }
}

/**
 * Cuts the borders off volumes [batch, depth, height, width, channels].
 *
 * @see https://keras.io/api/layers/reshaping_layers/cropping3d/
 * @example
 * new nn.Cropping3D({ cropping: 1 }).call(zeros([1, 8, 8, 8, 3])).shape; // → [1, 6, 6, 6, 3]
 */
export class Cropping3D extends Cropping {
  constructor(options: CroppingOptions = {}) {
    super('Cropping3D', 3, options, ['dataFormat']);
  }
}

/** Options of the pixel shuffles. */
export interface PixelShuffleOptions extends LayerOptions, FormatOption {
  /** How many times larger: one number, or one for each spatial axis. */
  factor: PerAxis;
}

abstract class PixelShuffle extends SpatialLayer {
  private readonly factor: readonly number[];

  constructor(operation: string, count: number, options: PixelShuffleOptions) {
    super(operation, count, options, ['factor', 'dataFormat']);
    if (typeof options.factor === 'number') checkNumber(operation, 'factor', options.factor, { above: 0, whole: true });
    this.factor = checkExtents(operation, 'factor', options.factor, count);
  }

  protected override extents(spatial: readonly number[], channels: number): readonly [readonly number[], number] {
    const pixels = this.factor.reduce((product, f) => product * f, 1);
    if (channels % pixels !== 0)
      throw new ShapeError(this.format.operation, { input: [...spatial, channels] }, `channels divisible by ${pixels}`);
    return [spatial.map((n, k) => n * this.factor[k]!), channels / pixels];
  }

  protected override transform(x: Tensor): Tensor {
    const target = this.computeOutputShape(x.shape.slice(1));
    const { spatial } = spatialOf(this.format, x.shape.slice(1));
    const channels = spatialOf(this.format, target).channels;
    const first = this.format.dataFormat === 'channelsFirst';
    const { factor } = this;
    const { count } = this.format;
    const places = spatial.map((_, k) => k);
    // The channels come apart into (channel, factor, factor, …); each factor then stands behind its spatial axis.
    const apart = first ? [channels, ...factor, ...spatial] : [...spatial, channels, ...factor];
    const at = first
      ? { channel: 1, factor: 2, spatial: 2 + count }
      : { channel: 1 + count, factor: 2 + count, spatial: 1 };
    const woven = places.flatMap((k) => [at.spatial + k, at.factor + k]);
    const order = first ? [0, at.channel, ...woven] : [0, ...woven, at.channel];
    return permute(x.reshape([x.shape[0]!, ...apart]), order).reshape([x.shape[0]!, ...target]);
  }
}

/**
 * Channels become steps: [batch, time, channels · factor] → [batch, time · factor, channels]. Channel c · factor + i goes to step t · factor + i.
 *
 * @throws ShapeError when the channels cannot be divided so
 * @see Shi et al. 2016, arXiv:1609.05158; Gluon's PixelShuffle1D
 * @example
 * new nn.PixelShuffle1D({ factor: 2 }).call(tensor([[[1, 2], [3, 4]]])); // → [[[1], [2], [3], [4]]]
 */
export class PixelShuffle1D extends PixelShuffle {
  constructor(options: PixelShuffleOptions) {
    super('PixelShuffle1D', 1, options);
  }
}

/**
 * Channels become pixels: [batch, height, width, channels · f₁ · f₂] → [batch, height · f₁, width · f₂, channels], channel (c f₁ + i) f₂ + j
 * going to row y f₁ + i and column x f₂ + j (Gluon, PyTorch; TensorFlow's depthToSpace orders the channels otherwise).
 *
 * @throws ShapeError when the channels cannot be divided so
 * @see Shi et al. 2016, arXiv:1609.05158; Gluon's PixelShuffle2D
 * @example
 * new nn.PixelShuffle2D({ factor: 2 }).call(zeros([1, 8, 8, 12])).shape; // → [1, 16, 16, 3]
 */
export class PixelShuffle2D extends PixelShuffle {
  constructor(options: PixelShuffleOptions) {
    super('PixelShuffle2D', 2, options);
  }
}

/**
 * Channels become voxels, as in `PixelShuffle2D`.
 *
 * @see Gluon's PixelShuffle3D
 * @example
 * new nn.PixelShuffle3D({ factor: 2 }).call(zeros([1, 4, 4, 4, 16])).shape; // → [1, 8, 8, 8, 2]
 */
export class PixelShuffle3D extends PixelShuffle {
  constructor(options: PixelShuffleOptions) {
    super('PixelShuffle3D', 3, options);
  }
}
