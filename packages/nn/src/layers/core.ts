/** Small layers without parameters. */

import { randomUniform, type Tensor } from '@cotangent/autograd';
import { Generator, ShapeError } from '@cotangent/kernels';
import { checkNumber, checkOptions, checkTensor } from '../options.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

/**
 * Everything but the batch axis in one: [batch, ...] → [batch, product].
 *
 * @see https://keras.io/api/layers/reshaping_layers/flatten/
 */
export class Flatten extends Layer {
  constructor(options: LayerOptions = {}) {
    checkOptions('Flatten', options, layerOptionNames);
    super(options);
  }

  override forward(x: Tensor): Tensor {
    if (checkTensor('Flatten', 'x', x).rank === 0) throw new ShapeError('Flatten', { x: x.shape }, 'x [batch, ...]');
    return x.reshape([x.shape[0]!, x.shape.slice(1).reduce((product, extent) => product * extent, 1)]);
  }
}

/** Options of `Dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the inputs set to 0, from 0 to below 1. */
  rate: number;
  /** Makes the masks reproducible on their own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/**
 * In training, sets a random share of the inputs to 0 and scales the rest by 1 / (1 − rate); otherwise does nothing.
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 * @see Srivastava et al. 2014; https://keras.io/api/layers/regularization_layers/dropout/
 */
export class Dropout extends Layer {
  readonly rate: number;
  private readonly generator: Generator | undefined;

  constructor(options: DropoutOptions) {
    checkOptions('Dropout', options, ['rate', 'seed', ...layerOptionNames]);
    super(options);
    this.rate = checkNumber('Dropout', 'rate', options.rate, { atLeast: 0, below: 1 });
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.rate === 0) return checkTensor('Dropout', 'x', x);
    const drawn = randomUniform(
      checkTensor('Dropout', 'x', x).shape,
      this.generator === undefined ? {} : { generator: this.generator },
    );
    return drawn.greaterEqual(this.rate).where(x.mul(1 / (1 - this.rate)), 0);
  }
}
