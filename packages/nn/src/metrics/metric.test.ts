/** What all metrics have in common: pieces, merging, state, weights. */

import { fromTypedArray, type Tensor, tensor } from '@cotangent/autograd';
import { expectClose } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import { Dense } from '../layers/dense.js';
import { setMask } from '../masks.js';
import { Sequential } from '../model/sequential.js';
import * as metrics from './index.js';
import { type Metric, type MetricName, type MetricValue, metricLogs, metricNames, resolveMetric } from './index.js';

/** What metrics of a kind take, for n samples. */
type Kind = 'binary' | 'multiLabel' | 'oneHot' | 'labels' | 'classes' | 'numbers';

type Any = Metric & metrics.StreamingMetric<MetricValue>;

const classes = 3;

/** Every metric of targets and predictions, with options that matter to its totals. */
const every: [name: string, kind: Kind, make: () => Any][] = [
  ['accuracy', 'oneHot', () => resolveMetric('test', 'accuracy') as Any],
  ['Accuracy', 'classes', () => new metrics.Accuracy()],
  ['BinaryAccuracy', 'binary', () => new metrics.BinaryAccuracy({ threshold: 0.3 })],
  ['CategoricalAccuracy', 'oneHot', () => new metrics.CategoricalAccuracy()],
  ['SparseCategoricalAccuracy', 'labels', () => new metrics.SparseCategoricalAccuracy()],
  ['TopKCategoricalAccuracy', 'oneHot', () => new metrics.TopKCategoricalAccuracy({ k: 2 })],
  ['SparseTopKCategoricalAccuracy', 'labels', () => new metrics.SparseTopKCategoricalAccuracy({ k: 2 })],
  ['TruePositives', 'binary', () => new metrics.TruePositives()],
  ['TrueNegatives', 'binary', () => new metrics.TrueNegatives({ thresholds: [0.7, 0.2] })],
  ['FalsePositives', 'multiLabel', () => new metrics.FalsePositives()],
  ['FalseNegatives', 'multiLabel', () => new metrics.FalseNegatives({ thresholds: [0.5] })],
  ['Precision', 'multiLabel', () => new metrics.Precision({ topK: 2, thresholds: [0.3, 0.6] })],
  ['Recall', 'multiLabel', () => new metrics.Recall({ classId: 1 })],
  ['SensitivityAtSpecificity', 'binary', () => new metrics.SensitivityAtSpecificity({ specificity: 0.5 })],
  ['SpecificityAtSensitivity', 'binary', () => new metrics.SpecificityAtSensitivity({ sensitivity: 0.5 })],
  ['PrecisionAtRecall', 'binary', () => new metrics.PrecisionAtRecall({ recall: 0.5 })],
  ['RecallAtPrecision', 'binary', () => new metrics.RecallAtPrecision({ precision: 0.5 })],
  ['AUC', 'binary', () => new metrics.AUC()],
  ['AUC of labels', 'multiLabel', () => new metrics.AUC({ curve: 'pr', multiLabel: true })],
  ['F1Score', 'oneHot', () => new metrics.F1Score()],
  ['FBetaScore', 'multiLabel', () => new metrics.FBetaScore({ beta: 2, threshold: 0.4, average: 'weighted' })],
  ['MatthewsCorrelation', 'binary', () => new metrics.MatthewsCorrelation()],
  ['MatthewsCorrelation of classes', 'labels', () => new metrics.MatthewsCorrelation({ numClasses: classes })],
  ['ConfusionMatrix', 'classes', () => new metrics.ConfusionMatrix({ numClasses: classes })],
  ['IoU', 'classes', () => new metrics.IoU({ numClasses: classes, targetClassIds: [0, 2] })],
  ['BinaryIoU', 'binary', () => new metrics.BinaryIoU()],
  ['MeanIoU', 'labels', () => new metrics.MeanIoU({ numClasses: classes, sparseYPred: false, ignoreClass: 1 })],
  ['OneHotIoU', 'oneHot', () => new metrics.OneHotIoU({ numClasses: classes, targetClassIds: [1] })],
  ['OneHotMeanIoU', 'oneHot', () => new metrics.OneHotMeanIoU({ numClasses: classes })],
  ['MeanSquaredError', 'numbers', () => new metrics.MeanSquaredError()],
  ['RootMeanSquaredError', 'numbers', () => new metrics.RootMeanSquaredError()],
  ['MeanPairwiseDistance', 'numbers', () => new metrics.MeanPairwiseDistance()],
  ['R2Score', 'numbers', () => new metrics.R2Score({ classAggregation: null })],
  ['CosineSimilarity', 'numbers', () => new metrics.CosineSimilarity()],
  ['PearsonCorrelation', 'numbers', () => new metrics.PearsonCorrelation()],
  ['ConcordanceCorrelation', 'numbers', () => new metrics.ConcordanceCorrelation()],
  ['Perplexity', 'labels', () => new metrics.Perplexity({ ignoreLabel: 2 })],
  ['MeanMetricWrapper', 'numbers', () => new metrics.MeanMetricWrapper({ fn: worst })],
];

