import { DTypeError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { arange, grad, ones, type Tensor, tensor, vdot, zeros } from '../index.js';
import { expectError } from '../testing/expectError.js';
import { narrowed, shapes } from '../testing/index.js';

describe('matmul(a, b)', () => {
  it('is Σ a[…, i, k] b[…, k, j], leading axes broadcast, of views too', () => {
    const cases = fc
      .tuple(
        fc.nat({ max: 4 }),
        fc.nat({ max: 4 }),
        fc.nat({ max: 4 }),
        shapes({ maxRank: 2 }),
        fc.boolean(),
        fc.boolean(),
      )
      .chain(([m, k, n, batch, aViewed, bViewed]) =>
        fc.tuple(narrowed(batch), narrowed(batch)).map(([p, q]) => {
          const filled = (shape: readonly number[], viewed: boolean): Tensor => {
            const x = arange(
              shape.reduce((x, y) => x * y, 1),
              undefined,
              1,
              { dtype: 'float64' },
            )
              .sub(5)
              .reshape(shape);
            return viewed ? x.mT.add(0).mT : x;
          };
          return [filled([...p, m, k], aViewed), filled([...q, k, n], bViewed)] as const;
        }),
      );
    fc.assert(
      fc.property(cases, ([a, b]) => {
        // The same, by broadcasting [m, k, 1] against [1, k, n].
        const slow = a.expandDims(-1).mul(b.expandDims(-3)).sum({ axis: -2 });
        const c = a.matmul(b);
        expect(c.shape).toEqual(slow.shape);
        expect([...c.toTypedArray()]).toEqual([...slow.toTypedArray()]); // whole numbers: exact in any order
      }),
    );
  });

  it('takes a vector on the left as a row, on the right as a column, and drops its axis', () => {
    const v = tensor([1, 2]);
    const m = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(v.matmul(v).toString()).toBe('Tensor float32 [] 5');
    expect(v.matmul(m).toArray()).toEqual([9, 12, 15]);
    expect(m.T.matmul(v).toArray()).toEqual([9, 12, 15]);
    expect(v.matmul(zeros([4, 2, 3])).shape).toEqual([4, 3]);
    expect(zeros([4, 3, 2]).matmul(v).shape).toEqual([4, 3]);
    expect(
      zeros([0])
        .matmul(zeros([0]))
        .item(),
    ).toBe(0);
  });

  it('has gradients of the shapes of vectors', () => {
    const v = tensor([1, 2]);
    const m = tensor([
      [1, 2],
      [3, 4],
    ]);
    const [dm, dv] = grad((a: Tensor, b: Tensor) => a.matmul(b).sum(), { argnums: [0, 1] })(m, v);
    expect(dm!.toArray()).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(dv!.toArray()).toEqual([4, 6]);
  });

  it('refuses inner extents that differ, and sees a forgotten transpose', () => {
    expectError(
      () => ones([2, 3]).matmul(ones([4, 3])),
      ShapeError,
      'matmul: got a [2, 3] and b [4, 3]; expected a [m, k] and b [k, n] with equal k. Did you mean a.matmul(b.mT)?',
    );
    expectError(
      () => ones([3, 2]).matmul(ones([3, 4])),
      ShapeError,
      'matmul: got a [3, 2] and b [3, 4]; expected a [m, k] and b [k, n] with equal k. Did you mean a.mT.matmul(b)?',
    );
    expectError(
      () => ones([2, 3]).matmul(ones([4, 5])),
      ShapeError,
      'matmul: got a [2, 3] and b [4, 5]; expected a [m, k] and b [k, n] with equal k',
    );
    expectError(
      () => ones([2, 3]).matmul(ones([2])),
      ShapeError,
      'matmul: got a [2, 3] and b [2]; expected a [m, k] and b [k, n] with equal k, or vectors [k]',
    );
    expectError(() => ones([2]).matmul(ones([3, 2])), ShapeError, /^matmul: got a \[2\] and b \[3, 2\]/);
  });

  it('refuses scalars, leading axes that do not broadcast, and dtypes that differ or are not floating', () => {
    expectError(
      () => tensor(2).matmul(ones([2])),
      ShapeError,
      'matmul: got a [] and b [2]; expected at least one axis each. Use .mul() to scale by a scalar.',
    );
    expectError(
      () => ones([2, 3, 3]).matmul(ones([4, 3, 3])),
      ShapeError,
      /^matmul: got a \[2\] and b \[4\]; expected shapes that broadcast/,
    );
    expectError(
      () => ones([2, 2]).matmul(ones([2, 2], { dtype: 'float64' })),
      DTypeError,
      'matmul: got a float32 and b float64; expected two tensors of one floating dtype. Convert one with .cast().',
    );
    expectError(
      () => ones([2], { dtype: 'int32' }).matmul(ones([2], { dtype: 'int32' })),
      DTypeError,
      /^matmul: got a int32 and b int32/,
    );
    expectError(() => ones([2]).matmul([1, 2] as never), DTypeError, /^matmul: got x an array; expected a tensor/);
  });
});

describe('vdot(a, b)', () => {
  it('takes both as one row, and has the other for its gradient', () => {
    const [a, b] = [arange(6).reshape([2, 3]), arange(6).add(1)];
    expect(vdot(a, b).item()).toBe(70);
    expect(grad((x: Tensor) => vdot(x, b))(a).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('refuses other sizes', () => {
    const message = 'vdot: got a [2] and b [3]; expected two tensors of one size';
    expectError(() => vdot(ones([2]), ones([3])), ShapeError, message);
  });
});
