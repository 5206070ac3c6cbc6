/** Distances and likenesses at their edges. */

import { type NestedArray, tensor } from '@cotangent/autograd';
import { ArgumentError, IndexError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import {
  ConcordanceCorrelation,
  CosineSimilarity,
  MatthewsCorrelation,
  MeanPairwiseDistance,
  type Metric,
  type MetricValue,
  PearsonCorrelation,
  R2Score,
  RootMeanSquaredError,
} from './index.js';

function measured<Value extends MetricValue>(metric: Metric<Value>, yTrue: NestedArray, yPred: NestedArray): Value {
  metric.update(tensor(yTrue, { dtype: 'float64' }), tensor(yPred, { dtype: 'float64' }));
  return metric.result();
}

describe('nn.metrics.R2Score', () => {
  it('is 1 for perfect predictions, 0 for the mean, and below 0 for worse', () => {
    expect(measured(new R2Score(), [1, 2, 3], [1, 2, 3])).toBe(1);
    expect(measured(new R2Score(), [1, 2, 3], [2, 2, 2])).toBe(0);
    expect(measured(new R2Score(), [1, 2, 3], [3, 2, 1])).toBe(-3);
  });

  it('is 0 for targets that never change, and NaN when they are predicted too, as in Keras', () => {
    expect(measured(new R2Score(), [0.1, 0.1, 0.1], [0.1, 0.2, 0.3])).toBe(0);
    expect(measured(new R2Score(), [0.1, 0.1, 0.1], [0.1, 0.1, 0.1])).toBeNaN();
  });

  it('keeps its digits for targets far from 0', () => {
    const far = (xs: number[]): number[] => xs.map((x) => x + 1e8);
    expect(measured(new R2Score(), far([1, 2, 3, 5]), far([1, 2, 4, 5]))).toBeCloseTo(1 - 1 / 8.75, 12);
  });

  it('corrects for regressors while there are more targets than those', () => {
    const [y, p] = [
      [1, 2, 3, 5],
      [1, 2, 4, 5],
    ];
    const plain = measured(new R2Score(), y, p);
    expect(measured(new R2Score({ numRegressors: 2 }), y, p)).toBeCloseTo(1 - (1 - plain) * 3, 12);
    expect(measured(new R2Score({ numRegressors: 3 }), y, p)).toBe(plain);
    expect(measured(new R2Score({ numRegressors: 9 }), y, p)).toBe(plain);
  });

  it.each([
    [
      { classAggregation: 'mean' },
      "got classAggregation 'mean'; expected one of 'uniformAverage', 'varianceWeightedAverage'",
    ],
    [{ numRegressors: -1 }, 'got numRegressors -1; expected a whole number of at least 0'],
    [{ axis: 0 }, "got unknown option 'axis'; expected one of classAggregation, numRegressors, name"],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new R2Score(options as never), ArgumentError, `R2Score: ${problem}`);
  });
});

describe('a metric of likeness', () => {
  it('is 0 for what does not change, or is nothing', () => {
    expect(measured(new PearsonCorrelation(), [[0.1, 0.1, 0.1]], [[1, 2, 3]])).toBe(0);
    expect(measured(new ConcordanceCorrelation(), [[0.1, 0.1, 0.1]], [[0.1, 0.1, 0.1]])).toBe(0);
    expect(measured(new CosineSimilarity(), [[0, 0]], [[1, 2]])).toBe(0);
  });

  it('looks at direction alone, or at course alone, or at both and size', () => {
    const [y, twice] = [[[1, 2, 4]], [[2, 4, 8]]];
    expect(measured(new CosineSimilarity(), y, twice)).toBeCloseTo(1, 12);
    expect(measured(new PearsonCorrelation(), y, [[-1, -2, -4]])).toBeCloseTo(-1, 12);
    expect(measured(new ConcordanceCorrelation(), y, y)).toBe(1);
    expect(measured(new ConcordanceCorrelation(), y, twice)).toBeLessThan(0.6);
  });

  it('refuses axes that are none', () => {
    expectThrown(
      () => new PearsonCorrelation({ axis: 0.5 }),
      ArgumentError,
      'PearsonCorrelation: got axis 0.5; expected a whole number, or several',
    );
    expectThrown(
      () => measured(new CosineSimilarity({ axis: 2 }), [[1]], [[1]]),
      IndexError,
      'cosineSimilarity: got axis 2; expected an integer from -2 to 1',
    );
  });
});

describe('nn.metrics.MeanPairwiseDistance', () => {
  it('measures by any norm', () => {
    const [y, p] = [
      [
        [0, 0],
        [1, 1],
      ],
      [
        [3, 4],
        [1, 1],
      ],
    ];
    expect(measured(new MeanPairwiseDistance(), y, p)).toBe(2.5);
    expect(measured(new MeanPairwiseDistance({ p: 1 }), y, p)).toBe(3.5);
    expect(measured(new MeanPairwiseDistance({ p: Number.POSITIVE_INFINITY }), y, p)).toBe(2);
    expect(measured(new MeanPairwiseDistance(), [1, 2], [2, 4])).toBe(1.5);
  });

  it('refuses a norm that is none', () => {
    expectThrown(
      () => new MeanPairwiseDistance({ p: 0 }),
      ArgumentError,
      'MeanPairwiseDistance: got p 0; expected a finite number above 0',
    );
  });
});

describe('other metrics of numbers', () => {
  it('take vectors beside columns', () => {
    const error = new RootMeanSquaredError();
    error.update(tensor([1, 2]), tensor([[2], [4]]));
    expect(error.result()).toBeCloseTo(Math.sqrt(2.5), 12);
  });

  it('is exactly 0 for a correlation with one class, whatever the weights', () => {
    const metric = new MatthewsCorrelation();
    metric.update(tensor([0, 1, 0, 1]), tensor([1, 1, 1, 1]), tensor([0.1, 0.2, 0.3, 0.7]));
    expect(metric.result()).toBe(0);
  });
});
