/** Streams of random numbers. */

import type { Block } from '../block.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { ArgumentError, FormatError, invariant } from '../errors.js';
import { simdAvailable } from '../wasm/load.js';
import { randomUniformModule } from '../wasm/randomUniform.js';
import { normalQuantile } from './normal.js';
import { threefry2x32 } from './threefry.js';

/** Bounds of uniform numbers. */
export interface UniformOptions {
  /** Smallest value. @defaultValue 0 */
  low?: number;
  /** Never reached. @defaultValue 1 */
  high?: number;
}

/** Parameters of normal numbers. */
export interface NormalOptions {
  /** @defaultValue 0 */
  mean?: number;
  /** @defaultValue 1 */
  standardDeviation?: number;
}

/** Everything a generator is, as plain data: what a checkpoint stores. */
export interface GeneratorState {
  /** Two unsigned 32-bit words. */
  readonly key: readonly [number, number];
  /** Position in the stream, low and high 32-bit word. */
  readonly counter: readonly [number, number];
}

const twoTo32 = 2 ** 32;
const isWord = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < twoTo32;
const isWordPair = (value: unknown): value is readonly [number, number] =>
  Array.isArray(value) && value.length === 2 && value.every(isWord);

/** From the first whole number that a dtype holds with all its neighbours to one past the last. */
const wholeNumbers: Readonly<Record<DType, readonly [number, number]>> = {
  bool: [0, 2],
  uint8: [0, 2 ** 8],
  int32: [-(2 ** 31), 2 ** 31],
  float32: [-(2 ** 24), 2 ** 24],
  float64: [-(2 ** 53), 2 ** 53],
};

/** Φ(2) − Φ(−2) and Φ(−2): where a standard normal is cut off for `fillTruncatedNormal`. */
const lowerTail = 0.02275013194817921;
const middle = 1 - 2 * lowerTail;

/**
 * A stream of random numbers, Threefry-2x32-20 under a key: the same seed gives the same bits on every machine, and
 * `split` gives streams that are independent of each other.
 *
 * @throws ArgumentError for a seed that is no whole number from 0 to 2⁵³ − 1
 * @example
 * const generator = new Generator(42);
 * generator.uniform();
 */
export class Generator {
  private key: readonly [number, number];
  private low = 0;
  private high = 0;
  private readonly words = new Uint32Array(2);

