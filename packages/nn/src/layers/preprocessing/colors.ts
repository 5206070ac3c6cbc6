/** Images made brighter or darker, harder or softer, hidden in part, or mixed with each other, at random. */

import { fromTypedArray, randomNormal, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, defaultGenerator, Generator, ShapeError } from '@cotangent/kernels';
import { checkNumber, checkOptions, checkTensor, shown } from '../../options.js';
import { Layer, layerOptionNames } from '../layer.js';
import type { RandomLayerOptions } from '../regularization.js';
import { asFloat, backTo, checkFactor, extentsOf, type Factor, RandomImageLayer } from './images.js';

/** Options of layers that have to know how large pixels can be. */
export interface ValueRangeOptions {
  /** Smallest and largest pixel; results are held to it. @defaultValue [0, 255] */
  valueRange?: readonly [number, number];
}

function checkRange(operation: string, range: readonly [number, number] = [0, 255]): readonly [number, number] {
  if (Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0]! < range[1]!) return range;
  throw new ArgumentError(operation, `got valueRange ${shown(range)}; expected [smallest, largest]`);
}

/** Options of `RandomContrast`. */
export interface RandomContrastOptions extends RandomLayerOptions, ValueRangeOptions {
  /** Around 1: 0.3 stands for from 0.7 to 1.3, `[lower, upper]` for from 1 − lower to 1 + upper. */
  factor: number | readonly [lower: number, upper: number];
}

/**
 * In training (x − mean) · factor + mean, with the mean of each channel of each image; otherwise does nothing.
 *
 * @throws ShapeError for other axes than [height, width, channels] or a batch of these; ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_contrast/
 * @example new nn.RandomContrast({ factor: 0.2, valueRange: [0, 1] })
 */
export class RandomContrast extends RandomImageLayer {
  private readonly factor: readonly [number, number];
  private readonly range: readonly [number, number];

  constructor(options: RandomContrastOptions) {
    const name = 'RandomContrast';
    super(name, options, ['factor', 'valueRange']);
    const { factor } = options;
    const pair = typeof factor === 'number' ? ([factor, factor] as const) : factor;
    for (const part of pair ?? [undefined]) checkNumber(name, 'factor', part as number, { atLeast: 0 });
    this.factor = [1 - pair[0], 1 + pair[1]];
    this.range = checkRange(name, options.valueRange);
  }

  protected override change(x: Tensor, generator: Generator): Tensor {
    const images = asFloat(x);
    const mean = images.mean({ axis: [1, 2], keepDims: true });
    const factor = this.draws(x, this.factor, generator).cast(images.dtype);
    return backTo(
      images
        .sub(mean)
        .mul(factor)
        .add(mean)
        .clip(...this.range),
      x.dtype,
    );
  }
}

/** Options of `RandomBrightness`. */
export interface RandomBrightnessOptions extends RandomLayerOptions, ValueRangeOptions {
  /** Parts of the value range that are added: 0.2 stands for from −0.2 to 0.2. At most 1. */
  factor: Factor;
}

/**
 * In training adds a number to each image; otherwise does nothing.
 *
 * @throws ShapeError for other axes than [height, width, channels] or a batch of these; ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_brightness/
 * @example new nn.RandomBrightness({ factor: 0.2, valueRange: [0, 1] })
 */
export class RandomBrightness extends RandomImageLayer {
  private readonly factor: readonly [number, number];
  private readonly range: readonly [number, number];

  constructor(options: RandomBrightnessOptions) {
    super('RandomBrightness', options, ['factor', 'valueRange']);
    this.factor = checkFactor('RandomBrightness', 'factor', options.factor, { low: -1, high: 1 });
    this.range = checkRange('RandomBrightness', options.valueRange);
  }

  protected override change(x: Tensor, generator: Generator): Tensor {
    const images = asFloat(x);
    const [low, high] = this.range;
    const added = this.draws(x, this.factor, generator)
      .mul(high - low)
      .cast(images.dtype);
    return backTo(images.add(added).clip(low, high), x.dtype);
  }
}

