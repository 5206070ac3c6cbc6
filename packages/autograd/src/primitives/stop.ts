/** Where derivatives end. */

import * as kernels from '@cotangent/kernels';
import { leadingBatch } from '../batching.js';
import { type Primitive, primitive } from '../primitive.js';

/** The same numbers, constant to every transform. */
export const stopGradient: Primitive<undefined> = primitive({
  name: 'stopGradient',
  inputs: ['x'],
  shape: ({ x }) => x,
  run: kernels.copy,
  view: (x) => x,
  keeps: { x: [] },
  vjp: { x: null },
  jvp: { x: null },
  batch: leadingBatch(),
});
