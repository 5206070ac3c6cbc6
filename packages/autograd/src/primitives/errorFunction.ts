/** The error function and its complement. */

import * as kernels from '@cotangent/kernels';
import { elementwise } from '../families.js';
import type { Primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

/** 2/√π e^(−x²) */
const bell = (x: Tensor): Tensor =>
  x
    .square()
    .neg()
    .exp()
    .mul(2 / Math.sqrt(Math.PI));

export const erf: Primitive<undefined> = elementwise('erf', {
  run: kernels.erf,
  uses: ['x'],
  derivative: ({ x }) => bell(x),
});

export const erfc: Primitive<undefined> = elementwise('erfc', {
  run: kernels.erfc,
  uses: ['x'],
  derivative: ({ x }) => bell(x).neg(),
});
