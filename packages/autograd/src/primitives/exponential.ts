/** Exponentials and logarithms. */

import * as kernels from '@cotangent/kernels';
import { elementwise, pairwise } from '../families.js';
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

export const exp2: Primitive<undefined> = elementwise('exp2', {
  run: kernels.exp2,
  uses: ['out'],
  derivative: ({ out }) => out.mul(Math.LN2),
});

export const expm1: Primitive<undefined> = elementwise('expm1', {
  run: kernels.expm1,
  uses: ['out'],
  derivative: ({ out }) => out.add(1),
});

export const log1p: Primitive<undefined> = elementwise('log1p', {
  run: kernels.log1p,
  uses: ['x'],
  derivative: ({ x }) => x.add(1).reciprocal(),
  domain: { range: [-0.8, 4], note: 'x > −1' },
});

export const log2: Primitive<undefined> = elementwise('log2', {
  run: kernels.log2,
  uses: ['x'],
  derivative: ({ x }) => x.reciprocal().mul(Math.LOG2E),
  domain: { range: [0.1, 4], note: 'x > 0' },
});

export const log10: Primitive<undefined> = elementwise('log10', {
  run: kernels.log10,
  uses: ['x'],
  derivative: ({ x }) => x.reciprocal().mul(Math.LOG10E),
  domain: { range: [0.1, 4], note: 'x > 0' },
});

/** ∂/∂a = eᵃ / (eᵃ + eᵇ), which does not overflow as σ(a − b). */
export const logaddexp: Primitive<undefined> = pairwise('logaddexp', {
  run: kernels.logaddexp,
  promotion: 'floating',
  keeps: { a: ['a', 'b'], b: ['a', 'b'] },
  vjp: { a: (g, { a, b }) => g.mul(a.sub(b).sigmoid()), b: (g, { a, b }) => g.mul(b.sub(a).sigmoid()) },
});

/** ∂(a ln b)/∂a = ln b, 0 where a = 0 and b ≤ 0 (PyTorch);  ∂/∂b = a / b */
export const xlogy: Primitive<undefined> = pairwise('xlogy', {
  run: kernels.xlogy,
  promotion: 'floating',
  keeps: { a: ['a', 'b'], b: ['a', 'b'] },
  vjp: {
    a: (g, { a, b }) => {
      const flat = a.equal(0).logicalAnd(b.lessEqual(0));
      return g.mul(flat.where(0, flat.where(1, b).log()));
    },
    b: (g, { a, b }) => g.mul(a.div(b)),
  },
  domain: { range: [0.2, 2], note: 'b > 0' },
});
