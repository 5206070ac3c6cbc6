import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { ArgumentError, FormatError, InternalError } from '../errors.js';
import { defaultGenerator, Generator, manualSeed } from './generator.js';

type Fill = (block: Block) => void;

function filled(dtype: DType, n: number, fill: Fill): Float64Array {
  const block = newBlock(dtype, [n], true);
  fill(block);
  return Float64Array.from(copyOut(block));
}

/** The largest distance between the distribution of the values and F (Kolmogorov 1933), times √n. */
function kolmogorov(values: Float64Array, distribution: (x: number) => number): number {
  const sorted = values.slice().sort();
  const n = sorted.length;
  let distance = 0;
  sorted.forEach((x, i) => {
    const p = distribution(x);
    distance = Math.max(distance, p - i / n, (i + 1) / n - p);
  });
  return distance * Math.sqrt(n);
}

/** Exceeded by a true sample once in a thousand times (and seeds here are fixed). */
const critical = 1.95;

/** Φ by its Taylor series about 0, good to 10⁻¹² up to |x| = 6. */
function normalDistribution(x: number): number {
  if (Math.abs(x) > 6) return x < 0 ? 0 : 1;
  let [term, sum] = [x, x];
  for (let k = 1; k < 150; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

function moments(values: Float64Array): { mean: number; variance: number; skewness: number; kurtosis: number } {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const [m2, m3, m4] = [2, 3, 4].map((k) => values.reduce((sum, x) => sum + (x - mean) ** k, 0) / n);
  return { mean, variance: m2!, skewness: m3! / m2! ** 1.5, kurtosis: m4! / m2! ** 2 };
}

function correlation(a: Float64Array, b: Float64Array): number {
  const [p, q] = [moments(a), moments(b)];
  const covariance = a.reduce((sum, x, i) => sum + (x - p.mean) * (b[i]! - q.mean), 0) / a.length;
  return covariance / Math.sqrt(p.variance * q.variance);
}

const n = 40_000;
const floats = ['float32', 'float64'] as const;

describe('new Generator(seed)', () => {
  it('gives the same stream for the same seed, and another for another', () => {
    const streams = [7, 7, 8, 7 + 2 ** 32].map((seed) => {
      const generator = new Generator(seed);
      return Array.from({ length: 10 }, () => generator.uniform());
    });
    expect(streams[1]).toEqual(streams[0]);
    expect(new Set(streams.flat()).size).toBe(30);
  });

  it('makes its key of the high and the low word, and starts with the first block of Threefry', () => {
    expect(new Generator(3 * 2 ** 32 + 5).state).toEqual({ key: [3, 5], counter: [0, 0] });
    expect(new Generator(Number.MAX_SAFE_INTEGER).state.key).toEqual([2 ** 21 - 1, 2 ** 32 - 1]);
    // The published words for key 0 and counter 0 are 6b200159 and 99ba4efe.
    const u = new Generator(0).uniform();
    expect(u * 2 ** 53).toBe((0x6b200159 >>> 5) * 2 ** 26 + (0x99ba4efe >>> 6));
    expect(filled('float32', 2, (block) => new Generator(0).fillUniform(block))).toEqual(
      Float64Array.of((0x6b200159 >>> 8) * 2 ** -24, (0x99ba4efe >>> 8) * 2 ** -24),
    );
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Infinity, '7', undefined])('refuses seed %p', (seed) => {
    expect(() => new Generator(seed as number)).toThrow(ArgumentError);
    expect(() => new Generator(seed as number)).toThrow(
      `Generator: got seed ${String(seed)}; expected a whole number from 0 to 2^53 - 1`,
    );
  });
});

describe('generator.state and Generator.fromState(state)', () => {
  it('continue the stream through JSON', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 20 }), (seed, steps) => {
        const generator = new Generator(seed);
        for (let i = 0; i < steps; i++) generator.uniform();
        const twin = Generator.fromState(JSON.parse(JSON.stringify(generator.state)));
        expect([twin.uniform(), twin.uniform()]).toEqual([generator.uniform(), generator.uniform()]);
      }),
    );
  });

  it('carry from the low word of the counter to the high one', () => {
    const generator = Generator.fromState({ key: [1, 2], counter: [2 ** 32 - 1, 4] });
    const last = generator.uniform();
    expect(generator.state.counter).toEqual([0, 5]);
    expect(generator.uniform()).not.toBe(last);
    expect(generator.state.counter).toEqual([1, 5]);
  });

  it.each([
    null,
    undefined,
    5,
    {},
    { key: [1, 2] },
    { key: [1, 2, 3], counter: [0] },
    { key: [1, 2], counter: [0, 2 ** 32] },
    { key: [1, -2], counter: [0, 0] },
    { key: ['1', 2], counter: [0, 0] },
    { key: 5, counter: 'ab' },
  ])('refuse %j', (state) => {
    expect(() => Generator.fromState(state as never)).toThrow(FormatError);
    expect(() => Generator.fromState(state as never)).toThrow('Generator.fromState: expected { key: [word, word]');
  });
});

