/** Datasets whose samples can be asked for by number (Gluon's gluon.data.Dataset, PyTorch's map-style datasets). */

import { ArgumentError } from '@cotangent/kernels';
import { checkNumber } from '../options.js';
import type { Entry } from './dataset.js';
import { countAlong, entryOf } from './trees.js';

/** What a `DataLoader` loads from. */
export interface IndexedDataset<T> {
  /** Number of samples. */
  readonly length: number;
  /** Sample number `index`, from 0. */
  get(index: number): T | Promise<T>;
  /** Several samples at once, where that is better than one by one: `workerDataset` asks a thread. */
  getMany?(indices: readonly number[]): Promise<readonly T[]>;
}

/**
 * Base of indexed datasets: write `length` and `get`.
 *
 * @see https://mxnet.apache.org/api/python/docs/api/gluon/data/index.html
 * @example
 * class Squares extends nn.data.SampleDataset<number> {
 *   readonly length = 4;
 *   get(i: number): number {
 *     return i * i;
 *   }
 * }
 * await new Squares().transform((n) => n + 1).get(3); // → 10
 */
export abstract class SampleDataset<T> implements IndexedDataset<T> {
  abstract readonly length: number;
  abstract get(index: number): T | Promise<T>;

  /** Every sample changed by a function, when it is asked for. */
  transform<R>(f: (sample: T, index: number) => R | Promise<R>): SampleDataset<R> {
    return new Derived(this.length, async (i) => f(await this.get(i), i));
  }

  /** The first part of every sample changed by a function: pictures, and not their labels. */
  transformFirst<R>(
    f: (first: T extends readonly [infer F, ...unknown[]] ? F : never) => R | Promise<R>,
  ): SampleDataset<T extends readonly [unknown, ...infer Rest] ? [R, ...Rest] : never> {
    return new Derived(this.length, async (i) => {
      const [first, ...rest] = (await this.get(i)) as unknown as [never, ...unknown[]];
      return [await f(first), ...rest] as never;
    });
  }

  /** The samples that a function says true of. All are asked for once, now. */
  async filter(f: (sample: T, index: number) => boolean | Promise<boolean>): Promise<SampleDataset<T>> {
    const kept: number[] = [];
    for (let i = 0; i < this.length; i++) if (await f(await this.get(i), i)) kept.push(i);
    return this.subset(kept);
  }

  /** The samples of these numbers, in this order. @throws ArgumentError for numbers out of range */
  subset(indices: readonly number[]): SampleDataset<T> {
    for (const i of indices) checkNumber('subset', 'index', i, { atLeast: 0, below: this.length, whole: true });
    return new Derived(indices.length, (i) => this.get(indices[i]!));
  }

  /** The first `count` samples. @throws ArgumentError for a count below 0 */
  take(count: number): SampleDataset<T> {
    checkNumber('take', 'count', count, { atLeast: 0, whole: true });
    return new Derived(Math.min(count, this.length), (i) => this.get(i));
  }

  /**
   * One of `count` parts, without gaps; the first are larger by one where they cannot be equal.
   *
   * @throws ArgumentError for a count that is not positive, or an index not below it
   */
  shard(count: number, index: number): SampleDataset<T> {
    checkNumber('shard', 'count', count, { atLeast: 1, whole: true });
    checkNumber('shard', 'index', index, { atLeast: 0, below: count, whole: true });
    const [size, larger] = [Math.floor(this.length / count), this.length % count];
    const start = index * size + Math.min(index, larger);
    return new Derived(size + (index < larger ? 1 : 0), (i) => this.get(start + i));
  }

  /** The samples in the order of a sampler. */
  sample(sampler: { readonly length: number; indices(epoch: number): Iterable<number> }): SampleDataset<T> {
    return this.subset([...sampler.indices(0)]);
  }

  /**
   * The samples of this dataset, and then those of others.
   *
   * @throws ArgumentError in `get`, for an index out of range
   */
  concat(...others: readonly SampleDataset<T>[]): SampleDataset<T> {
    const all: readonly SampleDataset<T>[] = [this, ...others];
    const total = all.reduce((sum, { length }) => sum + length, 0);
    return new Derived(total, (i) => {
      let at = i;
      for (const dataset of all) {
        if (at < dataset.length) return dataset.get(at);
        at -= dataset.length;
      }
      throw new ArgumentError('get', `got index ${i}; the dataset has ${total} samples`);
    });
  }
}

/** A dataset made of another one. */
class Derived<T> extends SampleDataset<T> {
  constructor(
    readonly length: number,
    private readonly read: (index: number) => T | Promise<T>,
  ) {
    super();
  }

  override get(index: number): T | Promise<T> {
    checkNumber('get', 'index', index, { atLeast: 0, below: this.length, whole: true });
    return this.read(index);
  }
}

/**
 * The entries of tensors and arrays side by side: `new ArrayDataset([images, labels])` has samples `[image, label]`.
 *
 * @throws ArgumentError where their numbers differ
 * @example
 * const samples = new nn.data.ArrayDataset([tensor([[1, 2], [3, 4]]), tensor([0, 1])]);
 * samples.length; // → 2
 * const [x, y] = samples.get(1);
 * x; // → [3, 4]
 */
export class ArrayDataset<const T> extends SampleDataset<Entry<T>> {
  readonly length: number;

  constructor(private readonly arrays: T) {
    super();
    this.length = countAlong('ArrayDataset', arrays);
  }

  override get(index: number): Entry<T> {
    checkNumber('get', 'index', index, { atLeast: 0, below: this.length, whole: true });
    return entryOf(this.arrays, index) as Entry<T>;
  }
}

/**
 * The elements of an array as samples.
 *
 * @example
 * const words = new nn.data.SimpleDataset(['a', 'bc', 'def']);
 * words.length; // → 3
 * await words.transform((word) => word.length).get(2); // → 3
 */
export class SimpleDataset<T> extends SampleDataset<T> {
  constructor(private readonly samples: readonly T[]) {
    super();
  }

  get length(): number {
    return this.samples.length;
  }

  override get(index: number): T {
    checkNumber('get', 'index', index, { atLeast: 0, below: this.length, whole: true });
    return this.samples[index]!;
  }
}
