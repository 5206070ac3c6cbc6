import { isTensor, ones, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, manualSeed } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import { Dense } from '../layers/index.js';
import { Sequential } from '../model/sequential.js';
import { Dataset } from './dataset.js';

beforeEach(() => manualSeed(1));

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

async function epochOf<T>(dataset: Dataset<T>, epoch = 0): Promise<T[]> {
  const elements: T[] = [];
  for await (const element of dataset.iterate(epoch)) elements.push(element);
  return elements;
}

/** A step on datasets of numbers, and the same on arrays. */
interface Step {
  readonly name: string;
  apply(dataset: Dataset<number>): Dataset<number>;
  /** null where the order is random. */
  model(elements: readonly number[]): number[];
  readonly random?: boolean;
}

const count = fc.nat({ max: 7 });
const some = fc.integer({ min: 1, max: 5 });

const steps: fc.Arbitrary<Step> = fc.oneof(
  count.map((n): Step => ({ name: `take ${n}`, apply: (d) => d.take(n), model: (xs) => xs.slice(0, n) })),
  count.map((n): Step => ({ name: `skip ${n}`, apply: (d) => d.skip(n), model: (xs) => xs.slice(n) })),
  some.map(
    (n): Step => ({
      name: `repeat ${n % 3}`,
      apply: (d) => d.repeat(n % 3),
      model: (xs) => range(n % 3).flatMap(() => xs),
    }),
  ),
  some.map(
    (n): Step => ({
      name: `map ${n}`,
      apply: (d) => d.map(async (x) => x + 1, { concurrency: n }),
      model: (xs) => xs.map((x) => x + 1),
    }),
  ),
  some.map((n): Step => ({ name: `prefetch ${n}`, apply: (d) => d.prefetch(n), model: (xs) => [...xs] })),
  fc.constant<Step>({ name: 'cache', apply: (d) => d.cache(), model: (xs) => [...xs] }),
  fc.constant<Step>({ name: 'concat', apply: (d) => d.concat(Dataset.range(3)), model: (xs) => [...xs, 0, 1, 2] }),
  some.map(
    (n): Step => ({
      name: `shard ${n}`,
      apply: (d) => d.shard(n, n - 1),
      model: (xs) => xs.filter((_, i) => i % n === n - 1),
    }),
  ),
  fc.tuple(some, some, some, fc.boolean()).map(
    ([size, shift, stride, dropRemainder]): Step => ({
      name: `window ${size} ${shift} ${stride}`,
      apply: (d) => d.window({ size, shift, stride, dropRemainder }).map((xs) => xs.reduce((a, b) => a + b, 0)),
      model: (xs) =>
        range(xs.length)
          .filter((start) => start % shift === 0 && (!dropRemainder || start + (size - 1) * stride < xs.length))
          .map((start) =>
            range(size)
              .map((k) => start + k * stride)
              .filter((at) => at < xs.length)
              .reduce((sum, at) => sum + xs[at]!, 0),
          ),
    }),
  ),
  fc.tuple(some, fc.boolean()).map(
    ([size, dropRemainder]): Step => ({
      name: `batch ${size}`,
      apply: (d) => d.batch(size, { dropRemainder }).map((x) => x.sum().item()),
      model: (xs) =>
        range(Math.ceil(xs.length / size))
          .map((i) => xs.slice(i * size, (i + 1) * size))
          .filter((part) => !dropRemainder || part.length === size)
          .map((part) => part.reduce((a, b) => a + b, 0)),
    }),
  ),
  some.map(
    (seed): Step => ({
      name: `shuffle ${seed}`,
      apply: (d) => d.shuffle({ seed, bufferSize: seed }),
      model: (xs) => [...xs],
      random: true,
    }),
  ),
);

