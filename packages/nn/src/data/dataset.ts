/**
 * Datasets: elements, lazily, epoch after epoch. Which elements come in which order is a function of the seeds, the number of the
 * epoch and the elements alone, so that a run can go on in the middle of an epoch.
 */

import { ArgumentError, CotangentError, defaultGenerator, Generator } from '@cotangent/kernels';
import { checkBoolean, checkNumber, checkOptions, shown } from '../options.js';
import { countAlong, entryOf, type PadOptions, type Stacked, stackTrees } from './trees.js';

/** What can be gone through for elements. */
export type Elements<T> = Iterable<T> | AsyncIterable<T>;

/** One entry of a tree of tensors and arrays. */
export type Entry<T> = T extends readonly string[]
  ? string
  : T extends readonly (number | boolean)[] | ArrayBufferView
    ? number
    : T extends readonly unknown[] | { readonly dtype: unknown }
      ? T extends readonly unknown[]
        ? { -readonly [K in keyof T]: Entry<T[K]> }
        : T
      : T extends object
        ? { -readonly [K in keyof T]: Entry<T[K]> }
        : T;

/** What a function of `map` is told besides the element. */
export interface MapContext {
  /** Number of the element in the epoch, from 0. */
  readonly index: number;
  /** Random numbers for this element of this epoch, whatever else runs. */
  readonly generator: Generator;
}

/** Options of `map`. */
export interface MapOptions {
  /** How many calls of an asynchronous function may run at a time; the order stays. @defaultValue 1 */
  concurrency?: number;
  /** Seed of the generators it is given. @defaultValue drawn from the global generator */
  seed?: number;
}

/** Options of `batch`. */
export interface BatchOptions {
  /** Whether to leave out a last batch that is short. @defaultValue false */
  dropRemainder?: boolean;
  /** Fill shorter tensors up to the longest of the batch. @defaultValue elements have to be of one shape */
  pad?: PadOptions;
}

/** Options of `shuffle`. */
export interface ShuffleOptions {
  /** How many elements to draw from at a time: less memory, less mixing. @defaultValue all of them */
  bufferSize?: number;
  /** @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
  /** Whether every epoch has another order. @defaultValue true */
  reshuffleEachEpoch?: boolean;
}

/** Options of `window`. */
export interface WindowOptions {
  /** Elements in a window. */
  size: number;
  /** From the beginning of one window to that of the next. @defaultValue size */
  shift?: number;
  /** From one element of a window to the next. @defaultValue 1 */
  stride?: number;
  /** Whether to leave out last windows that are short. @defaultValue false */
  dropRemainder?: boolean;
}

/** Options of `interleave`. */
export interface InterleaveOptions {
  /** How many inner datasets are open at a time. @defaultValue 2 */
  cycleLength?: number;
  /** Elements that are taken from one before it is the next one's turn. @defaultValue 1 */
  blockLength?: number;
}

const counting = { atLeast: 1, whole: true };
const fromZero = { atLeast: 0, whole: true };

/** A seed of its own for a step that was given none. */
const seedOf = (seed: number | undefined): number => {
  const chosen = seed ?? Math.floor(defaultGenerator().uniform() * 2 ** 52);
  return new Generator(chosen) && chosen;
};

/** Epochs of what is inside a `repeat` lie so far apart from those of the next. */
const passesPerEpoch = 2 ** 24;

/**
 * A lazy, immutable sequence of elements: each method gives another dataset. Elements are any trees; `batch` makes tensors of them.
 *
 * @example
 * const batches = nn.data.Dataset.fromTensors([x, y]).shuffle({ seed: 1 }).batch(4).prefetch(2);
 * const { history } = await model.fit(batches, { epochs: 3, verbose: 0 });
 * history.loss!.length; // → 3
 */
export class Dataset<T> implements AsyncIterable<T> {
  private passes = 0;

  private constructor(
    private readonly begin: (epoch: number) => Elements<T>,
    /** Number of elements of an epoch; undefined where it is not known, Infinity where there is no end. */
    readonly length: number | undefined,
  ) {}

