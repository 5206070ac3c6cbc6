import fc from 'fast-check';
import { newBlock } from '../block.js';
import { type DType, dtypes } from '../dtype.js';
import { anyBlocks, build, unwritten } from '../testing/arbitraries.js';
import { at, indicesOf, valuesOf } from '../testing/reference.js';
import { argsort } from './argsort.js';

/** By comparing: NaN behind all numbers, equal ones as they stood. */
function orderOf(values: readonly number[], descending: boolean): number[] {
  const compare = (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a < b ? -1 : a > b ? 1 : 0;
  };
  const places = values.map((_, i) => i);
  return places.sort((i, j) => (descending ? -1 : 1) * compare(values[i]!, values[j]!) || i - j);
}

describe('argsort(x, axis)', () => {
  it('sorts along any axis of any view', () => {
    const cases = anyBlocks({ minRank: 1, maxRank: 3, special: true }).chain((recipe) =>
      fc.tuple(fc.constant(recipe), fc.nat({ max: recipe.shape.length - 1 }), fc.boolean()),
    );
    fc.assert(
      fc.property(cases, ([recipe, axis, descending]) => {
        const x = build(recipe);
        const out = unwritten('int32', x.shape);
        argsort(out, [x], { axis, descending });
        for (const index of indicesOf(x.shape.map((n, i) => (i === axis ? Math.min(n, 1) : n)))) {
          const along = (k: number): number[] => index.map((i, a) => (a === axis ? k : i));
          const places = Array.from({ length: x.shape[axis]! }, (_, k) => k);
          const expected = orderOf(
            places.map((k) => at(x, along(k))),
            descending,
          );
          expect(places.map((k) => at(out, along(k)))).toEqual(expected);
        }
      }),
    );
  });

  it('sorts long rows by digits as short ones by insertion', () => {
    const ofDType = (dtype: DType) =>
      dtype === 'bool'
        ? fc.nat({ max: 1 })
        : dtype === 'uint8'
          ? fc.nat({ max: 255 })
          : dtype === 'int32'
            ? fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }))
            : fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, Number.NaN, Infinity, -Infinity, 5e-324, -1e-45));
    const rows = fc
      .constantFrom(...dtypes)
      .chain((dtype) =>
        fc.tuple(fc.constant(dtype), fc.array(ofDType(dtype), { minLength: 55, maxLength: 140, size: 'max' })),
      );
    fc.assert(
      fc.property(rows, fc.boolean(), ([dtype, values], descending) => {
        const x = newBlock(dtype, [2, values.length], false);
        x.data.set([...values, ...[...values].reverse()], x.offset);
        const out = unwritten('int32', x.shape);
        argsort(out, [x], { axis: 1, descending });
        const stored = valuesOf(x);
        const [first, second] = [stored.slice(0, values.length), stored.slice(values.length)];
        expect(valuesOf(out)).toEqual([...orderOf(first, descending), ...orderOf(second, descending)]);
      }),
    );
  });
});
