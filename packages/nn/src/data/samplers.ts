/** In which order a `DataLoader` visits the samples (Gluon's and PyTorch's samplers). */

import { ArgumentError, defaultGenerator, Generator } from '@cotangent/kernels';
import { checkBoolean, checkChoice, checkNumber, checkOptions, shown } from '../options.js';

/** Numbers of samples, epoch after epoch: a function of the epoch and its seed alone. */
export interface Sampler {
  /** How many an epoch has. */
  readonly length: number;
  indices(epoch: number): Iterable<number>;
}

/** Lists of numbers: one for each batch. */
export interface BatchSampling {
  readonly length: number;
  batches(epoch: number): Iterable<readonly number[]>;
}

/** Options of samplers that draw. */
export interface RandomSamplerOptions {
  /** @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** Options of `WeightedRandomSampler`. */
export interface WeightedRandomSamplerOptions extends RandomSamplerOptions {
  /** Samples in an epoch. @defaultValue as many as there are weights */
  count?: number;
  /** Whether a sample may come twice. @defaultValue true */
  replacement?: boolean;
}

const seedOf = (seed: number | undefined): Generator =>
  new Generator(seed ?? Math.floor(defaultGenerator().uniform() * 2 ** 52));

const checkLength = (operation: string, length: number): number =>
  checkNumber(operation, 'length', length, { atLeast: 0, whole: true });

/**
 * 0, 1, 2, …
 *
 * @throws ArgumentError for a length below 0
 * @example
 * [...new nn.data.SequentialSampler(3).indices(0)]; // → [0, 1, 2]
 */
export class SequentialSampler implements Sampler {
  readonly length: number;

  constructor(length: number) {
    this.length = checkLength('SequentialSampler', length);
  }

  *indices(): Sequence<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** What a generator function gives. */
type Sequence<T> = globalThis.Generator<T, void, unknown>;

/**
 * A new permutation every epoch.
 *
 * @throws ArgumentError for a length or a seed below 0
 * @example
 * [...new nn.data.RandomSampler(4, { seed: 1 }).indices(0)].sort(); // → [0, 1, 2, 3]
 */
export class RandomSampler implements Sampler {
  readonly length: number;
  private readonly generator: Generator;

  constructor(length: number, options: RandomSamplerOptions = {}) {
    checkOptions('RandomSampler', options, ['seed']);
    this.length = checkLength('RandomSampler', length);
    this.generator = seedOf(options.seed);
  }

  indices(epoch: number): Iterable<number> {
    return this.generator.fold(epoch).permutation(this.length);
  }
}

/**
 * Some samples, in a new order every epoch.
 *
 * @example
 * [...new nn.data.SubsetRandomSampler([4, 8], { seed: 1 }).indices(0)].sort(); // → [4, 8]
 */
export class SubsetRandomSampler implements Sampler {
  private readonly generator: Generator;

  constructor(
    private readonly subset: readonly number[],
    options: RandomSamplerOptions = {},
  ) {
    checkOptions('SubsetRandomSampler', options, ['seed']);
    this.generator = seedOf(options.seed);
  }

  get length(): number {
    return this.subset.length;
  }

  indices(epoch: number): Iterable<number> {
    return Array.from(this.generator.fold(epoch).permutation(this.length), (i) => this.subset[i]!);
  }
}

/**
 * Samples drawn as often as their weights say: for classes of different sizes.
 *
 * @throws ArgumentError for options out of range
 * @example
 * [...new nn.data.WeightedRandomSampler([0, 0, 1], { count: 4, seed: 1 }).indices(0)]; // → [2, 2, 2, 2]
 */
export class WeightedRandomSampler implements Sampler {
  readonly length: number;
  private readonly generator: Generator;
  private readonly replacement: boolean;

