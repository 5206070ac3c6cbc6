/** Images cut and resized (https://keras.io/api/layers/preprocessing_layers/image_preprocessing/). */

import { concat, pad, type ResizeMethod, resize, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Generator, type Shape, ShapeError } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkOptions } from '../../options.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import type { RandomLayerOptions } from '../regularization.js';
import { asFloat, backTo, checkImage, checkSize, extentsOf, RandomImageLayer, withSize } from './images.js';

/** Options of layers that give images of one size. */
export interface SizeOptions extends LayerOptions {
  /** Pixels. */
  height: number;
  /** Pixels. */
  width: number;
}

/** Options of `Resizing`. */
export interface ResizingOptions extends SizeOptions {
  /** @defaultValue 'bilinear' */
  interpolation?: ResizeMethod;
  /** Whether to widen the kernel when shrinking, so that every pixel counts. @defaultValue false */
  antialias?: boolean;
  /** Whether to keep proportions by cutting off what is too much, equally at both ends. @defaultValue false */
  cropToAspectRatio?: boolean;
  /** Whether to keep proportions by filling up what is missing, equally at both ends. @defaultValue false */
  padToAspectRatio?: boolean;
  /** With `padToAspectRatio`. @defaultValue 0 */
  fillValue?: number;
}

/** From where to where `size` of `extent` pixels are, in the middle. */
const middle = (extent: number, size: number): [number, number] => {
  const start = Math.floor((extent - size) / 2);
  return [start, start + size];
};

/** Rows and columns of images. */
const cut = (x: Tensor, rows: [number, number], columns: [number, number]): Tensor =>
  x.rank === 4 ? x.slice(null, rows, columns) : x.slice(rows, columns);

/**
 * Images of another size. Input [height, width, channels] or [batch, height, width, channels]; whole numbers stay whole.
 *
 * @throws ShapeError for other axes; ArgumentError for options out of range, and both ways of keeping proportions
 * @see https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
 * @example new nn.Resizing({ height: 32, width: 32, cropToAspectRatio: true })
 */
export class Resizing extends Layer {
  private readonly height: number;
  private readonly width: number;
  private readonly method: { method: ResizeMethod; antialias: boolean };
  private readonly crop: boolean;
  private readonly padded: boolean;
  private readonly fillValue: number;

  constructor(options: ResizingOptions) {
    const name = 'Resizing';
    const own = ['height', 'width', 'interpolation', 'antialias', 'cropToAspectRatio', 'padToAspectRatio', 'fillValue'];
    checkOptions(name, options, [...own, ...layerOptionNames]);
    super(options);
    this.height = checkSize(name, 'height', options.height);
    this.width = checkSize(name, 'width', options.width);
    const methods = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'] as const;
    const method = checkChoice(name, 'interpolation', options.interpolation ?? 'bilinear', methods);
    this.method = { method, antialias: checkBoolean(name, 'antialias', options.antialias ?? false) };
    this.crop = checkBoolean(name, 'cropToAspectRatio', options.cropToAspectRatio ?? false);
    this.padded = checkBoolean(name, 'padToAspectRatio', options.padToAspectRatio ?? false);
    if (this.crop && this.padded)
      throw new ArgumentError(name, 'got cropToAspectRatio and padToAspectRatio; expected at most one');
    this.fillValue = options.fillValue ?? 0;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return withSize('Resizing', inputShape, this.height, this.width);
  }

  override forward(x: Tensor): Tensor {
    checkImage('Resizing', x);
    const images = asFloat(x.rank === 4 ? x : x.expandDims(0));
    const proportioned = this.crop ? this.cropped(images) : this.padded ? this.filled(images) : images;
    const resized = backTo(resize(proportioned, [this.height, this.width], this.method), x.dtype);
    return x.rank === 4 ? resized : resized.squeeze(0);
  }

  /** The largest part in the middle with the proportions of the result. */
  private cropped(x: Tensor): Tensor {
    const { height, width } = extentsOf(x);
    const rows = Math.min(height, Math.floor((width * this.height) / this.width));
    const columns = Math.min(width, Math.floor((height * this.width) / this.height));
    return cut(x, middle(height, Math.max(1, rows)), middle(width, Math.max(1, columns)));
  }

  /** The smallest image with the proportions of the result that has x in its middle. */
  private filled(x: Tensor): Tensor {
    const { height, width } = extentsOf(x);
    const rows = Math.max(height, Math.floor((width * this.height) / this.width));
    const columns = Math.max(width, Math.floor((height * this.width) / this.height));
    const [top, left] = [Math.floor((rows - height) / 2), Math.floor((columns - width) / 2)];
    const widths: [number, number][] = [
      [0, 0],
      [top, rows - height - top],
      [left, columns - width - left],
      [0, 0],
    ];
    return pad(x, widths, { value: this.fillValue });
  }
}

/** The part of a size in the middle; images that are too small are resized to it, with their proportions. */
function centred(x: Tensor, height: number, width: number): Tensor {
  const extents = extentsOf(x);
  if (extents.height >= height && extents.width >= width)
    return cut(x, middle(extents.height, height), middle(extents.width, width));
  return new Resizing({ height, width, cropToAspectRatio: true }).call(x);
}

/**
 * The part in the middle of images; those that are too small are enlarged first.
 *
 * @throws ShapeError for other axes than [height, width, channels] or a batch of these; ArgumentError for an extent that is not positive
 * @see https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/
 * @example new nn.CenterCrop({ height: 24, width: 24 })
 */
export class CenterCrop extends Layer {
  private readonly height: number;
  private readonly width: number;

  constructor(options: SizeOptions) {
    checkOptions('CenterCrop', options, ['height', 'width', ...layerOptionNames]);
    super(options);
    this.height = checkSize('CenterCrop', 'height', options.height);
    this.width = checkSize('CenterCrop', 'width', options.width);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return withSize('CenterCrop', inputShape, this.height, this.width);
  }

  override forward(x: Tensor): Tensor {
    return centred(checkImage('CenterCrop', x), this.height, this.width);
  }
}

/** Options of `RandomCrop`. */
export interface RandomCropOptions extends RandomLayerOptions, SizeOptions {}

/**
 * In training a part of each image at a place of its own; otherwise that in the middle. Images that are too small are enlarged first.
 *
 * @throws ShapeError for other axes than [height, width, channels] or a batch of these; ArgumentError for an extent that is not positive
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/
 * @example new nn.RandomCrop({ height: 24, width: 24, seed: 1 })
 */
export class RandomCrop extends RandomImageLayer {
  private readonly height: number;
  private readonly width: number;

  constructor(options: RandomCropOptions) {
    super('RandomCrop', options, ['height', 'width']);
    this.height = checkSize('RandomCrop', 'height', options.height);
    this.width = checkSize('RandomCrop', 'width', options.width);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return withSize('RandomCrop', inputShape, this.height, this.width);
  }

  protected override unchanged(x: Tensor): Tensor {
    return centred(x, this.height, this.width);
  }

  protected override change(x: Tensor, generator: Generator): Tensor {
    const { count, height, width } = extentsOf(x);
    if (height < this.height || width < this.width) return this.unchanged(x);
    const at = (room: number): number => Math.floor(generator.uniform() * (room + 1));
    const parts = Array.from({ length: count }, (_, i) => {
      const [top, left] = [at(height - this.height), at(width - this.width)];
      return x.slice([i, i + 1], [top, top + this.height], [left, left + this.width]);
    });
    if (parts.length === 0) throw new ShapeError('RandomCrop', { x }, 'one image at least');
    return parts.length === 1 ? parts[0]! : concat(parts);
  }
}
