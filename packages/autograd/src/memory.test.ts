/** The memory contract (docs/architecture/memory.md), rule by rule, on what `heapStats()` counts. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { configureHeap, heapMemory, heapStats } from '@cotangent/kernels';
import {
  apply,
  checkpoint,
  customVjp,
  enableGrad,
  fromTypedArray,
  full,
  GradientError,
  grad,
  hessian,
  hvp,
  jacfwd,
  jacrev,
  jvp,
  noGrad,
  ones,
  persistent,
  primitive,
  ReleasedTensorError,
  randomNormal,
  scope,
  softmaxCrossEntropy,
  type Tensor,
  take,
  tensor,
  update,
  valueAndGrad,
  vjp,
  vmap,
  zeros,
} from './index.js';
import { expectError } from './testing/expectError.js';

const looseBudget = 2 ** 20;

beforeAll(() => configureHeap({ looseBudgetBytes: looseBudget }));
afterAll(() => configureHeap({ looseBudgetBytes: 64 * 2 ** 20 }));

/** 64 × 64: 16 KiB, far above what is kept out of the heap for being small. */
const square = [64, 64];
const bytes = 64 * 64 * 4;

const parameter = (shape = square, value = 0.01): Tensor => {
  const x = persistent(full(shape, value));
  x.requiresGrad = true;
  return x;
};

/** What scopes, tape and tensors own: not for the garbage collector, which gets no turn in these loops. */
const held = (): number => {
  const { liveBytes, looseBytes } = heapStats();
  return liveBytes - looseBytes;
};

/**
 * Runs `step` in a synchronous loop: after a few turns nothing may be held that was not held before, and what is left
 * to the garbage collector stays within its budget.
 */
function expectFlat(step: (i: number) => unknown, steps = 60): void {
  let most = 0;
  for (let i = 0; i < 10; i++) {
    step(i);
    most = Math.max(most, held());
  }
  for (let i = 10; i < steps; i++) {
    step(i);
    expect(held()).toBeLessThanOrEqual(most);
    expect(heapStats().looseBytes).toBeLessThanOrEqual(looseBudget);
  }
}

const sgd = (parameters: readonly Tensor[], rate: number): void => {
  for (const p of parameters) {
    update(
      ([target], [g]) => {
        for (let i = 0; i < target!.size; i++) target!.data[target!.offset + i]! -= rate * g!.data[g!.offset + i]!;
      },
      [p],
      [p.grad!],
    );
  }
};

