/** The fully connected layer as a function. */

import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as rows from '../primitives/dense.js';
import type { Tensor } from '../tensor.js';
import { type Endings, endingWith } from './ending.js';
import { checkTensor } from './operands.js';

/** Options of `dense`. */
export interface DenseFunctionOptions {
  /** Applied to the result. @defaultValue 'linear': nothing */
  activation?: 'linear' | 'relu' | 'tanh' | 'sigmoid';
}

const endings: Endings<Primitive<undefined>> = {
  linear: rows.dense,
  relu: rows.denseRelu,
  tanh: rows.denseTanh,
  sigmoid: rows.denseSigmoid,
};

/**
 * activation(x · kernel + bias) in one pass: nothing but the result is written to memory, and nothing but x, the kernel and
 * (with an activation) the result is kept for the backward pass.
 *
 * @param x [..., inputs], with at least one leading axis
 * @param kernel [inputs, units]
 * @param bias [units]
 * @returns [..., units]
 * @throws ShapeError when the extents do not fit; DTypeError unless all have one floating dtype; ArgumentError for another
 *   activation
 * @example
 * dense(tensor([[1, 2]]), tensor([[1, -1], [1, -1]]), tensor([0.5, 0.5]), { activation: 'relu' }); // → [[3.5, 0]]
 */
export function dense(x: Tensor, kernel: Tensor, bias: Tensor, options: DenseFunctionOptions = {}): Tensor {
  checkOptions('dense', options, ['activation']);
  const row = endingWith('dense', endings, options.activation ?? 'linear');
  const inputs = [checkTensor('dense', x), checkTensor('dense', kernel), checkTensor('dense', bias)];
  return apply(row, inputs, undefined);
}
