import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { normalQuantile } from './normal.js';

interface Fixture {
  readonly pairs: readonly (readonly [p: number, x: number])[];
}

const { pairs } = JSON.parse(readFileSync(join(__dirname, '../../fixtures/normalQuantile.json'), 'utf8')) as Fixture;

describe('normalQuantile(p)', () => {
  it('agrees with CPython over the bulk, both tails and the far tail', () => {
    expect(pairs.length).toBeGreaterThan(200);
    for (const [p, x] of pairs) {
      expect(Math.abs(normalQuantile(p) - x)).toBeLessThanOrEqual(4 * 2 ** -52 * Math.abs(x));
    }
  });

  it('agrees with published percentage points', () => {
    // NIST/SEMATECH e-Handbook, 1.3.6.7.1, to the digits printed there.
    for (const [p, x] of [
      [0.975, 1.96],
      [0.95, 1.645],
      [0.995, 2.576],
      [0.999, 3.09],
    ] as const) {
      expect(normalQuantile(p)).toBeCloseTo(x, 3);
    }
    expect(normalQuantile(0.5)).toBe(0);
  });

  it('is odd about one half and ascends', () => {
    const grid = fc.integer({ min: 1, max: 2 ** 26 - 1 }).map((k) => k * 2 ** -26);
    fc.assert(
      fc.property(grid, grid, (p, q) => {
        expect(normalQuantile(1 - p)).toBe(0 - normalQuantile(p));
        if (p < q) expect(normalQuantile(p)).toBeLessThan(normalQuantile(q));
      }),
      { numRuns: 1000 },
    );
  });
});
