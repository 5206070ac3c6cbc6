import { ArgumentError, DTypeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  abs,
  GradientError,
  type GradOptions,
  grad,
  noGrad,
  ones,
  ReleasedTensorError,
  type Tensor,
  tensor,
  valueAndGrad,
  where,
  zeros,
} from '../index.js';
import { expectError } from '../testing/expectError.js';

const float64 = { dtype: 'float64' } as const;
const at = (x: number): Tensor => tensor(x, float64);

/** f, f′, f″, … at x, by grad of grad. */
function derivatives(f: (x: Tensor) => Tensor, x: number, highest: number): number[] {
  const found: number[] = [];
  for (let order = 0; order <= highest; order++) {
    found.push(f(at(x)).item());
    f = grad(f);
  }
  return found;
}

/** d/dx (p(t)) for t = tanh x, as a polynomial in t: p′(t) (1 − t²). */
const tanhDerivatives = (x: number): number[] => {
  const t = Math.tanh(x);
  const u = 1 - t * t;
  return [t, u, -2 * t * u, u * (6 * t * t - 2), u * (16 * t - 24 * t ** 3)];
};

const sigmoidDerivatives = (x: number): number[] => {
  const s = 1 / (1 + Math.exp(-x));
  const p = s * (1 - s);
  return [s, p, p * (1 - 2 * s), p * (1 - 6 * s + 6 * s * s), p * (1 - 2 * s) * (1 - 12 * s + 12 * s * s)];
};

