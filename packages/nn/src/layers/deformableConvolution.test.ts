import { ones, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64, given } from '../../fixtures/testing.js';
import { Constant } from '../initializers/index.js';
import { Conv2D } from './convolution.js';
import { DeformableConv2D, type DeformableConvOptions } from './deformableConvolution.js';

const image = (rows: number, columns: number): Tensor =>
  float64(Array.from({ length: rows * columns }, (_, i) => Math.sin(3 * i) + i / 5)).reshape([1, rows, columns, 1]);

describe('nn.DeformableConv2D', () => {
  it('without offsets is Conv2D, with every option of windows', () => {
    fc.assert(
      fc.property(
        fc.record({
          kernelSize: fc.constantFrom(1, 2, 3, [2, 3]),
          strides: fc.constantFrom(1, 2),
          dilationRate: fc.constantFrom(1, 2),
          padding: fc.constantFrom('same', 'valid', 1),
        }),
        (options) => {
          const all = { ...options, filters: 3, kernelInitializer: 'ones', dtype: 'float64' } as const;
          const x = image(6, 5);
          const expected = new Conv2D(all as never).call(x);
          expectNear(new DeformableConv2D(all as never).call(x), expected.toArray());
        },
      ),
      { numRuns: 25 },
    );
  });

  it('looks where its offsets say, between pixels too, and sees 0 outside', () => {
    const at = (down: number, right: number): Tensor =>
      new DeformableConv2D({
        filters: 1,
        kernelSize: 1,
        kernelInitializer: 'ones',
        offsetBiasInitializer: given([down, right]),
        dtype: 'float64',
      })
        .call(float64([1, 2, 3, 4]).reshape([1, 2, 2, 1]))
        .reshape([4]);
    expectNear(at(1, 0), [3, 4, 0, 0]);
    expectNear(at(0, -1), [0, 1, 0, 3]);
    // Half way: (1 + 2 + 3 + 4) / 4, then at the right edge half of (2 + 4) / 2, …
    expectNear(at(0.5, 0.5), [2.5, 1.5, 1.75, 1]);
  });

  it('modulated, weighs every tap by 2 σ', () => {
    const layer = (modulated: boolean, offsetBias: number[]): DeformableConv2D =>
      new DeformableConv2D({
        filters: 1,
        kernelSize: 1,
        modulated,
        kernelInitializer: 'ones',
        offsetBiasInitializer: given(offsetBias),
        dtype: 'float64',
      });
    const x = image(3, 3);
    expectNear(layer(true, [0, 0, 0]).call(x), layer(false, [0, 0]).call(x).toArray());
    expectNear(layer(true, [0, 0, Math.log(3)]).call(x), layer(false, [0, 0]).call(x).mul(1.5).toArray());
  });

  it('keeps the laws of layers', () => {
    const cases = fc
      .record({
        deformableGroups: fc.constantFrom(1, 2),
        modulated: fc.boolean(),
        padding: fc.constantFrom('same', 'valid'),
        dataFormat: fc.constantFrom('channelsLast' as const, 'channelsFirst' as const),
      })
      .map((options) => ({
        shape: options.dataFormat === 'channelsFirst' ? [1, 2, 3, 4] : [1, 3, 4, 2],
        // Offsets from 0.1 to 0.9: at whole numbers the pixels that are looked at change, and the slope with them.
        make: () =>
          new DeformableConv2D({
            ...options,
            filters: 2,
            kernelSize: 2,
            offsetInitializer: 'randomUniform',
            offsetBiasInitializer: new Constant({ value: 0.5 }),
            biasInitializer: 'ones',
            dtype: 'float64',
          } as DeformableConvOptions),
      }));
    checkLayerLaws(cases, { runs: 10, domain: { range: [-1, 1] }, unsettled: false });
  });

  it('refuses groups that do not divide the channels', () => {
    expectThrown(
      () => new DeformableConv2D({ filters: 1, kernelSize: 3, deformableGroups: 2 }).call(ones([1, 4, 4, 3])),
      ArgumentError,
      'DeformableConv2D › DeformableConv2D: got 3 channels for 2 deformable groups; expected a multiple of them',
    );
    expect(() => new DeformableConv2D({ filters: 1, kernelSize: 3 }).call(tensor([1]))).toThrow(
      'expected x [batch, height',
    );
  });
});