describe('rule 1: memory is flat in a synchronous loop of', () => {
  const x = randomNormal(square);
  const labels = tensor(
    Array.from({ length: 64 }, (_, i) => i % 64),
    { dtype: 'int32' },
  );
  const network = (w1: Tensor, b: Tensor, w2: Tensor): Tensor =>
    softmaxCrossEntropy(x.matmul(w1).add(b).relu().matmul(w2), labels).mean();

  it('steps in the PyTorch style', () => {
    const parameters = [parameter(), parameter([64], 0), parameter()] as const;
    expectFlat(() => {
      const loss = network(...parameters);
      for (const p of parameters) p.zeroGrad();
      loss.backward();
      sgd(parameters, 0.1);
    });
    expect(network(...parameters).item()).toBeLessThan(Math.log(64));
  });

  it('steps that only accumulate', () => {
    const w = parameter();
    expectFlat(() => w.tanh().sum().backward());
  });

  it('steps that clip gradients by replacing them', () => {
    const w = parameter();
    expectFlat(() => {
      w.zeroGrad();
      w.square().tanh().sum().backward();
      w.grad = w.grad!.mul(0.5);
      sgd([w], 0.1);
    });
  });

  it('functional steps that rebuild the parameters', () => {
    let parameters = { w1: full(square, 0.01), b: zeros([64]), w2: full(square, 0.01) };
    const step = valueAndGrad((p: typeof parameters) => network(p.w1, p.b, p.w2));
    expectFlat(() => {
      const [, g] = step(parameters);
      parameters = {
        w1: parameters.w1.sub(g.w1.mul(0.1)),
        b: parameters.b.sub(g.b.mul(0.1)),
        w2: parameters.w2.sub(g.w2.mul(0.1)),
      };
    });
  });

  it('functional steps over parameters that are leaves, with momentum', () => {
    const w = parameter();
    let velocity = zeros(square);
    const slope = grad((p: Tensor) => x.matmul(p).tanh().mean());
    expectFlat(() => {
      velocity = velocity.mul(0.9).add(slope(w));
      w.assign(w.detach().sub(velocity.mul(0.1)));
    });
  });

  it('evaluation without recording, of recorded parameters', () => {
    const parameters = [parameter(), parameter([64], 0), parameter()] as const;
    let total = 0;
    expectFlat(() => {
      total += noGrad(() => network(...parameters)).item();
    });
    expect(total).toBeGreaterThan(0);
  });

  it('plain arithmetic that records nothing', () => {
    let y = x;
    expectFlat(() => {
      y = y.matmul(x).tanh().mul(0.9).add(x).slice([null, null, -1]).T.reshape(square);
    });
    expect(Number.isFinite(y.sum().item())).toBe(true);
  });

  it('plain arithmetic with mistakes in it', () => {
    expectFlat(() => {
      expect(() => x.mul(2).matmul(ones([3, 3]))).toThrow('matmul');
      expect(() => take(x.add(1), tensor([64], { dtype: 'int32' }))).toThrow('take');
      expect(() => tensor([[1, 2], [3]])).toThrow('tensor');
      scope(() =>
        expect(() => tensor(Array.from({ length: 2000 }, (_, i) => (i < 1999 ? [i, i] : [i])))).toThrow('tensor'),
      );
    });
  });

  it('data leaves, made anew for every step', () => {
    const w = parameter();
    expectFlat((i) => {
      const input = fromTypedArray(new Float32Array(64 * 64).fill(i), square, { requiresGrad: true });
      input.mul(w).tanh().sum().backward();
      expect(input.grad!.shape).toEqual(square);
      w.zeroGrad();
    });
  });

  it('backpropagation through time, truncated by detach()', () => {
    const w = parameter();
    let h = zeros(square);
    expectFlat(() => {
      h = h.detach();
      let loss = tensor(0);
      for (let t = 0; t < 4; t++) {
        h = h.matmul(w).add(x).tanh();
        loss = loss.add(h.mean());
      }
      loss.backward();
      w.zeroGrad();
    });
  });

  it('steps that keep views of what they computed, taken without recording', () => {
    const w = parameter();
    const kept: Tensor[] = [];
    expectFlat(() => {
      const y = w.mul(2);
      const z = y.tanh();
      noGrad(() => kept.push(y.T, z.reshape([-1]), z.slice([0, 32]), z.expandDims(0)));
      while (kept.length > 12) kept.shift();
      z.sum().backward();
      w.zeroGrad();
    });
    for (const view of kept) expect(Number.isFinite(view.sum().item())).toBe(true);
  });

  it('two losses that share a part, the first with retainGraph', () => {
    const [generator, critic] = [parameter(), parameter()];
    expectFlat(() => {
      const fake = x.matmul(generator).tanh();
      const [a, b] = [fake.matmul(critic).sigmoid().mean(), fake.sub(x).square().mean()];
      a.backward({ retainGraph: true });
      b.backward();
      generator.zeroGrad();
      critic.zeroGrad();
    });
  });

  it('losses that take turns, each with its own parameters, one on the detached output of the other', () => {
    const [generator, critic] = [parameter(), parameter()];
    expectFlat(() => {
      const fake = x.matmul(generator).tanh();
      fake.detach().matmul(critic).tanh().mean().backward();
      sgd([critic], 0.1);
      critic.zeroGrad();
      fake
        .matmul(critic)
        .tanh()
        .mean()
        .backward({ inputs: [generator] });
      sgd([generator], 0.1);
      generator.zeroGrad();
    });
  });

  it('steps that always say retainGraph, though nothing comes of it', () => {
    const w = parameter();
    expectFlat(() => {
      w.T.mul(2).reshape([-1]).tanh().sum().backward({ retainGraph: true });
      w.zeroGrad();
    });
  });

  it('gradient penalties by grad with createGraph', () => {
    const w = parameter();
    expectFlat(() => {
      const slope = grad((input: Tensor) => input.matmul(w).tanh().mean(), { createGraph: true })(x);
      slope.square().sum().backward();
      w.zeroGrad();
    });
  });

  it('gradient penalties by backward with createGraph', () => {
    const w = parameter();
    expectFlat(() => {
      x.matmul(w).tanh().mean().backward({ createGraph: true });
      w.grad!.square().sum().backward();
      w.zeroGrad();
    });
  });

  it('backward passes with createGraph that nothing comes of', () => {
    const w = parameter();
    expectFlat(() => {
      x.matmul(w).tanh().mean().backward({ createGraph: true });
      w.zeroGrad();
    });
  });

  it('second derivatives in every order of modes', () => {
    const v = ones(square);
    const f = (p: Tensor): Tensor => x.mul(p).tanh().mul(p).sum();
    const w = parameter();
    expectFlat(() => {
      grad((p: Tensor) => grad(f)(p).mul(v).sum())(x);
      jvp(grad(f), [x], [v]);
      jvp((p) => jvp(f, [p], [v])[1], [x], [v]);
      grad((p: Tensor) => jvp(f, [p], [v])[1])(w);
    });
  });

  it('per-example gradients, for 10,000 steps', () => {
    const p = { w: full([16, 16], 0.01), b: zeros([16]) };
    const [inputs, targets] = [randomNormal([8, 16]), randomNormal([8, 16])];
    const loss = (q: typeof p, input: Tensor, target: Tensor): Tensor =>
      input.matmul(q.w).add(q.b).tanh().sub(target).square().mean();
    const step = vmap(valueAndGrad(loss), { inAxes: [null, 0, 0] });
    expectFlat(() => step(p, inputs, targets), 10_000);
  });

  it('vmap around, inside and beside everything else', () => {
    const w = parameter();
    const v = ones([64]);
    const f = (p: Tensor, row: Tensor): Tensor => p.mul(row).tanh().mul(p).sum();
    expectFlat(() => {
      grad((p: Tensor) => vmap((row: Tensor) => grad(f)(p, row).mul(row).sum())(x).sum())(v);
      jvp((p) => vmap(grad(f), { inAxes: [null, 0] })(p, x), [v], [v]);
      vmap(
        (row: Tensor) =>
          jvp(
            grad((p: Tensor) => f(p, row)),
            [v],
            [row],
          )[1],
      )(x);
      vmap((row: Tensor) => vmap((other: Tensor) => f(row, other))(x.slice([0, 4])))(x);
      vmap((row: Tensor) => scope(() => row.detach().mul(row.tanh())))(x);
      vmap((row: Tensor) => f(w, row.detach()))(x)
        .sum()
        .backward();
      w.zeroGrad();
      vmap(grad((row: Tensor) => f(w.slice(0), row), { createGraph: true }))(x)
        .square()
        .sum()
        .backward();
      w.zeroGrad();
      noGrad(() => vmap((row: Tensor) => f(w, row))(x));
    });
    expect(w.requiresGrad).toBe(true);
  });

  it('vmap with mistakes in it, and tensors carried out of it', () => {
    const w = parameter();
    let stolen: Tensor[] = [];
    expectFlat(() => {
      expect(() => vmap((row: Tensor) => row.mul(w).sum().item())(x)).toThrow('asked for');
      expect(() =>
        vmap(
          grad((row: Tensor) =>
            row
              .mul(w)
              .matmul(ones([3, 3]))
              .sum(),
          ),
        )(x),
      ).toThrow('matmul');
      vmap((row: Tensor) => {
        stolen = [row.mul(2), row.mul(w).detach(), ...stolen.slice(0, 4)];
        return row;
      })(x);
    });
  });

  it('Jacobians, Hessians and their products', () => {
    const [u, v] = [full([64], 0.01), ones([64])];
    const f = (p: Tensor): Tensor => x.matmul(p.tanh()).tanh();
    expectFlat(() => {
      jacrev(f)(u);
      jacfwd(f)(u);
      hessian((p: Tensor) => f(p).sum())(u);
      hvp((p: Tensor) => f(p).sum(), [u], [v]);
      grad((p: Tensor) => jacfwd(f)(p).square().sum())(u);
      grad((p: Tensor) => jacrev(f)(p).square().sum())(u);
    }, 30);
  });

  it('functions with auxiliary results, on the path of the value or not', () => {
    const w = parameter();
    const f = valueAndGrad(
      (p: Tensor): [Tensor, Tensor[]] => {
        const y = p.mul(2);
        const beside = p.tanh();
        beside.square().exp();
        return [y.sum(), [y, beside, p.T]];
      },
      { hasAux: true },
    );
    expectFlat(() => f(w));
    expectFlat(() => f(x));
  });

  it('scopes that give back recorded results and views', () => {
    const w = parameter();
    expectFlat(() => {
      const y = scope(() => scope(() => w.tanh()).T.add(scope(() => w.mul(2)).T));
      y.mul(2).sum().backward();
      w.zeroGrad();
    });
    expectFlat(() => scope(() => x.mul(2).tanh().T));
  });

  it('steps that detach results to keep them', () => {
    const w = parameter();
    let kept: Tensor[] = [];
    expectFlat(() => {
      const y = w.mul(2);
      y.sum().backward();
      kept = [y.detach(), w.grad!.detach(), ...kept.slice(0, 4)];
      w.zeroGrad();
    });
    for (const y of kept) expect(y.isReleased).toBe(false);
  });

  it('episodes: losses gathered over many steps and differentiated at the end', () => {
    const w = parameter([16, 16]);
    expectFlat(() => {
      let total = w.sum();
      for (let i = 0; i < 100; i++) total = total.add(w.matmul(w).tanh().sum());
      total.backward();
      w.zeroGrad();
    }, 20);
  });

  it('checkpoints, custom rules, hooks and mapped gradients, in both styles of training', () => {
    const w = parameter();
    const x = full(square, 0.5);
    const block = checkpoint((v: Tensor, p: Tensor) => v.mul(p).tanh().add(v));
    const clipped = customVjp({
      forward: (v: Tensor) => [v.square(), v.mul(2)] as const,
      backward: (slope: Tensor, g: Tensor) => [g.mul(slope).clip(-1, 1)],
    });
    const loss = (p: Tensor): Tensor => clipped(block(block(x, p), p)).sum();
    expectFlat(() => {
      const y = loss(w);
      y.registerHook((g) => g.mul(0.5));
      y.backward();
      w.zeroGrad();
    });
    expectFlat(() => valueAndGrad(loss)(w));
    expectFlat(() =>
      vmap(
        grad((p: Tensor, v: Tensor) => p.mul(v).tanh().sum()),
        { inAxes: [null, 0] },
      )(w, full([3, ...square], 0.1)),
    );
    expectFlat(() => {
      const [, pullback] = vjp(loss, [w]);
      pullback(ones([]));
    });
  });

  it('exceptions in the middle of the function given to a transform', () => {
    const w = parameter();
    const f = (p: Tensor): Tensor => {
      const y = p.mul(2).tanh();
      y.square();
      throw new RangeError('not today');
    };
    const attempts = [
      () => grad(f)(w),
      () => valueAndGrad(f, { createGraph: true })(x),
      () => grad((p: Tensor) => grad(f)(p.tanh()).sum())(w),
      () => jvp(f, [x], [x]),
      () => jvp(grad(f), [x], [x]),
      () => scope(() => f(w)),
    ];
    expectFlat(() => {
      for (const attempt of attempts) expectError(attempt, RangeError, 'not today');
    });
    expectFlat(() => expect(() => grad((p: Tensor) => p.mul(2).tanh())(w)).toThrow(GradientError));
  });

  it('exceptions in the middle of a sweep', () => {
    const fragile = primitive({
      name: 'fragile',
      inputs: ['x'],
      shape: ({ x }) => x,
      run: (out) => {
        out.data.fill(1, out.offset, out.offset + out.size);
      },
      keeps: { x: ['x'] },
      vjp: {
        x: (g, { x }) => {
          g.mul(x).exp();
          throw new RangeError('not today');
        },
      },
      jvp: { x: (t) => t },
    });
    const f = (p: Tensor): Tensor => {
      const y = p.mul(2);
      return apply(fragile, [y.tanh()], undefined).add(y).sum();
    };
    expectFlat(() => expectError(() => grad(f)(x), RangeError, 'not today'));
    expectFlat(() => expectError(() => grad((p: Tensor) => grad(f)(p).sum())(x), RangeError, 'not today'));
    const y = f(parameter());
    expectFlat(() => expectError(() => y.backward(), RangeError, 'not today'));
  });
});

