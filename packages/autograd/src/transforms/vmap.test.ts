import { ArgumentError, Generator, IndexError, ShapeError } from '@cotangent/kernels';
import {
  apply,
  arange,
  concat,
  detectAnomaly,
  GradientError,
  grad,
  jvp,
  linearize,
  matmul,
  noGrad,
  oneHot,
  ones,
  primitive,
  randomNormal,
  scope,
  softmaxCrossEntropy,
  stack,
  type Tensor,
  take,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  where,
  zeros,
} from '../index.js';
import { expectError } from '../testing/expectError.js';

const generator = new Generator(17);
const random = (...shape: number[]): Tensor => randomNormal(shape, { dtype: 'float64', generator });

/** f of each example, side by side: what vmap is to give. */
const looped =
  (f: (...inputs: Tensor[]) => Tensor) =>
  (...inputs: Tensor[]): Tensor =>
    stack(Array.from({ length: inputs[0]!.shape[0]! }, (_, i) => f(...inputs.map((x) => x.slice(i)))));

function expectEqual(got: Tensor, expected: Tensor): void {
  expect(got.shape).toEqual(expected.shape);
  const [a, b] = [got.toTypedArray(), expected.toTypedArray()];
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 11);
}

describe('vmap(f)', () => {
  it('maps over the first axis of every argument', () => {
    const [a, b] = [random(5, 3), random(5, 3)];
    const dot = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum();
    expectEqual(vmap(dot)(a, b), looped(dot)(a, b));
  });

  it('shows the function the shape of one example', () => {
    const seen: unknown[] = [];
    vmap((x: Tensor) => {
      seen.push(x.shape, x.rank, x.size, String(x));
      return x;
    })(ones([5, 2, 3]));
    expect(seen).toEqual([[2, 3], 2, 6, 'Tensor float32 [2, 3] (one of 5 examples in vmap; made by ones)']);
  });

  it('maps over other axes, and shares arguments with null', () => {
    const [a, w] = [random(3, 5, 2), random(2, 4)];
    const f = (x: Tensor, y: Tensor): Tensor => x.matmul(y).tanh();
    const expected = looped((x) => f(x, w))(a.permute([1, 0, 2]));
    expectEqual(vmap(f, { inAxes: [1, null] })(a, w), expected);
    expectEqual(vmap(f, { inAxes: [-2, null] })(a, w), expected);
    expectEqual(vmap(f, { inAxes: [1, null], outAxes: 2 })(a, w), expected.permute([1, 2, 0]));
    expectEqual(vmap(f, { inAxes: [1, null], outAxes: -1 })(a, w), expected.permute([1, 2, 0]));
  });

  it('takes and gives trees', () => {
    const parameters = { w: random(4, 3), b: [random(4), 'relu'] as const };
    const f = (p: typeof parameters, x: Tensor) => ({ y: p.w.mul(x).sum().add(p.b[0]), kept: [p.w, p.b[1]] });
    const x = random(3);
    const result = vmap(f, { inAxes: [{ w: 0, b: 0 }, null], outAxes: { y: 0, kept: [1, null] } })(parameters, x);
    expectEqual(result.y, parameters.w.matmul(x).add(parameters.b[0]));
    expectEqual(result.kept[0] as Tensor, parameters.w.T);
    expect(result.kept[1]).toBe('relu');
  });

  it('repeats results that do not depend on the example, unless outAxes says that they are shared', () => {
    const f = (x: Tensor): Tensor[] => [x, ones([2])];
    expect(vmap(f)(zeros([3]))[1]!.shape).toEqual([3, 2]);
    expect(vmap(f, { outAxes: 1 as never })(zeros([3, 1]))[1]!.shape).toEqual([2, 3]);
    expect(vmap(f, { outAxes: [0, null] })(zeros([3]))[1]!.shape).toEqual([2]);
  });

  it('takes a part of the examples at a time', () => {
    const [a, b, shared] = [random(2, 7), random(7, 3), random(2)];
    const f = (x: Tensor, y: Tensor) => ({ z: x.sum().mul(y), n: [shared] });
    const options = { inAxes: [1, 0], outAxes: { z: 1, n: null } };
    const whole = vmap(f, options)(a, b);
    for (const chunkSize of [1, 3, 7, 100]) {
      const { z, n } = vmap(f, { ...options, chunkSize })(a, b);
      expectEqual(z, whole.z);
      expectEqual(n[0]!, shared);
    }
    const slope = (chunkSize: number) =>
      grad((y: Tensor) =>
        vmap(f, { ...options, chunkSize })(a, y)
          .z.square()
          .sum(),
      )(b);
    expectEqual(slope(2), slope(7));
    for (const chunkSize of [0, 1.5, Number.NaN]) {
      expectError(
        () => vmap(f, { chunkSize }),
        ArgumentError,
        `vmap: got chunkSize ${chunkSize}; expected a whole number above 0`,
      );
    }
  });

  it('may return its argument itself', () => {
    const x = random(3, 2);
    expectEqual(vmap((row: Tensor) => row)(x), x);
    expectEqual(vmap((row: Tensor) => row, { outAxes: 1 })(x), x.T);
  });

  it('maps no examples at all', () => {
    expect(vmap((x: Tensor) => x.exp().sum())(zeros([0, 3])).shape).toEqual([0]);
    expect(vmap(grad((x: Tensor) => x.exp().sum()))(zeros([0, 3])).shape).toEqual([0, 3]);
  });

  it('nests', () => {
    const [a, b] = [random(4, 3), random(5, 3)];
    const dot = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum();
    const table = vmap((x: Tensor) => vmap((y: Tensor) => dot(x, y))(b))(a);
    expectEqual(table, a.matmul(b.T));
    expectEqual(vmap(vmap(dot, { inAxes: [null, 0] }), { inAxes: [0, null] })(a, b), a.matmul(b.T));
    expectEqual(vmap(vmap(dot, { inAxes: [0, null] }), { inAxes: [null, 0] })(a, b), b.matmul(a.T));
  });

  it('chooses with where', () => {
    const x = random(6);
    expectEqual(vmap((v: Tensor) => where(v.greater(0), v, v.mul(-2)))(x), where(x.greater(0), x, x.mul(-2)));
  });

  it('runs a row without a batch rule one example after the other', () => {
    const doubled = primitive({
      name: 'doubled',
      inputs: ['x', 'y'],
      shape: ({ x }) => x,
      run: (out, [x, y]) => {
        for (let i = 0; i < out.size; i++)
          out.data[out.offset + i] = 2 * x!.data[x!.offset + i * (x!.strides[0] ?? 1)]! + y!.data[y!.offset]!;
      },
      keeps: { x: [], y: [] },
      vjp: { x: (g) => g.mul(2), y: (g) => g.sum() },
      jvp: { x: (t) => t.mul(2), y: (t, { out }) => t.broadcastTo(out.shape) },
    });
    const f = (x: Tensor, y: Tensor): Tensor => apply(doubled, [x, y], undefined);
    const [a, b] = [random(3, 2), random()];
    const mapped = vmap(f, { inAxes: [0, null] });
    expectEqual(mapped(a, b), a.mul(2).add(b));
    expectEqual(grad((x: Tensor) => mapped(x, b).sum())(a), a.mul(0).add(2));
    expectEqual(vmap(grad((x: Tensor) => f(x, b).square().sum()))(a), a.mul(2).add(b).mul(4));
    expect(mapped(zeros([0, 2], { dtype: 'float64' }), b).shape).toEqual([0, 2]);
  });
});

