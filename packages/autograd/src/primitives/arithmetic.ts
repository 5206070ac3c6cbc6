/** Arithmetic with broadcasting. */

import * as kernels from '@cotangent/kernels';
import { elementwiseBatch } from '../batching.js';
import { backwardOf, elementwise, linear, pairwise } from '../families.js';
import { type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

// ---- one line each --------------------------------------------------------------------------------------------------

export const add: Primitive<undefined> = pairwise('add', {
  run: kernels.add,
  keeps: { a: [], b: [] },
  vjp: { a: (g) => g, b: (g) => g },
});

export const subtract: Primitive<undefined> = pairwise('subtract', {
  run: kernels.subtract,
  keeps: { a: [], b: [] },
  vjp: { a: (g) => g, b: (g) => g.neg() },
});

export const multiply: Primitive<undefined> = pairwise('multiply', {
  run: kernels.multiply,
  keeps: { a: ['b'], b: ['a'] },
  vjp: { a: (g, { b }) => g.mul(b), b: (g, { a }) => g.mul(a) },
});

export const divide: Primitive<undefined> = pairwise('divide', {
  run: kernels.divide,
  promotion: 'floating',
  keeps: { a: ['b'], b: ['b', 'out'] },
  vjp: { a: (g, { b }) => g.div(b), b: (g, { b, out }) => g.mul(out).div(b).neg() },
  domain: { kinks: [0], note: 'b ≠ 0' },
});

export const negative: Primitive<undefined> = linear('negative', {
  shape: (x) => x,
  run: kernels.negative,
  transpose: (g) => g.neg(),
  self: (t) => t.neg(),
  batch: elementwiseBatch,
});

/** (2 x)′ = 2 */
export const squareBackward: Primitive<undefined> = backwardOf('squareBackward', kernels.squareBackward, () => 2);

export const square: Primitive<undefined> = elementwise('square', {
  run: kernels.square,
  promotion: 'any',
  uses: ['x'],
  backward: squareBackward,
});

// ---- a kink or a pole to mind ---------------------------------------------------------------------------------------

/** (√x)′ = 1 / (2 √x): +∞ at 0, as in PyTorch. */
export const sqrt: Primitive<undefined> = elementwise('sqrt', {
  run: kernels.sqrt,
  uses: ['out'],
  derivative: ({ out }) => out.mul(2).reciprocal(),
  domain: { range: [0.1, 4], note: 'x > 0' },
});

/** (1/x)′ = −1/x² */
export const reciprocal: Primitive<undefined> = elementwise('reciprocal', {
  run: kernels.reciprocal,
  uses: ['out'],
  derivative: ({ out }) => out.square().neg(),
  domain: { range: [0.2, 4], note: 'x ≠ 0' },
});

/** (1/√x)′ = −½ (1/√x)³ */
export const rsqrt: Primitive<undefined> = elementwise('rsqrt', {
  run: kernels.rsqrt,
  uses: ['out'],
  derivative: ({ out }) => out.square().mul(out).mul(-0.5),
  domain: { range: [0.2, 4], note: 'x > 0' },
});

/** (∛x)′ = 1 / (3 (∛x)²), +∞ at 0 */
export const cbrt: Primitive<undefined> = elementwise('cbrt', {
  run: kernels.cbrt,
  uses: ['out'],
  derivative: ({ out }) => out.square().mul(3).reciprocal(),
  domain: { range: [0.2, 4], note: 'x ≠ 0' },
});

/** c / out; 0 at the origin, as the gradient of every norm. */
const perLength = (c: Tensor, out: Tensor): Tensor => {
  const origin = out.equal(0);
  return origin.where(0, c.div(origin.where(1, out)));
};

/** √(a² + b²);  ∂/∂a = a / √(a² + b²) */
export const hypot: Primitive<undefined> = pairwise('hypot', {
  run: kernels.hypot,
  promotion: 'floating',
  keeps: { a: ['a', 'out'], b: ['b', 'out'] },
  vjp: {
    a: (g, { a, out }) => g.mul(perLength(a, out)),
    b: (g, { b, out }) => g.mul(perLength(b, out)),
  },
  domain: { kinks: [0], note: 'not the origin' },
});

/** |x|′ = sign x: 0 at 0, as in PyTorch. */
export const abs: Primitive<undefined> = elementwise('abs', {
  run: kernels.abs,
  promotion: 'any',
  uses: ['x'],
  derivative: ({ x }) => x.sign(),
  domain: { kinks: [0] },
});

/** Constant almost everywhere. */
export const sign: Primitive<undefined> = primitive({
  name: 'sign',
  inputs: ['x'],
  shape: ({ x }) => x,
  run: kernels.sign,
  keeps: { x: [] },
  vjp: { x: null },
  jvp: { x: null },
  batch: elementwiseBatch,
});

/** Where one of two is chosen, a tie gives half to each, as in PyTorch. */
const share = (chosen: Tensor, other: Tensor, wins: (a: Tensor, b: Tensor) => Tensor, g: Tensor): Tensor =>
  g.mul(wins(chosen, other).cast(g.dtype).add(chosen.equal(other).cast(g.dtype).mul(0.5)));

const greater = (a: Tensor, b: Tensor): Tensor => a.greater(b);
const less = (a: Tensor, b: Tensor): Tensor => a.less(b);

export const maximum: Primitive<undefined> = pairwise('maximum', {
  run: kernels.maximum,
  keeps: { a: ['a', 'b'], b: ['a', 'b'] },
  vjp: { a: (g, { a, b }) => share(a, b, greater, g), b: (g, { a, b }) => share(b, a, greater, g) },
  domain: { note: 'a ≠ b' },
});

export const minimum: Primitive<undefined> = pairwise('minimum', {
  run: kernels.minimum,
  keeps: { a: ['a', 'b'], b: ['a', 'b'] },
  vjp: { a: (g, { a, b }) => share(a, b, less, g), b: (g, { a, b }) => share(b, a, less, g) },
  domain: { note: 'a ≠ b' },
});

/**
 * ∂aᵇ/∂a = b aᵇ⁻¹, 0 where b = 0;  ∂aᵇ/∂b = aᵇ ln a, 0 where a = 0 and b ≥ 0 (PyTorch). The `where`s keep the unused
 * branch finite, so that its NaN does not leak into second derivatives.
 */
export const power: Primitive<undefined> = pairwise('power', {
  run: kernels.power,
  promotion: 'floating',
  keeps: { a: ['a', 'b'], b: ['a', 'b', 'out'] },
  vjp: {
    a: (g, { a, b }) => {
      // Where b varies too, b = 0 is masked only at 0⁰: wider, it would hide ∂²aᵇ/∂a∂b = 1/a, as it does in PyTorch.
      const flat = b.varies ? b.equal(0).logicalAnd(a.equal(0)) : b.equal(0);
      return g.mul(b.mul(a.pow(flat.where(1, b.sub(1)))));
    },
    b: (g, { a, b, out }) => {
      const flat = a.equal(0).logicalAnd(b.greaterEqual(0));
      return g.mul(flat.where(0, out.mul(flat.where(1, a).log())));
    },
  },
  domain: { range: [0.2, 2], note: 'a > 0' },
});
