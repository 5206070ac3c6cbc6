import { tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, manualSeed, type Shape, ShapeError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import {
  Constant,
  GlorotNormal,
  GlorotUniform,
  HeNormal,
  HeUniform,
  Identity,
  type Initializer,
  type InitializerName,
  LecunNormal,
  LecunUniform,
  Ones,
  Orthogonal,
  RandomNormal,
  RandomUniform,
  resolveInitializer,
  TruncatedNormal,
  VarianceScaling,
  type VarianceScalingOptions,
  Zeros,
} from './index.js';

const seed = 17;

/** Shapes with their fans, as Keras computes them: a kernel is [spatial…, in, out]. */
const kernels: [name: string, shape: Shape, fanIn: number, fanOut: number][] = [
  ['dense', [120, 80], 120, 80],
  ['one-dimensional convolution', [5, 30, 60], 150, 300],
  ['two-dimensional convolution', [3, 3, 30, 40], 270, 360],
  ['vector', [9000], 9000, 9000],
];

function moments(initializer: Initializer, shape: Shape, dtype: DType = 'float32') {
  const values = [...initializer.create(shape, dtype).toTypedArray()];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { n: values.length, mean, variance, largest: Math.max(...values.map(Math.abs)) };
}

/** Of a sample of n from a distribution of this variance and kurtosis: mean and variance within 3 σ of theirs. */
function expectMoments(initializer: Initializer, shape: Shape, variance: number, kurtosis: number): void {
  const { n, mean, variance: found } = moments(initializer, shape);
  expect(Math.abs(mean)).toBeLessThan(3 * Math.sqrt(variance / n));
  expect(Math.abs(found / variance - 1)).toBeLessThan(3 * Math.sqrt((kurtosis - 1) / n));
}

/** E x⁴ / (E x²)² */
const kurtosisOf = { uniform: 1.8, normal: 3, truncatedNormal: 2.37 };

describe('nn.initializers.VarianceScaling', () => {
  describe.each(kernels)('for a %s', (_, shape, fanIn, fanOut) => {
    const modes = [
      ['fanIn', fanIn],
      ['fanOut', fanOut],
      ['fanAverage', (fanIn + fanOut) / 2],
    ] as const;

    it.each(modes)('divides the scale by the %s', (mode, fan) => {
      const scaled = (options: VarianceScalingOptions) => new VarianceScaling({ scale: 2, mode, seed, ...options });
      expectMoments(scaled({ distribution: 'uniform' }), shape, 2 / fan, kurtosisOf.uniform);
      expectMoments(scaled({ distribution: 'untruncatedNormal' }), shape, 2 / fan, kurtosisOf.normal);
      expectMoments(scaled({ distribution: 'truncatedNormal' }), shape, 2 / fan, kurtosisOf.truncatedNormal);
    });

    it.each(modes)('keeps uniform values within √(3 scale / %s)', (mode, fan) => {
      const { largest } = moments(new VarianceScaling({ scale: 2, mode, distribution: 'uniform', seed }), shape);
      const limit = Math.sqrt(6 / fan);
      expect(largest).toBeLessThanOrEqual(Math.fround(limit));
      expect(largest).toBeGreaterThan(0.99 * limit);
    });

    it.each(modes)('cuts normal values off at 2 σ before the correction, by %s', (mode, fan) => {
      const limit = (2 * Math.sqrt(2 / fan)) / 0.87962566103423978;
      const cut = moments(new VarianceScaling({ scale: 2, mode, seed }), shape).largest;
      expect(cut).toBeLessThanOrEqual(Math.fround(limit));
      expect(cut).toBeGreaterThan(0.98 * limit);
      const uncut = new VarianceScaling({ scale: 2, mode, distribution: 'untruncatedNormal', seed });
      expect(moments(uncut, shape).largest).toBeGreaterThan(limit);
    });
  });

  it('covers the initializers of Gluon as its table says', () => {
    const [shape, fanIn, fanOut] = [[3, 3, 30, 40], 270, 360];
    const xavier = new VarianceScaling({ scale: 2 / 3, distribution: 'uniform', seed });
    expect(moments(xavier, shape).largest).toBeLessThanOrEqual(Math.fround(Math.sqrt(2 / fanIn)));
    expectMoments(xavier, shape, 2 / 3 / fanIn, kurtosisOf.uniform);
    const prelu = { scale: 2 / (1 + 0.25 ** 2), mode: 'fanAverage', distribution: 'untruncatedNormal', seed } as const;
    expectMoments(new VarianceScaling(prelu), shape, 2 / 1.0625 / ((fanIn + fanOut) / 2), kurtosisOf.normal);
  });

  it('counts a scalar and empty axes as a fan of 1', () => {
    const uniform = new VarianceScaling({ distribution: 'uniform', seed });
    expect(Math.abs(uniform.create([], 'float32').item())).toBeLessThanOrEqual(Math.fround(Math.sqrt(3)));
    expect(uniform.create([0, 5], 'float32').shape).toEqual([0, 5]);
  });

  it.each([[0], [-1], [Number.NaN]])('refuses scale %p', (scale) => {
    expectThrown(
      () => new VarianceScaling({ scale }),
      ArgumentError,
      `varianceScaling: got scale ${scale}; expected a finite number above 0`,
    );
  });

  it('refuses a mode, a distribution or an option it does not have', () => {
    expectThrown(
      () => new VarianceScaling({ mode: 'fan_in' as never }),
      ArgumentError,
      "varianceScaling: got mode 'fan_in'; expected 'fanIn', 'fanOut' or 'fanAverage'",
    );
    expectThrown(
      () => new VarianceScaling({ distribution: 'normal' as never }),
      ArgumentError,
      "varianceScaling: got distribution 'normal'; expected 'truncatedNormal', 'untruncatedNormal' or 'uniform'",
    );
    expectThrown(
      () => new VarianceScaling({ gain: 1 } as never),
      ArgumentError,
      "varianceScaling: got unknown option 'gain'; expected one of scale, mode, distribution, seed",
    );
  });
});

describe.each([
  ['nn.initializers.GlorotUniform', GlorotUniform, { mode: 'fanAverage', distribution: 'uniform' }],
  ['nn.initializers.GlorotNormal', GlorotNormal, { mode: 'fanAverage' }],
  ['nn.initializers.HeUniform', HeUniform, { scale: 2, distribution: 'uniform' }],
  ['nn.initializers.HeNormal', HeNormal, { scale: 2 }],
  ['nn.initializers.LecunUniform', LecunUniform, { distribution: 'uniform' }],
  ['nn.initializers.LecunNormal', LecunNormal, {}],
] as const)('%s', (name, Class, options) => {
  it('is a case of VarianceScaling', () => {
    const shape = [3, 2, 7, 5];
    expect(new Class({ seed }).create(shape, 'float32').toArray()).toEqual(
      new VarianceScaling({ ...options, seed }).create(shape, 'float32').toArray(),
    );
  });

  it('refuses options it does not have', () => {
    const own = name.slice('nn.initializers.'.length);
    expectThrown(
      () => new Class({ gain: 1 } as never),
      ArgumentError,
      `${own}: got unknown option 'gain'; expected one of seed`,
    );
  });
});

describe('nn.initializers.RandomNormal', () => {
  it('has mean 0 and standard deviation 0.05 by default', () => {
    expectMoments(new RandomNormal({ seed }), [100, 100], 0.0025, kurtosisOf.normal);
  });

  it('takes a mean and a standard deviation', () => {
    const { mean, variance } = moments(new RandomNormal({ mean: 5, standardDeviation: 2, seed }), [10_000]);
    expect(Math.abs(mean - 5)).toBeLessThan(3 * 0.02);
    expect(Math.abs(variance / 4 - 1)).toBeLessThan(3 * Math.sqrt(2 / 10_000));
  });

  it('refuses a negative deviation', () => {
    expectThrown(
      () => new RandomNormal({ standardDeviation: -1 }),
      ArgumentError,
      'RandomNormal: got standardDeviation -1; expected a finite number of at least 0',
    );
  });
});

describe('nn.initializers.TruncatedNormal', () => {
  it('has mean 0 and 0.88 of a standard deviation of 0.05 by default, and nothing beyond two of them', () => {
    expectMoments(
      new TruncatedNormal({ seed }),
      [100, 100],
      (0.05 * 0.87962566103423978) ** 2,
      kurtosisOf.truncatedNormal,
    );
    const { largest } = moments(new TruncatedNormal({ seed }), [10_000]);
    expect(largest).toBeLessThanOrEqual(Math.fround(0.1));
    expect(largest).toBeGreaterThan(0.098);
  });

  it('takes a mean and a standard deviation', () => {
    const options = { mean: 5, standardDeviation: 2, seed };
    const values = new TruncatedNormal(options).create([10_000], 'float64').toTypedArray();
    expect(Math.min(...values)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...values)).toBeLessThanOrEqual(9);
    expect(Math.abs(moments(new TruncatedNormal(options), [10_000]).mean - 5)).toBeLessThan(3 * 0.02);
  });

  it('refuses a negative deviation', () => {
    expectThrown(
      () => new TruncatedNormal({ standardDeviation: -1 }),
      ArgumentError,
      'TruncatedNormal: got standardDeviation -1; expected a finite number of at least 0',
    );
  });
});

