/** Batches from samples that are asked for by number. */

import { ArgumentError, CotangentError } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions, shown } from '../options.js';
import type { IndexedDataset } from './indexed.js';
import {
  BatchSampler,
  type BatchSampling,
  type LastBatch,
  RandomSampler,
  type Sampler,
  SequentialSampler,
} from './samplers.js';
import { type PadOptions, type Stacked, stackTrees } from './trees.js';

/** Options of `DataLoader`. */
export interface DataLoaderOptions<T, B> {
  /** @defaultValue 1 */
  batchSize?: number;
  /** Whether the samples come in a new random order every epoch. @defaultValue false */
  shuffle?: boolean;
  /** Seed of that order. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
  /** The order, instead of `shuffle`. */
  sampler?: Sampler;
  /** The batches, instead of `batchSize`, `shuffle`, `sampler` and `lastBatch`. */
  batchSampler?: BatchSampling;
  /** What becomes of a last batch that is short. @defaultValue 'keep' */
  lastBatch?: LastBatch;
  /** Makes one batch of samples. @defaultValue batchify.stack() */
  collate?: (samples: readonly T[]) => B;
  /** Batches that are asked for before they are needed. @defaultValue 1 */
  prefetch?: number;
}

/** Ways of making one batch of samples (Gluon's batchify). */
export const batchify: {
  /** Tensors with a new first axis. */
  stack<T>(): (samples: readonly T[]) => Stacked<T>;
  /** The same, with shorter tensors filled up. */
  pad<T>(options?: PadOptions): (samples: readonly T[]) => Stacked<T>;
  /** The samples as they are, in an array. */
  asList<T>(): (samples: readonly T[]) => T[];
  /** A way of its own for each part of the samples. */
  group<F extends readonly ((parts: never) => unknown)[]>(
    ...functions: F
  ): (samples: readonly (readonly unknown[])[]) => { -readonly [K in keyof F]: ReturnType<F[K]> };
} = {
  stack: () => (samples) => stackTrees('batchify.stack', samples, null),
  pad:
    (options = {}) =>
    (samples) =>
      stackTrees('batchify.pad', samples, options),
  asList: () => (samples) => [...samples],
  group:
    (...functions) =>
    (samples) =>
      functions.map((f, i) => f(samples.map((sample) => sample[i]) as never)) as never,
};

/**
 * Goes through an indexed dataset in batches, epoch after epoch (Gluon's and PyTorch's DataLoader).
 *
 * @throws ArgumentError for options that exclude each other
 * @see https://mxnet.apache.org/api/python/docs/api/gluon/data/index.html#mxnet.gluon.data.DataLoader
 * @example
 * const loader = new nn.data.DataLoader(new nn.data.ArrayDataset([x, y]), { batchSize: 4, shuffle: true, seed: 1 });
 * let seen = 0;
 * for await (const [xBatch] of loader) seen += xBatch.shape[0]!;
 * seen; // → 8
 */
export class DataLoader<T, B = Stacked<T>> implements AsyncIterable<B> {
  private readonly sampling: BatchSampling;
  private readonly collate: (samples: readonly T[]) => B;
  private readonly prefetch: number;
  private epochs = 0;

  constructor(
    private readonly dataset: IndexedDataset<T>,
    options: DataLoaderOptions<T, B> = {},
  ) {
    const name = 'DataLoader';
    const names = ['batchSize', 'shuffle', 'seed', 'sampler', 'batchSampler', 'lastBatch', 'collate', 'prefetch'];
    checkOptions(name, options, names);
    if (typeof dataset?.get !== 'function' || typeof dataset.length !== 'number')
      throw new ArgumentError(
        name,
        `got dataset ${shown(dataset)}; expected an object with length and get(index)`,
        'For example new nn.data.ArrayDataset([x, y]).',
      );
    const { batchSize, shuffle, seed, sampler, batchSampler, lastBatch, collate } = options;
    const beside = (given: string, others: Record<string, unknown>): void => {
      const wrong = Object.keys(others).filter((key) => others[key] !== undefined);
      if (wrong.length > 0)
        throw new ArgumentError(name, `got ${given} beside ${wrong.join(', ')}, which it stands for`);
    };
    if (batchSampler !== undefined) beside('batchSampler', { batchSize, shuffle, seed, sampler, lastBatch });
    if (sampler !== undefined) beside('sampler', { shuffle, seed });
    const { length } = dataset;
    const order =
      sampler ??
      (checkBoolean(name, 'shuffle', shuffle ?? false)
        ? new RandomSampler(length, seed === undefined ? {} : { seed })
        : new SequentialSampler(length));
    this.sampling = batchSampler ?? new BatchSampler(order, batchSize ?? 1, lastBatch ?? 'keep');
    if (collate !== undefined && typeof collate !== 'function')
      throw new ArgumentError(name, `got collate ${shown(collate)}; expected a function of an array of samples`);
    this.collate = collate ?? (batchify.stack<T>() as unknown as (samples: readonly T[]) => B);
    this.prefetch = checkNumber(name, 'prefetch', options.prefetch ?? 1, { atLeast: 1, whole: true });
  }

  /** Batches in an epoch. */
  get length(): number {
    return this.sampling.length;
  }

  /** The batches of the next epoch: the first loop is epoch 0. */
  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    return this.iterate(this.epochs++);
  }

  /** The batches of an epoch, counted from 0: the same ones each time the same epoch is asked for. */
  async *iterate(epoch: number): AsyncGenerator<B, void, undefined> {
    const coming: Promise<B>[] = [];
    for (const indices of this.sampling.batches(epoch)) {
      const batch = this.load(indices);
      // Its failure is heard of when its turn comes.
      batch.catch(() => {});
      coming.push(batch);
      if (coming.length > this.prefetch) yield await coming.shift()!;
    }
    for (const batch of coming) yield await batch;
  }

  private async load(indices: readonly number[]): Promise<B> {
    const { dataset } = this;
    if (dataset.getMany !== undefined) return this.collate(await dataset.getMany(indices));
    const samples = indices.map(async (index) => {
      try {
        return await dataset.get(index);
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        throw Object.assign(new CotangentError('DataLoader', `sample ${index}: ${problem}`), { cause: error });
      }
    });
    return this.collate(await Promise.all(samples));
  }
}