  /** @throws ArgumentError for weights that are negative or all 0; for more samples than weights without replacement */
  constructor(
    private readonly weights: readonly number[],
    options: WeightedRandomSamplerOptions = {},
  ) {
    const name = 'WeightedRandomSampler';
    checkOptions(name, options, ['seed', 'count', 'replacement']);
    for (const weight of weights) checkNumber(name, 'weight', weight, { atLeast: 0 });
    this.length = checkLength(name, options.count ?? weights.length);
    this.replacement = checkBoolean(name, 'replacement', options.replacement ?? true);
    const positive = weights.filter((weight) => weight > 0).length;
    if (positive === 0) throw new ArgumentError(name, 'got no weight above 0');
    if (!this.replacement && this.length > positive)
      throw new ArgumentError(
        name,
        `got count ${this.length} without replacement; only ${positive} weights are above 0`,
      );
    this.generator = seedOf(options.seed);
  }

  *indices(epoch: number): Sequence<number> {
    const generator = this.generator.fold(epoch);
    const weights = [...this.weights];
    let total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let drawn = 0; drawn < this.length; drawn++) {
      let left = generator.uniform() * total;
      let at = weights.findIndex((weight) => {
        left -= weight;
        return weight > 0 && left < 0;
      });
      if (at < 0) at = weights.findLastIndex((weight) => weight > 0);
      yield at;
      if (this.replacement) continue;
      total -= weights[at]!;
      weights[at] = 0;
    }
  }
}

/**
 * 0, k, 2k, …, then 1, k + 1, … (Gluon's IntervalSampler).
 *
 * @throws ArgumentError for options out of range
 * @example
 * [...new nn.data.IntervalSampler(5, 2).indices(0)]; // → [0, 2, 4, 1, 3]
 */
export class IntervalSampler implements Sampler {
  readonly length: number;
  private readonly interval: number;

  constructor(length: number, interval: number) {
    this.length = checkLength('IntervalSampler', length);
    this.interval = checkNumber('IntervalSampler', 'interval', interval, { atLeast: 1, whole: true });
  }

  *indices(): Sequence<number> {
    for (let start = 0; start < Math.min(this.interval, this.length); start++)
      for (let i = start; i < this.length; i += this.interval) yield i;
  }
}

/** What becomes of a last batch that is short: it is kept, left out, or waits for the next epoch. */
export type LastBatch = 'keep' | 'discard' | 'rollover';

/**
 * Cuts what a sampler gives into batches.
 *
 * @throws ArgumentError for a sampler without `indices(epoch)`, a size that is not positive, or another `lastBatch`
 * @example
 * [...new nn.data.BatchSampler(new nn.data.SequentialSampler(5), 2, 'discard').batches(0)]; // → [[0, 1], [2, 3]]
 */
export class BatchSampler implements BatchSampling {
  private readonly batchSize: number;
  private readonly lastBatch: LastBatch;

  constructor(
    private readonly sampler: Sampler,
    batchSize: number,
    lastBatch: LastBatch = 'keep',
  ) {
    if (typeof sampler?.indices !== 'function')
      throw new ArgumentError('BatchSampler', `got sampler ${shown(sampler)}; expected an object with indices(epoch)`);
    this.batchSize = checkNumber('BatchSampler', 'batchSize', batchSize, { atLeast: 1, whole: true });
    this.lastBatch = checkChoice('BatchSampler', 'lastBatch', lastBatch, ['keep', 'discard', 'rollover']);
  }

  /** Of the first epoch, where what is left over changes it. */
  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.lastBatch === 'keep' ? Math.ceil(batches) : Math.floor(batches);
  }

  *batches(epoch: number): Sequence<readonly number[]> {
    // What waits from the epochs before is known from their numbers alone.
    const waiting = this.lastBatch === 'rollover' ? (epoch * this.sampler.length) % this.batchSize : 0;
    let batch: number[] = waiting === 0 ? [] : this.leftFrom(epoch - 1, waiting);
    for (const index of this.sampler.indices(epoch)) {
      batch.push(index);
      if (batch.length < this.batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0 && this.lastBatch === 'keep') yield batch;
  }

  /** The last samples up to and with an epoch, `count` of them. */
  private leftFrom(epoch: number, count: number): number[] {
    if (count === 0 || epoch < 0) return [];
    const indices = [...this.sampler.indices(epoch)];
    if (indices.length >= count) return indices.slice(indices.length - count);
    return [...this.leftFrom(epoch - 1, count - indices.length), ...indices];
  }
}
