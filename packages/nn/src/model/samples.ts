/** What users pass as data: arrays of samples, alone, in a list, or by name. */

import { fromTypedArray, isTensor, type Tensor, type TensorData, take, tensor } from '@cotangent/autograd';
import { ArgumentError, isFloating, ShapeError } from '@cotangent/kernels';
import { shown } from '../options.js';

/** Texts along the first axis; further axes are further arrays. */
export type TextData = readonly (string | TextData)[];

/** Samples along the first axis: a tensor, nested arrays, a typed array, or texts. */
export type Data = Tensor | TensorData | TextData;

/** Data of a model: for one input or output, for several in order (as tensors), or for several by name. */
export type Samples = Data | readonly Tensor[] | Readonly<Record<string, Data>>;

/** One input or output: a tensor, or an array whose elements are texts or arrays of them. */
type Leaf = Tensor | TextData;

/** Samples ready to be cut into batches. */
export type Structure = Leaf | readonly Leaf[] | Readonly<Record<string, Leaf>>;

const isText = (data: unknown): boolean =>
  typeof data === 'string' || (Array.isArray(data) && data.length > 0 && isText(data[0]));

const isLeaf = (structure: Structure): structure is Leaf => isTensor(structure) || isText(structure);

/** Applies a function to every input or output of a structure. */
export function mapLeaves<R>(
  structure: Structure,
  f: (leaf: Leaf, name: string | number | null) => R,
): R | R[] | Record<string, R> {
  if (isLeaf(structure)) return f(structure, null);
  if (Array.isArray(structure)) return (structure as readonly Leaf[]).map((leaf, i) => f(leaf, i));
  return Object.fromEntries(Object.entries(structure as Record<string, Leaf>).map(([k, leaf]) => [k, f(leaf, k)]));
}

/** Every input or output. */
export function leavesOf(structure: Structure): Leaf[] {
  const leaves: Leaf[] = [];
  mapLeaves(structure, (leaf) => leaves.push(leaf));
  return leaves;
}

const isTable = (data: unknown): data is Readonly<Record<string, Data>> =>
  typeof data === 'object' && data !== null && !isTensor(data) && !Array.isArray(data) && !ArrayBuffer.isView(data);

/** The data as tensors and texts of equally many samples. @throws ArgumentError, ShapeError */
export function toStructure(operation: string, name: string, data: Samples): Structure {
  if (data === undefined || data === null) throw new ArgumentError(operation, `got no ${name}`);
  const leaf = (given: unknown, path: string): Leaf => {
    if (given === undefined || given === null) throw new ArgumentError(operation, `got no ${path}`);
    if (isText(given)) return given as TextData;
    const samples = isTensor(given) ? given : tensor(given as TensorData);
    if (samples.rank === 0)
      throw new ShapeError(operation, { [path]: samples.shape }, `${path} with samples along the first axis`);
    return samples;
  };
  let structure: Structure;
  if (isTable(data))
    structure = Object.fromEntries(Object.entries(data).map(([key, given]) => [key, leaf(given, `${name}.${key}`)]));
  else if (Array.isArray(data) && data.length > 0 && data.every(isTensor))
    structure = (data as readonly unknown[]).map((given, i) => leaf(given, `${name}[${i}]`));
  else structure = leaf(data, name);
  const counts = leavesOf(structure).map(samplesOf);
  if (counts.length === 0) throw new ArgumentError(operation, `got no ${name}: ${shown(data)} is empty`);
  if (counts.some((count) => count !== counts[0]))
    throw new ArgumentError(operation, `got ${name} of ${counts.join(', ')} samples; expected as many of each`);
  return structure;
}

const samplesOf = (leaf: Leaf): number => (isTensor(leaf) ? leaf.shape[0]! : leaf.length);

/** Number of samples. */
export const countOf = (structure: Structure): number => samplesOf(leavesOf(structure)[0]!);

/** The samples from `start` to `end` of an order (null for as they come). The caller's scope owns them. */
export function cut(structure: Structure, order: Int32Array | null, start: number, end: number): Structure {
  const indices = order?.subarray(start, end) ?? null;
  return mapLeaves(structure, (leaf) => {
    if (!isTensor(leaf)) return indices === null ? leaf.slice(start, end) : Array.from(indices, (i) => leaf[i]!);
    return indices === null ? leaf.slice([start, end]) : take(leaf, fromTypedArray(indices, [end - start]));
  }) as Structure;
}

/** Checks that every sample has a target, and that no target is NaN: a NaN loses a whole model in one step. */
export function checkTargets(operation: string, x: Structure, y: Structure | undefined): void {
  const samples = countOf(x);
  if (samples === 0) throw new ArgumentError(operation, 'got no samples: the first axis of x is 0');
  if (y === undefined) return;
  mapLeaves(y, (leaf, name) => {
    const place = name === null ? 'y' : `y.${name}`;
    if (samplesOf(leaf) !== samples) {
      const shapes = { x: firstShape(x), [place]: isTensor(leaf) ? leaf.shape : [leaf.length] };
      throw new ShapeError(operation, shapes, 'as many targets as samples (equal first axes)');
    }
    if (!isTensor(leaf) || !isFloating(leaf.dtype)) return;
    const at = leaf.toTypedArray().findIndex((value) => Number.isNaN(value));
    if (at < 0) return;
    const sample = Math.floor(at / (leaf.size / samples));
    throw new ArgumentError(operation, `got NaN in ${place}, at sample ${sample}`, 'Check how the targets were read.');
  });
}

function firstShape(structure: Structure): readonly number[] {
  const [leaf] = leavesOf(structure);
  return isTensor(leaf) ? leaf.shape : [leaf!.length];
}
