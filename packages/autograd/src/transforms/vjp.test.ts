import { heapStats } from '@cotangent/kernels';
import { grad, jvp, linearize, scope, type Tensor, tensor, vjp } from '../index.js';

describe('vjp(f, primals)', () => {
  it('gives the value and its pullback, which may be called again', () => {
    const [y, pullback] = vjp((x: Tensor) => x.square(), [tensor([1, 2])]);
    expect(y.toArray()).toEqual([1, 4]);
    expect(pullback(tensor([1, 10]))[0].toArray()).toEqual([2, 40]);
    expect(pullback(tensor([0, 1]))[0].toArray()).toEqual([0, 4]);
  });

  it('takes and gives trees', () => {
    const f = ({ a, b }: { a: Tensor; b: Tensor }, c: Tensor) => ({ sum: a.add(c), parts: [a.mul(b), c] });
    const [y, pullback] = vjp(f, [{ a: tensor([2]), b: tensor([3]) }, tensor([5])]);
    expect(y.parts.map((t) => t.toArray())).toEqual([[6], [5]]);
    const [ab, c] = pullback({ sum: tensor([1]), parts: [tensor([10]), tensor([100])] });
    expect([ab.a.toArray(), ab.b.toArray(), c.toArray()]).toEqual([[31], [20], [101]]);
  });

  it('composes with grad: the pullback is differentiable in its cotangent and in the primal', () => {
    const f = (x: Tensor) => x.pow(3);
    const viaPullback = (x: Tensor) => vjp(f, [x])[1](tensor(1))[0];
    expect(grad(viaPullback)(tensor(2)).item()).toBeCloseTo(12);
    expect(grad(grad(viaPullback))(tensor(2)).item()).toBeCloseTo(6);
    expect(grad((u: Tensor) => vjp(f, [tensor(2)])[1](u)[0])(tensor(1)).item()).toBeCloseTo(12);
  });

  it('refuses cotangents that do not fit', () => {
    const [, pullback] = vjp((x: Tensor) => x.square(), [tensor([1, 2])]);
    expect(() => pullback(tensor([1]))).toThrow(
      'vjp: got cotangent [1] and value [2]; expected a cotangent of the shape of the value',
    );
  });

  it('says that what it pulled back from a tracked cotangent was not recorded', () => {
    const [, pullback] = vjp((x: Tensor) => x.exp(), [tensor([1, 2])]);
    const g = tensor([1, 1], { requiresGrad: true });
    expect(() => pullback(g)[0].mul(g).sum().backward()).toThrow('whose own derivative was not recorded');
  });

  it('recycles its graph with the scope around, and says so', () => {
    let late: ((g: Tensor) => unknown) | undefined;
    scope(() => {
      const [, pullback] = vjp((x: Tensor) => x.exp(), [tensor([1, 2])]);
      late = pullback;
    });
    expect(() => late!(tensor([1, 1]))).toThrow('is over');
  });

  it('holds memory flat in a synchronous loop, whether the pullback is called or dropped', () => {
    const x = tensor(new Float32Array(4096));
    const step = () => {
      const [, pullback] = vjp((v: Tensor) => v.square().mul(v), [x]);
      pullback(x);
    };
    for (let i = 0; i < 1000; i++) step();
    const before = heapStats().liveBytes;
    for (let i = 0; i < 4000; i++) step();
    expect(heapStats().liveBytes).toBeLessThan(before + 80 * 2 ** 20);
  });
});

describe('linearize(f, primals)', () => {
  it('is the derivative as a linear map', () => {
    const f = (x: Tensor, w: Tensor) => x.mul(w).tanh();
    const primals = [tensor([0.1, 0.2]), tensor([2, 3])] as const;
    const tangents = [tensor([1, 0.5]), tensor([-1, 2])] as const;
    const [y, derivative] = linearize(f, primals);
    const [expected, t] = jvp(f, primals, tangents);
    expect(y.toArray()).toEqual(expected.toArray());
    const got = derivative(...tangents).toArray() as number[];
    for (const [i, v] of (t.toArray() as number[]).entries()) expect(got[i]).toBeCloseTo(v, 6);
  });
});