describe('generator.split(count)', () => {
  it('gives different generators each time, and depends on nothing but the state', () => {
    const split = () => {
      const generator = new Generator(1);
      return [...generator.split(), ...generator.split(3), generator].map((child) => child.uniform());
    };
    const first = split();
    expect(first).toHaveLength(6);
    expect(new Set(first).size).toBe(6);
    expect(split()).toEqual(first);
  });

  it('gives streams that are not correlated with each other nor with the parent', () => {
    const parent = new Generator(2);
    const children = parent.split(4);
    const streams = [parent, ...children].map((each) => filled('float32', n, (block) => each.fillUniform(block)));
    streams.forEach((a, i) => {
      streams.forEach((b, j) => {
        // Four standard deviations.
        if (i < j) expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(n));
      });
    });
  });

  it('refuses counts that are none', () => {
    expect(new Generator(0).split(0)).toEqual([]);
    for (const count of [-1, 1.5, Number.NaN]) expect(() => new Generator(0).split(count)).toThrow(ArgumentError);
  });
});

describe('generator.fillUniform(block, { low, high })', () => {
  it('gives the same bits in SIMD, and leaves the stream at the same place', () => {
    const cases = fc.record({
      seed: fc.maxSafeNat(),
      n: fc.integer({ min: 0, max: 500 }),
      low: fc.double({ min: -100, max: 100, noNaN: true }),
      span: fc.double({ min: 1e-6, max: 100, noNaN: true }),
      counter: fc.constantFrom(0, 7, 2 ** 32 - 300, 2 ** 32 - 20),
      high: fc.constantFrom(0, 3),
    });
    fc.assert(
      fc.property(cases, ({ seed, n, low, span, counter, high }) => {
        const results = [false, true].map((loose) => {
          const generator = new Generator(seed);
          generator.state = { key: generator.state.key, counter: [counter, high] };
          // So few numbers that only the garbage collector would release lie outside the heap, where plain loops run.
          const block = newBlock('float32', [n], loose);
          generator.fillUniform(block, { low, high: low + span });
          return { values: [...block.data.slice(block.offset, block.offset + n)], state: generator.state };
        });
        expect(results[0]).toEqual(results[1]);
      }),
    );
  });

  it.each(floats)('%s values are even over [0, 1)', (dtype) => {
    const values = filled(dtype, n, (block) => new Generator(11).fillUniform(block));
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(kolmogorov(values, (x) => x)).toBeLessThan(critical);
    expect(Math.abs(correlation(values.subarray(1), values.subarray(0, n - 1)))).toBeLessThan(4 / Math.sqrt(n));
  });

  it.each(floats)('%s values reach low (rounded to the dtype) and never high', (dtype) => {
    const round = dtype === 'float32' ? Math.fround : (x: number) => x;
    const bound = fc.oneof(fc.double({ min: -1e30, max: 1e30, noNaN: true }), fc.integer(), fc.constant(0));
    const width = fc.oneof(fc.constantFrom(1, 2 ** -20, 2 ** -40), fc.double({ min: 1e-30, max: 1e30, noNaN: true }));
    fc.assert(
      fc.property(fc.nat(), bound, width, (seed, low, by) => {
        const high = low + by;
        // Some number of the dtype has to lie between.
        fc.pre(round(low) >= low && round(low) < high);
        for (const x of filled(dtype, 50, (block) => new Generator(seed).fillUniform(block, { low, high }))) {
          expect(x >= low && x < high).toBe(true);
        }
      }),
    );
  });

  it('never rounds up to high where that is the nearest float32', () => {
    // [16777215, 16777216) holds one float32; nearly half of all draws would round to the next.
    const options = { low: 2 ** 24 - 1, high: 2 ** 24 };
    const values = filled('float32', 1000, (block) => new Generator(3).fillUniform(block, options));
    expect(values.every((x) => x === 2 ** 24 - 1)).toBe(true);
    const below = filled('float32', 1000, (block) => new Generator(3).fillUniform(block, { low: -1, high: 1e-50 }));
    expect(below.every((x) => x < 1e-50)).toBe(true);
  });

  it.each([
    { low: 1, high: 1 },
    { low: 2, high: 1 },
    { low: Number.NaN, high: 1 },
    { low: 0, high: Infinity },
    { low: -1e308, high: 1e308 },
  ])('refuses %j', (options) => {
    expect(() => new Generator(0).fillUniform(newBlock('float32', [1], true), options)).toThrow(
      `randomUniform: got low ${options.low} and high ${options.high}; expected finite numbers with low < high`,
    );
  });

  it('fills the block and nothing else, an odd number of elements too', () => {
    const whole = newBlock('float32', [7], true);
    whole.data.fill(-1, whole.offset, whole.offset + 7);
    new Generator(0).fillUniform(whole.view({ shape: [3], strides: [1], offset: whole.offset + 2 }));
    expect([...copyOut(whole)].map((x) => x >= 0)).toEqual([false, false, true, true, true, false, false]);
  });

  it('refuses strided blocks as our own mistake', () => {
    const block = newBlock('float32', [4], true);
    const strided = block.view({ shape: [2], strides: [2], offset: block.offset });
    expect(() => new Generator(0).fillUniform(strided)).toThrow(InternalError);
    expect(() => new Generator(0).fillIntegers(strided, { low: 0, high: 2 })).toThrow(InternalError);
  });
});

