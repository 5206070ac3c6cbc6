import { ArgumentError, IndexError, sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { arange, full, grad, ones, type Tensor, tensor, zeros } from '../index.js';
import { expectError } from '../testing/expectError.js';
import { shapes, smoothTensors } from '../testing/index.js';

type Name = 'sum' | 'mean' | 'max' | 'min';

const ofNumbers: Record<Name, (values: number[]) => number> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};

describe('sum, mean, max, min', () => {
  const cases = (minExtent: number): fc.Arbitrary<{ x: Tensor; axes: number[]; keepDims: boolean }> =>
    shapes({ minExtent }).chain((shape) =>
      fc
        .tuple(smoothTensors([shape]), fc.subarray(shape.map((_, i) => i)), fc.boolean(), fc.boolean())
        .map(([[x], axes, keepDims, viewed]) => ({ x: viewed ? x!.T.add(0).T : x!, axes, keepDims })),
    );

  it.each(Object.keys(ofNumbers) as Name[])(
    '%s folds the axes named, of views too, and keepDims keeps them as 1',
    (name) => {
      fc.assert(
        fc.property(cases(name === 'sum' ? 0 : 1), ({ x, axes, keepDims }) => {
          const got = x[name]({ axis: axes, keepDims });
          const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
          expect(got.shape).toEqual(
            keepDims ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : kept.map((i) => x.shape[i]!),
          );
          // Kept axes first, reduced ones behind: then each row is one fold.
          const rows = x.permute([...kept, ...axes]).toTypedArray();
          const width = sizeOf(axes.map((i) => x.shape[i]!));
          for (const [k, value] of [...got.toTypedArray()].entries()) {
            expect(value).toBeCloseTo(ofNumbers[name]([...rows.slice(k * width, (k + 1) * width)]), 12);
          }
        }),
      );
    },
  );

  it('are over everything unless told, and count axes from the end too', () => {
    const x = arange(6).reshape([2, 3]);
    expect([x.sum().item(), x.mean().item(), x.max().item(), x.min().item()]).toEqual([15, 2.5, 5, 0]);
    expect(x.sum({ axis: -1 }).toArray()).toEqual([3, 12]);
    expect(x.sum({ axis: [] }).toArray()).toEqual(x.toArray());
    expect(tensor(3).sum().item()).toBe(3);
  });

  it('sum a million float32 tenths to 100000', () => {
    expect(full([1_000_000], 0.1).sum().item()).toBe(100000);
  });

  it('sum integers, bytes and booleans to int32', () => {
    expect(full([300], 200, { dtype: 'uint8' }).sum().toString()).toBe('Tensor int32 [] 60000');
    expect(tensor([true, true]).sum().toString()).toBe('Tensor int32 [] 2');
    expect(tensor([3, 4], { dtype: 'int32' }).mean().toString()).toBe('Tensor float32 [] 3.5');
  });

  it('give 0 and NaN for the sum and mean of nothing, and refuse its extrema', () => {
    expect(zeros([0]).sum().item()).toBe(0);
    expect(zeros([2, 0]).sum({ axis: 1 }).toArray()).toEqual([0, 0]);
    expect(zeros([0]).mean().item()).toBeNaN();
    expectError(
      () => zeros([2, 0]).max(),
      ArgumentError,
      'max: got x [2, 0]; expected at least one element along each reduced axis',
    );
    expectError(() => zeros([2, 0]).min({ axis: 1 }), ArgumentError, /^min: got x \[2, 0\]/);
    expect(zeros([2, 0]).max({ axis: 0 }).shape).toEqual([0]);
  });

  it('let NaN win', () => {
    expect(tensor([1, NaN, 3]).max().item()).toBeNaN();
    expect(tensor([1, NaN, 3]).min().item()).toBeNaN();
  });

  it('refuse an axis that is not in an options object, and options of other libraries', () => {
    expectError(
      () => zeros([2]).sum(1 as never),
      ArgumentError,
      'sum: got 1; expected an options object. For example { axis: … }.',
    );
    expectError(
      () => zeros([2]).mean({ dim: 0 } as never),
      ArgumentError,
      "mean: got unknown option 'dim'; expected one of axis, keepDims",
    );
    expectError(
      () => zeros([2]).max({ keepdims: true } as never),
      ArgumentError,
      /^max: got unknown option 'keepdims'/,
    );
    expectError(() => zeros([2]).argmax(0 as never), ArgumentError, /^argmax: got 0; expected an options object/);
  });

  it('refuse axes that are not there, or twice', () => {
    expectError(() => zeros([2, 3]).sum({ axis: 2 }), IndexError, 'sum: got axis 2; expected an integer from -2 to 1');
    expectError(
      () => zeros([2, 3]).mean({ axis: [0, -2] }),
      IndexError,
      'mean: got axis 0 twice; expected each axis once',
    );
    expectError(() => tensor(1).max({ axis: 0 }), IndexError, 'max: got axis 0; a scalar has no axes');
  });
});

