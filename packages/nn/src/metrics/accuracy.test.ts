import { type NestedArray, type Tensor, tensor } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectThrown } from '../../fixtures/testing.js';
import { BinaryAccuracy, CategoricalAccuracy, type Metric, resolveMetric, SparseCategoricalAccuracy } from './index.js';
import { largestAt } from './numbers.js';

const int32 = (values: NestedArray): Tensor => tensor(values, { dtype: 'int32' });

/** The metric after one batch. */
function measured(metric: Metric, yTrue: Tensor, yPred: Tensor): number {
  metric.update(yTrue, yPred);
  return metric.result() as number;
}

describe('nn.metrics.SparseCategoricalAccuracy', () => {
  const yPred = tensor([
    [0.1, 0.7, 0.2],
    [0.5, 0.3, 0.2],
    [0.2, 0.2, 0.6],
    [0.4, 0.35, 0.25],
  ]);

  it('is the share of samples whose largest prediction is at the label', () => {
    expect(measured(new SparseCategoricalAccuracy(), int32([1, 0, 1, 2]), yPred)).toBe(0.5);
  });

  it('takes labels in any dtype, also with an axis of extent 1 behind', () => {
    for (const dtype of ['uint8', 'float32', 'float64'] as const)
      expect(measured(new SparseCategoricalAccuracy(), tensor([1, 0, 2, 0], { dtype }), yPred)).toBe(1);
    expect(measured(new SparseCategoricalAccuracy(), int32([[1], [0], [2], [1]]), yPred)).toBe(0.75);
  });

  it('takes the first of equal predictions', () => {
    expect(
      measured(
        new SparseCategoricalAccuracy(),
        int32([0, 1]),
        tensor([
          [0.5, 0.5],
          [0.5, 0.5],
        ]),
      ),
    ).toBe(0.5);
  });

  it('counts every step of a sequence', () => {
    const steps = tensor([
      [
        [0, 1],
        [1, 0],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    ]);
    expect(
      measured(
        new SparseCategoricalAccuracy(),
        int32([
          [1, 1],
          [1, 1],
        ]),
        steps,
      ),
    ).toBe(0.75);
  });

  it('refuses shapes that do not fit', () => {
    expectThrown(
      () => new SparseCategoricalAccuracy().update(int32([1, 0]), yPred),
      ShapeError,
      'sparseCategoricalAccuracy: got yTrue [2] and yPred [4, 3]; expected yTrue [...] and yPred [..., classes]',
    );
  });
});

describe('nn.metrics.CategoricalAccuracy', () => {
  it('is the share of samples whose largest prediction is where the largest target is', () => {
    const yTrue = tensor([
      [0, 0, 1],
      [0.2, 0.7, 0.1],
      [1, 0, 0],
    ]);
    const yPred = tensor([
      [1, 2, 3],
      [3, 2, 1],
      [0.9, 0.05, 0.05],
    ]);
    expect(measured(new CategoricalAccuracy(), yTrue, yPred)).toBe(2 / 3);
  });

  it('refuses shapes that do not fit', () => {
    expectThrown(
      () => new CategoricalAccuracy().update(int32([1]), tensor([[1, 2]])),
      ShapeError,
      'categoricalAccuracy: got yTrue [1] and yPred [1, 2]; expected equal shapes [..., classes]',
    );
  });
});

describe('nn.metrics.BinaryAccuracy', () => {
  it('counts predictions strictly above 0.5 as 1', () => {
    const yPred = tensor([0.1, 0.5, 0.51, 0.9]);
    expect(measured(new BinaryAccuracy(), tensor([0, 0, 1, 0]), yPred)).toBe(0.75);
  });

  it('takes another threshold', () => {
    expect(measured(new BinaryAccuracy({ threshold: 0.9 }), tensor([0, 1]), tensor([0.9, 0.91]))).toBe(1);
  });

  it('counts every output of a sample', () => {
    expect(
      measured(
        new BinaryAccuracy(),
        tensor([
          [1, 0],
          [1, 1],
        ]),
        tensor([
          [0.9, 0.9],
          [0.9, 0.9],
        ]),
      ),
    ).toBe(0.75);
  });

  it('takes targets in any dtype', () => {
    for (const dtype of ['bool', 'uint8', 'int32', 'float64'] as const)
      expect(measured(new BinaryAccuracy(), tensor([0, 1], { dtype }), tensor([0.2, 0.8]))).toBe(1);
  });

  it('takes targets with or without the axis of one output', () => {
    const yPred = tensor([[0.2], [0.8], [0.9]]);
    expect(measured(new BinaryAccuracy(), tensor([0, 1, 0]), yPred)).toBe(2 / 3);
    expect(measured(new BinaryAccuracy(), tensor([[0], [1], [0]]), yPred)).toBe(2 / 3);
    expect(measured(new BinaryAccuracy(), tensor([[0], [1], [0]]), yPred.squeeze(-1))).toBe(2 / 3);
  });

  it('never counts a target between 0 and 1 as met, as Keras does not', () => {
    expect(measured(new BinaryAccuracy(), tensor([0.3, 0.8]), tensor([0.3, 0.8]))).toBe(0);
  });

  it('refuses shapes that do not fit', () => {
    expectThrown(
      () => new BinaryAccuracy().update(tensor([1, 0, 1]), tensor([[1, 2]])),
      ShapeError,
      'binaryAccuracy: got yTrue [3] and yPred [1, 2]; expected equal shapes',
    );
  });
});

describe("the metric 'accuracy'", () => {
  const accuracy = (yTrue: Tensor, yPred: Tensor): number =>
    measured(resolveMetric('compile', 'accuracy'), yTrue, yPred);

  it('is sparse for labels beside classes', () => {
    expect(
      accuracy(
        int32([1, 1]),
        tensor([
          [0.2, 0.8],
          [0.8, 0.2],
        ]),
      ),
    ).toBe(0.5);
    expect(
      accuracy(
        int32([[1], [1]]),
        tensor([
          [0.2, 0.8],
          [0.8, 0.2],
        ]),
      ),
    ).toBe(0.5);
  });

  it('is categorical for equal shapes of several classes', () => {
    expect(
      accuracy(
        tensor([
          [0, 1],
          [0, 1],
        ]),
        tensor([
          [0.2, 0.3],
          [0.4, 0.3],
        ]),
      ),
    ).toBe(0.5);
  });

  it('is binary for one output', () => {
    expect(accuracy(tensor([[0], [1], [1]]), tensor([[0.2], [0.8], [0.3]]))).toBe(2 / 3);
    expect(accuracy(tensor([0, 1, 1]), tensor([[0.2], [0.8], [0.3]]))).toBe(2 / 3);
    expect(accuracy(tensor([0, 1, 1]), tensor([0.2, 0.8, 0.3]))).toBe(2 / 3);
  });

  it('stays what the first batch made it, and goes by its own name', () => {
    const metric = resolveMetric('compile', 'accuracy');
    expect(metric.name).toBe('accuracy');
    metric.update(int32([1]), tensor([[0.2, 0.8]]));
    metric.reset();
    expectThrown(
      () => metric.update(tensor([[0, 1]]), tensor([[0.2, 0.8]])),
      ShapeError,
      'accuracy: got yTrue [1, 2] and yPred [1, 2]; expected yTrue [...] and yPred [..., classes]',
    );
  });
});

describe('where the largest is', () => {
  it('is where argmax finds it, with NaN and equal ones among them', () => {
    const rows = fc.array(fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY, -1, 0, 1, 2), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(rows, (row) => {
        const found = largestAt(Float64Array.from([9, ...row]), 1, row.length);
        expect(found).toBe(tensor(row, { dtype: 'float64' }).argmax().item());
      }),
    );
  });
});
