/** All derivatives of all results: what vmap makes of one direction or one cotangent. */

import { ArgumentError, isFloating } from '@cotangent/kernels';
import { eye, onesLike, zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { checkTransform } from '../options.js';
import { scope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { type Gradient, type MapTree, mapTree, treeLeaves } from '../trees.js';
import { type GradientOf, grad } from './grad.js';
import { checkValues, jvp, primalLeaves, pushForward } from './jvp.js';
import { connect } from './results.js';
import { vjp } from './vjp.js';
import { vmap } from './vmap.js';

/** Options of `jacrev`, `jacfwd` and `hessian`. */
export interface JacobianOptions {
  /** Which arguments to differentiate with respect to; a list gives a list of Jacobians. @defaultValue 0 */
  argnums?: number | readonly number[];
  /** At most so many elements of the result (`jacrev`) or of the argument (`jacfwd`) at a time. @defaultValue all */
  chunkSize?: number;
}

const optionNames = ['argnums', 'chunkSize'];

const chunked = ({ chunkSize }: JacobianOptions): { chunkSize?: number } =>
  chunkSize === undefined ? {} : { chunkSize };

type AnyFunction = (...args: never[]) => unknown;

/** In the place of every tensor that `f` returns, one Jacobian for each tensor of the chosen arguments. */
export type JacobianOf<F extends AnyFunction, O extends JacobianOptions> = MapTree<ReturnType<F>, GradientOf<F, O>>;

/** In the place of every tensor that `f` returns, a Hessian for each pair of tensors of the chosen arguments. */
export type HessianOf<F extends AnyFunction, O extends JacobianOptions> = MapTree<
  ReturnType<F>,
  MapTree<GradientOf<F, O>, GradientOf<F, O>>
>;

/** The chosen arguments, and `f` as a function of them alone, whose results are checked. */
function choose(operation: string, f: AnyFunction, args: readonly unknown[], { argnums = 0 }: JacobianOptions) {
  const chosen = typeof argnums === 'number' ? [argnums] : argnums;
  for (const n of chosen) {
    if (!Number.isInteger(n) || n < 0 || n >= args.length) {
      throw new ArgumentError(
        operation,
        `got argnums ${n} for ${args.length} arguments; expected integers from 0 to ${args.length - 1}`,
      );
    }
    let empty = true;
    const found = (): void => {
      empty = false;
    };
    mapTree(args[n], found, found);
    if (empty)
      throw new GradientError(operation, `got ${typeof args[n]}; expected tensors`, 'Wrap numbers with tensor(…).');
  }
  const of = (...some: unknown[]): unknown => {
    const all = [...args];
    for (const [i, n] of chosen.entries()) all[n] = some[i];
    const value: unknown = f(...(all as never[]));
    checkResults(operation, value);
    return value;
  };
  return { of, primals: chosen.map((n) => args[n]), single: typeof argnums === 'number' };
}

function checkResults(operation: string, value: unknown): void {
  const leaves = treeLeaves(value);
  if (leaves.length === 0) {
    throw new GradientError(operation, `the function returned ${typeof value}; expected a tensor, or a tree of them`);
  }
  for (const { dtype } of leaves) {
    if (!isFloating(dtype))
      throw new GradientError(operation, `the function returned ${dtype}; expected float32 or float64`);
  }
}

/** For each element of x a tensor with a 1 in its place, side by side along a new first axis. */
const basisOf = (x: Tensor): Tensor => eye(x.size, { dtype: x.dtype }).reshape([x.size, ...x.shape]);

/** The tree with `f` of each tensor, and the number of the tensor, in its place. */
function mapNumbered<R>(tree: unknown, f: (leaf: Tensor, k: number) => R): unknown {
  let next = 0;
  return mapTree(tree, (leaf) => f(leaf, next++));
}

/**
 * The Jacobian of `f` by reverse mode: one backward sweep for all elements of the result together. For functions with
 * fewer results than arguments; `jacfwd` for those with more.
 *
 * J has the shape of the result followed by that of the argument: J[i…, j…] = ∂f(x)[i…] / ∂x[j…]. Where `f` returns a tree,
 * so does this, with a tree like the argument in the place of every tensor.
 *
 * @param f a function of tensors or trees of them (or modules) that returns a floating tensor of any shape, or a tree
 * @returns arguments of `f` → Jacobian
 * @throws GradientError when `f` returns no floating tensor; ArgumentError for `argnums` that are not arguments
 * @see https://docs.jax.dev/en/latest/_autosummary/jax.jacrev.html
 * @example
 * jacrev((x: Tensor) => x.square())(tensor([1, 2])); // → [[2, 0], [0, 4]]
 */
export function jacrev<F extends AnyFunction, const O extends JacobianOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => JacobianOf<F, O> {
  checkTransform('jacrev', f, options, optionNames);
  return (...args) => {
    const { of, primals, single } = choose('jacrev', f, args, options);
    return scope(() => {
      const [value, pullback] = vjp(of, primals);
      /** One row for each element of result k, in the structure of the arguments. */
      const jacobianOf = (y: Tensor, k: number): unknown => {
        const pull = (g: Tensor) =>
          pullback(mapNumbered(value, (other, l) => (l === k ? g : zerosLike(other))) as never);
        // One cotangent needs no axis to count them.
        const rows =
          y.size === 1
            ? mapTree(pull(onesLike(y)), (row) => row.expandDims(0))
            : vmap(pull, chunked(options))(basisOf(y));
        const shaped = mapTree(rows, (row) => row.reshape([...y.shape, ...row.shape.slice(1)]));
        return single ? shaped[0] : shaped;
      };
      return mapNumbered(value, jacobianOf) as JacobianOf<F, O>;
    });
  };
}

/**
 * The Jacobian of `f` by forward mode: one pass for all elements of an argument together, in which values are computed
 * once. For functions with more results than arguments; `jacrev` for those with fewer.
 *
 * @param f a function of tensors or trees of them that returns a floating tensor of any shape, or a tree
 * @returns arguments of `f` → Jacobian, as `jacrev`
 * @throws as `jacrev`; ArgumentError for something else than a function
 * @see https://docs.jax.dev/en/latest/_autosummary/jax.jacfwd.html
 * @example
 * jacfwd((x: Tensor) => x.square())(tensor([1, 2])); // → [[2, 0], [0, 4]]
 */
export function jacfwd<F extends AnyFunction, const O extends JacobianOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => JacobianOf<F, O> {
  checkTransform('jacfwd', f, options, optionNames);
  return (...args) => {
    const { of, primals, single } = choose('jacfwd', f, args, options);
    return scope(() => {
      const leaves = primals.map((primal) => primalLeaves('jacfwd', primal));
      /** The columns of tensor j of argument i: for each result the derivatives along a last axis, then in the shape of x. */
      const columnsOf = (x: Tensor, i: number, j: number): readonly Tensor[] => {
        const along = (t: Tensor): unknown => {
          const directions = leaves.map((list, p) => list.map((_, q) => (p === i && q === j ? t : null)));
          const [value, tangent] = pushForward('jacfwd', of, primals, directions);
          results = value;
          return tangent;
        };
        const columns = treeLeaves(vmap(along, { outAxes: -1, ...chunked(options) })(basisOf(x)));
        return columns.map((column) => connect(column.reshape([...column.shape.slice(0, -1), ...x.shape])));
      };
      let results: unknown;
      const columns = leaves.map((list, i) => list.map((x, j) => columnsOf(x, i, j)));
      const jacobianOf = (k: number): unknown => {
        const shaped = primals.map((primal, i) => mapNumbered(primal, (_, j) => columns[i]![j]![k]));
        return single ? shaped[0] : shaped;
      };
      return mapNumbered(results, (_, k) => jacobianOf(k)) as JacobianOf<F, O>;
    });
  };
}

/**
 * The Hessian of `f`: all second derivatives, reverse mode over reverse mode. For a function that returns one number that is one
 * recorded sweep and one through it for all rows together; for others it is the Hessian of each element.
 *
 * H has the shape of the result, then twice that of the argument. With trees, a tree like the argument in the place of every
 * tensor of such a tree: `hessian(f)({ a, b }).a.b` is ∂²f/∂a∂b.
 *
 * @param f as for `jacrev`
 * @returns arguments of `f` → Hessian
 * @throws as `jacrev`; ArgumentError for something else than a function
 * @see https://docs.jax.dev/en/latest/_autosummary/jax.hessian.html
 * @example
 * hessian((x: Tensor) => x.pow(3).sum())(tensor([1, 2])); // → [[6, 0], [0, 12]]
 */
export function hessian<F extends AnyFunction, const O extends JacobianOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => HessianOf<F, O> {
  checkTransform('hessian', f, options, optionNames);
  // Measured on f = Σ tanh²(A x), n = 10 to 400: 1.1 to 2.5 times as fast as jacfwd(jacrev); from n = 100 on, 10 times as fast as
  // the two that begin with jacfwd.
  const { chunkSize: _, ...first } = options;
  return jacrev(jacrev(f, first), options) as never;
}

/**
 * The product of the Hessian of `f` with a direction, without the Hessian: H v = d/dε ∇f(x + ε v), forward mode over reverse
 * mode. It costs a few times what `f` costs, whatever the size of x (Pearlmutter 1994).
 *
 * @param f a function of tensors, or trees of them, that returns one floating number
 * @param primals its arguments
 * @param tangents directions, of the structure and shapes of the primals
 * @returns for each primal the part of the product that belongs to it, in its structure
 * @throws as `jvp` and `grad`; ArgumentError for arguments that are not in an array
 * @example
 * const [product] = hvp((x: Tensor) => x.pow(3).sum(), [tensor([1, 2])], [tensor([1, 1])]); // product → [6, 12]
 */
export function hvp<P extends readonly unknown[]>(
  f: (...primals: NoInfer<P>) => Tensor,
  primals: readonly [...P],
  tangents: { readonly [K in keyof P]: Gradient<P[K]> },
): { -readonly [K in keyof P]: Gradient<P[K]> } {
  checkValues('hvp', primals);
  checkValues('hvp', tangents);
  const gradient = grad(f as AnyFunction, { argnums: primals.map((_, i) => i) });
  return jvp(gradient as never, primals, tangents as never)[1] as never;
}