describe('max(x) at a tie', () => {
  it('splits the gradient evenly among equal maxima of a full reduction', () => {
    expect(grad((x: Tensor) => x.max())(tensor([1, 1])).toArray()).toEqual([0.5, 0.5]);
    expect(
      grad((x: Tensor) => x.min())(
        tensor([
          [3, 0],
          [0, 0],
        ]),
      ).toArray(),
    ).toEqual([
      [0, Math.fround(1 / 3)],
      [Math.fround(1 / 3), Math.fround(1 / 3)],
    ]);
  });

  it('splits it within each row when axes are named', () => {
    const x = tensor([
      [2, 2, 1],
      [0, 5, 5],
    ]);
    expect(
      grad((t: Tensor) =>
        t
          .max({ axis: 1 })
          .mul(tensor([1, 10]))
          .sum(),
      )(x).toArray(),
    ).toEqual([
      [0.5, 0.5, 0],
      [0, 5, 5],
    ]);
  });
});

describe('argmax and argmin', () => {
  it('find the first of equal elements; NaN counts as extreme', () => {
    expect(tensor([1, 3, 3]).argmax().toString()).toBe('Tensor int32 [] 1');
    expect(tensor([2, 0, 0]).argmin().item()).toBe(1);
    expect(tensor([5, NaN, 7, NaN]).argmax().item()).toBe(1);
    expect(tensor([5, NaN, 7]).argmin().item()).toBe(1);
  });

  it('search along one axis, or everything in row-major order', () => {
    const x = tensor([
      [1, 5],
      [7, 2],
    ]);
    expect(x.argmax().item()).toBe(2);
    expect(x.argmax({ axis: 0 }).toArray()).toEqual([1, 0]);
    expect(x.argmin({ axis: -1, keepDims: true }).toArray()).toEqual([[0], [1]]);
    expect(x.T.argmax().item()).toBe(1);
  });

  it('end the tape', () => {
    expect(ones([2], { requiresGrad: true }).argmax().requiresGrad).toBe(false);
  });

  it('refuse an empty axis', () => {
    expectError(
      () => zeros([0]).argmax(),
      ArgumentError,
      'argmax: got x [0]; expected at least one element along the axis',
    );
    expectError(
      () => zeros([2]).argmin({ axis: 1 }),
      IndexError,
      'argmin: got axis 1; expected an integer from -1 to 0',
    );
  });
});

describe('sumTo(shape)', () => {
  it('undoes broadcasting: ⟨broadcastTo(x), y⟩ = ⟨x, sumTo(y)⟩', () => {
    const x = tensor([[1], [2]]);
    const y = arange(12).reshape([2, 2, 3]);
    expect(x.broadcastTo([2, 2, 3]).mul(y).sum().item()).toBe(
      x
        .mul(y.sumTo([2, 1]))
        .sum()
        .item(),
    );
    expect(y.sumTo([2, 2, 3])).toBe(y);
    expect(y.sumTo([]).item()).toBe(66);
  });
});
