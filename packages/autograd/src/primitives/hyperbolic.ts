/** Hyperbolic functions and their inverses. (tanh stands with the activations.) */

import * as kernels from '@cotangent/kernels';
import { elementwise } from '../families.js';
import type { Primitive } from '../primitive.js';

export const sinh: Primitive<undefined> = elementwise('sinh', {
  run: kernels.sinh,
  uses: ['x'],
  derivative: ({ x }) => x.cosh(),
});

export const cosh: Primitive<undefined> = elementwise('cosh', {
  run: kernels.cosh,
  uses: ['x'],
  derivative: ({ x }) => x.sinh(),
});

/** arsinh′ = 1 / √(x² + 1) */
export const asinh: Primitive<undefined> = elementwise('asinh', {
  run: kernels.asinh,
  uses: ['x'],
  derivative: ({ x }) => x.square().add(1).rsqrt(),
});

/** arcosh′ = 1 / √(x² − 1), as 1 / (√(x − 1) √(x + 1)): x² may overflow */
export const acosh: Primitive<undefined> = elementwise('acosh', {
  run: kernels.acosh,
  uses: ['x'],
  derivative: ({ x }) => x.sub(1).rsqrt().mul(x.add(1).rsqrt()),
  domain: { range: [1.2, 4], note: 'x > 1' },
});

/** artanh′ = 1 / (1 − x²) */
export const atanh: Primitive<undefined> = elementwise('atanh', {
  run: kernels.atanh,
  uses: ['x'],
  derivative: ({ x }) => x.square().neg().add(1).reciprocal(),
  domain: { range: [-0.9, 0.9], note: '−1 < x < 1' },
});
