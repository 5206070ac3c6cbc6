import { grad, ones, type Tensor, tensor } from '@cotangent/autograd';
import { shapes } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import { Dropout, type DropoutOptions, Flatten } from './core.js';

describe('nn.Flatten', () => {
  it('makes one axis of all but the first', () => {
    fc.assert(
      fc.property(shapes({ minRank: 1, maxRank: 4 }), (shape) => {
        const [batch, ...rest] = shape;
        const flat = new Flatten().call(ones(shape));
        expect(flat.shape).toEqual([batch, rest.reduce((product, extent) => product * extent, 1)]);
      }),
    );
  });

  it('keeps the elements of a sample together, in order', () => {
    const x = tensor([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
    ]);
    expect(new Flatten().call(x).toArray()).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(new Flatten().call(x.permute([0, 2, 1])).toArray()).toEqual([
      [1, 3, 2, 4],
      [5, 7, 6, 8],
    ]);
  });

  it('gives numbers an axis of their own', () => {
    expect(new Flatten().call(tensor([1, 2])).toArray()).toEqual([[1], [2]]);
  });

  it('sends gradients back to where their elements stood', () => {
    const weights = tensor([[1, 2, 3, 4]]);
    const gradient = grad((x: Tensor) => new Flatten().call(x).mul(weights).sum())(ones([1, 2, 2]));
    expect(gradient.toArray()).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
    ]);
  });

  it('refuses a scalar, arrays and options it does not have', () => {
    expectThrown(
      () => new Flatten().call(tensor(1)),
      ShapeError,
      'Flatten › Flatten: got x []; expected x [batch, ...]',
    );
    expectThrown(
      () => new Flatten().call([[1]] as never),
      DTypeError,
      'Flatten › Flatten: got x an array; expected a tensor. Wrap numbers and arrays with tensor(…).',
    );
    expectThrown(
      () => new Flatten({ dataFormat: 'channelsFirst' } as never),
      ArgumentError,
      "Flatten: got unknown option 'dataFormat'; expected one of name, inputShape, activityRegularizer",
    );
  });
});

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
      () => new Dropout({ rate: 0.5, noiseShape: [1] } as never),
      ArgumentError,
      "Dropout: got unknown option 'noiseShape'; expected one of rate, seed, name, inputShape, activityRegularizer",
    );
    expectThrown(
      () => new Dropout({ rate: 0.5, seed: -1 }),
      ArgumentError,
      'Generator: got seed -1; expected a whole number from 0 to 2^53 - 1',
    );
  });
});
