/** Derivatives of functions, as JAX spells them. */

import { ArgumentError, DTypeError, isFloating, showShape } from '@cotangent/kernels';
import { nothingToDifferentiate, Order, sweep, takeOver } from '../backward.js';
import { ones, zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { enableGrad, modes } from '../modes.js';
import { checkOptions } from '../options.js';
import { identity } from '../primitives/reshape.js';
import { type Scope, scope, scopes } from '../scope.js';
import { Node } from '../tape.js';
import { isTensor, Tensor } from '../tensor.js';
import { type MapTree, mapTree } from '../trees.js';
import { alias, connect, cutOff } from './results.js';

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

/** Gradients have the structure of the argument: a tensor for a tensor, an array for an array, an object for an object. */
export type Gradient<T> = MapTree<T, Tensor>;

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
 * @throws GradientError when the value is not one floating element, or `f` is asynchronous
 * @example
 * const [loss, gradient] = valueAndGrad((w: Tensor) => w.square().sum())(tensor([1, 2]));
 * // loss → 5, gradient → [2, 4]
 */
export function valueAndGrad<F extends AnyFunction, const O extends GradOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => [ValueOf<F, O>, GradientOf<F, O>] {
  checkOptions('valueAndGrad', options, optionNames);
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
 * @throws as `valueAndGrad`
 * @example
 * grad((x: Tensor) => x.square().sum())(tensor([1, 2])); // → [2, 4]
 * grad(grad((x: Tensor) => x.pow(3)))(tensor(2));        // → 12
 */
export function grad<F extends AnyFunction, const O extends GradOptions = Record<never, never>>(
  f: F,
  options: O = {} as O,
): (...args: Parameters<F>) => O extends { hasAux: true } ? [GradientOf<F, O>, unknown] : GradientOf<F, O> {
  checkOptions('grad', options, optionNames);
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
  const nested = modes.transformDepth > 0 && modes.recording;
  const connected = nested || options.createGraph === true;
  return scope(() => {
    const watched: Watched[] = [];
    const inner = args.map((arg, i) => {
      if (!chosen.includes(i)) return arg;
      const before = watched.length;
      const standIns: unknown = mapTree(arg, (leaf) => watch(operation, leaf, connected, watched));
      if (watched.length === before)
        throw new GradientError(operation, `argument ${i} holds no tensor`, 'Wrap numbers with tensor(…).');
      return standIns;
    });
    const result = run(operation, f, inner);
    const value = hasAux ? (result as [Tensor, unknown])[0] : (result as Tensor);
    checkValue(operation, value);

    const { gradients, outside } = pullBack(operation, value, watched, connected);
    const plain = connected ? connect : (x: Tensor) => cutOff(x, outside);
    const byAlias = new Map(watched.map(({ alias }, i) => [alias, plain(gradients[i]!)]));
    const gradientOf = (arg: unknown): unknown => mapTree(arg, (leaf) => byAlias.get(leaf)!);
    const gradient = typeof argnums === 'number' ? gradientOf(inner[argnums]) : chosen.map((n) => gradientOf(inner[n]));
    return {
      value: operation === 'valueAndGrad' ? plain(value) : undefined,
      auxiliary: hasAux ? mapTree((result as [Tensor, unknown])[1], plain) : undefined,
      gradient,
    };
  });
}

/** An argument and its stand-in, at which the sweep stops. */
interface Watched {
  readonly original: Tensor;
  readonly alias: Tensor;
  readonly node: Node;
}

function watch(operation: string, original: Tensor, connected: boolean, watched: Watched[]): Tensor {
  if (!isFloating(original.dtype)) {
    throw new DTypeError(
      operation,
      { argument: original.dtype },
      'float32 or float64',
      'Integers have no derivative: use .cast().',
    );
  }
  const stand = alias(original);
  // Inside another transform the stand-in is linked to what it stands for, so that the outer one sees through it.
  const linked = connected && original.node !== null;
  stand.node = linked
    ? new Node(identity as never, [original], undefined, stand)
    : new Node(null, [], undefined, stand);
  watched.push({ original, alias: stand, node: stand.node });
  return stand;
}

function run(operation: string, f: AnyFunction, args: readonly unknown[]): unknown {
  modes.transformDepth++;
  try {
    const result = enableGrad(() => (f as (...all: unknown[]) => unknown)(...args));
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new GradientError(
        operation,
        'got an asynchronous function; expected one that returns its tensor',
        'Await data first, and differentiate the synchronous part.',
      );
    }
    return result;
  } finally {
    modes.transformDepth--;
  }
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

/** One gradient for each watched argument, and whether anything else tracked took part. */
function pullBack(
  operation: string,
  value: Tensor,
  watched: readonly Watched[],
  createGraph: boolean,
): { gradients: Tensor[]; outside: boolean } {
  const owner = scopes.current!;
  const found = new Map<Node, Tensor>();
  let outside = watched.some(({ original }) => original.node !== null || original.severed) || value.severed;
  if (value.severed && value.node === null) throw nothingToDifferentiate(operation, value);
  if (value.node !== null && watched.length > 0) {
    const targets = watched.map(({ node }) => node);
    const order = new Order(operation, [value.node], targets);
    outside ||= order.reachesOutside;
    sweep(order, [value.node], [ones(value.shape, { dtype: value.dtype })], {
      createGraph,
      deliver: (node, g, temporaries) => {
        found.set(node, createGraph ? g : own(g, owner, temporaries));
      },
    });
    if (!createGraph) for (const node of order.nodes) if (!order.isTarget(node)) node.consume();
  }
  for (const { alias, node } of watched) {
    if (node.primitive !== null) continue;
    // Nobody can ask for the derivative with respect to this stand-in any more: later sweeps pass it by.
    alias.node = null;
    node.closed = true;
  }
  const gradients = watched.map(({ node, original }) => found.get(node) ?? zerosLike(original));
  return { gradients, outside: outside && modes.recording };
}

/** A sweep's cotangent, and its tangents, as tensors of the scope of this transform. */
function own(g: Tensor, owner: Scope, temporaries: Scope): Tensor {
  const gradient = new Tensor(takeOver(g, true, temporaries), 'grad');
  owner.adopt(gradient);
  gradient.tangents = g.tangents?.map(({ level, value }) => ({ level, value: own(value, owner, temporaries) })) ?? null;
  return gradient;
}
