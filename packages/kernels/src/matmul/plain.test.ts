import fc from 'fast-check';
import { type Block, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { permuteLayout } from '../layout.js';
import { blocksOf, broadcastableShapes, build, extents, unwritten } from '../testing/arbitraries.js';
import { broadcastShape, product, stored, valuesOf } from '../testing/reference.js';
import { matmul } from './plain.js';

function multiply(a: Block, b: Block, run: Kernel = matmul): Block {
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))!;
  const out = unwritten(a.dtype, [...batch, ...a.shape.slice(-2, -1), ...b.shape.slice(-1)]);
  run(out, [a, b], {});
  return out;
}

/**
 * Compares the plain loop and the kernel that runs with the textbook loops. A sum of k terms in an order of its own differs
 * by at most (k + 2) roundings of Σ |a b| (Higham 2002, "Accuracy and stability of numerical algorithms", section 3.1).
 */
function expectProduct(a: Block, b: Block): void {
  const k = a.shape[a.shape.length - 1]!;
  for (const run of [matmul, matmul.plain]) {
    const out = multiply(a, b, run);
    const { values, magnitudes } = product(a, b, out.shape.slice(0, -2));
    // The plain loop accumulates float32 in double precision and rounds once.
    const roundings = out.dtype === 'float32' && run === matmul.plain ? 2 : k + 2;
    const unit = out.dtype === 'float32' ? 2 ** -24 : 2 ** -53;
    // Below the smallest normal float32 a rounding is no longer relative.
    const smallest = out.dtype === 'float32' ? roundings * 2 ** -149 : 0;
    valuesOf(out).forEach((y, i) => {
      if (out.dtype === 'int32') expect(y).toBe(stored('int32', values[i]!));
      else expect(Math.abs(y - values[i]!)).toBeLessThanOrEqual(roundings * unit * magnitudes[i]! + smallest);
    });
  }
}

function block(dtype: DType, shape: readonly number[], values: readonly number[]): Block {
  const made = newBlock(dtype, shape, true);
  made.data.set(values, made.offset);
  return made;
}

const transposed = (x: Block): Block =>
  x.view(permuteLayout(x, [...x.shape.slice(2).map((_, axis) => axis), x.shape.length - 1, x.shape.length - 2]));

const extent = extents({ maxExtent: 9 });

describe('matmul(a, b)', () => {
  it('is the textbook product for every shape, view and broadcast batch, 0 and 1 included', () => {
    const cases = fc
      .tuple(broadcastableShapes(2, { maxRank: 2, maxExtent: 3 }), extent, extent, extent)
      .chain(([[batchA, batchB], m, k, n]) =>
        fc
          .constantFrom<DType>('float32', 'float64', 'int32')
          .chain((dtype) => fc.tuple(blocksOf([...batchA!, m, k], { dtype }), blocksOf([...batchB!, k, n], { dtype }))),
      );
    fc.assert(
      fc.property(cases, ([a, b]) => expectProduct(build(a), build(b))),
      { numRuns: 200 },
    );
  });

  it('takes both operands transposed or not', () => {
    const cases = fc.tuple(extent, extent, extent).chain(([m, k, n]) => {
      const matrix = (rows: number, columns: number) =>
        blocksOf([rows, columns], { dtype: 'float32', contiguous: true });
      return fc.tuple(matrix(m, k), matrix(k, m), matrix(k, n), matrix(n, k));
    });
    fc.assert(
      fc.property(cases, (recipes) => {
        const [a, at, b, bt] = recipes.map(build) as [Block, Block, Block, Block];
        for (const left of [a, transposed(at)]) for (const right of [b, transposed(bt)]) expectProduct(left, right);
      }),
    );
  });

  it('agrees with values worked by hand', () => {
    const a = block('float64', [2, 3], [1, 2, 3, 4, 5, 6]);
    const b = block('float64', [3, 2], [7, 8, 9, 10, 11, 12]);
    expect(valuesOf(multiply(a, b))).toEqual([58, 64, 139, 154]);
    expect(valuesOf(multiply(transposed(b), transposed(a)))).toEqual([58, 139, 64, 154]);
  });

  it('squares the Hilbert matrix of order 3 to the published rational values', () => {
    // H[i, j] = 1 / (i + j − 1); H² = [49/36, 3/4, 21/40; 3/4, 61/144, 3/10; 21/40, 3/10, 769/3600]
    const h = block('float64', [3, 3], [1, 1 / 2, 1 / 3, 1 / 2, 1 / 3, 1 / 4, 1 / 3, 1 / 4, 1 / 5]);
    const expected = [49 / 36, 3 / 4, 21 / 40, 3 / 4, 61 / 144, 3 / 10, 21 / 40, 3 / 10, 769 / 3600];
    for (const [i, y] of valuesOf(multiply(h, h)).entries()) expect(y).toBeCloseTo(expected[i]!, 14);
  });

  it('is 0 where nothing is summed', () => {
    expect(valuesOf(multiply(newBlock('float32', [2, 0], false), newBlock('float32', [0, 3], false)))).toEqual(
      new Array(6).fill(0),
    );
  });

  it('NaN and ∞ stay in the rows and columns that hold them, at the ragged edge too', () => {
    const a = block('float64', [5, 5], new Array(25).fill(1));
    const b = block('float64', [5, 5], new Array(25).fill(1));
    a.data[a.offset + 4 * 5] = Number.NaN;
    b.data[b.offset + 4] = Number.POSITIVE_INFINITY;
    valuesOf(multiply(a, b)).forEach((y, i) => {
      const [row, column] = [Math.floor(i / 5), i % 5];
      expect(y).toBe(row === 4 ? Number.NaN : column === 4 ? Number.POSITIVE_INFINITY : 5);
    });
  });
});
