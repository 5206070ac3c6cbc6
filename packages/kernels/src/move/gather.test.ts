import fc from 'fast-check';
import { type Block, newBlock } from '../block.js';
import { IndexError } from '../errors.js';
import { anyBlocks, blocksOf, build, shapesOf, unwritten } from '../testing/arbitraries.js';
import { at, indicesOf, valuesOf } from '../testing/reference.js';
import { gather, gatherAlong, scatterAdd, scatterAlong } from './gather.js';

/** A block, an axis of it, and indices of any shape and view with any values. */
const cases = anyBlocks({ dtype: 'float64', minExtent: 1, minRank: 1, maxRank: 3 }).chain((recipe) =>
  fc.tuple(
    fc.constant(recipe),
    fc.nat({ max: recipe.shape.length - 1 }),
    shapesOf({ maxRank: 2 }).chain((shape) => blocksOf(shape, { dtype: 'int32', writable: true })),
  ),
);

/** The same indices brought into −extent … extent − 1, negative ones and repeats among them. */
function within(indices: Block, extent: number): Block {
  for (const index of indicesOf(indices.shape)) {
    const place = index.reduce((sum, i, axis) => sum + i * indices.strides[axis]!, indices.offset);
    indices.data[place] = indices.data[place]! % extent;
  }
  return indices;
}

/** Calls `visit(i, j)` for each index i of the picked block and the index j of the whole that it comes from. */
function forEachPick(
  whole: Block,
  indices: Block,
  axis: number,
  visit: (picked: number[], source: number[]) => void,
): void {
  const rank = indices.shape.length;
  for (const index of indicesOf([...whole.shape.slice(0, axis), ...indices.shape, ...whole.shape.slice(axis + 1)])) {
    const pick = at(indices, index.slice(axis, axis + rank));
    const from = pick < 0 ? pick + whole.shape[axis]! : pick;
    visit(index, [...index.slice(0, axis), from, ...index.slice(axis + rank)]);
  }
}

const pickedShape = (whole: Block, indices: Block, axis: number): number[] => [
  ...whole.shape.slice(0, axis),
  ...indices.shape,
  ...whole.shape.slice(axis + 1),
];

describe('gather(x, indices, axis)', () => {
  it('takes slices of any view along any axis, with negative and repeated indices of any shape', () => {
    fc.assert(
      fc.property(cases, ([recipe, axis, picks]) => {
        const x = build(recipe);
        const indices = within(build(picks), x.shape[axis]!);
        const out = unwritten('float64', pickedShape(x, indices, axis));
        gather(out, [x, indices], { axis });
        forEachPick(x, indices, axis, (i, j) => expect(at(out, i)).toBe(at(x, j)));
      }),
      { numRuns: 200 },
    );
  });

  it.each([3, -4, 1.5, Number.NaN])('refuses index %p of three', (bad) => {
    const x = newBlock('float32', [3, 2], true);
    const indices = newBlock('float64', [2], true);
    indices.data.set([-3, bad], indices.offset);
    const run = (): void => gather(newBlock('float32', [2, 2], true), [x, indices], { axis: 0 });
    expect(run).toThrow(IndexError);
    expect(run).toThrow(`take: got index ${bad} at position 1; expected integers from -3 to 2`);
  });

  it('takes nothing from an empty axis, and refuses to take something', () => {
    const x = newBlock('float32', [0, 2], true);
    gather(newBlock('float32', [0, 2], true), [x, newBlock('int32', [0], true)], { axis: 0 });
    const one = newBlock('int32', [1], true);
    one.data[one.offset] = 0;
    expect(() => gather(newBlock('float32', [1, 2], true), [x, one], { axis: 0 })).toThrow(IndexError);
  });
});

