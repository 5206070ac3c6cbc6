/** First values that are the same each time. */

import { full, type Tensor } from '@cotangent/autograd';
import type { DType, Shape } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import type { Initializer } from './initializer.js';

/** The same number everywhere. @example new Constant({ value: 0.1 }) */
export class Constant implements Initializer {
  readonly name: string = 'constant';
  private readonly value: number;

  constructor(options: { value?: number } = {}) {
    checkOptions('Constant', options, ['value']);
    this.value = checkNumber('Constant', 'value', options.value ?? 0);
  }

  create(shape: Shape, dtype: DType): Tensor {
    return full(shape, this.value, { dtype });
  }
}
