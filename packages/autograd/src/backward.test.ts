import { ArgumentError, DTypeError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  apply,
  type BackwardOptions,
  backward,
  concat,
  GradientError,
  grad,
  noGrad,
  ones,
  primitive,
  scope,
  type Tensor,
  tensor,
  zeros,
} from './index.js';
import { expectError } from './testing/expectError.js';

const leaf = (data: number | number[] | number[][], dtype: 'float32' | 'float64' = 'float32'): Tensor =>
  tensor(data, { dtype, requiresGrad: true });

describe('backward()', () => {
  it('adds the derivative to the grad of every leaf, call after call, until zeroGrad()', () => {
    const [w, b] = [leaf([1, 2]), leaf(3)];
    w.square().sum().add(b).backward();
    expect([w.grad!.toArray(), b.grad!.toArray()]).toEqual([[2, 4], 1]);
    w.sum().backward();
    backward(w.mul(10).sum());
    expect([w.grad!.toArray(), b.grad!.toArray()]).toEqual([[13, 15], 1]);
    w.zeroGrad();
    expect([w.grad, b.grad!.item()]).toEqual([null, 1]);
    w.sum().backward();
    expect(w.grad!.toArray()).toEqual([1, 1]);
  });

  it('of a leaf itself is 1', () => {
    const x = leaf(5);
    x.backward();
    expect(x.grad!.item()).toBe(1);
  });

  it('counts a tensor used twice twice', () => {
    const x = leaf(3);
    x.mul(x).backward();
    expect(x.grad!.item()).toBe(6);
    x.zeroGrad();
    x.add(x).backward();
    expect(x.grad!.item()).toBe(2);
    x.zeroGrad();
    concat([x.reshape([1]), x.reshape([1]), x.reshape([1])])
      .sum()
      .backward();
    expect(x.grad!.item()).toBe(3);
    x.zeroGrad();
    x.sub(x).backward();
    expect(x.grad!.item()).toBe(0);
  });

  it('adds up the paths through shared parts and diamonds', () => {
    const x = leaf(0.5, 'float64');
    const s = x.exp();
    const left = s.mul(2);
    const right = s.square();
    left.mul(right).add(s).add(left).backward(); // 2 s³ + 3 s
    const e = Math.exp(0.5);
    expect(x.grad!.item()).toBeCloseTo(6 * e ** 3 + 3 * e, 12);
  });

  it('does not add to a cotangent in place while another tensor still waits for it', () => {
    const [x, w] = [leaf([1, 2], 'float64'), leaf([3, 4], 'float64')];
    const [v, t] = [w.mul(1), x.tanh()];
    const y = x.add(w); // one cotangent for both; then t sends x some more, and only then is it the turn of w
    v.add(t)
      .add(y)
      .mul(tensor([5, 7]))
      .sum()
      .backward();
    expect(w.grad!.toArray()).toEqual([10, 14]);
    expect(x.grad!.toArray()).toEqual([5, 7].map((c, i) => expect.closeTo(c * (2 - Math.tanh(i + 1) ** 2), 12)));
  });

  it('doubles along a ladder of thirty diamonds', () => {
    const x = leaf(1, 'float64');
    let y = x.mul(1);
    for (let i = 0; i < 30; i++) y = y.add(y);
    y.backward();
    expect(x.grad!.item()).toBe(2 ** 30);
  });

  it('passes unused branches by', () => {
    const [x, unused] = [leaf(2), leaf(2)];
    const y = x.square();
    x.exp().mul(unused);
    y.backward();
    expect([x.grad!.item(), unused.grad]).toEqual([4, null]);
  });

  it('needs no stack: a chain of 20,000 operations', () => {
    const x = leaf(1, 'float64');
    let y = x;
    for (let i = 0; i < 20_000; i++) y = i % 2 === 0 ? y.add(1) : y.mul(1);
    y.backward();
    expect(x.grad!.item()).toBe(1);
    y.detach();
    expectError(() => y.backward(), GradientError, /already used/);
  });

  it('forgets an abandoned chain of 20,000 operations without a stack too', () => {
    const x = leaf(1);
    const value = scope(() => {
      let y = x.mul(1);
      for (let i = 0; i < 20_000; i++) y = y.tanh();
      return y.detach();
    });
    expect(value.item()).toBeGreaterThan(0);
  });

  it('gives each leaf a gradient of its own memory, even where one cotangent reaches both', () => {
    const add = (x: Tensor, y: Tensor): Tensor => x.add(y);
    const cases: [(x: Tensor, y: Tensor) => Tensor, BackwardOptions][] = [
      [(x, y) => add(x, y).sum(), {}],
      [add, { gradient: ones([2]) }],
      [add, { gradient: tensor([1]).broadcastTo([2]) }],
      [(x, y) => add(x, y).sum(), { createGraph: true }],
      [add, { gradient: ones([2]), createGraph: true }],
    ];
    for (const [f, options] of cases) {
      const [a, b] = [leaf([1, 2]), leaf([3, 4])];
      f(a, b).backward(options);
      expect(a.grad).not.toBe(b.grad);
      a.mul(10).sum().backward();
      expect([a.grad!.toArray(), b.grad!.toArray()]).toEqual([
        [11, 11],
        [1, 1],
      ]);
      a.zeroGrad();
      expect(b.grad!.toArray()).toEqual([1, 1]);
    }
  });

  it('gives a gradient that no view made of it before can change', () => {
    const w = leaf([
      [1, 2],
      [3, 4],
    ]);
    w.sum().backward();
    const view = w.grad!.reshape([4]);
    w.sum().backward();
    expect([w.grad!.toArray(), view.toArray()]).toEqual([
      [
        [2, 2],
        [2, 2],
      ],
      [1, 1, 1, 1],
    ]);
  });

  it('adds to a gradient that the user set, strided or not', () => {
    const w = leaf([
      [1, 2],
      [3, 4],
    ]);
    w.grad = tensor([1, 2]).broadcastTo([2, 2]);
    w.sum().backward();
    w.sum().backward();
    expect(w.grad.toArray()).toEqual([
      [3, 4],
      [3, 4],
    ]);
  });

  it('goes through the leaf that was meant, not what a number of the same value says', () => {
    const x = leaf(2);
    const frozen = tensor(2);
    x.mul(frozen).backward();
    expect([x.grad!.item(), frozen.grad]).toEqual([2, null]);
  });
});

