/** Images mirrored at random (https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/). */

import { flip, randomUniform, type Tensor, where } from '@cotangent/autograd';
import { Generator, ShapeError } from '@cotangent/kernels';
import { checkChoice, checkOptions, checkTensor } from '../../options.js';
import { Layer, layerOptionNames } from '../layer.js';
import type { RandomLayerOptions } from '../regularization.js';

/** Options of `RandomFlip`. */
export interface RandomFlipOptions extends RandomLayerOptions {
  /** @defaultValue 'horizontalAndVertical' */
  mode?: 'horizontal' | 'vertical' | 'horizontalAndVertical';
}

/**
 * In training, mirrors each image with probability ½ along each axis of `mode`; otherwise does nothing.
 *
 * Input and output [height, width, channels] or [batch, height, width, channels], of any dtype; every image has its own draws.
 *
 * @throws ShapeError for other axes; ArgumentError for unknown options
 * @see https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/
 * @example new nn.RandomFlip({ mode: 'horizontal', seed: 1 })
 */
export class RandomFlip extends Layer {
  private readonly axes: readonly number[];
  private readonly generator: Generator | undefined;

  constructor(options: RandomFlipOptions = {}) {
    checkOptions('RandomFlip', options, ['mode', 'seed', ...layerOptionNames]);
    super(options);
    const modes = ['horizontal', 'vertical', 'horizontalAndVertical'] as const;
    const mode = checkChoice('RandomFlip', 'mode', options.mode ?? 'horizontalAndVertical', modes);
    this.axes = mode === 'horizontal' ? [-2] : mode === 'vertical' ? [-3] : [-2, -3];
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  /** @param options `generator` to draw from in this call. @defaultValue that of `seed`, or the global one */
  override forward(x: Tensor, options: { generator?: Generator } = {}): Tensor {
    checkOptions('RandomFlip', options, ['generator']);
    const { rank, shape } = checkTensor('RandomFlip', 'x', x);
    if (rank !== 3 && rank !== 4)
      throw new ShapeError('RandomFlip', { x: shape }, '[height, width, channels] or a batch');
    if (!this.training) return x;
    const generator = options.generator ?? this.generator;
    const draws = rank === 4 ? [shape[0]!, 1, 1, 1] : [1, 1, 1];
    return this.axes.reduce((y, axis) => {
      const chosen = randomUniform(draws, generator === undefined ? {} : { generator }).less(0.5);
      return where(chosen, flip(y, { axis }), y);
    }, x);
  }
}
