/** What is wrong or missing in other JavaScript libraries, as measured in November 2026, and must not be here. */

import { copyOut, heapStats } from '@cotangent/kernels';
import * as ct from './index.js';
import {
  conv2d,
  full,
  grad,
  hessian,
  jacfwd,
  jacrev,
  noGrad,
  norm,
  prod,
  sort,
  type Tensor,
  tensor,
  where,
} from './index.js';
import { checkGrads } from './testing/index.js';

const double = (values: ct.NestedArray): Tensor => tensor(values, { dtype: 'float64' });
const second = (f: (x: Tensor) => Tensor, x: number): number => grad(grad(f))(double(x)).item();

describe('faults of TensorFlow.js', () => {
  it('second derivatives through exp, tanh and sigmoid mixed with another path are right', () => {
    expect(second((x) => x.mul(x.tanh()), 0.37)).toBeCloseTo(
      2 / Math.cosh(0.37) ** 2 - (2 * 0.37 * Math.tanh(0.37)) / Math.cosh(0.37) ** 2,
      12,
    );
    expect(second((x) => x.mul(x.exp()), 1.3)).toBeCloseTo((2 + 1.3) * Math.exp(1.3), 12);
    expect(second((x) => x.tanh(), 0.37)).toBeCloseTo((-2 * Math.tanh(0.37)) / Math.cosh(0.37) ** 2, 12);
    const s = 1 / (1 + Math.exp(-0.5));
    expect(second((x) => x.mul(x.sigmoid()), 0.5)).toBeCloseTo(s * (1 - s) * (2 + 0.5 * (1 - 2 * s)), 12);
  });

  it('operations that have no gradient there have one here, at second order too', () => {
    const x = double([
      [0.3, -1.2, 0.8],
      [1.1, 0.4, -0.6],
    ]);
    const image = double([1, 4, 2, 5, 3, 9, 7, 6, 8]).reshape([1, 3, 3, 1]);
    const f: Record<string, (x: Tensor) => Tensor> = {
      cumprod: (v) => v.cumprod({ axis: 1 }),
      topK: (v) => v.topK(2).values,
      stridedSlice: (v) => v.slice(null, [null, null, -2]),
      elu: (v) => v.elu(),
      selu: ct.selu,
      leakyRelu: (v) => ct.leakyRelu(v),
      relu6: ct.relu6,
      prod: (v) => v.prod({ axis: 0 }),
      max: (v) => v.max({ axis: 1 }),
      sort: (v) => sort(v),
      variance: (v) => v.variance(),
    };
    for (const [name, g] of Object.entries(f)) {
      const worst = checkGrads(g, [x], { order: 2 });
      expect([name, worst!.error < 1e-6]).toEqual([name, true]);
    }
    checkGrads((v) => ct.maxPool(v, 2, { strides: 1 }), [image], { order: 2 });
    checkGrads((v) => ct.averagePool(v, 2, { strides: 1 }), [image], { order: 2 });
    checkGrads((v) => ct.depthwiseConv(v, double([[[[2]], [[1]]]])), [image], { order: 2 });
  });

  it('where is differentiable with a comparison in its condition', () => {
    const f = (x: Tensor): Tensor => where(x.greater(1), x.square(), x).sum();
    expect(grad(f)(tensor([0.5, 3])).toArray()).toEqual([1, 6]);
  });

  it('a dilated convolution is differentiable in both arguments', () => {
    const [x, filter] = [
      ct.randomNormal([1, 5, 5, 1], { dtype: 'float64' }),
      ct.randomNormal([2, 2, 1, 1], { dtype: 'float64' }),
    ];
    expect(checkGrads((a, w) => conv2d(a, w, { dilations: 2 }), [x, filter], { order: 2 })!.error).toBeLessThan(1e-7);
  });

  it('ties share the gradient of max, and the gradient of a norm at 0 is 0', () => {
    expect(grad((x: Tensor) => x.max())(tensor([2, 2, 1])).toArray()).toEqual([0.5, 0.5, 0]);
    expect(grad((x: Tensor) => norm(x))(tensor([0, 0])).toArray()).toEqual([0, 0]);
  });

  it('a hundred bodies of three operations leave nothing behind', () => {
    const x = full([64, 64], 0.5);
    const body = (): unknown => ct.scope(() => x.mul(2).add(1).tanh().sum().item());
    body();
    const { liveBlocks } = heapStats();
    for (let i = 0; i < 100; i++) body();
    expect(heapStats().liveBlocks).toBe(liveBlocks);
  });

  it('float64, sort, argsort, stopGradient, variance, std, median and quantile exist', () => {
    expect(double([1 / 3]).item()).toBe(1 / 3);
    const x = tensor([3, 1, 2]);
    expect([x.sort().toArray(), x.argsort().toArray(), x.median().item(), ct.quantile(x, 0.25).item()]).toEqual([
      [1, 2, 3],
      [1, 2, 0],
      2,
      1.5,
    ]);
    expect([ct.stopGradient(x).toArray(), x.variance().item() > 0, x.std().item() > 0]).toEqual([
      [3, 1, 2],
      true,
      true,
    ]);
  });
});