describe('grad(f), nested', () => {
  const closedForms: [string, (x: Tensor) => Tensor, (x: number) => number[], [number, number]][] = [
    ['tanh x', (x) => x.tanh(), tanhDerivatives, [-3, 3]],
    ['σ(x)', (x) => x.sigmoid(), sigmoidDerivatives, [-4, 4]],
    ['eˣ', (x) => x.exp(), (x) => [0, 1, 2, 3, 4].map(() => Math.exp(x)), [-3, 3]],
    ['ln x', (x) => x.log(), (x) => [Math.log(x), 1 / x, -1 / x ** 2, 2 / x ** 3, -6 / x ** 4], [0.3, 4]],
    [
      'x^2.5',
      (x) => x.pow(2.5),
      (x) => [x ** 2.5, 2.5 * x ** 1.5, 3.75 * x ** 0.5, 1.875 * x ** -0.5, -0.9375 * x ** -1.5],
      [0.3, 4],
    ],
    [
      '√x',
      (x) => x.sqrt(),
      (x) => [x ** 0.5, 0.5 * x ** -0.5, -0.25 * x ** -1.5, 0.375 * x ** -2.5, -0.9375 * x ** -3.5],
      [0.3, 4],
    ],
    ['1 / x', (x) => x.reciprocal(), (x) => [1 / x, -1 / x ** 2, 2 / x ** 3, -6 / x ** 4, 24 / x ** 5], [0.4, 4]],
    [
      'x tanh x',
      (x) => x.mul(x.tanh()),
      (x) => tanhDerivatives(x).map((t, n, all) => x * t + n * (all[n - 1] ?? 0)),
      [-3, 3],
    ],
    [
      'x σ(x)',
      (x) => x.mul(x.sigmoid()),
      (x) => sigmoidDerivatives(x).map((s, n, all) => x * s + n * (all[n - 1] ?? 0)),
      [-4, 4],
    ],
    ['x eˣ', (x) => x.mul(x.exp()), (x) => [0, 1, 2, 3, 4].map((n) => (x + n) * Math.exp(x)), [-3, 3]],
    [
      'where(x > 0, x³, −x²)',
      (x) => where(x.greater(0), x.pow(3), x.square().neg()),
      (x) => (x > 0 ? [x ** 3, 3 * x ** 2, 6 * x, 6, 0] : [-(x ** 2), -2 * x, -2, 0, 0]),
      [-2, 2],
    ],
  ];

  it.each(closedForms)('of %s is the closed form to order 4', (_, f, closedForm, [min, max]) => {
    fc.assert(
      fc.property(fc.double({ min, max, noNaN: true }), (x) => {
        const expected = closedForm(x);
        for (const [order, got] of derivatives(f, x, 4).entries()) {
          expect(Math.abs(got - expected[order]!)).toBeLessThanOrEqual(1e-11 * Math.max(1, Math.abs(expected[order]!)));
        }
      }),
    );
  });

  it('follows a saved output beside another path: (x tanh x)″ is 1.520 at 0.37, (x eˣ)″ is 12.11 at 1.3', () => {
    expect(derivatives((x) => x.mul(x.tanh()), 0.37, 2)[2]).toBeCloseTo(1.5203, 4);
    expect(derivatives((x) => x.mul(x.exp()), 1.3, 2)[2]).toBeCloseTo(12.1087, 4);
    const sum = (x: Tensor): Tensor => x.mul(x.tanh()).sum();
    const second = grad((x: Tensor) => grad(sum)(x).sum())(tensor([0.37, -0.37]));
    for (const y of second.toTypedArray()) expect(y).toBeCloseTo(1.5203, 4);
  });

  it('is symmetric in mixed derivatives', () => {
    const f = (x: Tensor, y: Tensor): Tensor => x.mul(y).tanh().mul(x.exp());
    const xy = grad((x: Tensor, y: Tensor) => grad(f, { argnums: 1 })(x, y))(at(0.3), at(-0.8));
    const yx = grad((x: Tensor, y: Tensor) => grad(f)(x, y), { argnums: 1 })(at(0.3), at(-0.8));
    expect(xy.item()).toBeCloseTo(yx.item(), 14);
  });

  it('does not confuse the two: d/dx (x · d/dy (x + y)) is 1', () => {
    const f = grad((x: Tensor) => x.mul(grad((y: Tensor) => x.add(y))(at(1))));
    expect(f(at(3)).item()).toBe(1);
    const g = grad((x: Tensor) => x.mul(grad((y: Tensor) => x.mul(y))(at(2))));
    expect(g(at(3)).item()).toBe(6);
  });

  it('sees an inner gradient taken at a function of the outer argument', () => {
    // h(x) = d/dy y³ at y = x² is 3 x⁴, h′ = 12 x³
    const h = (x: Tensor): Tensor => grad((y: Tensor) => y.pow(3))(x.square());
    expect(grad(h)(at(2)).item()).toBe(96);
  });

  it('treats an inner gradient at a constant as a constant', () => {
    const f = (x: Tensor): Tensor => grad((y: Tensor) => y.mul(y))(at(5)).mul(x);
    expect(grad(f)(at(3)).item()).toBe(10);
    const [value, slope] = valueAndGrad(f)(at(3));
    expect(value.mul(slope).item()).toBe(300);
  });
});

describe('grad of a function with a choice in it', () => {
  it('goes through where(x > c, …)', () => {
    const f = (x: Tensor): Tensor => where(x.greater(0.5), x.square(), x.mul(3)).sum();
    expect(grad(f)(tensor([0, 0.5, 2])).toArray()).toEqual([3, 3, 4]);
  });

  it('splits max at a tie evenly', () => {
    expect(grad((x: Tensor) => x.max())(tensor([2, 2])).toArray()).toEqual([0.5, 0.5]);
  });

  it('is 0 for a norm at 0 once the root is guarded, and ∞ · 0 = NaN otherwise', () => {
    expect(grad((x: Tensor) => x.abs().sum())(zeros([2])).toArray()).toEqual([0, 0]);
    expect(grad((x: Tensor) => x.square().sum().sqrt())(zeros([2])).toArray()).toEqual([NaN, NaN]);
  });
});

