import fc from 'fast-check';
import { type Block, copyOut, newBlock } from '../block.js';
import { type DType, isFloating } from '../dtype.js';
import { reducedShape } from '../shape.js';
import { anyBlocks, bits32, build, unwritten } from '../testing/arbitraries.js';
import { reduced, stored, valuesOf } from '../testing/reference.js';
import { sum } from './sum.js';

// Jest looks up Math anew at every use, which takes longer than the sums.
const { abs } = Math;

/** Any block and some of its axes. */
const cases = anyBlocks().chain((recipe) =>
  fc.tuple(fc.constant(recipe), fc.subarray(recipe.shape.map((_, axis) => axis))),
);

/** Σ of doubles as exact as doubles can say it: with every rounding error carried along (Neumaier 1974). */
function accurateSum(values: ArrayLike<number>): number {
  let [total, lost] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const next = total + value;
    lost += abs(total) >= abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}

/** 0.1 everywhere, in float64. */
function tenths(shape: readonly number[]): Block {
  const block = newBlock('float64', shape, true);
  block.data.fill(0.1, block.offset, block.offset + block.size);
  return block;
}

/** Values of no pattern, in a block of the shape. */
function noise(dtype: DType, shape: readonly number[]): Block {
  const block = newBlock(dtype, shape, true);
  const draw = bits32(5);
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = draw() / 2 ** 32;
  return block;
}

describe('sum(x, axes)', () => {
  it('adds up whatever axes of whatever view, in every dtype', () => {
    fc.assert(
      fc.property(cases, ([recipe, axes]) => {
        const x = build(recipe);
        for (const keepDims of [false, true]) {
          // Counts need more room than bool and uint8 have.
          const out = unwritten(isFloating(x.dtype) ? x.dtype : 'int32', reducedShape(x.shape, axes, keepDims));
          sum(out, [x], { axes, keepDims });
          const expected = reduced(x, axes, accurateSum);
          const magnitudes = reduced(x, axes, (values) => accurateSum(values.map(Math.abs)));
          const unit = out.dtype === 'float32' ? 2 ** -24 : 2 ** -53;
          valuesOf(out).forEach((y, i) => {
            expect(Math.abs(y - stored(out.dtype, expected[i]!))).toBeLessThanOrEqual(8 * unit * magnitudes[i]!);
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  it('10⁶ × 0.1 in float32 is 100000, in one run, in rows, and across the grain', () => {
    for (const [shape, axes] of [
      [[1_000_000], [0]],
      [[100_000, 10], [0]],
      [[10, 100_000], [1]],
    ] as const) {
      const x = newBlock('float32', shape, true);
      x.data.fill(0.1, x.offset, x.offset + x.size);
      const out = unwritten('float32', reducedShape(shape, axes, false));
      sum(out, [x], { axes, keepDims: false });
      const each = 100_000 / out.size;
      for (const y of valuesOf(out)) expect(Math.abs(y - each)).toBeLessThanOrEqual(0.01 / out.size);
    }
  });

  // Tenths, because their rounding errors do not cancel: one after the other, 300,000 of them are wrong by 10⁻¹² of the sum.
  it.each<[string, readonly number[], readonly number[], readonly number[]]>([
    ['one run', [300_000], [300_000], [1]],
    ['rows', [150_000, 2], [150_000, 2], [2, 1]],
    ['columns', [2, 150_000], [2, 150_000], [150_000, 1]],
    ['many short runs', [150_000, 1, 2], [150_000, 1, 2], [3, 3, 1]],
  ])('has the error bound of pairwise summation in float64: %s', (_, __, shape, strides) => {
    const stored = tenths([strides[0]! * shape[0]!]);
    const x = stored.view({ shape, strides, offset: stored.offset });
    const values = copyOut(x);
    const out = unwritten('float64', []);
    sum(out, [x], { axes: shape.map((_, axis) => axis), keepDims: false });
    // Blocks of 128 in four lanes, then one more rounding for each doubling.
    const roundings = 128 / 4 + 4 + Math.ceil(Math.log2(values.length / 2));
    const bound = roundings * 2 ** -53 * accurateSum(values);
    expect(Math.abs(out.data[out.offset]! - accurateSum(values))).toBeLessThanOrEqual(bound);
  });

  it('of rows has the bound of pairwise summation for each column', () => {
    const x = tenths([300_000, 2]);
    const out = unwritten('float64', [2]);
    sum(out, [x], { axes: [0], keepDims: false });
    const values = copyOut(x);
    valuesOf(out).forEach((y, column) => {
      const expected = accurateSum(values.filter((_, i) => i % 2 === column));
      // At most 128 + log₂(300,000/128) roundings. Blocks added one after the other would leave 348 units here.
      expect(Math.abs(y / expected - 1)).toBeLessThanOrEqual((128 + 12) * 2 ** -53);
    });
  });

  it('gives the same bits each time', () => {
    const x = noise('float32', [37, 1001]);
    const results = [0, 1].map(() => {
      const out = unwritten('float32', [37]);
      sum(out, [x], { axes: [1], keepDims: false });
      return valuesOf(out);
    });
    expect(results[0]).toEqual(results[1]);
  });

  it('is 0 over an empty axis, and x itself over no axes', () => {
    const empty = newBlock('float32', [2, 0], true);
    const zeros = unwritten('float32', [2]);
    sum(zeros, [empty], { axes: [1], keepDims: false });
    expect(valuesOf(zeros)).toEqual([0, 0]);

    const x = noise('float32', [2, 3]);
    const same = unwritten('float32', [2, 3]);
    sum(same, [x], { axes: [], keepDims: false });
    expect(valuesOf(same)).toEqual(valuesOf(x));
  });

  it('is NaN for ∞ − ∞ and ∞ for ∞', () => {
    const x = newBlock('float64', [2, 2], true);
    x.data.set([Infinity, -Infinity, Infinity, 1], x.offset);
    const out = unwritten('float64', [2]);
    sum(out, [x], { axes: [1], keepDims: false });
    expect(valuesOf(out)).toEqual([Number.NaN, Infinity]);
  });
});
