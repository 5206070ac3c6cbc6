/** First values that are the same each time. */

import { fromTypedArray, full, type Tensor } from '@cotangent/autograd';
import { type DType, type Shape, ShapeError, sizeOf } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import type { Initializer } from './initializer.js';

/**
 * The same number everywhere.
 *
 * @throws ArgumentError for options out of range
 * @example
 * new nn.initializers.Constant({ value: 0.1 }).create([2], 'float32'); // → [0.1, 0.1]
 */
export class Constant implements Initializer {
  readonly name: string = 'constant';
  private readonly value: number;

  /** @param options `value` (0) */
  constructor(options: { value?: number } = {}) {
    checkOptions('Constant', options, ['value']);
    this.value = checkNumber('Constant', 'value', options.value ?? 0);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return full(shape, this.value, { dtype });
  }
}

/**
 * Zeros: what biases start as.
 *
 * @example
 * new nn.initializers.Zeros().create([2], 'float32'); // → [0, 0]
 */
export class Zeros implements Initializer {
  readonly name: string = 'zeros';

  create(shape: Shape, dtype: DType): Tensor {
    return full(shape, 0, { dtype });
  }
}

/**
 * Ones: what the scales of normalization layers start as.
 *
 * @example
 * new nn.initializers.Ones().create([2], 'float32'); // → [1, 1]
 */
export class Ones implements Initializer {
  readonly name: string = 'ones';

  create(shape: Shape, dtype: DType): Tensor {
    return full(shape, 1, { dtype });
  }
}

/**
 * A multiple of the identity matrix [rows, columns]: `gain` where row and column are the same, else 0. Keeps the state of
 * recurrent layers (Le et al. 2015); a matrix that is not square has zeros in the rows or columns left over.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/initializers/#identity-class
 * @example
 * new nn.initializers.Identity({ gain: 0.5 }).create([2, 3], 'float32'); // → [[0.5, 0, 0], [0, 0.5, 0]]
 */
export class Identity implements Initializer {
  readonly name: string = 'identity';
  private readonly gain: number;

  /** @param options `gain` (1) */
  constructor(options: { gain?: number } = {}) {
    checkOptions('Identity', options, ['gain']);
    this.gain = checkNumber('Identity', 'gain', options.gain ?? 1);
  }

  /** @throws ShapeError unless the shape has two axes */
  create(shape: Shape, dtype: DType): Tensor {
    if (shape.length !== 2) throw new ShapeError('Identity', { shape }, 'two axes: [rows, columns]');
    const [rows, columns] = shape as [number, number];
    const values = new Float64Array(rows * columns);
    for (let i = 0; i < Math.min(rows, columns); i++) values[i * (columns + 1)] = this.gain;
    return fromTypedArray(values, shape).cast(dtype);
  }
}

/** Weights of a triangle over k points, highest in the middle: those that neighbours `f` = ⌈k / 2⌉ apart interpolate with. */
function triangle(k: number): number[] {
  const factor = Math.ceil(k / 2);
  return Array.from({ length: k }, (_, x) => 1 - Math.abs(x - (k - 1) / 2) / factor);
}

/**
 * The kernel [spatial…, channels, channels] of a transposed convolution that enlarges images by linear interpolation: along
 * each spatial axis of k points 1 − |x − (k − 1) / 2| / ⌈k / 2⌉. To enlarge s times, take k = 2 s − s mod 2 and strides s.
 *
 * Every channel goes to itself. A channel axis of extent 1 is one of a depthwise or grouped kernel: all of it is filled.
 * (Gluon fills every pair of channels, which is meant for its grouped kernels [channels, 1, …], and is centred only for the
 * k above.)
 *
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/initializer/ (Bilinear); Long, Shelhamer & Darrell 2015
 * @example
 * new nn.initializers.Bilinear().create([4, 1, 1], 'float32').reshape([-1]); // → [0.25, 0.75, 0.75, 0.25]
 */
export class Bilinear implements Initializer {
  readonly name: string = 'bilinear';

  /** @throws ShapeError unless there are a spatial axis and two channel axes, of one extent or one of them of extent 1 */
  create(shape: Shape, dtype: DType): Tensor {
    const [channelsIn, channelsOut] = shape.slice(-2) as [number, number];
    if (shape.length < 3 || (channelsIn !== channelsOut && channelsIn !== 1 && channelsOut !== 1)) {
      throw new ShapeError(
        'Bilinear',
        { shape },
        '[spatial…, channels, channels], or 1 in place of one of the channels',
      );
    }
    const spatial = shape
      .slice(0, -2)
      .map(triangle)
      .reduce((weights, axis) => weights.flatMap((weight) => axis.map((w) => weight * w)), [1]);
    const values = new Float64Array(sizeOf(shape));
    const pairs = channelsIn * channelsOut;
    const channels = Math.max(channelsIn, channelsOut);
    // From one pair (c, c) of a square to the next it is a row and one; along an axis beside one of extent 1, one.
    const step = channelsIn === channelsOut ? channels + 1 : 1;
    for (const [point, weight] of spatial.entries()) {
      for (let c = 0; c < channels; c++) values[point * pairs + c * step] = weight;
    }
    return fromTypedArray(values, shape).cast(dtype);
  }
}