describe('generator.fillNormal(block, { mean, standardDeviation })', () => {
  it.each(floats)('%s values have the distribution and the moments', (dtype) => {
    const values = filled(dtype, n, (block) => new Generator(12).fillNormal(block));
    expect(kolmogorov(values, normalDistribution)).toBeLessThan(critical);
    const { mean, variance, skewness, kurtosis } = moments(values);
    // Four standard deviations of each estimate: 1/√n, √(2/n), √(6/n), √(24/n).
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(skewness)).toBeLessThan(4 * Math.sqrt(6 / n));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / n));
  });

  it('shifts and scales', () => {
    const standard = filled('float64', 100, (block) => new Generator(5).fillNormal(block));
    const moved = filled('float64', 100, (block) =>
      new Generator(5).fillNormal(block, { mean: 3, standardDeviation: 0.5 }),
    );
    expect(moved).toEqual(standard.map((x) => 3 + 0.5 * x));
    expect([...filled('float32', 3, (b) => new Generator(5).fillNormal(b, { mean: 2, standardDeviation: 0 }))]).toEqual(
      [2, 2, 2],
    );
  });

  it.each([{ standardDeviation: -1 }, { standardDeviation: Infinity }, { mean: Number.NaN }])(
    'refuses %p',
    (options) => {
      for (const fill of ['fillNormal', 'fillTruncatedNormal'] as const) {
        expect(() => new Generator(0)[fill](newBlock('float32', [1], true), options)).toThrow(ArgumentError);
      }
    },
  );
});