describe('grad(f) of a module', () => {
  const holder = { p: tensor([3], { requiresGrad: true }), namedParameters: () => [['p', holder.p]] as const };

  it('takes what was computed before for a constant, and leaves its graph alone', () => {
    holder.p.zeroGrad();
    const before = holder.p.mul(2);
    const slope = grad((module: typeof holder) => module.p.mul(before).sum());
    expect(slope(holder).p!.toArray()).toEqual([6]);
    before.sum().backward();
    expect(holder.p.grad!.toArray()).toEqual([2]);
    holder.p.zeroGrad();
  });

  it('nests: the inner one does not see through what the outer one computed', () => {
    const inner = grad((module: typeof holder, x: Tensor) => module.p.square().mul(x).sum());
    // x = p³ is a constant inside: inner = 2 p x = 2 p⁴, and outside its derivative is 8 p³.
    const outer = grad((module: typeof holder) => inner(module, module.p.pow(3)).p!.sum());
    expect(outer(holder).p!.toArray()).toEqual([216]);
  });
});

describe('argnums', () => {
  const f = (a: Tensor, b: Tensor, c: number): Tensor => a.mul(b).mul(c).sum();

  it('is 0 by default; a number gives a gradient, a list a list', () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    expect(grad(f)(a, b, 10).toArray()).toEqual([30, 40]);
    expect(grad(f, { argnums: 1 })(a, b, 10).toArray()).toEqual([10, 20]);
    expect(grad(f, { argnums: [1, 0] })(a, b, 10).map((g) => g.toArray())).toEqual([
      [10, 20],
      [30, 40],
    ]);
    expect(grad(f, { argnums: [1] })(a, b, 10).map((g) => g.toArray())).toEqual([[10, 20]]);
  });

  it.each([[-1], [2], [0.5], [NaN]])('refuses %d', (argnums) => {
    expectError(
      () => grad((a: Tensor, b: Tensor) => a.mul(b), { argnums })(tensor(1), tensor(2)),
      ArgumentError,
      `grad: got argnums ${argnums} for 2 arguments; expected integers from 0 to 1`,
    );
  });

  it('refuses an argument without tensors: a number has no gradient to give', () => {
    expectError(
      () => grad((x: number) => tensor(x).square())(3),
      GradientError,
      'grad: argument 0 holds no tensor. Wrap numbers with tensor(…).',
    );
    expectError(
      () => valueAndGrad(f, { argnums: [0, 2] })(tensor(1), tensor(2), 3),
      GradientError,
      /^valueAndGrad: argument 2 holds no tensor/,
    );
  });
});

describe('trees', () => {
  it('give gradients of the structure of the argument; what is not a tensor rides along', () => {
    const parameters = {
      layers: [
        { w: tensor([1, 2]), b: tensor(3) },
        { w: tensor([4, 5]), b: tensor(6) },
      ],
      name: 'net',
      rate: 0.5,
    };
    const loss = (p: typeof parameters): Tensor =>
      p.layers
        .reduce(
          (total, { w, b }, i) =>
            total.add(
              w
                .mul(b)
                .sum()
                .mul(i + 1),
            ),
          tensor(0),
        )
        .mul(p.rate);
    const gradient = grad(loss)(parameters);
    expect(gradient.layers.map(({ w, b }) => [w.toArray(), b.toArray()])).toEqual([
      [[1.5, 1.5], 1.5],
      [[6, 6], 9],
    ]);
    expect([gradient.name, gradient.rate]).toEqual(['net', 0.5]);
  });

  it('take the same tensor twice as two arguments', () => {
    const w = tensor(3);
    const [a, b] = grad(([x, y]: [Tensor, Tensor]) => x.mul(y).mul(y))([w, w]);
    expect([a.item(), b.item()]).toEqual([9, 18]);
  });
});

