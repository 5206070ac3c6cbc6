import * as library from '../index.js';
import { acos, asin, atan2, cbrt, erf, grad, hypot, logaddexp, type Tensor, tensor, xlogy } from '../index.js';

const inf = Number.POSITIVE_INFINITY;
const functions = { ...library } as unknown as Record<string, (x: Tensor) => Tensor>;
const gradients = (f: (...inputs: Tensor[]) => Tensor, ...at: number[]): number[] =>
  grad((...inputs: Tensor[]) => f(...inputs).sum(), { argnums: at.map((_, i) => i) })(
    ...at.map((x) => tensor(x, { dtype: 'float64' })),
  ).map((g) => g.item());

describe('elementary functions', () => {
  const math = [
    'expm1',
    'log1p',
    'log2',
    'log10',
    'sin',
    'cos',
    'tan',
    'asin',
    'acos',
    'atan',
    'sinh',
    'cosh',
    'asinh',
    'atanh',
    'cbrt',
  ] as const;
  it.each(math)('%s is Math’s, of floats and integers', (name) => {
    const f = functions[name]!;
    expect(f(tensor(0.5, { dtype: 'float64' })).item()).toBeCloseTo(Math[name](0.5), 14);
    expect(f(tensor([1], { dtype: 'int32' })).dtype).toBe('float32');
  });

  it('of two take numbers and broadcast', () => {
    expect(hypot(tensor([[3], [5]]), tensor([4, 12])).toArray()).toEqual([
      [5, Math.fround(Math.hypot(3, 12))],
      [Math.fround(Math.hypot(5, 4)), 13],
    ]);
    expect(atan2(1, tensor([0, -0])).toArray()).toEqual([Math.fround(Math.PI / 2), Math.fround(Math.PI / 2)]);
    expect(xlogy(0, tensor([0, -1, inf])).toArray()).toEqual([0, 0, 0]);
    expect(logaddexp(tensor([1000]), 1000).item()).toBeCloseTo(1000 + Math.LN2, 3);
    expect(logaddexp(tensor([-inf]), -inf).item()).toBe(-inf);
  });

  it('have the gradients of docs/conventions.md where there is none', () => {
    expect(gradients(atan2 as never, 0, 0)).toEqual([0, -0]);
    expect(gradients(hypot as never, 0, 0)).toEqual([0, 0]);
    expect(gradients(xlogy as never, 0, 0)[0]).toBe(0);
    expect(gradients(xlogy as never, 0, 2)).toEqual([Math.LN2, 0]);
    expect(gradients(cbrt, 0)).toEqual([inf]);
    expect([gradients(asin, 1), gradients(acos, 1)]).toEqual([[inf], [-inf]]);
    expect(gradients(erf, 0)[0]).toBeCloseTo(2 / Math.sqrt(Math.PI), 14);
  });
});