  // ---- where elements come from -------------------------------------------------------------------------------------------

  /**
   * The entries along the first axis of all parts of a tree: `[images, labels]` gives `[image, label]`, `{ x, y }` gives `{ x, y }`.
   *
   * @param tree tensors, typed arrays, arrays of numbers or texts, alone or in tuples and plain objects
   * @throws ArgumentError where they differ in their number of entries
   * @see https://www.tensorflow.org/api_docs/python/tf/data/Dataset#from_tensor_slices
   */
  static fromTensors<const T>(tree: T): Dataset<Entry<T>> {
    const length = countAlong('Dataset.fromTensors', tree);
    return new Dataset(function* () {
      for (let i = 0; i < length; i++) yield entryOf(tree, i) as Entry<T>;
    }, length);
  }

  /** The elements of an array as they are. */
  static fromArray<T>(elements: readonly T[]): Dataset<T> {
    if (!Array.isArray(elements))
      throw new ArgumentError('Dataset.fromArray', `got ${shown(elements)}; expected an array`);
    return new Dataset(() => elements, elements.length);
  }

  /**
   * What a function gives each time it is called: a generator, or anything else to go through.
   *
   * @param make is told the number of the epoch
   * @param length of an epoch, where it is known
   */
  static fromGenerator<T>(make: (epoch: number) => Elements<T>, length?: number): Dataset<T> {
    if (typeof make !== 'function')
      throw new ArgumentError(
        'Dataset.fromGenerator',
        `got ${shown(make)}; expected a function`,
        'Pass the generator function itself: a generator runs only once.',
      );
    if (length !== undefined) checkNumber('Dataset.fromGenerator', 'length', length, fromZero);
    return new Dataset(make, length);
  }

  /** The whole numbers from `start` (0) to `stop`, without it. */
  static range(start: number, stop?: number): Dataset<number> {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    for (const bound of [from, to]) checkNumber('Dataset.range', 'bound', bound, { whole: true });
    const length = Math.max(0, to - from);
    return new Dataset(function* () {
      for (let i = 0; i < length; i++) yield from + i;
    }, length);
  }

  /** Elements of several datasets side by side, in a list, until the shortest ends. */
  static zip<T extends readonly unknown[]>(datasets: { readonly [K in keyof T]: Dataset<T[K]> }): Dataset<T> {
    const list = datasets as unknown as readonly Dataset<unknown>[];
    if (!Array.isArray(list) || list.length === 0)
      throw new ArgumentError('Dataset.zip', `got ${shown(list)}; expected an array of datasets`);
    const lengths = list.map(({ length }) => length);
    const known = lengths.every((length) => length !== undefined) ? Math.min(...(lengths as number[])) : undefined;
    return new Dataset(async function* (epoch) {
      const iterators = list.map((dataset) => dataset.iterate(epoch));
      try {
        for (;;) {
          const results = [];
          for (const iterator of iterators) {
            const next = await iterator.next();
            if (next.done) return;
            results.push(next.value);
          }
          yield results as unknown as T;
        }
      } finally {
        for (const iterator of iterators) await iterator.return(undefined);
      }
    }, known);
  }

  // ---- going through them ---------------------------------------------------------------------------------------------------

  /**
   * The elements of an epoch, counted from 0: the same ones in the same order each time the same epoch is asked for.
   *
   * @throws ArgumentError for an epoch below 0
   */
  async *iterate(epoch: number): AsyncGenerator<T, void, undefined> {
    checkNumber('Dataset.iterate', 'epoch', epoch, fromZero);
    yield* this.begin(epoch);
  }

  /** The elements of the next epoch: the first loop over the dataset is epoch 0. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.iterate(this.passes++);
  }

  /** All elements of the next epoch. @throws ArgumentError for a dataset without end */
  async toArray(): Promise<T[]> {
    if (this.length === Number.POSITIVE_INFINITY)
      throw new ArgumentError('Dataset.toArray', 'the dataset has no end', 'Take a part of it: .take(n).');
    const elements: T[] = [];
    for await (const element of this) elements.push(element);
    return elements;
  }

