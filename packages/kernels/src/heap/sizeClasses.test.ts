import fc from 'fast-check';
import { bytesOfClass, largestRequest, sizeClassCount, sizeClassOf } from './sizeClasses.js';

const requests = fc.oneof(fc.integer({ min: 0, max: 4096 }), fc.integer({ min: 0, max: largestRequest }));

describe('size classes', () => {
  it('a request gets the smallest class that holds it', () => {
    fc.assert(
      fc.property(requests, (bytes) => {
        const sizeClass = sizeClassOf(bytes);
        expect(sizeClass >= 0 && sizeClass < sizeClassCount).toBe(true);
        expect(bytesOfClass(sizeClass)).toBeGreaterThanOrEqual(bytes);
        if (sizeClass > 0) expect(bytesOfClass(sizeClass - 1)).toBeLessThan(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it('at most a quarter of a block above 64 bytes is unused', () => {
    fc.assert(
      fc.property(requests, (bytes) => {
        if (bytes < 64) return;
        const size = bytesOfClass(sizeClassOf(bytes));
        expect(size - bytes).toBeLessThanOrEqual(size / 4);
      }),
      { numRuns: 1000 },
    );
  });

  it('sizes are multiples of 16, ascend, and each is of its own class', () => {
    for (let k = 0; k < sizeClassCount; k++) {
      const bytes = bytesOfClass(k);
      expect(bytes % 16).toBe(0);
      expect(sizeClassOf(bytes)).toBe(k);
      if (k > 0) expect(bytes).toBeGreaterThan(bytesOfClass(k - 1));
    }
    expect(bytesOfClass(sizeClassCount - 1)).toBe(largestRequest);
  });

  it('are the ones that the documentation lists', () => {
    expect([0, 1, 2, 3, 4, 5].map(bytesOfClass)).toEqual([64, 80, 96, 112, 128, 160]);
  });
});
