import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError, Generator } from '@cotangent/kernels';
import {
  concat,
  fromTypedArray,
  GradientError,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  randomNormal,
  softmaxCrossEntropy,
  stack,
  type Tensor,
  tensor,
  vmap,
} from '../index.js';
import { expectError } from '../testing/expectError.js';

const generator = new Generator(5);
const random = (...shape: number[]): Tensor => randomNormal(shape, { dtype: 'float64', generator });

function expectEqual(got: Tensor, expected: Tensor): void {
  expect(got.shape).toEqual(expected.shape);
  const [a, b] = [got.toTypedArray(), expected.toTypedArray()];
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 11);
}

/** ∂f/∂x one element of the result at a time. */
function jacobianByGradients(f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const y = f(x);
  const rows = Array.from({ length: y.size }, (_, i) => grad((a: Tensor) => f(a).reshape([-1]).slice(i))(x));
  return stack(rows).reshape([...y.shape, ...x.shape]);
}

const w = random(2, 3);
const modes = { jacrev, jacfwd };

for (const [name, jacobian] of Object.entries(modes)) {
  describe(`${name}(f)`, () => {
    it.each([
      ['a scalar of a scalar', (x: Tensor) => x.tanh(), random()],
      ['a vector of a scalar', (x: Tensor) => w.slice(0).mul(x).exp(), random()],
      ['a scalar of a matrix', (x: Tensor) => x.mul(w).tanh().sum(), random(2, 3)],
      ['a matrix of a matrix', (x: Tensor) => w.matmul(x).tanh(), random(3, 2)],
      ['one element in three axes of a vector', (x: Tensor) => x.square().sum().reshape([1, 1, 1]), random(4)],
      ['the argument itself', (x: Tensor) => x, random(3)],
      ['what does not depend on it', () => w, random(2)],
    ])('gives the derivative of %s, of the shape of the result and the argument', (_, f, x) => {
      expectEqual(jacobian(f)(x), jacobianByGradients(f, x));
    });

    it('takes and gives trees', () => {
      const p = { a: random(3), b: [random(2, 3), 'tanh'] as const };
      const f = (q: typeof p, x: Tensor) => ({ y: q.b[0].matmul(q.a.mul(x)), rest: [q.a.sum().mul(x)] });
      const x = random(3);
      const { y, rest } = jacobian(f)(p, x);
      expectEqual(y.a, p.b[0].mul(x));
      expectEqual(
        y.b[0],
        jacobianByGradients((b) => b.matmul(p.a.mul(x)), p.b[0]),
      );
      expect(y.b[1]).toBe('tanh');
      expectEqual(
        rest[0]!.a,
        jacobianByGradients((a) => a.sum().mul(x), p.a),
      );
      expectEqual(rest[0]!.b[0], random(3, 2, 3).mul(0));
    });

    it('differentiates with respect to the arguments chosen', () => {
      const [a, b] = [random(3), random(3)];
      const f = (x: Tensor, y: Tensor): Tensor => x.mul(y.exp());
      expectEqual(
        jacobian(f, { argnums: 1 })(a, b),
        jacobianByGradients((y) => f(a, y), b),
      );
      const [da, db] = jacobian(f, { argnums: [0, 1] })(a, b);
      expectEqual(
        da!,
        jacobianByGradients((x) => f(x, b), a),
      );
      expectEqual(
        db!,
        jacobianByGradients((y) => f(a, y), b),
      );
    });

    it('counts a tensor returned twice, or passed twice, each time', () => {
      const twice = jacobian((x: Tensor) => {
        const y = x.square();
        return [y, y];
      })(tensor([1, 2]));
      expect(twice.map((j) => j.toArray())).toEqual(
        Array(2).fill([
          [2, 0],
          [0, 4],
        ]),
      );
      const x = tensor([1, 2]);
      const [a, b] = jacobian((p: Tensor, q: Tensor) => p.mul(q.square()), { argnums: [0, 1] })(x, x);
      expect([a!.toArray(), b!.toArray()]).toEqual([
        [
          [1, 0],
          [0, 4],
        ],
        [
          [2, 0],
          [0, 8],
        ],
      ]);
    });

    it('takes a part at a time', () => {
      const x = random(3);
      const f = (a: Tensor): Tensor => w.mul(a).tanh();
      for (const chunkSize of [1, 2, 6, 100]) expectEqual(jacobian(f, { chunkSize })(x), jacobianByGradients(f, x));
    });

    it('runs the function once for each tensor of the arguments at most', () => {
      let runs = 0;
      jacobian((x: Tensor) => {
        runs++;
        return x.square();
      })(random(50));
      expect(runs).toBe(1);
    });

    it('works with no elements', () => {
      expect(jacobian((x: Tensor) => x.square())(random(0)).shape).toEqual([0, 0]);
      expect(jacobian((x: Tensor) => x.sum())(random(0, 2)).shape).toEqual([0, 2]);
    });

    it('composes with itself and the others', () => {
      const x = random(3);
      const f = (a: Tensor): Tensor => a.mul(w).tanh().sum({ axis: 1 });
      const expected = jacobianByGradients((a) => jacobianByGradients(f, a), x);
      for (const other of [jacrev, jacfwd]) expectEqual(other(jacobian(f))(x), expected);
      const rows = random(4, 3);
      expectEqual(vmap(jacobian(f))(rows), stack([0, 1, 2, 3].map((i) => jacobianByGradients(f, rows.slice(i)))));
      expectEqual(
        grad((a: Tensor) => jacobian(f)(a).square().sum())(x),
        grad((a: Tensor) => jacobianByGradients(f, a).square().sum())(x),
      );
      const t = random(3);
      expectEqual(jvp(jacobian(f), [x], [t])[1], expected.matmul(t));
    });

    it('goes on with the tape of the user where asked to differentiate through', () => {
      const p = tensor(random(3), { requiresGrad: true });
      const norm = (q: Tensor): Tensor =>
        jacobian((x: Tensor) => x.mul(q).tanh())(random(3).mul(0).add(1))
          .square()
          .sum();
      const expected = grad(norm)(p.detach());
      expectEqual(grad(norm)(p), expected);
    });

    it('explains what it cannot differentiate', () => {
      expectError(
        () => jacobian((x: Tensor) => x.argmax())(random(3)),
        GradientError,
        `${name}: the function returned int32; expected float32 or float64`,
      );
      expectError(
        () => jacobian((_: Tensor) => 3)(random(3)),
        GradientError,
        `${name}: the function returned number; expected a tensor, or a tree of them`,
      );
      expectError(
        () => jacobian((x: Tensor) => x, { argnums: 1 })(random(3)),
        ArgumentError,
        `${name}: got argnums 1 for 1 arguments; expected integers from 0 to 0`,
      );
      expectError(
        () => jacobian((x: number) => tensor(x))(3),
        GradientError,
        `${name}: got number; expected tensors. Wrap numbers with tensor(…).`,
      );
      expectError(
        () => jacobian((x: Tensor) => x, { argnum: 1 } as never),
        ArgumentError,
        `${name}: got unknown option 'argnum'; expected one of argnums, chunkSize`,
      );
    });
  });
}

