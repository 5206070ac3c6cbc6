import { type NestedArray, ones, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, fixture, float64 } from '../../fixtures/testing.js';
import { setMask } from '../masks.js';
import * as globals from './globalPooling.js';
import type { Layer } from './layer.js';
import * as windowed from './pooling.js';

interface PoolingCase {
  readonly name: string;
  readonly layer: string;
  readonly options: object;
  readonly x: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly dx: NestedArray;
}

const classes = { ...windowed, ...globals } as unknown as Record<string, new (options?: object) => Layer>;

/** A shape of `count` spatial axes in a format. */
const shapeOf = (count: number, dataFormat: string): Shape => {
  const spatial = [5, 6, 4].slice(0, count);
  return dataFormat === 'channelsFirst' ? [2, 3, ...spatial] : [2, ...spatial, 3];
};

describe('pooling layers', () => {
  it.each(fixture<PoolingCase>('pooling'))('agree with PyTorch 1.13: $name', ({ layer, options, ...reference }) => {
    const x = float64(reference.x);
    x.requiresGrad = true;
    const y = new classes[layer]!(options).call(x) as Tensor;
    expectNear(y, reference.y);
    y.mul(float64(reference.v)).sum().backward();
    expectNear(x.grad, reference.dx);
  });

  it.each([1, 2, 3])('keep the laws of layers: %dD', (count) => {
    const options = fc
      .record({
        poolSize: fc.integer({ min: 1, max: 3 }),
        strides: fc.constantFrom(1, 2, null),
        padding: fc.constantFrom('same', 'valid', 1),
        dataFormat: fc.constantFrom('channelsLast', 'channelsFirst'),
        ceilMode: fc.boolean(),
      })
      .filter(({ poolSize, padding }) => padding !== 1 || poolSize > 1);
    for (const kind of ['Max', 'Average']) {
      checkLayerLaws(
        options.map((given) => ({
          shape: shapeOf(count, given.dataFormat),
          make: () => new classes[`${kind}Pooling${count}D`]!(given),
        })),
        { runs: count === 3 ? 5 : 15 },
      );
      checkLayerLaws(
        fc
          .record({ keepDims: fc.boolean(), dataFormat: fc.constantFrom('channelsLast', 'channelsFirst') })
          .map((given) => ({
            shape: shapeOf(count, given.dataFormat),
            make: () => new classes[`Global${kind}Pooling${count}D`]!(given),
          })),
        { runs: 8 },
      );
      checkLayerLaws(
        fc
          .record({
            outputSize: fc.integer({ min: 1, max: 4 }),
            dataFormat: fc.constantFrom('channelsLast', 'channelsFirst'),
          })
          .map((given) => ({
            shape: shapeOf(count, given.dataFormat),
            make: () => new classes[`Adaptive${kind}Pooling${count}D`]!(given),
          })),
        { runs: count === 3 ? 4 : 8 },
      );
    }
  });

  it("average with 'same': padding does not count (Keras)", () => {
    expectNear(new windowed.AveragePooling1D({ padding: 'same' }).call(float64([[[1], [3], [8]]])), [[[2], [8]]]);
  });

  it('global average over time: of the steps that a mask shows', () => {
    const layer = new globals.GlobalAveragePooling1D();
    const x = float64([
      [[1], [3], [8]],
      [[1], [2], [3]],
    ]);
    const mask = tensor([
      [true, true, false],
      [false, false, false],
    ]);
    expectNear(new globals.GlobalAveragePooling1D({ keepDims: true }).call(x), [[[4]], [[2]]]);
    expectNear(layer.call(x, { mask }), [[2], [0]]);
    expectNear(layer.call(setMask(x, mask)), [[2], [0]]);
  });

  it('refuse what cannot be', () => {
    expectThrown(
      () => new windowed.MaxPooling2D({ poolSize: 0 }),
      ArgumentError,
      'MaxPooling2D: got poolSize 0; expected a whole number of at least 1, or 2 of them',
    );
    expectThrown(
      () => new windowed.AveragePooling2D({ ceilMode: true, countIncludePadding: true }),
      ArgumentError,
      'AveragePooling2D: got countIncludePadding and ceilMode; expected one of them. Pad the input first, with nn.ZeroPadding.',
    );
    expectThrown(
      () => new windowed.MaxPooling2D({ poolSize: 4 }).computeOutputShape([3, 3, 1]),
      ShapeError,
      "MaxPooling2D: got input [3, 3] and window [4, 4]; expected windows no longer than the input with its padding. Pad it ({ padding: 'same' }), or use fewer layers that shrink it.",
    );
    expectThrown(
      () => new globals.GlobalMaxPooling2D().call(ones([1, 2, 3])),
      ShapeError,
      'GlobalMaxPooling2D › GlobalMaxPooling2D: got x [1, 2, 3]; expected x [batch, height, width, channels]. Add a batch axis with .expandDims(0).',
    );
    expectThrown(
      () => new globals.AdaptiveMaxPooling1D({ outputSize: 0 }),
      ArgumentError,
      'AdaptiveMaxPooling1D: got outputSize 0; expected a whole number of at least 1',
    );
  });
});
