import { type NestedArray, tensor } from '@cotangent/autograd';
import { ArgumentError, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import {
  BinaryIoU,
  ConfusionMatrix,
  IoU,
  MatthewsCorrelation,
  MeanIoU,
  type Metric,
  type MetricValue,
  OneHotIoU,
  OneHotMeanIoU,
  Perplexity,
  SparseTopKCategoricalAccuracy,
  TopKCategoricalAccuracy,
} from './index.js';

function measured<Value extends MetricValue>(metric: Metric<Value>, yTrue: NestedArray, yPred: NestedArray): Value {
  metric.update(tensor(yTrue), tensor(yPred));
  return metric.result();
}

describe('nn.metrics.ConfusionMatrix', () => {
  it('has a row for each class of targets, and a column for each of predictions', () => {
    expect(measured(new ConfusionMatrix({ numClasses: 3 }), [0, 2, 2, 1], [0, 1, 2, 1])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 1, 1],
    ]);
  });

  it('takes scores of classes for either, along any axis', () => {
    const options = { numClasses: 2, sparseYTrue: false, sparseYPred: false };
    const [rows, columns]: NestedArray[] = [
      [
        [1, 0],
        [0, 1],
      ],
      [
        [0.2, 0.3],
        [0.1, 0.9],
      ],
    ];
    expect(measured(new ConfusionMatrix(options), rows!, columns!)).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(measured(new ConfusionMatrix({ ...options, axis: 0 }), rows!, columns!)).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('leaves out targets of the class to ignore, even outside the classes', () => {
    const metric = new ConfusionMatrix({ numClasses: 2, ignoreClass: 255 });
    expect(measured(metric, [0, 255, 1], [0, 7, 0])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('refuses classes that are none, and says what takes scores', () => {
    const metric = new ConfusionMatrix({ numClasses: 2 });
    expectThrown(
      () => measured(metric, [0, 1], [0, 0.7]),
      IndexError,
      'confusionMatrix: got class 0.699999988079071 in yPred at position 1; expected whole numbers from 0 to 1. For one score a class pass { sparseYPred: false }.',
    );
    expectThrown(
      () => measured(metric, [0, 2], [0, 1]),
      IndexError,
      'confusionMatrix: got class 2 in yTrue at position 1; expected whole numbers from 0 to 1. For one score a class pass { sparseYTrue: false }.',
    );
    expectThrown(
      () => measured(new ConfusionMatrix({ numClasses: 3, sparseYPred: false }), [0], [[0, 1]]),
      ShapeError,
      'confusionMatrix: got yPred [1, 2]; expected 3 classes along axis -1',
    );
    expectThrown(
      () => measured(metric, [0, 1], [[0, 1]]),
      ShapeError,
      'confusionMatrix: got yTrue [2] and yPred [1, 2]; expected one prediction for each target',
    );
  });

  it.each([
    [{}, 'got numClasses undefined; expected a whole number above 0'],
    [{ numClasses: 2, ignoreClass: 0.5 }, 'got ignoreClass 0.5; expected a whole number'],
    [{ numClasses: 2, sparseYPred: 'no' }, "got sparseYPred 'no'; expected true or false"],
    [
      { classes: 2 },
      "got unknown option 'classes'; expected one of numClasses, ignoreClass, sparseYTrue, sparseYPred, axis, name",
    ],
  ])('refuses %j', (options, problem) => {
    expectThrown(() => new ConfusionMatrix(options as never), ArgumentError, `ConfusionMatrix: ${problem}`);
  });
});

describe('an intersection over union', () => {
  it('leaves classes that are nowhere out of the mean', () => {
    expect(measured(new MeanIoU({ numClasses: 5 }), [0, 0, 3], [0, 0, 3])).toBe(1);
    expect(measured(new IoU({ numClasses: 5, targetClassIds: [0, 1] }), [0, 0, 3], [0, 3, 3])).toBe(0.5);
    expect(measured(new IoU({ numClasses: 5, targetClassIds: [1] }), [0, 0, 3], [0, 3, 3])).toBe(0);
  });

  it('of two classes counts predictions of exactly the threshold as 1', () => {
    expect(measured(new BinaryIoU({ targetClassIds: [1], threshold: 0.3 }), [1, 1], [0.3, 0.2])).toBe(0.5);
  });

  it.each([
    [
      () => new IoU({ numClasses: 2, targetClassIds: [2] }),
      'IoU: got targetClassIds[0] 2; expected a whole number of at least 0 and below 2',
    ],
    [() => new IoU({ numClasses: 2 } as never), 'IoU: got targetClassIds undefined; expected an array of classes'],
    [
      () => new IoU({ numClasses: 2, targetClassIds: [] }),
      'IoU: got targetClassIds an array; expected an array of classes',
    ],
    [() => new MeanIoU({} as never), 'MeanIoU: got numClasses undefined; expected a whole number above 0'],
    [
      () => new OneHotIoU({ numClasses: 2, targetClassIds: [0], sparseYTrue: true } as never),
      "OneHotIoU: got unknown option 'sparseYTrue'; expected one of numClasses, ignoreClass, sparseYPred, axis, name, targetClassIds",
    ],
    [() => new OneHotMeanIoU({ numClasses: 0 }), 'OneHotMeanIoU: got numClasses 0; expected a whole number above 0'],
    [() => new BinaryIoU({ threshold: Number.NaN }), 'BinaryIoU: got threshold NaN; expected a finite number'],
  ])('refuses bad options: %#', (make, problem) => {
    expectThrown(make, ArgumentError, problem);
  });
});

describe('nn.metrics.MatthewsCorrelation', () => {
  const labels = fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 1 })), { minLength: 1, maxLength: 20 });

  it('is the correlation of zeros and ones, and 0 where one side does not change', () => {
    fc.assert(
      fc.property(labels, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, x]) => x)];
        const mean = (xs: number[]): number => xs.reduce((sum, x) => sum + x, 0) / xs.length;
        const covariance = (xs: number[], ys: number[]): number =>
          mean(xs.map((x, i) => (x - mean(xs)) * (ys[i]! - mean(ys))));
        const spread = Math.sqrt(covariance(a, a) * covariance(b, b));
        const expected = spread < 1e-12 ? 0 : covariance(a, b) / spread;
        expect(measured(new MatthewsCorrelation(), a, b)).toBeCloseTo(expected, 12);
        const scores = b.map((x) => [1 - x, x]);
        expect(measured(new MatthewsCorrelation({ numClasses: 2 }), a, scores)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('is 0 before anything came', () => {
    expect(new MatthewsCorrelation().result()).toBe(0);
  });

  it('refuses bad options', () => {
    expectThrown(
      () => new MatthewsCorrelation({ threshold: -1 }),
      ArgumentError,
      'MatthewsCorrelation: got threshold -1; expected a finite number of at least 0 and of at most 1',
    );
    expectThrown(
      () => new MatthewsCorrelation({ numClasses: 1.5 }),
      ArgumentError,
      'MatthewsCorrelation: got numClasses 1.5; expected a whole number above 0',
    );
  });
});

describe('accuracy among the top k', () => {
  it('counts ties as hits', () => {
    const ties = [[0.3, 0.3, 0.3, 0.1]];
    expect(measured(new SparseTopKCategoricalAccuracy({ k: 1 }), [2], ties)).toBe(1);
    expect(measured(new SparseTopKCategoricalAccuracy({ k: 3 }), [3], ties)).toBe(0);
    expect(measured(new TopKCategoricalAccuracy({ k: 1 }), [[0, 0, 1, 0]], ties)).toBe(1);
  });

  it('looks at 5 by default, and takes fewer classes than that', () => {
    expect(measured(new SparseTopKCategoricalAccuracy(), [1], [[0.9, 0.1]])).toBe(1);
    const six = [[6, 5, 4, 3, 2, 1]];
    expect(measured(new SparseTopKCategoricalAccuracy(), [4], six)).toBe(1);
    expect(measured(new SparseTopKCategoricalAccuracy(), [5], six)).toBe(0);
  });

  it('never counts a label that is no class, or a score that is no number', () => {
    for (const label of [-1, 2, 0.5, Number.NaN]) {
      expect(measured(new SparseTopKCategoricalAccuracy(), [label], [[0.9, 0.1]])).toBe(0);
    }
    expect(measured(new SparseTopKCategoricalAccuracy(), [1], [[0.9, Number.NaN]])).toBe(0);
  });

  it.each([[0], [1.5], ['2']])('refuses k = %p', (k) => {
    expectThrown(
      () => new TopKCategoricalAccuracy({ k: k as never }),
      ArgumentError,
      `TopKCategoricalAccuracy: got k ${typeof k === 'string' ? `'${k}'` : k}; expected a whole number above 0`,
    );
  });
});

describe('nn.metrics.Perplexity', () => {
  it('is the number of classes for a model without an idea, 1 for a sure one', () => {
    const uniform = Array.from({ length: 3 }, () => [0.25, 0.25, 0.25, 0.25]);
    expect(measured(new Perplexity(), [0, 1, 3], uniform)).toBeCloseTo(4, 12);
    expect(measured(new Perplexity(), [1], [[0, 1]])).toBe(1);
  });

  it('stays exact for logits of ±10,000', () => {
    expect(measured(new Perplexity({ fromLogits: true }), [0], [[1e4, -1e4]])).toBe(1);
  });

  it('counts impossible words as 1e-10', () => {
    expect(measured(new Perplexity(), [0], [[0, 1]])).toBeCloseTo(1e10, -3);
  });

  it('is NaN before anything came, or when all of it is ignored', () => {
    expect(new Perplexity().result()).toBeNaN();
    expect(measured(new Perplexity({ ignoreLabel: -100 }), [-100], [[0, 1]])).toBeNaN();
  });

  it('refuses labels that are no classes', () => {
    expectThrown(
      () =>
        measured(
          new Perplexity(),
          [0, 2],
          [
            [0.5, 0.5],
            [0.5, 0.5],
          ],
        ),
      IndexError,
      'perplexity: got class label 2 at position 1; expected integers from 0 to 1. Labels of padding are left out with { ignoreLabel }.',
    );
    expectThrown(
      () => new Perplexity({ ignoreLabel: 0.5 }),
      ArgumentError,
      'Perplexity: got ignoreLabel 0.5; expected a whole number',
    );
    expectThrown(
      () => new Perplexity({ fromLogits: 1 as never }),
      ArgumentError,
      'Perplexity: got fromLogits 1; expected true or false',
    );
  });
});