describe('dtypes of gradients', () => {
  it('are those of the leaves, whatever was mixed on the way', () => {
    const [single, double] = [leaf([1, 2]), leaf([3, 4], 'float64')];
    const y = single.mul(double).sum(); // promoted to float64
    expect(y.dtype).toBe('float64');
    y.backward();
    expect([single.grad!.toString(), double.grad!.toString()]).toEqual([
      'Tensor float32 [2] [3, 4]',
      'Tensor float64 [2] [1, 2]',
    ]);
    single.zeroGrad();
    single.cast('float64').exp().sum().backward();
    expect(single.grad!.dtype).toBe('float32');
  });

  it('stay float32 when the gradient given is float64', () => {
    const x = leaf([1, 2]);
    x.mul(2).backward({ gradient: ones([2], { dtype: 'float64' }) });
    expect(x.grad!.toString()).toBe('Tensor float32 [2] [2, 2]');
  });

  it('leave integers out: they take part as constants', () => {
    const x = leaf([1, 2]);
    const n = tensor([3, 4], { dtype: 'int32' });
    x.mul(n).sum().backward();
    expect([x.grad!.toArray(), n.grad]).toEqual([[3, 4], null]);
    expectError(
      () => n.sum().backward(),
      GradientError,
      /^backward: the result of sum depends on nothing that requires a gradient/,
    );
    expectError(
      () => x.cast('int32').sum().backward(),
      GradientError,
      /^backward: the result of sum depends on nothing/,
    );
  });
});

