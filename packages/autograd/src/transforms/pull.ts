/** What reverse-mode transforms share: stand-ins for arguments, running the function, and the sweep back to the stand-ins. */

import { DTypeError, isFloating } from '@cotangent/kernels';
import { nothingToDifferentiate, Order, sweep, takeOver } from '../backward.js';
import { zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { isDifferentiating, modes, withModes } from '../modes.js';
import { identity } from '../primitives/reshape.js';
import { type Scope, scopes } from '../scope.js';
import { Node } from '../tape.js';
import { liveTangents, type Tensor } from '../tensor.js';
import { mapTree } from '../trees.js';
import { alias, isTracked } from './results.js';

type AnyFunction = (...args: never[]) => unknown;

/** What a transform differentiates with respect to, and the node at which the sweep stops. */
export interface Watched {
  readonly original: Tensor;
  /** What the function sees of it. */
  readonly standIn: Tensor;
  readonly node: Node;
  /** The innermost level of the node before. */
  readonly levelBefore: number;
}

/** Whether what goes on here may be differentiated by a transform around it. */
export function isNested(): boolean {
  return isDifferentiating() && modes.recording;
}

/** A stand-in for an argument, noted in `watched`. `connected`: derivatives go on to what it stands for. */
export function watch(operation: string, original: Tensor, connected: boolean, watched: Watched[]): Tensor {
  if (!isFloating(original.dtype)) {
    throw new DTypeError(
      operation,
      { argument: original.dtype },
      'float32 or float64',
      'Integers have no derivative: use .cast().',
    );
  }
  const standIn = alias(original);
  // Inside another transform the stand-in is linked to what it stands for, so that the outer one sees through it.
  const linked = connected && original.node !== null;
  const node = linked
    ? new Node(identity as never, [original], undefined, standIn, modes.transformDepth + 1)
    : new Node(null, [], undefined, standIn, modes.transformDepth + 1);
  standIn.node = node;
  watched.push({ original, standIn, node, levelBefore: node.highest });
  return standIn;
}

/**
 * The argument as the function is to see it: a tree of stand-ins. A module stays itself: its trainable parameters are
 * watched where they are, for its code finds them there.
 */
export function watchTree(operation: string, tree: unknown, connected: boolean, watched: Watched[]): unknown {
  return mapTree(
    tree,
    (leaf) => watch(operation, leaf, connected, watched),
    (holder) => {
      for (const [, parameter] of holder.namedParameters()) {
        const { node } = parameter;
        if (node === null) continue;
        watched.push({ original: parameter, standIn: parameter, node, levelBefore: node.highest });
        // A vmap around this transform records on its inner side what leads here.
        node.highest = modes.transformDepth + 1;
      }
      return holder;
    },
  );
}

/** Gradients in the structure of the argument they belong to; for a module an object, by the path of the parameter. */
export function unwatchTree(
  tree: unknown,
  watched: readonly Watched[],
  gradients: readonly Tensor[],
  finish: (gradient: Tensor) => Tensor,
): unknown {
  const byStandIn = new Map(watched.map(({ standIn }, i) => [standIn, gradients[i]!]));
  return mapTree(
    tree,
    (leaf) => finish(byStandIn.get(leaf)!),
    (holder) => {
      const trainable = holder.namedParameters().filter(([, parameter]) => byStandIn.has(parameter));
      return Object.fromEntries(trainable.map(([path, parameter]) => [path, finish(byStandIn.get(parameter)!)]));
    },
  );
}

/** From now on only the sweeps of this transform ask for the derivative with respect to these stand-ins. */
export function close(watched: readonly Watched[]): void {
  for (const { original, node, levelBefore } of watched) {
    node.highest = levelBefore;
    if (node.primitive === null && node.output !== original) node.closed = true;
  }
}

/** Runs the function of a transform, recorded. @throws GradientError when it is asynchronous */
export function run(operation: string, f: AnyFunction, args: readonly unknown[]): unknown {
  modes.transformDepth++;
  try {
    const { result } = withModes(operation, { recording: true }, () => ({
      result: (f as (...all: unknown[]) => unknown)(...args),
    }));
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

/** How results are pulled back. */
interface PullOptions {
  /** Record the sweep, for a derivative of the derivative. */
  readonly createGraph: boolean;
  /** Keep the graph for another sweep. @defaultValue the value of `createGraph` */
  readonly retainGraph?: boolean;
  /** Number of the first node that this transform recorded, its stand-ins included. */
  readonly begin: number;
}

/** One gradient for each watched argument, and whether anything else tracked took part. */
export function pullBack(
  operation: string,
  values: readonly Pick<Tensor, 'node' | 'severed' | 'madeBy' | 'batch'>[],
  seeds: readonly Tensor[],
  watched: readonly Watched[],
  { createGraph, retainGraph = createGraph, begin }: PullOptions,
): { gradients: Tensor[]; outside: boolean } {
  const owner = scopes.current!;
  const found = new Map<Node, Tensor>();
  let outside = watched.some(({ original }) => isTracked(original)) || seeds.some(isTracked);
  const roots: Node[] = [];
  const rootSeeds: Tensor[] = [];
  for (const [i, value] of values.entries()) {
    // What vmap batches is recorded outside it on the tape of all examples, which the order below does not see.
    outside ||= value.severed || (value.batch !== null && isTracked(value.batch.examples));
    if (value.severed && value.node === null) throw nothingToDifferentiate(operation, value);
    if (value.node === null) continue;
    roots.push(value.node);
    rootSeeds.push(seeds[i]!);
  }
  if (roots.length > 0 && watched.length > 0) {
    const order = new Order(
      operation,
      roots,
      watched.map(({ node }) => node),
      begin,
    );
    try {
      outside ||= order.reachesOutside;
      // Tangents travel through a sweep that is not recorded, and where nothing else is tracked a recorded one would lead nowhere.
      const idle = modes.forwardOnly && !outside && order.nodes.every(({ hooks }) => hooks === null);
      const recorded = createGraph && !idle;
      sweep(order, roots, rootSeeds, {
        createGraph: recorded,
        deliver: (node, g, temporaries) => {
          found.set(node, recorded ? g : own(g, owner, temporaries));
        },
      });
      if (!retainGraph) for (const node of order.nodes) if (!order.isTarget(node)) node.consume();
    } finally {
      order.end();
    }
  }
  const gradients = watched.map(({ node, original }) => found.get(node) ?? zerosLike(original));
  return { gradients, outside: outside && modes.recording };
}

/** A sweep's cotangent, and its tangents, as tensors of the scope of this transform. */
function own(g: Tensor, owner: Scope, temporaries: Scope): Tensor {
  const gradient =
    g.batch === null ? takeOver(g, 'grad', true, temporaries) : g.another(own(g.batch.examples, owner, temporaries));
  owner.adopt(gradient);
  if (g.tangents !== null)
    gradient.tangents = liveTangents(g).map(({ run, value }) => ({ run, value: own(value, owner, temporaries) }));
  return gradient;
}
