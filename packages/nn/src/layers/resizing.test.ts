import { arange, ones, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import type { Layer } from './layer.js';
import * as layers from './resizing.js';

const classes = layers as unknown as Record<string, new (options?: object) => Layer>;
const format = fc.constantFrom('channelsLast', 'channelsFirst');
const shapeOf = (spatial: readonly number[], channels: number, dataFormat: string): Shape =>
  dataFormat === 'channelsFirst' ? [2, channels, ...spatial] : [2, ...spatial, channels];
const spatial = [4, 3, 5];

describe('resizing layers', () => {
  it.each([1, 2, 3])('keep the laws of layers: %dD', (count) => {
    const extents = spatial.slice(0, count);
    const sides = fc.oneof(
      fc.nat({ max: 1 }),
      fc.array(fc.oneof(fc.nat({ max: 1 }), fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 1 }))), {
        minLength: count,
        maxLength: count,
      }),
    );
    const size = fc.oneof(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: count, maxLength: count }),
    );
    const check = (name: string, options: fc.Arbitrary<object>, channels = 2, hasFormat = true): void =>
      checkLayerLaws(
        fc.tuple(options, hasFormat ? format : fc.constant('channelsLast')).map(([given, dataFormat]) => ({
          shape: shapeOf(extents, channels, dataFormat),
          make: () => new classes[`${name}${count}D`]!({ ...given, ...(hasFormat ? { dataFormat } : {}) }),
        })),
        { runs: 10 },
      );
    const interpolation = fc.constantFrom('nearest', 'bilinear', 'bicubic', 'lanczos3');
    check('UpSampling', count === 2 ? fc.record({ size, interpolation }) : fc.record({ size }), 2, count > 1);
    check('ZeroPadding', fc.record({ padding: sides }));
    if (count === 2) check('ReflectionPadding', fc.record({ padding: sides }));
    check('Cropping', fc.record({ cropping: sides }), 2, count > 1);
    check('PixelShuffle', fc.record({ factor: fc.constantFrom(1, 2) }), 8);
  });

  const image = arange(4).reshape([1, 2, 2, 1]);

  it('UpSampling2D repeats pixels, or interpolates between them', () => {
    expect(new layers.UpSampling2D().call(image).reshape([4, 4]).toArray()).toEqual([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
      [2, 2, 3, 3],
      [2, 2, 3, 3],
    ]);
    expectNear(new layers.UpSampling2D({ size: [1, 2], interpolation: 'bilinear' }).call(image).reshape([2, 4]), [
      [0, 0.25, 0.75, 1],
      [2, 2.25, 2.75, 3],
    ]);
  });

  it('paddings add what their names say', () => {
    expect(new layers.ZeroPadding2D({ padding: [[1, 0], 0] }).call(image).reshape([3, 2]).toArray()).toEqual([
      [0, 0],
      [0, 1],
      [2, 3],
    ]);
    expect(new layers.ReflectionPadding2D({ padding: [0, 1] }).call(image).reshape([2, 4]).toArray()).toEqual([
      [1, 0, 1, 0],
      [3, 2, 3, 2],
    ]);
    expect(new layers.ZeroPadding1D({ padding: [1, 2] }).call(float64([[[5]]])).toArray()).toEqual([
      [[0], [5], [0], [0]],
    ]);
  });

  it('Cropping undoes ZeroPadding', () => {
    const padding = [[1, 2], 1] as const;
    const x = arange(12).reshape([1, 3, 2, 2]);
    const padded = new layers.ZeroPadding2D({ padding }).call(x);
    expect(new layers.Cropping2D({ cropping: padding }).call(padded).toArray()).toEqual(x.toArray());
  });

  it('PixelShuffle2D places channels as PyTorch does', () => {
    // torch.nn.functional.pixel_shuffle(arange(8).reshape(1, 8, 1, 1), 2): two channels of 2 × 2.
    const x = arange(8).reshape([1, 8, 1, 1]);
    const expected = [
      [
        [0, 1],
        [2, 3],
      ],
      [
        [4, 5],
        [6, 7],
      ],
    ];
    const first = new layers.PixelShuffle2D({ factor: 2, dataFormat: 'channelsFirst' }).call(x);
    expect(first.toArray()).toEqual([expected]);
    const last = new layers.PixelShuffle2D({ factor: 2 }).call(x.reshape([1, 1, 1, 8])) as Tensor;
    expect(last.permute([0, 3, 1, 2]).toArray()).toEqual([expected]);
  });

  it('refuse what cannot be', () => {
    expectThrown(
      () => new layers.UpSampling2D({ size: 0 }),
      ArgumentError,
      'UpSampling2D: got size 0; expected a whole number of at least 1, or 2 of them',
    );
    expectThrown(
      () => new layers.ZeroPadding2D({ padding: [1] }),
      ArgumentError,
      'ZeroPadding2D: got padding [1]; expected a whole number, or 2 numbers or [before, after]',
    );
    expectThrown(
      () => new layers.Cropping1D({ cropping: 2 }).call(ones([1, 4, 1])),
      ShapeError,
      'Cropping1D › Cropping1D: got input [4]; expected more than is cropped, [[2,2]]',
    );
    expectThrown(
      () => new layers.PixelShuffle2D({ factor: 2 }).call(ones([1, 2, 2, 3])),
      ShapeError,
      'PixelShuffle2D › PixelShuffle2D: got input [2, 2, 3]; expected channels divisible by 4',
    );
    expectThrown(
      () => new layers.UpSampling1D({ size: 2 }).call(ones([1, 2])),
      ShapeError,
      'UpSampling1D › UpSampling1D: got x [1, 2]; expected x [batch, width, channels]. Add a batch axis with .expandDims(0).',
    );
  });
});
