import { ArgumentError, heapStats } from '@cotangent/kernels';
import { grad, jvp, noGrad, ones, ReleasedTensorError, scope, type Tensor, tensor } from './index.js';
import { expectError } from './testing/expectError.js';

const live = (): number => heapStats().liveBytes;
const large = [100, 100];

describe('scope(f)', () => {
  it('gives back what f returns, and recycles everything else at once', () => {
    ones([1]).mul(2); // the scalar 2 is kept for the next time
    const before = live();
    const made: Tensor[] = [];
    const result = scope(() => {
      const x = ones(large);
      const y = x.mul(2);
      made.push(x, y, y.exp());
      return y.sum();
    });
    expect(result.item()).toBe(20_000);
    expect(live()).toBe(before);
    for (const [x, name] of [
      [made[0]!, 'ones'],
      [made[1]!, 'multiply'],
      [made[2]!, 'exp'],
    ] as const) {
      expect(x.isReleased).toBe(true);
      const says = new RegExp(
        `^${name}: this result has been released and its memory reused\\. .* Keep what you need with \\.detach\\(\\)`,
      );
      expectError(() => x.toArray(), ReleasedTensorError, says);
      expectError(() => x.add(1), ReleasedTensorError, says);
      expectError(() => x.item(), ReleasedTensorError, says);
    }
  });

  it('keeps the shape, the dtype and the name of what is released', () => {
    let x: Tensor | undefined;
    scope(() => {
      x = ones([2, 3], { dtype: 'float64' });
    });
    expect([x!.shape, x!.dtype, x!.size, x!.madeBy]).toEqual([[2, 3], 'float64', 6, 'ones']);
  });

  it('takes tensors out of arrays and plain objects, as deep as they are', () => {
    const result = scope(() => ({ a: [tensor([1]).mul(2), { b: tensor(3) }], n: 5, s: 'x', nothing: null }));
    expect(JSON.stringify(result)).toBe('{"a":[[2],{"b":3}],"n":5,"s":"x","nothing":null}');
  });

  it('takes a view out whose base it releases', () => {
    const view = scope(() =>
      tensor([
        [1, 2],
        [3, 4],
      ])
        .mul(2)
        .T.slice(1),
    );
    const again = Array.from({ length: 50 }, (_, i) => ones([2, 2]).mul(i));
    expect(view.toArray()).toEqual([4, 8]);
    expect(again[7]!.toArray()).toEqual([
      [7, 7],
      [7, 7],
    ]);
  });

  it('takes out large results and views of them, right after a hundred others were made', () => {
    const [whole, part] = scope(() => {
      const x = ones(large).mul(3);
      return [x, x.slice([10, 60])];
    });
    for (let i = 0; i < 100; i++) ones(large).mul(i);
    expect([whole!.sum().item(), part!.sum().item()]).toEqual([30_000, 15_000]);
  });

  it('gives a tensor returned twice as one tensor', () => {
    const [a, b] = scope(() => {
      const x = tensor([1, 2]).mul(2);
      return [x, x];
    });
    expect(a).toBe(b);
  });

  it('leaves what came from outside alone', () => {
    const x = tensor([1, 2]);
    expect(scope(() => x)).toBe(x);
    expect(scope(() => [x.add(1), x])[1]).toBe(x);
    expect(x.toArray()).toEqual([1, 2]);
  });

  it('leaves what was detached alone: it has memory of its own', () => {
    const kept: Tensor[] = [];
    scope(() => {
      const x = ones(large).mul(2);
      kept.push(x.detach(), x.T.detach(), x.slice(0).detach());
    });
    for (let i = 0; i < 20; i++) scope(() => ones(large).mul(i));
    expect(kept.map((x) => x.sum().item())).toEqual([20_000, 20_000, 200]);
  });

  it('nests: the inner result belongs to the outer scope', () => {
    const before = live();
    let inner: Tensor | undefined;
    const outer = scope(() => {
      inner = scope(() => ones(large).mul(2));
      expect(inner.slice(0, 0).item()).toBe(2);
      return inner.sum();
    });
    expect(outer.item()).toBe(20_000);
    expect(inner!.isReleased).toBe(true);
    expect(live()).toBe(before);
  });

  it('releases everything when f throws', () => {
    const before = live();
    let x: Tensor | undefined;
    expectError(
      () =>
        scope(() => {
          x = ones(large);
          scope(() => x!.mul(2).add(ones(large)));
          throw new RangeError('no');
        }),
      RangeError,
      'no',
    );
    expect([x!.isReleased, live()]).toEqual([true, before]);
    expect(ones([2]).isReleased).toBe(false); // no scope is left open
  });

  it('refuses asynchronous functions', () => {
    expectError(
      () => scope(async () => tensor(1)),
      ArgumentError,
      'scope: got an asynchronous function. Await first, and put the synchronous part into the scope.',
    );
  });

  it('gives back recorded results that can be differentiated', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const loss = scope(() => w.mul(2).tanh().sum());
    loss.backward();
    const expected = [2, 4].map((x) => expect.closeTo(2 * (1 - Math.tanh(x) ** 2), 6));
    expect(w.grad!.toArray()).toEqual(expected);
  });

  it('gives back recorded results whose own numbers the backward pass needs', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const hidden = scope(() => w.tanh()); // tanh keeps its result
    for (let i = 0; i < 20; i++) ones([2]).mul(i);
    hidden.sum().backward();
    expect(w.grad!.toArray()).toEqual([1, 2].map((x) => expect.closeTo(1 - Math.tanh(x) ** 2, 6)));
    expect(hidden.toArray()).toEqual([1, 2].map((x) => expect.closeTo(Math.tanh(x), 6)));
    w.sum().backward();
    expect(hidden.isReleased).toBe(true);
  });

  it('may hold a whole training step', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const loss = scope(() => {
      const y = w.square().sum();
      y.backward();
      return y;
    });
    expect([loss.item(), w.grad!.toArray()]).toEqual([5, [2, 4]]);
  });

  it('takes transforms inside it', () => {
    const [g, t] = scope(() => [
      grad((x: Tensor) => x.square().sum())(tensor([3])),
      jvp((x) => x.square(), [tensor(3)], [tensor(1)])[1],
    ]);
    expect([g!.toArray(), t!.item()]).toEqual([[6], 6]);
  });

  it('lets go of what noGrad and views inside it made', () => {
    const w = ones(large, { requiresGrad: true });
    const before = live();
    scope(() => noGrad(() => w.T.reshape([-1]).mul(2).slice([0, 10])));
    scope(() => {
      w.T.reshape([-1]).tanh().slice([0, 10]);
    });
    expect(live()).toBe(before);
  });
});

describe('[Symbol.dispose]()', () => {
  it('releases at once; twice is the same as once', () => {
    const x = ones([2]);
    x[Symbol.dispose]();
    x[Symbol.dispose]();
    expectError(() => x.toArray(), ReleasedTensorError, /^ones: this result has been released/);
  });

  it('is what `using` calls', () => {
    let outside: Tensor;
    {
      using x = ones([2]).mul(3);
      outside = x;
      expect(x.toArray()).toEqual([3, 3]);
    }
    expect(outside.isReleased).toBe(true);
  });

  it('leaves views of the tensor alone, and what a derivative still needs', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const x = ones([2]).mul(4);
    const view = x.slice(0);
    const y = w.mul(x).sum();
    x[Symbol.dispose]();
    expect(view.item()).toBe(4);
    y.backward();
    expect(w.grad!.toArray()).toEqual([4, 4]);
    expectError(() => x.item(), ReleasedTensorError, /^multiply/);
  });

  it('of the last tensor over a piece of the heap frees it', () => {
    const before = live();
    const x = ones(large);
    const view = x.T;
    x[Symbol.dispose]();
    expect(view.sum().item()).toBe(10_000);
    view[Symbol.dispose]();
    expect(live()).toBe(before);
  });
});
