/** Where batches come from: arrays of samples, datasets, generators. */

import { isTensor } from '@cotangent/autograd';
import { ArgumentError, Generator, ShapeError } from '@cotangent/kernels';
import { shown } from '../options.js';
import { checkTargets, countOf, cut, type Samples, type Structure, toStructure } from './samples.js';

/** What a step is given: inputs, targets and weights of some samples. */
// biome-ignore lint/suspicious/noExplicitAny: their structure is that of the model's inputs and outputs
export interface Batch<X = any, Y = any> {
  readonly x: X;
  /** Undefined where there are none. */
  readonly y: Y;
  /** What each sample counts, for each output or for all; undefined for 1. */
  readonly sampleWeight: Structure | undefined;
  /** Number of samples. */
  readonly size: number;
}

/** Batches as a dataset or generator gives them: `[x]`, `[x, y]` or `[x, y, sampleWeight]`; x alone where it is no array. */
export type GivenBatch = Samples | readonly [x: Samples, y?: Samples, sampleWeight?: Samples];

/** Anything that can be iterated over for batches. */
export type Batches = AsyncIterable<GivenBatch> | Iterable<GivenBatch>;

/** Batches over and over: a dataset, an iterable, or a function that begins anew. */
export type BatchSource =
  | Batches
  | (() => Batches)
  | {
      /** The batches of an epoch, counted from 0: the same ones each time it is asked for the same epoch. */
      iterate(epoch: number): Batches;
      readonly length?: number | undefined;
    };

/** A batch to come. It is made inside the scope of the step, which releases what was made for it. */
export interface Draw {
  make(): Batch;
}

/** Batches for epoch after epoch. */
export interface Source {
  /** Batches in an epoch, where that is known. */
  readonly steps: number | undefined;
  readonly samples: number | undefined;
  readonly batchSize: number | undefined;
  /** Draws for an epoch, without the first `skip` of them. */
  epoch(epoch: number, skip: number): AsyncIterator<Draw>;
  /** Ends what is still open. */
  close?(): Promise<void>;
}

/** Whether what a user passed gives batches, and is not samples itself. */
export function isBatchSource(given: unknown): given is BatchSource {
  if (typeof given === 'function') return true;
  if (typeof given !== 'object' || given === null || Array.isArray(given) || isTensor(given)) return false;
  if (ArrayBuffer.isView(given)) return false;
  return Symbol.asyncIterator in given || Symbol.iterator in given || 'iterate' in given;
}

/** In which order an epoch visits the samples: a function of the seed and the epoch alone. */
export function epochOrder(samples: number, seed: number, epoch: number): Int32Array {
  return new Generator(seed).fold(epoch).permutation(samples);
}

/** Samples in memory. */
export class ArraySource implements Source {
  readonly samples: number;
  readonly steps: number;

  constructor(
    readonly x: Structure,
    readonly y: Structure | undefined,
    readonly sampleWeight: Structure | undefined,
    readonly batchSize: number,
    /** Seed of the order; null for samples as they come. */
    private readonly seed: () => number | null,
  ) {
    this.samples = countOf(x);
    this.steps = Math.ceil(this.samples / batchSize);
  }

  async *epoch(epoch: number, skip: number): AsyncGenerator<Draw> {
    const { samples, batchSize } = this;
    const seed = this.seed();
    const order = seed === null ? null : epochOrder(samples, seed, epoch);
    for (let start = skip * batchSize; start < samples; start += batchSize) {
      const end = Math.min(samples, start + batchSize);
      const part = (data: Structure | undefined): Structure | undefined => data && cut(data, order, start, end);
      yield {
        make: () => ({ x: part(this.x), y: part(this.y), sampleWeight: part(this.sampleWeight), size: end - start }),
      };
    }
  }

  /** The samples from one to another, as they come. */
  slice(start: number, end: number, batchSize: number, seed: () => number | null): ArraySource {
    const part = (data: Structure | undefined): Structure | undefined => data && cut(data, null, start, end);
    return new ArraySource(part(this.x)!, part(this.y), part(this.sampleWeight), batchSize, seed);
  }
}

/** The first batches of each epoch alone. */
export class FirstSteps implements Source {
  readonly batchSize: number;
  readonly samples: number;

  constructor(
    private readonly source: ArraySource,
    readonly steps: number,
  ) {
    this.batchSize = source.batchSize;
    this.samples = Math.min(source.samples, steps * source.batchSize);
  }

  async *epoch(epoch: number, skip: number): AsyncGenerator<Draw> {
    const draws = this.source.epoch(epoch, skip);
    for (let step = skip; step < this.steps; step++) yield (await draws.next()).value as Draw;
    await draws.return(undefined);
  }
}