describe('backward({ gradient })', () => {
  it('is the cotangent to start from', () => {
    const x = leaf([1, 2, 3]);
    x.square().backward({ gradient: tensor([1, 0, 10]) });
    expect(x.grad!.toArray()).toEqual([2, 0, 60]);
  });

  it('stays the caller’s: accumulating into .grad does not change it', () => {
    const run = (): void => {
      const x = leaf([1, 2]);
      const seed = ones([2]);
      x.backward({ gradient: seed });
      x.backward({ gradient: seed });
      x.add(0).backward({ gradient: seed });
      expect([x.grad!.toArray(), seed.toArray()]).toEqual([
        [3, 3],
        [1, 1],
      ]);
      x.zeroGrad();
      const [t, y] = [x.tanh(), x.add(0)];
      t.neg().add(y).backward({ gradient: seed }); // reaches x as it is, and then more arrives there
      expect(seed.toArray()).toEqual([1, 1]);
    };
    run();
    scope(run);
  });

  it('is needed for more than one element, and must have the shape of the result', () => {
    const y = leaf([1, 2]).mul(2);
    expectError(
      () => y.backward(),
      GradientError,
      'backward: got a result of shape [2]; expected one element. Reduce it with .sum() or .mean(), or pass { gradient } of its shape.',
    );
    expectError(
      () => y.backward({ gradient: ones([3]) }),
      ShapeError,
      'backward: got gradient [3] and y [2]; expected a gradient of the shape of y',
    );
    expectError(
      () => y.backward({ gradient: ones([2], { dtype: 'int32' }) }),
      GradientError,
      'backward: got a gradient of dtype int32; expected float32',
    );
    expectError(
      () => y.backward({ gradient: [1, 1] as never }),
      GradientError,
      'backward: got a gradient that is object; expected a tensor',
    );
  });
});

describe('backward({ retainGraph })', () => {
  it('allows another pass; without it the second one throws', () => {
    const x = leaf(2);
    const y = x.pow(3);
    y.backward({ retainGraph: true });
    y.backward({ retainGraph: true });
    y.backward();
    expect(x.grad!.item()).toBe(36);
    expectError(
      () => y.backward(),
      GradientError,
      'backward: a part of the graph (made by power) was already used by an earlier backward pass, which let go of what it needs. Give the earlier one { retainGraph: true }, or compute the result again; .detach() a value carried from one step to the next.',
    );
  });

  it('is asked for by the shared part too', () => {
    const x = leaf(2);
    const shared = x.exp();
    const [a, b] = [shared.mul(2), shared.mul(3)];
    a.backward();
    expectError(() => b.backward(), GradientError, /a part of the graph \(made by exp\) was already used/);
  });

  it('keeps everything readable, and the numbers right, when the collector takes over', () => {
    const x = leaf(Array.from({ length: 5000 }, (_, i) => i % 7));
    const hidden = x.mul(2).tanh();
    const view = hidden.reshape([50, 100]);
    const y = view.sum();
    const expected = [...hidden.toTypedArray()];
    for (let i = 0; i < 3; i++) y.backward({ retainGraph: true });
    expect([...hidden.toTypedArray()]).toEqual(expected);
    expect([...view.toTypedArray()]).toEqual(expected);
    y.backward();
    const once = grad((t: Tensor) => t.mul(2).tanh().sum())(x.detach());
    for (const [i, g] of [...x.grad!.toTypedArray()].entries())
      expect(g).toBeCloseTo(4 * Number(once.toTypedArray()[i]), 5);
  });

  it('leaves views of a parameter on its memory: a change in place is still noticed', () => {
    const w = leaf([
      [1, 2],
      [3, 4],
    ]);
    const y = w.T.mul(w.reshape([2, 2])).sum();
    y.backward({ retainGraph: true });
    w.assign(w.detach().mul(2));
    expectError(() => y.backward(), GradientError, /was changed in place/);
  });
});

