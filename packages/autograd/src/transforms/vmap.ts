/** From a function of one example, a function of many. */

import { ArgumentError, IndexError, ShapeError, showShape } from '@cotangent/kernels';
import { moveAxis } from '../batching.js';
import { concat } from '../functions/shape.js';
import { Mapping, type Randomness } from '../mapping.js';
import { modes } from '../modes.js';
import { checkTransform } from '../options.js';
import { scope } from '../scope.js';
import { isTensor, type Tensor } from '../tensor.js';
import { isPlainObject, treeLeaves } from '../trees.js';
import { connect } from './results.js';

/**
 * Which axis of a tensor counts the examples: a number; null for a tensor that they share; or, for a tree of tensors, an
 * array or object of these that goes as deep as it needs to.
 */
export type Axes = number | null | readonly Axes[] | { readonly [key: string]: Axes };

/** Options of `vmap`. */
export interface VmapOptions {
  /** Of each argument the axis that counts examples: one for all, or a list with one for each. @defaultValue 0 */
  inAxes?: number | readonly Axes[];
  /** Where the results of the examples are put side by side; null for what does not differ between them. @defaultValue 0 */
  outAxes?: Axes;
  /**
   * What random functions do inside: refuse, draw the `same` numbers for every example, or `different` ones.
   * @defaultValue 'error'
   */
  randomness?: Randomness;
  /** At most so many examples at a time: memory for time. @defaultValue all */
  chunkSize?: number;
}

const optionNames = ['inAxes', 'outAxes', 'randomness', 'chunkSize'];

/**
 * A function of many examples from one of a single example: what `f` computes for one, each operation computes for all of
 * them at once. Nests with itself, `grad`, `jvp` and the others in any order: `vmap(grad(loss))` gives per-example
 * gradients.
 *
 * Inside, `shape` is that of one example, and numbers cannot be read: `where` takes the place of `if`. Tensors that `f`
 * closes over are shared. Operations without a batch rule run one example after the other.
 *
 * @param f a function of tensors, or trees of them, that returns a tensor or a tree; other arguments ride along
 * @returns a function of the same arguments, with one axis more in those that are mapped
 * @throws ArgumentError when no argument is mapped, numbers are read inside, or for a `chunkSize` below 1; ShapeError when the mapped axes differ in
 *   extent; IndexError for an axis out of range
 * @see https://docs.jax.dev/en/latest/_autosummary/jax.vmap.html
 * @example
 * const dot = (a: Tensor, b: Tensor) => a.mul(b).sum();
 * vmap(dot)(ones([5, 3]), ones([5, 3])).shape;                        // → [5]
 * vmap(dot, { inAxes: [null, 1] })(ones([3]), ones([3, 5])).shape;    // → [5]
 * vmap(grad(dot), { inAxes: [null, 0] })(ones([3]), ones([5, 3]));    // 5 gradients: [5, 3]
 */
export function vmap<F extends (...args: never[]) => unknown>(
  f: F,
  options: VmapOptions = {},
): (...args: Parameters<F>) => ReturnType<F> {
  checkTransform('vmap', f, options, optionNames);
  const { inAxes = 0, outAxes = 0, randomness = 'error', chunkSize = Number.POSITIVE_INFINITY } = options;
  if (!['error', 'same', 'different'].includes(randomness)) {
    throw new ArgumentError('vmap', `got randomness '${randomness}'; expected 'error', 'same' or 'different'`);
  }
  if (chunkSize !== Number.POSITIVE_INFINITY && !(Number.isInteger(chunkSize) && chunkSize >= 1)) {
    throw new ArgumentError('vmap', `got chunkSize ${chunkSize}; expected a whole number above 0`);
  }
  const once = (args: readonly unknown[], size: number): unknown =>
    scope(() => {
      const mapping = new Mapping(modes.transformDepth + 1, size, randomness, modes.mapping);
      const inner = mapWithAxes(args, inAxes, inputs, (x, axis, path) =>
        axis === null ? x : mapping.wrap(moveAxis(x, fromFront(axis, x, path), 0), x.madeBy),
      );
      const result = run(f, inner as Parameters<F>, mapping);
      return mapWithAxes(result, outAxes, outputs, (x, axis, path) => unwrap(x, axis, path, mapping));
    });
  return (...args) => {
    const size = sizeOf(args, inAxes);
    if (size <= chunkSize) return once(args, size) as ReturnType<F>;
    return scope(() => {
      const parts: unknown[] = [];
      for (let start = 0; start < size; start += chunkSize) {
        const end = Math.min(size, start + chunkSize);
        const some = mapWithAxes(args, inAxes, inputs, (x, axis, path) => {
          if (axis === null) return x;
          const before = new Array<null>(fromFront(axis, x, path)).fill(null);
          return x.slice(...before, [start, end]);
        });
        parts.push(once(some as readonly unknown[], end - start));
      }
      return joined(parts, outAxes) as ReturnType<F>;
    });
  };
}

