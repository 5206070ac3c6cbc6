/** Merging, states, weights, names, and metrics in `fit`. */

import { type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, ShapeError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import { Dense } from '../layers/dense.js';
import { setMask } from '../masks.js';
import { Sequential } from '../model/sequential.js';
import * as metrics from './index.js';
import { type Metric, type MetricName, metricNames, resolveMetric } from './index.js';

describe('merge and loadState of a metric', () => {
  const { Precision, Recall, F1Score, MeanMetricWrapper } = metrics;

  it('refuse another class', () => {
    expectThrown(
      () => new Precision().merge(new Recall() as never),
      ArgumentError,
      "Precision.merge: got one of 'Recall'; expected one of 'Precision'",
    );
    expectThrown(
      () => new Precision().loadState(new Recall().state()),
      ArgumentError,
      "Precision.loadState: got one of 'Recall'; expected one of 'Precision'",
    );
    expectThrown(
      () => new Precision().merge(null as never),
      ArgumentError,
      'Precision.merge: got null; expected another Precision',
    );
    expectThrown(
      () => new Precision().loadState(null as never),
      ArgumentError,
      "Precision.loadState: got one of undefined; expected one of 'Precision'",
    );
  });

  it('refuse other options', () => {
    expectThrown(
      () => new Precision({ thresholds: 0.3 }).merge(new Precision()),
      ArgumentError,
      'Precision.merge: got one with options {"thresholds":null,"topK":null,"classId":null}; expected {"thresholds":0.3,"topK":null,"classId":null}',
    );
    const worst = new MeanMetricWrapper({ fn: (a) => a });
    expectThrown(
      () => worst.merge(new MeanMetricWrapper({ fn: (_, b) => b })),
      ArgumentError,
      'MeanMetricWrapper.merge: got one with another function; expected the same fn',
    );
  });

  it('refuse another number of classes, and change nothing', () => {
    const [two, three] = [new F1Score(), new F1Score()];
    two.update(tensor([[0, 1]]), tensor([[0.2, 0.8]]));
    three.update(tensor([[0, 1, 0]]), tensor([[0.2, 0.8, 0]]));
    expectThrown(
      () => two.merge(three),
      ArgumentError,
      'F1Score.merge: got 9 totals; expected 6. Both have to be of the same number of outputs or classes.',
    );
    expectThrown(
      () => two.update(tensor([[0, 1, 0]]), tensor([[0.2, 0.8, 0]])),
      ArgumentError,
      'f1Score: got 3 outputs along the last axis; expected 2. Their number has to stay the same until reset().',
    );
    const state = { ...three.state(), totals: [1, null] as never };
    expectThrown(
      () => two.loadState(state),
      ArgumentError,
      'F1Score.loadState: got totals an array; expected an array of numbers',
    );
    expect(two.result()).toEqual([0, 1]);
  });

  it('take one that has seen nothing', () => {
    const [empty, full] = [new F1Score(), new F1Score()];
    full.update(tensor([[0, 1]]), tensor([[0.2, 0.8]]));
    full.merge(empty);
    empty.merge(full);
    expect(empty.result()).toEqual(full.result());
    full.loadState(new F1Score().state());
    expect(full.result()).toEqual([]);
  });
});

describe('a metric of one’s own', () => {
  class Largest extends metrics.StreamingMetric implements Metric<number> {
    constructor() {
      super({ operation: 'Largest', size: 1 }, {});
    }

    update(_: Tensor, yPred: Tensor): void {
      this.totals[0] = Math.max(this.totals[0]!, yPred.max().item());
    }

    protected override combine([largest]: readonly number[]): void {
      this.totals[0] = Math.max(this.totals[0]!, largest!);
    }

    override result(): number {
      return this.totals[0]!;
    }
  }

  it('has a name, merges and goes on from a state', () => {
    const [a, b, c] = [new Largest(), new Largest(), new Largest()];
    a.update(tensor([0]), tensor([3]));
    b.update(tensor([0]), tensor([5]));
    a.merge(b);
    c.loadState(a.state());
    expect([a.name, a.result(), c.result()]).toEqual(['largest', 5, 5]);
    expect(resolveMetric('compile', a)).toBe(a);
  });
});

describe('a batch that is refused', () => {
  it('leaves a metric as it was', () => {
    const [auc, matrix, perplexity] = [
      new metrics.AUC({ numThresholds: 3 }),
      new metrics.ConfusionMatrix({ numClasses: 2 }),
      new metrics.Perplexity(),
    ];
    expect(() => auc.update(tensor([0, 1]), tensor([0.5, 3]))).toThrow('got a prediction of 3');
    expect(() => matrix.update(tensor([0, 1]), tensor([0, 2]))).toThrow('got class 2');
    expect(() =>
      perplexity.update(
        tensor([0, 2]),
        tensor([
          [0.5, 0.5],
          [0.5, 0.5],
        ]),
      ),
    ).toThrow('got class label 2');
    for (const metric of [auc, matrix, perplexity])
      expect(metric.state().totals.every((total) => total === 0)).toBe(true);
  });
});

describe('sampleWeight of a metric', () => {
  const yTrue = tensor([
    [1, 0, 1],
    [0, 0, 0],
  ]);
  const yPred = tensor([
    [
      [0, 1],
      [0, 1],
      [0, 1],
    ],
    [
      [1, 0],
      [0, 1],
      [0, 1],
    ],
  ]);
  const accuracy = (weight?: Tensor): number => {
    const metric = new metrics.SparseCategoricalAccuracy();
    metric.update(yTrue, yPred, weight);
    return metric.result();
  };

  it('weighs samples, or each of their steps', () => {
    expect(accuracy()).toBeCloseTo((2 / 3 + 1 / 3) / 2, 12);
    expect(accuracy(tensor([2, 1]))).toBeCloseTo((2 * (2 / 3) + 1 / 3) / 3, 12);
    expect(accuracy(tensor([[2], [1]]))).toBeCloseTo((2 * (2 / 3) + 1 / 3) / 3, 12);
    expect(
      accuracy(
        tensor([
          [1, 0, 0],
          [1, 1, 0],
        ]),
      ),
    ).toBeCloseTo(2 / 3, 12);
    expect(
      accuracy(
        tensor([
          [[1], [0], [0]],
          [[1], [1], [0]],
        ]),
      ),
    ).toBeCloseTo(2 / 3, 12);
  });

  it('leaves out, with 0, even what is no number', () => {
    const metric = new metrics.MeanSquaredError();
    metric.update(tensor([[1], [2]]), tensor([[Number.NaN], [5]]), tensor([0, 1]));
    expect(metric.result()).toBe(9);
  });

  it('makes nothing of samples that all weigh 0', () => {
    expect(accuracy(tensor([0, 0]))).toBeNaN();
  });

  it('is joined by the mask that travels with the predictions', () => {
    const mask = tensor([
      [1, 0, 0],
      [1, 1, 0],
    ]).cast('bool');
    const masked = setMask(yPred.mul(1), mask);
    const metric = new metrics.SparseCategoricalAccuracy();
    metric.update(yTrue, masked);
    expect(metric.result()).toBeCloseTo(2 / 3, 12);
    metric.reset();
    metric.update(yTrue, masked, tensor([0, 1]));
    expect(metric.result()).toBeCloseTo(1 / 2, 12);
  });

  it('does without a mask of more axes than there are values', () => {
    const mask = tensor([
      [1, 0],
      [1, 1],
    ]).cast('bool');
    const metric = new metrics.MeanSquaredError();
    metric.update(
      tensor([
        [0, 0],
        [0, 0],
      ]),
      setMask(
        tensor([
          [1, 3],
          [1, 1],
        ]),
        mask,
      ),
    );
    expect(metric.result()).toBe(3);
  });
});

describe('Mean and Sum', () => {
  const { Mean, Sum, MeanMetricWrapper } = metrics;

  it('take values, as on keras.io', () => {
    const [mean, sum] = [new Mean(), new Sum()];
    for (const metric of [mean, sum]) metric.update(tensor([1, 3, 5, 7]));
    expect([mean.result(), sum.result()]).toEqual([4, 16]);
    for (const metric of [mean, sum]) {
      metric.reset();
      metric.update(tensor([1, 3, 5, 7]), tensor([1, 1, 0, 0]));
    }
    expect([mean.result(), sum.result()]).toEqual([2, 4]);
  });

  it('take numbers too, and axes beside that of samples', () => {
    const [mean, sum] = [new Mean({ name: 'm' }), new Sum({ name: 's' })];
    for (const metric of [mean, sum]) {
      metric.update(3);
      metric.update(4, tensor(2));
    }
    expect([mean.result(), sum.result()]).toEqual([11 / 3, 11]);
    for (const metric of [mean, sum]) {
      metric.reset();
      metric.update(
        tensor([
          [1, 3],
          [5, 7],
        ]),
        tensor([1, 3]),
      );
    }
    expect([mean.result(), sum.result()]).toEqual([(2 + 3 * 6) / 4, 40]);
  });

  it('are NaN and 0 before anything came', () => {
    expect(new Mean().result()).toBeNaN();
    expect(new Sum().result()).toBe(0);
  });

  it('merge, and refuse weights that do not fit', () => {
    const [a, b] = [new Mean(), new Mean()];
    a.update(tensor([1, 2]));
    b.update(tensor([6]));
    a.merge(b);
    expect(a.result()).toBe(3);
    expectThrown(
      () => a.update(tensor([1, 2]), tensor([1])),
      ShapeError,
      'mean: got sampleWeight [1] and values [2]; expected one weight for each sample',
    );
    expectThrown(
      () => a.update([1] as never),
      DTypeError,
      'mean: got values an array; expected a tensor. Wrap numbers and arrays with tensor(…).',
    );
  });

  it('MeanMetricWrapper refuses what is no function, or gives no tensor', () => {
    expectThrown(
      () => new MeanMetricWrapper({ fn: 'mse' as never }),
      ArgumentError,
      "MeanMetricWrapper: got fn 'mse'; expected a function (yTrue, yPred) => values of samples",
    );
    expectThrown(
      () => new MeanMetricWrapper({ fn: () => 1 as never, name: 'one' }).update(tensor([1]), tensor([1])),
      ArgumentError,
      'one: fn gave 1; expected a tensor of values of samples',
    );
  });
});

describe('a metric by name', () => {
  it.each(metricNames)('%s is there, goes by it, and is made anew each time', (name) => {
    const metric = resolveMetric('compile', name);
    expect(metric.name).toBe(name);
    expect(resolveMetric('compile', name)).not.toBe(metric);
  });

  it('may be an object with update, result and reset', () => {
    const own: Metric = { name: 'own', update: () => {}, result: () => 1, reset: () => {} };
    expect(resolveMetric('compile', own)).toBe(own);
  });

  it.each([
    ["'silhouette'", 'silhouette'],
    ["'valueOf'", 'valueOf'],
    ['undefined', undefined],
    ['an object', { name: 'own' }],
  ])('is refused when it is %s', (came, given) => {
    expectThrown(
      () => resolveMetric('compile', given as never),
      ArgumentError,
      `compile: got metric ${came}; expected one of ${metricNames.join(', ')}, a function (yTrue, yPred) => tensor, or an object with update(), result() and reset()`,
    );
  });

  it.each([
    ['mean', new metrics.Mean()],
    ['sum', new metrics.Sum()],
    ['bleu', new metrics.BLEU()],
  ])('is refused when it takes no targets and predictions: %s', (name, given) => {
    expectThrown(
      () => resolveMetric('compile', given as never),
      ArgumentError,
      `compile: got metric ${name}, which does not take targets and predictions. For the mean of a function of them use new MeanMetricWrapper({ fn }).`,
    );
  });

  it.each([[''], [3]])('may not be called %p', (name) => {
    expectThrown(
      () => new metrics.AUC({ name: name as never }),
      ArgumentError,
      `AUC: got name ${typeof name === 'string' ? "''" : name}; expected text`,
    );
  });
});

describe('metrics in fit', () => {
  it('log a number by its name, and lists and matrices number by number', async () => {
    const x = tensor([[0], [1], [2], [3]]);
    const y = tensor([0, 0, 1, 1]);
    const model = new Sequential([new Dense({ units: 2, activation: 'softmax' })]);
    model.compile({
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['acc', new metrics.ConfusionMatrix({ numClasses: 2, sparseYPred: false, name: 'matrix' })],
    });
    const { history } = await model.fit(x, y, { verbose: 0, validationData: [x, y] });
    const names = ['acc', 'matrix[0][0]', 'matrix[0][1]', 'matrix[1][0]', 'matrix[1][1]'];
    const validated = names.map((name) => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    expect(Object.keys(history)).toEqual(['loss', ...names, 'valLoss', ...validated]);
    const counts = names.slice(1).map((name) => history[name]![0]!);
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(history.acc![0]).toBe((counts[0]! + counts[3]!) / 4);
  });
});

/** Types: what a metric gives follows from its options. */
describe('the type of a result', () => {
  it('is a number, or a list where a list was asked for', () => {
    const one: number = new metrics.Precision().result();
    const two: number[] = new metrics.Precision({ thresholds: [0.2, 0.4] }).result();
    const three: number[] = new metrics.F1Score().result();
    const four: number = new metrics.F1Score({ average: 'macro' }).result();
    const five: number = new metrics.R2Score().result();
    const six: number[] = new metrics.R2Score({ classAggregation: null }).result();
    const name: MetricName = 'f1Score';
    expect([one, two, three, four, five, six, name]).toEqual([0, [0, 0], [], 0, Number.NaN, [], 'f1Score']);
  });
});