const worst = (yTrue: Tensor, yPred: Tensor): Tensor => yTrue.sub(yPred).abs().max({ axis: -1 });

interface Sample {
  readonly label: number;
  readonly target: readonly number[];
  readonly prediction: readonly number[];
  /** A whole number, so that it can stand for repetitions. */
  readonly weight: number;
}

const share = fc.integer({ min: 0, max: 20 }).map((n) => n / 20);
const row = fc.array(share, { minLength: classes, maxLength: classes });
const sample: fc.Arbitrary<Sample> = fc.record({
  label: fc.nat({ max: classes - 1 }),
  target: row,
  prediction: row,
  weight: fc.nat({ max: 3 }),
});
const samples = fc.array(sample, { minLength: 1, maxLength: 12 });

const float64Of = (rows: readonly (readonly number[])[]): Tensor =>
  fromTypedArray(Float64Array.from(rows.flat()), [rows.length, classes]);

/** Targets and predictions of a kind. */
function batch(kind: Kind, rows: readonly Sample[]): [yTrue: Tensor, yPred: Tensor] {
  const vector = (f: (s: Sample) => number): Tensor => fromTypedArray(Float64Array.from(rows, f), [rows.length]);
  const predictions = float64Of(rows.map((s) => s.prediction));
  switch (kind) {
    case 'binary':
      return [vector((s) => s.label % 2), vector((s) => s.prediction[0]!)];
    case 'multiLabel':
      return [float64Of(rows.map((s) => s.target.map((t) => (t > 0.5 ? 1 : 0)))), predictions];
    case 'oneHot':
      return [float64Of(rows.map((s) => s.target.map((_, c) => (c === s.label ? 1 : 0)))), predictions];
    case 'labels':
      return [vector((s) => s.label), predictions];
    case 'classes':
      return [vector((s) => s.label), vector((s) => Math.floor(s.prediction[0]! * (classes - 0.5)))];
    case 'numbers':
      return [float64Of(rows.map((s) => s.target)), predictions];
  }
}

function feed(metric: Any, kind: Kind, rows: readonly Sample[], weighted: boolean): void {
  const weight = weighted
    ? [
        fromTypedArray(
          Float64Array.from(rows, (s) => s.weight),
          [rows.length],
        ),
      ]
    : [];
  metric.update(...batch(kind, rows), ...weight);
}

function numbersOf(metric: Any): number[] {
  return Object.values(metricLogs([metric]));
}

function expectSame(metric: Any, expected: Any): void {
  const [numbers, wanted] = [numbersOf(metric), numbersOf(expected)];
  expect(numbers).toHaveLength(wanted.length);
  for (const [i, value] of numbers.entries()) {
    if (Number.isNaN(wanted[i])) expect(value).toBeNaN();
    else expectClose(value, wanted[i]!, 1e-9, `number ${i}`);
  }
}

const runs = { numRuns: 25 };

