import fc from 'fast-check';
import { newBlock } from '../block.js';
import { reducedShape } from '../shape.js';
import { anyBlocks, build, unwritten } from '../testing/arbitraries.js';
import { reduced, valuesOf } from '../testing/reference.js';
import { argmax, argmin, max, min } from './extremum.js';

const blocks = anyBlocks({ minExtent: 1, minRank: 1, special: true });

/** Position of the first NaN, else of the first element that no other beats. */
function firstBest(values: readonly number[], beats: (a: number, b: number) => boolean): number {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.findIndex((v) => !values.some((w) => beats(w, v)));
}
const greater = (a: number, b: number): boolean => a > b;
const less = (a: number, b: number): boolean => a < b;

describe('max(x, axes) and min(x, axes)', () => {
  it.each([
    ['max', max, greater],
    ['min', min, less],
  ] as const)('%s finds the extremum of any axes of any view, and NaN wins', (_, kernel, beats) => {
    const cases = blocks.chain((recipe) =>
      fc.tuple(fc.constant(recipe), fc.subarray(recipe.shape.map((_, axis) => axis))),
    );
    fc.assert(
      fc.property(cases, fc.boolean(), ([recipe, axes], keepDims) => {
        const x = build(recipe);
        const out = unwritten(x.dtype, reducedShape(x.shape, axes, keepDims));
        kernel(out, [x], { axes, keepDims });
        const expected = reduced(x, axes, (values) => values[firstBest(values, beats)]!);
        // Zeros are equal, whatever their sign.
        expect(valuesOf(out).map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
      }),
    );
  });
});

describe('argmax(x, axis) and argmin(x, axis)', () => {
  it.each([
    ['argmax', argmax, greater],
    ['argmin', argmin, less],
  ] as const)('%s finds the first extremum, or the first NaN', (_, kernel, beats) => {
    const cases = blocks.chain((recipe) => fc.tuple(fc.constant(recipe), fc.nat({ max: recipe.shape.length - 1 })));
    fc.assert(
      fc.property(cases, ([recipe, axis]) => {
        const x = build(recipe);
        const out = unwritten('int32', reducedShape(x.shape, [axis], false));
        kernel(out, [x], { axes: [axis], keepDims: false });
        expect(valuesOf(out)).toEqual(reduced(x, [axis], (values) => firstBest(values, beats)));
      }),
    );
  });

  it('the first of equal ones is meant', () => {
    const x = newBlock('float32', [2, 4], true);
    x.data.set([1, 3, 3, 0, Number.NaN, 9, Number.NaN, -9], x.offset);
    const out = unwritten('int32', [2]);
    argmax(out, [x], { axes: [1], keepDims: false });
    expect(valuesOf(out)).toEqual([1, 0]);
    argmin(out, [x], { axes: [1], keepDims: false });
    expect(valuesOf(out)).toEqual([3, 0]);
  });

  it.each([
    ['argmax', argmax],
    ['argmin', argmin],
  ] as const)('%s in SIMD finds the places of the plain loop', (_, kernel) => {
    const numbers = [0, -0, 1, 2, 2.5, -1, -2.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
    const cases = fc.record({
      dtype: fc.constantFrom('float32' as const, 'float64' as const),
      outer: fc.integer({ min: 1, max: 3 }),
      extent: fc.oneof(fc.constant(1), fc.integer({ min: 200, max: 300 })),
      inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 11 })),
      // Few numbers make ties; one kind often leaves NaN and infinities out, or is all there is.
      kinds: fc.array(fc.constantFrom(...numbers), { minLength: 1, maxLength: 9 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ dtype, outer, extent, inner, kinds, seed }) => {
        const x = newBlock(dtype, [outer, extent, inner], false);
        let state = seed;
        for (let i = 0; i < x.size; i++) {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          x.data[x.offset + i] = kinds[(state >>> 16) % kinds.length]!;
        }
        const results = [kernel, kernel.plain].map((run) => {
          const out = unwritten('int32', [outer, inner]);
          run(out, [x], { axes: [1], keepDims: false });
          return valuesOf(out);
        });
        expect(results[0]).toEqual(results[1]);
      }),
    );
  });
});
