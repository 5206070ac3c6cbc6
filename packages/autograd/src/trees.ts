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

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A realm's own Object.prototype has no prototype either: jest and iframes bring theirs.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Rebuilds a tree with `f` applied to every tensor in it. */
export function mapTree<T, R>(tree: T, f: (leaf: Tensor) => R): MapTree<T, R> {
  if (isTensor(tree)) return f(tree) as MapTree<T, R>;
  if (Array.isArray(tree)) return tree.map((child) => mapTree(child, f)) as MapTree<T, R>;
  if (isPlainObject(tree)) {
    return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, mapTree(child, f)])) as MapTree<T, R>;
  }
  return tree as MapTree<T, R>;
}

/** Every tensor of a tree, in order. */
export function treeLeaves(tree: unknown): Tensor[] {
  const leaves: Tensor[] = [];
  mapTree(tree, (leaf) => leaves.push(leaf));
  return leaves;
}