describe('backward({ createGraph })', () => {
  it('makes gradients that can be differentiated', () => {
    const x = leaf(2, 'float64');
    x.pow(4).backward({ createGraph: true });
    const first = x.grad!;
    expect([first.item(), first.requiresGrad]).toEqual([32, true]);
    x.grad = null;
    const y = leaf(2, 'float64');
    y.pow(4).backward({ createGraph: true });
    y.grad!.mul(1).backward(); // adds 48 to the 32 that are there
    expect(y.grad!.item()).toBe(80);
  });

  it('accumulates recorded gradients', () => {
    const x = leaf(2, 'float64');
    x.pow(3).backward({ createGraph: true });
    x.pow(2).backward({ createGraph: true });
    const g = x.grad!; // 3 x² + 2 x
    expect(g.item()).toBe(16);
    const penalty = g.square(); // 2 g (6 x + 2)
    penalty.backward();
    expect(x.grad!.item()).toBe(16 + 2 * 16 * 14);
  });

  it('trains on the norm of a gradient', () => {
    const w = leaf([0.3, -0.4], 'float64');
    const norm = (v: Tensor): Tensor =>
      grad((x: Tensor) => x.tanh().mul(x).sum())(v)
        .square()
        .sum();
    w.tanh().mul(w).sum().backward({ createGraph: true });
    const penalty = w.grad!.square().sum();
    const expected = grad(norm)(w.detach());
    penalty.backward({ gradient: tensor(1, { dtype: 'float64' }) });
    const first = grad((x: Tensor) => x.tanh().mul(x).sum())(w.detach());
    expect(w.grad!.sub(first).toArray()).toEqual((expected.toArray() as number[]).map((y) => expect.closeTo(y, 14)));
  });

  it('leaves the gradients readable after a pass that goes through them', () => {
    const [w, v] = [leaf([1, 2]), leaf([3, 4])];
    w.mul(v)
      .sum()
      .backward({ createGraph: true, inputs: [w] });
    w.grad!.square()
      .sum()
      .backward({ inputs: [v] });
    v.mul(1).sum().backward();
    w.detach();
    expect([w.grad!.toArray(), v.grad!.toArray()]).toEqual([
      [3, 4],
      [7, 9],
    ]);
  });
});

describe('backward({ inputs })', () => {
  it('fills those leaves only', () => {
    const [a, b] = [leaf(2), leaf(3)];
    a.mul(b).backward({ inputs: [a] });
    expect([a.grad!.item(), b.grad]).toEqual([3, null]);
  });

  it('does nothing where none of them lies upstream, and leaves no trace', () => {
    const [a, b] = [leaf(2), leaf(3)];
    const y = a.mul(1);
    const late = leaf(4);
    y.backward({ inputs: [late], retainGraph: true });
    y.backward({ inputs: [b], retainGraph: true });
    y.backward({ inputs: [], retainGraph: true });
    y.mul(3).backward();
    expect([a.grad!.item(), b.grad, late.grad]).toEqual([3, null, null]);
  });

  it('refuses what is not a leaf that requires a gradient', () => {
    const a = leaf(2);
    const y = a.mul(2);
    for (const input of [y, tensor(1), 3 as never]) {
      expectError(
        () => y.mul(1).backward({ inputs: [input] }),
        GradientError,
        'backward: got an input that is not a leaf requiring a gradient. Set requiresGrad on it before the forward pass.',
      );
    }
  });
});