describe('Dataset', () => {
  it('gives under any combination of steps what arrays give, as many as its length says, each time the same', () =>
    fc.assert(
      fc.asyncProperty(count, fc.array(steps, { maxLength: 5 }), fc.nat({ max: 3 }), async (n, chosen, epoch) => {
        let dataset = Dataset.range(n);
        let expected = range(n);
        let ordered = true;
        for (const step of chosen) {
          // What comes after a random order can only be counted where it depends on the order.
          if (!ordered && /take|skip|shard|window|batch|shuffle/.test(step.name) && !/shuffle/.test(step.name)) break;
          dataset = step.apply(dataset);
          expected = step.model(expected);
          if (step.random === true) ordered = false;
        }
        const elements = await epochOf(dataset, epoch);
        expect(dataset.length).toBe(elements.length);
        const sorted = (xs: readonly number[]): number[] => [...xs].sort((a, b) => a - b);
        if (ordered) expect(elements).toEqual(expected);
        else expect(sorted(elements)).toEqual(sorted(expected));
        expect(await epochOf(dataset, epoch)).toEqual(elements);
      }),
    ));

  it('infers the types of its elements', async () => {
    const pairs: Dataset<[Tensor, Tensor]> = Dataset.fromTensors([ones([3, 2]), ones([3])]);
    const batches: Dataset<[Tensor, Tensor]> = pairs.batch(2);
    const named: Dataset<{ text: string; label: number }> = Dataset.fromTensors({ text: ['a', 'b'], label: [1, 2] });
    const stacked: Dataset<{ text: string[]; label: Tensor }> = named.batch(2);
    expect((await epochOf(batches))[0]![0].shape).toEqual([2, 2]);
    const [{ text, label }] = (await epochOf(stacked)) as [{ text: string[]; label: Tensor }];
    expect([text, label.toArray()]).toEqual([
      ['a', 'b'],
      [1, 2],
    ]);
  });

  it('takes tensors apart along their first axis, and refuses parts of different lengths', async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const elements = await epochOf(Dataset.fromTensors({ x, y: new Int32Array([5, 6]) }));
    expect(elements.map(({ x, y }) => [(x as Tensor).toArray(), y])).toEqual([
      [[1, 2], 5],
      [[3, 4], 6],
    ]);
    expect(() => Dataset.fromTensors([ones([2]), ones([3])])).toThrow(
      'got 2, 3 entries; expected as many in each part',
    );
  });

  it('visits every element exactly once an epoch, in an order that seed and epoch give', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 40 }),
        fc.nat(),
        fc.option(some, { nil: undefined }),
        async (n, seed, bufferSize) => {
          const shuffled = (): Dataset<number> =>
            Dataset.range(n).shuffle(bufferSize === undefined ? { seed } : { seed, bufferSize });
          const [first, second] = [await epochOf(shuffled(), 0), await epochOf(shuffled(), 1)];
          expect([...first].sort((a, b) => a - b)).toEqual(range(n));
          expect(await epochOf(shuffled(), 1)).toEqual(second);
          if (n > 20 && bufferSize === undefined) expect(second).not.toEqual(first);
        },
      ),
    ));

  it('goes from epoch to epoch in for await, or stays with reshuffleEachEpoch false', async () => {
    const moving = Dataset.range(20).shuffle({ seed: 3 });
    const [first, second] = [await moving.toArray(), await moving.toArray()];
    expect(second).not.toEqual(first);
    expect(await epochOf(moving, 0)).toEqual(first);
    const still = Dataset.range(20).shuffle({ seed: 3, reshuffleEachEpoch: false });
    expect(await still.toArray()).toEqual(await still.toArray());
    expect(await Dataset.range(20).shuffle({ seed: 3 }).repeat(2).toArray()).toEqual([...first, ...second]);
  });

  it('gives map random numbers of the element, whatever runs beside it', async () => {
    const draw = (concurrency: number): Dataset<number> =>
      Dataset.range(10).map(
        async (_, { generator, index }) => {
          for (let i = 0; i < index % 3; i++) await null;
          return generator.uniform();
        },
        { seed: 4, concurrency },
      );
    const alone = await epochOf(draw(1), 2);
    expect(new Set(alone).size).toBe(10);
    expect(await epochOf(draw(4), 2)).toEqual(alone);
    expect(await epochOf(draw(4).prefetch(3), 2)).toEqual(alone);
    expect(await epochOf(draw(1), 3)).not.toEqual(alone);
  });

  it('filters, flattens, interleaves, zips, enumerates, unbatches', async () => {
    expect(await epochOf(Dataset.range(6).filter((x) => x % 2 === 1))).toEqual([1, 3, 5]);
    expect(await epochOf(Dataset.range(3).flatMap((x) => Dataset.range(x)))).toEqual([0, 0, 1]);
    // The example of TensorFlow's documentation of interleave: cycle_length 2, block_length 4, six of each of 1 to 5.
    const inner = (x: number): Dataset<number> => Dataset.fromArray([x]).repeat(6);
    const interleaved = Dataset.range(1, 6).interleave(inner, { cycleLength: 2, blockLength: 4 });
    expect(await epochOf(interleaved)).toEqual([
      1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 4, 4, 5, 5, 5, 5, 5, 5,
    ]);
    const zipped: Dataset<[number, string]> = Dataset.zip([Dataset.range(5), Dataset.fromArray(['a', 'b'])]);
    expect([await epochOf(zipped), zipped.length]).toEqual([
      [
        [0, 'a'],
        [1, 'b'],
      ],
      2,
    ]);
    expect(await epochOf(Dataset.fromArray(['x', 'y']).enumerate(3))).toEqual([
      [3, 'x'],
      [4, 'y'],
    ]);
    const again = await epochOf(Dataset.range(5).batch(2).unbatch());
    expect(again.map((x) => (isTensor(x) ? x.item() : x))).toEqual([0, 1, 2, 3, 4]);
  });

  it('pads shorter elements, and says where they differ without', async () => {
    const ragged = Dataset.fromArray([{ ids: tensor([1, 2, 3]) }, { ids: tensor([4]) }]);
    const [{ ids }] = (await epochOf(ragged.batch(2, { pad: { value: -1, multiple: 2 } }))) as [{ ids: Tensor }];
    expect(ids.toArray()).toEqual([
      [1, 2, 3, -1],
      [4, -1, -1, -1],
    ]);
    await expect(epochOf(ragged.batch(2))).rejects.toThrow(
      "Dataset.batch: got first [3] and other [1]; expected 'ids' of one shape. Batch with { pad: {} } to fill shorter ones up.",
    );
    await expect(epochOf(Dataset.fromArray([{ a: 1 }, { b: 1 }] as object[]).batch(2))).rejects.toThrow(
      'of different kinds',
    );
  });

  it('ends its sources early, and says which element a function failed for', async () => {
    const events: string[] = [];
    const source = Dataset.fromGenerator(async function* () {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        events.push('closed');
      }
    });
    const chain = source
      .map((x) => x * 2, { concurrency: 2 })
      .prefetch(3)
      .shuffle({ bufferSize: 4, seed: 1 });
    for await (const _ of chain) break;
    expect(events).toEqual(['closed']);
    const failing = source.map((x) => {
      if (x === 5) throw new RangeError('five');
      return x;
    });
    const error = await epochOf(failing.prefetch(2)).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({
      message: 'Dataset.map: the function failed for element 5: five',
      cause: new RangeError('five'),
    });
    expect(events).toEqual(['closed', 'closed']);
  });

  it('caches only what has come to its end', async () => {
    let made = 0;
    const cached = Dataset.range(3)
      .map((x) => {
        made++;
        return x;
      })
      .cache();
    for await (const _ of cached) break;
    expect(await cached.toArray()).toEqual([0, 1, 2]);
    expect(made).toBe(4);
    expect(await cached.toArray()).toEqual([0, 1, 2]);
    expect(made).toBe(4);
  });

  it('knows when there is no end, and when nothing is known', async () => {
    expect(Dataset.range(3).repeat().length).toBe(Number.POSITIVE_INFINITY);
    expect(Dataset.range(3).repeat().batch(2).take(4).length).toBe(4);
    expect(Dataset.range(3).filter(() => true).length).toBeUndefined();
    expect(Dataset.fromGenerator(() => [1]).repeat(2).length).toBeUndefined();
    await expect(Dataset.range(3).repeat().toArray()).rejects.toThrow(
      'the dataset has no end. Take a part of it: .take(n).',
    );
    expect(() => Dataset.range(3).repeat().shuffle()).toThrow('Pass a bufferSize');
    expect(await Dataset.range(0).repeat().toArray()).toEqual([]);
  });

  it('feeds fit, in the same orders for the same seed', async () => {
    const end = async (): Promise<unknown> => {
      manualSeed(5);
      const net = new Sequential([new Dense({ units: 1 })]);
      net.compile({ loss: 'mse' });
      const x = tensor(range(10).map((i) => [i]));
      const { history } = await net.fit(Dataset.fromTensors([x, x]).shuffle().batch(4), { epochs: 3 });
      return [history, net.parameters().map((p) => p.toArray())];
    };
    expect(await end()).toEqual(await end());
  });

  it.each<[string, () => unknown, string]>([
    ['batch(0)', () => Dataset.range(3).batch(0), 'Dataset.batch: got size 0; expected a whole number of at least 1'],
    ['map(3)', () => Dataset.range(3).map(3 as never), 'Dataset.map: got 3; expected a function'],
    [
      'shard(2, 2)',
      () => Dataset.range(3).shard(2, 2),
      'Dataset.shard: got index 2; expected a whole number of at least 0 and below 2',
    ],
    [
      'a generator',
      () => Dataset.fromGenerator([][Symbol.iterator]() as never),
      'Dataset.fromGenerator: got an object; expected a function. Pass the generator function itself: a generator runs only once.',
    ],
    ['zip()', () => Dataset.zip([] as never), 'Dataset.zip: got an array; expected an array of datasets'],
  ])('refuses %s', (_, run, message) => {
    expectThrown(run, ArgumentError, message);
  });
});
