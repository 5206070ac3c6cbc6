import { isTensor, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectRejected, expectThrown, float64 } from '../../../fixtures/testing.js';
import { CategoryEncoding, Discretization, Normalization, Rescaling } from './numeric.js';

/** Rows in batches of any sizes. */
const batched = fc
  .array(fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 2 }), { minLength: 1 })
  .chain((rows) => fc.tuple(fc.constant(rows), fc.array(fc.integer({ min: 1, max: rows.length }))))
  .map(([rows, sizes]) => {
    const batches: number[][][] = [];
    let at = 0;
    for (const size of [...sizes, rows.length]) {
      if (at < rows.length) batches.push(rows.slice(at, at + size));
      at += size;
    }
    return { rows, batches };
  });

async function* later<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe('Rescaling', () => {
  it('computes x scale + offset, of integers in float32', () => {
    const y = new Rescaling({ scale: 1 / 127.5, offset: -1 }).call(tensor([0, 255], { dtype: 'uint8' })) as Tensor;
    expect(y.dtype).toBe('float32');
    expectNear(y, [-1, 1], 1e-6);
  });
});

describe('Normalization', () => {
  it('normalizes as the examples of Keras', async () => {
    const layer = await new Normalization({ axis: null }).adapt(tensor([1, 2, 3, 4, 5]));
    expectNear(layer.call(tensor([1, 2, 3])), [-Math.SQRT2, -0.70710677, 0], 1e-6);
    const columns = await new Normalization().adapt([
      [0, 7, 4],
      [2, 9, 6],
      [0, 7, 4],
      [2, 9, 6],
    ]);
    expectNear(columns.call(tensor([[0, 7, 4]])), [[-1, -1, -1]], 1e-6);
    expectNear(
      new Normalization({ mean: 3, variance: 2 }).call(tensor([[1], [2], [3]])),
      [[-Math.SQRT2], [-0.70710677], [0]],
      1e-6,
    );
  });

  it('finds the same however the data are batched, and is undone by invert', async () => {
    await fc.assert(
      fc.asyncProperty(batched, async ({ rows, batches }) => {
        const whole = await new Normalization().adapt(float64(rows));
        const parts = await new Normalization().adapt(batches.map((batch) => float64(batch)).values());
        const awaited = await new Normalization().adapt(later(batches));
        for (const other of [parts, awaited])
          for (const [path, value] of Object.entries(whole.stateDict()))
            expect(other.stateDict()[path]!.toArray()).toEqual(value.toArray());
        const inverse = new Normalization({ invert: true });
        inverse.mean.setValue(whole.mean);
        inverse.variance.setValue(whole.variance);
        const back = inverse.call(whole.call(float64(rows)));
        expect(isTensor(back)).toBe(true);
        expectNear(back, rows, 1e-9);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps an index of several axes apart', async () => {
    const x = float64([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [3, 6],
        [7, 4],
      ],
    ]);
    const layer = await new Normalization({ axis: [1, 2] }).adapt(x);
    expectNear(layer.mean, [
      [2, 4],
      [5, 4],
    ]);
    expectNear(layer.variance, [
      [1, 4],
      [4, 0],
    ]);
  });

  it('hands its state on', async () => {
    const layer = await new Normalization().adapt(
      tensor([
        [1, 2],
        [3, 6],
      ]),
    );
    const other = new Normalization();
    other.loadStateDict(layer.stateDict());
    expect(other.call(tensor([[3, 2]])).toArray()).toEqual([[1, -1]]);
  });

  it('refuses what cannot be', async () => {
    expectThrown(
      () => new Normalization().call(tensor([[1]])),
      ArgumentError,
      'Normalization › Normalization: it has no mean and variance yet. Call await layer.adapt(data) first.',
    );
    await expectRejected(
      new Normalization().adapt([]),
      ArgumentError,
      'Normalization.adapt: got no data; expected one sample at least',
    );
    expectThrown(
      () => new Normalization({ mean: 1 }),
      ArgumentError,
      'Normalization: got one of mean and variance; expected both or none',
    );
    const layer = await new Normalization().adapt(tensor([[1, 2]]));
    expect(() => layer.call(tensor([[1]]))).toThrow(ShapeError);
  });
});

describe('Discretization', () => {
  const x = tensor([
    [-1.5, 1, 3.4, 0.5],
    [0, 3, 1.3, 0],
  ]);

  it('does what the examples of Keras do', async () => {
    expect(new Discretization({ binBoundaries: [0, 1, 2] }).call(x).toArray()).toEqual([
      [0, 2, 3, 1],
      [1, 3, 2, 1],
    ]);
    expect((await new Discretization({ numBins: 4 }).adapt(x)).call(x).toArray()).toEqual([
      [0, 2, 3, 2],
      [1, 3, 3, 1],
    ]);
  });

  it('fills bins alike, however the data are batched', async () => {
    await fc.assert(
      fc.asyncProperty(batched, fc.integer({ min: 1, max: 5 }), async ({ rows, batches }, numBins) => {
        const whole = await new Discretization({ numBins }).adapt(rows);
        const parts = await new Discretization({ numBins }).adapt(later(batches));
        expect(parts.binBoundaries).toEqual(whole.binBoundaries);
        const distinct = new Set(rows.flat()).size === rows.flat().length;
        if (!distinct) return;
        const bins = [
          ...new Discretization({ binBoundaries: whole.binBoundaries! }).call(float64(rows)).toTypedArray(),
        ];
        for (let bin = 0; bin < numBins; bin++) {
          const held = bins.filter((b) => b === bin).length;
          expect(Math.abs(held - bins.length / numBins)).toBeLessThanOrEqual(1.5);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('hands its boundaries on as extra state', async () => {
    const layer = await new Discretization({ numBins: 3 }).adapt(x);
    const other = new Discretization({ numBins: 3 });
    other.loadExtraStates(layer.extraStates());
    expect(other.call(x).toArray()).toEqual(layer.call(x).toArray());
    expect(() => new Discretization({ numBins: 3 }).call(x)).toThrow('it has no boundaries yet');
    expect(() => new Discretization({ binBoundaries: [1, 0] })).toThrow(ArgumentError);
    expect(() => other.loadExtraState('no')).toThrow(ArgumentError);
  });
});

describe('CategoryEncoding', () => {
  const x = tensor([
    [0, 1],
    [0, 0],
    [1, 2],
    [3, 1],
  ]);

  it('does what the examples of Keras do', () => {
    const oneHot = new CategoryEncoding({ numTokens: 4, outputMode: 'oneHot' });
    const rows = [
      [0, 0, 0, 1],
      [0, 0, 1, 0],
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ];
    expect(oneHot.call(tensor([3, 2, 0, 1])).toArray()).toEqual(rows);
    expect(oneHot.call(tensor([[3], [2], [0], [1]])).toArray()).toEqual(rows);
    expect(new CategoryEncoding({ numTokens: 4 }).call(x).toArray()).toEqual([
      [1, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 1, 1, 0],
      [0, 1, 0, 1],
    ]);
    const weights = tensor([
      [0.1, 0.2],
      [0.1, 0.1],
      [0.2, 0.3],
      [0.4, 0.2],
    ]);
    expectNear(
      new CategoryEncoding({ numTokens: 4, outputMode: 'count' }).call(x, weights),
      [
        [0.1, 0.2, 0, 0],
        [0.2, 0, 0, 0],
        [0, 0.2, 0.3, 0],
        [0, 0.2, 0, 0.4],
      ],
      1e-6,
    );
  });

  it('refuses indices beyond numTokens', () => {
    expect(() => new CategoryEncoding({ numTokens: 3 }).call(x)).toThrow(IndexError);
    expect(new CategoryEncoding({ numTokens: 3 }).computeOutputShape([7])).toEqual([3]);
  });
});