describe('what f returns', () => {
  it('may be its argument itself', () => {
    const w = tensor(2);
    const [value, gradient] = valueAndGrad((x: Tensor) => x)(w);
    expect([value.item(), gradient.item()]).toEqual([2, 1]);
    expect(grad((x: Tensor) => x.reshape([]))(tensor([2])).toArray()).toEqual([1]);
  });

  it('need not depend on the argument: the gradient is zeros of its shape and dtype', () => {
    const gradient = grad((_: Tensor, y: Tensor) => y.sum(), { argnums: [0, 1] })(ones([2, 3], float64), ones([2]));
    expect(gradient[0]!.toString()).toBe('Tensor float64 [2, 3]\n[[0, 0, 0],\n [0, 0, 0]]');
    expect(grad((_: Tensor) => tensor(1))(ones([2])).toArray()).toEqual([0, 0]);
    expect(grad((x: Tensor) => x.detach().sum())(ones([2])).toArray()).toEqual([0, 0]);
    expect(grad((x: Tensor) => x.greater(0).cast('float32').sum())(ones([2])).toArray()).toEqual([0, 0]);
  });

  it('may come from outside, and leaves no trace there', () => {
    const w = tensor(2, { requiresGrad: true });
    const outside = w.mul(1);
    expect(grad((_: Tensor) => outside)(tensor(1)).item()).toBe(0);
    outside.mul(3).backward();
    expect(w.grad!.item()).toBe(3);
  });

  it('may have any number of axes of extent 1', () => {
    expect(grad((x: Tensor) => x.square())(tensor([[3]])).toArray()).toEqual([[6]]);
  });

  it.each<[string, (x: Tensor) => unknown, string]>([
    [
      'several elements',
      (x) => x.mul(2),
      'grad: the function returned shape [2]; expected one element. Reduce it with .sum() or .mean().',
    ],
    [
      'none',
      (x) => x.slice([0, 0]),
      'grad: the function returned shape [0]; expected one element. Reduce it with .sum() or .mean().',
    ],
    ['integers', (x) => x.argmax(), 'grad: the function returned int32; expected float32 or float64'],
    [
      'a number',
      () => 3,
      'grad: the function returned number; expected a tensor of one element. Pass { hasAux: true } to return [value, auxiliary].',
    ],
    ['nothing', () => undefined, /^grad: the function returned undefined; expected a tensor of one element/ as never],
    ['null', () => null, /^grad: the function returned null;/ as never],
    [
      'a pair without hasAux',
      (x) => [x.sum(), 1],
      /^grad: the function returned an array; expected a tensor of one element/ as never,
    ],
    [
      'a promise',
      async (x) => x.sum(),
      'grad: got an asynchronous function; expected one that returns its tensor. Await data first, and differentiate the synchronous part.',
    ],
  ])('is refused if it is %s', (_, f, message) => {
    expectError(() => grad(f as (x: Tensor) => Tensor)(tensor([1, 2])), GradientError, message);
  });
});

describe('hasAux', () => {
  const f = (x: Tensor): [Tensor, { squares: Tensor; count: number }] => {
    const squares = x.square();
    return [squares.sum(), { squares, count: x.size }];
  };

  it('hands what else f returns through, undifferentiated', () => {
    const [[value, aux], gradient] = valueAndGrad(f, { hasAux: true })(tensor([1, 2]));
    expect([value.item(), aux.squares.toArray(), aux.count, gradient.toArray()]).toEqual([5, [1, 4], 2, [2, 4]]);
    expect(aux.squares.requiresGrad).toBe(false);
    const [direct, other] = grad(f, { hasAux: true })(tensor([1, 2]));
    expect([direct.toArray(), (other as typeof aux).squares.toArray()]).toEqual([
      [2, 4],
      [1, 4],
    ]);
  });

  it('works when the auxiliary is the argument, or the value', () => {
    const [[value, [x, same]], gradient] = valueAndGrad(
      (t: Tensor): [Tensor, Tensor[]] => {
        const y = t.sum();
        return [y, [t, y]];
      },
      { hasAux: true },
    )(tensor([1, 2]));
    expect([value.item(), x!.toArray(), same!.item(), gradient.toArray()]).toEqual([3, [1, 2], 3, [1, 1]]);
  });
});

