/** Loaders, samplers, splits and sources. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arange, isTensor, ones, type Tensor, tensor, zeros } from '@cotangent/autograd';
import { ArgumentError, FormatError, manualSeed } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import { csvDataset, textLineDataset } from './csv.js';
import { Dataset } from './dataset.js';
import { csvFileDataset, imageFolderDataset } from './files.js';
import { encodePng } from './images.js';
import { ArrayDataset, SimpleDataset } from './indexed.js';
import { batchify, DataLoader } from './loader.js';
import {
  BatchSampler,
  IntervalSampler,
  RandomSampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './samplers.js';
import { kFold, splitDataset, trainTestSplit } from './splits.js';
import { timeSeriesDatasetFromArray } from './timeSeries.js';

beforeEach(() => manualSeed(1));

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sorted = (xs: Iterable<number>): number[] => [...xs].sort((a, b) => a - b);

async function all<T>(elements: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const element of elements) found.push(element);
  return found;
}

describe('DataLoader', () => {
  it('visits every sample once an epoch, in as many batches as it says, whatever the options', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 20 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('keep' as const, 'discard' as const, 'rollover' as const),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        async (n, batchSize, lastBatch, shuffle, prefetch) => {
          const loader = new DataLoader(new SimpleDataset(range(n)), {
            batchSize,
            lastBatch,
            shuffle,
            prefetch,
            ...(shuffle ? { seed: 3 } : {}),
            collate: batchify.asList<number>(),
          });
          const epochs = [await all(loader.iterate(0)), await all(loader.iterate(1)), await all(loader.iterate(2))];
          expect(epochs[0]).toHaveLength(loader.length);
          for (const batches of epochs) for (const batch of batches.slice(0, -1)) expect(batch).toHaveLength(batchSize);
          if (lastBatch === 'keep') for (const batches of epochs) expect(sorted(batches.flat())).toEqual(range(n));
          if (lastBatch === 'discard') expect(epochs[1]!.flat()).toHaveLength(loader.length * batchSize);
          if (lastBatch === 'rollover') {
            // Nothing is lost but what still waits: of three epochs every sample has come three times, or is in the rest.
            const seen = epochs.flat(2);
            expect(seen).toHaveLength(3 * n - ((3 * n) % batchSize));
            for (const i of range(n))
              expect(seen.filter((j) => j === i).length).toBeGreaterThanOrEqual(
                2 - Math.floor(batchSize / Math.max(1, n)),
              );
          }
          expect(await all(loader.iterate(1))).toEqual(epochs[1]);
        },
      ),
    ));

  it('stacks samples, goes on from epoch to epoch, and fits a model', async () => {
    const x = arange(12).reshape([6, 2]);
    const loader = new DataLoader(new ArrayDataset([x, new Int32Array([0, 1, 2, 3, 4, 5])]), { batchSize: 4 });
    const [first, last] = (await all(loader)) as [[Tensor, Tensor], [Tensor, Tensor]];
    expect([first[0].shape, first[1].toArray(), last[1].toArray()]).toEqual([
      [4, 2],
      [0, 1, 2, 3],
      [4, 5],
    ]);
    const random = new DataLoader(new SimpleDataset(range(20)), { batchSize: 20, shuffle: true, seed: 1 });
    const [[a], [b]] = [await all(random), await all(random)];
    expect(a!.toArray()).not.toEqual(b!.toArray());
  });

  it('makes batches as batchify says', async () => {
    const samples = new SimpleDataset<[Tensor, string]>([
      [tensor([1, 2]), 'a'],
      [tensor([3]), 'b'],
    ]);
    const collate = batchify.group(batchify.pad<Tensor>({ value: -1 }), batchify.asList<string>());
    const [batch] = await all(new DataLoader(samples, { batchSize: 2, collate }));
    expect([(batch![0] as Tensor).toArray(), batch![1]]).toEqual([
      [
        [1, 2],
        [3, -1],
      ],
      ['a', 'b'],
    ]);
  });

  it('names the sample that fails', async () => {
    const failing = { length: 3, get: (i: number) => (i === 2 ? Promise.reject(new Error('torn')) : i) };
    await expect(all(new DataLoader(failing))).rejects.toThrow('DataLoader: sample 2: torn');
  });

  it.each<[string, object, string]>([
    [
      'a sampler beside shuffle',
      { sampler: new SequentialSampler(3), shuffle: true },
      'got sampler beside shuffle, which it stands for',
    ],
    [
      'a batchSampler beside batchSize',
      { batchSampler: new BatchSampler(new SequentialSampler(3), 2), batchSize: 2 },
      'got batchSampler beside batchSize, which it stands for',
    ],
    ['a collate that is no function', { collate: 3 }, 'got collate 3; expected a function of an array of samples'],
    ['an unknown lastBatch', { lastBatch: 'drop' }, "got lastBatch 'drop'"],
  ])('refuses %s', (_, options, message) => {
    expect(() => new DataLoader(new SimpleDataset([1, 2, 3]), options as never)).toThrow(message);
  });
});

describe('indexed datasets', () => {
  const numbers = new SimpleDataset(range(7));
  const values = async <T>(dataset: { length: number; get(i: number): T | Promise<T> }): Promise<T[]> =>
    Promise.all(range(dataset.length).map((i) => dataset.get(i)));

  it('are changed and divided as Gluon’s', async () => {
    expect(await values(numbers.transform((x) => x * x))).toEqual([0, 1, 4, 9, 16, 25, 36]);
    expect(await values(await numbers.filter((x) => x % 3 === 0))).toEqual([0, 3, 6]);
    expect(await values(numbers.take(2).concat(numbers.subset([6, 6])))).toEqual([0, 1, 6, 6]);
    expect(await Promise.all([0, 1, 2].map((k) => values(numbers.shard(3, k))))).toEqual([
      [0, 1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(await values(numbers.sample(new IntervalSampler(7, 3)))).toEqual([0, 3, 6, 1, 4, 2, 5]);
    const pairs = new ArrayDataset([new Float32Array([1, 2]), ['a', 'b']] as const);
    expect(await values(pairs.transformFirst((x: number) => x * 10))).toEqual([
      [10, 'a'],
      [20, 'b'],
    ]);
  });

  it('refuse numbers out of range', () => {
    expect(() => numbers.get(7)).toThrow('get: got index 7');
    expect(() => numbers.subset([-1])).toThrow('subset: got index -1');
    expect(() => new ArrayDataset([ones([2]), ones([3])])).toThrow('got 2, 3 entries');
  });
});

describe('samplers', () => {
  it('draw by weight, and only once without replacement', () => {
    const sampler = new WeightedRandomSampler([0, 1, 3], { count: 4000, seed: 1 });
    const drawn = [...sampler.indices(0)];
    expect(drawn.filter((i) => i === 0)).toHaveLength(0);
    expect(drawn.filter((i) => i === 2).length / 4000).toBeCloseTo(0.75, 1);
    const once = new WeightedRandomSampler([1, 5, 0, 2], { count: 3, replacement: false, seed: 2 });
    for (const epoch of range(10)) expect(sorted(once.indices(epoch))).toEqual([0, 1, 3]);
    expect(() => new WeightedRandomSampler([1, 0], { replacement: false })).toThrow('only 1 weights are above 0');
  });

  it('are functions of seed and epoch', () => {
    for (const make of [
      () => new RandomSampler(9, { seed: 4 }),
      () => new SubsetRandomSampler([3, 1, 8, 4], { seed: 4 }),
    ]) {
      expect([...make().indices(2)]).toEqual([...make().indices(2)]);
      expect([...make().indices(2)]).not.toEqual([...make().indices(3)]);
    }
    expect(sorted(new SubsetRandomSampler([3, 1, 8]).indices(0))).toEqual([1, 3, 8]);
  });
});

describe('trainTestSplit(), kFold() and splitDataset()', () => {
  it('lose and double nothing', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 40 }),
        fc.double({ min: 0.2, max: 0.7, noNaN: true }),
        fc.boolean(),
        fc.integer({ min: 2, max: 4 }),
        fc.boolean(),
        (n, testSize, shuffle, folds, stratified) => {
          const stratify = stratified ? { stratify: range(n).map((i) => i % 2) } : {};
          const [[train, test], [x, y]] = trainTestSplit([range(n), arange(n)], {
            testSize,
            shuffle,
            seed: 1,
            ...stratify,
          });
          expect(sorted([...train, ...test])).toEqual(range(n));
          expect([x.toArray(), y.toArray()]).toEqual([train, test]);
          const parts = kFold(n, { folds, shuffle, seed: 1, ...stratify });
          expect(sorted(parts.flatMap(({ validation }) => validation))).toEqual(range(n));
          for (const part of parts) {
            expect(sorted([...part.train, ...part.validation])).toEqual(range(n));
            expect(Math.abs(part.validation.length - n / folds)).toBeLessThan(1);
          }
        },
      ),
    ));

  it('are those of scikit-learn without shuffling', () => {
    // sklearn.model_selection: KFold(3) of 10, train_test_split(range(5), test_size=0.33, shuffle=False).
    expect(kFold(10, { folds: 3 }).map(({ validation }) => validation)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    expect(trainTestSplit([range(5)], { testSize: 0.33, shuffle: false })).toEqual([
      [
        [0, 1, 2],
        [3, 4],
      ],
    ]);
  });

  it('give both parts their share of every class', () => {
    const classes = range(100).map((i) => (i < 80 ? 'a' : 'b'));
    const [[train, test]] = trainTestSplit([classes], { testSize: 0.25, stratify: classes, seed: 2 });
    expect([train.filter((c) => c === 'b').length, test.filter((c) => c === 'b').length]).toEqual([15, 5]);
  });

  it('divide datasets', async () => {
    const [left, right] = splitDataset(Dataset.range(10), { rightSize: 0.3, shuffle: true, seed: 1 });
    const [a, b] = [await left.toArray(), await right.toArray()];
    expect([a.length, b.length]).toEqual([7, 3]);
    expect(sorted([...a, ...b])).toEqual(range(10));
    expect(sorted(await left.toArray())).toEqual(sorted(a));
    expect(() =>
      splitDataset(
        Dataset.range(3).filter(() => true),
        { leftSize: 1 },
      ),
    ).toThrow('length of the dataset is not known');
  });

  it.each<[string, () => unknown, string]>([
    [
      'nothing to test on',
      () => trainTestSplit([[1, 2]], { testSize: 2 }),
      'trainTestSplit: got testSize 2 of 2 samples, which leaves none to train or to test on',
    ],
    [
      'parts of different lengths',
      () => trainTestSplit([[1, 2], [1]]),
      'trainTestSplit: got 2, 1 samples; expected as many in each part',
    ],
    [
      'more folds than samples',
      () => kFold(3, { folds: 4 }),
      'kFold: got folds 4; expected a whole number of at least 2 and of at most 3',
    ],
  ])('refuse %s', (_, run, message) => {
    expectThrown(run, ArgumentError, message);
  });
});

describe('csvDataset()', () => {
  it('reads quoted text, numbers, and labels', async () => {
    const text = '\uFEFFname,age,city\n"O\'Hara, ""Scarlett""",28,Atlanta\nRhett,33,"New\nOrleans"\n';
    expect(await csvDataset(text).toArray()).toEqual([
      { name: 'O\'Hara, "Scarlett"', age: 28, city: 'Atlanta' },
      { name: 'Rhett', age: 33, city: 'New\nOrleans' },
    ]);
    const labelled = await csvDataset('1;2;a\n3;;b', {
      columns: ['x', 'y', 'z'],
      separator: ';',
      label: 'z',
      missing: 0,
    }).toArray();
    expect(labelled).toEqual([
      [{ x: 1, y: 2 }, 'a'],
      [{ x: 3, y: 0 }, 'b'],
    ]);
  });

  it.each<[string, string, object, new (...given: never[]) => Error, string]>([
    ['a row that is too short', 'a,b\n1,2\n3', {}, FormatError, 't.csv: row 3 has 1 entries; expected 2'],
    [
      'text in a column of numbers',
      'a,b\n1,x',
      { types: { b: 'number' } },
      FormatError,
      "t.csv: row 2, column 'b': 'x' is no number",
    ],
    ['a quote that does not end', 'a,b\n1,"x', {}, FormatError, 't.csv: Quoted field unterminated (row 2)'],
    ['an empty file', '', {}, FormatError, 't.csv: is empty; expected a line with the names of the columns'],
    ['two columns of one name', 'a,a\n1,2', {}, FormatError, 't.csv: two columns have one name: a, a'],
    [
      'a label that is no column',
      'a,b\n1,2',
      { label: 'y' },
      ArgumentError,
      "csvDataset: got column 'y'; t.csv has a, b",
    ],
  ])('refuses %s', (_, text, options, type, message) => {
    expectThrown(() => csvDataset(text, { source: 't.csv', ...options }), type as never, message);
  });

  it('throws nothing else, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '1', '\r', ' ') }), (text) => {
        try {
          csvDataset(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });

  it('has a relative for lines', async () => {
    expect(await textLineDataset('a\r\nb\n\nc\n').toArray()).toEqual(['a', 'b', '', 'c']);
  });
});

describe('timeSeriesDatasetFromArray()', () => {
  it('gives the windows of Keras’s documentation', async () => {
    // https://keras.io/api/data_loading/timeseries/: data 0…99, length 10, stride 3, rate 2, end 50.
    const options = { sequenceLength: 10, samplingRate: 2, sequenceStride: 3, endIndex: 50 };
    const windows = (await timeSeriesDatasetFromArray(arange(100), null, options).toArray()).map((w) => w.toArray());
    expect(windows[0]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(windows[1]).toEqual([3, 5, 7, 9, 11, 13, 15, 17, 19, 21]);
    expect(windows.at(-1)).toEqual([30, 32, 34, 36, 38, 40, 42, 44, 46, 48]);
    const series = arange(15);
    const pairs = await timeSeriesDatasetFromArray(series, series.slice([10, null]), { sequenceLength: 10 }).toArray();
    expect(pairs.map(([, target]) => target.item())).toEqual([10, 11, 12, 13, 14]);
    expect(() => timeSeriesDatasetFromArray(series, null, { sequenceLength: 16 })).toThrow(
      'got 15 steps; a window spans 16',
    );
  });
});

describe('imageFolderDataset() and csvFileDataset()', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cotangent-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('read pictures by class, when they are asked for', async () => {
    for (const [name, value] of [
      ['dog', 200],
      ['cat', 10],
    ] as const) {
      mkdirSync(join(folder, name));
      for (const i of [1, 2]) {
        const picture = zeros([2, 3, 3])
          .add(value + i)
          .cast('uint8');
        writeFileSync(join(folder, name, `${i}.png`), await encodePng(picture));
      }
      writeFileSync(join(folder, name, 'notes.txt'), 'no picture');
    }
    const dataset = await imageFolderDataset(folder);
    expect([dataset.length, dataset.classNames]).toEqual([4, ['cat', 'dog']]);
    const [image, label] = await dataset.get(3);
    expect([image.shape, image.dtype, (image.toArray() as number[][][])[0]![0]![0], label]).toEqual([
      [2, 3, 3],
      'uint8',
      202,
      1,
    ]);
    const [batch] = await all(
      new DataLoader(
        dataset.transformFirst((x) => x.cast('float32').div(255)),
        { batchSize: 4 },
      ),
    );
    expect([(batch![0] as Tensor).shape, (batch![1] as Tensor).toArray()]).toEqual([
      [4, 2, 3, 3],
      [0, 0, 1, 1],
    ]);
    writeFileSync(join(folder, 'cat', '3.png'), 'torn');
    await expect((await imageFolderDataset(folder)).get(2)).rejects.toThrow(FormatError);
    await expect(imageFolderDataset(join(folder, 'none'))).rejects.toThrow('which is none');
    await expect(imageFolderDataset(folder, { classNames: ['cow'] })).rejects.toThrow(
      'has no folder cow; it has cat, dog',
    );
  });

  it('read tables', async () => {
    writeFileSync(join(folder, 't.csv'), 'a,b\n1,2\n');
    expect(await (await csvFileDataset(join(folder, 't.csv'))).toArray()).toEqual([{ a: 1, b: 2 }]);
    expect(isTensor(1)).toBe(false);
  });
});