describe('nn.initializers.RandomUniform', () => {
  it('lies between −0.05 and 0.05 by default', () => {
    expectMoments(new RandomUniform({ seed }), [100, 100], 0.01 / 12, kurtosisOf.uniform);
    expect(moments(new RandomUniform({ seed }), [10_000]).largest).toBeLessThanOrEqual(Math.fround(0.05));
  });

  it('takes bounds', () => {
    const values = new RandomUniform({ low: 2, high: 3, seed }).create([1000], 'float64').toTypedArray();
    expect(Math.min(...values)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...values)).toBeLessThan(3);
  });

  it('refuses bounds the wrong way round when it is made', () => {
    expectThrown(
      () => new RandomUniform({ low: 1, high: 0 }),
      ArgumentError,
      'RandomUniform: got high 0; expected a finite number above 1',
    );
  });
});

describe('nn.initializers.Constant', () => {
  it('is the same number everywhere, 0 by default', () => {
    expect(new Constant().create([2], 'float32').toArray()).toEqual([0, 0]);
    expect(new Constant({ value: 0.1 }).create([1, 2], 'float64').toArray()).toEqual([[0.1, 0.1]]);
  });

  it('refuses what is not a number', () => {
    expectThrown(
      () => new Constant({ value: '1' as never }),
      ArgumentError,
      "Constant: got value '1'; expected a finite number",
    );
  });
});