/** Samples as users pass them. @throws ArgumentError, ShapeError */
export function arraySource(
  operation: string,
  x: Samples,
  y: Samples | undefined,
  sampleWeight: Samples | undefined,
  batchSize: number,
  seed: () => number | null,
): ArraySource {
  const [inputs, targets] = [toStructure(operation, 'x', x), y === undefined ? y : toStructure(operation, 'y', y)];
  checkTargets(operation, inputs, targets);
  const weights = sampleWeight === undefined ? undefined : toStructure(operation, 'sampleWeight', sampleWeight);
  if (weights !== undefined && countOf(weights) !== countOf(inputs)) {
    throw new ShapeError(
      operation,
      { sampleWeight: [countOf(weights)], x: [countOf(inputs)] },
      'as many weights as samples (equal first axes)',
    );
  }
  return new ArraySource(inputs, targets, weights, batchSize, seed);
}

/** Batches that somebody else makes. */
export class GivenSource implements Source {
  readonly samples = undefined;
  readonly batchSize = undefined;
  readonly steps: number | undefined;
  /** Where `stepsPerEpoch` cuts epochs out of one long stream. */
  private stream: AsyncIterator<GivenBatch> | null = null;
  private taken = 0;
  /** How often the stream has begun. */
  private passes = 0;

  constructor(
    private readonly operation: string,
    private readonly given: BatchSource,
    private readonly stepsPerEpoch: number | undefined,
  ) {
    const { length } = given as { length?: unknown };
    const known = typeof given !== 'function' && typeof length === 'number' && Number.isFinite(length);
    this.steps = stepsPerEpoch ?? (known ? (length as number) : undefined);
  }

  async *epoch(epoch: number, skip: number): AsyncGenerator<Draw> {
    const { stepsPerEpoch, operation } = this;
    if (stepsPerEpoch === undefined) {
      const iterator = this.begin(epoch);
      let index = 0;
      try {
        for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
          if (index >= skip) yield drawOf(operation, next.value, index);
          index++;
        }
        if (index === 0) throw this.empty(epoch);
      } finally {
        await iterator.return?.();
      }
      return;
    }
    // One stream goes through all epochs; a run that is resumed goes through what it has had already.
    for (const behind = epoch * stepsPerEpoch + skip; this.taken < behind; ) await this.take();
    for (let step = skip; step < stepsPerEpoch; step++) yield drawOf(operation, await this.take(), step);
  }

  /** Ends the stream that `stepsPerEpoch` cuts. */
  async close(): Promise<void> {
    await this.stream?.return?.();
    this.stream = null;
  }

  private async take(): Promise<GivenBatch> {
    this.taken++;
    this.stream ??= this.begin(this.passes++);
    const next = await this.stream.next();
    if (!next.done) return next.value;
    this.stream = this.begin(this.passes++);
    const again = await this.stream.next();
    if (again.done) throw this.empty(this.passes - 1);
    return again.value;
  }

  private begin(epoch: number): AsyncIterator<GivenBatch> {
    const { given } = this;
    const batches = typeof given === 'function' ? given() : 'iterate' in given ? given.iterate(epoch) : given;
    if (batches !== null && typeof batches === 'object') {
      if (Symbol.asyncIterator in batches) return batches[Symbol.asyncIterator]();
      if (Symbol.iterator in batches) return asynchronous(batches[Symbol.iterator]());
    }
    throw new ArgumentError(
      this.operation,
      `got ${shown(batches)} from the function; expected something to iterate over`,
    );
  }

  private empty(epoch: number): ArgumentError {
    return new ArgumentError(
      this.operation,
      `ran out of batches: there are none for epoch ${epoch + 1}`,
      epoch === 0 ? undefined : 'A generator runs only once: pass the function that makes it, or a Dataset.',
    );
  }
}

function asynchronous<T>(iterator: Iterator<T>): AsyncIterator<T> {
  return {
    next: async () => iterator.next(),
    return: async (value) => iterator.return?.(await value) ?? { done: true, value: undefined },
  };
}

function drawOf(operation: string, given: GivenBatch, index: number): Draw {
  const name = `${operation} (batch ${index})`;
  const parts: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (parts.length > 3 || parts.length === 0)
    throw new ArgumentError(name, `got ${parts.length} parts; expected [x], [x, y] or [x, y, sampleWeight]`);
  const [x, y, sampleWeight] = parts as [Samples, Samples?, Samples?];
  return {
    make: () => {
      const { x: inputs, y: targets, sampleWeight: weights } = arraySource(name, x, y, sampleWeight, 1, () => null);
      return { x: inputs, y: targets, sampleWeight: weights, size: countOf(inputs) };
    },
  };
}
