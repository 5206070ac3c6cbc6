/** Activation functions. */

import type { AlphaAttributes } from '@cotangent/kernels';
import * as kernels from '@cotangent/kernels';
import { elementwiseBatch } from '../batching.js';
import { backwardOf, elementwise, pairwise } from '../families.js';
import { apply, type Primitive, primitive } from '../primitive.js';

/** (1 − y²)′ = −2 y */
export const tanhBackward: Primitive<undefined> = backwardOf('tanhBackward', kernels.tanhBackward, (y) => y.mul(-2));

export const tanh: Primitive<undefined> = elementwise('tanh', {
  run: kernels.tanh,
  uses: ['out'],
  backward: tanhBackward,
});

/** (y (1 − y))′ = 1 − 2 y */
export const sigmoidBackward: Primitive<undefined> = backwardOf('sigmoidBackward', kernels.sigmoidBackward, (y) =>
  y.mul(-2).add(1),
);

export const sigmoid: Primitive<undefined> = elementwise('sigmoid', {
  run: kernels.sigmoid,
  uses: ['out'],
  backward: sigmoidBackward,
});

/** relu′ is 0 at 0 and 1 at NaN (PyTorch). Nothing but the result is kept. */
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

/** 0 where out is 0, else g: linear in g, constant in out. */
export const reluBackward: Primitive<undefined> = pairwise('reluBackward', {
  run: kernels.reluBackward,
  keeps: { a: ['b'], b: [] },
  vjp: { a: (g, { b }) => apply(reluBackward, [g, b], undefined), b: null },
  domain: { kinks: [0] },
});

// ---- smooth relatives of relu: each with what flows back through it as a row of its own, which is one pass too ---------

/** σ is the derivative of softplus. */
export const softplus: Primitive<undefined> = elementwise('softplus', {
  run: kernels.softplus,
  uses: ['x'],
  derivative: ({ x }) => x.sigmoid(),
});

/** y′ = σ + x σ (1 − σ), y″ = σ (1 − σ) (2 + x (1 − 2σ)) */
export const siluBackward: Primitive<undefined> = backwardOf('siluBackward', kernels.siluBackward, (x) => {
  const s = x.sigmoid();
  return s.mul(s.neg().add(1)).mul(x.mul(s.mul(-2).add(1)).add(2));
});

/** y = x σ(x) */
export const silu: Primitive<undefined> = elementwise('silu', {
  run: kernels.silu,
  uses: ['x'],
  backward: siluBackward,
});

/** y′ = Φ + x φ, y″ = φ (2 − x²) */
export const geluBackward: Primitive<undefined> = backwardOf('geluBackward', kernels.geluBackward, (x) => {
  const square = x.square();
  return square
    .mul(-0.5)
    .exp()
    .mul(1 / Math.sqrt(2 * Math.PI))
    .mul(square.neg().add(2));
});

/** y = x Φ(x) */
export const gelu: Primitive<undefined> = elementwise('gelu', {
  run: kernels.gelu,
  uses: ['x'],
  backward: geluBackward,
});

const geluScale = 2 * Math.sqrt(2 / Math.PI);
const geluCube = 0.044715;

/** y′ = σ + x u′ σ (1 − σ), y″ = σ (1 − σ) (2u′ + x u″ + x u′² (1 − 2σ)) */
export const geluTanhBackward: Primitive<undefined> = backwardOf('geluTanhBackward', kernels.geluTanhBackward, (x) => {
  const square = x.square();
  const s = x.mul(square.mul(geluCube).add(1)).mul(geluScale).sigmoid();
  const slope = square
    .mul(3 * geluCube)
    .add(1)
    .mul(geluScale);
  const curve = square.mul(6 * geluCube * geluScale); // x u″
  const bend = x.mul(slope.square()).mul(s.mul(-2).add(1));
  return s.mul(s.neg().add(1)).mul(slope.mul(2).add(curve).add(bend));
});

/** y = x σ(u), u = 2√(2/π) (x + 0.044715 x³) */
export const geluTanh: Primitive<undefined> = elementwise('geluTanh', {
  run: kernels.geluTanh,
  uses: ['x'],
  backward: geluTanhBackward,
});

/** t = tanh ln(1 + eˣ), t′ = σ (1 − t²);  y′ = t + x t′, y″ = 2t′ + x t″, t″ = t′ (1 − σ − 2 t σ) */
export const mishBackward: Primitive<undefined> = backwardOf('mishBackward', kernels.mishBackward, (x) => {
  const s = x.sigmoid();
  const t = x.softplus().tanh();
  const slope = s.mul(t.square().neg().add(1));
  return slope.mul(x.mul(s.mul(t.mul(2).add(1)).neg().add(1)).add(2));
});

/** y = x t */
export const mish: Primitive<undefined> = elementwise('mish', {
  run: kernels.mish,
  uses: ['x'],
  backward: mishBackward,
});

/** x above 0, α (eˣ − 1) from there down; at 0 the branch below (PyTorch). */
export const elu: Primitive<AlphaAttributes> = primitive({
  name: 'elu',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }) => x,
  run: kernels.elu,
  keeps: { x: ['x'] },
  vjp: { x: (g, { x }, attributes: AlphaAttributes) => g.mul(apply(eluSlope, [x], attributes)) },
  jvp: { x: (t, { x }, attributes) => t.mul(apply(eluSlope, [x], attributes)) },
  batch: elementwiseBatch,
  domain: { kinks: [0] },
});

/** 1 above 0, α eˣ from there down. Its own derivative is 0 above. */
export const eluSlope: Primitive<AlphaAttributes> = primitive({
  name: 'eluSlope',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }) => x,
  run: kernels.eluSlope,
  keeps: { x: ['x', 'out'] },
  vjp: { x: (g, { x, out }) => g.mul(x.greater(0).where(0, out)) },
  jvp: { x: (t, { x, out }) => t.mul(x.greater(0).where(0, out)) },
  batch: elementwiseBatch,
  domain: { kinks: [0] },
});
