import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { arange, ones, randomUniform, type Tensor, tensor, trainMode, zeros } from '@cotangent/autograd';
import { ArgumentError, Generator, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../../fixtures/testing.js';
import { type AffineMap, affine, type FillMode } from './affine.js';
import { CutMix, MixUp, RandomBrightness, RandomContrast, RandomErasing } from './colors.js';
import { CenterCrop, RandomCrop, Resizing } from './cropping.js';
import { RandomRotation, RandomTranslation, RandomZoom } from './geometry.js';
import { RandomFlip } from './randomFlip.js';
import { MinMaxScaling, Standardization } from './scaling.js';

beforeEach(() => manualSeed(1));

/** Images with a different number in each pixel. */
const numbered = (count: number, height: number, width: number, channels = 1): Tensor =>
  arange(count * height * width * channels).reshape([count, height, width, channels]);

const near = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

interface Reference {
  readonly fillValue: number;
  readonly cases: readonly { image: number[][]; map: AffineMap; fillMode: FillMode; out: number[][] }[];
}
const reference = JSON.parse(readFileSync(join(__dirname, '../../../fixtures/affine.json'), 'utf8')) as Reference;

describe('affine()', () => {
  it.each(reference.cases.map((c, i) => [i, c.fillMode, c] as const))(
    'case %i, %s, is SciPy’s',
    (_, fillMode, { image, map, out }) => {
      const x = tensor(image, { dtype: 'float64' }).expandDims(0).expandDims(-1);
      const options = { fillMode, fillValue: reference.fillValue, interpolation: 'bilinear' } as const;
      expect(near(affine(x, [map], options).squeeze(), tensor(out, { dtype: 'float64' }).squeeze())).toBeLessThan(
        1e-12,
      );
    },
  );
});

/** Layers that change images at random, with nothing to change, and with much. */
const layers: readonly [
  name: string,
  still: () => { train(): unknown; call(x: Tensor, o?: object): Tensor },
  wild: (seed?: number) => { train(): unknown; eval(): unknown; call(x: Tensor, o?: object): Tensor },
][] = [
  [
    'RandomRotation',
    () => new RandomRotation({ factor: 0 }),
    (seed) => new RandomRotation({ factor: 0.3, ...seeded(seed) }),
  ],
  [
    'RandomZoom',
    () => new RandomZoom({ heightFactor: 0 }),
    (seed) => new RandomZoom({ heightFactor: 0.5, ...seeded(seed) }),
  ],
  [
    'RandomTranslation',
    () => new RandomTranslation({ heightFactor: 0, widthFactor: 0 }),
    (seed) => new RandomTranslation({ heightFactor: 0.5, widthFactor: 0.5, ...seeded(seed) }),
  ],
  [
    'RandomContrast',
    () => new RandomContrast({ factor: 0 }),
    (seed) => new RandomContrast({ factor: 0.9, ...seeded(seed) }),
  ],
  [
    'RandomBrightness',
    () => new RandomBrightness({ factor: 0 }),
    (seed) => new RandomBrightness({ factor: 0.5, ...seeded(seed) }),
  ],
  [
    'RandomErasing',
    () => new RandomErasing({ factor: 0 }),
    (seed) => new RandomErasing({ scale: [0.2, 0.4], ...seeded(seed) }),
  ],
  [
    'RandomCrop',
    () => new RandomCrop({ height: 6, width: 7 }),
    (seed) => new RandomCrop({ height: 3, width: 2, ...seeded(seed) }),
  ],
  ['RandomFlip', () => new RandomFlip(), (seed) => new RandomFlip(seeded(seed))],
];

const seeded = (seed: number | undefined): { seed?: number } => (seed === undefined ? {} : { seed });

describe.each(layers)('%s', (name, still, wild) => {
  const x = randomUniform([8, 6, 7, 3], { high: 255, generator: new Generator(1) });

  it('acts in training alone, on every image otherwise, and gives the same for the same seed', () => {
    const layer = wild(3);
    const [first, again] = [trainMode(() => layer.call(x)), trainMode(() => layer.call(x))];
    expect(near(first, again)).toBeGreaterThan(0);
    expect(
      near(
        trainMode(() => wild(3).call(x)),
        first,
      ),
    ).toBe(0);
    expect(
      near(
        trainMode(() => wild(4).call(x)),
        first,
      ),
    ).toBeGreaterThan(0);
    if (name !== 'RandomCrop') {
      layer.eval();
      expect(layer.call(x)).toBe(x);
      const same = x.slice([0, 1]).broadcastTo([8, 6, 7, 3]);
      const changed = trainMode(() => wild(5).call(same));
      const different = new Set(Array.from({ length: 8 }, (_, i) => JSON.stringify(changed.slice(i).toArray())));
      expect(different.size).toBeGreaterThan(name === 'RandomFlip' ? 1 : 6);
    }
  });

  it('does nothing where there is nothing to do', () => {
    if (name === 'RandomFlip') return;
    expect(
      near(
        trainMode(() => still().call(x)),
        x,
      ),
    ).toBeLessThan(1e-4);
  });

  it('takes a generator for a call, one image, and whole numbers', () => {
    const layer = wild();
    const draw = () => trainMode(() => layer.call(x, { generator: new Generator(9) }));
    expect(near(draw(), draw())).toBe(0);
    const one = trainMode(() => layer.call(x.slice(0), { generator: new Generator(9) }));
    expect(one.rank).toBe(3);
    const bytes = x.cast('uint8');
    expect(trainMode(() => layer.call(bytes)).dtype).toBe('uint8');
    expect(() => layer.call(x.slice(0, 0))).toThrow(ShapeError);
  });
});

describe('moving images', () => {
  const turn = (parts: number): RandomRotation =>
    new RandomRotation({ factor: [parts, parts], interpolation: 'nearest' });

  it('turns counter-clockwise: a quarter is an exact permutation', () => {
    const x = numbered(1, 2, 2);
    expect(
      trainMode(() => turn(0.25).call(x))
        .reshape([2, 2])
        .toArray(),
    ).toEqual([
      [1, 3],
      [0, 2],
    ]);
    expect(
      trainMode(() => turn(0.5).call(x))
        .reshape([2, 2])
        .toArray(),
    ).toEqual([
      [3, 2],
      [1, 0],
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), (size, channels) => {
        const image = numbered(2, size, size, channels);
        let turned = image;
        for (let i = 0; i < 4; i++) turned = trainMode(() => turn(0.25).call(turned));
        expect(near(turned, image)).toBe(0);
      }),
    );
  });

  it('shifts down and to the right by whole pixels exactly, and fills as told', () => {
    const x = numbered(1, 2, 4);
    const shift = (fillMode: FillMode): unknown =>
      trainMode(() =>
        new RandomTranslation({ heightFactor: [0, 0], widthFactor: [0.25, 0.25], fillMode, fillValue: 9 }).call(x),
      )
        .slice(0, 0)
        .squeeze()
        .toArray();
    expect([shift('reflect'), shift('wrap'), shift('constant'), shift('nearest')]).toEqual([
      [0, 0, 1, 2],
      [3, 0, 1, 2],
      [9, 0, 1, 2],
      [0, 0, 1, 2],
    ]);
  });

  it('zooms out of an image and into it', () => {
    const x = ones([1, 5, 5, 1]);
    const zoom = (factor: number): Tensor =>
      trainMode(() =>
        new RandomZoom({ heightFactor: [factor, factor], fillMode: 'constant', interpolation: 'nearest' }).call(x),
      );
    expect(zoom(1).sum().item()).toBe(9); // half as large: three of five rows and columns
    expect(zoom(-0.5).sum().item()).toBe(25);
  });

  it.each<[string, () => unknown, string]>([
    [
      'no factor',
      () => new RandomRotation({} as never),
      'RandomRotation: got factor undefined; expected a number, or [lower, upper]',
    ],
    [
      'bounds the wrong way round',
      () => new RandomRotation({ factor: [0.2, 0.1] }),
      'RandomRotation: got factor [0.2, 0.1]',
    ],
    [
      'an unknown fillMode',
      () => new RandomZoom({ heightFactor: 0.1, fillMode: 'mirror' as never }),
      "RandomZoom: got fillMode 'mirror'",
    ],
    [
      'a valueRange that is none',
      () => new RandomContrast({ factor: 0.1, valueRange: [1, 0] }),
      'RandomContrast: got valueRange an array; expected [smallest, largest]',
    ],
    ['a brightness above 1', () => new RandomBrightness({ factor: 2 }), 'RandomBrightness: got factor 2'],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(message);
  });
});

