import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ct from '../index.js';
import { fromTypedArray, grad, type Tensor, tensor } from '../index.js';
import { gradientAgreesWithDifferences, secondOrderAgreesWithDifferences } from '../testing/index.js';

interface Numbers {
  readonly shape: number[];
  readonly data: (number | string)[];
}
interface Case {
  readonly call: string;
  // biome-ignore lint/suspicious/noExplicitAny: each call reads the options that its Python side wrote
  readonly options: any;
  readonly x: Numbers;
  readonly g: Numbers;
  readonly value: Numbers;
  readonly dx: Numbers;
}
const fixture = JSON.parse(readFileSync(join(__dirname, '../../fixtures/reductions.json'), 'utf8')) as Case[];
const numbersOf = ({ data }: Numbers): number[] =>
  data.map((x) => (typeof x === 'number' ? x : x === 'inf' ? Infinity : x === '-inf' ? -Infinity : Number.NaN));
const tensorOf = (x: Numbers): Tensor => fromTypedArray(Float64Array.from(numbersOf(x)), x.shape);

const calls: Record<string, (x: Tensor, options: Case['options']) => Tensor> = {
  prod: ct.prod,
  cumsum: ct.cumsum,
  cumprod: ct.cumprod,
  cummax: (x, options) => ct.cummax(x, options).values,
  cummin: (x, options) => ct.cummin(x, options).values,
  logCumSumExp: ct.logCumSumExp,
  logSumExp: ct.logSumExp,
  variance: ct.variance,
  std: ct.std,
  norm: (x, { order, ...options }) =>
    ct.norm(x, { ...options, ...(order && { order: Number(order === 'inf' ? Infinity : order) }) }),
  median: ct.median,
  quantile: (x, { q, ...options }) => ct.quantile(x, q, options),
  sort: ct.sort,
  topK: (x, { k, ...options }) => ct.topK(x, k, options).values,
};

function expectClose(what: string, got: Tensor, wanted: Numbers): void {
  expect([what, got.shape]).toEqual([what, wanted.shape]);
  const values = got.toTypedArray();
  for (const [i, y] of numbersOf(wanted).entries()) {
    if (!(Object.is(values[i], y) || Math.abs(values[i]! - y) <= 1e-11 * Math.max(1, Math.abs(y))))
      throw new Error(`${what}, element ${i}: got ${values[i]}, expected ${y}`);
  }
}

describe('against PyTorch 1.13', () => {
  it.each(fixture.map((test, i) => [`${i}: ${test.call} ${JSON.stringify(test.options)}`, test] as const))(
    '%s',
    (_, test) => {
      const f = (x: Tensor): Tensor => calls[test.call]!(x, test.options);
      const x = tensorOf(test.x);
      expectClose('value', f(x), test.value);
      expectClose('gradient', grad((v: Tensor) => f(v).mul(tensorOf(test.g)).sum())(x), test.dx);
    },
  );
});

describe('prod and cumprod', () => {
  it('have exact derivatives of both orders with any number of zeros', () => {
    for (const values of [
      [0, 2, 3],
      [0, 0, 3],
      [0, 0, 0],
      [1, 0, -2],
    ]) {
      const x = tensor(values, { dtype: 'float64' });
      for (const f of [
        (v: Tensor) => v.prod(),
        (v: Tensor) => v.cumprod(),
        (v: Tensor) => v.cumprod({ reverse: true }),
      ]) {
        gradientAgreesWithDifferences(f, [x], 0);
        secondOrderAgreesWithDifferences(f, [x], 0, 0);
      }
    }
  });

  it('of nothing are 1', () => {
    expect(ct.prod(tensor([])).item()).toBe(1);
    expect(ct.cumprod(tensor([2, 3, 4]), { exclusive: true }).toArray()).toEqual([1, 2, 6]);
    expect(ct.cumsum(tensor([2, 3, 4]), { exclusive: true, reverse: true }).toArray()).toEqual([7, 4, 0]);
    expect(ct.cumsum(tensor([true, false, true])).toArray()).toEqual([1, 1, 2]);
  });
});

