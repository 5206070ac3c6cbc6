import { type Tensor, tensor } from '@cotangent/autograd';
import { smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import * as losses from '../losses/index.js';
import * as metrics from './index.js';

type Loss = (yTrue: Tensor, yPred: Tensor, options?: object) => Tensor;

/** Each metric with the loss it averages, their options, and whether its targets are class indices. */
const pairs: [name: string, make: () => metrics.Metric<number>, loss: Loss, options: object, sparse?: 'sparse'][] = [
  ['MeanSquaredError', () => new metrics.MeanSquaredError(), losses.meanSquaredError, {}],
  ['MeanAbsoluteError', () => new metrics.MeanAbsoluteError(), losses.meanAbsoluteError, {}],
  [
    'MeanAbsolutePercentageError',
    () => new metrics.MeanAbsolutePercentageError(),
    losses.meanAbsolutePercentageError,
    {},
  ],
  [
    'MeanSquaredLogarithmicError',
    () => new metrics.MeanSquaredLogarithmicError(),
    losses.meanSquaredLogarithmicError,
    {},
  ],
  ['LogCoshError', () => new metrics.LogCoshError(), losses.logCosh, {}],
  ['Poisson', () => new metrics.Poisson(), losses.poisson, {}],
  ['KLDivergence', () => new metrics.KLDivergence(), losses.klDivergence, {}],
  ['Hinge', () => new metrics.Hinge(), losses.hinge, {}],
  ['SquaredHinge', () => new metrics.SquaredHinge(), losses.squaredHinge, {}],
  ['CategoricalHinge', () => new metrics.CategoricalHinge(), losses.categoricalHinge, {}],
  [
    'BinaryCrossentropy',
    () => new metrics.BinaryCrossentropy({ fromLogits: true, labelSmoothing: 0.1 }),
    losses.binaryCrossentropy,
    { fromLogits: true, labelSmoothing: 0.1 },
  ],
  [
    'CategoricalCrossentropy',
    () => new metrics.CategoricalCrossentropy({ labelSmoothing: 0.2 }),
    losses.categoricalCrossentropy,
    { labelSmoothing: 0.2 },
  ],
  [
    'CategoricalCrossentropy of logits',
    () => new metrics.CategoricalCrossentropy({ fromLogits: true }),
    losses.categoricalCrossentropy,
    { fromLogits: true },
  ],
  [
    'SparseCategoricalCrossentropy',
    () => new metrics.SparseCategoricalCrossentropy(),
    losses.sparseCategoricalCrossentropy,
    {},
    'sparse',
  ],
  [
    'SparseCategoricalCrossentropy of logits',
    () => new metrics.SparseCategoricalCrossentropy({ fromLogits: true }),
    losses.sparseCategoricalCrossentropy,
    { fromLogits: true },
    'sparse',
  ],
];

describe.each(pairs)('nn.metrics.%s', (_, make, loss, options, sparse) => {
  const shape = [3, 2, 4];
  const data = smoothTensors([shape, shape, [3]], { range: [0.05, 0.95] });

  it('is the mean of its loss, or the mean by weights', () => {
    fc.assert(
      fc.property(data, (tensors) => {
        const [targets, yPred, weight] = tensors as [Tensor, Tensor, Tensor];
        const yTrue = sparse === undefined ? targets : targets.argmax({ axis: -1 });
        const [plain, weighted] = [make(), make()];
        plain.update(yTrue, yPred);
        weighted.update(yTrue, yPred, weight);
        expectNear(float64(plain.result()), loss(yTrue, yPred, options).item());
        const samples = loss(yTrue, yPred, { ...options, reduction: 'none' })
          .reshape([3, -1])
          .mean({ axis: -1 });
        expectNear(float64(weighted.result()), samples.mul(weight).sum().div(weight.sum()).item());
      }),
      { numRuns: 20 },
    );
  });
});

describe("the metric 'crossentropy'", () => {
  const value = (yTrue: Tensor, yPred: Tensor): number => {
    const metric = metrics.resolveMetric('compile', 'crossentropy');
    metric.update(yTrue, yPred);
    return metric.result() as number;
  };

  it('is that of one output, of one-hot targets, or of labels, by the shapes of the first batch', () => {
    const p = float64([
      [0.2, 0.8],
      [0.6, 0.4],
    ]);
    const expected = -(Math.log(0.8) + Math.log(0.6)) / 2;
    expect(value(tensor([1, 0]), p)).toBeCloseTo(expected, 12);
    expect(
      value(
        tensor([
          [0, 1],
          [1, 0],
        ]),
        p,
      ),
    ).toBeCloseTo(expected, 12);
    expect(value(tensor([1, 0]), float64([[0.8], [0.4]]))).toBeCloseTo(expected, 12);
  });
});

describe('the mean of a loss', () => {
  it('takes a last axis of extent 1 in targets or predictions alone', () => {
    const metric = new metrics.MeanSquaredError();
    metric.update(tensor([1, 2]), tensor([[2], [4]]));
    expect(metric.result()).toBe(2.5);
  });

  it('refuses what its loss refuses', () => {
    const metric = new metrics.SparseCategoricalCrossentropy();
    expect(() => metric.update(tensor([3]), tensor([[0.5, 0.5]]))).toThrow('got class label 3 at position 0');
    expect(() => metric.update([0] as never, tensor([[0.5, 0.5]]))).toThrow(DTypeError);
  });

  it.each([
    [{ fromLogits: 1 }, 'got fromLogits 1; expected true or false'],
    [{ labelSmoothing: 2 }, 'got labelSmoothing 2; expected a finite number of at least 0 and of at most 1'],
    [{ smoothing: 0.1 }, "got unknown option 'smoothing'; expected one of fromLogits, labelSmoothing, name"],
  ])('refuses %j', (options, problem) => {
    expectThrown(
      () => new metrics.CategoricalCrossentropy(options as never),
      ArgumentError,
      `CategoricalCrossentropy: ${problem}`,
    );
  });
});