/** Options of `RandomErasing`. */
export interface RandomErasingOptions extends RandomLayerOptions, ValueRangeOptions {
  /** Share of the images that are hit. @defaultValue 1 */
  factor?: number;
  /** Smallest and largest share of an image that is hidden. @defaultValue [0.02, 0.33] */
  scale?: readonly [number, number];
  /** What is put there; null for normal noise in the value range. @defaultValue null */
  fillValue?: number | null;
}

/**
 * In training hides a rectangle of each image (Zhong et al. 2020, "Random erasing data augmentation"); otherwise does nothing.
 *
 * @throws ShapeError for other axes than [height, width, channels] or a batch of these; ArgumentError for options out of range
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_erasing/
 * @example new nn.RandomErasing({ factor: 0.5, fillValue: 0 })
 */
export class RandomErasing extends RandomImageLayer {
  private readonly factor: number;
  private readonly scale: readonly [number, number];
  private readonly fillValue: number | null;
  private readonly range: readonly [number, number];

  constructor(options: RandomErasingOptions = {}) {
    const name = 'RandomErasing';
    super(name, options, ['factor', 'scale', 'fillValue', 'valueRange']);
    this.factor = checkNumber(name, 'factor', options.factor ?? 1, { atLeast: 0, atMost: 1 });
    this.scale = checkFactor(name, 'scale', options.scale ?? [0.02, 0.33], { low: 0, high: 1 });
    this.fillValue = options.fillValue ?? null;
    this.range = checkRange(name, options.valueRange);
  }

  protected override change(x: Tensor, generator: Generator): Tensor {
    const { count, height, width } = extentsOf(x);
    const hidden = rectangles(count, height, width, generator, () => {
      if (generator.uniform() >= this.factor) return null;
      const area = this.scale[0] + generator.uniform() * (this.scale[1] - this.scale[0]);
      // Proportions from 0.3 to 3.3, evenly in their logarithm, as in the paper.
      const proportion = Math.exp(Math.log(0.3) + generator.uniform() * (Math.log(3.3) - Math.log(0.3)));
      return [Math.sqrt(area * proportion), Math.sqrt(area / proportion)];
    });
    const images = asFloat(x);
    const [low, high] = this.range;
    const filling =
      this.fillValue ??
      randomNormal(images.shape, { generator, mean: (low + high) / 2, standardDeviation: (high - low) / 6 })
        .clip(low, high)
        .cast(images.dtype);
    return backTo(where(hidden, filling, images), x.dtype);
  }
}

/** True inside a rectangle of each image: its height and width as parts of the image's, at a place of its own. */
function rectangles(
  count: number,
  height: number,
  width: number,
  generator: Generator,
  draw: () => readonly [number, number] | null,
): Tensor {
  const inside = new Uint8Array(count * height * width);
  for (let n = 0; n < count; n++) {
    const parts = draw();
    if (parts === null) continue;
    const rows = Math.min(height, Math.max(1, Math.round(parts[0] * height)));
    const columns = Math.min(width, Math.max(1, Math.round(parts[1] * width)));
    const top = Math.floor(generator.uniform() * (height - rows + 1));
    const left = Math.floor(generator.uniform() * (width - columns + 1));
    for (let i = top; i < top + rows; i++)
      inside.fill(1, (n * height + i) * width + left, (n * height + i) * width + left + columns);
  }
  return fromTypedArray(inside, [count, height, width, 1], { dtype: 'bool' });
}

/** Images and what they show. */
export interface LabelledBatch {
  /** [batch, height, width, channels]. */
  readonly images: Tensor;
  /** One score for each class: [batch, classes]. */
  readonly labels: Tensor;
}