describe('colours', () => {
  it('keep the mean under contrast, and their range under everything', () => {
    const x = randomUniform([4, 5, 5, 3], { low: 0.4, high: 0.6, generator: new Generator(2) });
    const harder = trainMode(() => new RandomContrast({ factor: [0, 0.5], valueRange: [0, 1] }).call(x));
    expect(near(harder.mean({ axis: [1, 2] }), x.mean({ axis: [1, 2] }))).toBeLessThan(1e-6);
    const brighter = trainMode(() => new RandomBrightness({ factor: [0.3, 0.3], valueRange: [0, 1] }).call(x));
    expect(near(brighter, x.add(0.3))).toBeLessThan(1e-6);
    const full = trainMode(() => new RandomBrightness({ factor: [1, 1] }).call(x));
    expect(full.max().item()).toBeLessThanOrEqual(255);
  });

  it('erase rectangles of the share that was drawn', () => {
    const x = ones([20, 20, 20, 1]);
    const erased = trainMode(() => new RandomErasing({ scale: [0.25, 0.25], fillValue: 0 }).call(x));
    for (const share of erased.mean({ axis: [1, 2, 3] }).toArray() as number[]) {
      expect(share).toBeGreaterThan(0.68);
      expect(share).toBeLessThan(0.82);
    }
    const rare = trainMode(() => new RandomErasing({ factor: 0.3, fillValue: 0, seed: 1 }).call(ones([400, 4, 4, 1])));
    const hit = (rare.mean({ axis: [1, 2, 3] }).toArray() as number[]).filter((share) => share < 1).length;
    expect(hit / 400).toBeCloseTo(0.3, 1);
  });
});

