import { ones, randomNormal, type Tensor, tensor } from '@cotangent/autograd';
import { gradientAgreesWithDifferences } from '@cotangent/autograd/testing';
import { ArgumentError, Generator, manualSeed, ShapeError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import {
  AlphaDropout,
  Dropout,
  type DropoutOptions,
  GaussianDropout,
  GaussianNoise,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
} from './regularization.js';

describe('nn.Dropout', () => {
  const many = 40_000;

  it.each([0.1, 0.5, 0.9])('sets a share of %p to 0, within four standard deviations', (rate) => {
    const y = new Dropout({ rate, seed: 11 }).call(ones([many])).toTypedArray();
    const dropped = y.filter((value) => value === 0).length;
    expect(Math.abs(dropped - many * rate)).toBeLessThan(4 * Math.sqrt(many * rate * (1 - rate)));
  });

  it.each(['float32', 'float64'] as const)('scales the rest by 1 / (1 − rate) and keeps the dtype: %s', (dtype) => {
    const y = new Dropout({ rate: 0.2, seed: 11 }).call(ones([1000], { dtype }));
    expect(y.dtype).toBe(dtype);
    const scale = dtype === 'float32' ? Math.fround(1.25) : 1.25;
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, scale]));
  });

  it('leaves the mean where it was, within four standard deviations', () => {
    const mean = new Dropout({ rate: 0.25, seed: 5 })
      .call(ones([many]))
      .mean()
      .item();
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(0.25 / 0.75 / many));
  });

  it('drops elements one by one, not samples', () => {
    const y = new Dropout({ rate: 0.5, seed: 2 }).call(ones([2, 1000]));
    expect(y.slice(0).toArray()).not.toEqual(y.slice(1).toArray());
  });

  it('draws another mask on every call', () => {
    const layer = new Dropout({ rate: 0.5, seed: 1 });
    const x = ones([100]);
    expect(layer.call(x).toArray()).not.toEqual(layer.call(x).toArray());
  });

  it('draws the same sequence of masks from the same seed, whatever the global generator does', () => {
    const sequence = (globalSeed: number) => {
      manualSeed(globalSeed);
      const layer = new Dropout({ rate: 0.5, seed: 42 });
      return [layer.call(ones([50])).toArray(), layer.call(ones([50])).toArray()];
    };
    expect(sequence(1)).toEqual(sequence(2));
  });

  it('draws from the global generator without a seed', () => {
    const mask = (seed: number) => {
      manualSeed(seed);
      return new Dropout({ rate: 0.5 }).call(ones([50])).toArray();
    };
    expect(mask(1)).toEqual(mask(1));
    expect(mask(1)).not.toEqual(mask(2));
  });

  it('passes its input on, itself, in inference and at rate 0', () => {
    const x = ones([3]);
    expect(new Dropout({ rate: 0.5 }).eval().call(x)).toBe(x);
    expect(new Dropout({ rate: 0 }).call(x)).toBe(x);
  });

  it('sends the gradient through the mask of the value', () => {
    const layer = new Dropout({ rate: 0.4, seed: 8 });
    const x = tensor(ones([200]), { requiresGrad: true });
    const y = layer.call(x);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual(y.toArray());
  });

  it('drops NaN and infinity like anything else', () => {
    const layer = new Dropout({ rate: 0.5, seed: 3 });
    const y = layer.call(tensor(new Array(64).fill(Number.POSITIVE_INFINITY)));
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, Number.POSITIVE_INFINITY]));
  });

  it.each([[1], [-0.1], [1.5], [Number.NaN], [undefined]])('refuses rate %p', (rate) => {
    expectThrown(
      () => new Dropout({ rate } as DropoutOptions),
      ArgumentError,
      `Dropout: got rate ${rate}; expected a finite number of at least 0 and below 1`,
    );
  });

  it('refuses a bare number, an unknown option and a seed that is none', () => {
    expectThrown(
      () => new Dropout(0.5 as never),
      ArgumentError,
      'Dropout: got 0.5; expected an options object. For example { rate: … }.',
    );
    expectThrown(
      () => new Dropout({ rate: 0.5, axes: [1] } as never),
      ArgumentError,
      "Dropout: got unknown option 'axes'; expected one of rate, noiseShape, seed, name, inputShape, activityRegularizer",
    );
    expectThrown(
      () => new Dropout({ rate: 0.5, seed: -1 }),
      ArgumentError,
      'Generator: got seed -1; expected a whole number from 0 to 2^53 - 1',
    );
  });
});

describe('nn.Dropout: noiseShape', () => {
  it('of 1 drops along a whole axis together', () => {
    const y = new Dropout({ rate: 0.5, seed: 3, noiseShape: [null, 1, null] }).call(ones([2, 5, 20]));
    for (let step = 1; step < 5; step++) expect(y.slice(null, step).toArray()).toEqual(y.slice(null, 0).toArray());
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, 2]));
  });

  it('must have the axes of the input', () => {
    expectThrown(
      () => new Dropout({ rate: 0.5, noiseShape: [1] }).call(ones([2, 2])),
      ShapeError,
      'Dropout › Dropout: got x [2, 2]; expected an input with the 1 axes of noiseShape',
    );
    expect(() => new Dropout({ rate: 0.5, noiseShape: [0] })).toThrow('Dropout: got noiseShape an array; expected');
  });
});