/** A number of the gamma distribution of scale 1, by Marsaglia and Tsang (2000). */
function gamma(shape: number, generator: Generator): number {
  if (shape < 1) return gamma(shape + 1, generator) * generator.uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    // Box and Muller (1958): one normal number of two even ones.
    const normal = Math.sqrt(-2 * Math.log(1 - generator.uniform())) * Math.cos(2 * Math.PI * generator.uniform());
    const v = (1 + c * normal) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - generator.uniform()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A number of the beta distribution, both of whose parameters are `alpha`. */
function beta(alpha: number, generator: Generator): number {
  const [a, b] = [gamma(alpha, generator), gamma(alpha, generator)];
  return a / (a + b);
}

/** Options of `MixUp` and `CutMix`. */
export interface MixingOptions extends RandomLayerOptions {
  /** Both parameters of the beta distribution that shares are drawn from: small ones leave most images nearly as they are. @defaultValue MixUp 0.2, CutMix 1 */
  alpha?: number;
}

/** Base of the layers that mix every image of a batch with another of it. */
abstract class Mixing extends Layer {
  protected readonly alpha: number;
  private readonly generator: Generator | undefined;

  constructor(
    private readonly operation: string,
    options: MixingOptions,
    alpha: number,
  ) {
    checkOptions(operation, options, ['alpha', 'seed', ...layerOptionNames]);
    super(options);
    this.alpha = checkNumber(operation, 'alpha', options.alpha ?? alpha, { above: 0 });
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  /** Mixed images, and how much of each is still the first. */
  protected abstract mix(images: Tensor, others: Tensor, generator: Generator): { images: Tensor; share: Tensor };

  override forward(batch: LabelledBatch, options: { generator?: Generator } = {}): LabelledBatch {
    const { images, labels } = Object(batch) as LabelledBatch;
    checkTensor(this.operation, 'images', images);
    checkTensor(this.operation, 'labels', labels);
    if (images.rank !== 4) throw new ShapeError(this.operation, { images }, 'images [batch, height, width, channels]');
    if (labels.rank !== 2 || labels.shape[0] !== images.shape[0])
      throw new ShapeError(
        this.operation,
        { images, labels },
        'labels [batch, classes]',
        'One number for each class: nn.utils.toCategorical(labels).',
      );
    if (!this.training) return batch;
    const generator = options.generator ?? this.generator ?? defaultGenerator();
    const order = fromTypedArray(generator.permutation(images.shape[0]!), [images.shape[0]!]);
    const floats = asFloat(images);
    const { images: mixed, share } = this.mix(floats, floats.take(order), generator);
    const scores = asFloat(labels);
    const part = share.reshape([-1, 1]).cast(scores.dtype);
    return {
      images: backTo(mixed, images.dtype),
      labels: scores.mul(part).add(scores.take(order).mul(part.neg().add(1))),
    };
  }
}

/**
 * In training every image becomes the weighted mean of itself and another of the batch, and so do the labels (Zhang et al. 2018).
 *
 * @throws ShapeError unless images are [batch, height, width, channels] and labels [batch, classes]
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/mix_up/
 * @example
 * const mixed = new nn.MixUp({ alpha: 0.2 }).call({ images, labels: oneHot(labels, 10) });
 * mixed.images.shape; // → [8, 28, 28, 1]
 */
export class MixUp extends Mixing {
  constructor(options: MixingOptions = {}) {
    super('MixUp', options, 0.2);
  }

  protected override mix(images: Tensor, others: Tensor, generator: Generator): { images: Tensor; share: Tensor } {
    const shares = Float32Array.from({ length: images.shape[0]! }, () => beta(this.alpha, generator));
    const share = fromTypedArray(shares, [shares.length, 1, 1, 1]).cast(images.dtype);
    return { images: images.mul(share).add(others.mul(share.neg().add(1))), share };
  }
}

/**
 * In training a rectangle of every image shows another of the batch, and the labels share as the areas do (Yun et al. 2019).
 *
 * @throws ShapeError unless images are [batch, height, width, channels] and labels [batch, classes]
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/cut_mix/
 * @example
 * const mixed = new nn.CutMix({ alpha: 1 }).call({ images, labels: oneHot(labels, 10) });
 * mixed.images.shape; // → [8, 28, 28, 1]
 */
export class CutMix extends Mixing {
  constructor(options: MixingOptions = {}) {
    super('CutMix', options, 1);
  }

  protected override mix(images: Tensor, others: Tensor, generator: Generator): { images: Tensor; share: Tensor } {
    const { count, height, width } = extentsOf(images);
    const shown = rectangles(count, height, width, generator, () => {
      const side = Math.sqrt(1 - beta(this.alpha, generator));
      return [side, side];
    });
    const share = shown
      .cast('float32')
      .mean({ axis: [1, 2, 3] })
      .neg()
      .add(1);
    return { images: where(shown, others, images), share };
  }
}
