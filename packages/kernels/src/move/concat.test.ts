import fc from 'fast-check';
import { newBlock } from '../block.js';
import { sliceLayout } from '../layout.js';
import { anyBlocks, blocksOf, build, extents, shapesOf, unwritten } from '../testing/arbitraries.js';
import { at, indicesOf, valuesOf } from '../testing/reference.js';
import { concat, placeSlice } from './concat.js';

describe('concat(inputs, axis)', () => {
  it('puts any views one behind the other', () => {
    const cases = shapesOf({ minRank: 1, maxRank: 3 }).chain((shape) =>
      fc
        .tuple(fc.nat({ max: shape.length - 1 }), fc.array(extents(), { minLength: 1, maxLength: 4 }))
        .chain(([axis, lengths]) =>
          fc.tuple(
            fc.constant(axis),
            fc.tuple(
              ...lengths.map((length) =>
                blocksOf(
                  shape.map((extent, i) => (i === axis ? length : extent)),
                  { dtype: 'float32', special: true },
                ),
              ),
            ),
          ),
        ),
    );
    fc.assert(
      fc.property(cases, ([axis, recipes]) => {
        const inputs = recipes.map(build);
        const total = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
        const out = newBlock(
          'float32',
          inputs[0]!.shape.map((extent, i) => (i === axis ? total : extent)),
          false,
        );
        concat(out, inputs, { axis });
        for (const index of indicesOf(out.shape)) {
          // Which input the index falls into, and where.
          let [which, inside] = [0, index[axis]!];
          while (inside >= inputs[which]!.shape[axis]!) inside -= inputs[which++]!.shape[axis]!;
          const own = index.map((i, k) => (k === axis ? inside : i));
          expect(at(out, index)).toBe(at(inputs[which]!, own));
        }
      }),
    );
  });
});

describe('placeSlice(x, { start, size, step })', () => {
  it('is the transpose of slicing: ⟨slice(a), x⟩ = ⟨a, placeSlice(x)⟩', () => {
    const cases = anyBlocks({ dtype: 'int32', minExtent: 1 }).chain((recipe) =>
      fc
        .tuple(
          ...recipe.shape.map((extent) =>
            fc.tuple(fc.nat({ max: extent - 1 }), fc.nat(), fc.constantFrom(1, 2, -1, -2)),
          ),
        )
        .chain((ranges) => {
          const start = ranges.map(([from]) => from);
          const step = ranges.map(([, , by]) => by);
          const size = ranges.map(([from, wanted, by], axis) => {
            const inside = by > 0 ? Math.ceil((recipe.shape[axis]! - from) / by) : Math.floor(from / -by) + 1;
            return wanted % (inside + 1);
          });
          return fc.tuple(fc.constant(recipe), fc.constant({ start, size, step }), blocksOf(size, { dtype: 'int32' }));
        }),
    );
    fc.assert(
      fc.property(cases, ([recipe, slice, source]) => {
        const [a, x] = [build(recipe), build(source)];
        const placed = unwritten('int32', a.shape);
        placeSlice(placed, [x], slice);
        const dot = (p: number[], q: number[]): number => p.reduce((sum, v, i) => sum + v * q[i]!, 0);
        const sliced = a.view(sliceLayout(a, slice.start, slice.size, slice.step));
        expect(dot(valuesOf(a), valuesOf(placed))).toBe(dot(valuesOf(sliced), valuesOf(x)));
        expect(valuesOf(placed.view(sliceLayout(placed, slice.start, slice.size, slice.step)))).toEqual(valuesOf(x));
        expect(valuesOf(placed).filter((v) => v !== 0).length).toBe(valuesOf(x).filter((v) => v !== 0).length);
      }),
    );
  });
});
