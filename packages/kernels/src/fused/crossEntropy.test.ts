import fc from 'fast-check';
import { type Block, newBlock } from '../block.js';
import { IndexError } from '../errors.js';
import { anyBlocks, blocksOf, build, unwritten } from '../testing/arbitraries.js';
import { at, indicesOf, valuesOf } from '../testing/reference.js';
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from './crossEntropy.js';

function block(dtype: 'float64' | 'float32' | 'int32', shape: readonly number[], values: readonly number[]): Block {
  const made = newBlock(dtype, shape, true);
  made.data.set(values, made.offset);
  return made;
}

function loss(logits: Block, labels: Block): Block {
  const out = unwritten(logits.dtype, labels.shape);
  softmaxCrossEntropy(out, [logits, labels], {});
  return out;
}

function backward(g: Block, logits: Block, labels: Block): Block {
  const out = unwritten(logits.dtype, logits.shape);
  softmaxCrossEntropyBackward(out, [g, logits, labels], {});
  return out;
}

/** Logits of any view, labels of any view, and a cotangent of any view (expanded ones too, as `mean` makes them). */
const cases = anyBlocks({ dtype: 'float64', minRank: 1, minExtent: 1 }).chain((logits) => {
  const rows = logits.shape.slice(0, -1);
  return fc.tuple(
    fc.constant(logits),
    blocksOf(rows, { dtype: 'int32', writable: true }),
    blocksOf(rows, { dtype: 'float64' }),
  );
});

function built([logits, labels, g]: Parameters<typeof build>[0][]): [Block, Block, Block] {
  const [x, t] = [build(logits!), build(labels!)];
  const classes = x.shape[x.shape.length - 1]!;
  for (const index of indicesOf(t.shape)) {
    const place = index.reduce((sum, i, axis) => sum + i * t.strides[axis]!, t.offset);
    t.data[place] = Math.abs(t.data[place]!) % classes;
  }
  return [x, t, build(g!)];
}

describe('softmaxCrossEntropy(logits, labels)', () => {
  it('is −ln of the probability of the label, for any views', () => {
    fc.assert(
      fc.property(cases, (recipes) => {
        const [x, t] = built(recipes);
        const y = loss(x, t);
        for (const row of indicesOf(t.shape)) {
          const logits = Array.from({ length: x.shape[row.length]! }, (_, i) => at(x, [...row, i]));
          const expected = -Math.log(Math.exp(logits[at(t, row)]!) / logits.reduce((sum, v) => sum + Math.exp(v), 0));
          expect(Math.abs(at(y, row) - expected)).toBeLessThanOrEqual(1e-13 * Math.max(1, expected));
        }
      }),
    );
  });

  it('neither overflows nor loses digits for huge logits', () => {
    const x = block('float64', [4, 2], [1e4, -1e4, -1e4, 1e4, 1e8, 1e8, 0, Number.NEGATIVE_INFINITY]);
    expect(valuesOf(loss(x, block('int32', [4], [0, 0, 1, 0])))).toEqual([0, 2e4, Math.log(2), 0]);
    expect(valuesOf(loss(x, block('int32', [4], [0, 0, 1, 1]))).at(-1)).toBe(Infinity);
  });

  it.each([
    [-1, 'The logits have 3 classes.'],
    [3, 'The logits have 3 classes.'],
    [0.5, 'The logits have 3 classes.'],
    [Number.NaN, 'The labels hold NaN: check how they were read.'],
  ])('refuses label %p, forward and backward', (bad, mend) => {
    const x = block('float64', [2, 3], [1, 2, 3, 4, 5, 6]);
    const labels = block('float64', [2], [0, bad]);
    const message = `softmaxCrossEntropy: got class label ${bad} at position 1; expected integers from 0 to 2. ${mend}`;
    for (const run of [() => loss(x, labels), () => backward(block('float64', [2], [1, 1]), x, labels)]) {
      expect(run).toThrow(IndexError);
      expect(run).toThrow(message);
    }
  });
});

describe('softmaxCrossEntropyBackward(g, logits, labels)', () => {
  it('agrees with central differences of the loss, for any views', () => {
    const h = 1e-5;
    fc.assert(
      fc.property(cases, (recipes) => {
        const [x, t, g] = built(recipes);
        const dx = backward(g, x, t);
        // A copy that can be changed at one place at a time.
        const moved = block('float64', x.shape, valuesOf(x));
        indicesOf(x.shape).forEach((index, i) => {
          const row = index.slice(0, -1);
          const [place, middle] = [moved.offset + i, moved.data[moved.offset + i]!];
          const [up, down] = [h, -h].map((by) => {
            moved.data[place] = middle + by;
            return at(loss(moved, t), row);
          });
          moved.data[place] = middle;
          const expected = ((up! - down!) / (2 * h)) * at(g, row);
          expect(Math.abs(at(dx, index) - expected)).toBeLessThanOrEqual(1e-8 * Math.max(1, Math.abs(at(g, row))));
        });
      }),
      { numRuns: 30 },
    );
  });

  it('sums to 0 over the classes, and stays finite for huge logits', () => {
    const x = block('float32', [2, 3], [1e4, -1e4, 0, 1, 2, 3]);
    const dx = valuesOf(backward(block('float32', [2], [1, 1]), x, block('int32', [2], [1, 2])));
    expect(dx.slice(0, 3)).toEqual([1, -1, 0]);
    expect(dx[3]! + dx[4]! + dx[5]!).toBeCloseTo(0, 6);
  });
});
