/** The Euclidean norm of a whole tensor. */

import * as kernels from '@cotangent/kernels';
import { sizeOf } from '@cotangent/kernels';
import { apply, type BatchCall, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { stopGradient } from './stop.js';

/** Where the norm is 0 all of x is, and dividing by 1 makes the gradient 0 (PyTorch). */
const orOne = (norm: Tensor): Tensor => norm.add(norm.equal(0).cast(norm.dtype));

/**
 * Of each example. Its own largest element goes out of the squares, so that they neither overflow nor vanish, and where that
 * is 0 the gradient is 0.
 */
function normBatch({ inputs: [given] }: BatchCall<undefined>): Tensor {
  const x = given!.reshape([given!.shape[0]!, sizeOf(given!.shape.slice(1))]);
  if (x.shape[1] === 0) return x.sum({ axis: 1 });
  const largest = apply(stopGradient, [x.abs().max({ axis: 1, keepDims: true })], undefined);
  const scale = largest.greater(0).logicalAnd(largest.less(Number.POSITIVE_INFINITY)).where(largest, 1);
  const squares = x.div(scale).square().sum({ axis: 1, keepDims: true });
  const zero = squares.equal(0);
  return zero.where(0, zero.where(1, squares).sqrt().mul(scale)).reshape([x.shape[0]!]);
}

/** n = √Σ x².  dx = x dn / n */
export const euclideanNorm: Primitive<undefined> = primitive({
  name: 'euclideanNorm',
  inputs: ['x'],
  promotion: 'floating',
  shape: () => [],
  run: kernels.euclideanNorm,
  keeps: { x: ['x', 'out'] },
  vjp: { x: (g, { x, out }) => x.mul(g.div(orOne(out))) },
  jvp: { x: (t, { x, out }) => x.mul(t).sum().div(orOne(out)) },
  batch: normBatch,
  domain: { kinks: [0], note: 'not where all of x is 0' },
});
