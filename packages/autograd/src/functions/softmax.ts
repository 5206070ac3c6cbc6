/** Softmax and what is fused with it. */

import { type AxisAttributes, normalizeAxis } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as rows from '../primitives/softmax.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/** Options of `softmax` and `logSoftmax`. */
export interface SoftmaxOptions {
  /** The axis whose elements sum to 1. @defaultValue −1 */
  axis?: number;
}

/**
 * eˣ / Σ eˣ along an axis, shifted so that nothing overflows.
 *
 * @example
 * softmax(tensor([0, Math.log(3)])); // → [0.25, 0.75]
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return alongAxis(rows.softmax, x, options);
}

/**
 * ln softmax(x), computed as x − ln Σ eˣ: finite where softmax itself underflows.
 *
 * @example
 * logSoftmax(tensor([0, Math.log(3)])); // → [-1.3863, -0.28768]
 */
export function logSoftmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  return alongAxis(rows.logSoftmax, x, options);
}

function alongAxis(row: Primitive<AxisAttributes>, x: Tensor, options: SoftmaxOptions): Tensor {
  checkOptions(row.name, options, ['axis']);
  return apply(row, [x], { axis: normalizeAxis(row.name, options.axis ?? -1, checkTensor(row.name, x).rank) });
}

/**
 * −ln softmax(logits)[label] for each row, in one pass; forward and backward are fused.
 *
 * @param logits [..., classes], floating
 * @param labels [...], whole numbers from 0 to classes − 1 in any dtype
 * @returns [...], one loss a row
 * @throws IndexError naming the position of a label out of range or NaN
 * @example
 * softmaxCrossEntropy(tensor([[0, 0], [0, Math.log(3)]]), tensor([0, 1], { dtype: 'int32' })); // → [0.69315, 0.28768]
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return apply(
    rows.softmaxCrossEntropy,
    [checkTensor('softmaxCrossEntropy', logits), checkTensor('softmaxCrossEntropy', labels)],
    undefined,
  );
}
