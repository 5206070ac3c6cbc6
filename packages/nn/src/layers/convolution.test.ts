import { type NestedArray, ones, permute, type Tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws, type LayerCase } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import { Sequential } from '../model/sequential.js';
import {
  Conv1D,
  Conv2D,
  Conv3D,
  DepthwiseConv1D,
  DepthwiseConv2D,
  SeparableConv1D,
  SeparableConv2D,
} from './convolution.js';
import type { Layer } from './layer.js';
import { Conv1DTranspose, Conv2DTranspose, Conv3DTranspose } from './transposedConvolution.js';

interface ImageCase {
  readonly name: string;
  readonly layer: keyof typeof classes;
  readonly options: object;
  readonly x: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly dx: NestedArray;
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

const classes = { Conv1D, Conv2D, Conv3D, Conv1DTranspose, Conv2DTranspose, Conv3DTranspose };

/** Channels from last to first, or back. */
const channelsFirst = (x: Tensor): Tensor => permute(x, [0, x.rank - 1, ...x.shape.slice(2).map((_, i) => i + 1)]);
const channelsLast = (x: Tensor): Tensor => permute(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);

describe('convolutional layers', () => {
  it.each(fixture<ImageCase>('convolution'))('agree with PyTorch 1.13, in both formats: $name', (reference) => {
    for (const dataFormat of ['channelsLast', 'channelsFirst'] as const) {
      const options = { ...reference.options, dtype: 'float64', dataFormat } as never;
      const layer: Layer = new classes[reference.layer](options);
      layer.loadStateDict(Object.fromEntries(Object.entries(reference.parameters).map(([k, v]) => [k, float64(v)])));
      const turn = dataFormat === 'channelsFirst' ? channelsFirst : (t: Tensor) => t;
      const back = dataFormat === 'channelsFirst' ? channelsLast : (t: Tensor) => t;
      const x = turn(float64(reference.x)).detach();
      x.requiresGrad = true;
      const y = layer.call(x) as Tensor;
      expectNear(back(y), reference.y);
      y.mul(turn(float64(reference.v)))
        .sum()
        .backward();
      expectNear(back(x.grad!), reference.dx);
      for (const [path, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
    }
  });

  const per = (count: number, max: number, min: number = 1): fc.Arbitrary<number | number[]> =>
    fc.oneof(fc.integer({ min, max }), fc.array(fc.integer({ min, max }), { minLength: count, maxLength: count }));
  const shared = (count: number) =>
    fc.record({
      kernelSize: per(count, 3),
      strides: per(count, 2),
      dilationRate: per(count, 2),
      padding: fc.constantFrom('same', 'valid', 1, ...(count === 1 ? ['causal'] : [])),
      dataFormat: fc.constantFrom('channelsLast', 'channelsFirst'),
      activation: fc.constantFrom('linear', 'tanh'),
      useBias: fc.boolean(),
      dtype: fc.constant('float64'),
    });
  const shapeOf = (count: number, channels: number, dataFormat: string, extent: number): Shape => {
    const spatial = Array.from({ length: count }, (_, k) => extent + (k % 2));
    return dataFormat === 'channelsFirst' ? [2, channels, ...spatial] : [2, ...spatial, channels];
  };
  const cases = (make: (options: never) => Layer, count: number, own: fc.Arbitrary<object>): fc.Arbitrary<LayerCase> =>
    fc.tuple(shared(count), own, fc.constantFrom(2, 4)).map(([options, more, channels]) => ({
      shape: shapeOf(count, channels, options.dataFormat as string, count === 3 ? 5 : 6),
      make: () => make({ ...options, ...more } as never),
    }));
  const filters = fc.record({ filters: fc.constantFrom(2, 4), groups: fc.constantFrom(1, 2) });

  it('keep the laws of layers', () => {
    checkLayerLaws(cases((o) => new Conv1D(o), 1, filters));
    checkLayerLaws(
      cases((o) => new Conv2D(o), 2, filters),
      { runs: 15 },
    );
    checkLayerLaws(
      cases((o) => new Conv3D(o), 3, filters),
      { runs: 5 },
    );
    const multiplier = fc.record({ depthMultiplier: fc.integer({ min: 1, max: 3 }) });
    checkLayerLaws(
      cases((o) => new DepthwiseConv1D(o), 1, multiplier),
      { runs: 15 },
    );
    checkLayerLaws(
      cases((o) => new DepthwiseConv2D(o), 2, multiplier),
      { runs: 10 },
    );
    const separable = fc.record({ filters: fc.constantFrom(1, 3), depthMultiplier: fc.constantFrom(1, 2) });
    checkLayerLaws(
      cases((o) => new SeparableConv1D(o), 1, separable),
      { runs: 15 },
    );
    checkLayerLaws(
      cases((o) => new SeparableConv2D(o), 2, separable),
      { runs: 10 },
    );
  });

  it('transposed, keep the laws of layers', () => {
    const transposed = (make: (options: never) => Layer, count: number) =>
      cases(
        make,
        count,
        fc.record({ filters: fc.constantFrom(1, 3), outputPadding: fc.constantFrom(undefined, 0) }),
      ).filter(({ make: build, shape }) => {
        // Some paddings leave nothing of small results, which is refused.
        try {
          build().computeOutputShape(shape.slice(1));
          return true;
        } catch {
          return false;
        }
      });
    checkLayerLaws(
      transposed((o) => new Conv1DTranspose(o), 1),
      { runs: 20 },
    );
    checkLayerLaws(
      transposed((o) => new Conv2DTranspose(o), 2),
      { runs: 10 },
    );
    checkLayerLaws(
      transposed((o) => new Conv3DTranspose(o), 3),
      { runs: 4 },
    );
  });

  it("transposed: 'same' enlarges by the stride, as Keras documents", () => {
    const shape = (options: object): Shape =>
      new Conv2DTranspose({ filters: 1, kernelSize: 3, strides: 2, ...options }).computeOutputShape([4, 4, 1]);
    expect(shape({ padding: 'same' })).toEqual([8, 8, 1]);
    expect(shape({ padding: 'valid' })).toEqual([9, 9, 1]);
    expect(shape({ padding: 'same', outputPadding: 1 })).toEqual([8, 8, 1]);
    expect(shape({ padding: 'same', outputPadding: 0 })).toEqual([7, 7, 1]);
    expect(shape({ padding: 'valid', outputPadding: 1 })).toEqual([10, 10, 1]);
    const [a, b] = [{}, { outputPadding: 1 }].map((options) =>
      new Conv2DTranspose({
        filters: 1,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        kernelInitializer: 'ones',
        ...options,
      }).call(ones([1, 4, 4, 1])),
    );
    expect(a!.toArray()).toEqual(b!.toArray());
  });

  it("'causal' looks at nothing ahead", () => {
    const layer = new Conv1D({ filters: 1, kernelSize: 3, dilationRate: 2, padding: 'causal', dtype: 'float64' });
    const x = float64([[[1], [2], [3], [4], [5], [6]]]);
    const before = layer.call(x);
    const changed = float64([[[1], [2], [3], [4], [5], [60]]]);
    expect(layer.call(changed).slice(null, [0, 5]).toArray()).toEqual(before.slice(null, [0, 5]).toArray());
    expect(layer.call(changed).slice(null, 5).toArray()).not.toEqual(before.slice(null, 5).toArray());
  });

  it('are built at once where inputShape is given', () => {
    const layer = new Conv2D({ filters: 6, kernelSize: [2, 3], groups: 2, inputShape: [8, 8, 4] });
    expect(layer.kernel.shape).toEqual([2, 3, 2, 6]);
  });
});

describe('convolutional layers refuse', () => {
  it.each([
    [() => new Conv2D({ filters: 0, kernelSize: 3 }), 'Conv2D: got filters 0; expected a whole number above 0'],
    [
      () => new Conv2D({ filters: 1, kernelSize: [3] }),
      'Conv2D: got kernelSize [3]; expected a whole number of at least 1, or 2 of them',
    ],
    [
      () => new Conv1D({ filters: 1, kernelSize: 3, strides: 0 }),
      'Conv1D: got strides 0; expected a whole number of at least 1',
    ],
    [
      () => new Conv2D({ filters: 1, kernelSize: 3, padding: 'causal' }),
      `Conv2D: got padding "causal"; expected 'valid', 'same', a whole number, or 2 numbers or [before, after]`,
    ],
    [
      () => new Conv2D({ filters: 3, kernelSize: 3, groups: 2 }),
      'Conv2D: got 3 filters in 2 groups; expected a multiple',
    ],
    [
      () => new Conv2D({ filters: 3, kernelSize: 3, activation: 'rleu' as never }),
      /^Conv2D: got activation 'rleu'; expected one of linear, relu/,
    ],
    [
      () => new Conv2D({ filters: 3, kernelSize: 3, dataFormat: 'NCHW' as never }),
      "Conv2D: got dataFormat 'NCHW'; expected one of 'channelsLast', 'channelsFirst'",
    ],
    [
      () => new Conv2DTranspose({ filters: 3, kernelSize: 3, strides: 2, outputPadding: 2 }),
      'Conv2DTranspose: got outputPadding 2; expected less than the strides [2,2]',
    ],
    [
      () => new Conv1DTranspose({ filters: 3, kernelSize: 3, padding: 'causal' }),
      "Conv1DTranspose: got padding 'causal'; expected 'valid', 'same' or numbers",
    ],
  ])('options that cannot be: %#', (make, message) => {
    if (typeof message === 'string') expectThrown(make, ArgumentError, message);
    else expect(make).toThrow(message);
  });

  it('inputs that do not fit, by their place in the model', () => {
    const model = new Sequential([
      new Conv2D({ filters: 2, kernelSize: 3 }),
      new Conv2D({ filters: 2, kernelSize: 3 }),
    ]);
    model.call(ones([1, 8, 8, 1]));
    expectThrown(
      () => model.call(ones([1, 8, 8])),
      ShapeError,
      '0 (Conv2D) › Conv2D: got x [1, 8, 8]; expected x [batch, height, width, channels]. Add a batch axis with .expandDims(0).',
    );
    expectThrown(
      () => model.call(ones([1, 8, 8, 3])),
      ShapeError,
      '0 (Conv2D) › Conv2D: got x [1, 8, 8, 3]; expected x with 1 channels. The layer was built for those.',
    );
    expectThrown(
      () => model.call(ones([1, 4, 4, 1])),
      ShapeError,
      "1 (Conv2D) › conv: got input [2, 2] and window [3, 3]; expected windows no longer than the input with its padding. Pad it ({ padding: 'same' }), or use fewer layers that shrink it.",
    );
    expectThrown(
      () => model.call(ones([1, 8, 8, 1], { dtype: 'float64' })),
      DTypeError,
      "0 (Conv2D) › Conv2D: got x float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
    );
    expectThrown(
      () => new Conv2D({ filters: 1, kernelSize: 3 }).computeOutputShape([2, 2, 1]),
      ShapeError,
      "Conv2D: got input [2, 2] and window [3, 3]; expected windows no longer than the input with its padding. Pad it ({ padding: 'same' }), or use fewer layers that shrink it.",
    );
  });
});
