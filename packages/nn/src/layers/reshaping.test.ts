import { arange, grad, ones, type Tensor, tensor } from '@cotangent/autograd';
import { shapes } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectThrown } from '../../fixtures/testing.js';
import { Flatten, Permute, RepeatVector, Reshape } from './reshaping.js';

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
      'Flatten › Flatten: got x []; expected x [batch, ...]. Add a batch axis with .expandDims(0).',
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

describe('nn.Flatten, Reshape, Permute and RepeatVector', () => {
  const samples = shapes({ minRank: 1, maxRank: 4, minExtent: 1 });

  it('keep the laws of layers', () => {
    checkLayerLaws(samples.map((shape) => ({ shape, make: () => new Flatten() })));
    checkLayerLaws(
      samples.chain((shape) =>
        fc.shuffledSubarray([...shape.slice(1), -1]).map((order) => {
          const rest = shape.slice(1).reduce((a, b) => a * b, 1);
          const known = order.filter((n) => n !== -1).reduce((a, b) => a * b, 1);
          const targetShape = order.includes(-1) && rest % known === 0 ? order : [rest];
          return { shape, make: () => new Reshape({ targetShape }) };
        }),
      ),
    );
    checkLayerLaws(
      samples.chain((shape) => {
        const axes = shape.slice(1).map((_, i) => i + 1);
        return fc
          .shuffledSubarray(axes, { minLength: axes.length })
          .map((dims) => ({ shape, make: () => new Permute({ dims }) }));
      }),
    );
    checkLayerLaws(
      fc
        .tuple(shapes({ minRank: 2, maxRank: 2, minExtent: 1 }), fc.integer({ min: 1, max: 4 }))
        .map(([shape, n]) => ({ shape, make: () => new RepeatVector({ n }) })),
    );
  });

  it('move elements as their names say', () => {
    const x = arange(6).reshape([1, 2, 3]);
    expect(new Reshape({ targetShape: [3, -1] }).call(x).toArray()).toEqual([
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ]);
    expect(new Permute({ dims: [2, 1] }).call(x).toArray()).toEqual([
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ]);
    expect(new RepeatVector({ n: 2 }).call(tensor([[1, 2]])).toArray()).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
    ]);
  });

  it('refuse shapes that cannot be', () => {
    expectThrown(
      () => new Reshape({ targetShape: [4, -1] }).call(ones([1, 6])),
      ShapeError,
      'Reshape › Reshape: got sample [6] and targetShape [4, -1]; expected as many elements in the target as in a sample',
    );
    expectThrown(
      () => new Reshape({ targetShape: [-1, -1] }),
      ArgumentError,
      'Reshape: got targetShape [-1, -1]; expected extents, one of which may be -1',
    );
    expectThrown(
      () => new Permute({ dims: [0, 1] }),
      ArgumentError,
      'Permute: got dims [0, 1]; expected 1 to n in some order, 1 being the axis after the batch',
    );
    expectThrown(
      () => new Permute({ dims: [1, 2] }).call(ones([1, 2])),
      ShapeError,
      'Permute › Permute: got sample [2]; expected a sample with 2 axes',
    );
    expectThrown(
      () => new RepeatVector({ n: 2 }).call(ones([1, 2, 3])),
      ShapeError,
      'RepeatVector › RepeatVector: got x [1, 2, 3]; expected x [batch, features]',
    );
    expectThrown(
      () => new RepeatVector({ n: 0 }),
      ArgumentError,
      'RepeatVector: got n 0; expected a whole number above 0',
    );
  });
});