describe('vmap with derivatives', () => {
  const [x, w] = [random(5, 3), random(3)];
  const loss = (p: Tensor, row: Tensor): Tensor => p.mul(row).tanh().sum().square();

  it('gives per-example gradients', () => {
    const expected = looped((row) => grad(loss)(w, row))(x);
    expectEqual(vmap(grad(loss), { inAxes: [null, 0] })(w, x), expected);
    const [values, gradients] = vmap(valueAndGrad(loss), { inAxes: [null, 0] })(w, x);
    expectEqual(values, looped((row) => loss(w, row))(x));
    expectEqual(gradients, expected);
  });

  it('differentiates through', () => {
    const total = (p: Tensor): Tensor => vmap((row: Tensor) => loss(p, row))(x).sum();
    expectEqual(grad(total)(w), vmap(grad(loss), { inAxes: [null, 0] })(w, x).sum({ axis: 0 }));
    const overRows = (rows: Tensor): Tensor => vmap((row: Tensor) => loss(w, row))(rows).sum();
    expectEqual(grad(overRows)(x), looped((row) => grad((r: Tensor) => loss(w, r))(row))(x));
  });

  it('goes on with the tape of the user', () => {
    const leaf = tensor(w, { requiresGrad: true });
    vmap((row: Tensor) => loss(leaf, row))(x)
      .sum()
      .backward();
    expectEqual(leaf.grad!, vmap(grad(loss), { inAxes: [null, 0] })(w, x).sum({ axis: 0 }));
    const rows = tensor(x, { requiresGrad: true });
    vmap((row: Tensor) => loss(w, row), { outAxes: 0 })(rows)
      .sum()
      .backward();
    expectEqual(rows.grad!, vmap(grad(loss, { argnums: 1 }), { inAxes: [null, 0] })(w, x));
  });

  it('stays apart from the derivatives around it and inside it: grad of a vmap of a grad', () => {
    const penalty = (map: typeof vmap) => (p: Tensor) =>
      map((row: Tensor) =>
        grad((r: Tensor) => loss(p, r))(row)
          .square()
          .sum(),
      )(x).sum();
    const loop: typeof vmap = ((f: (row: Tensor) => Tensor) => looped(f)) as never;
    expectEqual(grad(penalty(vmap))(w), grad(penalty(loop))(w));
    expectEqual(
      grad((p: Tensor) => grad(penalty(vmap))(p).sum())(w),
      grad((p: Tensor) => grad(penalty(loop))(p).sum())(w),
    );
    expectEqual(jvp(penalty(vmap), [w], [w.exp()])[1], jvp(penalty(loop), [w], [w.exp()])[1]);
  });

  it('keeps an inner gradient apart from an outer one with respect to the same tensor', () => {
    // d/dp Σ_rows ⟨row, d/dq loss(q · p)⟩ at q = p, where the inner one does not see p.
    const f = (p: Tensor) => (row: Tensor) =>
      grad((q: Tensor) => loss(q.mul(p), row))(p)
        .mul(row)
        .sum();
    expectEqual(grad((p: Tensor) => vmap(f(p))(x).sum())(w), grad((p: Tensor) => looped(f(p))(x).sum())(w));
  });

  it('works with jvp on either side, and both', () => {
    const f = (row: Tensor): Tensor => row.mul(w).tanh();
    const t = random(5, 3);
    const push = (a: Tensor, b: Tensor): Tensor => jvp(f, [a], [b])[1];
    const expected = looped(push)(x, t);
    expectEqual(vmap(push)(x, t), expected);
    expectEqual(jvp(vmap(f), [x], [t])[1], expected);
    // the primal is shared, the tangents are not: the value is computed once
    expectEqual(vmap((b: Tensor) => push(w, b))(t), looped((b) => push(w, b))(t));
    const second = (a: Tensor, b: Tensor): Tensor => jvp((q) => push(q, b), [a], [b])[1];
    expectEqual(vmap(second)(x, t), looped(second)(x, t));
    expectEqual(jvp((q) => jvp(vmap(f), [q], [t])[1], [x], [t])[1], looped(second)(x, t));
    expectEqual(jvp((q) => vmap(push)(q, t), [x], [t])[1], looped(second)(x, t));
  });

  it('leaves no tangents of transforms inside on the results', () => {
    const mixed = (row: Tensor): Tensor => jvp((p) => p.mul(row).tanh(), [w], [w])[1];
    expect(vmap(mixed)(x).tangents).toBeNull();
    expect(vmap((row: Tensor) => jvp((p) => p.mul(row).tanh(), [w], [row])[0])(x).tangents).toBeNull();
    expectEqual(jvp((q) => vmap(mixed)(q), [x], [x])[1], jvp((q) => looped(mixed)(q), [x], [x])[1]);
  });

  it('works with vjp and linearize', () => {
    const f = (row: Tensor): Tensor => row.mul(w).tanh();
    const t = random(5, 3);
    const pulled = (a: Tensor, b: Tensor): Tensor => vjp(f, [a])[1](b)[0];
    expectEqual(vmap(pulled)(x, t), looped(pulled)(x, t));
    const [, pullback] = vjp(f, [w]);
    expectEqual(vmap((b: Tensor) => pullback(b)[0])(t), looped((b) => pullback(b)[0])(t));
    const derivative = (a: Tensor, b: Tensor): Tensor => linearize(f, [a])[1](b);
    expectEqual(vmap(derivative)(x, t), looped(derivative)(x, t));
  });

  it('leaves nothing recorded behind', () => {
    const [value, gradient] = vmap(valueAndGrad(loss), { inAxes: [null, 0] })(w, x);
    expect([value.requiresGrad, gradient.requiresGrad]).toEqual([false, false]);
    expect(vmap((row: Tensor) => row.mul(2))(x).requiresGrad).toBe(false);
    const leaf = tensor(w, { requiresGrad: true });
    expect(noGrad(() => vmap((row: Tensor) => loss(leaf, row))(x)).requiresGrad).toBe(false);
    expect(vmap((row: Tensor) => loss(leaf.detach(), row))(x).requiresGrad).toBe(false);
    expect(vmap((row: Tensor) => loss(leaf, row).detach())(x).requiresGrad).toBe(false);
  });

  it('refuses to differentiate a gradient inside that was not recorded, wherever it entered', () => {
    const leaf = tensor(w, { requiresGrad: true });
    const severed = /comes from grad\(\), whose own derivative was not recorded|is a result of grad\(\)/;
    const slope = grad((p: Tensor, row: Tensor) => loss(p, row));
    for (const y of [
      vmap(slope, { inAxes: [null, 0] })(leaf, x),
      vmap((row: Tensor) => slope(w, row.mul(leaf)))(x),
      vmap((row: Tensor) => slope(row, leaf))(x),
      vmap((row: Tensor) => slope(row, w).mul(leaf))(x.mul(leaf)),
    ]) {
      expectError(() => y.sum().backward(), GradientError, severed);
    }
    const connected = grad((p: Tensor, row: Tensor) => loss(p, row), { createGraph: true });
    vmap((row: Tensor) => connected(row, leaf).sum())(x)
      .sum()
      .backward();
    expectEqual(leaf.grad!, grad((p: Tensor) => looped((row) => slope(row, p).sum())(x).sum())(w));
  });

  it('finds the example in which a derivative is no number', () => {
    const slope = vmap(grad((v: Tensor) => v.sqrt().sum()));
    expect(() =>
      detectAnomaly(() =>
        slope(
          tensor([
            [1, 4],
            [9, 0],
          ]),
        ),
      ),
    ).toThrow('its derivative gave Infinity at [1, 1] of the gradient of input x');
  });

  it('differentiates with respect to the parameters of a module, one gradient for each example', () => {
    const holder = { p: tensor(w, { requiresGrad: true }), namedParameters: () => [['p', holder.p]] as const };
    const slope = grad((model: typeof holder, row: Tensor) => loss(model.p, row));
    const gradients = vmap((row: Tensor) => slope(holder, row).p!)(x);
    expectEqual(gradients, vmap(grad(loss), { inAxes: [null, 0] })(w, x));
    expect(holder.p.grad).toBeNull();
  });
});