describe('generator.fillTruncatedNormal(block, { mean, standardDeviation })', () => {
  it.each(floats)('%s values have the distribution cut off at two standard deviations', (dtype) => {
    const values = filled(dtype, n, (block) =>
      new Generator(13).fillTruncatedNormal(block, { mean: 1, standardDeviation: 3 }),
    );
    expect(values.every((x) => x >= 1 - 6 && x <= 1 + 6)).toBe(true);
    const [low, high] = [normalDistribution(-2), normalDistribution(2)];
    expect(kolmogorov(values, (x) => (normalDistribution((x - 1) / 3) - low) / (high - low))).toBeLessThan(critical);
    // Keras divides by this to get the deviation it was asked for.
    expect(Math.abs(Math.sqrt(moments(values).variance) / 3 - 0.87962566103423978)).toBeLessThan(0.01);
  });
});

describe('generator.fillIntegers(block, { low, high })', () => {
  it('every number comes equally often', () => {
    // Six faces of a die: χ² with 5 degrees of freedom exceeds 20.5 once in a thousand times.
    const values = filled('int32', n, (block) => new Generator(14).fillIntegers(block, { low: -2, high: 4 }));
    const counts = [-2, -1, 0, 1, 2, 3].map((face) => values.filter((x) => x === face).length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(n);
    expect(counts.reduce((sum, count) => sum + (count - n / 6) ** 2 / (n / 6), 0)).toBeLessThan(20.5);
  });

  it('a span of ¾ · 2³² favours nothing, as a plain remainder would', () => {
    const span = 3 * 2 ** 30;
    const values = filled('float64', n, (block) => new Generator(15).fillIntegers(block, { low: 0, high: span }));
    // The remainder would draw the first third twice as often as the rest.
    const third = values.filter((x) => x < span / 3).length / n;
    expect(Math.abs(third - 1 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / n));
  });

  it('lies within its bounds for any of them', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, low, span) => {
        for (const x of filled('float64', 20, (b) => new Generator(seed).fillIntegers(b, { low, high: low + span }))) {
          expect(Number.isInteger(x) && x >= low && x < low + span).toBe(true);
        }
      }),
    );
    expect([...filled('int32', 3, (b) => new Generator(0).fillIntegers(b, { low: 5, high: 6 }))]).toEqual([5, 5, 5]);
  });

  it.each<[DType, number, number, string]>([
    ['int32', 0, 0, 'expected whole numbers with low < high'],
    ['int32', 0, 1.5, 'expected whole numbers with low < high'],
    ['float64', 0, 2 ** 32 + 1, 'expected whole numbers with low < high, at most 2^32 apart'],
    ['uint8', 0, 257, 'randomIntegers: got low 0 and high 257 for uint8; expected at least 0 and at most 256'],
    ['int32', 0, 2 ** 32, 'for int32; expected at least -2147483648 and at most 2147483648'],
    ['float32', 0, 2 ** 25, 'for float32; expected at least -16777216 and at most 16777216'],
    ['bool', 0, 3, 'for bool; expected at least 0 and at most 2'],
  ])('%s from %p below %p is refused', (dtype, low, high, message) => {
    const block = newBlock(dtype, [1], true);
    expect(() => new Generator(0).fillIntegers(block, { low, high })).toThrow(ArgumentError);
    expect(() => new Generator(0).fillIntegers(block, { low, high })).toThrow(message);
  });
});

describe('generator.permutation(n)', () => {
  it('holds every number once', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 200 }), (seed, length) => {
        const order = new Generator(seed).permutation(length);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
      }),
    );
  });

  it('every order comes equally often', () => {
    const generator = new Generator(16);
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = generator.permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // χ² with 23 degrees of freedom exceeds 49.7 once in a thousand times.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(49.7);
  });

  it.each([-1, 2.5, Number.NaN])('refuses %p', (length) => {
    expect(() => new Generator(0).permutation(length)).toThrow(ArgumentError);
  });
});

