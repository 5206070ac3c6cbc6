/** Families of primitives, so that a row says only what is special about it. */

import { broadcastShapes, type Kernel, type Layout, type Shape } from '@cotangent/kernels';
import { elementwiseBatch } from './batching.js';
import {
  apply,
  type BatchRule,
  type Domain,
  type Env,
  type Primitive,
  type Promotion,
  primitive,
} from './primitive.js';
import type { Tensor } from './tensor.js';

/**
 * y = f(x) element by element, on floating dtypes. One derivative yields both modes.
 *
 * @example
 * const cube = elementwise('cube', { run: mapUnary((x) => x ** 3), uses: ['x'], derivative: ({ x }) => x.square().mul(3) });
 * grad((x: Tensor) => apply(cube, [x], undefined).sum())(tensor([1, 2])); // → [3, 12]
 */
export function elementwise<const U extends 'x' | 'out'>(
  name: string,
  row: {
    readonly run: Kernel;
    readonly promotion?: Promotion;
    /** What the derivative looks at. */
    readonly uses: readonly U[];
    readonly domain?: Domain;
  } & (
    | {
        /** f′(x). */
        derivative(env: Pick<Env<'x'>, U>): Tensor;
      }
    | {
        /** g ⊙ f′ in one pass, from g and the one tensor that `uses` names. */
        readonly backward: Primitive<undefined>;
      }
  ),
): Primitive<undefined> {
  const used = row.uses[0];
  const through = (t: Tensor, env: Env<'x'>): Tensor =>
    'backward' in row ? apply(row.backward, [t, env[used!]], undefined) : t.mul(row.derivative(env as never));
  return primitive({
    name,
    inputs: ['x'],
    promotion: row.promotion ?? 'floating',
    shape: ({ x }) => x,
    run: row.run,
    keeps: { x: row.uses },
    vjp: { x: (g, kept) => through(g, kept as never) },
    jvp: { x: through },
    batch: elementwiseBatch,
    ...(row.domain && { domain: row.domain }),
  });
}

/**
 * What flows back through a function of one number, g ⊙ f′(u), where u is what its derivative looks at: linear in g.
 *
 * @param change ∂f′/∂u
 */
export function backwardOf(name: string, run: Kernel, change: (u: Tensor) => Tensor | number): Primitive<undefined> {
  const row: Primitive<undefined> = pairwise(name, {
    run,
    promotion: 'floating',
    keeps: { a: ['b'], b: ['a', 'b'] },
    vjp: { a: (g, { b }) => apply(row, [g, b], undefined), b: (g, { a, b }) => g.mul(a).mul(change(b)) },
  });
  return row;
}

type PairRule = (g: Tensor, kept: Env<'a' | 'b'>) => Tensor;

/**
 * Two inputs that broadcast, element by element. Broadcasting is undone here, in no rule.
 *
 * @example
 * const product = pairwise('product', {
 *   run: mapBinary((a, b) => a * b),
 *   keeps: { a: ['b'], b: ['a'] },
 *   vjp: { a: (g, { b }) => g.mul(b), b: (g, { a }) => g.mul(a) },
 * });
 * grad((a: Tensor, b: Tensor) => apply(product, [a, b], undefined).sum(), { argnums: [0, 1] })(tensor([1, 2]), tensor(3)); // → [[3, 3], 3]
 */
export function pairwise<const K extends Readonly<Record<'a' | 'b', readonly ('a' | 'b' | 'out')[]>>>(
  name: string,
  row: {
    readonly run: Kernel;
    readonly promotion?: Promotion;
    readonly keeps: K;
    /** Cotangents as if both inputs had the shape of the result. */
    readonly vjp: {
      readonly a: ((g: Tensor, kept: Pick<Env<'a' | 'b'>, K['a'][number]>) => Tensor) | null;
      readonly b: ((g: Tensor, kept: Pick<Env<'a' | 'b'>, K['b'][number]>) => Tensor) | null;
    };
    /** Tangents; the transposes of elementwise maps are themselves. @defaultValue the vjp */
    readonly jvp?: { readonly a: PairRule | null; readonly b: PairRule | null };
    readonly domain?: Domain;
  },
): Primitive<undefined> {
  const cotangent = (rule: PairRule | null) =>
    rule && ((g: Tensor, kept: unknown, _: undefined, shape: Shape) => rule(g, kept as never).sumTo(shape));
  // A tangent has the shape of its input; the result's may be larger by broadcasting.
  const tangent = (rule: PairRule | null) =>
    rule && ((t: Tensor, env: Env<'a' | 'b'>) => rule(t.broadcastTo(env.out.shape), env));
  const vjp = row.vjp as { a: PairRule | null; b: PairRule | null };
  const jvp = row.jvp ?? vjp;
  return primitive({
    name,
    inputs: ['a', 'b'],
    promotion: row.promotion ?? 'common',
    shape: ({ a, b }) => broadcastShapes(name, a, b),
    run: row.run,
    keeps: row.keeps as Readonly<Record<'a' | 'b', readonly ('a' | 'b' | 'out')[]>>,
    vjp: { a: cotangent(vjp.a), b: cotangent(vjp.b) },
    jvp: { a: tangent(jvp.a), b: tangent(jvp.b) },
    batch: elementwiseBatch,
    ...(row.domain && { domain: row.domain }),
  });
}

/**
 * A linear map of one input: its tangent is itself, its cotangent its transpose, and it keeps nothing.
 *
 * @example
 * const double = linear('double', {
 *   shape: (x) => x,
 *   run: mapUnary((x) => 2 * x),
 *   transpose: (g) => g.mul(2),
 *   self: (t) => t.mul(2),
 * });
 * grad((x: Tensor) => apply(double, [x], undefined).sum())(tensor([1, 2])); // → [2, 2]
 */
export function linear<A>(
  name: string,
  row: {
    readonly promotion?: Promotion;
    shape(x: Shape, attributes: A): Shape;
    readonly run: Kernel<A>;
    view?(x: Layout, attributes: A): Layout | null;
    /** Cotangent of an input of shape `x`. */
    transpose(g: Tensor, attributes: A, x: Shape): Tensor;
    /** The map itself, as callers spell it: what a tangent goes through. */
    self(t: Tensor, attributes: A): Tensor;
    readonly batch?: BatchRule<A>;
    readonly domain?: Domain;
  },
): Primitive<A> {
  return primitive({
    name,
    inputs: ['x'],
    promotion: row.promotion ?? 'any',
    shape: ({ x }, attributes: A) => row.shape(x, attributes),
    run: row.run,
    ...(row.view && { view: row.view }),
    keeps: { x: [] },
    vjp: { x: (g, _, attributes, shape) => row.transpose(g, attributes, shape) },
    jvp: { x: (t, _, attributes) => row.self(t, attributes) },
    ...(row.batch && { batch: row.batch }),
    ...(row.domain && { domain: row.domain }),
  });
}

/** Results that are constant almost everywhere (comparisons, argmax): no derivative, said and not forgotten. */
export function constantPair(name: string, run: Kernel): Primitive<undefined> {
  return primitive({
    name,
    inputs: ['a', 'b'],
    promotion: 'common',
    shape: ({ a, b }) => broadcastShapes(name, a, b),
    dtype: () => 'bool',
    run,
    keeps: { a: [], b: [] },
    vjp: { a: null, b: null },
    jvp: { a: null, b: null },
    batch: elementwiseBatch,
  });
}