describe('backward() refuses', () => {
  it('a result that depends on nothing that requires a gradient', () => {
    const message =
      'backward: the result of multiply depends on nothing that requires a gradient. Create a leaf with { requiresGrad: true }, compute outside noGrad(), and do not detach on the way.';
    expectError(() => tensor(1).mul(2).backward(), GradientError, message);
    const x = leaf(1);
    expectError(() => noGrad(() => x.mul(2)).backward(), GradientError, message);
    expectError(() => x.detach().mul(2).backward(), GradientError, message);
  });

  it('unknown options', () => {
    expectError(
      () =>
        leaf(1)
          .mul(2)
          .backward({ retain_graph: true } as BackwardOptions),
      ArgumentError,
      "backward: got unknown option 'retain_graph'; expected one of gradient, retainGraph, createGraph, inputs",
    );
  });

  it('a kept tensor that was changed in place since, and not one that was changed without being kept', () => {
    const [w, b] = [leaf([1, 2]), leaf([1, 1])];
    const x = tensor([3, 4]);
    const y = w.mul(x).add(b).sum();
    b.assign(zeros([2])); // adding keeps nothing
    y.backward({ retainGraph: true });
    x.assign(zeros([2]));
    expectError(
      () => y.backward(),
      GradientError,
      'backward: a tensor that multiply keeps for its derivative was changed in place after it was used. Run backward() before optimizer.step() or assign(), or compute the result again.',
    );
    const z = w.square().sum();
    w.detach()
      .slice([0, 1])
      .assign(tensor([9]));
    expectError(() => z.backward(), GradientError, /^backward: a tensor that square keeps/);
  });
});

describe('a gradient used as a constant', () => {
  it('is missed when another pass has added to it in place since', () => {
    const [w, v] = [leaf([1, 2]), leaf([3, 4])];
    w.square().sum().backward();
    const y = v.mul(w.grad!).sum();
    w.sum().backward();
    expectError(
      () => y.backward(),
      GradientError,
      /^backward: a tensor that multiply keeps for its derivative was changed in place/,
    );
    v.mul(w.grad!.detach()).sum().backward();
    expect(v.grad!.toArray()).toEqual([3, 5]);
  });
});

describe('assign(value)', () => {
  it('overwrites a leaf in place, broadcasting', () => {
    const w = leaf([
      [1, 2],
      [3, 4],
    ]);
    const same = w.assign(tensor([5, 6]));
    expect(same).toBe(w);
    expect(w.toArray()).toEqual([
      [5, 6],
      [5, 6],
    ]);
    w.square().sum().backward();
    expect(w.grad!.toArray()).toEqual([
      [10, 12],
      [10, 12],
    ]);
  });

  it('converts to the dtype of the target, and records nothing', () => {
    expect(
      tensor([1, 2], { dtype: 'int32' })
        .assign(tensor([7.9, -7.9]))
        .toArray(),
    ).toEqual([7, -7]);
    const mask = tensor([false, true]).assign(tensor([2, 0]));
    expect([...mask.toTypedArray()]).toEqual([1, 0]);
    const target = zeros([2]).assign(leaf([1, 2]).mul(3));
    expect([target.requiresGrad, target.toArray()]).toEqual([false, [3, 6]]);
  });

  it('takes a value made of the target itself', () => {
    const x = tensor([1, 2, 3]);
    x.assign(x.mul(2));
    expect(x.toArray()).toEqual([2, 4, 6]);
    x.assign(x.slice([null, null, -1]));
    expect(x.toArray()).toEqual([6, 4, 2]);
  });

  it('refuses recorded results, and values that do not fit', () => {
    const y = leaf([1, 2]).mul(2);
    expectError(
      () => y.assign(zeros([2])),
      GradientError,
      'assign: got a target made by multiply, which is recorded; expected a leaf. Assign to parameters and data, not to results.',
    );
    expectError(
      () => leaf([1, 2]).assign(zeros([3])),
      ShapeError,
      'assign: got target [2] and value [3]; expected a value that broadcasts to the target',
    );
    expectError(
      () =>
        zeros([1])
          .broadcastTo([2])
          .assign(tensor([1, 2])),
      ArgumentError,
      'assign: got a target that broadcasting made: several of its elements are one number. Copy it first: tensor(target).',
    );
    expectError(() => zeros([2]).assign(3 as never), DTypeError, /^assign: got x number; expected a tensor/);
  });
});