describe('indexing inside vmap', () => {
  const x = random(4, 5, 3);
  const indices = tensor(
    [
      [0, -1, 2],
      [4, 4, -5],
      [1, 2, 3],
      [0, 0, 0],
    ],
    { dtype: 'int32' },
  );

  it('picks from the slices of its own example', () => {
    for (const axis of [0, 1]) {
      const source = axis === 0 ? x : x.permute([0, 2, 1]);
      const pick = (a: Tensor, i: Tensor): Tensor => take(a, i, { axis });
      expectEqual(vmap(pick)(source, indices), looped(pick)(source, indices));
      expectEqual(
        vmap(pick)(source, indices.less(0).where(0, indices).cast('uint8')),
        looped(pick)(source, indices.less(0).where(0, indices)),
      );
    }
  });

  it('refuses an index that would reach into the next example', () => {
    expectError(
      () => vmap((a: Tensor, i: Tensor) => take(a, i))(x, indices.add(1)),
      IndexError,
      'take: got index 5 at position 3 of all examples; expected integers from -5 to 4',
    );
    expectError(
      () => vmap((a: Tensor) => vmap((i: Tensor) => take(a, i))(indices.add(1)))(x),
      IndexError,
      'take: got index 5 at position 3; expected integers from -5 to 4',
    );
    expectError(
      () => vmap((i: Tensor) => oneHot(i, 4))(indices),
      IndexError,
      'oneHot: got label -1 at position 1; expected whole numbers from 0 to 3',
    );
  });

  it('makes one-hot vectors of the labels of each example', () => {
    const labels = arange(0, 4, 1, { dtype: 'int32' });
    expect(vmap((label: Tensor) => oneHot(label, 4))(labels).toArray()).toEqual(oneHot(labels, 4).toArray());
  });

  it('takes the cross-entropy of the label of each example', () => {
    const logits = random(4, 6);
    const labels = arange(0, 4, 1, { dtype: 'int32' });
    expectEqual(vmap(softmaxCrossEntropy)(logits, labels), softmaxCrossEntropy(logits, labels));
    expectEqual(
      vmap((label: Tensor) => softmaxCrossEntropy(logits.slice(0), label))(labels),
      logits.slice(0).logSoftmax().neg().slice([0, 4]),
    );
  });
});