describe('rule 2: transforms recycle what they made', () => {
  it('before they return: only the results are left, and they are not held', () => {
    const x = randomNormal(square);
    const before = held();
    const [value, gradient] = valueAndGrad((p: Tensor) => p.matmul(p).tanh().exp().sum())(x);
    expect(held()).toBe(before);
    expect([value.shape, gradient.shape]).toEqual([[], square]);
  });

  it('while they run: a chain needs what its derivatives keep, not what they passed over', () => {
    if (heapMemory() === null) return;
    const w = parameter();
    // add, neg and sub keep nothing: each result is free once the next one is there… when the scope ends; sum keeps nothing.
    const f = (p: Tensor): Tensor => {
      let y = p;
      for (let i = 0; i < 20; i++) y = scope(() => y.add(1).neg());
      return y.sum();
    };
    const before = heapStats().liveBytes;
    let most = 0;
    grad((p: Tensor) => {
      const y = f(p);
      most = heapStats().liveBytes - before;
      return y;
    })(w);
    expect(most).toBeLessThan(45 * bytes);
    expect(heapStats().liveBytes - before).toBeLessThanOrEqual(2 * bytes);
  });
});

describe('rule 3: a tensor that took part in a backward()', () => {
  it('stays readable until the end of the next one, and throws from then on', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const hidden = w.mul(3);
    const view = hidden.reshape([2, 1]);
    const loss = view.square().sum();
    loss.backward();
    expect([hidden.toArray(), view.toArray(), loss.item()]).toEqual([[3, 6], [[3], [6]], 45]);

    const next = w.mul(5);
    next.sum().backward({ retainGraph: true }); // keeps its own graph; the one before is still the last that was used up
    expect(hidden.toArray()).toEqual([3, 6]);
    next.sum().backward();
    for (const [x, name] of [
      [hidden, 'multiply'],
      [view, 'reshape'],
      [loss, 'sum'],
    ] as const) {
      expectError(
        () => x.toArray(),
        ReleasedTensorError,
        `${name}: this result has been released and its memory reused. Tensors that took part in a backward() live until the end of the next one, and those made inside grad(), fit() or scope() until it returns. Keep what you need with .detach(), or read it earlier with .item() or .toArray().`,
      );
      expectError(() => x.add(1), ReleasedTensorError, /Keep what you need with \.detach\(\)/);
      expectError(() => x.detach(), ReleasedTensorError, new RegExp(`^${name}: `));
      expectError(() => x.T, ReleasedTensorError, new RegExp(`^${name}: `));
      expectError(() => w.mul(x), ReleasedTensorError, new RegExp(`^${name}: `));
    }
    expect(next.toArray()).toEqual([5, 10]);
  });

  it('survives as long as retainGraph or createGraph keep it', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const hidden = w.mul(3);
    const loss = hidden.square().sum();
    loss.backward({ retainGraph: true });
    for (let i = 0; i < 5; i++) w.mul(i).sum().backward();
    expect(hidden.toArray()).toEqual([3, 6]);
    w.zeroGrad();
    loss.backward({ createGraph: true });
    for (let i = 0; i < 5; i++) w.mul(0).sum().backward();
    expect([hidden.toArray(), w.grad!.toArray()]).toEqual([
      [3, 6],
      [18, 36],
    ]);
  });

  it('is moved out of the heap by retainGraph at the budget, but never the memory of a parameter', () => {
    if (heapMemory() === null) return;
    const w = parameter();
    for (let i = 0; i < 3; i++) w.assign(w.detach().mul(1)); // its version is not 0
    configureHeap({ looseBudgetBytes: 1 });
    try {
      const view = w.T;
      const hidden = view.mul(2).tanh();
      const y = hidden.mul(w.reshape([64, 64])).sum();
      const expected = hidden.slice(0, 0).item();
      for (let i = 0; i < 3; i++) y.backward({ retainGraph: true });
      expect([w.block.storage.held, view.block.storage === w.block.storage]).toEqual([true, true]);
      expect([hidden.block.storage.inHeap, hidden.slice(0, 0).item()]).toEqual([false, expected]);
      y.backward();
      const once = grad((p: Tensor) => p.T.mul(2).tanh().mul(p).sum())(w)
        .slice(0, 0)
        .item();
      expect(w.grad!.slice(0, 0).item()).toBeCloseTo(4 * once, 5);
    } finally {
      configureHeap({ looseBudgetBytes: looseBudget });
    }
  });

  it('survives as its detached copy', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const y = w.mul(3);
    const [copy, part] = [y.detach(), y.slice(0).detach()];
    y.sum().backward();
    for (let i = 0; i < 5; i++) w.mul(i).sum().backward();
    expect([copy.toArray(), part.item(), y.isReleased]).toEqual([[3, 6], 3, true]);
  });

  it('does not take data, parameters and what was computed without recording with it', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const x = tensor([3, 4]);
    const plain = x.mul(2);
    const silent = noGrad(() => w.mul(2));
    for (let i = 0; i < 3; i++) w.mul(x).mul(plain).mul(silent).sum().backward();
    expect([w, x, plain, silent].map((t) => t.toArray())).toEqual([
      [1, 2],
      [3, 4],
      [6, 8],
      [2, 4],
    ]);
  });

  it('cannot be kept by being used again: what is built on it afterwards says so', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const y = w.mul(3);
    y.sum().backward();
    const late = y.square(); // still readable
    expect(late.toArray()).toEqual([9, 36]);
    w.sum().backward();
    w.mul(1).sum().backward();
    expect(late.toArray()).toEqual([9, 36]);
    expectError(
      () => late.sum().backward(),
      GradientError,
      /^backward: a part of the graph \(made by multiply\) was already used/,
    );
  });

  it('holds what its derivative needs though the user disposes of it', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const h = w.exp();
    const y = h.square().sum();
    h[Symbol.dispose]();
    for (let i = 0; i < 50; i++) ones([2]).mul(i);
    y.backward();
    expect(w.grad!.toArray()).toEqual([1, 2].map((v) => expect.closeTo(2 * Math.exp(2 * v), 3)));
  });
});

