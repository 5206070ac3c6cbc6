import fc from 'fast-check';
import { newBlock } from '../block.js';
import { dtypes } from '../dtype.js';
import { anyBlocks, blocksOf, build, narrowed, shapesOf, unwritten } from '../testing/arbitraries.js';
import { broadcastAt, indicesOf, valuesOf } from '../testing/reference.js';
import { copy, copyInto, fill, withContiguous } from './copy.js';

/** Everything in the storage of a block, with `replace` at the places that the block shows. */
function storageAfter(recipe: Parameters<typeof build>[0], replace: (i: number) => number): number[] {
  const block = build(recipe);
  const { data, start, length } = block.storage;
  const all = Array.from(data.slice(start, start + length));
  indicesOf(block.shape).forEach((index, i) => {
    all[index.reduce((place, j, axis) => place + j * block.strides[axis]!, block.offset) - start] = replace(i);
  });
  return all;
}

/** A block to write to and one that broadcasts to it. */
const pairs = shapesOf().chain((shape) =>
  fc
    .tuple(fc.constantFrom(...dtypes), fc.oneof(fc.constant(shape), narrowed(shape)))
    .chain(([dtype, own]) =>
      fc.tuple(blocksOf(shape, { dtype, writable: true }), blocksOf(own, { dtype, special: true })),
    ),
);

describe('copyInto(out, x)', () => {
  it('writes x, broadcast, where out says and nowhere else', () => {
    fc.assert(
      fc.property(pairs, ([target, source]) => {
        const [out, x] = [build(target), build(source)];
        const expected = indicesOf(out.shape).map((index) => broadcastAt(x, index));
        const after = storageAfter(target, (i) => expected[i]!);
        copyInto(out, x);
        const { data, start, length } = out.storage;
        expect(Array.from(data.slice(start, start + length))).toEqual(after);
      }),
    );
  });
});

describe('fill(out, value)', () => {
  it('writes where out says and nowhere else', () => {
    fc.assert(
      fc.property(anyBlocks({ writable: true }), (target) => {
        const out = build(target);
        const after = storageAfter(target, () => 1);
        fill(out, 1);
        const { data, start, length } = out.storage;
        expect(Array.from(data.slice(start, start + length))).toEqual(after);
      }),
    );
  });

  it('fills long blocks of the heap to the last element, and no further', () => {
    const sizes = fc.tuple(fc.constantFrom('float32' as const, 'float64' as const), fc.integer({ min: 60, max: 300 }));
    fc.assert(
      fc.property(sizes, fc.constantFrom(0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY), ([dtype, size], value) => {
        const whole = newBlock(dtype, [size + 1], false);
        whole.data.fill(7, whole.offset, whole.offset + size + 1);
        fill(whole.view({ shape: [size], strides: [1], offset: whole.offset }), value);
        const written = [...whole.data.slice(whole.offset, whole.offset + size + 1)];
        expect(written).toEqual([...new Array<number>(size).fill(value), 7]);
      }),
    );
  });
});

describe('copy(x)', () => {
  it('is contiguous and holds the same numbers', () => {
    fc.assert(
      fc.property(anyBlocks({ special: true }), (recipe) => {
        const x = build(recipe);
        const out = unwritten(x.dtype, x.shape);
        copy(out, [x], {});
        expect(valuesOf(out)).toEqual(valuesOf(x));
      }),
    );
  });
});

describe('withContiguous(x, use)', () => {
  it('hands over x itself or a copy that is given back, whatever use does', () => {
    fc.assert(
      fc.property(anyBlocks(), (recipe) => {
        const x = build(recipe);
        const seen = withContiguous(x, (block) => {
          expect(block.contiguous).toBe(true);
          expect(valuesOf(block)).toEqual(valuesOf(x));
          return block;
        });
        if (x.contiguous) expect(seen).toBe(x);
        else expect(seen.storage.claims).toBe(0);
      }),
    );
    const strided = build({
      dtype: 'float32',
      shape: [2],
      axes: [{ step: 2, before: 0, behind: 0, expanded: false }],
      order: [0],
      padding: 0,
      inHeap: true,
      seed: 1,
      special: false,
    });
    let given: typeof strided | undefined;
    expect(() =>
      withContiguous(strided, (block) => {
        given = block;
        throw new RangeError('thrown inside');
      }),
    ).toThrow('thrown inside');
    expect(given!.storage.claims).toBe(0);
  });
});