describe('a primitive whose vjp throws', () => {
  const failures = { left: 0 };
  const fragile = primitive({
    name: 'fragile',
    inputs: ['x'],
    shape: ({ x }) => x,
    run: (out, [x]) => {
      out.data.set(x!.data.subarray(x!.offset, x!.offset + x!.size), out.offset);
    },
    keeps: { x: ['out'] },
    vjp: {
      x: (g, { out }) => {
        const made = g.mul(out.sub(out).add(1));
        if (failures.left-- > 0) throw new RangeError('not today');
        return made;
      },
    },
    jvp: { x: (t) => t },
  });

  it('leaves the tape as it was: the same pass can be run again, and others too', () => {
    const [x, w] = [leaf([1, 2]), leaf([3, 4])];
    const y = apply(fragile, [x.mul(2)], undefined)
      .add(w)
      .sum();
    failures.left = 2;
    for (let i = 0; i < 2; i++) expectError(() => y.backward(), RangeError, 'not today');
    w.zeroGrad();
    x.mul(5).sum().backward();
    expect(x.grad!.toArray()).toEqual([5, 5]);
    y.backward();
    expect([x.grad!.toArray(), w.grad!.toArray()]).toEqual([
      [5 + 2, 5 + 2],
      [1, 1],
    ]);
  });

  it('leaves transforms as they were', () => {
    const f = (x: Tensor): Tensor => apply(fragile, [x.mul(2)], undefined).sum();
    failures.left = 1;
    expectError(() => grad(f)(tensor([1, 2])), RangeError, 'not today');
    expect(grad(f)(tensor([1, 2])).toArray()).toEqual([2, 2]);
    failures.left = 1;
    expectError(() => grad((x: Tensor) => grad(f)(x).sum())(tensor([1])), RangeError, 'not today');
    expect(grad((x: Tensor) => grad(f)(x).sum())(tensor([1])).toArray()).toEqual([0]);
  });
});

describe('gradients of random expressions', () => {
  /** Programs over scalars: each step applies an operation to two earlier values. */
  const steps = fc.array(fc.tuple(fc.constantFrom('add', 'sub', 'mul', 'tanh', 'maximum'), fc.nat(), fc.nat()), {
    minLength: 1,
    maxLength: 25,
  });

  it('by backward() are those by grad(), whatever shares what', () => {
    fc.assert(
      fc.property(
        steps,
        fc.double({ min: -1, max: 1, noNaN: true }),
        fc.double({ min: -1, max: 1, noNaN: true }),
        (program, p, q) => {
          const run = (a: Tensor, b: Tensor): Tensor => {
            const values = [a, b];
            for (const [name, i, j] of program) {
              const [x, y] = [values[i % values.length]!, values[j % values.length]!];
              values.push(name === 'tanh' ? x.tanh() : x[name](y).mul(0.5));
            }
            return values[values.length - 1]!.add(values[values.length >> 1]!);
          };
          const [a, b] = [leaf(p, 'float64'), leaf(q, 'float64')];
          const y = run(a, b);
          y.backward();
          const [da, db] = grad(run, { argnums: [0, 1] })(
            tensor(p, { dtype: 'float64' }),
            tensor(q, { dtype: 'float64' }),
          );
          expect(a.grad?.item() ?? 0).toBe(da!.item());
          expect(b.grad?.item() ?? 0).toBe(db!.item());
        },
      ),
    );
  });
});

describe('backward() to a leaf that was disposed of', () => {
  it('still reaches the other leaves', () => {
    const [a, b] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
    const y = a.add(b).sum();
    a[Symbol.dispose]();
    y.backward();
    expect(b.grad!.toArray()).toEqual([1, 1]);
    expect(a.grad!.toArray()).toEqual([1, 1]);
  });
});
