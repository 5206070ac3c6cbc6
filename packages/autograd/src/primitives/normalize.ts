/** Zero mean and unit variance. */

import type { NormalizeAttributes } from '@cotangent/kernels';
import * as kernels from '@cotangent/kernels';
import { leadingBatch } from '../batching.js';
import { apply, type BatchRule, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

const meanOver = (x: Tensor, { axes }: NormalizeAttributes): Tensor => x.mean({ axis: axes, keepDims: true });

/** 1 / √(variance + ε) */
function scaleOf(x: Tensor, attributes: NormalizeAttributes): Tensor {
  const variance = meanOver(x.sub(meanOver(x, attributes)).square(), attributes);
  return variance.add(attributes.epsilon).rsqrt();
}

const shifted: BatchRule<NormalizeAttributes> = leadingBatch((attributes) => ({
  ...attributes,
  axes: attributes.axes.map((axis) => axis + 1),
}));

/** y = (x − mean) / √(variance + ε) over the axes.  dx = s (dy − mean dy − y mean(y dy)), s = 1 / √(variance + ε), fused */
export const normalize: Primitive<NormalizeAttributes> = primitive({
  name: 'normalize',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }, _: NormalizeAttributes) => x,
  run: kernels.normalize,
  keeps: { x: ['x'] },
  vjp: { x: (g, { x }, attributes) => apply(normalizeBackward, [g, x], attributes) },
  // The Jacobian is symmetric: one formula serves both modes.
  jvp: { x: (t, { x }, attributes) => apply(normalizeBackward, [t, x], attributes) },
  batch: shifted,
});

/** Along t, with m = mean(y g): ds = −s² mean(y t) and dy = d(t, x). */
function along(t: Tensor, g: Tensor, x: Tensor, attributes: NormalizeAttributes): Tensor {
  const mean = (v: Tensor): Tensor => meanOver(v, attributes);
  const [s, y] = [scaleOf(x, attributes), apply(normalize, [x], attributes)];
  const dy = apply(normalizeBackward, [t, x], attributes);
  const m = mean(y.mul(g));
  const rest = g.sub(mean(g)).sub(y.mul(m));
  const bent = dy.mul(m).add(y.mul(mean(dy.mul(g))));
  return s
    .mul(bent)
    .add(rest.mul(s.square()).mul(mean(y.mul(t))))
    .neg();
}

/** The gradient in x of ⟨v, d(g, x)⟩ = n s (mean(v g) − mean v mean g − mean(y v) mean(y g)). */
function across(v: Tensor, g: Tensor, x: Tensor, attributes: NormalizeAttributes): Tensor {
  const mean = (t: Tensor): Tensor => meanOver(t, attributes);
  const through = (t: Tensor): Tensor => apply(normalizeBackward, [t, x], attributes);
  const [s, y] = [scaleOf(x, attributes), apply(normalize, [x], attributes)];
  const [ofV, ofG] = [mean(y.mul(v)), mean(y.mul(g))];
  const product = mean(v.mul(g))
    .sub(mean(v).mul(mean(g)))
    .sub(ofV.mul(ofG));
  const bent = through(v).mul(ofG).add(through(g).mul(ofV));
  return s.mul(bent).add(y.mul(s.square()).mul(product)).neg();
}

/** d(g, x) = s (g − mean g − y mean(y g)): symmetric in g. */
export const normalizeBackward: Primitive<NormalizeAttributes> = primitive({
  name: 'normalizeBackward',
  inputs: ['g', 'x'],
  promotion: 'floating',
  shape: ({ x }, _: NormalizeAttributes) => x,
  run: kernels.normalizeBackward,
  keeps: { g: ['x'], x: ['g', 'x'] },
  vjp: {
    g: (v, { x }, attributes) => apply(normalizeBackward, [v, x], attributes),
    x: (v, { g, x }, attributes) => across(v, g, x, attributes),
  },
  jvp: {
    g: (t, { x }, attributes) => apply(normalizeBackward, [t, x], attributes),
    x: (t, { g, x }, attributes) => along(t, g, x, attributes),
  },
  batch: shifted,
});