describe('options and arguments', () => {
  it('refuse unknown names at once, under the name that was called', () => {
    const wrong = { argnum: 1 } as GradOptions;
    expectError(
      () => grad((x: Tensor) => x, wrong),
      ArgumentError,
      "grad: got unknown option 'argnum'; expected one of argnums, hasAux, createGraph",
    );
    expectError(
      () => valueAndGrad((x: Tensor) => x, wrong),
      ArgumentError,
      "valueAndGrad: got unknown option 'argnum'; expected one of argnums, hasAux, createGraph",
    );
  });

  it('refuse integers', () => {
    expectError(
      () => grad((x: Tensor) => x.sum())(tensor([1], { dtype: 'int32' })),
      DTypeError,
      'grad: got argument int32; expected float32 or float64. Integers have no derivative: use .cast().',
    );
  });

  it('leave the arguments as they were', () => {
    const x = tensor([1, 2]);
    grad((t: Tensor) => t.square().sum())(x);
    expect([x.requiresGrad, x.grad, x.toArray()]).toEqual([false, null, [1, 2]]);
  });

  it('pass an exception in f on, and the next call works', () => {
    const f = (x: Tensor): Tensor => {
      if (x.item() > 1) throw new RangeError('too large');
      return x.square();
    };
    expectError(() => grad(f)(tensor(2)), RangeError, 'too large');
    expectError(() => grad(grad(f))(tensor(2)), RangeError, 'too large');
    expect(grad(grad(f))(tensor(1)).item()).toBe(2);
  });
});

describe('noGrad and detach inside grad', () => {
  it('make constants', () => {
    expect(grad((x: Tensor) => noGrad(() => x.square()).mul(x))(tensor(3)).item()).toBe(9);
    expect(grad((x: Tensor) => x.square().detach().mul(x))(tensor(3)).item()).toBe(9);
    expect(
      grad((x: Tensor) => noGrad(() => grad((y: Tensor) => y.mul(x).tanh())(tensor(0))).mul(x))(tensor(3)).item(),
    ).toBe(3);
  });

  it('around grad do not stop it: f is always recorded', () => {
    expect(noGrad(() => grad((x: Tensor) => x.square())(tensor(3))).item()).toBe(6);
    expect(noGrad(() => grad(grad((x: Tensor) => x.pow(3)))(tensor(2))).item()).toBe(12);
  });
});

