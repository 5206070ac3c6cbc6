import { ArgumentError, IndexError } from '@cotangent/kernels';
import { clipByGlobalNorm, clipByNorm, clipByValue, grad, type Tensor, tensor, zeros } from '../index.js';
import { expectError } from '../testing/expectError.js';

const float64 = (values: number[]) => tensor(values, { dtype: 'float64' });

describe('clipByGlobalNorm', () => {
  it('scales everything by one number, in the structure it came in', () => {
    const [clipped, norm] = clipByGlobalNorm({ w: float64([3, 0]), rest: [float64([4])] }, 2.5);
    expect(norm.item()).toBe(5);
    expect(clipped.w.toArray()).toEqual([1.5, 0]);
    expect(clipped.rest[0]!.toArray()).toEqual([2]);
  });

  it('leaves alone what is short enough, to the bit', () => {
    const [clipped] = clipByGlobalNorm([tensor([0.1, 0.2]), tensor(0.3)], 49);
    expect(clipped[0]!.toTypedArray()).toEqual(Float32Array.of(0.1, 0.2));
    expect(clipByGlobalNorm(zeros([3]), 1)[0].toArray()).toEqual([0, 0, 0]);
  });

  it('adds nothing to the norm, so that the result has the norm asked for', () => {
    const [clipped] = clipByGlobalNorm([float64([3e-9]), float64([4e-9])], 1e-9);
    expect(clipByGlobalNorm(clipped, 1)[1].item()).toBeCloseTo(1e-9, 22);
  });

  it('keeps each dtype', () => {
    const [clipped] = clipByGlobalNorm([tensor([3]), float64([4])], 1);
    expect(clipped.map((x) => x.dtype)).toEqual(['float32', 'float64']);
  });

  it('is NaN throughout where the norm is not finite', () => {
    for (const bad of [Number.NaN, Infinity]) {
      const [clipped] = clipByGlobalNorm([float64([1]), float64([bad])], 1);
      expect(clipped.map((x) => x.item())).toEqual([Number.NaN, Number.NaN]);
    }
  });

  it('can be differentiated: the derivative of x / ‖x‖ is (I − x xᵀ / ‖x‖²) / ‖x‖', () => {
    const f = (x: Tensor) =>
      clipByGlobalNorm(x, 1)[0]
        .mul(float64([1, 0]))
        .sum();
    const [dx, dy] = grad(f)(float64([3, 4])).toArray() as number[];
    expect(dx).toBeCloseTo((1 - 9 / 25) / 5, 14);
    expect(dy).toBeCloseTo(-12 / 125, 14);
    expect(grad(f)(float64([0, 0])).toArray()).toEqual([1, 0]);
  });

  it('refuses a norm that is not positive, and nothing to clip', () => {
    for (const [bad, shown] of [
      [0, '0'],
      [-1, '-1'],
      [Number.NaN, 'NaN'],
      ['1', '1'],
    ] as const) {
      expectError(
        () => clipByGlobalNorm(tensor([1]), bad as never),
        ArgumentError,
        `clipByGlobalNorm: got maxNorm ${shown}; expected a positive number`,
      );
    }
    expectError(
      () => clipByGlobalNorm([], 1),
      ArgumentError,
      'clipByGlobalNorm: got no tensor; expected one, or arrays and objects of them',
    );
  });
});

describe('clipByNorm', () => {
  const x = tensor(
    [
      [3, 4],
      [0, 0],
      [0.3, 0.4],
    ],
    { dtype: 'float64' },
  );

  it('takes the norm of the whole tensor, or along axes', () => {
    expect(clipByNorm(float64([6, 8]), 5).toArray()).toEqual([3, 4]);
    expect(clipByNorm(x, 1, { axis: -1 }).toArray()).toEqual([
      [0.6000000000000001, 0.8],
      [0, 0],
      [0.3, 0.4],
    ]);
  });

  it('has a finite gradient where a row is 0', () => {
    const gradient = grad((a: Tensor) => clipByNorm(a, 1, { axis: 1 }).sum())(x);
    expect(gradient.slice(1).toArray()).toEqual([1, 1]);
  });

  it('refuses an axis that is not there', () => {
    expectError(
      () => clipByNorm(x, 1, { axis: 2 }),
      IndexError,
      'clipByNorm: got axis 2; expected an integer from -2 to 1',
    );
  });
});

describe('clipByValue', () => {
  it('limits every element both ways', () => {
    expect(clipByValue({ a: tensor([-3, 0.5]), b: tensor(2) }, 1).a.toArray()).toEqual([-1, 0.5]);
  });

  it('refuses a limit that is not positive', () => {
    expectError(
      () => clipByValue(tensor([1]), 0),
      ArgumentError,
      'clipByValue: got limit 0; expected a positive number',
    );
  });
});