  /** @param seed a whole number from 0 to 2⁵³ − 1; its two words are the key, as in JAX. @throws ArgumentError for others */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ArgumentError('Generator', `got seed ${String(seed)}; expected a whole number from 0 to 2^53 - 1`);
    }
    this.key = [Math.floor(seed / twoTo32), seed % twoTo32];
  }

  /** Key and position as plain data. */
  get state(): GeneratorState {
    return { key: this.key, counter: [this.low, this.high] };
  }

  /** Goes on from there. @throws FormatError unless it holds four 32-bit words */
  set state(state: GeneratorState) {
    const { key, counter } = Object(state) as Partial<GeneratorState>;
    if (!isWordPair(key) || !isWordPair(counter)) {
      throw new FormatError(
        'Generator.fromState',
        'expected { key: [word, word], counter: [word, word] }, where a word is a whole number from 0 to 2^32 - 1',
      );
    }
    this.key = [key[0], key[1]];
    [this.low, this.high] = counter;
  }

  /** Continues where `state` was taken. @throws FormatError unless it holds four 32-bit words */
  static fromState(state: GeneratorState): Generator {
    const generator = new Generator(0);
    generator.state = state;
    return generator;
  }

  /** The next 64 bits, in `words`. */
  private next(): void {
    threefry2x32(this.words, this.key[0], this.key[1], this.low, this.high);
    this.low = (this.low + 1) >>> 0;
    if (this.low === 0) this.high = (this.high + 1) >>> 0;
  }

  /**
   * Independent generators; this one moves on, so that splitting again gives others.
   *
   * @param count how many. @defaultValue 2
   * @throws ArgumentError unless it is a whole number, 0 or more
   */
  split(count: number = 2): Generator[] {
    checkCount('Generator.split', 'count', count);
    return Array.from({ length: count }, () => {
      this.next();
      return Generator.fromState({ key: [this.words[0]!, this.words[1]!], counter: [0, 0] });
    });
  }

  /**
   * An independent generator for each whole number, as JAX's `fold_in` makes it; this one does not move.
   *
   * @throws ArgumentError unless n is a whole number from 0 to 2⁵³ − 1
   */
  fold(n: number): Generator {
    checkCount('Generator.fold', 'n', n);
    threefry2x32(this.words, this.key[0], this.key[1], Math.floor(n / twoTo32), n % twoTo32);
    return Generator.fromState({ key: [this.words[0]!, this.words[1]!], counter: [0, 0] });
  }

  /** One number from [0, 1), with 53 random bits. */
  uniform(): number {
    this.next();
    return ((this.words[0]! >>> 5) * 2 ** 26 + (this.words[1]! >>> 6)) * 2 ** -53;
  }

  /**
   * Numbers drawn evenly from [low, high) for every element: 24 random bits for float32, 53 for float64. They are
   * rounded to the dtype of the block, but never up to `high`.
   *
   * @throws ArgumentError unless low < high, both finite and so is their difference
   */
  fillUniform(block: Block, { low = 0, high = 1 }: UniformOptions = {}): void {
    const span = high - low;
    if (!(Number.isFinite(low) && Number.isFinite(high) && Number.isFinite(span) && low < high)) {
      throw new ArgumentError(
        'randomUniform',
        `got low ${low} and high ${high}; expected finite numbers with low < high and a finite difference`,
      );
    }
    const single = block.dtype === 'float32';
    // Rounding low + u (high − low) to the dtype can give `high` itself; the number below it is the last one allowed.
    const last = previous(high, single);
    const done = single ? this.fillInSimd(block, 'uniform', low, span, last) : 0;
    this.fill(after(block, done), 2 ** -24, 2 ** -53, (u) => {
      const value = low + u * span;
      return (single ? Math.fround(value) : value) < high ? value : last;
    });
  }

  /**
   * true for every element of a block of bools with probability 1 − rate: where `fillUniform` would give a float32 of at least
   * `rate`, rounded to float32.
   *
   * @param rate from 0 to 1
   */
  fillMask(block: Block, rate: number): void {
    const least = Math.ceil(Math.fround(rate) * 2 ** 24);
    const done = this.fillInSimd(block, 'mask', least - 1);
    this.fill(after(block, done), 2 ** -24, 2 ** -53, (u) => (u * 2 ** 24 >= least ? 1 : 0));
  }

  /** Fills the beginning of a block in SIMD, eight elements at a time; gives how many it has filled. */
  private fillInSimd(block: Block, name: 'uniform' | 'mask', ...parameters: number[]): number {
    const turns = Math.floor(block.size / 8);
    const counters = 4 * turns;
    if (turns < 4 || !block.contiguous || !block.storage.inHeap || !simdAvailable()) return 0;
    if (this.low + counters >= twoTo32) return 0;
    const [key0, key1] = this.key;
    const run = randomUniformModule('f32x4')[name];
    run(bytesPerElement(block.dtype) * block.offset, turns, key0, key1, this.low, this.high, ...parameters);
    this.low += counters;
    return 8 * turns;
  }

  /** Normal numbers for every element. @throws ArgumentError for a negative or infinite standard deviation */
  fillNormal(block: Block, { mean = 0, standardDeviation = 1 }: NormalOptions = {}): void {
    this.checkNormal('randomNormal', mean, standardDeviation);
    this.fill(block, 2 ** -32, 2 ** -52, (u, cell) => mean + standardDeviation * normalQuantile(u + cell / 2));
  }

  /** Normal numbers at most two standard deviations from the mean, as Keras's truncated normal has them. */
  fillTruncatedNormal(block: Block, { mean = 0, standardDeviation = 1 }: NormalOptions = {}): void {
    this.checkNormal('randomTruncatedNormal', mean, standardDeviation);
    this.fill(
      block,
      2 ** -32,
      2 ** -52,
      (u, cell) => mean + standardDeviation * normalQuantile(lowerTail + (u + cell / 2) * middle),
    );
  }

  private checkNormal(operation: string, mean: number, standardDeviation: number): void {
    if (!(Number.isFinite(mean) && Number.isFinite(standardDeviation) && standardDeviation >= 0)) {
      throw new ArgumentError(
        operation,
        `got mean ${mean} and standardDeviation ${standardDeviation}; expected finite numbers, the second not negative`,
      );
    }
  }

  /**
   * Calls `make(u, cell)` for each element with u from {0, cell, 2 cell, …} below 1. A float32 takes one word and the
   * grid `cell32`, a float64 both words and `cell64`. The middle of a cell, u + cell/2, is exact for cells down to 2⁻⁵²;
   * with 2⁻⁵³ the last one would be 1, where a quantile is infinite.
   */
  private fill(block: Block, cell32: number, cell64: number, make: (u: number, cell: number) => number): void {
    invariant(block.contiguous, 'random numbers were asked for in a strided block');
    const { data, offset, size, dtype } = block;
    if (dtype === 'float64') {
      for (let i = 0; i < size; i++) {
        const u = this.uniform();
        data[offset + i] = make(u - (u % cell64), cell64);
      }
      return;
    }
    const shift = 32 + Math.log2(cell32);
    for (let i = 0; i < size; i += 2) {
      this.next();
      data[offset + i] = make((this.words[0]! >>> shift) * cell32, cell32);
      if (i + 1 < size) data[offset + i + 1] = make((this.words[1]! >>> shift) * cell32, cell32);
    }
  }

  /**
   * Whole numbers from low to high − 1, each equally likely.
   *
   * @throws ArgumentError unless both are whole, 0 < high − low ≤ 2³², and the dtype of the block holds them all
   */
  fillIntegers(block: Block, { low, high }: { low: number; high: number }): void {
    const span = high - low;
    if (!(Number.isSafeInteger(low) && Number.isSafeInteger(high) && span > 0 && span <= twoTo32)) {
      throw new ArgumentError(
        'randomIntegers',
        `got low ${low} and high ${high}; expected whole numbers with low < high, at most 2^32 apart`,
      );
    }
    const [first, end] = wholeNumbers[block.dtype];
    if (low < first || high > end) {
      throw new ArgumentError(
        'randomIntegers',
        `got low ${low} and high ${high} for ${block.dtype}; expected at least ${first} and at most ${end}`,
      );
    }
    invariant(block.contiguous, 'random numbers were asked for in a strided block');
    for (let i = 0; i < block.size; i++) block.data[block.offset + i] = low + this.below(span);
  }

  /** A whole number from 0 to n − 1. Words in the last, incomplete stretch of n are drawn again, so that none is favoured. */
  private below(n: number): number {
    const limit = twoTo32 - (twoTo32 % n);
    for (;;) {
      this.next();
      if (this.words[0]! < limit) return this.words[0]! % n;
    }
  }

  /** The numbers 0 … n − 1 in random order (Fisher–Yates). @throws ArgumentError unless n is a whole number, 0 or more */
  permutation(n: number): Int32Array {
    checkCount('Generator.permutation', 'n', n);
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const moved = order[i]!;
      order[i] = order[j]!;
      order[j] = moved;
    }
    return order;
  }
}

