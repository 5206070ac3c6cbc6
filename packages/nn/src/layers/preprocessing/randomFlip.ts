/** Images mirrored at random (https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/). */

import { flip, randomUniform, type Tensor, where } from '@cotangent/autograd';
import type { Generator } from '@cotangent/kernels';
import { checkChoice } from '../../options.js';
import type { RandomLayerOptions } from '../regularization.js';
import { RandomImageLayer } from './images.js';

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
export class RandomFlip extends RandomImageLayer {
  private readonly axes: readonly number[];

  constructor(options: RandomFlipOptions = {}) {
    super('RandomFlip', options, ['mode']);
    const modes = ['horizontal', 'vertical', 'horizontalAndVertical'] as const;
    const mode = checkChoice('RandomFlip', 'mode', options.mode ?? 'horizontalAndVertical', modes);
    this.axes = mode === 'horizontal' ? [-2] : mode === 'vertical' ? [-3] : [-2, -3];
  }

  protected override change(x: Tensor, generator: Generator): Tensor {
    return this.axes.reduce((y, axis) => {
      const chosen = randomUniform([x.shape[0]!, 1, 1, 1], { generator }).less(0.5);
      return where(chosen, flip(y, { axis }), y);
    }, x);
  }
}
