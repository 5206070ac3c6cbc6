/** Activation functions. */

import * as kernels from '@cotangent/kernels';
import { elementwiseBatch } from '../batching.js';
import { elementwise, pairwise } from '../families.js';
import { apply, type Primitive, primitive } from '../primitive.js';

export const tanh: Primitive<undefined> = elementwise('tanh', {
  run: kernels.tanh,
  uses: ['out'],
  derivative: ({ out }) => out.square().neg().add(1),
});

export const sigmoid: Primitive<undefined> = elementwise('sigmoid', {
  run: kernels.sigmoid,
  uses: ['out'],
  derivative: ({ out }) => out.mul(out.neg().add(1)),
});

/** relu′ is 0 at 0 (PyTorch, Keras). Nothing but the result is kept. */
export const relu: Primitive<undefined> = primitive({
  name: 'relu',
  inputs: ['x'],
  shape: ({ x }) => x,
  run: kernels.relu,
  keeps: { x: ['out'] },
  vjp: { x: (g, { out }) => apply(reluBackward, [g, out], undefined) },
  jvp: { x: (t, { out }) => apply(reluBackward, [t, out], undefined) },
  batch: elementwiseBatch,
  domain: { kinks: [0] },
});

/** g where out > 0, else 0: linear in g, constant in out. */
export const reluBackward: Primitive<undefined> = pairwise('reluBackward', {
  run: kernels.reluBackward,
  keeps: { a: ['b'], b: [] },
  vjp: { a: (g, { b }) => apply(reluBackward, [g, b], undefined), b: null },
  domain: { kinks: [0] },
});