describe.each(every)('nn.metrics.%s', (name, kind, make) => {
  it('gives the same in one piece, in pieces, and merged from parts, weighted or not', () => {
    fc.assert(
      fc.property(samples, fc.nat(), fc.nat(), fc.boolean(), (rows, a, b, weighted) => {
        const [first, second] = [a % (rows.length + 1), b % (rows.length + 1)].sort((p, q) => p - q) as [
          number,
          number,
        ];
        const pieces = [rows.slice(0, first), rows.slice(first, second), rows.slice(second)];
        const whole = make();
        feed(whole, kind, rows, weighted);
        const streamed = make();
        const merged = make();
        for (const piece of pieces.filter((p) => p.length > 0)) {
          feed(streamed, kind, piece, weighted);
          const part = make();
          feed(part, kind, piece, weighted);
          merged.merge(part);
        }
        expectSame(streamed, whole);
        expectSame(merged, whole);
      }),
      runs,
    );
  });

  it('counts a sample as often as its weight says', () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const repeated = rows.flatMap((s) => Array<Sample>(s.weight).fill(s));
        fc.pre(repeated.length > 0);
        const [weighted, plain] = [make(), make()];
        feed(weighted, kind, rows, true);
        feed(plain, kind, repeated, false);
        expectSame(weighted, plain);
      }),
      runs,
    );
  });

  it('goes on from a state that went through JSON', () => {
    fc.assert(
      fc.property(samples, samples, (before, after) => {
        const [straight, resumed, saved] = [make(), make(), make()];
        feed(saved, kind, before, false);
        feed(resumed, kind, after, false);
        resumed.loadState(JSON.parse(JSON.stringify(saved.state())));
        for (const metric of [saved, resumed]) feed(metric, kind, after, false);
        feed(straight, kind, [...before, ...after], false);
        expect(numbersOf(resumed)).toEqual(numbersOf(saved));
        expectSame(resumed, straight);
      }),
      runs,
    );
  });

  it('starts again after reset()', () => {
    const rows: Sample[] = [
      { label: 1, target: [0.2, 0.6, 0.9], prediction: [0.7, 0.1, 0.2], weight: 1 },
      { label: 2, target: [0.9, 0.1, 0.3], prediction: [0.4, 0.8, 0.3], weight: 2 },
    ];
    const [used, fresh] = [make(), make()];
    feed(used, kind, rows, false);
    used.reset();
    expect(numbersOf(used)).toEqual(numbersOf(fresh));
    for (const metric of [used, fresh]) feed(metric, kind, rows.slice(1), true);
    expect(numbersOf(used)).toEqual(numbersOf(fresh));
  });

  it('goes by its class, with a small first letter, or a name of its own', () => {
    const known = { AUC: 'auc', IoU: 'iou' } as Record<string, string>;
    const own = name.split(' ')[0]!;
    expect(make().name).toBe(known[own] ?? own.charAt(0).toLowerCase() + own.slice(1));
  });

  it('refuses shapes that do not fit, and what is no tensor', () => {
    const metric = make();
    const [yTrue, yPred] = batch(
      kind,
      Array<Sample>(4).fill({ label: 1, target: [0, 1, 0], prediction: [0.1, 0.2, 0.3], weight: 1 }),
    );
    expect(() => metric.update(yTrue.slice([0, 3]), yPred)).toThrow(ShapeError);
    expect(() => metric.update([1] as never, yPred)).toThrow(DTypeError);
    expect(() => metric.update(yTrue, null as never)).toThrow(DTypeError);
    expect(() => metric.update(yTrue, yPred, [1] as never)).toThrow(DTypeError);
    expect(() => metric.update(yTrue, yPred, tensor([1, 1]))).toThrow(
      new RegExp(`^${metric.name}: got sampleWeight \\[2\\] and values \\[4.*\\]; expected one weight for each sample`),
    );
  });

  it('records nothing', () => {
    const rows = [{ label: 1, target: [0, 1, 0], prediction: [0.1, 0.2, 0.3], weight: 1 }];
    const [yTrue, yPred] = batch(kind, rows);
    const leaf = fromTypedArray(yPred.toTypedArray(), yPred.shape);
    leaf.requiresGrad = true;
    const twice = leaf.mul(2);
    make().update(yTrue, kind === 'classes' ? yPred : twice.div(2));
    twice.sum().backward();
    expect([...leaf.grad!.toTypedArray()].every((g) => g === 2)).toBe(true);
  });
});

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
      'F1Score.merge: got 9 totals; expected 6. The number of outputs or classes has to stay the same until reset().',
    );
    expectThrown(
      () => two.update(tensor([[0, 1, 0]]), tensor([[0.2, 0.8, 0]])),
      ArgumentError,
      'f1Score: got 9 totals; expected 6. The number of outputs or classes has to stay the same until reset().',
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
    ["'accurate'", 'accurate'],
    ["'valueOf'", 'valueOf'],
    ['undefined', undefined],
    ['an object', { name: 'own' }],
  ])('is refused when it is %s', (came, given) => {
    expectThrown(
      () => resolveMetric('compile', given as never),
      ArgumentError,
      `compile: got metric ${came}; expected one of ${metricNames.join(', ')}, or an object with update(), result() and reset()`,
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
