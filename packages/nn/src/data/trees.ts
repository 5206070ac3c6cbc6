/** Elements of datasets are trees: tensors, numbers and texts in arrays and plain objects. Many of them become one batch here. */

import { isTensor, pad, stack, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, ShapeError, showShape } from '@cotangent/kernels';
import { shown } from '../options.js';

/** What becomes of an element when many are stacked: a tensor with one axis more, an array of texts. */
export type Stacked<T> = T extends Tensor | number | boolean | ArrayBufferView
  ? Tensor
  : T extends string
    ? string[]
    : T extends readonly unknown[]
      ? number extends T['length']
        ? T extends readonly (number | boolean)[]
          ? Tensor
          : { -readonly [K in keyof T]: Stacked<T[K]> }
        : { -readonly [K in keyof T]: Stacked<T[K]> }
      : T extends object
        ? { [K in keyof T]: Stacked<T[K]> }
        : T[];

/** What stands where a shorter element ends. */
export interface PadOptions {
  /** @defaultValue 0 */
  value?: number;
  /** Padded extents are rounded up to multiples of this. @defaultValue 1 */
  multiple?: number;
}

/** An array of numbers of any depth. */
const isNumbers = (x: unknown): boolean =>
  typeof x === 'number' || typeof x === 'boolean' || (Array.isArray(x) && x.length > 0 && x.every(isNumbers));

/** Stacks elements of one structure along a new first axis. @throws ArgumentError, ShapeError where they differ */
export function stackTrees<T>(operation: string, elements: readonly T[], padding: PadOptions | null): Stacked<T> {
  return stackAt(operation, '', elements, padding) as Stacked<T>;
}

function stackAt(operation: string, path: string, elements: readonly unknown[], padding: PadOptions | null): unknown {
  const [first] = elements;
  const where = path === '' ? 'elements' : `'${path}'`;
  const mixed = (): ArgumentError =>
    new ArgumentError(operation, `got ${where} of different kinds; expected the same structure in all elements`);
  if (typeof first === 'string') {
    if (!elements.every((x) => typeof x === 'string')) throw mixed();
    return [...elements];
  }
  const isLeaf = (x: unknown): boolean => isTensor(x) || isNumbers(x) || ArrayBuffer.isView(x);
  if (isLeaf(first)) {
    if (!elements.every(isLeaf)) throw mixed();
    const tensors = elements.map((x) => (isTensor(x) ? x : tensor(x as number)));
    return stackTensors(operation, where, tensors, padding);
  }
  if (typeof first !== 'object' || first === null) return [...elements];
  const keys = Object.keys(first);
  const same = elements.every(
    (x) =>
      typeof x === 'object' &&
      x !== null &&
      !isLeaf(x) &&
      Array.isArray(x) === Array.isArray(first) &&
      Object.keys(x).join() === keys.join(),
  );
  if (!same) throw mixed();
  const entries = keys.map((key): [string, unknown] => {
    const inner = elements.map((x) => (x as Record<string, unknown>)[key]);
    return [key, stackAt(operation, path === '' ? key : `${path}.${key}`, inner, padding)];
  });
  return Array.isArray(first) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

function stackTensors(operation: string, where: string, given: readonly Tensor[], padding: PadOptions | null): Tensor {
  const { rank, dtype } = given[0]!;
  const other = given.find((x) => x.rank !== rank || x.dtype !== dtype);
  if (other !== undefined)
    throw new ArgumentError(
      operation,
      `got ${where} of ${describe(given[0]!)} and of ${describe(other)}; expected one rank and dtype`,
    );
  if (padding === null) {
    const odd = given.find((x) => x.shape.some((extent, axis) => extent !== given[0]!.shape[axis]));
    if (odd === undefined) return stack(given);
    const mend = 'Batch with { pad: {} } to fill shorter ones up.';
    throw new ShapeError(operation, { first: given[0]!, other: odd }, `${where} of one shape`, mend);
  }
  const { value = 0, multiple = 1 } = padding;
  const extents = Array.from({ length: rank }, (_, axis) => {
    const longest = Math.max(...given.map((x) => x.shape[axis]!));
    return Math.ceil(longest / multiple) * multiple;
  });
  return stack(
    given.map((x) => {
      const short = x.shape.some((extent, axis) => extent < extents[axis]!);
      return short
        ? pad(
            x,
            x.shape.map((extent, axis): [number, number] => [0, extents[axis]! - extent]),
            { value },
          )
        : x;
    }),
  );
}

const describe = (x: Tensor): string => `${x.dtype as DType} ${showShape(x.shape)}`;

/** Number of entries along the first axis of every tensor and array of a tree. @throws ArgumentError where they differ */
export function countAlong(operation: string, tree: unknown): number {
  const counts: number[] = [];
  const visit = (node: unknown): void => {
    if (isTensor(node)) counts.push(node.shape[0] ?? fail(operation, node));
    else if (ArrayBuffer.isView(node)) counts.push((node as Uint8Array).length);
    else if (isList(node)) counts.push(node.length);
    else if (typeof node === 'object' && node !== null) Object.values(node).forEach(visit);
    else throw new ArgumentError(operation, `got ${shown(node)}; expected tensors, or arrays of numbers or texts`);
  };
  visit(tree);
  if (counts.length > 0 && counts.every((count) => count === counts[0])) return counts[0]!;
  throw new ArgumentError(
    operation,
    `got ${counts.join(', ')} entries; expected as many in each part, and one part at least`,
  );
}

function fail(operation: string, x: Tensor): never {
  throw new ShapeError(operation, { x }, 'entries along a first axis');
}

/** An array of entries, and not of parts. */
const isList = (node: unknown): node is readonly unknown[] =>
  Array.isArray(node) && (node.length === 0 || isNumbers(node[0]) || typeof node[0] === 'string');

/** Entry i of every part of a tree. */
export function entryOf(tree: unknown, i: number): unknown {
  if (isTensor(tree)) return tree.slice(i);
  if (ArrayBuffer.isView(tree)) return (tree as Uint8Array)[i];
  if (isList(tree)) return isNumbers(tree[i]) && Array.isArray(tree[i]) ? tensor(tree[i] as number[]) : tree[i];
  if (Array.isArray(tree)) return tree.map((part) => entryOf(part, i));
  return Object.fromEntries(Object.entries(tree as object).map(([key, part]) => [key, entryOf(part, i)]));
}
