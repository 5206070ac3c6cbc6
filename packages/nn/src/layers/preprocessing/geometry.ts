/** Images moved at random (https://keras.io/api/layers/preprocessing_layers/image_augmentation/). */

import type { Tensor } from '@cotangent/autograd';
import type { Generator } from '@cotangent/kernels';
import type { RandomLayerOptions } from '../regularization.js';
import { type AffineMap, aboutMiddle, affine, checkFill, type FillOptions, fillOptionNames } from './affine.js';
import { asFloat, backTo, checkFactor, extentsOf, type Factor, RandomImageLayer } from './images.js';

/** Base of the layers whose change is an affine map for each image. */
abstract class RandomAffine extends RandomImageLayer {
  private readonly fill: Required<FillOptions>;

  constructor(operation: string, options: RandomLayerOptions & FillOptions, own: readonly string[]) {
    super(operation, options, [...own, ...fillOptionNames]);
    this.fill = checkFill(operation, options);
  }

  /** Where an image's pixels are read from. */
  protected abstract map(height: number, width: number, generator: Generator): AffineMap;

  protected override change(x: Tensor, generator: Generator): Tensor {
    const { count, height, width } = extentsOf(x);
    const maps = Array.from({ length: count }, () => this.map(height, width, generator));
    return backTo(affine(asFloat(x), maps, this.fill), x.dtype);
  }
}

const between = ([low, high]: readonly [number, number], generator: Generator): number =>
  low + generator.uniform() * (high - low);

/** Options of `RandomRotation`. */
export interface RandomRotationOptions extends RandomLayerOptions, FillOptions {
  /** Parts of a full turn, counter-clockwise: 0.1 stands for from −36° to 36°. */
  factor: Factor;
}

/**
 * In training, turns each image about its middle; otherwise does nothing.
 *
 * Input and output [height, width, channels] or [batch, height, width, channels]. No gradient passes in training.
 *
 * @throws ShapeError for other axes; ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_rotation/
 * @example new nn.RandomRotation({ factor: 0.05, fillMode: 'nearest' })
 */
export class RandomRotation extends RandomAffine {
  private readonly factor: readonly [number, number];

  constructor(options: RandomRotationOptions) {
    super('RandomRotation', options, ['factor']);
    this.factor = checkFactor('RandomRotation', 'factor', options.factor);
  }

  protected override map(height: number, width: number, generator: Generator): AffineMap {
    const angle = 2 * Math.PI * between(this.factor, generator);
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    return aboutMiddle(height, width, [cos, sin, -sin, cos]);
  }
}

/** Options of `RandomZoom`. */
export interface RandomZoomOptions extends RandomLayerOptions, FillOptions {
  /** By how much of the height is seen more (out) or less (in): 0.2 stands for from 20 % less to 20 % more. */
  heightFactor: Factor;
  /** The same of the width. @defaultValue as the height, so that proportions stay */
  widthFactor?: Factor | null;
}

/**
 * In training, zooms into each image or out of it; otherwise does nothing. Input and output as of `RandomRotation`.
 *
 * @throws ShapeError for other axes; ArgumentError for factors of −1 and below
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/
 * @example new nn.RandomZoom({ heightFactor: [-0.3, -0.1] }) // in
 */
export class RandomZoom extends RandomAffine {
  private readonly heightFactor: readonly [number, number];
  private readonly widthFactor: readonly [number, number] | null;

  constructor(options: RandomZoomOptions) {
    const name = 'RandomZoom';
    super(name, options, ['heightFactor', 'widthFactor']);
    const bounds = { low: -0.999 };
    this.heightFactor = checkFactor(name, 'heightFactor', options.heightFactor, bounds);
    const { widthFactor = null } = options;
    this.widthFactor = widthFactor === null ? null : checkFactor(name, 'widthFactor', widthFactor, bounds);
  }

  protected override map(height: number, width: number, generator: Generator): AffineMap {
    const vertical = 1 + between(this.heightFactor, generator);
    const horizontal = this.widthFactor === null ? vertical : 1 + between(this.widthFactor, generator);
    return aboutMiddle(height, width, [vertical, 0, 0, horizontal]);
  }
}

/** Options of `RandomTranslation`. */
export interface RandomTranslationOptions extends RandomLayerOptions, FillOptions {
  /** Parts of the height, down: 0.2 stands for from 20 % up to 20 % down. */
  heightFactor: Factor;
  /** Parts of the width, to the right. */
  widthFactor: Factor;
}

/**
 * In training, shifts each image; otherwise does nothing. Input and output as of `RandomRotation`.
 *
 * @throws ShapeError for other axes; ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_translation/
 * @example new nn.RandomTranslation({ heightFactor: 0.1, widthFactor: 0.1, fillMode: 'constant' })
 */
export class RandomTranslation extends RandomAffine {
  private readonly heightFactor: readonly [number, number];
  private readonly widthFactor: readonly [number, number];

  constructor(options: RandomTranslationOptions) {
    const name = 'RandomTranslation';
    super(name, options, ['heightFactor', 'widthFactor']);
    this.heightFactor = checkFactor(name, 'heightFactor', options.heightFactor);
    this.widthFactor = checkFactor(name, 'widthFactor', options.widthFactor);
  }

  protected override map(height: number, width: number, generator: Generator): AffineMap {
    const down = between(this.heightFactor, generator) * height;
    const right = between(this.widthFactor, generator) * width;
    return [1, 0, -down, 0, 1, -right];
  }
}
