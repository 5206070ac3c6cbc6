/**
 * Extents that a model leaves open (the batch, the length of a sequence), while it is described. Each is stood for by a prime that no
 * real extent comes near: shape rules then compute with it as with any other number, and what was computed from it can be recognised.
 */

import { extentNames, type Shape } from '@cotangent/kernels';

/** An open extent: two sizes at which modules are tried out, to see what of their output depends on it. */
interface Unknown {
  readonly prime: number;
  readonly probes: Probes;
}

/** Sizes in the first and in the second trial. */
type Probes = readonly [number, number];

/** Above this an extent or index is no real one, unless it is a multiple of a prime of ours. */
const unreal = 2 ** 18;

const isPrime = (n: number): boolean => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
};

const unknowns: Unknown[] = [];
const byProbes = new Map<string, Unknown>();
let next = 2 ** 20;

/** The one open extent with these sizes in the trials: equal sizes, equal extents. */
function unknownOf(probes: Probes, name: string): number {
  const key = probes.join(' ');
  const known = byProbes.get(key);
  if (known !== undefined) return known.prime;
  do next--;
  while (!isPrime(next));
  const unknown = { prime: next, probes };
  unknowns.push(unknown);
  byProbes.set(key, unknown);
  extentNames.set(next, name);
  return next;
}

/** Trial sizes of open axes behind the batch, by position: large enough for a few strides and windows, and all different. */
const sizes: readonly Probes[] = [
  [64, 96],
  [32, 128],
  [160, 64],
];

/** What stands for the number of samples in a batch. */
export const batchExtent = (): number => unknownOf([1, 2], 'batch');

/** What stands for the extent of an open axis, the first behind the batch being 0. */
export const openExtent = (axis: number): number => unknownOf(sizes[axis % sizes.length]!, '?');

/** The open extents that a number is a multiple of, each as often as it divides it, and what is left. */
function factors(n: number): { factor: number; parts: Unknown[] } {
  const parts: Unknown[] = [];
  let factor = n;
  for (const unknown of unknowns) {
    while (factor >= unknown.prime && factor % unknown.prime === 0) {
      factor /= unknown.prime;
      parts.push(unknown);
    }
  }
  return { factor, parts };
}

/** Whether a number was computed from an open extent, by multiplication alone. */
export const isOpen = (n: number): boolean => Number.isInteger(n) && n >= unreal && factors(n).parts.length > 0;

/** Whether a number was computed from an open extent otherwise (the last index, the half): it has no meaning for other extents. */
export function isSpoiled(n: number): boolean {
  const size = Math.abs(n);
  if (size < unreal) return size > 0 && size < 1 / unreal && isNearMultiple(1 / size);
  return !isOpen(size) && isNearMultiple(size);
}

function isNearMultiple(n: number): boolean {
  return unknowns.some(({ prime }) => {
    const times = n / prime;
    const half = times * 2;
    return [Math.round(times), Math.round(half) / 2].some((k) => k > 0 && Math.abs(n - k * prime) <= 1024 + n * 1e-6);
  });
}

/** Whether any number in a tree of attributes meets a condition. */
export function someNumber(tree: unknown, condition: (n: number) => boolean): boolean {
  if (typeof tree === 'number') return condition(tree);
  if (ArrayBuffer.isView(tree)) return false;
  if (typeof tree !== 'object' || tree === null) return false;
  return Object.values(tree).some((child) => someNumber(child, condition));
}

/** Real shape in one of the trials. */
export function probed(shape: Shape, trial: 0 | 1): Shape {
  return shape.map((extent) => {
    const { factor, parts } = factors(extent);
    return parts.reduce((size, { probes }) => size * probes[trial], factor);
  });
}

/** The shape that a result has in general, from those it had in the trials. */
export function generalized(first: Shape, second: Shape, inputs: readonly Shape[]): Shape {
  const batch = byProbes.get('1 2');
  return first.map((size, axis) => {
    const other = second[axis]!;
    if (size === other) return size;
    const seen = inputs
      .flat()
      .find((extent) => isOpen(extent) && probed([extent], 0)[0] === size && probed([extent], 1)[0] === other);
    if (seen !== undefined) return seen;
    if (batch !== undefined && other === 2 * size) return size * batch.prime;
    return unknownOf([size, other], '?');
  });
}

/** What the open extents are in a call: from the shapes of a description and of the real inputs. */
export function extentsIn(described: readonly Shape[], real: readonly Shape[]): Map<number, number> {
  const extents = new Map<number, number>();
  for (const [i, shape] of described.entries()) {
    for (const [axis, extent] of shape.entries()) {
      const { factor, parts } = factors(extent);
      if (parts.length === 1) extents.set(parts[0]!.prime, real[i]![axis]! / factor);
    }
  }
  return extents;
}

/** The same attributes with real extents in the place of open ones. */
export function resolved<A>(attributes: A, extents: ReadonlyMap<number, number>): A {
  const resolve = (node: unknown): unknown => {
    if (typeof node === 'number') {
      if (!isOpen(node)) return node;
      const { factor, parts } = factors(node);
      return parts.reduce((size, { prime }) => size * (extents.get(prime) ?? Number.NaN), factor);
    }
    if (Array.isArray(node)) return node.map(resolve);
    if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node)) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, resolve(child)]));
  };
  return resolve(attributes) as A;
}