describe.each([
  ['MixUp', (seed: number) => new MixUp({ alpha: 0.4, seed })],
  ['CutMix', (seed: number) => new CutMix({ seed })],
] as const)('%s', (name, make) => {
  const images = zeros([6, 8, 8, 1]).add(arange(6).reshape([6, 1, 1, 1]));
  const labels = tensor(Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_, j) => (i === j ? 1 : 0))));

  it('mixes labels as it mixes images', () => {
    const mixed = trainMode(() => make(3).call({ images, labels }));
    expect(near(mixed.labels.sum({ axis: 1 }), ones([6]))).toBeLessThan(1e-6);
    // Each image is its own number: what the labels say is its mean.
    const said = mixed.labels.mul(arange(6)).sum({ axis: 1 });
    expect(near(said, mixed.images.mean({ axis: [1, 2, 3] }))).toBeLessThan(1e-5);
    expect(near(trainMode(() => make(3).call({ images, labels })).images, mixed.images)).toBe(0);
    expect(near(mixed.images, images)).toBeGreaterThan(0);
    const batch = { images, labels };
    expect(make(3).eval().call(batch)).toBe(batch);
  });

  it('refuses class numbers and single images', () => {
    expect(() => make(1).call({ images, labels: arange(6) })).toThrow('nn.utils.toCategorical(labels)');
    expect(() => make(1).call({ images: images.slice(0), labels })).toThrow(`${name}: got images [8, 8, 1]`);
  });
});

describe('MixUp', () => {
  it('draws shares of the beta distribution', () => {
    const images = tensor([0, 1]).reshape([2, 1, 1, 1]).broadcastTo([2, 1, 1, 1]);
    const labels = tensor([
      [1, 0],
      [0, 1],
    ]);
    const layer = new MixUp({ alpha: 0.2, seed: 1 });
    const shares: number[] = [];
    for (let i = 0; i < 3000; i++) {
      const { labels: mixed } = trainMode(() => layer.call({ images, labels }));
      const share = mixed.slice(0, 0).item();
      if (share < 1) shares.push(share); // mixed with the other one
    }
    const mean = shares.reduce((sum, s) => sum + s, 0) / shares.length;
    const variance = shares.reduce((sum, s) => sum + (s - mean) ** 2, 0) / shares.length;
    // Beta(0.2, 0.2): mean ½, variance 1 / (4 (2·0.2 + 1)) = 0.1786.
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(0.1786, 1);
  });
});