describe('scatterAdd(x, indices, axis)', () => {
  it('adds every slice where it came from, repeats as often as they occur', () => {
    fc.assert(
      fc.property(cases, fc.nat(), ([recipe, axis, picks], seed) => {
        const whole = build(recipe);
        const indices = within(build(picks), whole.shape[axis]!);
        const shape = pickedShape(whole, indices, axis);
        const g = build({
          dtype: 'float64',
          shape,
          axes: shape.map((_, k) => ({ step: k % 2 === 0 ? 2 : -1, before: 1, behind: 0, expanded: false })),
          order: shape.map((_, k) => k).reverse(),
          padding: 2,
          inHeap: true,
          seed,
          special: false,
        });
        const out = unwritten('float64', whole.shape);
        scatterAdd(out, [g, indices], { axis });
        const expected = new Map<string, number>(indicesOf(whole.shape).map((index) => [index.join(), 0]));
        forEachPick(whole, indices, axis, (i, j) => expected.set(j.join(), expected.get(j.join())! + at(g, i)));
        // Contributions meet in the same order, so the sums have the same bits.
        expect(valuesOf(out)).toEqual([...expected.values()]);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses indices that the result has no place for', () => {
    const indices = newBlock('int32', [1], true);
    indices.data[indices.offset] = 7;
    expect(() =>
      scatterAdd(newBlock('float32', [3], true), [newBlock('float32', [1], true), indices], { axis: 0 }),
    ).toThrow('scatterAdd: got index 7 at position 0; expected integers from -3 to 2');
  });
});

/** Rows before and behind the axis, the axis, and indices of each slice or each element, one of them wrong now and then. */
const picking = fc.record({
  outer: fc.integer({ min: 0, max: 3 }),
  extent: fc.integer({ min: 0, max: 5 }),
  inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 21 })),
  along: fc.integer({ min: 0, max: 9 }),
  seed: fc.nat(),
  wrong: fc.option(fc.tuple(fc.nat(), fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)))),
});

describe.each([
  ['gather', gather, { gathers: true, each: false }],
  ['scatterAdd', scatterAdd, { gathers: false, each: false }],
  ['gatherAlong', gatherAlong, { gathers: true, each: true }],
  ['scatterAlong', scatterAlong, { gathers: false, each: true }],
] as const)('%s in WebAssembly', (_, kernel, { gathers, each }) => {
  it.each(['float32', 'float64', 'int32'] as const)('gives the bits and the errors of the plain loop, %s', (dtype) => {
    fc.assert(
      fc.property(picking, ({ outer, extent, inner, along, seed, wrong }) => {
        const [whole, picked] = [
          [outer, extent, inner],
          [outer, along, inner],
        ];
        const x = newBlock(dtype, gathers ? whole : picked, false);
        for (let i = 0; i < x.size; i++) x.data[x.offset + i] = 100 * Math.sin(i + 1);
        if (x.size > 0 && dtype !== 'int32') x.data[x.offset + (seed % x.size)] = -0;
        const indices = newBlock('int32', each ? picked : [along], false);
        const places = indices.data.subarray(indices.offset, indices.offset + indices.size);
        for (let i = 0; i < places.length; i++) places[i] = (((seed % 9973) * (i + 1)) % (2 * extent)) - extent;
        if (wrong !== null && places.length > 0) {
          const [place, value] = wrong;
          places[place % places.length] = value === 0 ? extent : value === -1 ? -extent - 1 : value;
        }
        const attributes = { axis: 1, extent };
        const results = [kernel, kernel.plain].map((run) => {
          const out = unwritten(dtype, gathers ? picked : whole);
          try {
            run(out, [x, indices], attributes);
          } catch (error) {
            return String(error);
          }
          return valuesOf(out);
        });
        expect(results[0]).toEqual(results[1]);
      }),
    );
  });
});

describe('gatherAlong(x, indices, axis) and scatterAlong(x, indices, axis)', () => {
  /** Extents before, along (of the whole and of the picked) and behind the axis. */
  const extents = fc.tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 0, max: 3 }),
  );
  const along = extents.chain(([before, extent, picks, behind]) => {
    const whole = blocksOf([before, extent, behind], { dtype: 'float64' });
    const picked = blocksOf([before, picks, behind], { dtype: 'float64' });
    const indices = blocksOf([before, picks, behind], { dtype: 'int32', writable: true });
    return fc.tuple(whole, picked, indices);
  });

  it('take each element by its own index, and add it back there, from any view', () => {
    fc.assert(
      fc.property(along, ([wholeRecipe, pickedRecipe, picks]) => {
        const [whole, picked] = [build(wholeRecipe), build(pickedRecipe)];
        const extent = whole.shape[1]!;
        const indices = within(build(picks), extent);
        const source = (i: readonly number[]): number[] => [i[0]!, (at(indices, i) + extent) % extent, i[2]!];
        const taken = unwritten('float64', indices.shape);
        gatherAlong(taken, [whole, indices], { axis: 1, extent });
        for (const i of indicesOf(indices.shape)) expect(at(taken, i)).toBe(at(whole, source(i)));
        const sums = unwritten('float64', whole.shape);
        scatterAlong(sums, [picked, indices], { axis: 1, extent });
        const expected = new Map<string, number>(indicesOf(whole.shape).map((index) => [index.join(), 0]));
        for (const i of indicesOf(indices.shape)) {
          const to = source(i).join();
          expected.set(to, expected.get(to)! + at(picked, i));
        }
        expect(valuesOf(sums)).toEqual([...expected.values()]);
      }),
    );
  });
});