describe('jacrev(f) of a module', () => {
  it('gives the Jacobian of each parameter by its path', () => {
    const holder = { p: tensor(random(3), { requiresGrad: true }), namedParameters: () => [['p', holder.p]] as const };
    const x = random(2, 3);
    const { p } = jacrev((model: typeof holder) => x.matmul(model.p.tanh()))(holder);
    expectEqual(
      p!,
      jacobianByGradients((q) => x.matmul(q.tanh()), holder.p.detach()),
    );
    expectError(
      () => jacfwd((model: typeof holder) => model.p)(holder),
      GradientError,
      'jacfwd: got a module; expected tensors. Forward mode takes parameters as arguments: pass a tree of them, or use grad, vjp or jacrev.',
    );
  });
});

describe('hessian(f)', () => {
  it('gives all second derivatives', () => {
    const x = random(2, 3);
    const f = (a: Tensor): Tensor => a.mul(w).tanh().sum().square();
    expectEqual(hessian(f)(x), jacobianByGradients(grad(f), x));
    const h = hessian(f)(x).reshape([6, 6]);
    expectEqual(h, h.T);
    expectEqual(hessian(f, { chunkSize: 4 })(x), hessian(f)(x));
    const g = (a: Tensor): Tensor => a.sum({ axis: 0 }).tanh();
    expectEqual(
      hessian(g)(x),
      jacobianByGradients((a) => jacobianByGradients(g, a), x),
    );
  });

  it('takes trees and chosen arguments', () => {
    const p = { a: random(2), b: random(3) };
    const f = (q: typeof p, c: Tensor): Tensor => q.a.sum().mul(q.b.square().sum()).mul(c);
    const h = hessian(f)(p, tensor(2, { dtype: 'float64' }));
    expectEqual(h.a.b, stack([p.b.mul(4), p.b.mul(4)]));
    expectEqual(h.b.a, h.a.b.T);
    expectEqual(h.a.a, random(2, 2).mul(0));
    const rows: Tensor[][] = hessian((a: Tensor, b: Tensor) => a.mul(b.square()), { argnums: [0, 1] })(
      tensor(3),
      tensor(5),
    ) as never;
    expect([rows[0]![1]!.item(), rows[1]![1]!.item()]).toEqual([10, 6]);
  });

  it('takes Newton to the minimum of Rosenbrock’s function, from its published start', () => {
    // f(x, y) = (1 − x)² + 100 (y − x²)², from (−1.2, 1); minimum 0 at (1, 1). Rosenbrock 1960.
    const f = (p: Tensor): Tensor => {
      const [x, y] = [p.slice(0), p.slice(1)];
      return x.neg().add(1).square().add(y.sub(x.square()).square().mul(100));
    };
    let p = tensor([-1.2, 1], { dtype: 'float64' });
    expect(f(p).item()).toBeCloseTo(24.2, 12);
    const errors: number[] = [];
    for (let i = 0; i < 7; i++) {
      const g = grad(f)(p).toTypedArray();
      const [[a, b], [, d]] = hessian(f)(p).toArray() as [[number, number], [number, number]];
      const determinant = a * d - b * b;
      const step = [(d * g[0]! - b * g[1]!) / determinant, (a * g[1]! - b * g[0]!) / determinant];
      p = p.sub(tensor(step, { dtype: 'float64' }));
      errors.push(f(p).item());
    }
    expect(errors[0]).toBeCloseTo(4.731884, 5);
    expect(errors[5]).toBeLessThan(1e-18);
  });
});