describe('what cannot be done inside vmap', () => {
  const lesson = (made: string) =>
    `vmap: the numbers of a tensor [2] made by ${made} were asked for, and inside the function it stands for 3 examples at once. Choose with where(condition, a, b) instead of if, and read results after vmap has returned.`;

  it('is to read numbers', () => {
    for (const read of [
      (x: Tensor) => x.item(),
      (x: Tensor) => x.toArray(),
      (x: Tensor) => x.toTypedArray(),
      (x: Tensor) => tensor(x),
      (x: Tensor) => JSON.stringify(x),
    ]) {
      expectError(() => vmap((x: Tensor) => read(x.mul(2)))(ones([3, 2])), ArgumentError, lesson('multiply'));
    }
  });

  it('is to change in place', () => {
    expectError(
      () => vmap((x: Tensor) => x.assign(zeros([2])))(ones([3, 2])),
      GradientError,
      'assign: got a target made by ones inside vmap, where it stands for 3 examples. Return the new value from the function instead.',
    );
    const shared = zeros([2]);
    expectError(() => vmap((x: Tensor) => shared.assign(x))(ones([3, 2])), ArgumentError, lesson('ones'));
  });

  it('is to go backward or make leaves of what is mapped', () => {
    const leaf = ones([2], { requiresGrad: true });
    expectError(
      () => vmap((x: Tensor) => x.mul(leaf).sum().backward())(ones([3, 2])),
      GradientError,
      'backward: got a result made by sum inside vmap, where it stands for 3 examples. Differentiate inside vmap with grad(), or call backward() on what vmap returns.',
    );
    expectError(
      () =>
        vmap((x: Tensor) => {
          x.requiresGrad = true;
          return x;
        })(ones([3, 2])),
      GradientError,
      'requiresGrad: got a tensor made by ones inside vmap; expected one of numbers of its own. Differentiate inside vmap with grad(), or make the leaf outside.',
    );
  });

  it('is to carry a tensor out other than as a result', () => {
    let stolen: Tensor | undefined;
    vmap((x: Tensor) => {
      stolen = x.mul(2);
      return x;
    })(ones([3, 2]));
    const sentence =
      'vmap: a tensor [2] made by multiply inside vmap was used after vmap had returned. Return it from the function.';
    expectError(() => stolen!.add(1), ArgumentError, sentence);
    expectError(() => stolen!.toArray(), ArgumentError, sentence);
    expectError(() => vmap((y: Tensor) => y.add(stolen!))(ones([3, 2])), ArgumentError, sentence);
  });

  it('is to draw random numbers, unless it is said whether they are shared', () => {
    const noisy = (x: Tensor): Tensor => x.add(randomNormal([2]));
    expectError(
      () => vmap(noisy)(ones([3, 2])),
      ArgumentError,
      "randomNormal: was called inside vmap, which has not been told whether examples share the numbers. Pass { randomness: 'different' } or { randomness: 'same' } to vmap, or draw outside and pass the numbers in.",
    );
    const same = vmap(noisy, { randomness: 'same' })(zeros([3, 2]));
    expect(same.slice(0).toArray()).toEqual(same.slice(2).toArray());
    const different = vmap(noisy, { randomness: 'different' })(zeros([3, 2]));
    expect(new Set(different.toTypedArray()).size).toBe(6);
    const rows = vmap((_: Tensor) => vmap(noisy, { randomness: 'different' })(zeros([3, 2])), { randomness: 'same' })(
      zeros([4]),
    );
    expect(rows.shape).toEqual([4, 3, 2]);
    expect(new Set(rows.toTypedArray()).size).toBe(6);
    const all = vmap((_: Tensor) => vmap(noisy, { randomness: 'different' })(zeros([3, 2])), {
      randomness: 'different',
    });
    expect(new Set(all(zeros([4])).toTypedArray()).size).toBe(24);
  });
});

