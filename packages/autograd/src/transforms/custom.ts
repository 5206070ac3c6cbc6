/** Functions whose derivative you say yourself. */

import { zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { modes, noGrad } from '../modes.js';
import { scopes } from '../scope.js';
import { isTensor, liveTangents, type Tensor } from '../tensor.js';
import { isPlainObject, mapTree, treeLeaves } from '../trees.js';
import { recordOpaque } from './opaque.js';
import { withoutTangents } from './results.js';
import { vjp } from './vjp.js';

type Inputs = readonly Tensor[];

/** A function and its derivative in reverse mode. */
export interface CustomVjp<I extends Inputs, V, R> {
  /** Computes the value, and what the backward pass will need of it: tensors in arrays and objects, numbers, closures. */
  forward(...inputs: I): readonly [value: V, residuals: R];
  /** From the residuals and the cotangent of the value (in its structure): a cotangent for each input, null for none. */
  backward(residuals: R, cotangent: V): readonly (Tensor | null)[];
  /** For messages. @defaultValue 'customVjp' */
  name?: string;
}

function checkInputs(name: string, inputs: readonly unknown[]): void {
  for (const [i, input] of inputs.entries()) {
    if (!isTensor(input)) {
      throw new GradientError(
        name,
        `argument ${i} is ${input === null ? 'null' : typeof input}; expected a tensor`,
        'Close over what is not differentiated.',
      );
    }
  }
}

/** Whether a sweep that passes now may be differentiated itself. */
const differentiatedAgain = (tensors: readonly Tensor[]): boolean =>
  modes.recording || tensors.some((x) => liveTangents(x).length > 0);

/** Whether something in it is a function, which may have closed over tensors that the scope around is going to release. */
function holdsFunction(tree: unknown): boolean {
  if (typeof tree === 'function') return true;
  return (Array.isArray(tree) || isPlainObject(tree)) && Object.values(tree).some(holdsFunction);
}

const plain = <I extends Inputs>(inputs: I): I => inputs.map(withoutTangents) as unknown as I;

/**
 * A function with a derivative of your own, in JAX's manner: `forward` computes the value and saves what `backward` will
 * need, `backward` turns the cotangent of the value into cotangents of the inputs. For numerically stable forms, straight-through
 * estimators, clipped gradients, implicit functions.
 *
 * `forward` runs unrecorded: whatever it computes costs no tape. Derivatives of the derivative go through both functions: a pass
 * that is itself differentiated runs `forward` once more, recorded. Forward mode transposes `backward`, which is
 * linear in the cotangent. Tensors that the functions close over are constants to them.
 *
 * @throws GradientError when `backward` does not return one cotangent for each input, or of another shape
 * @example
 * // ln(1 + eˣ), whose derivative written out overflows
 * const softplus = customVjp({
 *   forward: (x: Tensor) => [x.exp().add(1).log(), x] as const,
 *   backward: (x: Tensor, g: Tensor) => [g.mul(x.sigmoid())],
 * });
 * grad(softplus)(tensor(0)); // → 0.5
 */
export function customVjp<I extends Inputs, V, R>(rule: CustomVjp<I, V, R>): (...inputs: I) => V {
  const { name = 'customVjp' } = rule;
  return (...inputs) => {
    checkInputs(name, inputs);
    const [value, residuals] = noGrad(() => rule.forward(...plain(inputs)));
    const saved = treeLeaves(residuals);
    let over = false;
    if (holdsFunction(residuals)) {
      scopes.current?.onEnd(() => {
        over = true;
      });
    }
    /** The residuals out of what was recorded; computed again where their own derivatives count. */
    const residualsAt = (recorded: readonly Tensor[]): R => {
      const at = recorded.slice(0, inputs.length) as unknown as I;
      if (differentiatedAgain(at) || over) return rule.forward(...at)[1];
      let next = inputs.length;
      return mapTree(residuals, () => recorded[next++]!) as R;
    };
    const cotangents = (gradients: readonly Tensor[], recorded: readonly Tensor[]): readonly (Tensor | null)[] => {
      let next = 0;
      return rule.backward(residualsAt(recorded), mapTree(value, () => gradients[next++]!) as V);
    };
    return recordOpaque(name, value, [...inputs, ...saved], inputs.length, {
      cotangents,
      tangents: (i, tangent, recorded) => {
        // uᵀJ is linear in u; the derivative of ⟨t, uᵀJ⟩ with respect to u is J t.
        const pull = (...u: Tensor[]): Tensor => cotangents(u, recorded)[i] ?? zerosLike(recorded[i]!);
        const [, transposed] = vjp(pull, treeLeaves(value).map(zerosLike));
        return transposed(tangent) as Tensor[];
      },
    });
  };
}

/**
 * A function with a derivative of your own, in TensorFlow's manner: `f` returns its value and a function from the cotangent of
 * the value to those of the inputs (one tensor, or a list with one for each input).
 *
 * @throws as `customVjp`
 * @example
 * const clipped = customGrad((x: Tensor) => ({ value: x, gradient: (g) => g.clip(-1, 1) }));
 * grad((x: Tensor) => clipped(x).mul(5).sum())(tensor([1, 2])); // → [1, 1]
 */
export function customGrad<I extends Inputs>(
  f: (...inputs: I) => { value: Tensor; gradient: (cotangent: Tensor) => Tensor | readonly (Tensor | null)[] },
): (...inputs: I) => Tensor {
  type Pull = ReturnType<typeof f>['gradient'];
  return customVjp<I, Tensor, Pull>({
    name: 'customGrad',
    forward: (...inputs) => {
      const { value, gradient } = f(...inputs);
      return [value, gradient];
    },
    backward: (gradient, cotangent) => {
      const cotangents = gradient(cotangent);
      return isTensor(cotangents) ? [cotangents] : cotangents;
    },
  });
}

/** A function and its derivative in forward mode. */
export interface CustomJvp<I extends Inputs> {
  /** Computes the value. */
  forward(...inputs: I): Tensor;
  /** The tangent of the value, linear in the tangents; `out` is the value. */
  tangent(inputs: I, tangents: I, out: Tensor): Tensor;
  /** For messages. @defaultValue 'customJvp' */
  name?: string;
}

/**
 * A function with a derivative of your own, given as the map of tangents. Reverse mode transposes the map, so one rule
 * serves both, at any order.
 *
 * `forward` runs unrecorded. Tensors that the functions close over are constants to them.
 *
 * @throws GradientError for an argument that is no tensor
 * @example
 * const cube = customJvp({
 *   forward: (x: Tensor) => x.pow(3),
 *   tangent: ([x], [t]) => x.square().mul(3).mul(t),
 * });
 * grad(cube)(tensor(2)); // → 12
 */
export function customJvp<I extends Inputs>(rule: CustomJvp<I>): (...inputs: I) => Tensor {
  const { name = 'customJvp' } = rule;
  return (...inputs) => {
    checkInputs(name, inputs);
    const value = noGrad(() => rule.forward(...plain(inputs)));
    const outAt = (recorded: readonly Tensor[]): Tensor =>
      differentiatedAgain(recorded) ? apply(recorded) : recorded[inputs.length]!;
    const apply = (at: readonly Tensor[]): Tensor => customJvp(rule)(...(at.slice(0, inputs.length) as unknown as I));
    return recordOpaque(name, value, [...inputs, value], inputs.length, {
      cotangents: ([g], recorded) => {
        const at = recorded.slice(0, inputs.length);
        const out = outAt(recorded);
        const push = (...tangents: Tensor[]): Tensor => rule.tangent(at as never, tangents as never, out);
        return vjp(push, at.map(zerosLike))[1](g!) as Tensor[];
      },
      tangents: (i, tangent, recorded) => {
        const at = recorded.slice(0, inputs.length);
        const tangents = at.map((x, k) => (k === i ? tangent : zerosLike(x)));
        return [rule.tangent(at as never, tangents as never, outAt(recorded))];
      },
    });
  };
}