  /** Calls a function with every element of the next epoch, waiting for each call. */
  async forEach(f: (element: T, index: number) => unknown): Promise<void> {
    let index = 0;
    for await (const element of this) await f(element, index++);
  }

  // ---- steps ----------------------------------------------------------------------------------------------------------------

  /**
   * Each element changed by a function, which may be asynchronous. The order stays.
   *
   * @throws CotangentError in iterating, with the number of the element and the error as its `cause`, where the function fails; ArgumentError for something else than a function, or a `concurrency` that is not positive
   * @example
   * const flip = new nn.RandomFlip({ mode: 'horizontal' });
   * const flipped = nn.data.Dataset.fromTensors(images).map((image, { generator }) => flip.call(image, { generator }), { seed: 1 });
   * (await flipped.toArray()).length; // → 8
   */
  map<R>(f: (element: T, context: MapContext) => R | Promise<R>, options: MapOptions = {}): Dataset<R> {
    checkOptions('Dataset.map', options, ['concurrency', 'seed']);
    checkFunction('Dataset.map', f);
    const concurrency = checkNumber('Dataset.map', 'concurrency', options.concurrency ?? 1, counting);
    const seed = seedOf(options.seed);
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      const ofEpoch = new Generator(seed).fold(epoch);
      const call = async (element: T, index: number): Promise<R> => {
        let generator: Generator | null = null;
        const context = {
          index,
          get generator() {
            generator ??= ofEpoch.fold(index);
            return generator;
          },
        };
        try {
          return await f(element, context);
        } catch (error) {
          throw failed('Dataset.map', index, error);
        }
      };
      let index = 0;
      if (concurrency === 1) {
        for await (const element of source(epoch)) yield await call(element, index++);
        return;
      }
      const running: Promise<R>[] = [];
      for await (const element of source(epoch)) {
        running.push(quiet(call(element, index++)));
        if (running.length === concurrency) yield await running.shift()!;
      }
      for (const result of running) yield await result;
    }, this.length);
  }

  /** The elements that a function, which may be asynchronous, says true of. */
  filter<S extends T>(f: (element: T, index: number) => element is S): Dataset<S>;
  filter(f: (element: T, index: number) => boolean | Promise<boolean>): Dataset<T>;
  filter(f: (element: T, index: number) => boolean | Promise<boolean>): Dataset<T> {
    checkFunction('Dataset.filter', f);
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      let index = 0;
      for await (const element of source(epoch)) {
        const keep = await attempt('Dataset.filter', index, () => f(element, index));
        index++;
        if (keep) yield element;
      }
    }, undefined);
  }

  /**
   * The elements of all that a function makes of the elements, one after the other.
   *
   * @throws ArgumentError for something else than a function
   */
  flatMap<R>(f: (element: T, index: number) => Elements<R>): Dataset<R> {
    checkFunction('Dataset.flatMap', f);
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      let index = 0;
      for await (const element of source(epoch)) {
        const inner = await attempt('Dataset.flatMap', index, () => f(element, index));
        index++;
        yield* inOrder(inner, epoch);
      }
    }, undefined);
  }

  /**
   * Elements of several inner datasets in turn: the first `cycleLength` are open at a time, and a new one takes the place of one that ends.
   *
   * @throws ArgumentError for something else than a function, or lengths that are not positive
   * @see https://www.tensorflow.org/api_docs/python/tf/data/Dataset#interleave
   */
  interleave<R>(f: (element: T, index: number) => Elements<R>, options: InterleaveOptions = {}): Dataset<R> {
    const name = 'Dataset.interleave';
    checkFunction(name, f);
    checkOptions(name, options, ['cycleLength', 'blockLength']);
    const cycleLength = checkNumber(name, 'cycleLength', options.cycleLength ?? 2, counting);
    const blockLength = checkNumber(name, 'blockLength', options.blockLength ?? 1, counting);
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      const outer = source(epoch);
      let index = 0;
      const open: (AsyncGenerator<R> | null)[] = [];
      const nextInner = async (): Promise<AsyncGenerator<R> | null> => {
        const next = await outer.next();
        if (next.done) return null;
        const inner = await attempt(name, index, () => f(next.value, index));
        index++;
        return inOrder(inner, epoch);
      };
      try {
        while (open.length < cycleLength) {
          const inner = await nextInner();
          if (inner === null) break;
          open.push(inner);
        }
        while (open.some((inner) => inner !== null)) {
          for (let slot = 0; slot < open.length; slot++) {
            for (let taken = 0; taken < blockLength && open[slot] !== null; taken++) {
              const next = await open[slot]!.next();
              if (!next.done) {
                yield next.value;
                continue;
              }
              open[slot] = await nextInner();
              break;
            }
          }
        }
      } finally {
        for (const inner of open) await inner?.return(undefined);
        await outer.return();
      }
    }, undefined);
  }

  /**
   * Every `size` elements stacked into one: tensors and numbers get a new first axis, texts become arrays.
   *
   * @throws ArgumentError, ShapeError in iterating, for elements that do not fit together; ArgumentError for a size that is not positive
   */
  batch(size: number, options: BatchOptions = {}): Dataset<Stacked<T>> {
    const name = 'Dataset.batch';
    checkNumber(name, 'size', size, counting);
    checkOptions(name, options, ['dropRemainder', 'pad']);
    const dropRemainder = checkBoolean(name, 'dropRemainder', options.dropRemainder ?? false);
    const padding = options.pad ?? null;
    if (padding !== null) {
      checkOptions(`${name} (pad)`, padding, ['value', 'multiple']);
      checkNumber(`${name} (pad)`, 'value', padding.value ?? 0);
      checkNumber(`${name} (pad)`, 'multiple', padding.multiple ?? 1, counting);
    }
    const source = this.iterate.bind(this);
    const { length } = this;
    const batches =
      length === undefined ? undefined : dropRemainder ? Math.floor(length / size) : Math.ceil(length / size);
    return new Dataset(async function* (epoch) {
      let elements: T[] = [];
      for await (const element of source(epoch)) {
        elements.push(element);
        if (elements.length < size) continue;
        yield stackTrees(name, elements, padding);
        elements = [];
      }
      if (elements.length > 0 && !dropRemainder) yield stackTrees(name, elements, padding);
    }, batches);
  }

  /** The entries along the first axis of every element, one by one: the opposite of `batch`. */
  unbatch(): Dataset<Entry<T>> {
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      for await (const element of source(epoch)) {
        const count = countAlong('Dataset.unbatch', element);
        for (let i = 0; i < count; i++) yield entryOf(element, i) as Entry<T>;
      }
    }, undefined);
  }

  /**
   * The elements in a random order.
   *
   * @throws ArgumentError for a dataset without an end where no `bufferSize` is given, or one that is not positive
   */
  shuffle(options: ShuffleOptions = {}): Dataset<T> {
    const name = 'Dataset.shuffle';
    checkOptions(name, options, ['bufferSize', 'seed', 'reshuffleEachEpoch']);
    const bufferSize = options.bufferSize ?? Number.POSITIVE_INFINITY;
    if (bufferSize !== Number.POSITIVE_INFINITY) checkNumber(name, 'bufferSize', bufferSize, counting);
    else if (this.length === Number.POSITIVE_INFINITY)
      throw new ArgumentError(name, 'the dataset has no end', 'Pass a bufferSize, or shuffle before repeat.');
    const reshuffle = checkBoolean(name, 'reshuffleEachEpoch', options.reshuffleEachEpoch ?? true);
    const seed = seedOf(options.seed);
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      const generator = new Generator(seed).fold(reshuffle ? epoch : 0);
      const buffer: T[] = [];
      const draw = (): T => {
        const at = Math.floor(generator.uniform() * buffer.length);
        const drawn = buffer[at]!;
        const last = buffer.pop()!;
        if (at < buffer.length) buffer[at] = last;
        return drawn;
      };
      for await (const element of source(epoch)) {
        buffer.push(element);
        if (buffer.length >= bufferSize) yield draw();
      }
      while (buffer.length > 0) yield draw();
    }, this.length);
  }

  /**
   * Asks for the next `count` elements before they are needed: loading goes on while a model is trained.
   *
   * @throws ArgumentError for a count that is not positive
   */
  prefetch(count: number): Dataset<T> {
    checkNumber('Dataset.prefetch', 'count', count, counting);
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      const inner = source(epoch);
      const coming: Promise<IteratorResult<T, void>>[] = [];
      try {
        for (;;) {
          while (coming.length < count) coming.push(quiet(inner.next()));
          const next = await coming.shift()!;
          if (next.done) return;
          yield next.value;
        }
      } finally {
        await inner.return();
      }
    }, this.length);
  }

  /** Keeps the elements of epoch 0 in memory once all have come, and gives them in every epoch. Shuffle after it. */
  cache(): Dataset<T> {
    let kept: readonly T[] | null = null;
    const source = this.iterate.bind(this);
    return new Dataset(async function* () {
      if (kept !== null) {
        yield* kept;
        return;
      }
      const elements: T[] = [];
      for await (const element of source(0)) {
        elements.push(element);
        yield element;
      }
      kept = elements;
    }, this.length);
  }

  /**
   * The dataset so many times over, each time with the order of another epoch; without a number for ever.
   *
   * @throws ArgumentError for a count below 0
   */
  repeat(count: number = Number.POSITIVE_INFINITY): Dataset<T> {
    if (count !== Number.POSITIVE_INFINITY) checkNumber('Dataset.repeat', 'count', count, fromZero);
    const source = this.iterate.bind(this);
    const { length } = this;
    const total = length === 0 || count === 0 ? 0 : length === undefined ? undefined : length * count;
    return new Dataset(async function* (epoch) {
      for (let pass = 0; pass < count; pass++) {
        let none = true;
        for await (const element of source(epoch * Math.min(count, passesPerEpoch) + pass)) {
          none = false;
          yield element;
        }
        if (none) return;
      }
    }, total);
  }

  /** The first `count` elements. @throws ArgumentError for a count below 0 */
  take(count: number): Dataset<T> {
    checkNumber('Dataset.take', 'count', count, fromZero);
    const source = this.iterate.bind(this);
    const { length } = this;
    return new Dataset(
      async function* (epoch) {
        if (count === 0) return;
        let taken = 0;
        for await (const element of source(epoch)) {
          yield element;
          if (++taken === count) return;
        }
      },
      length === undefined ? undefined : Math.min(length, count),
    );
  }

  /** All but the first `count` elements. @throws ArgumentError for a count below 0 */
  skip(count: number): Dataset<T> {
    checkNumber('Dataset.skip', 'count', count, fromZero);
    const source = this.iterate.bind(this);
    const { length } = this;
    return new Dataset(
      async function* (epoch) {
        let skipped = 0;
        for await (const element of source(epoch)) if (skipped++ >= count) yield element;
      },
      length === undefined ? undefined : Math.max(0, length - count),
    );
  }

  /**
   * Every `count`-th element, from number `index` on: the share of one of `count` workers.
   *
   * @throws ArgumentError for a count that is not positive, or an index not below it
   */
  shard(count: number, index: number): Dataset<T> {
    checkNumber('Dataset.shard', 'count', count, counting);
    checkNumber('Dataset.shard', 'index', index, { ...fromZero, below: count });
    const source = this.iterate.bind(this);
    const { length } = this;
    return new Dataset(
      async function* (epoch) {
        let at = 0;
        for await (const element of source(epoch)) if (at++ % count === index) yield element;
      },
      length === undefined
        ? undefined
        : length === Number.POSITIVE_INFINITY
          ? length
          : Math.max(0, Math.ceil((length - index) / count)),
    );
  }

  /** The elements of this dataset, and then those of others. */
  concat(...others: readonly Dataset<T>[]): Dataset<T> {
    const all = [this, ...others];
    const lengths = all.map(({ length }) => length);
    const total = lengths.every((length) => length !== undefined)
      ? (lengths as number[]).reduce((sum, length) => sum + length, 0)
      : undefined;
    return new Dataset(async function* (epoch) {
      for (const dataset of all) yield* dataset.iterate(epoch);
    }, total);
  }

  /**
   * Elements with their numbers: `[index, element]`.
   *
   * @throws ArgumentError for a start that is no whole number
   */
  enumerate(start: number = 0): Dataset<[index: number, element: T]> {
    checkNumber('Dataset.enumerate', 'start', start, { whole: true });
    const source = this.iterate.bind(this);
    return new Dataset(async function* (epoch) {
      let index = start;
      for await (const element of source(epoch)) yield [index++, element];
    }, this.length);
  }

  /**
   * Arrays of `size` elements that follow each other, overlapping where `shift` is less.
   *
   * @throws ArgumentError for a size, shift or stride that is not positive
   * @see https://www.tensorflow.org/api_docs/python/tf/data/Dataset#window
   */
  window(options: WindowOptions): Dataset<T[]> {
    const name = 'Dataset.window';
    checkOptions(name, options, ['size', 'shift', 'stride', 'dropRemainder']);
    const size = checkNumber(name, 'size', options.size, counting);
    const shift = checkNumber(name, 'shift', options.shift ?? size, counting);
    const stride = checkNumber(name, 'stride', options.stride ?? 1, counting);
    const dropRemainder = checkBoolean(name, 'dropRemainder', options.dropRemainder ?? false);
    const span = (size - 1) * stride + 1;
    const { length } = this;
    const source = this.iterate.bind(this);
    return new Dataset(
      async function* (epoch) {
        /** Elements from number `start` on. */
        let kept: T[] = [];
        let start = 0;
        let at = 0;
        const strided = (): T[] => kept.slice(0, span).filter((_, i) => i % stride === 0);
        for await (const element of source(epoch)) {
          if (at++ >= start) kept.push(element);
          if (kept.length < span) continue;
          yield strided();
          start += shift;
          kept = kept.slice(shift);
        }
        for (; !dropRemainder && start < at; start += shift, kept = kept.slice(shift)) yield strided();
      },
      length === undefined || length === Number.POSITIVE_INFINITY
        ? length
        : dropRemainder
          ? Math.max(0, Math.floor((length - span) / shift) + 1)
          : Math.ceil(length / shift),
    );
  }
}

/** A dataset inside another one has the epoch of the outer; anything else is gone through as it is. */
async function* inOrder<R>(inner: Elements<R>, epoch: number): AsyncGenerator<R> {
  if (inner instanceof Dataset) yield* (inner as Dataset<R>).iterate(epoch);
  else yield* inner;
}

/** A promise whose failure is heard of when it is awaited, and not before. */
function quiet<P>(promise: Promise<P>): Promise<P> {
  promise.catch(() => {});
  return promise;
}

function checkFunction(operation: string, f: unknown): void {
  if (typeof f !== 'function') throw new ArgumentError(operation, `got ${shown(f)}; expected a function`);
}

async function attempt<R>(operation: string, index: number, f: () => R | Promise<R>): Promise<R> {
  try {
    return await f();
  } catch (error) {
    throw failed(operation, index, error);
  }
}

/** Says in which element a user's function failed. */
function failed(operation: string, index: number, error: unknown): CotangentError {
  const problem = error instanceof Error ? error.message : String(error);
  return Object.assign(new CotangentError(operation, `the function failed for element ${index}: ${problem}`), {
    cause: error,
  });
}
