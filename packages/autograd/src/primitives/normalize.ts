/** Zero mean and unit variance. */

import type { NormalizeAttributes } from '@cotangent/kernels';
import * as kernels from '@cotangent/kernels';
import { apply, type BatchRule, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

const meanOver = (x: Tensor, { axes }: NormalizeAttributes): Tensor => x.mean({ axis: axes, keepDims: true });

/** 1 / √(variance + ε) */
function scaleOf(x: Tensor, attributes: NormalizeAttributes): Tensor {
  const variance = meanOver(x.sub(meanOver(x, attributes)).square(), attributes);
  return variance.add(attributes.epsilon).rsqrt();
}

/** Symmetric in v, so that it serves both modes: s (v − mean v − y mean(v y)). */
const through = (v: Tensor, x: Tensor, y: Tensor, attributes: NormalizeAttributes): Tensor =>
  v
    .sub(meanOver(v, attributes))
    .sub(y.mul(meanOver(v.mul(y), attributes)))
    .mul(scaleOf(x, attributes));

const shifted: BatchRule<NormalizeAttributes> = ({ row, inputs, attributes }) =>
  apply(row, inputs, { ...attributes, axes: attributes.axes.map((axis) => axis + 1) } as never);

/** y = (x − mean) / √(variance + ε) over the axes.  dx = (dy − mean dy − y mean(y dy)) / √(variance + ε) */
export const normalize: Primitive<NormalizeAttributes> = primitive({
  name: 'normalize',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }, _: NormalizeAttributes) => x,
  run: kernels.normalize,
  keeps: { x: ['x', 'out'] },
  vjp: { x: (g, { x, out }, attributes) => through(g, x, out, attributes) },
  jvp: { x: (t, { x, out }, attributes) => through(t, x, out, attributes) },
  batch: shifted,
});