describe('nn.SpatialDropout', () => {
  it.each([
    ['1D', new SpatialDropout1D({ rate: 0.5, seed: 1 }), [3, 4, 30], [1]],
    ['2D', new SpatialDropout2D({ rate: 0.5, seed: 1 }), [3, 4, 2, 30], [1, 2]],
    [
      '2D, channels first',
      new SpatialDropout2D({ rate: 0.5, seed: 1, dataFormat: 'channelsFirst' }),
      [3, 30, 4, 2],
      [2, 3],
    ],
    ['3D', new SpatialDropout3D({ rate: 0.5, seed: 1 }), [3, 2, 2, 2, 30], [1, 2, 3]],
  ])('%s drops whole channels', (_, layer, shape, axis) => {
    const y = layer.call(ones(shape));
    expect(y.max({ axis }).toArray()).toEqual(y.min({ axis }).toArray());
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, 2]));
  });

  it('takes inputs of its own number of axes', () => {
    expectThrown(
      () => new SpatialDropout2D({ rate: 0.5 }).call(ones([2, 3, 4])),
      ShapeError,
      'SpatialDropout2D › SpatialDropout2D: got x [2, 3, 4]; expected x [batch, height, width, channels]. Add a batch axis with .expandDims(0).',
    );
    expect(() => new SpatialDropout1D({ rate: 0.5, dataFormat: 'channelsFirst' } as never)).toThrow('unknown option');
  });
});

describe('nn.GaussianNoise, GaussianDropout and AlphaDropout', () => {
  const moments = (y: Tensor): [number, number] => [y.mean().item(), y.sub(y.mean()).square().mean().sqrt().item()];
  const many20 = 20_000;
  const within = (got: number, expected: number, tolerance: number): void =>
    expect(Math.abs(got - expected)).toBeLessThan(tolerance);

  it('GaussianNoise adds noise of mean 0 and the standard deviation given', () => {
    const [mean, deviation] = moments(new GaussianNoise({ stddev: 0.5, seed: 7 }).call(ones([many20])));
    within(mean, 1, (4 * 0.5) / Math.sqrt(many20));
    within(deviation, 0.5, 0.02);
  });

  it('GaussianDropout multiplies by noise of mean 1 and deviation √(r / (1 − r))', () => {
    const [mean, deviation] = moments(new GaussianDropout({ rate: 0.2, seed: 7 }).call(ones([many20])));
    within(mean, 1, 0.02);
    within(deviation, 0.5, 0.02);
  });

  it('AlphaDropout keeps mean 0 and deviation 1', () => {
    const x = randomNormal([many20], { generator: new Generator(5), dtype: 'float64' });
    const y = new AlphaDropout({ rate: 0.3, seed: 7 }).call(x);
    const [mean, deviation] = moments(y);
    within(mean, 0, 0.05);
    within(deviation, 1, 0.05);
    // What was hit lies at one point: a α′ + b.
    const a = (0.7 * (1 + 0.3 * 1.7580993408473766 ** 2)) ** -0.5;
    const hit = a * -1.7580993408473766 * 0.7;
    const share = y.sub(hit).abs().less(1e-9).cast('float64').mean().item();
    within(share, 0.3, 0.02);
  });

  it('pass their input on, itself, in inference and where there is nothing to do', () => {
    const x = ones([3]);
    for (const layer of [
      new GaussianNoise({ stddev: 1 }),
      new GaussianDropout({ rate: 0.5 }),
      new AlphaDropout({ rate: 0.5 }),
    ])
      expect(layer.eval().call(x)).toBe(x);
    for (const layer of [
      new GaussianNoise({ stddev: 0 }),
      new GaussianDropout({ rate: 0 }),
      new AlphaDropout({ rate: 0 }),
    ])
      expect(layer.call(x)).toBe(x);
  });

  it('keep the dtype and pass gradients through the noise', () => {
    for (const make of [
      () => new GaussianNoise({ stddev: 1, seed: 2 }),
      () => new GaussianDropout({ rate: 0.5, seed: 2 }),
      () => new AlphaDropout({ rate: 0.5, seed: 2 }),
    ]) {
      const x = ones([4], { dtype: 'float64' });
      expect(make().call(x).dtype).toBe('float64');
      gradientAgreesWithDifferences((t) => make().call(t), [x], 0);
    }
  });

  it('refuse rates out of range', () => {
    expectThrown(
      () => new AlphaDropout({ rate: 1 }),
      ArgumentError,
      'AlphaDropout: got rate 1; expected a finite number of at least 0 and below 1',
    );
    expectThrown(
      () => new GaussianNoise({ stddev: -1 }),
      ArgumentError,
      'GaussianNoise: got stddev -1; expected a finite number of at least 0',
    );
  });
});
