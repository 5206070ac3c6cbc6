import { heapStats } from '@cotangent/kernels';
import fc from 'fast-check';
import { customGrad, customJvp, customVjp, grad, jvp, stack, type Tensor, tensor, vjp, vmap } from '../index.js';
import {
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  shapes,
  smoothTensors,
  type TensorFunction,
} from '../testing/index.js';

/** x · eʷ, said in every way there is. */
const ways: Readonly<Record<string, TensorFunction>> = {
  'customVjp, residuals computed in forward': customVjp({
    forward: (x: Tensor, w: Tensor) => {
      const e = w.exp();
      return [x.mul(e), { x, e }] as const;
    },
    backward: ({ x, e }: { x: Tensor; e: Tensor }, g: Tensor) => [g.mul(e), g.mul(x).mul(e)],
  }),
  'customGrad, residuals in a closure': customGrad((x: Tensor, w: Tensor) => {
    const e = w.exp();
    return { value: x.mul(e), gradient: (g) => [g.mul(e), g.mul(x).mul(e)] };
  }),
  'customJvp, from the result': customJvp({
    forward: (x: Tensor, w: Tensor) => x.mul(w.exp()),
    tangent: ([, w], [dx, dw], out) => w!.exp().mul(dx!).add(out.mul(dw!)),
  }),
};

describe('custom derivatives', () => {
  for (const [way, f] of Object.entries(ways)) {
    it(`${way}: right at orders 1 and 2, in both modes`, () => {
      const inputs = shapes({ maxRank: 2 }).chain((shape) => smoothTensors([shape, shape]));
      fc.assert(
        fc.property(inputs, (at) => {
          for (const k of [0, 1]) {
            gradientAgreesWithDifferences(f, at, k);
            forwardAgreesWithReverse(f, at, k);
            forwardOverReverseAgrees(f, at, k);
            for (const l of [0, 1]) secondOrderAgreesWithDifferences(f, at, k, l);
          }
        }),
        { numRuns: 30 },
      );
    });

    it(`${way}: keeps its rule inside vmap, whatever is differentiated around and inside`, () => {
      const inputs = shapes({ maxRank: 1 }).chain((shape) => smoothTensors([[3, ...shape], shape, [3, ...shape]]));
      const rows = (g: TensorFunction) => (x: Tensor, w: Tensor) => stack([0, 1, 2].map((i) => g(x.slice(i), w)));
      const mapped = (g: TensorFunction) => vmap(g, { inAxes: [0, null] });
      const same = (a: Tensor, b: Tensor): void => {
        expect(a.shape).toEqual(b.shape);
        const [p, q] = [a.toTypedArray(), b.toTypedArray()];
        for (let i = 0; i < p.length; i++) expect(p[i]).toBeCloseTo(q[i]!, 9);
      };
      const slope = (g: TensorFunction, argnums: number) =>
        grad((x: Tensor, w: Tensor) => g(x, w).tanh().sum(), { argnums });
      fc.assert(
        fc.property(inputs, ([x, w, t]) => {
          same(mapped(f)(x!, w!), rows(f)(x!, w!));
          for (const k of [0, 1]) {
            same(mapped(slope(f, k))(x!, w!), rows(slope(f, k))(x!, w!));
            same(slope(mapped(f), k)(x!, w!), slope(rows(f), k)(x!, w!));
            for (const l of [0, 1]) {
              const twice = (map: typeof rows) => slope(map(slope(f, k)), l)(x!, w!);
              same(twice(mapped), twice(rows));
            }
          }
          same(jvp((a) => mapped(f)(a, w!), [x!], [t!])[1], jvp((a) => rows(f)(a, w!), [x!], [t!])[1]);
        }),
        { numRuns: 10 },
      );
    });

    it(`${way}: works with backward(), also recorded`, () => {
      const [x, w] = [tensor([2], { requiresGrad: true }), tensor([0], { requiresGrad: true })];
      f(x, w).sum().backward({ createGraph: true });
      expect([x.grad!.toArray(), w.grad!.toArray()]).toEqual([[1], [2]]);
      const slope = w.grad!.sum();
      w.zeroGrad();
      slope.backward();
      expect(w.grad!.toArray()).toEqual([2]);
    });
  }

  it('uses the rule it was given, not the true derivative', () => {
    const straightThrough = customVjp({
      forward: (x: Tensor) => [x.greater(0).cast('float32'), null] as const,
      backward: (_: null, g: Tensor) => [g],
    });
    expect(grad((x: Tensor) => straightThrough(x).mul(3).sum())(tensor([-1, 2])).toArray()).toEqual([3, 3]);
  });

  it('takes values that are trees', () => {
    const f = customVjp({
      forward: (x: Tensor) => [{ double: x.mul(2), rest: [x.square()] }, x] as const,
      backward: (x: Tensor, g: { double: Tensor; rest: readonly Tensor[] }) => [
        g.double.mul(2).add(g.rest[0]!.mul(x).mul(2)),
      ],
    });
    const [y, pullback] = vjp((x: Tensor) => f(x), [tensor([3])]);
    expect([y.double.toArray(), y.rest[0]!.toArray()]).toEqual([[6], [9]]);
    expect(pullback({ double: tensor([1]), rest: [tensor([10])] })[0].toArray()).toEqual([62]);
    const [, t] = jvp((x: Tensor) => f(x).rest[0]!.add(f(x).double), [tensor([3])], [tensor([1])]);
    expect(t.toArray()).toEqual([8]);
  });

  it('gives zero where a rule says null', () => {
    const f = customVjp({
      forward: (x: Tensor, y: Tensor) => [x.mul(y), y] as const,
      backward: (y: Tensor, g: Tensor) => [g.mul(y), null],
    });
    expect(
      grad((x: Tensor, y: Tensor) => f(x, y).sum(), { argnums: [0, 1] })(tensor([2]), tensor([5])).map((g) =>
        g.toArray(),
      ),
    ).toEqual([[5], [0]]);
  });

  it('says what is wrong with a rule', () => {
    const short = customVjp({
      name: 'short',
      forward: (x: Tensor, y: Tensor) => [x.mul(y), null] as const,
      backward: (_: null, g: Tensor) => [g],
    });
    expect(() => grad((x: Tensor) => short(x, x).sum())(tensor([1]))).toThrow(
      'short: its rule gave 1 cotangents for 2 inputs. Return one for each input, null where there is none.',
    );
    const shapeless = customGrad((x: Tensor) => ({ value: x, gradient: (g) => g.sum() }));
    expect(() => grad((x: Tensor) => shapeless(x).sum())(tensor([1, 2]))).toThrow(
      'its vjp gave a cotangent of shape [] for an input of shape [2]',
    );
    expect(() => short(1 as never, tensor(1))).toThrow('short: argument 0 is number; expected a tensor');
  });

  it('holds memory flat in a loop of steps', () => {
    const f = ways['customVjp, residuals computed in forward']!;
    const [x, w] = [tensor(new Float32Array(4096), { requiresGrad: true }), tensor(new Float32Array(4096))];
    const step = () => {
      x.zeroGrad();
      f(x, w).sum().backward();
    };
    for (let i = 0; i < 100; i++) step();
    const before = heapStats().liveBytes;
    for (let i = 0; i < 5000; i++) step();
    expect(heapStats().liveBytes).toBeLessThan(before + 70 * 2 ** 20);
  });
});
