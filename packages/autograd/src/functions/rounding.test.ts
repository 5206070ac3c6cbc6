import * as ct from '../index.js';
import { grad, type Tensor, tensor } from '../index.js';

const inf = Infinity;
const nan = Number.NaN;
const int = (values: number[]): Tensor => tensor(values, { dtype: 'int32' });

describe('rounding', () => {
  it('goes where its name says, halves to even', () => {
    const x = tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.4, 2.6]);
    expect(ct.floor(x).toArray()).toEqual([-3, -2, -1, 0, 1, 2, 2]);
    expect(ct.ceil(x).toArray()).toEqual([-2, -1, -0, 1, 2, 3, 3]);
    expect(ct.trunc(x).toArray()).toEqual([-2, -1, -0, 0, 1, 2, 2]);
    expect(ct.round(x).toArray()).toEqual([-2, -2, -0, 0, 2, 2, 3]);
    expect(ct.round(int([3])).dtype).toBe('int32');
  });

  it('is constant to derivatives', () => {
    expect(grad((x: Tensor) => x.mul(x.floor()).sum())(tensor([2.5, 3.5])).toArray()).toEqual([2, 3]);
  });

  it('with remainders: signs as Python and C have them, of integers too', () => {
    const a = tensor([7, -7, 7, -7]);
    const b = tensor([3, 3, -3, -3]);
    expect(ct.remainder(a, b).toArray()).toEqual([1, 2, -2, -1]);
    expect(ct.fmod(a, b).toArray()).toEqual([1, -1, 1, -1]);
    expect(ct.floorDivide(a, b).toArray()).toEqual([2, -3, -3, 2]);
    expect(ct.floorDivide(int([7, -7]), 2).toArray()).toEqual([3, -4]);
    expect(ct.remainder(int([7, -7]), 3).dtype).toBe('int32');
    expect(() => ct.floorDivide(tensor([true]), tensor([true]))).toThrow(
      'floorDivide: got operands bool; expected numbers',
    );
  });
});

describe('tests of numbers', () => {
  it('tell NaN and infinities', () => {
    const x = tensor([1, inf, -inf, nan]);
    expect(ct.isnan(x).toArray()).toEqual([false, false, false, true]);
    expect(ct.isinf(x).toArray()).toEqual([false, true, true, false]);
    expect(ct.isfinite(x).toArray()).toEqual([true, false, false, false]);
    expect(ct.isfinite(int([1])).toArray()).toEqual([true]);
    expect(ct.nanToNum(x, { nan: 9, positiveInfinity: 5 }).toArray()).toEqual([1, 5, -3.4028234663852886e38, 9]);
    expect(grad((v: Tensor) => ct.nanToNum(v).sum())(x).toArray()).toEqual([1, 0, 0, 0]);
  });

  it('tell what is close', () => {
    const a = tensor([1, inf, nan, 1e-9]);
    const b = tensor([1 + 1e-6, inf, nan, 0]);
    expect(ct.isclose(a, b).toArray()).toEqual([true, true, false, true]);
    expect(ct.isclose(a, b, { equalNan: true }).toArray()).toEqual([true, true, true, true]);
    expect(ct.isclose(inf, tensor([1, -inf])).toArray()).toEqual([false, false]);
    expect([ct.allclose(a, b), ct.allclose(tensor([1]), 1)]).toEqual([false, true]);
  });

  it('heaviside, copysign, fmax and fmin', () => {
    expect(ct.heaviside(tensor([-1, 0, 2, nan]), 0.5).toArray()).toEqual([0, 0.5, 1, nan]);
    expect(ct.copysign(tensor([1, -2]), tensor([-0, 5])).toArray()).toEqual([-1, 2]);
    expect(ct.fmax(tensor([nan, 1]), tensor([2, nan])).toArray()).toEqual([2, 1]);
    const tie = (f: typeof ct.fmax) =>
      grad((a: Tensor, b: Tensor) => f(a, b).sum(), { argnums: [0, 1] })(tensor([1]), tensor([1])).map((g) => g.item());
    expect([tie(ct.fmax), tie(ct.fmin), tie(ct.maximum)]).toEqual([
      [1, 0],
      [1, 0],
      [0.5, 0.5],
    ]);
  });
});

describe('bits', () => {
  it('of integers and bools', () => {
    const [a, b] = [int([12, -1]), int([10, 7])];
    expect(ct.bitwiseAnd(a, b).toArray()).toEqual([8, 7]);
    expect(ct.bitwiseOr(a, b).toArray()).toEqual([14, -1]);
    expect(ct.bitwiseXor(a, b).toArray()).toEqual([6, -8]);
    expect(ct.bitwiseNot(a).toArray()).toEqual([-13, 0]);
    expect(ct.leftShift(int([1, 1, 1]), int([4, 31, 32])).toArray()).toEqual([16, -(2 ** 31), 0]);
    expect(ct.rightShift(int([-9, 9, -1]), int([1, 3, 40])).toArray()).toEqual([-5, 1, -1]);
    expect(ct.logicalXor(tensor([true, true]), tensor([true, false])).toArray()).toEqual([false, true]);
    expect(() => ct.bitwiseAnd(tensor([1.5]), 1)).toThrow(
      'bitwiseAnd: got operands float32; expected integers or bools',
    );
    expect(() => ct.bitwiseNot(tensor([true]))).toThrow('For bools: logicalNot.');
  });
});
