import fc from 'fast-check';
import { newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { arrangements, blockOf, cycle, shapes } from '../testing/heapBlocks.js';
import { valuesOf } from '../testing/reference.js';
import { meanSquaredDifference, meanSquaredDifferenceBackward } from './squaredError.js';

const dtypes = fc.constantFrom<DType>('float32', 'float64');
const numbers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 50 });
const cases = [dtypes, shapes(3), arrangements, arrangements, numbers, numbers] as const;

/** Half a unit in the last place of 1. */
const rounding = (dtype: DType): number => (dtype === 'float32' ? 2 ** -24 : 2 ** -53);

describe('meanSquaredDifference', () => {
  it('agrees with a sum written out, for every shape, layout and dtype', () => {
    fc.assert(
      fc.property(...cases, (dtype, shape, layoutA, layoutB, valuesA, valuesB) => {
        const a = blockOf(dtype, shape, layoutA, cycle(valuesA));
        const b = blockOf(dtype, shape, layoutB, cycle(valuesB));
        const out = newBlock('float64', [], false);
        meanSquaredDifference(out, [a, b], undefined);
        const theirs = valuesOf(b);
        const expected = valuesOf(a).reduce((sum, x, i) => sum + (x - theirs[i]!) ** 2, 0) / a.size;
        // A difference is rounded once, its square counts that twice; each sum of n numbers in double precision rounds n times.
        const bound = (2.01 * rounding(dtype) + (a.size + 3) * 2 ** -52) * expected;
        if (a.size === 0) expect(out.data[out.offset]).toBeNaN();
        else expect(Math.abs(out.data[out.offset]! - expected)).toBeLessThanOrEqual(bound);
      }),
    );
  });
});

describe('meanSquaredDifferenceBackward', () => {
  it('is 2 g (a − b) / n, for every shape, layout and dtype', () => {
    fc.assert(
      fc.property(...cases, (dtype, shape, layoutA, layoutB, valuesA, valuesB) => {
        const a = blockOf(dtype, shape, layoutA, cycle(valuesA));
        const b = blockOf(dtype, shape, layoutB, cycle(valuesB));
        const g = blockOf(dtype, [], 'contiguous', () => 0.7);
        const out = newBlock(dtype, shape, false);
        meanSquaredDifferenceBackward(out, [g, a, b], undefined);
        const [mine, theirs, got] = [valuesOf(a), valuesOf(b), valuesOf(out)];
        for (let i = 0; i < a.size; i++) {
          const expected = (2 * g.data[g.offset]! * (mine[i]! - theirs[i]!)) / a.size;
          // The difference, the factor, the product, and what is compared with: each rounded once or twice.
          expect(Math.abs(got[i]! - expected)).toBeLessThanOrEqual(
            4.1 * rounding(dtype) * Math.abs(expected) + 2 ** (dtype === 'float32' ? -149 : -1074),
          );
        }
      }),
    );
  });
});
