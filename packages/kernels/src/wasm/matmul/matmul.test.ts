import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../../block.js';
import type { DType } from '../../dtype.js';
import { matmul as plainMatmul } from '../../matmul/plain.js';
import { arrangements, blockOf, cycle } from '../../testing/heapBlocks.js';
import { setDeterministic } from '../features.js';
import { simdAvailable } from '../load.js';
import { matmul } from './matmul.js';

const describeSimd = simdAvailable() ? describe : describe.skip;
const dtypes = fc.constantFrom<DType>('float32', 'float64');
const numbers = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 97 });

/** Σ |a| |b| bounds what rounding can do: k roundings of products that large. */
function tolerance(dtype: DType, k: number): number {
  return 4 * (k + 4) * k * (dtype === 'float32' ? 2 ** -24 : 2 ** -53);
}

function expectNear(actual: Block, expected: Block, within: number): void {
  const [a, b] = [copyOut(actual), copyOut(expected)];
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  expect(worst).toBeLessThanOrEqual(within);
}

/** An output with a row of 7s before and after it, to see that nothing else is written. */
function guarded(dtype: DType, shape: readonly number[], columns: number): { out: Block; intact(): boolean } {
  const size = shape.reduce((a, b) => a * b, 1);
  const whole = newBlock(dtype, [size + 2 * columns], false);
  whole.data.fill(7, whole.offset, whole.offset + whole.size);
  const out = whole.view({ shape, strides: newBlock(dtype, shape, false).strides, offset: whole.offset + columns });
  const rim = () => [...copyOut(whole).slice(0, columns), ...copyOut(whole).slice(columns + size)];
  return { out, intact: () => rim().every((x) => x === 7) };
}

describeSimd('matmul in SIMD', () => {
  afterEach(() => setDeterministic(false));

  it('agrees with the plain loops for every extent, layout and transposition', () => {
    const extent = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 10, max: 70 }));
    fc.assert(
      fc.property(
        fc.tuple(dtypes, fc.boolean(), extent, extent, extent, arrangements, arrangements, numbers),
        ([dtype, deterministic, m, k, n, layoutA, layoutB, values]) => {
          setDeterministic(deterministic);
          const next = cycle(values);
          const inputs = [blockOf(dtype, [m, k], layoutA, next), blockOf(dtype, [k, n], layoutB, next)];
          const { out, intact } = guarded(dtype, [m, n], 16);
          const expected = newBlock(dtype, [m, n], false);
          expect(matmul(out, inputs)).toBe(true);
          plainMatmul.plain(expected, inputs, undefined);
          expectNear(out, expected, tolerance(dtype, k));
          expect(intact()).toBe(true);
        },
      ),
    );
  });

  it.each([
    [1, 300, 1],
    [2, 600, 2100],
    [97, 257, 9],
    [200, 515, 31],
    // One block of a, several strips of b; several blocks.
    [100, 300, 150],
    [150, 60, 140],
    [1, 1000, 333],
    [333, 1000, 1],
  ])('agrees where blocks end: [%i, %i] · […, %i]', (m, k, n) => {
    for (const dtype of ['float32', 'float64'] as const) {
      for (const layout of ['contiguous', 'transposed', 'slice'] as const) {
        const next = cycle([0.5, -1.25, 0.1, 1, -0.3, 0.7, 1.9]);
        const inputs = [blockOf(dtype, [m, k], layout, next), blockOf(dtype, [k, n], layout, next)];
        const { out, intact } = guarded(dtype, [m, n], 8);
        const expected = newBlock(dtype, [m, n], false);
        expect(matmul(out, inputs)).toBe(true);
        plainMatmul.plain(expected, inputs, undefined);
        expectNear(out, expected, tolerance(dtype, k));
        expect(intact()).toBe(true);
        for (const block of [...inputs, expected, out]) block.storage.release();
      }
    }
  });

  it('broadcasts batches', () => {
    const batches = fc.constantFrom<[number[], number[], number[]]>(
      [[3], [3], [3]],
      [[3], [], [3]],
      [[], [3], [3]],
      [[2, 3], [3], [2, 3]],
      [
        [2, 1],
        [1, 4],
        [2, 4],
      ],
      [[0], [], [0]],
    );
    fc.assert(
      fc.property(
        dtypes,
        batches,
        fc.nat(20),
        fc.nat(20),
        arrangements,
        numbers,
        (dtype, [a, b, c], m, n, layout, values) => {
          const k = 5;
          const next = cycle(values);
          const inputs = [blockOf(dtype, [...a, m, k], layout, next), blockOf(dtype, [...b, k, n], layout, next)];
          const [out, expected] = [newBlock(dtype, [...c, m, n], false), newBlock(dtype, [...c, m, n], false)];
          expect(matmul(out, inputs)).toBe(true);
          plainMatmul.plain(expected, inputs, undefined);
          expectNear(out, expected, tolerance(dtype, k));
        },
      ),
    );
  });

  it('adds a bias and takes relu before it stores', () => {
    fc.assert(
      fc.property(
        dtypes,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(1, 3, 300),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        numbers,
        (dtype, m, k, n, relu, values) => {
          const next = cycle(values);
          const inputs = [blockOf(dtype, [m, k], 'contiguous', next), blockOf(dtype, [k, n], 'contiguous', next)];
          const bias = blockOf(dtype, [n], 'contiguous', next);
          const [out, expected] = [newBlock(dtype, [m, n], false), newBlock(dtype, [m, n], false)];
          expect(matmul(out, inputs, { bias, relu })).toBe(true);
          plainMatmul.plain(expected, inputs, undefined);
          for (let i = 0; i < m * n; i++) {
            const sum = expected.data[expected.offset + i]! + bias.data[bias.offset + (i % n)]!;
            expected.data[expected.offset + i] = relu ? Math.max(sum, 0) : sum;
          }
          expectNear(out, expected, tolerance(dtype, k));
        },
      ),
    );
  });

  it('lets NaN and infinities through, and only to where they belong', () => {
    const a = blockOf('float32', [30, 30], 'contiguous', cycle([1]));
    const b = blockOf('float32', [30, 30], 'contiguous', cycle([1]));
    a.data[a.offset + 5 * 30 + 2] = Number.NaN;
    b.data[b.offset + 7 * 30 + 29] = Number.POSITIVE_INFINITY;
    const out = newBlock('float32', [30, 30], false);
    matmul(out, [a, b]);
    copyOut(out).forEach((x, at) => {
      const [row, column] = [Math.floor(at / 30), at % 30];
      expect(x).toBe(row === 5 ? Number.NaN : column === 29 ? Number.POSITIVE_INFINITY : 30);
    });
  });

  it('gives its scratch memory back', async () => {
    const { heapStats } = await import('../../heap/heap.js');
    const blocks = [0, 1, 2].map(() => blockOf('float32', [100, 100], 'contiguous', cycle([1])));
    matmul(blocks[0]!, blocks.slice(1));
    const { liveBytes } = heapStats();
    for (let i = 0; i < 10; i++) matmul(blocks[0]!, blocks.slice(1));
    expect(heapStats().liveBytes).toBe(liveBytes);
  });

  it('leaves what it cannot do to the plain loops', () => {
    const floats = blockOf('float32', [4, 4], 'contiguous', () => 1);
    const integers = newBlock('int32', [4, 4], false);
    expect(matmul(newBlock('int32', [4, 4], false), [integers, integers])).toBe(false);
    expect(matmul(newBlock('float64', [4, 4], false), [floats, floats])).toBe(false);
    expect(matmul(newBlock('float32', [4, 4], true), [floats, floats])).toBe(false);
  });
});
