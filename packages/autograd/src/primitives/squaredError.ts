/** The mean of squared differences, in one pass there and one back. */

import * as kernels from '@cotangent/kernels';
import { type Shape, ShapeError, shapesEqual, sizeOf } from '@cotangent/kernels';
import { apply, type BatchCall, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

function checkSame(a: Shape, b: Shape): void {
  if (!shapesEqual(a, b)) throw new ShapeError('meanSquaredDifference', { a, b }, 'equal shapes');
}

/** 2 x / n: a mean of squares counts each difference so often. */
const share = (x: Tensor, shape: Shape): Tensor => x.mul(2 / sizeOf(shape));
const backward = (g: Tensor, a: Tensor, b: Tensor): Tensor =>
  apply(meanSquaredDifferenceBackward, [g, a, b], undefined);

/** Of each example: what is not mapped is the same for all. */
function differenceBatch({ inputs: [a, b], size }: BatchCall<undefined>): Tensor {
  const squares = a!.sub(b!).square();
  return squares.reshape([size, squares.size / size]).mean({ axis: 1 });
}

function backwardBatch({ inputs, mapped, shape, size }: BatchCall<undefined>): Tensor {
  const [g, a, b] = inputs as [Tensor, Tensor, Tensor];
  const factors = mapped[0] ? g.reshape([size, ...shape.map(() => 1)]) : g;
  return share(a.sub(b).mul(factors), shape);
}

/** m = Σ (a − b)² / n.  da = 2 dm (a − b) / n, db = −da */
export const meanSquaredDifference: Primitive<undefined> = primitive({
  name: 'meanSquaredDifference',
  inputs: ['a', 'b'],
  promotion: 'floating',
  shape: ({ a, b }) => {
    checkSame(a, b);
    return [];
  },
  run: kernels.meanSquaredDifference,
  keeps: { a: ['a', 'b'], b: ['a', 'b'] },
  vjp: { a: (g, { a, b }) => backward(g, a, b), b: (g, { a, b }) => backward(g, b, a) },
  jvp: {
    a: (t, { a, b }) => share(t.mul(a.sub(b)).sum(), a.shape),
    b: (t, { a, b }) => share(t.mul(b.sub(a)).sum(), a.shape),
  },
  batch: differenceBatch,
});

/** d = 2 g (a − b) / n, of the cotangent g of a scalar. */
export const meanSquaredDifferenceBackward: Primitive<undefined> = primitive({
  name: 'meanSquaredDifferenceBackward',
  inputs: ['g', 'a', 'b'],
  shape: ({ a, b }) => {
    checkSame(a, b);
    return a;
  },
  dtype: ({ a }) => a,
  run: kernels.meanSquaredDifferenceBackward,
  keeps: { g: ['a', 'b'], a: ['g'], b: ['g'] },
  vjp: {
    g: (c, { a, b }) => share(c.mul(a.sub(b)).sum(), a.shape),
    a: (c, { g }, _, shape) => share(c.mul(g), shape),
    b: (c, { g }, _, shape) => share(c.mul(g), shape).neg(),
  },
  jvp: {
    g: (t, { a, b }) => backward(t, a, b),
    a: (t, { g, a }) => share(t.mul(g), a.shape),
    b: (t, { g, a }) => share(t.mul(g), a.shape).neg(),
  },
  batch: backwardBatch,
});