describe('nn.initializers.Zeros and Ones', () => {
  it('are what they say', () => {
    expect(new Zeros().create([2], 'float64').toArray()).toEqual([0, 0]);
    expect(new Ones().create([1, 2], 'float32').toArray()).toEqual([[1, 1]]);
  });
});

describe('nn.initializers.Identity', () => {
  it('is the identity matrix times the gain, square or not', () => {
    expect(new Identity().create([2, 2], 'float32').toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(new Identity({ gain: -0.5 }).create([2, 3], 'float64').toArray()).toEqual([
      [-0.5, 0, 0],
      [0, -0.5, 0],
    ]);
    expect(new Identity().create([3, 1], 'float32').toArray()).toEqual([[1], [0], [0]]);
    expect(new Identity().create([0, 2], 'float32').shape).toEqual([0, 2]);
  });

  it('refuses other ranks, and a gain that is no number', () => {
    expectThrown(
      () => new Identity().create([3], 'float32'),
      ShapeError,
      'Identity: got shape [3]; expected two axes: [rows, columns]',
    );
    expectThrown(
      () => new Identity({ gain: Number.NaN }),
      ArgumentError,
      'Identity: got gain NaN; expected a finite number',
    );
  });
});

describe('an initializer', () => {
  const random = [
    GlorotUniform,
    GlorotNormal,
    HeUniform,
    HeNormal,
    LecunUniform,
    LecunNormal,
    VarianceScaling,
    RandomNormal,
    TruncatedNormal,
    RandomUniform,
    Orthogonal,
  ];

  it.each(random.map((Class) => [Class.name, Class] as const))(
    '%s gives the same numbers for the same seed',
    (_, Class) => {
      const initializer = new Class({ seed });
      const first = initializer.create([4, 3], 'float32').toArray();
      expect(initializer.create([4, 3], 'float32').toArray()).toEqual(first);
      expect(new Class({ seed }).create([4, 3], 'float32').toArray()).toEqual(first);
      expect(new Class({ seed: seed + 1 }).create([4, 3], 'float32').toArray()).not.toEqual(first);
    },
  );

  it.each(random.map((Class) => [Class.name, Class] as const))('%s follows manualSeed without a seed', (_, Class) => {
    const draw = () => new Class().create([4, 3], 'float32').toArray();
    manualSeed(1);
    const first = [draw(), draw()];
    manualSeed(1);
    expect([draw(), draw()]).toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });

  it.each(random.map((Class) => [Class.name, Class] as const))(
    '%s refuses a seed that is none, at once',
    (_, Class) => {
      expect(() => new Class({ seed: -1 })).toThrow(ArgumentError);
      expect(() => new Class({ seed: 1.5 })).toThrow(
        'got seed 1.5; expected a whole number of at least 0 and below 9007199254740992',
      );
    },
  );

  it.each(['float32', 'float64'] as const)('makes %s when asked', (dtype) => {
    for (const Class of random) expect(new Class().create([2, 2], dtype).dtype).toBe(dtype);
  });
});

describe('an initializer by name', () => {
  const names: InitializerName[] = [
    'zeros',
    'ones',
    'constant',
    'identity',
    'orthogonal',
    'bilinear',
    'randomNormal',
    'randomUniform',
    'truncatedNormal',
    'varianceScaling',
    'glorotUniform',
    'glorotNormal',
    'heUniform',
    'heNormal',
    'lecunUniform',
    'lecunNormal',
  ];

  it.each(names)('%s is there, and gives what it is asked for', (name) => {
    const initializer = resolveInitializer('test', name);
    const shape = name === 'bilinear' ? [2, 3, 3] : [2, 3];
    expect(initializer.name).toBe(name);
    for (const dtype of ['float32', 'float64'] as const) {
      const value = initializer.create(shape, dtype);
      expect([value.shape, value.dtype]).toEqual([shape, dtype]);
    }
  });

  it('may be an object instead', () => {
    const own: Initializer = { name: 'own', create: () => tensor([1]) };
    expect(resolveInitializer('test', own)).toBe(own);
  });

  it.each([
    ["'xavier'", 'xavier'],
    ["'hasOwnProperty'", 'hasOwnProperty'],
    ['null', null],
    ['3', 3],
    ['the function HeNormal', HeNormal],
  ])('is refused when it is %s', (came, given) => {
    expectThrown(
      () => resolveInitializer('test', given as never),
      ArgumentError,
      `test: got initializer ${came}; expected one of ${names.join(', ')}, or an object with create()`,
    );
  });
});
