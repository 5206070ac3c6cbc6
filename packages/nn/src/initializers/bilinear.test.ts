import { convTranspose } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import { Bilinear } from './index.js';

const bilinear = new Bilinear();

describe('nn.initializers.Bilinear', () => {
  it.each([
    [1, [1]],
    [2, [0.5, 0.5]],
    [3, [0.5, 1, 0.5]],
    [4, [0.25, 0.75, 0.75, 0.25]],
    [5, [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]],
  ])('has the weights of a triangle over %p points', (k, weights) => {
    expectNear(bilinear.create([k, 1, 1], 'float64').reshape([k]), weights);
  });

  it('multiplies them along the spatial axes', () => {
    expectNear(bilinear.create([3, 4, 1, 1], 'float64').reshape([3, 4]), [
      [0.125, 0.375, 0.375, 0.125],
      [0.25, 0.75, 0.75, 0.25],
      [0.125, 0.375, 0.375, 0.125],
    ]);
  });

  it('takes every channel to itself, and fills the kernels of depthwise and grouped convolutions', () => {
    expect(bilinear.create([2, 2, 2], 'float32').toArray()).toEqual([
      [
        [0.5, 0],
        [0, 0.5],
      ],
      [
        [0.5, 0],
        [0, 0.5],
      ],
    ]);
    expect(bilinear.create([2, 1, 3], 'float32').toArray()).toEqual([[[0.5, 0.5, 0.5]], [[0.5, 0.5, 0.5]]]);
    expect(bilinear.create([1, 2, 1], 'float32').toArray()).toEqual([[[1], [1]]]);
  });

  it.each([2, 3, 4])('makes a transposed convolution of strides %p interpolate linearly', (strides) => {
    const k = 2 * strides - (strides % 2);
    const ramp = float64([0, 1, 2, 3, 4, 5]).reshape([1, 6, 1]);
    const enlarged = convTranspose(ramp, bilinear.create([k, 1, 1], 'float64'), { strides, padding: 'same' });
    // Away from the border, where there are two neighbours, a ramp stays a ramp, `strides` times as slow.
    const inner = [...enlarged.toTypedArray()].slice(strides, 5 * strides);
    const slopes = inner.slice(1).map((value, i) => value - inner[i]!);
    expectNear(
      float64(slopes),
      slopes.map(() => 1 / strides),
    );
  });

  it.each([[[3, 3]], [[3, 3, 2, 4]]])('refuses the shape %p', (shape) => {
    expectThrown(
      () => bilinear.create(shape, 'float32'),
      ShapeError,
      `Bilinear: got shape [${shape.join(', ')}]; expected [spatial…, channels, channels], or 1 in place of one of the channels`,
    );
  });
});