/** What a block holds behind its first `count` elements. */
const after = (block: Block, count: number): Block =>
  count === 0 ? block : block.view({ shape: [block.size - count], strides: [1], offset: block.offset + count });

function checkCount(operation: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) {
    throw new ArgumentError(operation, `got ${name} ${String(value)}; expected a whole number from 0 to 2^31 - 1`);
  }
}

/** The largest float32 (`single`) or float64 below x. */
function previous(x: number, single: boolean): number {
  const rounded = single ? Float32Array.of(x) : Float64Array.of(x);
  if (rounded[0]! < x) return rounded[0]!;
  if (rounded[0] === 0) return single ? -(2 ** -149) : -(2 ** -1074);
  // Floats of one sign are in the order of their bits read as an integer.
  const step = rounded[0]! > 0 ? -1 : 1;
  if (single) new Int32Array(rounded.buffer)[0]! += step;
  else new BigInt64Array(rounded.buffer)[0]! += BigInt(step);
  return rounded[0]!;
}

/** A seed nobody chose. */
function entropy(): number {
  const words = new Uint32Array(2);
  const { crypto } = globalThis as { crypto?: { getRandomValues(array: Uint32Array): unknown } };
  if (crypto === undefined) words.set([Math.random() * twoTo32, Date.now()]);
  else crypto.getRandomValues(words);
  return (words[0]! % 2 ** 21) * twoTo32 + words[1]!;
}

let globalGenerator: Generator | null = null;

/** The generator that everything draws from which was not given one. Unless seeded, it starts somewhere else each time. */
export function defaultGenerator(): Generator {
  globalGenerator ??= new Generator(entropy());
  return globalGenerator;
}

/**
 * Starts the global generator from a seed: initializers, dropout, shuffling and random tensors repeat bit for bit.
 *
 * @example
 * manualSeed(42);
 */
export function manualSeed(seed: number): void {
  globalGenerator = new Generator(seed);
}
