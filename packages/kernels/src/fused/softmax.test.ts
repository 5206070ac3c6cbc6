import fc from 'fast-check';
import { newBlock } from '../block.js';
import { anyBlocks, build, unwritten } from '../testing/arbitraries.js';
import { at, indicesOf, valuesOf } from '../testing/reference.js';
import { logSoftmax, softmax } from './softmax.js';

/** A float block of any view and one of its axes. */
const cases = fc
  .constantFrom('float32' as const, 'float64' as const)
  .chain((dtype) =>
    anyBlocks({ dtype, minRank: 1 }).chain((recipe) =>
      fc.tuple(fc.constant(recipe), fc.nat({ max: recipe.shape.length - 1 })),
    ),
  );

function run(kernel: typeof softmax, values: readonly number[]): number[] {
  const x = newBlock('float64', [values.length], true);
  x.data.set(values, x.offset);
  const out = unwritten('float64', [values.length]);
  kernel(out, [x], { axis: 0 });
  return valuesOf(out);
}

describe('softmax(x, axis) and logSoftmax(x, axis)', () => {
  it('are what their formulas say, along any axis of any view', () => {
    fc.assert(
      fc.property(cases, ([recipe, axis]) => {
        const x = build(recipe);
        const [y, logY] = [unwritten(x.dtype, x.shape), unwritten(x.dtype, x.shape)];
        softmax(y, [x], { axis });
        logSoftmax(logY, [x], { axis });
        const unit = x.dtype === 'float32' ? 2 ** -24 : 2 ** -53;
        for (const index of indicesOf(x.shape)) {
          const row = Array.from({ length: x.shape[axis]! }, (_, i) =>
            at(
              x,
              index.map((j, k) => (k === axis ? i : j)),
            ),
          );
          const total = row.reduce((sum, v) => sum + Math.exp(v), 0);
          const expected = Math.exp(at(x, index)) / total;
          expect(Math.abs(at(y, index) - expected)).toBeLessThanOrEqual(64 * unit * expected);
          // ln rounds relative to what it is subtracted from.
          const logExpected = at(x, index) - Math.log(total);
          const scale = Math.max(1, ...row.map(Math.abs));
          expect(Math.abs(at(logY, index) - logExpected)).toBeLessThanOrEqual(16 * unit * scale);
        }
      }),
    );
  });

  it('do not overflow for huge logits', () => {
    expect(run(softmax, [1e4, 0, -1e4])).toEqual([1, 0, 0]);
    expect(run(softmax, [-1e4, -1e4])).toEqual([0.5, 0.5]);
    expect(run(logSoftmax, [1e4, 0, -1e4])).toEqual([0, -1e4, -2e4]);
  });

  it('keep their digits far from 0', () => {
    const [a] = run(logSoftmax, [1e8, 1e8]);
    expect(a).toBe(-Math.log(2));
    const near = run(logSoftmax, [0, 1, 2]);
    expect(run(logSoftmax, [1e6, 1e6 + 1, 1e6 + 2])).toEqual(near);
  });

  it('−∞ is a class that cannot be', () => {
    expect(run(softmax, [0, Number.NEGATIVE_INFINITY, 0])).toEqual([0.5, 0, 0.5]);
    expect(run(logSoftmax, [0, Number.NEGATIVE_INFINITY])).toEqual([0, Number.NEGATIVE_INFINITY]);
  });

  it('an infinite logit makes the row NaN, as in PyTorch 1.13', () => {
    expect(run(softmax, [Infinity, 0, -1])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(run(logSoftmax, [Infinity, 0])).toEqual([Number.NaN, Number.NaN]);
  });

  it('of a row without a possible class, or with NaN, are NaN', () => {
    const none = Number.NEGATIVE_INFINITY;
    expect(run(softmax, [none, none])).toEqual([Number.NaN, Number.NaN]);
    expect(run(logSoftmax, [none, none])).toEqual([Number.NaN, Number.NaN]);
    expect(run(softmax, [0, Number.NaN])).toEqual([Number.NaN, Number.NaN]);
  });

  it('agree with values worked by hand', () => {
    // Weights 1 : 2 : 5.
    const [a, b, c] = run(softmax, [0, Math.log(2), Math.log(5)]);
    expect(a).toBeCloseTo(0.125, 15);
    expect(b).toBeCloseTo(0.25, 15);
    expect(c).toBeCloseTo(0.625, 15);
  });
});
