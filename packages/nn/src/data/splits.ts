/** Dividing data: for testing and validating, without a sample lost or doubled. */

import { fromTypedArray, isTensor, take } from '@cotangent/autograd';
import { ArgumentError, defaultGenerator, Generator } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions, shown } from '../options.js';
import type { Dataset } from './dataset.js';
import { countAlong } from './trees.js';

/** Options of `trainTestSplit`. */
export interface TrainTestSplitOptions {
  /** Share of the samples to test on, below 1, or their number. @defaultValue 0.25 */
  testSize?: number;
  /** Whether to draw the samples at random, instead of the last ones. @defaultValue true */
  shuffle?: boolean;
  /** @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
  /** Classes of the samples, of which both parts get their share. @defaultValue none */
  stratify?: ArrayLike<number | string>;
}

/** Options of `kFold`. */
export interface KFoldOptions {
  /** Into how many parts. @defaultValue 5 */
  folds?: number;
  /** Whether to draw the samples at random. @defaultValue false */
  shuffle?: boolean;
  /** @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
  /** Classes of the samples, of which all parts get their share. @defaultValue none */
  stratify?: ArrayLike<number | string>;
}

const generatorOf = (seed: number | undefined): Generator =>
  seed === undefined ? defaultGenerator() : new Generator(seed);

/** These samples of every part of a tree. */
function selected(tree: unknown, indices: readonly number[]): unknown {
  if (isTensor(tree)) return take(tree, fromTypedArray(Int32Array.from(indices), [indices.length]));
  if (ArrayBuffer.isView(tree)) {
    const array = tree as Float32Array;
    return (array.constructor as Float32ArrayConstructor).from(indices, (i) => array[i]!);
  }
  if (Array.isArray(tree)) return indices.map((i) => tree[i]);
  return Object.fromEntries(Object.entries(tree as object).map(([key, part]) => [key, selected(part, indices)]));
}

/** Numbers of the samples of each class, in order. */
function byClass(operation: string, stratify: ArrayLike<number | string>, samples: number): number[][] {
  if (stratify.length !== samples)
    throw new ArgumentError(operation, `got ${stratify.length} classes in stratify for ${samples} samples`);
  const classes = new Map<number | string, number[]>();
  for (let i = 0; i < samples; i++) {
    const members = classes.get(stratify[i]!) ?? [];
    classes.set(stratify[i]!, members);
    members.push(i);
  }
  return [...classes.values()];
}

const shuffled = (indices: readonly number[], generator: Generator): number[] =>
  Array.from(generator.permutation(indices.length), (i) => indices[i]!);

