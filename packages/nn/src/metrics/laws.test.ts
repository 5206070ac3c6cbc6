/** What holds for every metric: pieces, merging, state, weights, names, refusals. */

import { fromTypedArray, type Tensor, tensor } from '@cotangent/autograd';
import { expectClose } from '@cotangent/autograd/testing';
import { DTypeError, heapStats, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import * as metrics from './index.js';
import { type Metric, type MetricValue, metricLogs, resolveMetric } from './index.js';

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
  ['MeanAbsoluteError', 'numbers', () => new metrics.MeanAbsoluteError()],
  ['MeanAbsolutePercentageError', 'numbers', () => new metrics.MeanAbsolutePercentageError()],
  ['MeanSquaredLogarithmicError', 'numbers', () => new metrics.MeanSquaredLogarithmicError()],
  ['LogCoshError', 'numbers', () => new metrics.LogCoshError()],
  ['Poisson', 'numbers', () => new metrics.Poisson()],
  ['Hinge', 'binary', () => new metrics.Hinge()],
  ['SquaredHinge', 'multiLabel', () => new metrics.SquaredHinge()],
  ['CategoricalHinge', 'oneHot', () => new metrics.CategoricalHinge()],
  ['KLDivergence', 'numbers', () => new metrics.KLDivergence()],
  ['BinaryCrossentropy', 'multiLabel', () => new metrics.BinaryCrossentropy()],
  ['crossentropy', 'labels', () => resolveMetric('test', 'crossentropy') as Any],
  ['RootMeanSquaredError', 'numbers', () => new metrics.RootMeanSquaredError()],
  ['MeanPairwiseDistance', 'numbers', () => new metrics.MeanPairwiseDistance()],
  ['R2Score', 'numbers', () => new metrics.R2Score({ classAggregation: null })],
  ['CosineSimilarity', 'numbers', () => new metrics.CosineSimilarity()],
  ['PearsonCorrelation', 'numbers', () => new metrics.PearsonCorrelation()],
  ['ConcordanceCorrelation', 'numbers', () => new metrics.ConcordanceCorrelation()],
  ['CategoricalCrossentropy', 'oneHot', () => new metrics.CategoricalCrossentropy({ labelSmoothing: 0.1 })],
  ['SparseCategoricalCrossentropy', 'labels', () => new metrics.SparseCategoricalCrossentropy({ fromLogits: true })],
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
    const known = { AUC: 'auc', IoU: 'iou', KLDivergence: 'klDivergence' } as Record<string, string>;
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

  it('leaves no memory behind', () => {
    const rows = Array<Sample>(3).fill({ label: 1, target: [0, 1, 0], prediction: [0.1, 0.2, 0.3], weight: 1 });
    const [yTrue, yPred] = batch(kind, rows);
    const [metric, weight] = [make(), tensor([1, 2, 1])];
    metric.update(yTrue, yPred, weight);
    const before = heapStats().liveBytes;
    for (let i = 0; i < 5; i++) metric.update(yTrue, yPred, weight);
    expect(heapStats().liveBytes).toBeLessThanOrEqual(before);
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
