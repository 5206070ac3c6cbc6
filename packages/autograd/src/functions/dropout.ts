/** Dropout. */

import { ArgumentError, floatingDType, type Generator, type Shape } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import * as rows from '../primitives/comparison.js';
import { randomMask } from '../random.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/** Options of `dropout`. */
export interface DropoutOptions {
  /** Shape of what is drawn, broadcast with x: 1 drops along a whole axis together. @defaultValue the shape of x */
  noiseShape?: Shape;
  /** Where the numbers come from. @defaultValue the global generator */
  generator?: Generator;
}

/**
 * Sets a random share of the elements to 0 and multiplies the others by 1 / (1 − rate), so that what is expected of each stays.
 * Draws whenever it is called; `nn.Dropout` does in training only. Integers become float32.
 *
 * What is kept for the backward pass is one byte for each number drawn.
 *
 * @param x [...]
 * @param rate the share, from 0 to below 1
 * @throws ArgumentError for another rate; ShapeError for a `noiseShape` that does not broadcast with x
 * @see Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
 * @example
 * dropout(ones([1000]), 0.5).mean(); // about 1
 */
export function dropout(x: Tensor, rate: number, options: DropoutOptions = {}): Tensor {
  checkTensor('dropout', x);
  checkOptions('dropout', options, ['noiseShape', 'generator']);
  if (!(typeof rate === 'number' && rate >= 0 && rate < 1)) {
    throw new ArgumentError('dropout', `got rate ${String(rate)}; expected a number of at least 0 and below 1`);
  }
  const mask = randomMask('dropout', options.noiseShape ?? x.shape, rate, options.generator);
  return apply(rows.dropout, [x.cast(floatingDType(x.dtype)), mask], { scale: 1 / (1 - rate) });
}
