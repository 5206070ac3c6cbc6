import fc from 'fast-check';
import { exactly, log, ulps } from '../testing/exact.js';
import { logarithm } from './logarithm.js';

describe('logarithm(x)', () => {
  it('is within 1 ulp of the exact value', () => {
    const x = fc.oneof(
      fc.double({ min: 2 ** -1022, max: Number.MAX_VALUE, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true, maxExcluded: true }).filter((v) => v >= 2 ** -1022),
      fc.double({ min: 0.99, max: 1.01, noNaN: true }).filter((v) => v !== 1),
    );
    fc.assert(
      fc.property(x, (v) => expect(ulps(logarithm(v), log(exactly(v)))).toBeLessThan(1)),
      { numRuns: 500 },
    );
  });

  it('is 0 at 1, and rounded correctly at the other powers of 2', () => {
    expect(logarithm(1)).toBe(0);
    for (const k of [1, 2, 10, 1000, -1, -1022]) {
      expect(ulps(logarithm(2 ** k), log(exactly(2 ** k)))).toBeLessThanOrEqual(0.51);
    }
  });
});