describe('faults of jax-js', () => {
  it('a tensor may be used twice', () => {
    const x = tensor([1, 2]);
    expect(x.add(x).mul(x).toArray()).toEqual([2, 8]);
  });

  it('float64 functions are float64, tiny arguments included', () => {
    for (const [name, f, exact] of [
      ['tanh', ct.tanh, Math.tanh],
      ['sinh', ct.sinh, Math.sinh],
      ['sin', ct.sin, Math.sin],
      ['log1p', ct.log1p, Math.log1p],
      ['expm1', ct.expm1, Math.expm1],
    ] as const) {
      const x = double(Array.from({ length: 200 }, () => 1e-10));
      expect([name, Math.abs(f(x).slice(7).item() / exact(1e-10) - 1) < 4e-16]).toEqual([name, true]);
    }
    const x = double(Array.from({ length: 999 }, (_, i) => (i + 1) / 1000));
    const values = copyOut(ct.log(x).block);
    for (let i = 0; i < 999; i++) expect(Math.abs(values[i]! / Math.log((i + 1) / 1000) - 1)).toBeLessThan(5e-16);
  });

  it('10⁶ × 0.1 in float32 is 100000, and its mean 0.1', () => {
    const x = full([1_000_000], 0.1);
    expect(Math.abs(x.sum().item() - 100000)).toBeLessThan(0.01);
    expect(x.mean().item()).toBeCloseTo(0.1, 7);
  });

  it('jacrev, jacfwd and hessian take inputs of any shape', () => {
    const x = double([
      [1, 2],
      [3, 4],
    ]);
    const f = (v: Tensor): Tensor => v.matmul(v);
    const [reverse, forward] = [jacrev(f)(x), jacfwd(f)(x)];
    expect([reverse.shape, forward.toArray()]).toEqual([[2, 2, 2, 2], reverse.toArray()]);
    const h = hessian((v: Tensor) => prod(v))(x);
    expect(h.shape).toEqual([2, 2, 2, 2]);
    expect(h.slice(0, 0, 1, 1).item()).toBe(6);
  });
});

describe('orders and lengths', () => {
  it('third derivatives of the functions of one number are right', () => {
    const cases: [string, (x: Tensor) => Tensor, (x: number) => number][] = [
      ['exp', ct.exp, Math.exp],
      ['log', ct.log, (x) => 2 / x ** 3],
      ['sin', ct.sin, (x) => -Math.cos(x)],
      ['cos', ct.cos, Math.sin],
      ['sinh', ct.sinh, Math.cosh],
      ['sqrt', ct.sqrt, (x) => 0.375 * x ** -2.5],
      ['reciprocal', ct.reciprocal, (x) => -6 / x ** 4],
      ['square', ct.square, () => 0],
      ['tanh', ct.tanh, (x) => (4 * Math.tanh(x) ** 2 - 2 / Math.cosh(x) ** 2) / Math.cosh(x) ** 2],
      ['atan', ct.atan, (x) => (6 * x * x - 2) / (1 + x * x) ** 3],
      ['erf', ct.erf, (x) => ((4 * x * x - 2) * Math.exp(-x * x) * 2) / Math.sqrt(Math.PI)],
      ['log1p', ct.log1p, (x) => 2 / (1 + x) ** 3],
      ['expm1', ct.expm1, Math.exp],
      ['tan', ct.tan, (x) => (2 + 4 * Math.sin(x) ** 2) / Math.cos(x) ** 4],
      ['asin', ct.asin, (x) => (1 + 2 * x * x) / (1 - x * x) ** 2.5],
      [
        'softplus',
        ct.softplus,
        (x) => {
          const s = 1 / (1 + Math.exp(-x));
          return s * (1 - s) * (1 - 2 * s);
        },
      ],
      ['gelu', ct.gelu, (x) => (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * (x ** 3 - 4 * x)],
    ];
    for (const [name, f, third] of cases) {
      for (const x of [0.3, 0.7]) {
        const got = grad(grad(grad(f)))(double(x)).item();
        expect([name, x, Math.abs(got - third(x)) <= 1e-11 * Math.max(1, Math.abs(third(x)))]).toEqual([name, x, true]);
      }
    }
  });

  it('a recurrence of 10,000 steps is differentiated without a deep stack', () => {
    const w = double(0.9999);
    const f = (v: Tensor): Tensor => {
      let h = double(1);
      for (let i = 0; i < 10_000; i++) h = h.mul(v);
      return h;
    };
    expect(grad(f)(w).item()).toBeCloseTo(10_000 * 0.9999 ** 9999, 6);
  });

  it('other code may run between forward and backward, and exceptions leave nothing behind', async () => {
    const w = tensor(full([64, 64], 0.1), { requiresGrad: true });
    const loss = w.square().sum();
    await new Promise((resolve) => setTimeout(resolve, 0));
    noGrad(() => w.mul(3).sum().item());
    expect(() =>
      grad((x: Tensor) => {
        x.exp();
        throw new Error('stop');
      })(w),
    ).toThrow('stop');
    await null;
    loss.backward();
    expect(w.grad!.slice(0, 0).item()).toBeCloseTo(0.2, 6);
  });
});
