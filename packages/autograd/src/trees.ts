/** Trees: a tensor, or arrays and plain objects of trees. Numbers, strings and the rest ride along unchanged. */

import { isTensor, type Tensor } from './tensor.js';

/** The same structure with every tensor replaced by `R`. */
export type MapTree<T, R> = T extends Tensor
  ? R
  : T extends readonly unknown[]
    ? { -readonly [K in keyof T]: MapTree<T[K], R> }
    : T extends object
      ? { [K in keyof T]: MapTree<T[K], R> }
      : T;

/** Whether a value is an object of children rather than a leaf of another kind. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A realm's own Object.prototype has no prototype either: jest and iframes bring theirs.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What holds parameters that its code finds by itself (a module): to a transform, a leaf of many tensors. */
export interface HoldsParameters {
  /** Its parameters and their paths. */
  namedParameters(): readonly (readonly [path: string, parameter: Tensor])[];
}

/**
 * Gradients have the structure of the argument: a tensor for a tensor, an array for an array, an object for an object, and
 * for a module an object of gradients by the paths of its trainable parameters.
 */
export type Gradient<T> = T extends Tensor
  ? Tensor
  : T extends HoldsParameters
    ? Record<string, Tensor>
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Gradient<T[K]> }
      : T extends object
        ? { [K in keyof T]: Gradient<T[K]> }
        : T;

function holdsParameters(value: unknown): value is HoldsParameters {
  return typeof (value as HoldsParameters | null | undefined)?.namedParameters === 'function';
}

/**
 * Rebuilds a tree with `f` applied to every tensor in it, and `held` to whatever holds parameters of its own.
 *
 * @example
 * mapTree({ w: tensor([1, 2]), rest: [tensor([3])] }, (leaf) => leaf.mul(10).toArray()); // → {"w": [10, 20], "rest": [[30]]}
 */
export function mapTree<T, R>(
  tree: T,
  f: (leaf: Tensor) => R,
  held: (holder: HoldsParameters) => unknown = (holder) => holder,
): MapTree<T, R> {
  const map = (node: unknown): unknown => {
    if (isTensor(node)) return f(node);
    if (Array.isArray(node)) return node.map(map);
    if (holdsParameters(node)) return held(node);
    if (isPlainObject(node)) return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, map(child)]));
    return node;
  };
  return map(tree) as MapTree<T, R>;
}

/**
 * Every tensor of a tree, in order.
 *
 * @example
 * treeLeaves({ w: tensor([1, 2]), rest: [tensor([3])] }).length; // → 2
 */
export function treeLeaves(tree: unknown): Tensor[] {
  const leaves: Tensor[] = [];
  mapTree(tree, (leaf) => leaves.push(leaf));
  return leaves;
}