describe('statistics', () => {
  const nan = Number.NaN;
  it('any, all and countNonzero', () => {
    const x = tensor([
      [0, 1],
      [0, 0],
    ]);
    expect([ct.any(x, { axis: 1 }).toArray(), ct.all(x, { axis: 0 }).toArray(), ct.countNonzero(x).item()]).toEqual([
      [true, false],
      [false, false],
      1,
    ]);
    expect([ct.any(tensor([])).item(), ct.all(tensor([])).item()]).toEqual([0, 1]);
    expect(ct.all(tensor([1, nan])).item()).toBe(1);
  });

  it('do not cancel at a large mean, and divide by what is asked', () => {
    const x = tensor([1e8 + 1, 1e8 - 1], { dtype: 'float64' });
    expect([x.variance().item(), x.variance({ ddof: 1 }).item(), x.std().item()]).toEqual([1, 2, 1]);
    expect(tensor([3]).variance({ ddof: 1 }).item()).toBeNaN();
    const { mean, variance } = ct.moments(tensor([[1, 3]]), { axis: 1 });
    expect([mean.toArray(), variance.toArray()]).toEqual([[2], [1]]);
    expect([ct.ptp(tensor([1, 5, 3])).item(), ct.average(tensor([1, 3]), { weights: tensor([3, 1]) }).item()]).toEqual([
      4, 1.5,
    ]);
  });

  it('leave NaN out, or pass it on', () => {
    const x = tensor([1, nan, 3]);
    expect([ct.nansum(x).item(), ct.nanmean(x).item(), ct.nanmax(x).item(), ct.nanmin(x).item()]).toEqual([4, 2, 3, 1]);
    expect(grad((v: Tensor) => ct.nanmean(v))(x).toArray()).toEqual([0.5, 0, 0.5]);
    expect([ct.median(x).item(), ct.quantile(x, 0.5).item()]).toEqual([nan, nan]);
  });

  it('norm takes the order, and refuses what is none', () => {
    const x = tensor([
      [3, -4],
      [0, 0],
    ]);
    expect([ct.norm(x).item(), ct.norm(x, { order: 0 }).item(), ct.norm(x, { order: -Infinity }).item()]).toEqual([
      5, 2, 0,
    ]);
    expect(
      grad((v: Tensor) => ct.norm(v, { order: 0.5, axis: 1 }).sum())(x)
        .slice(1)
        .toArray(),
    ).toEqual([0, 0]);
    expect(() => ct.norm(x, { order: nan })).toThrow('norm: got order NaN; expected a number');
    expect(() => ct.quantile(x, 2)).toThrow('quantile: got q 2; expected a number from 0 to 1');
    expect(() => ct.median(tensor([]))).toThrow('median: got an empty axis');
  });
});

describe('sorting', () => {
  it('is stable, with NaN last', () => {
    const x = tensor([2, Number.NaN, 1, 2, -Infinity]);
    expect(ct.argsort(x).toArray()).toEqual([4, 2, 0, 3, 1]);
    expect(ct.argsort(x, { descending: true }).toArray()).toEqual([1, 0, 3, 2, 4]);
    const { values, indices } = ct.topK(tensor([[1, 5, 3]]), 2);
    expect([values.toArray(), indices.toArray(), indices.dtype]).toEqual([[[5, 3]], [[1, 2]], 'int32']);
    expect(() => ct.topK(x, 6)).toThrow('topK: got k 6 for x [5]; expected a whole number from 0 to 5');
  });

  it('takeAlongAxis and scatterAlongAxis are each other’s transposes', () => {
    const x = tensor([
      [10, 20, 30],
      [40, 50, 60],
    ]);
    const indices = tensor(
      [
        [2, 0],
        [-1, 1],
      ],
      { dtype: 'int32' },
    );
    expect(ct.takeAlongAxis(x, indices).toArray()).toEqual([
      [30, 10],
      [60, 50],
    ]);
    expect(
      ct
        .scatterAlongAxis(
          tensor([
            [1, 2],
            [3, 4],
          ]),
          indices,
          3,
        )
        .toArray(),
    ).toEqual([
      [2, 0, 1],
      [0, 4, 3],
    ]);
    expect(() => ct.takeAlongAxis(x, tensor([[3]], { dtype: 'int32' }), { axis: 1 })).toThrow(
      'indices of the shape of x, but for axis 1',
    );
    expect(() => ct.takeAlongAxis(x, tensor([[3], [0]], { dtype: 'int32' }))).toThrow(
      'takeAlongAxis: got index 3 at position 0',
    );
  });
});
