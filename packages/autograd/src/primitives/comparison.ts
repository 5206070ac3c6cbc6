/** Comparisons and choice. */

import * as kernels from '@cotangent/kernels';
import {
  broadcastShapes,
  type ClipAttributes,
  type DropoutAttributes,
  DTypeError,
  isFloating,
  type Kernel,
  type Shape,
} from '@cotangent/kernels';
import { elementwiseBatch } from '../batching.js';
import { constantPair, pairwise } from '../families.js';
import { apply, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

export const equal: Primitive<undefined> = constantPair('equal', kernels.equal);
export const notEqual: Primitive<undefined> = constantPair('notEqual', kernels.notEqual);
export const less: Primitive<undefined> = constantPair('less', kernels.less);
export const lessEqual: Primitive<undefined> = constantPair('lessEqual', kernels.lessEqual);
export const greater: Primitive<undefined> = constantPair('greater', kernels.greater);
export const greaterEqual: Primitive<undefined> = constantPair('greaterEqual', kernels.greaterEqual);

/**
 * `a` where the condition holds, else `b`. The cotangent of the branch not taken is exactly 0; but if that branch was
 * itself computed with an infinite derivative, 0 · ∞ makes NaN upstream: guard its input with a `where` of its own.
 */
export const where: Primitive<undefined> = primitive({
  name: 'where',
  inputs: ['condition', 'a', 'b'],
  shape: ({ condition, a, b }) => broadcastShapes('where', broadcastShapes('where', a, b), condition),
  dtype: ({ condition, a, b }) => {
    if (condition !== 'bool')
      throw new DTypeError('where', { condition }, 'a bool condition', 'Compare first: x.greater(0).');
    if (a !== b) throw new DTypeError('where', { a, b }, 'a and b of one dtype');
    return a;
  },
  run: kernels.where,
  keeps: { condition: [], a: ['condition'], b: ['condition'] },
  vjp: {
    condition: null,
    a: (g: Tensor, { condition }, _, shape: Shape) => condition.where(g, 0).sumTo(shape),
    b: (g: Tensor, { condition }, _, shape: Shape) => condition.where(0, g).sumTo(shape),
  },
  jvp: {
    condition: null,
    a: (t, { condition, out }) => condition.where(t.broadcastTo(out.shape), 0),
    b: (t, { condition, out }) => condition.where(0, t.broadcastTo(out.shape)),
  },
  batch: elementwiseBatch,
});

/** scale · x where the mask is true, else 0: linear in x, and its own transpose. */
export const dropout: Primitive<DropoutAttributes> = primitive({
  name: 'dropout',
  inputs: ['x', 'mask'],
  shape: ({ x, mask }) => broadcastShapes('dropout', x, mask),
  dtype: ({ x, mask }) => {
    if (mask !== 'bool') throw new DTypeError('dropout', { mask }, 'a mask of bools');
    if (!isFloating(x)) throw new DTypeError('dropout', { x }, 'a floating dtype', "Convert with .cast('float32').");
    return x;
  },
  run: kernels.dropout,
  keeps: { x: ['mask'], mask: [] },
  vjp: {
    x: (g: Tensor, { mask }, attributes: DropoutAttributes, shape: Shape) =>
      apply(dropout, [g, mask], attributes).sumTo(shape),
    mask: null,
  },
  jvp: { x: (t, { mask }, attributes) => apply(dropout, [t, mask], attributes), mask: null },
  batch: elementwiseBatch,
});

/** Held between two bounds. The derivative is 1 between and at the bounds, 0 outside (PyTorch's clamp). */
export const clip: Primitive<ClipAttributes> = primitive({
  name: 'clip',
  inputs: ['x'],
  shape: ({ x }) => x,
  run: kernels.clip,
  keeps: { x: ['x'] },
  vjp: { x: (g, { x }, bounds: ClipAttributes) => between(x, bounds).where(g, 0) },
  jvp: { x: (t, { x }, bounds) => between(x, bounds).where(t, 0) },
  batch: elementwiseBatch,
  domain: { kinks: [-1, 1] },
});

const between = (x: Tensor, { low, high }: ClipAttributes): Tensor => x.greaterEqual(low).logicalAnd(x.lessEqual(high));

/** Where the first is chosen; a tie is the first's (CONVENTIONS: `fmax`, `fmin` give all to the first operand). */
const firstWins = (name: 'fmax' | 'fmin', run: Kernel): Primitive<undefined> => {
  const first = (a: Tensor, b: Tensor): Tensor =>
    (name === 'fmax' ? a.greaterEqual(b) : a.lessEqual(b)).logicalOr(b.isnan());
  return pairwise(name, {
    run,
    keeps: { a: ['a', 'b'], b: ['a', 'b'] },
    vjp: {
      a: (g, { a, b }) => first(a, b).where(g, 0),
      b: (g, { a, b }) => first(a, b).where(0, g),
    },
    domain: { note: 'a ≠ b' },
  });
};

export const fmax: Primitive<undefined> = firstWins('fmax', kernels.fmax);
export const fmin: Primitive<undefined> = firstWins('fmin', kernels.fmin);

/** |a| with the sign of b: ∂/∂a is 1 where the signs agree, else −1, and 0 at 0. */
export const copysign: Primitive<undefined> = pairwise('copysign', {
  run: kernels.copysign,
  promotion: 'floating',
  keeps: { a: ['a', 'out'], b: [] },
  vjp: { a: (g, { a, out }) => g.mul(a.sign().mul(out.sign())), b: null },
  domain: { kinks: [0] },
});
