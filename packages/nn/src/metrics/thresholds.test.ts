import { type NestedArray, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, IndexError, ShapeError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import {
  AUC,
  F1Score,
  FBetaScore,
  type Metric,
  type MetricValue,
  Precision,
  PrecisionAtRecall,
  Recall,
  RecallAtPrecision,
  SensitivityAtSpecificity,
  SpecificityAtSensitivity,
  TruePositives,
} from './index.js';

function measured<Value extends MetricValue>(metric: Metric<Value>, yTrue: NestedArray, yPred: NestedArray): Value {
  metric.update(tensor(yTrue), tensor(yPred));
  return metric.result();
}

describe('a metric of thresholds', () => {
  it('counts as positive what is strictly above one, in the precision of the predictions', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const metric = new TruePositives({ thresholds: [0.1, 0.3, 0.7] });
      metric.update(tensor([1, 1, 1]), tensor([0.1, 0.3, 0.7], { dtype }));
      expect(metric.result()).toEqual([2, 1, 0]);
    }
  });

  it('gives a number for one threshold, and a list for a list, in its order', () => {
    expect(measured(new TruePositives(), [1, 1], [0.4, 0.6])).toBe(1);
    expect(measured(new TruePositives({ thresholds: 0.3 }), [1, 1], [0.4, 0.6])).toBe(2);
    expect(measured(new TruePositives({ thresholds: [0.3] }), [1, 1], [0.4, 0.6])).toEqual([2]);
    expect(measured(new TruePositives({ thresholds: [0.9, 0, 0.5] }), [1, 1], [0.4, 0.6])).toEqual([0, 2, 1]);
  });

  it('takes logits with a threshold of 0', () => {
    expect(measured(new Precision({ thresholds: 0 }), [1, 0, 1], [3, 0.1, -2])).toBe(0.5);
  });

  it('never counts NaN as positive', () => {
    expect(measured(new TruePositives({ thresholds: 0 }), [1, 1], [Number.NaN, 1])).toBe(1);
    expect(measured(new Recall({ topK: 1 }), [[1, 0]], [[Number.NaN, 1]])).toBe(0);
  });

  it('takes targets in any dtype, with or without the axis of one output', () => {
    for (const dtype of ['bool', 'uint8', 'int32', 'float64'] as const) {
      const metric = new Precision();
      metric.update(tensor([[1], [0]], { dtype }), tensor([0.9, 0.8]));
      expect(metric.result()).toBe(0.5);
    }
  });

  it('is 0 where it would be 0 / 0, as in Keras', () => {
    expect([new Precision().result(), new Recall().result(), new AUC().result()]).toEqual([0, 0, 0]);
    expect(measured(new Precision(), [1], [0.2])).toBe(0);
    expect(measured(new Recall(), [0], [0.8])).toBe(0);
  });

  it.each([
    [{ thresholds: 1.5 }, 'got thresholds 1.5; expected a finite number of at least 0 and of at most 1'],
    [{ thresholds: '0.5' }, "got thresholds '0.5'; expected a finite number of at least 0 and of at most 1"],
    [{ thresholds: [0.5, -1] }, 'got thresholds[1] -1; expected a finite number of at least 0 and of at most 1'],
    [{ thresholds: [] }, 'got no thresholds; expected a number or several'],
    [{ topK: 0 }, 'got topK 0; expected a whole number above 0'],
    [{ classId: -1 }, 'got classId -1; expected a whole number of at least 0'],
    [
      { threshold: 0.5 },
      "got unknown option 'threshold'; expected one of thresholds, topK, classId, name. Did you mean 'thresholds'?",
    ],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new Precision(options as never), ArgumentError, `Precision: ${problem}`);
    expectThrown(() => new Recall(options as never), ArgumentError, `Recall: ${problem}`);
  });

  it('refuses options that only precision and recall have', () => {
    expectThrown(
      () => new TruePositives({ topK: 1 } as never),
      ArgumentError,
      "TruePositives: got unknown option 'topK'; expected one of thresholds, name",
    );
  });

  it('refuses classes and numbers of predictions that are not there', () => {
    expectThrown(
      () => measured(new Precision({ classId: 2 }), [[1, 0]], [[1, 0]]),
      IndexError,
      'precision: got classId 2; the predictions have 2 classes, counted from 0',
    );
    expectThrown(
      () => measured(new Precision({ classId: 0 }), [1, 0], [1, 0]),
      ShapeError,
      'precision: got yPred [2]; expected yPred [samples, classes]',
    );
    expectThrown(
      () => measured(new Recall({ topK: 3 }), [[1, 0]], [[1, 0]]),
      ShapeError,
      'recall: got yPred [1, 2]; expected at least topK = 3 predictions along the last axis',
    );
    expectThrown(
      () => measured(new Recall({ name: 'found' }), [1, 0], [[1, 0]]),
      ShapeError,
      'found: got yTrue [2] and yPred [1, 2]; expected equal shapes',
    );
  });
});

