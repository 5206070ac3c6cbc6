import fc from 'fast-check';
import { newBlock } from '../block.js';
import type { Kernel } from '../elementwise/runs.js';
import { anyBlocks, build, unwritten } from '../testing/arbitraries.js';
import { at, indicesOf, valuesOf } from '../testing/reference.js';
import { cumargmax, cumargmin, cumsum, recurrence, type ScanAttributes } from './scan.js';

const cases = anyBlocks({ minRank: 1, maxRank: 3, special: true }).chain((recipe) =>
  fc.tuple(fc.constant(recipe), fc.nat({ max: recipe.shape.length - 1 }), fc.boolean()),
);

/** What a walk over each row gives: `step(values, k)` with the values in the order of the walk. */
function walked(
  shape: readonly number[],
  { axis, reverse }: ScanAttributes,
  read: (index: readonly number[]) => number,
  step: (values: readonly number[]) => number,
): number[] {
  return indicesOf(shape).map((index) => {
    const last = index[axis]!;
    const places = Array.from({ length: shape[axis]! }, (_, k) => k).filter((k) => (reverse ? k >= last : k <= last));
    if (reverse) places.reverse();
    return step(places.map((k) => read(index.map((i, a) => (a === axis ? k : i)))));
  });
}

describe('cumsum(x, axis)', () => {
  it('adds along any axis of any view, from either end', () => {
    fc.assert(
      fc.property(cases, ([recipe, axis, reverse]) => {
        const x = build(recipe);
        const out = unwritten('float64', x.shape);
        cumsum(out, [x], { axis, reverse });
        const expected = walked(
          x.shape,
          { axis, reverse },
          (index) => at(x, index),
          (values) => values.reduce((a, b) => a + b, 0),
        );
        expect(valuesOf(out)).toEqual(expected);
      }),
    );
  });
});

describe.each([
  ['cumargmax', cumargmax, (a: number, b: number) => a >= b],
  ['cumargmin', cumargmin, (a: number, b: number) => a <= b],
] as const)('%s(x, axis)', (_, kernel: Kernel<ScanAttributes>, beats) => {
  it('finds the last of the best so far, and NaN wins', () => {
    fc.assert(
      fc.property(cases, ([recipe, axis, reverse]) => {
        const x = build(recipe);
        const out = unwritten('int32', x.shape);
        kernel(out, [x], { axis, reverse });
        const expected = walked(
          x.shape,
          { axis, reverse },
          (index) => at(x, index),
          (values) => {
            const isBest = (value: number): boolean =>
              values.some(Number.isNaN) ? Number.isNaN(value) : values.every((other) => beats(value, other));
            const k = values.findLastIndex(isBest);
            return reverse ? x.shape[axis]! - 1 - k : k;
          },
        );
        expect(valuesOf(out)).toEqual(expected);
      }),
    );
  });
});

describe.each([
  ['cumsum', cumsum, 1],
  ['recurrence', recurrence, 2],
] as const)('%s in WebAssembly', (_, kernel, inputs) => {
  it('gives the bits of the plain loop', () => {
    const shapes = fc.record({
      dtype: fc.constantFrom('float32' as const, 'float64' as const),
      outer: fc.integer({ min: 0, max: 3 }),
      count: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 60, max: 150 })),
      inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 9 })),
      reverse: fc.boolean(),
      kinds: fc.array(fc.double({ min: -2, max: 2 }), { minLength: 1, maxLength: 20 }),
      special: fc.option(fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
    });
    fc.assert(
      fc.property(shapes, ({ dtype, outer, count, inner, reverse, kinds, special }) => {
        const operands = Array.from({ length: inputs }, (__, k) => {
          const x = newBlock(dtype, [outer, count, inner], false);
          for (let i = 0; i < x.size; i++) x.data[x.offset + i] = kinds[(i * (k + 3)) % kinds.length]!;
          if (special !== null && x.size > 0) x.data[x.offset + (x.size >> (k + 1))] = special;
          return x;
        });
        const results = [kernel, kernel.plain].map((run) => {
          const out = unwritten(dtype, [outer, count, inner]);
          run(out, operands, { axis: 1, reverse });
          return valuesOf(out);
        });
        expect(results[0]).toEqual(results[1]);
      }),
    );
  });
});
