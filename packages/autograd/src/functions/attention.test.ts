import { ArgumentError, DTypeError, Generator, heapStats, ShapeError } from '@cotangent/kernels';
import {
  scaledDotProductAttention as attention,
  eye,
  grad,
  ones,
  randomNormal,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../index.js';
import { expectError } from '../testing/expectError.js';
import { gradientAgreesWithDifferences } from '../testing/index.js';

const normal = (...shape: number[]) => randomNormal(shape, { dtype: 'float64' });
const worst = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

describe('scaledDotProductAttention', () => {
  it('is softmax(q kᵀ / √d) v', () => {
    const [q, k, v] = [normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 6)];
    const weights = q.matmul(k.mT).div(2).softmax();
    expect(worst(attention(q, k, v), weights.matmul(v))).toBeLessThan(1e-14);
    expect(worst(attention(q, k, v, { scale: 0.5 }), weights.matmul(v))).toBeLessThan(1e-14);
  });

  it('broadcasts leading axes: one set of keys for all heads', () => {
    const [q, k, v] = [normal(2, 3, 4, 5), normal(2, 1, 6, 5), normal(6, 2)];
    const f = (key: Tensor) => attention(q, key, v);
    const expected = attention(q, k.broadcastTo([2, 3, 6, 5]), v.broadcastTo([2, 3, 6, 2]));
    expect(worst(f(k), expected)).toBe(0);
    expect(grad((key: Tensor) => f(key).sum())(k).shape).toEqual([2, 1, 6, 5]);
  });

  it('causal is the same as a mask of the lower triangle', () => {
    const [q, k, v] = [normal(2, 4, 3), normal(2, 4, 3), normal(2, 4, 3)];
    const lower = tensor([
      [true, false, false, false],
      [true, true, false, false],
      [true, true, true, false],
      [true, true, true, true],
    ]);
    expect(worst(attention(q, k, v, { causal: true }), attention(q, k, v, { mask: lower }))).toBeLessThan(1e-15);
  });

  it('takes a mask for each key, which pads a batch', () => {
    const [q, k, v] = [normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 6)];
    const mask = tensor([[[true, true, false, false, false]], [[true, true, true, true, false]]]);
    const first = attention(q, k, v, { mask }).slice(0);
    const alone = attention(q.slice(0), k.slice(0, [0, 2]), v.slice(0, [0, 2]));
    expect(worst(first, alone)).toBeLessThan(1e-15);
  });

  it('gives 0 to a query that may attend to nothing, and no gradient through it, at any order', () => {
    const [q, k, v] = [normal(2, 3), normal(4, 3), normal(4, 2)];
    const mask = tensor([
      [false, false, false, false],
      [true, true, false, true],
    ]);
    const f = (query: Tensor) => attention(query, k, v, { mask });
    expect(f(q).slice(0).toArray()).toEqual([0, 0]);
    const slope = grad((query: Tensor) => f(query).square().sum());
    expect(slope(q).slice(0).toArray()).toEqual([0, 0, 0]);
    const second = grad((query: Tensor) => slope(query).square().sum())(q);
    expect(second.slice(0).toArray()).toEqual([0, 0, 0]);
    expect(second.abs().sum().item()).toBeGreaterThan(0);
  });

  it('keeps nothing between forward and backward but inputs and result', () => {
    const inputs = [0, 1, 2].map(() => ones([600, 4]).add(0));
    for (const x of inputs) x.requiresGrad = true;
    const before = heapStats().liveBytes;
    const y = attention(inputs[0]!, inputs[1]!, inputs[2]!);
    // A matrix of scores would be 600 · 600 numbers.
    expect(heapStats().liveBytes - before).toBeLessThan(600 * 600);
    y.sum().backward();
    expect(inputs[2]!.grad!.sum().item()).toBeCloseTo(2400, 1);
  });

  it('with dropout sets weights to 0 and scales up the others, the same for the same generator', () => {
    const [q, k] = [normal(1, 200, 2), normal(1, 300, 2)];
    const identity = eye(300, { dtype: 'float64' }).expandDims(0);
    const dropout = 0.25;
    const kept = attention(q, k, identity, { dropout, generator: new Generator(3) });
    const whole = attention(q, k, identity);
    const share = kept.equal(0).cast('float64').mean().item();
    expect(Math.abs(share - dropout)).toBeLessThan(0.01);
    expect(worst(where(kept.equal(0), 0, kept.sub(whole.div(1 - dropout))), kept.mul(0))).toBeLessThan(1e-15);
    expect(worst(kept, attention(q, k, identity, { dropout, generator: new Generator(3) }))).toBe(0);
    const f = (query: Tensor) =>
      attention(query, k, k, { dropout, generator: new Generator(3) })
        .square()
        .sum();
    gradientAgreesWithDifferences(f, [q], 0);
  });

  it('refuses a dropout of everything', () => {
    for (const dropout of [1, -0.1, Number.NaN]) {
      expectError(
        () => attention(ones([3, 4]), ones([5, 4]), ones([5, 2]), { dropout }),
        ArgumentError,
        `scaledDotProductAttention: got dropout ${dropout}; expected a number of at least 0 and below 1`,
      );
    }
    expectError(
      () => attention(ones([3, 4]), ones([5, 3]), ones([5, 2]), { dropout: 0.5 }),
      ShapeError,
      'scaledDotProductAttention: got query [3, 4] and key [5, 3] and value [5, 2]; expected query [..., n, d], key [..., m, d] and value [..., m, e]',
    );
  });

  it('of nothing is zeros', () => {
    expect(attention(ones([2, 3]), zeros([0, 3]), zeros([0, 4])).toArray()).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    expect(attention(ones([0, 3]), ones([2, 3]), ones([2, 4])).shape).toEqual([0, 4]);
  });

  it('says what does not fit', () => {
    const wanted = 'expected query [..., n, d], key [..., m, d] and value [..., m, e]';
    expectError(
      () => attention(ones([3, 4]), ones([5, 3]), ones([5, 2])),
      ShapeError,
      `scaledDotProductAttention: got query [3, 4] and key [5, 3] and value [5, 2]; ${wanted}`,
    );
    expectError(
      () => attention(ones([4]), ones([5, 4]), ones([5, 2])),
      ShapeError,
      `scaledDotProductAttention: got query [4] and key [5, 4] and value [5, 2]; ${wanted}`,
    );
    expectError(
      () => attention(ones([3, 4]), ones([5, 4], { dtype: 'float64' }), ones([5, 2])),
      DTypeError,
      'scaledDotProductAttention: got query float32 and key float64 and value float32; expected three tensors of one floating dtype. Convert with .cast().',
    );
    expectError(
      () => attention(ones([3, 4]), ones([5, 4]), ones([5, 2]), { mask: ones([3, 5]) }),
      DTypeError,
      "scaledDotProductAttention: got mask float32; expected a mask of bools, true where a query may attend. Convert with .cast('bool').",
    );
    expectError(
      () => attention(ones([3, 4]), ones([5, 4]), ones([5, 2]), { scale: Number.NaN }),
      ArgumentError,
      'scaledDotProductAttention: got scale NaN; expected a finite number',
    );
    expectError(
      () => attention(ones([3, 4]), ones([5, 4]), ones([5, 2]), { isCausal: true } as never),
      ArgumentError,
      "scaledDotProductAttention: got unknown option 'isCausal'; expected one of mask, causal, scale, dropout, generator",
    );
  });
});