/** The results of several chunks as one. */
function joined(parts: readonly unknown[], outAxes: Axes): unknown {
  const leaves = parts.map(treeLeaves);
  let next = 0;
  return mapWithAxes(parts[0], outAxes, outputs, (x, axis, path) => {
    const k = next++;
    if (axis === null) return x;
    return concat(
      leaves.map((ofPart) => ofPart[k]!),
      { axis: fromFront(axis, x, path) },
    );
  });
}

/** Number of examples: the one extent of all mapped axes. */
function sizeOf(args: readonly unknown[], inAxes: Axes): number {
  let first: { readonly x: Tensor; readonly axis: number; readonly path: string; readonly size: number } | undefined;
  mapWithAxes(args, inAxes, inputs, (x, axis, path) => {
    if (axis === null) return x;
    const size = x.shape[fromFront(axis, x, path)]!;
    first ??= { x, axis, path, size };
    if (size !== first.size) {
      throw new ShapeError(
        'vmap',
        { [first.path]: first.x, [path]: x },
        'mapped axes of one extent',
        `Axis ${first.axis} of the one has ${first.size} examples and axis ${axis} of the other ${size}.`,
      );
    }
    return x;
  });
  if (first === undefined) {
    throw new ArgumentError(
      'vmap',
      'got no tensor with an axis to map over',
      'Pass at least one tensor, with an axis that is not null in inAxes.',
    );
  }
  return first.size;
}

function run<F extends (...args: never[]) => unknown>(f: F, args: Parameters<F>, mapping: Mapping): unknown {
  modes.transformDepth++;
  modes.mapping = mapping;
  try {
    const result = f(...args);
    if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function') {
      throw new ArgumentError(
        'vmap',
        'got an asynchronous function; expected one that returns its tensors',
        'Await first, and map the synchronous part.',
      );
    }
    return result;
  } finally {
    modes.transformDepth--;
    modes.mapping = mapping.outer;
    mapping.over = true;
  }
}

/** The results of all examples side by side. */
function unwrap(x: Tensor, axis: number | null, path: string, mapping: Mapping): Tensor {
  if (!mapping.maps(x)) {
    if (axis === null) return connect(x);
    return moveAxis(x.broadcastTo([mapping.size, ...x.shape]), 0, fromFront(axis, x, path, 1));
  }
  if (axis === null) {
    throw new ArgumentError(
      'vmap',
      `got outAxes null for ${path}, which differs from example to example`,
      'Say where its mapped axis goes, or give the arguments it depends on null in inAxes.',
    );
  }
  return moveAxis(connect(x.batch!.examples), 0, fromFront(axis, x, path, 1));
}

// ---- trees of tensors with trees of axes -----------------------------------------------------------------------------

/** Where in a tree we are, for messages. */
interface Place {
  /** The option that holds the axes. */
  readonly option: 'inAxes' | 'outAxes';
  readonly path: string;
}

const inputs: Place = { option: 'inAxes', path: 'argument' };
const outputs: Place = { option: 'outAxes', path: 'result' };

/** The axis counted from the front, of a tensor that gets `more` axes. */
function fromFront(axis: number, x: Tensor, path: string, more = 0): number {
  const rank = x.rank + more;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const range = rank === 0 ? 'a scalar has no axes' : `expected an integer from ${-rank} to ${rank - 1}`;
    throw new IndexError('vmap', `got axis ${axis} for ${path} of shape ${showShape(x.shape)}; ${range}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Rebuilds a tree with `f` applied to every tensor and the axis that goes with it. */
function mapWithAxes(
  tree: unknown,
  axes: Axes,
  { option, path }: Place,
  f: (x: Tensor, axis: number | null, path: string) => Tensor,
): unknown {
  const same = axes === null || typeof axes === 'number';
  const misfit = (expected: string): ArgumentError =>
    new ArgumentError(
      'vmap',
      `got ${option} ${JSON.stringify(axes)} for ${path}; expected ${expected}`,
      `A number or null stands for everything below it.`,
    );
  const inside = (key: string | number): Place => ({ option, path: `${path}${path === 'argument' ? ' ' : '.'}${key}` });
  if (isTensor(tree)) {
    if (!same) throw misfit('a number or null');
    return f(tree, axes, path);
  }
  if (Array.isArray(tree)) {
    if (same) return tree.map((value, i) => mapWithAxes(value, axes, inside(i), f));
    if (!Array.isArray(axes) || axes.length !== tree.length) throw misfit(`an array of ${tree.length}`);
    return tree.map((value, i) => mapWithAxes(value, axes[i] as Axes, inside(i), f));
  }
  if (isPlainObject(tree)) {
    const keys = Object.keys(tree);
    const axisOf = (key: string): Axes => {
      if (same) return axes;
      const axis = (axes as Readonly<Record<string, Axes>>)[key];
      if (axis === undefined) throw misfit(`an object of ${keys.join(', ')}`);
      return axis;
    };
    return Object.fromEntries(keys.map((key) => [key, mapWithAxes(tree[key], axisOf(key), inside(key), f)]));
  }
  return tree;
}