describe('rule 4: the rest is the garbage collector’s', () => {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;

  /** Forces collections, with a turn of the event loop after each, until `done` or `most` times over. */
  async function collectUntil(done: () => boolean, most = 50): Promise<void> {
    for (let i = 0; i < most && !done(); i++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets what earlier tests dropped come back. */
  const settle = (): Promise<void> => collectUntil(() => false, 4);

  it('tensors that were dropped come back to the heap after a collection and a turn of the event loop', async () => {
    if (heapMemory() === null) return;
    configureHeap({ looseBudgetBytes: 64 * 2 ** 20 });
    try {
      await settle();
      const before = heapStats();
      (() => {
        for (let i = 0; i < 40; i++) ones([512, 256]).mul(i);
      })();
      const made = heapStats();
      expect(made.liveBytes - before.liveBytes).toBeGreaterThanOrEqual(40 * 2 ** 20);
      const back = (): boolean => heapStats().liveBytes <= before.liveBytes + 2 ** 20;
      await collectUntil(back);
      expect(back()).toBe(true);
      expect(heapStats().collected).toBeGreaterThan(before.collected + 40);
    } finally {
      configureHeap({ looseBudgetBytes: looseBudget });
    }
  });

  it('recorded graphs that no backward pass ever came for come back too', async () => {
    if (heapMemory() === null) return;
    const w = parameter([256, 256]);
    await settle();
    const before = heapStats().liveBytes;
    (() => {
      for (let i = 0; i < 20; i++) w.mul(i).tanh().sum();
    })();
    expect(heapStats().liveBytes - before).toBeGreaterThanOrEqual(20 * 2 ** 18);
    const back = (): boolean => heapStats().liveBytes <= before + 2 ** 19;
    await collectUntil(back);
    expect(back()).toBe(true);
  });

  it('the loss of a step that was differentiated keeps nothing of what it was computed from', async () => {
    const w = parameter();
    const inner: WeakRef<Tensor>[] = [];
    const losses = (() =>
      Array.from({ length: 10 }, (_, i) => {
        const h = w.mul(i).tanh();
        inner.push(new WeakRef(h));
        const loss = h.sum();
        loss.backward();
        return loss;
      }))();
    // What the last pass went through stays readable until there is another one.
    await settle(); // without a look in between, which would keep them until the end of the job
    expect(inner.slice(0, -1).map((h) => h.deref())).toEqual(Array(9).fill(undefined));
    expect(losses.every(({ requiresGrad, isLeaf }) => requiresGrad && !isLeaf)).toBe(true);
  });

  it('live tensors are never taken, however often it runs', async () => {
    const kept = Array.from({ length: 30 }, (_, i) => full([1500], i));
    const views = kept.map((x) => x.slice([100, 1400]).T);
    const w = parameter();
    const loss = w.mul(2).tanh().sum();
    for (let i = 0; i < 5; i++) {
      (() => full([1500], -1).add(1))();
      collect();
      await new Promise((resolve) => setImmediate(resolve));
      for (let k = 0; k < 20; k++) full([1500], -7);
    }
    kept.forEach((x, i) => {
      expect([x.slice(0).item(), x.slice(-1).item(), views[i]!.mean().item()]).toEqual([i, i, i]);
    });
    loss.backward();
    expect(w.grad!.slice(0, 0).item()).toBeCloseTo(2 * (1 - Math.tanh(0.02) ** 2), 5);
  });

  it('small tensors that nobody owns are buffers of JavaScript’s own from the start', () => {
    const multiply = (): void => {
      for (let i = 0; i < 1000; i++) ones([10]).mul(i);
    };
    multiply(); // small whole numbers are kept
    const before = heapStats();
    multiply();
    expect(heapStats().liveBytes).toBe(before.liveBytes);
  });

  it('at the budget, graphs that were recorded and never used become JavaScript buffers: flat, and right', async () => {
    if (heapMemory() === null) return;
    const w = parameter();
    const budgetBytes = heapStats().touchedBytes + 64 * bytes;
    configureHeap({ budgetBytes });
    try {
      const spills = heapStats().spills;
      for (let i = 0; i < 300; i++) {
        const y = w.mul(i).add(1).tanh();
        expect(heapStats().touchedBytes).toBeLessThanOrEqual(budgetBytes);
        expect(y.slice(0, 0).item()).toBeCloseTo(Math.tanh(0.01 * i + 1), 5);
      }
      expect(heapStats().spills).toBeGreaterThan(spills);
      // Training goes on beside it, slower but right.
      w.square().sum().backward();
      expect(w.grad!.slice(0, 0).item()).toBeCloseTo(0.02, 6);
      w.zeroGrad();
    } finally {
      configureHeap({ budgetBytes: Number.POSITIVE_INFINITY });
    }
    await settle();
  });

  it('beyond the budget of what nobody owns, results are buffers too, and kernels take both', () => {
    const xs = Array.from({ length: 100 }, (_, i) => full(square, i)); // 1.6 MB of 1 MiB
    expect(heapStats().looseBytes).toBeLessThanOrEqual(looseBudget);
    const total = xs.reduce((sum, x) => sum.add(x));
    expect(total.mean().item()).toBe(4950);
    expect(xs[99]!.matmul(xs[1]!).slice(0, 0).item()).toBe(99 * 64);
  });
});

describe('rule 5: heapStats() tells', () => {
  it('what is live, at most was live, and what nobody owns', () => {
    if (heapMemory() === null) return;
    const before = heapStats();
    scope(() => {
      const x = ones([1024]);
      const during = heapStats();
      expect(during.liveBytes - before.liveBytes).toBe(4096);
      expect(during.liveBlocks - before.liveBlocks).toBe(1);
      expect(during.looseBytes).toBe(before.looseBytes);
      expect(during.allocations - before.allocations).toBe(1);
      expect(during.peakBytes).toBeGreaterThanOrEqual(during.liveBytes);
      expect(x.size).toBe(1024);
    });
    expect(heapStats().liveBytes).toBe(before.liveBytes);
    scope(() => ones([1024]));
    expect(heapStats().freeListHits).toBeGreaterThan(before.freeListHits);
  });
});

describe('modes and memory', () => {
  it('enableGrad inside noGrad inside scope keeps to the contract', () => {
    const w = parameter();
    expectFlat(() => {
      scope(() =>
        noGrad(() => {
          enableGrad(() => w.mul(2).tanh().sum()).backward();
          w.mul(3).T.slice(0);
        }),
      );
      w.zeroGrad();
    });
  });
});