describe('a metric of one rate at another', () => {
  it('is 0 where no threshold is good enough, and before anything came', () => {
    expect(new SensitivityAtSpecificity({ specificity: 0.5 }).result()).toBe(0);
    expect(measured(new RecallAtPrecision({ precision: 0.9 }), [0, 1], [0.8, 0.3])).toBe(0);
  });

  it('refuses bounds outside 0 to 1, and none', () => {
    expectThrown(
      () => new SensitivityAtSpecificity({ specificity: 2 }),
      ArgumentError,
      'SensitivityAtSpecificity: got specificity 2; expected a finite number of at least 0 and of at most 1',
    );
    expectThrown(
      () => new SpecificityAtSensitivity({} as never),
      ArgumentError,
      'SpecificityAtSensitivity: got sensitivity undefined; expected a finite number of at least 0 and of at most 1',
    );
    expectThrown(
      () => new PrecisionAtRecall(0.5 as never),
      ArgumentError,
      'PrecisionAtRecall: got 0.5; expected an options object. For example { recall: … }.',
    );
    expectThrown(
      () => new RecallAtPrecision({ precision: 0.5, numThresholds: 0 }),
      ArgumentError,
      'RecallAtPrecision: got numThresholds 0; expected a whole number above 0',
    );
  });
});