describe('manualSeed(seed) and defaultGenerator()', () => {
  it('start the global stream from the seed', () => {
    manualSeed(42);
    const first = [defaultGenerator().uniform(), defaultGenerator().uniform()];
    expect(new Set(first).size).toBe(2);
    manualSeed(42);
    expect([defaultGenerator().uniform(), defaultGenerator().uniform()]).toEqual(first);
    expect(new Generator(42).uniform()).toBe(first[0]);
    expect(() => manualSeed(-1)).toThrow(ArgumentError);
  });

  it('unless seeded, start somewhere else each time, with or without the crypto of the host', () => {
    const { crypto } = globalThis;
    const keys = [true, true, false, false].map((present) => {
      Object.defineProperty(globalThis, 'crypto', { value: present ? crypto : undefined, configurable: true });
      let fresh: typeof import('./generator.js') | undefined;
      jest.isolateModules(() => {
        fresh = require('./generator.js');
      });
      return fresh!.defaultGenerator().state.key.join();
    });
    Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    expect(new Set(keys).size).toBe(4);
  });
});

describe('the bits', () => {
  it('are these on every machine', () => {
    const draw = (dtype: DType, fill: Fill): number[] => [...filled(dtype, 4, fill)];
    const g = (): Generator => new Generator(2026);
    expect({
      uniform32: draw('float32', (b) => g().fillUniform(b)),
      uniform64: draw('float64', (b) => g().fillUniform(b)),
      normal32: draw('float32', (b) => g().fillNormal(b)),
      normal64: draw('float64', (b) => g().fillNormal(b)),
      truncated64: draw('float64', (b) => g().fillTruncatedNormal(b)),
      integers: draw('int32', (b) => g().fillIntegers(b, { low: 0, high: 1000 })),
      permutation: [...g().permutation(8)],
    }).toMatchInlineSnapshot(`
{
  "integers": [
    601,
    557,
    116,
    734,
  ],
  "normal32": [
    1.1869312524795532,
    -1.9126152992248535,
    0.6390407681465149,
    -0.6499916315078735,
  ],
  "normal64": [
    1.1869312635901725,
    0.6390407566285962,
    -0.7776830553064995,
    0.5248536781239874,
  ],
  "permutation": [
    0,
    6,
    3,
    5,
    4,
    2,
    7,
    1,
  ],
  "truncated64": [
    1.1029454716147111,
    0.6060082011823962,
    -0.7349275153967977,
    0.498829710631869,
  ],
  "uniform32": [
    0.8823726177215576,
    0.02789860963821411,
    0.7386017441749573,
    0.2578487992286682,
  ],
  "uniform64": [
    0.88237263283058,
    0.7386017907995641,
    0.2183779419833779,
    0.700157543542664,
  ],
}
`);
  });
});

describe('generator.fillMask(block, rate)', () => {
  it('is where fillUniform gives at least the rate, in SIMD as in the plain loop, and leaves the stream at the same place', () => {
    const cases = fc.record({
      seed: fc.maxSafeNat(),
      n: fc.integer({ min: 0, max: 500 }),
      rate: fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat({ max: 16 }).map((k) => k / 16),
      ),
      counter: fc.constantFrom(0, 7, 2 ** 32 - 300, 2 ** 32 - 20),
      high: fc.constantFrom(0, 3),
    });
    fc.assert(
      fc.property(cases, ({ seed, n, rate, counter, high }) => {
        const [uniform, ...masks] = (['float32', 'bool', 'bool'] as const).map((dtype, k) => {
          const generator = new Generator(seed);
          generator.state = { key: generator.state.key, counter: [counter, high] };
          // So few elements that only the garbage collector would release lie outside the heap, where plain loops run.
          const block = newBlock(dtype, [n], k === 1);
          if (dtype === 'bool') generator.fillMask(block, rate);
          else generator.fillUniform(block);
          return { values: [...block.data.slice(block.offset, block.offset + n)], state: generator.state };
        });
        const wanted = uniform!.values.map((u) => (u >= Math.fround(rate) ? 1 : 0));
        for (const mask of masks) expect(mask).toEqual({ values: wanted, state: uniform!.state });
      }),
    );
  });
});
