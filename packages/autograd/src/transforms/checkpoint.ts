/** Rematerialization: memory for time. */

import { defaultGenerator, type Generator } from '@cotangent/kernels';
import { enableGrad, modes } from '../modes.js';
import { checkTransform } from '../options.js';
import { withTangents } from '../primitive.js';
import { scope } from '../scope.js';
import { type Node, nextNodeId } from '../tape.js';
import { Tensor } from '../tensor.js';
import { mapTree, treeLeaves } from '../trees.js';
import { recordOpaque } from './opaque.js';
import { pullBack, type Watched } from './pull.js';
import { alias } from './results.js';

/** Options of `checkpoint`. */
export interface CheckpointOptions {
  /** Generators of your own that `f` draws from; the default one is always among them. @defaultValue [] */
  generators?: readonly Generator[];
}

/**
 * The same function, which keeps nothing of what it computes for the backward pass but its arguments and its value, and runs
 * once more there. A chain of n layers checkpointed in √n pieces needs memory for √n layers at a time instead of n, for one more
 * forward pass (Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174).
 *
 * Values and gradients are bit for bit those of `f`: the second run draws the same random numbers. Gradients reach the
 * arguments, and whatever tracked tensors `f` closes over (a module's parameters). What else `f` changes (running statistics
 * in place, counters) it changes twice. Inside `vmap` it runs `f` as it is and saves nothing: checkpoint what vmap returns.
 *
 * @param f takes and returns tensors, or trees of them; it must compute the same when it runs again
 * @throws ArgumentError for something else than a function
 * @example
 * const block = checkpoint((x: Tensor) => x.tanh().exp());
 * grad((x: Tensor) => block(block(x)).sum())(tensor([0])); // → [0.89945]
 */
export function checkpoint<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: CheckpointOptions = {},
): (...args: A) => R {
  checkTransform('checkpoint', f, options, ['generators']);
  return (...args) => {
    // What a vmap around records, it records on all examples at once, which a run for one cannot take the place of.
    if (!modes.recording || modes.mapping !== null) return f(...args);
    const generators = [defaultGenerator(), ...(options.generators ?? [])];
    const states = generators.map(({ state }) => state);
    const depth = modes.transformDepth;
    const begin = nextNodeId();
    return scope(() => {
      const result = f(...args);
      const frontier = frontierOf(treeLeaves(result), begin);
      if (frontier.length === 0) return result;

      const again = (): R => replay(generators, states, depth, () => f(...args));
      const values = mapTree(result, alias) as R;
      return recordOpaque('checkpoint', values, [...frontier, ...treeLeaves(args)], frontier.length, {
        cotangents: (gradients) => pullAgain(again, gradients, frontier),
        // The values came with their tangents: nothing to add.
        tangents: () => null,
      });
    });
  };
}

/**
 * The tracked tensors that the results were computed from and that were there before node number `begin`, each once. Of those that
 * a scope has released since, the place on the tape is left. What a pass has used up belongs to them, wherever it is: a pass that
 * comes this way says so. Their tangents have gone into those of the results.
 */
function frontierOf(results: readonly Tensor[], begin: number): Tensor[] {
  const frontier = new Map<Node, Tensor>();
  const seen = new Set<Node>();
  const stack: Tensor[] = [...results];
  for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
    const { node } = tensor;
    if (node === null || seen.has(node)) continue;
    seen.add(node);
    if (node.id < begin || node.consumed) {
      const place = tensor.hasValue
        ? withTangents(tensor, null)
        : new Tensor(null, tensor.madeBy, tensor.shape, tensor.dtype);
      place.node = node;
      frontier.set(node, place);
    } else stack.push(...node.inputs.filter((_, i) => node.wanted[i]));
  }
  return [...frontier.values()];
}

/** Runs `f` as it ran when the generators had these states, and leaves them as they are now. */
function replay<R>(
  generators: readonly Generator[],
  states: readonly Generator['state'][],
  depth: number,
  f: () => R,
): R {
  const now = generators.map(({ state }) => state);
  const { transformDepth: depthNow, mapping } = modes;
  for (const [i, generator] of generators.entries()) generator.state = states[i]!;
  modes.transformDepth = depth;
  modes.mapping = null;
  try {
    return enableGrad(f);
  } finally {
    modes.transformDepth = depthNow;
    modes.mapping = mapping;
    for (const [i, generator] of generators.entries()) generator.state = now[i]!;
  }
}

/** Runs the function again and pulls the cotangents back to the frontier: a sweep inside the sweep that asks for them. */
function pullAgain(again: () => unknown, gradients: readonly Tensor[], frontier: readonly Tensor[]): readonly Tensor[] {
  const createGraph = modes.recording;
  const nodes = frontier.map(({ node }) => node!);
  const begin = nextNodeId();
  return scope(() => {
    const results = treeLeaves(again());
    const watched: Watched[] = frontier.map((tensor, i) => {
      const node = nodes[i]!;
      return { original: tensor, standIn: tensor, node, levelBefore: node.highest };
    });
    return pullBack('checkpoint', results, gradients, watched, { createGraph, begin }).gradients;
  });
}
