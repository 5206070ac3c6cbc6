/** Any transform in any other: random towers of them, with vmap and with a loop in its place, give the same numbers. */

import fc from 'fast-check';
import {
  checkpoint,
  customJvp,
  GradientError,
  grad,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  noGrad,
  scope,
  stack,
  type Tensor,
  tensor,
  vjp,
  vmap,
} from '../index.js';

/** A function of a vector of three numbers that gives another. */
type Field = (x: Tensor) => Tensor;
type Mapper = (f: (row: Tensor) => Tensor) => (rows: Tensor) => Tensor;

const vector = (...values: number[]): Tensor => tensor(values, { dtype: 'float64' });
const rows = tensor(
  [
    [0.3, -0.2, 0.9],
    [-0.7, 0.5, 0.1],
  ],
  { dtype: 'float64' },
);
const c = vector(0.8, -0.4, 0.6);

/** As transforms see a module: its parameter is a leaf of the user's tape. */
const holder = { p: tensor(c, { requiresGrad: true }), namedParameters: () => [['p', holder.p]] as const };

const looped: Mapper = (f) => (given) => stack(Array.from({ length: given.shape[0]! }, (_, i) => f(given.slice(i))));

/** A function that closes over x as well: what is tracked outside a transform and inside it meets. */
const bases: Readonly<Record<string, Field>> = {
  tanh: (x) => x.mul(c).tanh().add(x.square().mul(0.3)),
  product: (x) => x.mul(x.sum()).mul(0.4).tanh(),
  matrix: (x) => rows.matmul(x).matmul(rows).mul(x).tanh(),
  custom: customJvp({ forward: (x: Tensor) => x.square().mul(x), tangent: ([x], [t]) => x!.square().mul(t!).mul(3) }),
};

/** One more floor: from a field, another, through a transform. */
const floors: Readonly<Record<string, (f: Field, map: Mapper) => Field>> = {
  grad: (f) => (x) => grad((y: Tensor) => f(y).mul(x).sum())(x),
  jvp: (f) => (x) => jvp((y) => f(y).mul(x), [x], [x.mul(0.5).add(c)])[1],
  vjp: (f) => (x) => vjp((y: Tensor) => f(y.mul(x)), [c])[1](x)[0],
  hvp: (f) => (x) => hvp((y: Tensor) => f(y).mul(c).sum(), [x], [x])[0],
  jacrev: (f) => (x) => jacrev(f)(x.mul(0.5)).matmul(c),
  jacfwd: (f) => (x) => c.matmul(jacfwd(f)(x.mul(0.5))),
  'vmap, mixing rows with x': (f, map) => (x) => map((row) => f(row.mul(x)))(rows).sum({ axis: 0 }),
  'vmap over rows made of x': (f, map) => (x) => map((row) => f(row).mul(x))(rows.mul(x)).sum({ axis: 0 }),
  'vmap that shares f(x)': (f, map) => (x) => map((row) => row.mul(f(x)).tanh())(rows).sum({ axis: 0 }),
  'vmap of a gradient': (f, map) => (x) =>
    map((row) => grad((y: Tensor) => f(y.mul(x)).mul(row).sum())(x))(rows).sum({ axis: 0 }),
  'vmap of tangents': (f, map) => (x) => map((row) => jvp((y) => f(y).mul(x), [x], [row])[1])(rows).sum({ axis: 0 }),
  'vmap of cotangents': (f, map) => (x) => {
    const [, pullback] = vjp((y: Tensor) => f(y).mul(x), [x]);
    return map((row) => pullback(row)[0])(rows).sum({ axis: 0 });
  },
  "vmap of a module's gradient": (f, map) => (x) => {
    const slope = grad((module: typeof holder, row: Tensor) => f(module.p.mul(x)).mul(row).sum());
    return map((row) => slope(holder, row).p!)(rows).sum({ axis: 0 });
  },
  checkpoint: (f) => checkpoint((x: Tensor) => f(x).mul(0.9)),
  scope: (f) => (x) => scope(() => f(x).add(noGrad(() => f(x)).mul(0.1))),
};

const tower = fc.record({
  base: fc.constantFrom(...Object.keys(bases)),
  names: fc.array(fc.constantFrom(...Object.keys(floors)), { minLength: 1, maxLength: 4 }),
  top: fc.constantFrom('value', 'grad', 'jvp', 'vmap', 'backward'),
});

const build = (base: string, names: readonly string[], map: Mapper): Field =>
  names.reduce<Field>((f, name) => floors[name]!(f, map), bases[base]!);

/** The gradient that a user's backward pass finds; NaN where a gradient on the way was not recorded, which it says. */
function backwardOf(f: Field, at: Tensor): Tensor {
  const leaf = tensor(at, { requiresGrad: true });
  try {
    f(leaf).sum().backward();
  } catch (error) {
    if (!(error instanceof GradientError)) throw error;
    return at.mul(Number.NaN);
  }
  return leaf.grad ?? at.mul(0);
}

describe('transforms in one another', () => {
  it('give with vmap what they give with a loop', () => {
    fc.assert(
      fc.property(tower, ({ base, names, top }) => {
        const results = [vmap as unknown as Mapper, looped].map((map) => {
          const f = build(base, names, map);
          const at = vector(0.4, -0.3, 0.7);
          if (top === 'backward') return backwardOf(f, at);
          if (top === 'grad') return grad((x: Tensor) => f(x).sum())(at);
          if (top === 'jvp') return jvp(f, [at], [c])[1];
          return top === 'vmap' ? map(f)(rows) : f(at);
        });
        const [got, expected] = results.map((x) => [...x.toTypedArray()]);
        expect(results[0]!.shape).toEqual(results[1]!.shape);
        for (const [i, y] of expected!.entries()) {
          if (Number.isNaN(y)) expect(got![i]).toBeNaN();
          else expect(Math.abs(got![i]! - y) / Math.max(1, Math.abs(y))).toBeLessThan(1e-9);
        }
        expect([results[0]!.requiresGrad, results[0]!.tangents]).toEqual([results[1]!.requiresGrad, null]);
        holder.p.zeroGrad();
      }),
    );
  });
});
