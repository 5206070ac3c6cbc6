/** Exponentials and logarithms. */

import * as kernels from '@cotangent/kernels';
import { elementwise } from '../families.js';
import type { Primitive } from '../primitive.js';

export const exp: Primitive<undefined> = elementwise('exp', {
  run: kernels.exp,
  uses: ['out'],
  derivative: ({ out }) => out,
});

export const log: Primitive<undefined> = elementwise('log', {
  run: kernels.log,
  uses: ['x'],
  derivative: ({ x }) => x.reciprocal(),
  domain: { range: [0.1, 4], note: 'x > 0' },
});
