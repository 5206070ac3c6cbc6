/** The Euclidean norm of a whole tensor. */

import * as kernels from '@cotangent/kernels';
import { type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

/** Where the norm is 0 all of x is, and dividing by 1 makes the gradient 0 (PyTorch). */
const orOne = (norm: Tensor): Tensor => norm.add(norm.equal(0).cast(norm.dtype));

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
  domain: { kinks: [0], note: 'not where all of x is 0' },
});
