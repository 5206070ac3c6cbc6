import { ArgumentError, DTypeError, IndexError, ShapeError } from '@cotangent/kernels';
import { logSoftmax, ones, softmax, softmaxCrossEntropy, tensor, zeros } from '../index.js';
import { expectError } from '../testing/expectError.js';

const labels = (...values: number[]) => tensor(values, { dtype: 'int32' });

describe('softmax and logSoftmax', () => {
  it('stay finite where eˣ does not', () => {
    expect(tensor([1000, 1000]).softmax().toArray()).toEqual([0.5, 0.5]);
    expect(tensor([-1000, 0]).logSoftmax().toArray()).toEqual([-1000, 0]);
  });

  it('sum to 1 along the axis', () => {
    expect(softmax(ones([2, 4]), { axis: 0 }).toArray()).toEqual([
      [0.5, 0.5, 0.5, 0.5],
      [0.5, 0.5, 0.5, 0.5],
    ]);
    expect(logSoftmax(ones([2, 1])).toArray()).toEqual([[0], [0]]);
  });

  it('refuse an axis that is not in an options object', () => {
    expectError(
      () => tensor([1]).softmax(0 as never),
      ArgumentError,
      'softmax: got 0; expected an options object. For example { axis: … }.',
    );
    expectError(
      () => tensor([1]).logSoftmax({ dim: 0 } as never),
      ArgumentError,
      "logSoftmax: got unknown option 'dim'; expected one of axis",
    );
  });

  it('refuse an axis that is not there', () => {
    expectError(
      () => tensor([1]).softmax({ axis: 1 }),
      IndexError,
      'softmax: got axis 1; expected an integer from -1 to 0',
    );
    expectError(() => tensor(1).logSoftmax(), IndexError, 'logSoftmax: got axis -1; a scalar has no axes');
  });
});

describe('softmaxCrossEntropy(logits, labels)', () => {
  it('is −ln softmax at the label, labels in any dtype', () => {
    const logits = tensor([
      [0, 0],
      [1000, 0],
    ]);
    expect(softmaxCrossEntropy(logits, labels(1, 0)).toArray()).toEqual([Math.fround(Math.LN2), 0]);
    expect(softmaxCrossEntropy(logits, tensor([1, 0])).toArray()).toEqual([Math.fround(Math.LN2), 0]);
    expect(softmaxCrossEntropy(logits, tensor([1, 0], { dtype: 'uint8' })).shape).toEqual([2]);
  });

  it.each([3, -1, 0.5, NaN])('refuses the label %d and says where it stands', (label) => {
    expectError(
      () => softmaxCrossEntropy(zeros([2, 3]), tensor([0, label])),
      IndexError,
      new RegExp(`^softmaxCrossEntropy: got class label ${label} at position 1; expected `),
    );
  });

  it('refuses labels of another shape, and knows one-hot targets', () => {
    expectError(
      () => softmaxCrossEntropy(zeros([2, 3]), labels(0, 1, 2)),
      ShapeError,
      'softmaxCrossEntropy: got logits [2, 3] and labels [3]; expected logits [..., classes] and labels [...]',
    );
    expectError(
      () => softmaxCrossEntropy(zeros([2, 3]), zeros([2, 3])),
      ShapeError,
      'softmaxCrossEntropy: got logits [2, 3] and labels [2, 3]; expected logits [..., classes] and labels [...]. For one-hot targets use categoricalCrossentropy.',
    );
    expectError(
      () => softmaxCrossEntropy(tensor(1), labels(0)),
      ShapeError,
      /^softmaxCrossEntropy: got logits \[\] and labels \[1\]/,
    );
    expectError(
      () => softmaxCrossEntropy(zeros([1, 2], { dtype: 'int32' }), labels(0)),
      DTypeError,
      'softmaxCrossEntropy: got logits int32; expected float32 or float64 logits',
    );
  });
});