describe('sizes', () => {
  it('are cut from the middle, or resized where images are too small', () => {
    const x = numbered(1, 5, 6);
    expect(new CenterCrop({ height: 3, width: 2 }).call(x).squeeze().toArray()).toEqual([
      [8, 9],
      [14, 15],
      [20, 21],
    ]);
    expect(new CenterCrop({ height: 10, width: 10 }).call(x).shape).toEqual([1, 10, 10, 1]);
    expect(new CenterCrop({ height: 3, width: 2 }).computeOutputShape([5, 6, 1])).toEqual([3, 2, 1]);
  });

  it('keep proportions by cropping or padding', () => {
    const x = ones([2, 4, 8, 3]);
    expect(new Resizing({ height: 2, width: 2 }).call(x).shape).toEqual([2, 2, 2, 3]);
    const halves = x.mul(tensor([0, 0, 1, 1, 1, 1, 0, 0]).reshape([1, 1, 8, 1]));
    expect(new Resizing({ height: 4, width: 4, cropToAspectRatio: true }).call(halves).min().item()).toBe(1);
    const filled = new Resizing({ height: 8, width: 8, padToAspectRatio: true, fillValue: 7 })
      .call(x)
      .slice(0, null, 0, 0);
    expect(filled.toArray()).toEqual([7, 7, 1, 1, 1, 1, 7, 7]);
    expect(new Resizing({ height: 2, width: 3 }).call(numbered(1, 4, 6).cast('uint8').squeeze(0)).dtype).toBe('uint8');
    expectThrown(
      () => new Resizing({ height: 2, width: 2, cropToAspectRatio: true, padToAspectRatio: true }),
      ArgumentError,
      'Resizing: got cropToAspectRatio and padToAspectRatio; expected at most one',
    );
  });

  it('are cropped at places that are all reached', () => {
    const layer = new RandomCrop({ height: 2, width: 2, seed: 1 });
    const corners = new Set<number>();
    for (let i = 0; i < 60; i++)
      corners.add(
        trainMode(() => layer.call(numbered(1, 3, 3)))
          .slice(0, 0, 0, 0)
          .item(),
      );
    expect([...corners].sort()).toEqual([0, 1, 3, 4]);
    expect(
      layer
        .eval()
        .call(numbered(1, 3, 3))
        .squeeze()
        .toArray(),
    ).toEqual([
      [0, 1],
      [3, 4],
    ]);
  });
});

describe('MinMaxScaling and Standardization', () => {
  it('do what scikit-learn’s documentation shows', async () => {
    const x = tensor([
      [-1, 2],
      [-0.5, 6],
      [0, 10],
      [1, 18],
    ]);
    const layer = await new MinMaxScaling().adapt(x);
    expect(layer.call(x).toArray()).toEqual([
      [0, 0],
      [0.25, 0.25],
      [0.5, 0.5],
      [1, 1],
    ]);
    expect(layer.call(tensor([[2, 2]])).toArray()).toEqual([[1.5, 0]]);
    const y = tensor([
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
    const standard = await new Standardization().adapt(y);
    expect(standard.call(tensor([[2, 2]])).toArray()).toEqual([[3, 3]]);
  });

  it('do not mind how the data are batched, and keep what they know in their state', async () => {
    const x = randomUniform([12, 3], { generator: new Generator(4) });
    const whole = await new MinMaxScaling({ featureRange: [-1, 1], clip: true }).adapt(x);
    const parts = await new MinMaxScaling({ featureRange: [-1, 1], clip: true }).adapt(
      [x.slice([0, 5]), x.slice([5, null])][Symbol.iterator]() as never,
    );
    expect(near(parts.call(x), whole.call(x))).toBe(0);
    const other = new MinMaxScaling({ featureRange: [-1, 1], clip: true });
    other.loadStateDict(whole.stateDict());
    expect(near(other.call(x.mul(2)), whole.call(x.mul(2)))).toBe(0);
    expect(whole.call(x.mul(9)).max().item()).toBeLessThanOrEqual(1);
    expect(() => new MinMaxScaling().call(x)).toThrow(
      'it has not seen any data yet. Call await layer.adapt(data) first.',
    );
    expect(() => whole.call(ones([2, 4]))).toThrow('[..., 3], as adapt has seen');
    await expect(new MinMaxScaling().adapt([])).rejects.toThrow('got no data');
  });
});
