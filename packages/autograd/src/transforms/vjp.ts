/** Reverse mode with the cotangent given by hand, and the linear map of tangents that transposing it twice yields. */

import { ArgumentError, DTypeError, isFloating, loosen, ShapeError, shapesEqual } from '@cotangent/kernels';
import { Order } from '../backward.js';
import { zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { checkOptions } from '../options.js';
import { type Scope, scope, scopes } from '../scope.js';
import { type Node, nextNodeId } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { type Gradient, type MapTree, mapTree, treeLeaves } from '../trees.js';
import { checkValues } from './jvp.js';
import { close, isNested, pullBack, run, unwatchTree, type Watched, watchTree } from './pull.js';
import { connect, cutOff, isTracked } from './results.js';

/** Options of `vjp`. */
export interface VjpOptions {
  /** The function returns `[value, auxiliary]`; only the value is differentiated. @defaultValue false */
  hasAux?: boolean;
}

type Values = readonly unknown[];
/** The value of `f`, without what rides along. */
type ValueOf<R, O extends VjpOptions> = O extends { hasAux: true }
  ? R extends readonly [infer V, unknown]
    ? V
    : never
  : R;

/** A pullback: cotangents in the structure of the value to cotangents in the structure of the primals. */
export type Pullback<P extends Values, V> = (cotangent: MapTree<V, Tensor>) => {
  -readonly [K in keyof P]: Gradient<P[K]>;
};

/**
 * The value of `f` and its pullback g ↦ gᵀ ∂f(x): reverse mode with the cotangent of the value in your hands, for values of
 * any shape and trees of them. The pullback may be called any number of times.
 *
 * It keeps what the derivative needs. Inside a `scope` or another transform that is recycled when that ends, and the
 * pullback with it; outside, when the garbage collector finds the pullback dead.
 *
 * @param f a function of the primals that returns a floating tensor or a tree of them
 * @param primals its arguments: tensors, trees of tensors, or modules
 * @returns `[value, pullback]`; with `hasAux`, `[value, pullback, auxiliary]`
 * @throws GradientError when `f` is asynchronous or returns no tensor; the pullback throws ShapeError or DTypeError for a
 *   cotangent that does not fit the value; ArgumentError for arguments that are not in an array
 * @example
 * const [y, pullback] = vjp((x: Tensor) => x.square(), [tensor([1, 2])]);
 * const [dx] = pullback(tensor([1, 10])); // dx → [2, 40]
 */
export function vjp<P extends Values, R, const O extends VjpOptions = Record<never, never>>(
  f: (...primals: P) => R,
  primals: readonly [...P],
  options: O = {} as O,
): O extends { hasAux: true }
  ? [ValueOf<R, O>, Pullback<P, ValueOf<R, O>>, unknown]
  : [ValueOf<R, O>, Pullback<P, ValueOf<R, O>>] {
  checkOptions('vjp', options, ['hasAux']);
  checkValues('vjp', primals);
  const around = scopes.current;
  const connected = isNested();
  return scope(() => {
    const begin = nextNodeId();
    const watched: Watched[] = [];
    const inner = primals.map((primal) => watchTree('vjp', primal, connected, watched));
    const result = run('vjp', f as never, inner);
    const value = options.hasAux ? (result as [unknown, unknown])[0] : result;
    const outputs = treeLeaves(value);
    checkOutputs(outputs);
    close(watched);
    const graph = new Graph(outputs, watched, begin);
    if (around !== null) around.onEnd(() => graph.letGo());
    else graph.entrust(scopes.current!);

    const pullback = (cotangent: unknown): unknown => {
      const nested = isNested();
      return scope(() => {
        const seeds = graph.seeds(treeLeaves(cotangent));
        const { gradients, outside } = graph.pull(seeds, nested);
        const plain = nested ? connect : (x: Tensor) => cutOff(x, outside);
        return inner.map((tree) => unwatchTree(tree, watched, gradients, plain));
      });
    };
    const plain = connected ? connect : (x: Tensor) => cutOff(x, graph.reachesOutside);
    const answer = [mapTree(value, plain), pullback];
    if (options.hasAux) answer.push(mapTree((result as [unknown, unknown])[1], plain));
    return answer as never;
  });
}

/** The recorded function, held for as many sweeps as anybody asks for. */
class Graph {
  /** Whether the values depend on something tracked besides the primals. */
  readonly reachesOutside: boolean;
  private readonly outputs: readonly Pick<Tensor, 'shape' | 'dtype' | 'node' | 'severed' | 'madeBy' | 'batch'>[];
  private readonly order: Order;
  private over = false;

  constructor(
    outputs: readonly Tensor[],
    private readonly watched: readonly Watched[],
    private readonly begin: number,
  ) {
    this.outputs = outputs.map(({ shape, dtype, node, severed, madeBy, batch }) => ({
      shape,
      dtype,
      node,
      severed,
      madeBy,
      batch,
    }));
    const roots = this.roots();
    for (const root of roots) root.hold();
    this.order = new Order(
      'vjp',
      roots,
      watched.map(({ node }) => node),
      begin,
    );
    this.order.end();
    this.reachesOutside =
      this.order.reachesOutside ||
      outputs.some(({ severed, batch }) => severed || (batch !== null && isTracked(batch.examples))) ||
      watched.some(({ original }) => isTracked(original));
  }

  private roots(): Node[] {
    return this.outputs.flatMap(({ node }) => (node === null ? [] : [node]));
  }

  /** The scope around is over: so is the pullback. */
  letGo(): void {
    this.over = true;
    for (const root of this.roots()) root.letGo();
  }

  /** Leaves what `scope` made and the sweeps will look at to the garbage collector, for no scope around will end. */
  entrust(scope: Scope): void {
    const given = new Set(this.watched.map(({ original }) => original.memory?.storage));
    for (const node of this.order.nodes) {
      node.forEachKept((kept) => {
        if (kept.owner !== scope || kept.memory === null || given.has(kept.memory.storage)) return;
        kept.moveTo(loosen(kept.memory));
      });
    }
  }

  /** Checks that these cotangents fit the values. */
  seeds(cotangents: readonly Tensor[]): readonly Tensor[] {
    if (cotangents.length !== this.outputs.length) {
      throw new ArgumentError(
        'vjp',
        `got ${cotangents.length} cotangents for ${this.outputs.length} values; expected one for each, in the same structure`,
      );
    }
    for (const [i, cotangent] of cotangents.entries()) {
      const { shape, dtype } = this.outputs[i]!;
      if (!shapesEqual(cotangent.shape, shape))
        throw new ShapeError(
          'vjp',
          { cotangent: cotangent.shape, value: shape },
          'a cotangent of the shape of the value',
        );
      if (cotangent.dtype !== dtype)
        throw new DTypeError(
          'vjp',
          { cotangent: cotangent.dtype, value: dtype },
          'a cotangent of the dtype of the value',
        );
    }
    return cotangents;
  }

  pull(seeds: readonly Tensor[], createGraph: boolean): ReturnType<typeof pullBack> {
    if (this.over) {
      throw new GradientError(
        'vjp',
        'the scope or transform in which this pullback was made is over, and what it needs was recycled with it',
        'Call it inside, or call vjp outside of scopes.',
      );
    }
    return pullBack('vjp', this.outputs, seeds, this.watched, { createGraph, retainGraph: true, begin: this.begin });
  }
}

function checkOutputs(outputs: readonly Tensor[]): void {
  if (outputs.length === 0)
    throw new GradientError('vjp', 'the function returned no tensor', 'Return a tensor, or a tree of them.');
  for (const { dtype } of outputs) {
    if (!isFloating(dtype)) {
      throw new GradientError(
        'vjp',
        `the function returned ${dtype}; expected float32 or float64`,
        'Return integers on the side with { hasAux: true }.',
      );
    }
  }
}

/**
 * The value of `f` and its derivative as a linear map of tangents, t ↦ ∂f(x) t, which may be applied any number of times
 * without running `f` again.
 *
 * The map is the transpose of the pullback: the pullback is linear in the cotangent u, and the derivative of ⟨t, uᵀ ∂f(x)⟩
 * with respect to u is ∂f(x) t. So it costs what two reverse passes cost; for one tangent `jvp` is cheaper.
 *
 * @param f a function of the primals that returns a floating tensor or a tree of them
 * @param primals its arguments
 * @returns `[value, tangents → tangent of the value]`
 * @throws as `vjp`; ArgumentError for arguments that are not in an array
 * @example
 * const [y, derivative] = linearize((x: Tensor) => x.square(), [tensor([1, 2])]);
 * derivative(tensor([1, 10])); // → [2, 40]
 */
export function linearize<P extends Values, R>(
  f: (...primals: P) => R,
  primals: readonly [...P],
): [R, (...tangents: { [K in keyof P]: Gradient<P[K]> }) => R] {
  checkValues('linearize', primals);
  const [value, pullback] = vjp(f, primals);
  const [, transposed] = vjp(pullback as never, [mapTree(value, zerosLike)] as never);
  return [value, ((...tangents: unknown[]) => (transposed as (t: unknown) => unknown[])(tangents)[0]) as never];
}
