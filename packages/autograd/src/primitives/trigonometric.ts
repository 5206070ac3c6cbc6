/** Circular functions and their inverses. */

import * as kernels from '@cotangent/kernels';
import { elementwise, pairwise } from '../families.js';
import type { Primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

export const sin: Primitive<undefined> = elementwise('sin', {
  run: kernels.sin,
  uses: ['x'],
  derivative: ({ x }) => x.cos(),
});

export const cos: Primitive<undefined> = elementwise('cos', {
  run: kernels.cos,
  uses: ['x'],
  derivative: ({ x }) => x.sin().neg(),
});

/** tan′ = 1 + tan² */
export const tan: Primitive<undefined> = elementwise('tan', {
  run: kernels.tan,
  uses: ['out'],
  derivative: ({ out }) => out.square().add(1),
  domain: { range: [-1.2, 1.2], note: 'away from ±π/2' },
});

const rootOfRest = (x: Tensor): Tensor => x.square().neg().add(1).rsqrt();

/** arcsin′ = 1 / √(1 − x²) */
export const asin: Primitive<undefined> = elementwise('asin', {
  run: kernels.asin,
  uses: ['x'],
  derivative: ({ x }) => rootOfRest(x),
  domain: { range: [-0.9, 0.9], note: '−1 < x < 1' },
});

export const acos: Primitive<undefined> = elementwise('acos', {
  run: kernels.acos,
  uses: ['x'],
  derivative: ({ x }) => rootOfRest(x).neg(),
  domain: { range: [-0.9, 0.9], note: '−1 < x < 1' },
});

/** arctan′ = 1 / (1 + x²) */
export const atan: Primitive<undefined> = elementwise('atan', {
  run: kernels.atan,
  uses: ['x'],
  derivative: ({ x }) => x.square().add(1).reciprocal(),
});

/** c / (a² + b²); 0 at the origin, where the angle has no derivative. */
function overSquare(c: Tensor, a: Tensor, b: Tensor): Tensor {
  const square = a.square().add(b.square());
  const origin = square.equal(0);
  return origin.where(0, c.div(origin.where(1, square)));
}

/** The angle of the point (b, a): ∂/∂a = b / (a² + b²), ∂/∂b = −a / (a² + b²) */
export const atan2: Primitive<undefined> = pairwise('atan2', {
  run: kernels.atan2,
  promotion: 'floating',
  keeps: { a: ['a', 'b'], b: ['a', 'b'] },
  vjp: {
    a: (g, { a, b }) => g.mul(overSquare(b, a, b)),
    b: (g, { a, b }) => g.mul(overSquare(a, a, b)).neg(),
  },
  domain: { kinks: [0], note: 'not the origin, nor the cut along negative b' },
});