describe('hvp(f, primals, tangents)', () => {
  it('is the Hessian times the direction', () => {
    const [x, v] = [random(2, 3), random(2, 3)];
    const f = (a: Tensor): Tensor => a.mul(w).tanh().sum().square();
    const [product] = hvp(f, [x], [v]);
    expectEqual(
      product.reshape([6]),
      hessian(f)(x)
        .reshape([6, 6])
        .matmul(v.reshape([6])),
    );
  });

  it('takes trees and several arguments', () => {
    const [p, x] = [{ a: random(2), b: random(3) }, random()];
    const [vp, vx] = [{ a: random(2), b: random(3) }, random()];
    const f = (q: typeof p, y: Tensor): Tensor => q.a.square().sum().mul(q.b.tanh().sum()).mul(y.square());
    const [hp, hx] = hvp(f, [p, x], [vp, vx]);
    const flat = (a: Tensor, b: Tensor, y: Tensor): Tensor => concat([a, b, y.reshape([1])]);
    const unflat = (z: Tensor): Tensor => f({ a: z.slice([0, 2]), b: z.slice([2, 5]) }, z.slice(5));
    const expected = hessian(unflat)(flat(p.a, p.b, x)).matmul(flat(vp.a, vp.b, vx));
    expectEqual(flat(hp.a, hp.b, hx), expected);
  });
});

describe('against PyTorch 1.13 (fixtures/transforms.py)', () => {
  interface Numbers {
    readonly shape: number[];
    readonly data: number[];
  }
  type Parameters = [w1: Tensor, b1: Tensor, w2: Tensor];
  const read = JSON.parse(readFileSync(join(__dirname, '../../fixtures/transforms-1.13.json'), 'utf8')) as Record<
    string,
    Numbers[]
  > & { x: Numbers; labels: number[]; hessian: Numbers[][] };
  const of = ({ shape, data }: Numbers): Tensor => fromTypedArray(Float64Array.from(data), shape);
  const parameters = read.parameters!.map(of) as Parameters;
  const x = of(read.x);
  const labels = tensor(read.labels, { dtype: 'int32' });
  const network = ([w1, b1, w2]: Parameters, input: Tensor): Tensor => input.matmul(w1).add(b1).tanh().matmul(w2);
  const loss = (p: Parameters, input: Tensor, label: Tensor): Tensor =>
    softmaxCrossEntropy(network(p, input), label).sum();
  const total = (p: Parameters): Tensor => loss(p, x, labels);

  it.each(Object.entries(modes))('%s of a small network', (_, jacobian) => {
    const found = jacobian((p: Parameters) => network(p, x))(parameters) as unknown as Tensor[];
    for (const [i, expected] of read.jacobian!.entries()) expectEqual(found[i]!, of(expected));
  });

  it('hessian and hvp of its loss', () => {
    const found = hessian(total)(parameters) as unknown as Tensor[][];
    for (const [i, row] of read.hessian.entries()) {
      for (const [j, expected] of row.entries()) expectEqual(found[i]![j]!, of(expected));
    }
    const [product] = hvp(total, [parameters], [read.directions!.map(of) as Parameters]);
    for (const [i, expected] of read.hvp!.entries()) expectEqual(product[i]!, of(expected));
  });

  it('per-example gradients', () => {
    const found = vmap(grad(loss), { inAxes: [null, 0, 0] })(parameters, x, labels);
    for (const [i, expected] of read.perExample!.entries()) expectEqual(found[i]!, of(expected));
  });
});