describe('nn.metrics.AUC', () => {
  it('is 1 for predictions that separate, 0 for those that do it the wrong way round, 1/2 for constant ones', () => {
    expect(measured(new AUC(), [0, 0, 1, 1], [0, 0.2, 0.6, 1])).toBe(1);
    expect(measured(new AUC(), [1, 1, 0, 0], [0, 0.2, 0.6, 1])).toBe(0);
    expect(measured(new AUC(), [1, 0, 1, 0], [0.3, 0.3, 0.3, 0.3])).toBe(0.5);
  });

  it('counts predictions of exactly 0 and 1, and a little beyond by rounding', () => {
    expect(measured(new AUC(), [0, 1], [0, 1])).toBe(1);
    expect(measured(new AUC(), [0, 1], [-1e-7, 1 + 1e-7])).toBe(1);
  });

  it('comes near the exact area, the share of pairs in order, with enough thresholds', () => {
    const yTrue = Array.from({ length: 60 }, (_, i) => ((i * 7) % 5 < 2 ? 1 : 0));
    const yPred = yTrue.map((y, i) => Math.round((((i * 37) % 60) / 60 + y * 0.3) * 50) / 65);
    let pairs = 0;
    let ordered = 0;
    for (const [i, a] of yPred.entries()) {
      for (const [j, b] of yPred.entries()) {
        if (yTrue[i] === 1 && yTrue[j] === 0) {
          pairs++;
          ordered += a > b ? 1 : a === b ? 0.5 : 0;
        }
      }
    }
    expect(measured(new AUC({ numThresholds: 5000 }), yTrue, yPred)).toBeCloseTo(ordered / pairs, 6);
  });

  it('refuses predictions that are no probabilities, and says what takes them', () => {
    expectThrown(
      () => measured(new AUC(), [0, 1], [0.5, 3]),
      ArgumentError,
      'auc: got a prediction of 3; expected probabilities, from 0 to 1. For logits pass { fromLogits: true }.',
    );
    expect(measured(new AUC({ fromLogits: true }), [0, 1], [-800, 800])).toBe(1);
  });

  it.each([
    [{ numThresholds: 1 }, 'got numThresholds 1; expected a whole number above 1'],
    [{ curve: 'ROC' }, "got curve 'ROC'; expected one of 'roc', 'pr', 'prGain'. Did you mean 'roc'?"],
    [
      { summationMethod: 'mean' },
      "got summationMethod 'mean'; expected one of 'interpolation', 'minoring', 'majoring'",
    ],
    [{ multiLabel: 1 }, 'got multiLabel 1; expected true or false'],
    [{ fromLogits: 'yes' }, "got fromLogits 'yes'; expected true or false"],
    [{ labelWeights: [1, -1] }, 'got labelWeights[1] -1; expected a finite number of at least 0'],
    [{ labelWeights: 2 }, 'got labelWeights 2; expected an array of numbers'],
    [{ numLabels: 2 }, 'got numLabels without multiLabel. Pass { multiLabel: true } too.'],
    [{ numLabels: 0, multiLabel: true }, 'got numLabels 0; expected a whole number above 0'],
    [{ thresholds: [2] }, 'got thresholds[0] 2; expected a finite number of at least 0 and of at most 1'],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new AUC(options as never), ArgumentError, `AUC: ${problem}`);
  });

  it('refuses another number of labels', () => {
    const [yTrue, yPred]: Tensor[] = [tensor([[0, 1, 1]]), tensor([[0.2, 0.4, 0.6]])];
    expectThrown(
      () => new AUC({ multiLabel: true, numLabels: 2, numThresholds: 3 }).update(yTrue!, yPred!),
      ArgumentError,
      'auc: got 3 outputs along the last axis; expected 2. Their number has to stay the same until reset().',
    );
    expectThrown(
      () => new AUC({ multiLabel: true, labelWeights: [1, 2] }).update(yTrue!, yPred!),
      ShapeError,
      'auc: got labelWeights [2] and yPred [1, 3]; expected a weight for each label',
    );
    expectThrown(
      () => new AUC({ multiLabel: true }).update(tensor([0, 1]), tensor([0, 1])),
      ShapeError,
      'auc: got yPred [2]; expected yPred [samples, classes]',
    );
  });
});

describe('nn.metrics.F1Score', () => {
  it('is exactly 1 for perfect predictions, and 0 for classes that never come', () => {
    const rows = [
      [1, 0, 0],
      [0, 1, 0],
    ];
    expect(measured(new F1Score(), rows, rows)).toEqual([1, 1, 0]);
    expect(measured(new F1Score({ average: 'weighted' }), rows, rows)).toBe(1);
    expect(measured(new F1Score({ average: 'micro' }), rows, rows)).toBe(1);
    expect(measured(new F1Score({ average: 'macro' }), rows, rows)).toBe(2 / 3);
  });

  it('counts all predictions that tie for the largest, but none of a row of zeros', () => {
    expect(measured(new F1Score(), [[1, 0]], [[0.4, 0.4]])).toEqual([1, 0]);
    expect(measured(new F1Score({ average: 'micro' }), [[1, 0]], [[0.4, 0.4]])).toBe(2 / 3);
    expect(measured(new F1Score(), [[1, 0]], [[0, 0]])).toEqual([0, 0]);
  });

  it.each([
    [{ average: 'mean' }, "got average 'mean'; expected one of 'micro', 'macro', 'weighted'"],
    [{ threshold: 2 }, 'got threshold 2; expected a finite number of at least 0 and of at most 1'],
    [{ beta: 1 }, "got unknown option 'beta'; expected one of average, threshold, name"],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new F1Score(options as never), ArgumentError, `F1Score: ${problem}`);
  });

  it('refuses a β of 0 or less, and vectors', () => {
    expectThrown(
      () => new FBetaScore({ beta: 0 }),
      ArgumentError,
      'FBetaScore: got beta 0; expected a finite number above 0',
    );
    expectThrown(
      () => measured(new FBetaScore(), [1, 0], [1, 0]),
      ShapeError,
      'fBetaScore: got yTrue [2] and yPred [2]; expected equal shapes [..., classes]',
    );
  });
});
