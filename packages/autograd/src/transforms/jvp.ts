/** Forward mode: derivatives that travel with the values. */

import { ArgumentError, isFloating, ShapeError, shapesEqual } from '@cotangent/kernels';
import { zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { isDifferentiating, modes } from '../modes.js';
import { below, withTangents } from '../primitive.js';
import { scope } from '../scope.js';
import { type ForwardRun, liveTangents, type Tensor } from '../tensor.js';
import { type Gradient, mapTree, treeLeaves } from '../trees.js';
import { connect, isTracked } from './results.js';

type Values = readonly unknown[];

/**
 * The value of `f` and its derivative in one direction, in one pass and without a tape: y = f(x), t′ = ∂f(x) · t.
 *
 * @param f a function of tensors, or trees of them, that returns a tensor of any shape or a tree
 * @param primals where to evaluate it
 * @param tangents directions, of the structure and shapes of the primals
 * @returns `[f(primals), tangent of the result]`
 * @throws ShapeError when a tangent does not fit its primal; GradientError when `f` does not return a tensor; ArgumentError for arguments that are not in an array, or other numbers of primals and tangents
 * @example
 * const [y, t] = jvp((x) => x.square(), [tensor(3)], [tensor(1)]); // y → 9, t → 6
 */
export function jvp<P extends Values = Tensor[], R = Tensor>(
  f: (...primals: NoInfer<P>) => R,
  primals: readonly [...P],
  tangents: { readonly [K in keyof P]: Gradient<P[K]> },
): [R, R] {
  checkValues('jvp', primals);
  checkValues('jvp', tangents);
  if (primals.length !== tangents.length) {
    throw new ArgumentError('jvp', `got ${primals.length} primals and ${tangents.length} tangents; expected as many`);
  }
  return scope(() => {
    const directions = primals.map((primal, i) => directionsOf(primal, (tangents as Values)[i], i));
    const [y, t] = pushForward('jvp', f as (...all: P) => R, primals as unknown as P, directions);
    return [mapTree(y, connect), mapTree(t, connect)] as [R, R];
  });
}

/** The tangents of one primal, one for each of its tensors. */
function directionsOf(primal: unknown, tangent: unknown, i: number): readonly Tensor[] {
  const leaves = primalLeaves('jvp', primal);
  const directions = treeLeaves(tangent);
  if (directions.length === 0)
    throw new GradientError('jvp', `got ${typeof tangent}; expected tensors`, 'Wrap numbers with tensor(…).');
  if (leaves.length !== directions.length) {
    throw new ArgumentError(
      'jvp',
      `got ${directions.length} tangents for the ${leaves.length} tensors of primal ${i}; expected one for each, in the same structure`,
    );
  }
  return directions;
}

/** Throws ArgumentError for arguments that are not in a list: `jvp(f, x, v)`. */
export function checkValues(operation: string, values: unknown): void {
  if (Array.isArray(values)) return;
  const more = operation === 'jvp' || operation === 'hvp' ? ', [v]' : '';
  throw new ArgumentError(operation, 'got arguments that are not in an array', `Write ${operation}(f, [x]${more}).`);
}

/** The tensors of an argument that forward mode can give tangents. */
export function primalLeaves(operation: string, primal: unknown): readonly Tensor[] {
  const leaves: Tensor[] = [];
  mapTree(
    primal,
    (leaf) => leaves.push(leaf),
    () => {
      throw new GradientError(
        operation,
        'got a module; expected tensors',
        'Forward mode takes parameters as arguments: pass a tree of them, or use grad, vjp or jacrev.',
      );
    },
  );
  if (leaves.length === 0)
    throw new GradientError(operation, `got ${typeof primal}; expected tensors`, 'Wrap numbers with tensor(…).');
  return leaves;
}

/**
 * Runs `f` with tangents on the tensors of its arguments: `directions[i][j]` is that of the j-th tensor of argument i, null
 * where there is none. Gives the value and its tangent; both may still be on the tape.
 */
export function pushForward<P extends Values, R>(
  operation: string,
  f: (...primals: P) => R,
  primals: P,
  directions: readonly (readonly (Tensor | null)[])[],
): [R, R] {
  const { forwardOnly } = modes;
  const tracked =
    directions.some((list) => list.some((t) => t !== null && isTracked(t))) || treeLeaves(primals).some(isTracked);
  modes.forwardOnly = !tracked && (forwardOnly || !isDifferentiating());
  const forward: ForwardRun = { level: ++modes.transformDepth, over: false };
  try {
    const duals = primals.map((primal, i) => {
      let next = 0;
      return mapTree(primal, (leaf) => {
        const direction = directions[i]?.[next++] ?? null;
        return direction === null ? leaf : dual(operation, leaf, direction, forward);
      });
    });
    const value = f(...(duals as unknown as P));
    if (treeLeaves(value).length === 0)
      throw new GradientError(operation, `the function returned ${typeof value}; expected a tensor`);
    const tangent = mapTree(value, (y) => y.tangents?.find(({ run }) => run === forward)?.value ?? zerosLike(y));
    return [mapTree(value, (y) => below(y, forward.level)) as R, tangent as R];
  } finally {
    modes.transformDepth--;
    modes.forwardOnly = forwardOnly;
    forward.over = true;
  }
}

function dual(operation: string, x: Tensor, tangent: Tensor, run: ForwardRun): Tensor {
  if (!shapesEqual(x.shape, tangent.shape)) {
    throw new ShapeError(
      operation,
      { primal: x.shape, tangent: tangent.shape },
      'a tangent of the shape of its primal',
    );
  }
  if (!isFloating(x.dtype))
    throw new GradientError(operation, `got a primal of dtype ${x.dtype}; expected float32 or float64`);
  return withTangents(x, [...liveTangents(x), { run, value: tangent }]);
}
