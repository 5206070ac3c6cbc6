import { type NestedArray, ones, type Tensor, tensor } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, shapes, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws, unsettle } from '../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  leafGradientAgreesWithDifferences,
} from '../../fixtures/testing.js';
import { setMask } from '../masks.js';
import { BatchNormalization, type BatchNormalizationOptions } from './batchNormalization.js';
import { Dense } from './dense.js';
import {
  GroupNormalization,
  InstanceNormalization,
  LayerNormalization,
  RMSNormalization,
  UnitNormalization,
} from './normalization.js';
import { Flatten } from './reshaping.js';
import { SpectralNormalization } from './spectralNormalization.js';

interface NormalizationCase {
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

const classes = { BatchNormalization, LayerNormalization, GroupNormalization, InstanceNormalization };
const samples = shapes({ minRank: 2, maxRank: 4, minExtent: 2 });
const affine = {
  epsilon: fc.constantFrom(1e-3, 1e-2),
  center: fc.boolean(),
  scale: fc.boolean(),
  dtype: fc.constant('float64' as const),
};

describe('normalization layers', () => {
  it.each(fixture<NormalizationCase>('normalization'))('agree with PyTorch 1.13: $name', (reference) => {
    const layer = new classes[reference.layer]({ ...reference.options, dtype: 'float64' });
    const state = Object.fromEntries(Object.entries(reference.parameters).map(([path, v]) => [path, float64(v)]));
    layer.loadStateDict(state, { strict: false });
    const x = float64(reference.x);
    x.requiresGrad = true;
    const y = layer.call(x);
    expectNear(y, reference.y);
    y.mul(float64(reference.v)).sum().backward();
    expectNear(x.grad, reference.dx);
    for (const [path, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
  });

  it('keep the laws of layers', () => {
    const axes = (shape: readonly number[]) =>
      fc.oneof(fc.constant(-1), fc.constant(1), fc.subarray(shape.map((_, i) => i).slice(1), { minLength: 1 }));
    checkLayerLaws(
      samples.chain((shape) =>
        fc
          .record({ ...affine, axis: axes(shape) })
          .map((options) => ({ shape, make: () => new LayerNormalization(options) })),
      ),
    );
    checkLayerLaws(
      samples.chain((shape) =>
        fc.record({ dtype: fc.constant('float64' as const), axis: axes(shape) }).map((options) => ({
          shape,
          make: () => new RMSNormalization(options),
        })),
      ),
    );
    checkLayerLaws(
      samples.chain((shape) => axes(shape).map((axis) => ({ shape, make: () => new UnitNormalization({ axis }) }))),
    );
    checkLayerLaws(
      fc
        .tuple(
          shapes({ minRank: 1, maxRank: 2, minExtent: 2 }),
          fc.record({ ...affine, groups: fc.constantFrom(1, 2, 4, -1), axis: fc.constantFrom(1, -1) }),
        )
        .map(([spatial, options]) => ({
          shape: options.axis === 1 ? [2, 4, ...spatial] : [2, ...spatial, 4],
          make: () => new GroupNormalization(options),
        })),
    );
    checkLayerLaws(
      samples.chain((shape) =>
        fc
          .record({ ...affine, axis: fc.constantFrom(1, -1) })
          .map((options) => ({ shape, make: () => new BatchNormalization(options) })),
      ),
    );
  });

  it('RMSNormalization and UnitNormalization are what their names say', () => {
    expectNear(new RMSNormalization({ dtype: 'float64', epsilon: 0 }).call(float64([[1, 7]])), [[0.2, 1.4]]);
    expectNear(
      new UnitNormalization().call(
        float64([
          [3, 4],
          [0, 0],
        ]),
      ),
      [
        [0.6, 0.8],
        [0, 0],
      ],
    );
  });

  it('refuse what cannot be', () => {
    expectThrown(
      () => new GroupNormalization({ groups: 3 }).call(ones([2, 4])),
      ArgumentError,
      'GroupNormalization › GroupNormalization: got 3 groups for 4 channels; expected a number that divides them. Pass { groups } to the layer; −1 is one for each channel.',
    );
    expectThrown(
      () => new LayerNormalization({ axis: 0 }),
      ArgumentError,
      'LayerNormalization: got axis 0, that of the batch; expected others',
    );
    expectThrown(
      () => new InstanceNormalization({ groups: 2 } as never),
      ArgumentError,
      "InstanceNormalization: got unknown option 'groups'; expected one of axis, epsilon, center, scale, gammaInitializer, gammaRegularizer, gammaConstraint, betaInitializer, betaRegularizer, betaConstraint, dtype, name, inputShape, activityRegularizer",
    );
    const layer = new LayerNormalization({ inputShape: [3] });
    expectThrown(
      () => layer.call(ones([2, 4])),
      ShapeError,
      'LayerNormalization › LayerNormalization: got x [2, 4]; expected an input for 3 scales and shifts. The layer was built for another input.',
    );
  });
});

describe('nn.BatchNormalization', () => {
  const make = (options: BatchNormalizationOptions = {}): BatchNormalization =>
    new BatchNormalization({ momentum: 0.9, dtype: 'float64', ...options });
  const x = float64([
    [1, 4],
    [3, 0],
    [5, 2],
  ]);

  it('in training normalizes with the batch and moves the running statistics, biased', () => {
    const layer = make();
    layer.call(x);
    // Means 3 and 2, variances 8/3 both (divided by N).
    expectNear(layer.movingMean, [0.3, 0.2]);
    expectNear(layer.movingVariance, [0.9 + 0.1 * (8 / 3), 0.9 + 0.1 * (8 / 3)]);
    expect(layer.namedBuffers().map(([path]) => path)).toEqual(['movingMean', 'movingVariance']);
  });

  it('in inference uses the running statistics and leaves them', () => {
    const layer = make({ epsilon: 0 });
    layer.call(x);
    const [mean, variance] = [layer.movingMean.toArray() as number[], layer.movingVariance.toArray() as number[]];
    const y = layer.eval().call(float64([[1, 1]]));
    expectNear(y, [[0, 1].map((i) => (1 - mean[i]!) / Math.sqrt(variance[i]!))]);
    expectNear(layer.movingMean, mean);
  });

  it('frozen, is as in inference also in training (Keras)', () => {
    const layer = make();
    layer.call(x);
    const inference = layer.eval().call(x).toArray();
    layer.train();
    layer.trainable = false;
    const before = layer.movingMean.toArray();
    expect(layer.call(x).toArray()).toEqual(inference);
    expect(layer.movingMean.toArray()).toEqual(before);
  });

  it('has the gradients that differences show, in training too, with and without a mask', () => {
    fc.assert(
      fc.property(smoothTensors([[3, 2, 2]]), fc.boolean(), ([input], masked) => {
        const layer = make();
        layer.call(input!);
        unsettle(layer);
        const options = masked
          ? {
              mask: tensor([
                [true, false],
                [true, true],
                [false, true],
              ]),
            }
          : {};
        gradientAgreesWithDifferences((t) => layer.call(t, options), [input!], 0);
        const loss = (): Tensor => layer.call(input!, options).square().mul(input!).sum();
        for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
      }),
      { numRuns: 20 },
    );
  });

  it('counts only what a mask shows', () => {
    const [whole, part] = [make(), make()];
    const shown = whole.call(x);
    const padded = float64([
      [
        [1, 4],
        [3, 0],
      ],
      [
        [5, 2],
        [99, 99],
      ],
    ]);
    const mask = tensor([
      [true, true],
      [true, false],
    ]);
    const y = part.call(setMask(padded, mask));
    expectNear(y.reshape([4, 2]).slice([0, 3]), shown.toArray());
    expectNear(part.movingMean, whole.movingMean.toArray());
    expectNear(part.movingVariance, whole.movingVariance.toArray());
  });

  it('with accumulationSteps: running statistics as for the whole batch', () => {
    fc.assert(
      fc.property(smoothTensors([[6, 3]]), ([batch]) => {
        const [whole, parts] = [make(), make({ accumulationSteps: 3 })];
        for (let round = 0; round < 2; round++) {
          whole.call(batch!);
          for (let k = 0; k < 3; k++) parts.call(batch!.slice([2 * k, 2 * k + 2]));
        }
        expectNear(parts.movingMean, whole.movingMean.toArray());
        expectNear(parts.movingVariance, whole.movingVariance.toArray());
      }),
      { numRuns: 20 },
    );
    expect(Object.keys(make({ accumulationSteps: 2, inputShape: [3] }).stateDict())).toContain('accumulated.mean');
  });

  it('refuses what cannot be', () => {
    expectThrown(
      () => make({ momentum: 1.5 }),
      ArgumentError,
      'BatchNormalization: got momentum 1.5; expected a finite number of at least 0 and of at most 1',
    );
    expectThrown(
      () => make({ inputShape: [3] }).call(ones([2, 4], { dtype: 'float64' })),
      ShapeError,
      'BatchNormalization › BatchNormalization: got x [2, 4]; expected x with 3 channels along axis 1. The layer was built for those.',
    );
  });
});

describe('nn.SpectralNormalization', () => {
  it('brings the largest singular value to 1', () => {
    const layer = new SpectralNormalization({
      layer: new Dense({ units: 2, dtype: 'float64', kernelInitializer: 'ones', useBias: false }),
      powerIterations: 5,
    });
    const y = layer.call(float64([[1, 1, 1]]));
    // The kernel of ones [3, 2] has the singular value √6.
    expectNear(y, [[3 / Math.sqrt(6), 3 / Math.sqrt(6)]]);
    for (let i = 0; i < 3; i++) layer.call(float64([[1, 1, 1]]));
    expectNear(
      layer.layer.kernel!,
      [1, 2, 3].map(() => [1 / Math.sqrt(6), 1 / Math.sqrt(6)]),
    );
    expect(
      layer
        .eval()
        .call(float64([[1, 1, 1]]))
        .toArray(),
    ).toEqual(layer.layer.call(float64([[1, 1, 1]])).toArray());
  });

  it('keeps the laws of layers', () => {
    checkLayerLaws(
      fc.integer({ min: 1, max: 3 }).map((n) => ({
        shape: [2, n],
        make: () => new SpectralNormalization({ layer: new Dense({ units: 2, dtype: 'float64' }) }),
      })),
    );
  });

  it('refuses layers without a kernel, and leaves a kernel of zeros', () => {
    expectThrown(
      () => new SpectralNormalization({ layer: new Flatten() }),
      ArgumentError,
      'SpectralNormalization: got layer an object; expected a layer with a kernel or embeddings',
    );
    const layer = new SpectralNormalization({ layer: new Dense({ units: 1, kernelInitializer: 'zeros' }) });
    expect(layer.call(ones([1, 2])).toArray()).toEqual([[0]]);
  });
});
