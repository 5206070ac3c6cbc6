import fc from 'fast-check';
import { Block, newBlock } from '../block.js';
import { createArray, type DType } from '../dtype.js';
import { Storage } from '../heap/storage.js';
import { arrangements, blockOf, cycle, shapes } from '../testing/heapBlocks.js';
import { euclideanNorm, globalNorm } from './norm.js';

const dtypes = fc.constantFrom<DType>('float32', 'float64');

function filled(dtype: DType, values: readonly number[]): Block {
  return blockOf(dtype, [values.length], 'contiguous', values.length === 0 ? () => 0 : cycle(values));
}

function normOf(x: Block, dtype: DType = 'float64'): number {
  const out = newBlock(dtype, [], false);
  euclideanNorm(out, [x], undefined);
  return out.data[out.offset]!;
}

describe('euclideanNorm', () => {
  it('agrees with the plain loop for every shape, layout and dtype', () => {
    const numbers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(dtypes, shapes(3), arrangements, numbers, (dtype, shape, layout, values) => {
        const x = blockOf(dtype, shape, layout, cycle(values));
        const expected = newBlock('float64', [], false);
        euclideanNorm.plain(expected, [x], undefined);
        const wanted = expected.data[expected.offset]!;
        expect(Math.abs(normOf(x) - wanted)).toBeLessThanOrEqual(1e-13 * wanted);
      }),
    );
  });

  it('is exact to the last digit of float32 for a million numbers', () => {
    const x = newBlock('float32', [1_000_003], false);
    x.data.fill(0.1, x.offset, x.offset + x.size);
    const exact = Math.sqrt(1_000_003) * Math.fround(0.1);
    expect(Math.abs(normOf(x) / exact - 1)).toBeLessThan(1e-13);
    expect(normOf(x, 'float32')).toBe(Math.fround(exact));
    x.storage.release();
  });

  it('does not overflow where the squares would in float32', () => {
    expect(normOf(filled('float32', [3e38, 1e38]), 'float32')).toBeCloseTo(Math.hypot(3e38, 1e38), -32);
    expect(normOf(filled('float32', [3e-30, 4e-30]), 'float32')).toBeCloseTo(5e-30, 36);
  });

  it('is 0 of nothing, NaN where one element is, infinite where one is', () => {
    expect(normOf(filled('float32', []))).toBe(0);
    expect(normOf(filled('float64', [1, Number.NaN, 2]))).toBeNaN();
    expect(normOf(filled('float32', [1, 2, 3, 4, 5, -Infinity]))).toBe(Infinity);
  });
});

describe('globalNorm', () => {
  it('is the norm of all elements of all blocks, in whatever memory they lie', () => {
    const outside = new Block(new Storage(createArray('float32', 2), 0, 2, null, null, null), 'float32', [2], [1], 0);
    outside.data.set([2, 4]);
    expect(globalNorm([filled('float32', [1, 2]), outside])).toBeCloseTo(5, 14);
    expect(globalNorm([])).toBe(0);
  });
});
