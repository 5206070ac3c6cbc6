/** Running totals, orders, and ln Σ eˣ. */

import * as kernels from '@cotangent/kernels';
import {
  DTypeError,
  isFloating,
  type Kernel,
  type ReduceAttributes,
  reducedShape,
  type ScanAttributes,
  type SortAttributes,
} from '@cotangent/kernels';
import { axesBatch, axisBatch } from '../batching.js';
import { zeros } from '../create.js';
import { linear } from '../families.js';
import { apply, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { concat } from './reshape.js';

const opposite = (attributes: ScanAttributes): ScanAttributes => ({ ...attributes, reverse: !attributes.reverse });

/** yₖ = x₀ + … + xₖ; its transpose sums from the other end. */
export const cumsum: Primitive<ScanAttributes> = linear('cumsum', {
  shape: (x) => x,
  run: kernels.cumsum,
  transpose: (g, attributes) => apply(cumsum, [g], opposite(attributes)),
  self: (t, attributes) => apply(cumsum, [t], attributes),
  batch: axisBatch(),
});

/** x moved on by one along the axis, away from where the scan begins; 0 comes in. */
function delayed(x: Tensor, { axis, reverse }: ScanAttributes): Tensor {
  const n = x.shape[axis]!;
  if (n === 0) return x;
  const edge = zeros(
    x.shape.map((extent, i) => (i === axis ? 1 : extent)),
    { dtype: x.dtype },
  );
  const part = x.slice(
    ...x.shape.map((_, i) => (i !== axis ? null : reverse ? ([1, n] as const) : ([0, n - 1] as const))),
  );
  return apply(concat, reverse ? [part, edge] : [edge, part], { axis });
}

/**
 * yₖ = aₖ yₖ₋₁ + bₖ. With uₖ = gₖ + aₖ₊₁ uₖ₊₁ from the other end: db = u, daₖ = uₖ yₖ₋₁. Linear in b for any number of zeros in a:
 * products of running factors are made of it without a division.
 */
export const recurrence: Primitive<ScanAttributes> = primitive({
  name: 'recurrence',
  inputs: ['a', 'b'],
  promotion: 'floating',
  shape: ({ a }, _: ScanAttributes) => a,
  run: kernels.recurrence,
  keeps: { a: ['a', 'out'], b: ['a'] },
  vjp: {
    a: (g, { a, out }, attributes) => backwards(g, a, attributes).mul(delayed(out, attributes)),
    b: (g, { a }, attributes) => backwards(g, a, attributes),
  },
  jvp: {
    a: (t, { a, out }, attributes) => apply(recurrence, [a, t.mul(delayed(out, attributes))], attributes),
    b: (t, { a }, attributes) => apply(recurrence, [a, t], attributes),
  },
  batch: axisBatch(),
});

/** uₖ = gₖ + aₖ₊₁ uₖ₊₁ */
const backwards = (g: Tensor, a: Tensor, attributes: ScanAttributes): Tensor =>
  apply(recurrence, [delayed(a, opposite(attributes)), g], opposite(attributes));

function soFar(name: string, run: Kernel<ScanAttributes>): Primitive<ScanAttributes> {
  return primitive({
    name,
    inputs: ['x'],
    shape: ({ x }, _: ScanAttributes) => x,
    dtype: () => 'int32',
    run,
    keeps: { x: [] },
    vjp: { x: null },
    jvp: { x: null },
    batch: axisBatch(),
  });
}

export const cumargmax: Primitive<ScanAttributes> = soFar('cumargmax', kernels.cumargmax);
export const cumargmin: Primitive<ScanAttributes> = soFar('cumargmin', kernels.cumargmin);

export const argsort: Primitive<SortAttributes> = primitive({
  name: 'argsort',
  inputs: ['x'],
  shape: ({ x }, _: SortAttributes) => x,
  dtype: () => 'int32',
  run: kernels.argsort,
  keeps: { x: [] },
  vjp: { x: null },
  jvp: { x: null },
  batch: axisBatch(),
});

/** The reduced value in every place that it came from. */
const expandBack = (g: Tensor, { axes, keepDims }: ReduceAttributes, shape: readonly number[]): Tensor =>
  (keepDims ? g : g.reshape(reducedShape(shape, axes, true))).broadcastTo(shape);

/** eˣ⁻ᵒᵘᵗ, each element's share of the sum; 0 for −∞, also where all are. */
function shares(x: Tensor, out: Tensor, attributes: ReduceAttributes): Tensor {
  const none = x.equal(-Infinity);
  return none.where(0, none.where(0, x.sub(expandBack(out, attributes, x.shape))).exp());
}

/** y = ln Σ eˣ.  dx = eˣ⁻ʸ dy */
export const logSumExp: Primitive<ReduceAttributes> = primitive({
  name: 'logSumExp',
  inputs: ['x'],
  shape: ({ x }, { axes, keepDims }: ReduceAttributes) => reducedShape(x, axes, keepDims),
  dtype: ({ x }) => {
    if (!isFloating(x)) throw new DTypeError('logSumExp', { x }, 'float32 or float64');
    return x;
  },
  run: kernels.logSumExp,
  keeps: { x: ['x', 'out'] },
  vjp: { x: (g, { x, out }, attributes) => expandBack(g, attributes, x.shape).mul(shares(x, out, attributes)) },
  jvp: {
    x: (t, { x, out }, attributes) =>
      t.mul(shares(x, out, attributes)).sum({ axis: attributes.axes, keepDims: attributes.keepDims }),
  },
  batch: axesBatch,
});