describe('createGraph at top level', () => {
  // D(x) = Σ tanh(x w): ∂D/∂x = w (1 − tanh²), and the penalty (∂D/∂x − 1)² trains w.
  const critic = (w: Tensor) => (x: Tensor) => x.mul(w).tanh().sum();
  const penaltyOf = (w: Tensor, x: Tensor): Tensor => grad(critic(w), { createGraph: true })(x).sub(1).square().sum();
  const inNumbers = (w: number, x: number): number => (w * (1 - Math.tanh(x * w) ** 2) - 1) ** 2;

  it('lets a gradient penalty reach the parameters that f closes over', () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true }), (w, x) => {
        const leaf = tensor(w, { ...float64, requiresGrad: true });
        penaltyOf(leaf, at(x)).backward();
        const h = 1e-5;
        const slope = (inNumbers(w + h, x) - inNumbers(w - h, x)) / (2 * h);
        expect(Math.abs(leaf.grad!.item() - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
      }),
    );
  });

  it('differentiates value and gradient together', () => {
    const w = tensor(0.7, { ...float64, requiresGrad: true });
    const [value, gradient] = valueAndGrad((x: Tensor) => x.square().mul(w).sum(), { createGraph: true })(at(3));
    value.add(gradient).backward(); // 9 w + 6 w
    expect(w.grad!.item()).toBe(15);
  });

  it('computes no gradient of the argument that nobody asked for', () => {
    const x = tensor(2);
    const w = tensor(3, { requiresGrad: true });
    grad((t: Tensor) => t.mul(t).mul(w), { createGraph: true })(x).backward();
    expect([x.grad, w.grad!.item()]).toEqual([null, 4]);
  });

  it('reaches an argument that is itself a leaf', () => {
    const x = tensor(2, { requiresGrad: true });
    grad((t: Tensor) => t.pow(3), { createGraph: true })(x).backward();
    expect(x.grad!.item()).toBe(12);
  });

  it('without it, using the result in a backward pass throws and says what to do', () => {
    const w = tensor(3, { requiresGrad: true });
    const slope = grad((x: Tensor) => x.mul(x).mul(w))(tensor(2));
    expect(slope.item()).toBe(12);
    expectError(
      () => slope.square().backward(),
      GradientError,
      'backward: the result of square comes from grad(), whose own derivative was not recorded. Pass { createGraph: true } to that grad(), or nest it in the outer transform.',
    );
    expectError(
      () => slope.mul(w).backward(),
      GradientError,
      'backward: input a of multiply is a result of grad() whose own derivative was not recorded. Pass { createGraph: true } to that grad(), nest it in the outer transform, or .detach() its result to treat it as a constant.',
    );
    slope.detach().mul(w).backward();
    expect(w.grad!.item()).toBe(12);
  });

  it('without it, what no derivative goes through is free to use: the sign of a gradient is a constant', () => {
    const w = tensor([3, -1], { requiresGrad: true });
    const x = tensor([2, 2]);
    const direction = grad((t: Tensor) => t.mul(w).sum())(x).sign();
    x.add(direction.mul(0.5)).mul(w).sum().backward();
    expect(w.grad!.toArray()).toEqual([2.5, 1.5]);
  });

  it('is not needed where nothing from outside is tracked', () => {
    const slope = grad((x: Tensor) => x.square())(tensor(2));
    const w = tensor(3, { requiresGrad: true });
    slope.mul(w).backward();
    expect(w.grad!.item()).toBe(4);
  });

  it('is not needed under noGrad, where everything is a constant', () => {
    const w = tensor(3, { requiresGrad: true });
    const slope = noGrad(() => grad((x: Tensor) => x.mul(x).mul(w))(tensor(2)));
    slope.mul(w).backward();
    expect(w.grad!.item()).toBe(12);
  });
});

describe('the results of a transform', () => {
  it('stay right while a thousand other tensors are made', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 600 }), (values) => {
        const x = tensor(values, float64);
        const [value, gradient] = valueAndGrad((t: Tensor) => t.square().sum())(x);
        const expected = values.map((v) => 2 * v);
        for (let i = 0; i < 1000; i++) tensor(values, float64).add(i);
        for (let i = 0; i < 20; i++) grad((t: Tensor) => t.mul(i).exp().sum())(x);
        expect([...gradient.toTypedArray()]).toEqual(expected);
        expect(value.item()).toBeCloseTo(
          values.reduce((sum, v) => sum + v * v, 0),
          9,
        );
      }),
      { numRuns: 20 },
    );
  });

  it('are all that is left: what was made on the way and kept by a side effect is released', () => {
    const stolen: Tensor[] = [];
    grad((x: Tensor) => {
      stolen.push(x, x.exp(), abs(x).detach());
      return x.sum();
    })(tensor([1, -2]));
    expectError(() => stolen[0]!.toArray(), ReleasedTensorError, /^tensor: this result has been released/);
    expectError(
      () => stolen[1]!.item(),
      ReleasedTensorError,
      /^exp: this result has been released and its memory reused\. Tensors that took part in a backward\(\) live until the end of the next one/,
    );
    expect(stolen[2]!.toArray()).toEqual([1, 2]);
  });

  it('of functions returned twice are the same tensor twice', () => {
    const [[, [a, b]]] = valueAndGrad(
      (x: Tensor): [Tensor, Tensor[]] => {
        const y = x.exp();
        return [y.sum(), [y, y]];
      },
      { hasAux: true },
    )(tensor([0]));
    expect([a!.toArray(), b!.toArray()]).toEqual([[1], [1]]);
  });
});
