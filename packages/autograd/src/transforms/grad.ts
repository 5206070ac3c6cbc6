/** Derivatives of functions, as JAX spells them. */

import { ArgumentError, isFloating, showShape } from '@cotangent/kernels';
import { ones } from '../create.js';
import { GradientError } from '../errors.js';
import { checkTransform } from '../options.js';
import { scope } from '../scope.js';
import { nextNodeId } from '../tape.js';
import { isTensor, type Tensor } from '../tensor.js';
import { type Gradient, mapTree } from '../trees.js';
import { close, isNested, pullBack, run, unwatchTree, type Watched, watchTree } from './pull.js';
import { connect, cutOff } from './results.js';

/** Options of `grad` and `valueAndGrad`. */
export interface GradOptions {
  /** Which arguments to differentiate with respect to; a list gives a list of gradients. @defaultValue 0 */
  argnums?: number | readonly number[];
  /** The function returns `[value, auxiliary]`; only the value is differentiated. @defaultValue false */
  hasAux?: boolean;
  /**
   * Record the differentiation itself with respect to tensors from outside (parameters a loss closes over), for use in
   * an outer `backward()`. Inside another transform this happens by itself. @defaultValue false
   */
  createGraph?: boolean;
}

const optionNames = ['argnums', 'hasAux', 'createGraph'];

type AnyFunction = (...args: never[]) => unknown;

/** The gradient for the chosen arguments: of argument 0 unless `argnums` says otherwise. */
export type GradientOf<F extends AnyFunction, O extends GradOptions> = O extends { argnums: readonly number[] }
  ? Tensor[] & { [K in keyof O['argnums']]: Gradient<Parameters<F>[number]> }
  : O extends { argnums: infer N extends number }
    ? Gradient<Parameters<F>[N]>
    : Gradient<Parameters<F>[0]>;

/** What `f` returns as its value: itself, or the first of `[value, auxiliary]`. */
type ValueOf<F extends AnyFunction, O extends GradOptions> = O extends { hasAux: true } ? ReturnType<F> : Tensor;

/**
 * A function that computes `f` and its gradient in one go. Whatever else was computed on the way is recycled before it
 * returns.
 *
 * At top level results are plain values. If they depend on something tracked from outside (a parameter with
 * `requiresGrad`), differentiating them later throws GradientError unless `createGraph` was set: never a silent zero.
 *
 * @param f returns one floating number as a tensor, or `[that, auxiliary]` with `hasAux`
 * @returns arguments of `f` → `[value, gradient]`; with `hasAux`, `[[value, auxiliary], gradient]`
 * @throws GradientError when the value is not one floating element, or `f` is asynchronous; ArgumentError for something else than a function
 * @example
 * const [loss, gradient] = valueAndGrad((w: Tensor) => w.square().sum())(tensor([1, 2]));
 * // loss → 5, gradient → [2, 4]
 */
export function valueAndGrad<F extends AnyFunction, const O extends GradOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => [ValueOf<F, O>, GradientOf<F, O>] {
  checkTransform('valueAndGrad', f, options, optionNames);
  return (...args) => {
    const { value, auxiliary, gradient } = differentiate('valueAndGrad', f, args, options);
    return [options.hasAux ? [value, auxiliary] : value, gradient] as [ValueOf<F, O>, GradientOf<F, O>];
  };
}

/**
 * The gradient of `f`, a function of the same arguments.
 *
 * @param f returns one floating number as a tensor, or `[that, auxiliary]` with `hasAux`
 * @returns arguments of `f` → gradient; with `hasAux`, `[gradient, auxiliary]`
 * @throws as `valueAndGrad`; ArgumentError for something else than a function
 * @example
 * grad((x: Tensor) => x.square().sum())(tensor([1, 2])); // → [2, 4]
 * grad(grad((x: Tensor) => x.pow(3)))(tensor(2));        // → 12
 */
export function grad<F extends AnyFunction, const O extends GradOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => O extends { hasAux: true } ? [GradientOf<F, O>, unknown] : GradientOf<F, O> {
  checkTransform('grad', f, options, optionNames);
  return (...args) => {
    const { auxiliary, gradient } = differentiate('grad', f, args, options);
    return (options.hasAux ? [gradient, auxiliary] : gradient) as never;
  };
}

/** What a transform computed; no value where nobody asked for it, so that nothing keeps its graph. */
interface Derivative {
  readonly value: Tensor | undefined;
  readonly auxiliary: unknown;
  readonly gradient: unknown;
}

function differentiate(
  operation: 'grad' | 'valueAndGrad',
  f: AnyFunction,
  args: readonly unknown[],
  options: GradOptions,
): Derivative {
  const { argnums = 0, hasAux = false } = options;
  const chosen = typeof argnums === 'number' ? [argnums] : argnums;
  for (const n of chosen) {
    if (!Number.isInteger(n) || n < 0 || n >= args.length) {
      throw new ArgumentError(
        operation,
        `got argnums ${n} for ${args.length} arguments; expected integers from 0 to ${args.length - 1}`,
      );
    }
  }
  const connected = isNested() || options.createGraph === true;
  return scope(() => {
    const begin = nextNodeId();
    const watched: Watched[] = [];
    const inner = args.map((arg, i) => {
      if (!chosen.includes(i)) return arg;
      const before = watched.length;
      const standIns = watchTree(operation, arg, connected, watched);
      if (watched.length === before)
        throw new GradientError(operation, `argument ${i} holds no tensor`, 'Wrap numbers with tensor(…).');
      return standIns;
    });
    const result = run(operation, f, inner);
    const value = hasAux ? (result as [Tensor, unknown])[0] : (result as Tensor);
    checkValue(operation, value);

    const seed = ones(value.shape, { dtype: value.dtype });
    const { gradients, outside } = pullBack(operation, [value], [seed], watched, { createGraph: connected, begin });
    close(watched);
    // Nobody will ask again: what only passed through comes out untracked.
    for (const { standIn, node } of watched) if (node.closed) standIn.node = null;
    const plain = connected ? connect : (x: Tensor) => cutOff(x, outside);
    const gradientOf = (n: number): unknown => unwatchTree(inner[n], watched, gradients, plain);
    return {
      value: operation === 'valueAndGrad' ? plain(value) : undefined,
      auxiliary: hasAux ? mapTree((result as [Tensor, unknown])[1], plain) : undefined,
      gradient: typeof argnums === 'number' ? gradientOf(argnums) : chosen.map(gradientOf),
    };
  });
}

function checkValue(operation: string, value: unknown): asserts value is Tensor {
  if (!isTensor(value)) {
    const came = Array.isArray(value) ? 'an array' : value === null ? 'null' : typeof value;
    throw new GradientError(
      operation,
      `the function returned ${came}; expected a tensor of one element`,
      'Pass { hasAux: true } to return [value, auxiliary].',
    );
  }
  if (value.size !== 1) {
    throw new GradientError(
      operation,
      `the function returned shape ${showShape(value.shape)}; expected one element`,
      'Reduce it with .sum() or .mean().',
    );
  }
  if (!isFloating(value.dtype)) {
    throw new GradientError(operation, `the function returned ${value.dtype}; expected float32 or float64`);
  }
}