describe('vmap explains', () => {
  const add = (a: Tensor, b: Tensor): Tensor => a.add(b);

  it('arguments that do not fit together', () => {
    expectError(
      () => vmap(add)(ones([3, 2]), ones([4, 2])),
      ShapeError,
      'vmap: got argument 0 [3, 2] and argument 1 [4, 2]; expected mapped axes of one extent. Axis 0 of the one has 3 examples and axis 0 of the other 4.',
    );
    expectError(
      () =>
        vmap((p: { w: Tensor }, x: Tensor) => p.w.add(x), { inAxes: [{ w: 1 }, 0] })({ w: ones([3, 2]) }, ones([3])),
      ShapeError,
      'vmap: got argument 0.w [3, 2] and argument 1 [3]; expected mapped axes of one extent. Axis 1 of the one has 2 examples and axis 0 of the other 3.',
    );
    expectError(
      () => vmap(add, { inAxes: [null, null] })(ones([3]), ones([3])),
      ArgumentError,
      'vmap: got no tensor with an axis to map over. Pass at least one tensor, with an axis that is not null in inAxes.',
    );
  });

  it('axes that are not there', () => {
    expectError(
      () => vmap(add, { inAxes: [0, 2] })(ones([3]), ones([3, 3])),
      IndexError,
      'vmap: got axis 2 for argument 1 of shape [3, 3]; expected an integer from -2 to 1',
    );
    expectError(
      () => vmap(add)(ones([3]), tensor(1)),
      IndexError,
      'vmap: got axis 0 for argument 1 of shape []; a scalar has no axes',
    );
    expectError(
      () => vmap(add, { outAxes: 3 })(ones([3, 2]), ones([3, 2])),
      IndexError,
      'vmap: got axis 3 for result of shape [2]; expected an integer from -2 to 1',
    );
  });

  it('trees of axes that do not match', () => {
    expectError(
      () => vmap(add, { inAxes: [0] })(ones([3]), ones([3])),
      ArgumentError,
      'vmap: got inAxes [0] for argument; expected an array of 2. A number or null stands for everything below it.',
    );
    expectError(
      () => vmap(add, { inAxes: [[0], 0] })(ones([3]), ones([3])),
      ArgumentError,
      'vmap: got inAxes [0] for argument 0; expected a number or null. A number or null stands for everything below it.',
    );
    expectError(
      () => vmap((x: Tensor) => ({ y: x }), { outAxes: { z: 0 } })(ones([3])),
      ArgumentError,
      'vmap: got outAxes {"z":0} for result; expected an object of y. A number or null stands for everything below it.',
    );
    expectError(
      () => vmap((x: Tensor) => [x, x], { outAxes: [0, null] })(ones([3])),
      ArgumentError,
      'vmap: got outAxes null for result.1, which differs from example to example. Say where its mapped axis goes, or give the arguments it depends on null in inAxes.',
    );
  });

  it('options and functions that it does not take', () => {
    expectError(
      () => vmap(add, { inAxis: 0 } as never),
      ArgumentError,
      "vmap: got unknown option 'inAxis'; expected one of inAxes, outAxes, randomness, chunkSize",
    );
    expectError(
      () => vmap(add, { randomness: 'all' as never }),
      ArgumentError,
      "vmap: got randomness 'all'; expected 'error', 'same' or 'different'",
    );
    expectError(
      () => vmap(async (x: Tensor) => x)(ones([3])),
      ArgumentError,
      'vmap: got an asynchronous function; expected one that returns its tensors. Await first, and map the synchronous part.',
    );
  });

  it('shapes in terms of one example', () => {
    expectError(
      () => vmap((a: Tensor) => matmul(a, ones([3, 4])))(ones([5, 2, 2])),
      ShapeError,
      /matmul: got a \[2, 2\] and b \[3, 4\]/,
    );
    expect(vmap((a: Tensor) => concat([a, ones([1])]))(ones([5, 2])).shape).toEqual([5, 3]);
  });

  it('a batch rule that gives the wrong shape', () => {
    const wrong = primitive({
      name: 'wrong',
      inputs: ['x'],
      shape: ({ x }) => x,
      run: () => {},
      keeps: { x: [] },
      vjp: { x: null },
      jvp: { x: null },
      batch: ({ inputs: [x] }) => x!.sum(),
    });
    expectError(
      () => vmap((x: Tensor) => apply(wrong, [x], undefined))(ones([3, 2])),
      ArgumentError,
      'wrong: its batch rule gave shape []; expected [3, 2]. The batch rule of the primitive is wrong.',
    );
  });

  it('leaves nothing of its own behind after an exception', () => {
    expectError(
      () =>
        vmap((_: Tensor) => {
          throw new RangeError('no');
        })(ones([3])),
      RangeError,
      'no',
    );
    expect(scope(() => grad((x: Tensor) => x.square())(tensor(3))).item()).toBe(6);
    expect(randomNormal([2]).shape).toEqual([2]);
  });
});
