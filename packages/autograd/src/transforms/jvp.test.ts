import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  GradientError,
  grad,
  jvp,
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

const at = (x: number): Tensor => tensor(x, { dtype: 'float64' });
const one = at(1);

/** f′ by forward mode. */
const forward =
  (f: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor =>
    jvp(f, [x], [ones(x.shape, { dtype: x.dtype })])[1];

describe('jvp(f, primals, tangents)', () => {
  it('gives the value and the derivative along the tangents', () => {
    const [y, t] = jvp((a, b) => a.mul(b).tanh(), [at(0.5), at(2)], [at(3), at(-1)]);
    expect(y.item()).toBeCloseTo(Math.tanh(1), 14);
    expect(t.item()).toBeCloseTo((3 * 2 - 0.5) * (1 - Math.tanh(1) ** 2), 14);
  });

  it('broadcasts tangents with their primals', () => {
    const [, t] = jvp((a, b) => a.add(b), [ones([2, 3]), tensor(1)], [ones([2, 3]), tensor(5)]);
    expect(t.toArray()).toEqual([
      [6, 6, 6],
      [6, 6, 6],
    ]);
  });

  it('gives zeros where the result does not depend on the primals', () => {
    expect(jvp(() => ones([2]), [one], [one])[1].toArray()).toEqual([0, 0]);
    expect(jvp((x) => x.detach().mul(2), [one], [one])[1].item()).toBe(0);
    expect(jvp((x) => x.greater(0).cast('float64'), [one], [one])[1].item()).toBe(0);
  });

  it('may return its primal itself', () => {
    const [y, t] = jvp((x) => x, [at(3)], [at(2)]);
    expect([y.item(), t.item()]).toEqual([3, 2]);
  });

  it('records nothing and is not stopped by noGrad', () => {
    const [y, t] = noGrad(() => jvp((x) => x.square(), [at(3)], [one]));
    expect([y.item(), t.item(), y.requiresGrad]).toEqual([9, 6, false]);
  });

  it('refuses what does not fit', () => {
    expectError(
      () => jvp((x) => x, [one], [] as never),
      ArgumentError,
      'jvp: got 1 primals and 0 tangents; expected as many',
    );
    expectError(
      () => jvp((x) => x, [zeros([2])], [zeros([3])]),
      ShapeError,
      'jvp: got primal [2] and tangent [3]; expected a tangent of the shape of its primal',
    );
    expectError(
      () => jvp((x) => x, [tensor([1], { dtype: 'int32' })], [tensor([1])]),
      GradientError,
      'jvp: got a primal of dtype int32; expected float32 or float64',
    );
    expectError(
      () => jvp((x: unknown) => x, [3], [one] as never),
      GradientError,
      'jvp: got number; expected tensors. Wrap numbers with tensor(…).',
    );
    expectError(
      () => jvp(() => 3 as never, [one], [one]),
      GradientError,
      'jvp: the function returned number; expected a tensor',
    );
  });

  it('takes and gives trees', () => {
    const primals = { a: at(3), rest: [at(2), 'tanh'] as const };
    const tangents = { a: one, rest: [at(10), 'tanh'] as [Tensor, 'tanh'] };
    const f = (p: typeof primals, x: Tensor) => ({ y: p.a.mul(p.rest[0]), z: [x.square(), p.rest[1]] as const });
    const [value, tangent] = jvp(f, [primals, at(5)], [tangents, at(-1)]);
    expect([value.y.item(), value.z[0].item(), value.z[1]]).toEqual([6, 25, 'tanh']);
    expect([tangent.y.item(), tangent.z[0].item(), tangent.z[1]]).toEqual([32, -10, 'tanh']);
    expectError(
      () => jvp(f, [primals, at(5)], [{ a: one } as never, at(-1)]),
      ArgumentError,
      'jvp: got 1 tangents for the 2 tensors of primal 0; expected one for each, in the same structure',
    );
  });

  it('leaves no tangent on what an outer sweep pulls through it', () => {
    // The sweep goes through tensors that had tangents; y ↦ y · slope is then linear with that slope.
    const slope = grad((x: Tensor) => forward((y) => y.square().tanh())(x))(at(0.5));
    expect(slope.tangents).toBeNull();
    const again = grad((x: Tensor) => jvp((y) => y.mul(slope).tanh().mul(x), [x], [one])[1]);
    const fresh = at(slope.item());
    expect(again(at(0.3)).item()).toBe(
      grad((x: Tensor) => jvp((y) => y.mul(fresh).tanh().mul(x), [x], [one])[1])(at(0.3)).item(),
    );
  });

  it('leaves nothing of its own behind after an exception', () => {
    expectError(
      () =>
        jvp(
          () => {
            throw new RangeError('no');
          },
          [one],
          [one],
        ),
      RangeError,
      'no',
    );
    expect(forward(forward((x) => x.pow(3)))(at(2)).item()).toBe(12);
  });

  it('releases what a side effect carries out of it', () => {
    let stolen: Tensor | undefined;
    jvp(
      (x) => {
        stolen = x.exp();
        return x;
      },
      [one],
      [one],
    );
    expectError(() => stolen!.mul(1), ReleasedTensorError, /^exp: this result has been released/);
  });
});

describe('nested jvp', () => {
  it('gives higher derivatives', () => {
    let f = (x: Tensor): Tensor => x.pow(5);
    const found: number[] = [];
    for (let order = 0; order < 5; order++) {
      found.push(f(at(2)).item());
      f = forward(f);
    }
    expect(found).toEqual([32, 80, 160, 240, 240]);
  });

  it('keeps perturbations apart: d/dx (x · d/dy (x + y)) is 1', () => {
    const modes = [
      ['jvp', forward],
      ['grad', (f: (x: Tensor) => Tensor) => grad(f)],
    ] as const;
    for (const [outerName, outer] of modes) {
      for (const [innerName, inner] of modes) {
        const sum = outer((x) => x.mul(inner((y) => x.add(y))(one)))(at(3)).item();
        expect([outerName, innerName, sum]).toEqual([outerName, innerName, 1]);
        const product = outer((x) => x.mul(inner((y) => x.mul(y))(at(2))))(at(3)).item();
        expect([outerName, innerName, product]).toEqual([outerName, innerName, 6]);
        // d/dx x · (d/dy x² y³ at y = x) = d/dx 3 x⁵
        const through = outer((x) => x.mul(inner((y) => x.square().mul(y.pow(3)))(x)))(at(2)).item();
        expect([outerName, innerName, through]).toEqual([outerName, innerName, 240]);
      }
    }
  });

  it('keeps three levels apart', () => {
    // d/dx d/dy d/dz x y z = 1, and ∂³/∂x∂y∂z (x y z)² = 8 x y z
    const mixed = (f: (x: Tensor, y: Tensor, z: Tensor) => Tensor) =>
      forward((x) => forward((y) => forward((z) => f(x, y, z))(at(5)))(at(3)))(at(2)).item();
    expect(mixed((x, y, z) => x.mul(y).mul(z))).toBe(1);
    expect(mixed((x, y, z) => x.mul(y).mul(z).square())).toBe(8 * 30);
  });
});

describe('forward over reverse, reverse over forward', () => {
  const f = (x: Tensor): Tensor => where(x.greater(0.4), x.mul(x.tanh()), x.exp().mul(x.sigmoid()));
  const orders: [string, (x: Tensor) => Tensor][] = [
    ['jvp of grad', forward(grad(f))],
    ['grad of jvp', grad(forward(f))],
    ['jvp of jvp', forward(forward(f))],
  ];

  it.each(orders)('%s is grad of grad', (_, second) => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (x) => {
        expect(second(at(x)).item()).toBeCloseTo(grad(grad(f))(at(x)).item(), 12);
      }),
    );
  });

  it('jvp of grad is a Hessian-vector product', () => {
    const g = (x: Tensor): Tensor => x.square().sum().mul(x.sum());
    // H = 2 s I + 2 (x 1ᵀ + 1 xᵀ) with s = Σ x
    const [x, v] = [tensor([1, 2]), tensor([1, -3])];
    expect(jvp(grad(g), [x], [v])[1].toArray()).toEqual([6 + 2 * (1 * -2) + 2 * -5, -18 + 2 * (2 * -2) + 2 * -5]);
  });

  it('jvp of valueAndGrad carries both tangents', () => {
    const [, t] = jvp(
      (x) => {
        const [value, gradient] = valueAndGrad((y: Tensor) => y.pow(3))(x);
        return value.add(gradient);
      },
      [at(2)],
      [one],
    );
    expect(t.item()).toBe(12 + 12);
  });

  it('gives plain values where nothing from outside is tracked', () => {
    const [y, t] = jvp(
      grad((x: Tensor) => x.pow(3)),
      [at(2)],
      [one],
    );
    expect([y.item(), y.requiresGrad, t.item(), t.requiresGrad]).toEqual([12, false, 12, false]);
    expect(grad((x: Tensor) => x.pow(3), { createGraph: true })(at(2)).requiresGrad).toBe(false);
  });

  it('stays on the tape of whatever is tracked outside, through the value, a tangent or a closure', () => {
    const w = tensor(3, { dtype: 'float64', requiresGrad: true });
    const f = (x: Tensor): Tensor => x.pow(3);
    jvp(grad(f), [at(2)], [w])[1].backward(); // 6 · 2 · w
    expect(w.grad!.item()).toBe(12);
    w.zeroGrad();
    jvp(
      grad((x: Tensor) => f(x).mul(w)),
      [at(2)],
      [one],
    )[1].backward();
    expect(w.grad!.item()).toBe(12);
    expect(grad((t: Tensor) => jvp(grad(f), [at(2)], [t.square()])[1])(at(5)).item()).toBe(120);
  });

  it('grad of a jvp differentiates along the tangents too', () => {
    expect(grad((t: Tensor) => jvp((x) => x.pow(3), [at(2)], [t])[1])(at(5)).item()).toBe(12);
  });

  it('jvp through a captured leaf leaves it trainable', () => {
    const w = tensor(3, { dtype: 'float64', requiresGrad: true });
    jvp((x) => x.square().mul(w), [at(2)], [one])[1].backward();
    expect(w.grad!.item()).toBe(4);
  });
});
