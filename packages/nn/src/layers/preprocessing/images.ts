/** What layers that change images share: one image or a batch of them, sizes, draws. */

import { isTensor, randomUniform, type Tensor } from '@cotangent/autograd';
import { ArgumentError, defaultGenerator, Generator, type Shape, ShapeError } from '@cotangent/kernels';
import { checkNumber, checkOptions, checkTensor, shown } from '../../options.js';
import { Layer, layerOptionNames } from '../layer.js';
import type { RandomLayerOptions } from '../regularization.js';

/** A part of the extent, up and down: `0.2` stands for `[-0.2, 0.2]`. */
export type Factor = number | readonly [lower: number, upper: number];

/** Lower and upper bound of a factor. @throws ArgumentError */
export function checkFactor(
  operation: string,
  name: string,
  factor: Factor,
  { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY }: { low?: number; high?: number } = {},
): readonly [number, number] {
  const [lower, upper] =
    typeof factor === 'number' ? [-Math.abs(factor), Math.abs(factor)] : (factor ?? [Number.NaN, Number.NaN]);
  const valid = Number.isFinite(lower) && Number.isFinite(upper) && low <= lower && lower <= upper && upper <= high;
  if (valid) return [lower, upper];
  const came = Array.isArray(factor) ? `[${factor.join(', ')}]` : shown(factor);
  throw new ArgumentError(
    operation,
    `got ${name} ${came}; expected a number, or [lower, upper] from ${low} to ${high}`,
  );
}

/** x, if it is [height, width, channels] or a batch of these. @throws ShapeError */
export function checkImage(operation: string, x: Tensor): Tensor {
  const { rank, shape } = checkTensor(operation, 'x', x);
  if (rank === 3 || rank === 4) return x;
  throw new ShapeError(operation, { x: shape }, '[height, width, channels] or a batch');
}

/** Height and width of images, and how many. */
export function extentsOf(x: Tensor): { count: number; height: number; width: number; channels: number } {
  const [count, height, width, channels] = (x.rank === 4 ? x.shape : [1, ...x.shape]) as [
    number,
    number,
    number,
    number,
  ];
  return { count, height, width, channels };
}

/** A shape of samples or images with other heights and widths. */
export function withSize(operation: string, shape: Shape, height: number, width: number): Shape {
  if (shape.length === 3) return [height, width, shape[2]!];
  throw new ShapeError(operation, { sample: shape }, 'a sample [height, width, channels]');
}

/** Options of a call of a layer that draws. */
export interface RandomCallOptions {
  /** Where this call draws from: that of an element of `Dataset.map`. @defaultValue that of `seed`, or the global one */
  generator?: Generator;
}

/** Base of the layers that change images at random in training, each with draws of its own, and do nothing else. */
export abstract class RandomImageLayer extends Layer {
  private readonly generator: Generator | undefined;

  constructor(
    protected readonly operation: string,
    options: RandomLayerOptions,
    own: readonly string[],
  ) {
    checkOptions(operation, options, [...own, 'seed', ...layerOptionNames]);
    super(options);
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  /** Changed images: x is a batch [batch, height, width, channels]. */
  protected abstract change(x: Tensor, generator: Generator): Tensor;

  override forward(x: Tensor, options: RandomCallOptions = {}): Tensor {
    checkOptions(this.operation, options, ['generator']);
    checkImage(this.operation, x);
    if (!this.training) return this.unchanged(x);
    const generator = options.generator ?? this.generator ?? defaultGenerator();
    return x.rank === 4 ? this.change(x, generator) : this.change(x.expandDims(0), generator).squeeze(0);
  }

  /** What comes out when not in training. */
  protected unchanged(x: Tensor): Tensor {
    return x;
  }

  /** A number for each image, [batch, 1, 1, 1], drawn evenly between two. */
  protected draws(x: Tensor, [low, high]: readonly [number, number], generator: Generator): Tensor {
    const u = randomUniform([x.shape[0]!, 1, 1, 1], { generator });
    return u.mul(high - low).add(low);
  }
}

/** x as float32, unless it has a floating dtype already. */
export const asFloat = (x: Tensor): Tensor => (x.dtype === 'float32' || x.dtype === 'float64' ? x : x.cast('float32'));

/** A positive whole number. */
export const checkSize = (operation: string, name: string, size: unknown): number =>
  checkNumber(operation, name, size as number, { atLeast: 1, whole: true });

/** The same dtype as it came; whole numbers are rounded. */
export const backTo = (x: Tensor, dtype: Tensor['dtype']): Tensor =>
  x.dtype === dtype
    ? x
    : isTensor(x) && (dtype === 'uint8' || dtype === 'int32')
      ? x.round().cast(dtype)
      : x.cast(dtype);