/** How many of each group to hold out so that all together are `total`: its share, rounded where most is lost by rounding down. */
function heldOut(sizes: readonly number[], total: number): number[] {
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * total) / samples);
  const held = exact.map(Math.floor);
  const left = total - held.reduce((sum, n) => sum + n, 0);
  const byRemainder = exact.map((n, i) => [n - held[i]!, i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  for (const [, i] of byRemainder.slice(0, Math.round(left))) held[i]!++;
  return held;
}

/**
 * Divides samples into those to train on and those to test on.
 *
 * @param data several parts of equally many samples: tensors, typed arrays, arrays of samples, or objects of these
 * @returns for each part `[train, test]`
 * @throws ArgumentError where a part would be empty, or the numbers of samples differ
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html
 * @example
 * const [[xTrain, xTest], [yTrain, yTest]] = nn.data.trainTestSplit([x, y], { testSize: 0.25, seed: 1 });
 * xTest.shape; // → [2, 4]
 */
export function trainTestSplit<const T extends readonly unknown[]>(
  data: T,
  options: TrainTestSplitOptions = {},
): { [K in keyof T]: [train: T[K], test: T[K]] } {
  const name = 'trainTestSplit';
  checkOptions(name, options, ['testSize', 'shuffle', 'seed', 'stratify']);
  if (!Array.isArray(data) || data.length === 0)
    throw new ArgumentError(name, `got ${shown(data)}; expected an array of parts, such as [x, y]`);
  const counts = data.map((part) => (Array.isArray(part) ? part.length : countAlong(name, part)));
  const samples = counts[0]!;
  if (counts.some((count) => count !== samples))
    throw new ArgumentError(name, `got ${counts.join(', ')} samples; expected as many in each part`);
  const size = checkNumber(name, 'testSize', options.testSize ?? 0.25, { above: 0 });
  const shuffle = checkBoolean(name, 'shuffle', options.shuffle ?? true);
  const generator = generatorOf(options.seed);
  const groups =
    options.stratify === undefined
      ? [Array.from({ length: samples }, (_, i) => i)]
      : byClass(name, options.stratify, samples);
  const held = heldOut(
    groups.map(({ length }) => length),
    size < 1 ? Math.ceil(size * samples - 1e-9) : size,
  );
  const train: number[] = [];
  const test: number[] = [];
  for (const [i, group] of groups.entries()) {
    const order = shuffle ? shuffled(group, generator) : group;
    const at = Math.max(0, order.length - held[i]!);
    train.push(...order.slice(0, at));
    test.push(...order.slice(at));
  }
  if (train.length === 0 || test.length === 0)
    throw new ArgumentError(
      name,
      `got testSize ${size} of ${samples} samples, which leaves none to train or to test on`,
    );
  const mix = (indices: number[]): number[] => (shuffle && groups.length > 1 ? shuffled(indices, generator) : indices);
  const parts = [mix(train), mix(test)];
  return data.map((part) => parts.map((indices) => selected(part, indices))) as never;
}

/**
 * Divides the numbers of samples into folds: each in turn is validated on, and the others are trained on.
 *
 * @param samples how many there are
 * @returns for each fold the numbers of the samples to train and to validate on, ascending unless shuffled
 * @throws ArgumentError for fewer than 2 samples or folds, or more folds than samples
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.KFold.html
 * @example
 * const sizes: number[][] = [];
 * for (const { train, validation } of nn.data.kFold(8, { folds: 4, shuffle: true, seed: 1 })) {
 *   const xTrain = take(x, tensor(train, { dtype: 'int32' }));
 *   sizes.push([xTrain.shape[0]!, validation.length]);
 * }
 * sizes; // → [[6, 2], [6, 2], [6, 2], [6, 2]]
 */
export function kFold(samples: number, options: KFoldOptions = {}): { train: number[]; validation: number[] }[] {
  const name = 'kFold';
  checkOptions(name, options, ['folds', 'shuffle', 'seed', 'stratify']);
  checkNumber(name, 'samples', samples, { atLeast: 2, whole: true });
  const folds = checkNumber(name, 'folds', options.folds ?? 5, { atLeast: 2, atMost: samples, whole: true });
  const shuffle = checkBoolean(name, 'shuffle', options.shuffle ?? false);
  const generator = generatorOf(options.seed);
  const all = Array.from({ length: samples }, (_, i) => i);
  const foldOf = new Int32Array(samples);
  if (options.stratify === undefined) {
    const order = shuffle ? shuffled(all, generator) : all;
    // The first folds are larger by one where they cannot be equal.
    for (const [place, i] of order.entries()) foldOf[i] = fold(place, samples, folds);
    return foldsOf(foldOf, folds, order);
  }
  const groups = byClass(name, options.stratify, samples).map((group) =>
    shuffle ? shuffled(group, generator) : group,
  );
  let next = 0;
  for (const group of groups) for (const i of group) foldOf[i] = next++ % folds;
  return foldsOf(foldOf, folds, groups.flat());
}

function fold(place: number, samples: number, folds: number): number {
  const [size, larger] = [Math.floor(samples / folds), samples % folds];
  const boundary = larger * (size + 1);
  return place < boundary ? Math.floor(place / (size + 1)) : larger + Math.floor((place - boundary) / size);
}

const foldsOf = (
  foldOf: Int32Array,
  folds: number,
  order: readonly number[],
): { train: number[]; validation: number[] }[] =>
  Array.from({ length: folds }, (_, k) => ({
    train: order.filter((i) => foldOf[i] !== k),
    validation: order.filter((i) => foldOf[i] === k),
  }));

/** Options of `splitDataset`. */
export interface SplitDatasetOptions {
  /** Share of the first part, below 1, or its number of elements. @defaultValue what the second leaves */
  leftSize?: number;
  /** Share of the second part, below 1, or its number of elements. @defaultValue what the first leaves */
  rightSize?: number;
  /** Whether to draw the elements at random. @defaultValue false */
  shuffle?: boolean;
  /** @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/**
 * Divides a dataset in two. Its length has to be known.
 *
 * @throws ArgumentError where it is not, for no sizes, or sizes of more than there is
 * @see https://keras.io/api/utils/python_utils/#split_dataset-function
 * @example
 * const dataset = nn.data.Dataset.range(10);
 * const [train, validation] = nn.data.splitDataset(dataset, { rightSize: 0.2 });
 * await validation.toArray(); // → [8, 9]
 */
export function splitDataset<T>(
  dataset: Dataset<T>,
  options: SplitDatasetOptions,
): [left: Dataset<T>, right: Dataset<T>] {
  const name = 'splitDataset';
  checkOptions(name, options, ['leftSize', 'rightSize', 'shuffle', 'seed']);
  const { length } = dataset;
  if (length === undefined || !Number.isFinite(length))
    throw new ArgumentError(
      name,
      'the length of the dataset is not known',
      'Take a part of it, or collect it: Dataset.fromArray(await dataset.toArray()).',
    );
  const sizeOf = (key: 'leftSize' | 'rightSize'): number | undefined => {
    const size = options[key];
    if (size === undefined) return undefined;
    checkNumber(name, key, size, { above: 0 });
    return size < 1 ? Math.round(size * length) : checkNumber(name, key, size, { whole: true, above: 0 });
  };
  const [left, right] = [sizeOf('leftSize'), sizeOf('rightSize')];
  if (left === undefined && right === undefined)
    throw new ArgumentError(name, 'got no sizes; expected leftSize, rightSize or both');
  const first = left ?? length - right!;
  const second = right ?? length - first;
  if (first < 0 || second < 0 || first + second > length)
    throw new ArgumentError(name, `got sizes ${first} and ${second}; the dataset has ${length} elements`);
  const seed = options.seed ?? Math.floor(defaultGenerator().uniform() * 2 ** 52);
  const ordered = (options.shuffle ?? false) ? dataset.shuffle({ seed, reshuffleEachEpoch: false }) : dataset;
  return [ordered.take(first), ordered.skip(first).take(second)];
}
