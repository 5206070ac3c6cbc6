/** Pooling over windows on three spatial axes, channels last. */

import * as kernels from '@cotangent/kernels';
import { outputExtent, type PoolingAttributes, type Shape } from '@cotangent/kernels';
import { linear } from '../families.js';
import { apply, type BatchRule, type Primitive, primitive } from '../primitive.js';

const pooled = (x: Shape, { window, strides, padding, dilations, input }: PoolingAttributes): Shape => [
  x[0]!,
  ...([0, 1, 2] as const).map((k) => outputExtent(input[k], window[k], strides[k], padding[k], dilations[k])),
  x[4]!,
];

const unpooled = (g: Shape, { input }: PoolingAttributes): Shape => [g[0]!, ...input, g[4]!];

/** Windows do not look across examples: mapped ones are more of the batch. */
const mergedBatch: BatchRule<PoolingAttributes> = ({ row, inputs, mapped, attributes, size }) => {
  const merged = inputs.map((x, i) => {
    const whole = mapped[i] ? x : x.broadcastTo([size, ...x.shape]);
    return whole.reshape([size * whole.shape[1]!, ...whole.shape.slice(2)]);
  });
  const out = apply(row, merged, attributes as never);
  return out.reshape([size, size === 0 ? 0 : out.shape[0]! / size, ...out.shape.slice(1)]);
};

/** The sum of each window. */
export const sumPool: Primitive<PoolingAttributes> = linear('sumPool', {
  shape: pooled,
  run: kernels.sumPool,
  transpose: (g, attributes) => apply(sumPoolTranspose, [g], attributes),
  self: (t, attributes) => apply(sumPool, [t], attributes),
  batch: mergedBatch,
});

export const sumPoolTranspose: Primitive<PoolingAttributes> = linear('sumPoolTranspose', {
  shape: unpooled,
  run: kernels.sumPoolTranspose,
  transpose: (g, attributes) => apply(sumPool, [g], attributes),
  self: (t, attributes) => apply(sumPoolTranspose, [t], attributes),
  batch: mergedBatch,
});

/** The largest of each window; the gradient goes to the first of equal ones (PyTorch). */
export const maxPool: Primitive<PoolingAttributes> = primitive({
  name: 'maxPool',
  inputs: ['x'],
  shape: ({ x }, attributes: PoolingAttributes) => pooled(x, attributes),
  run: kernels.maxPool,
  keeps: { x: ['x'] },
  vjp: { x: (g, { x }, attributes) => apply(maxPoolScatter, [g, x], attributes) },
  jvp: { x: (t, { x }, attributes) => apply(maxPoolGather, [t, x], attributes) },
  batch: mergedBatch,
  domain: { note: 'no ties' },
});

/** v of each window at the place of its largest x: linear in v, constant in x. */
export const maxPoolScatter: Primitive<PoolingAttributes> = primitive({
  name: 'maxPoolScatter',
  inputs: ['v', 'x'],
  shape: ({ x }, _: PoolingAttributes) => x,
  run: kernels.maxPoolScatter,
  keeps: { v: ['x'], x: [] },
  vjp: { v: (g, { x }, attributes) => apply(maxPoolGather, [g, x], attributes), x: null },
  jvp: { v: (t, { x }, attributes) => apply(maxPoolScatter, [t, x], attributes), x: null },
  batch: mergedBatch,
});

/** Of each window the element of v where x is largest. */
export const maxPoolGather: Primitive<PoolingAttributes> = primitive({
  name: 'maxPoolGather',
  inputs: ['v', 'x'],
  shape: ({ x }, attributes: PoolingAttributes) => pooled(x, attributes),
  run: kernels.maxPoolGather,
  keeps: { v: ['x'], x: [] },
  vjp: { v: (g, { x }, attributes) => apply(maxPoolScatter, [g, x], attributes), x: null },
  jvp: { v: (t, { x }, attributes) => apply(maxPoolGather, [t, x], attributes), x: null },
  batch: mergedBatch,
});
