import { GradientError, grad, registerHook, type Tensor, tensor } from '../index.js';
import { expectError } from '../testing/expectError.js';

describe('registerHook(x, hook)', () => {
  it('sees the gradient of a result and of a leaf, and may replace it', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const y = w.mul(3);
    const seen: unknown[] = [];
    y.registerHook((g) => {
      seen.push(g.toArray());
    });
    w.registerHook((g) => g.clip(-1, 1));
    y.mul(5).sum().backward();
    expect(seen).toEqual([[5, 5]]);
    expect(w.grad!.toArray()).toEqual([1, 1]);
  });

  it('sees the whole gradient, summed over all paths, once', () => {
    const x = tensor(3, { requiresGrad: true });
    const y = x.mul(2);
    const seen: number[] = [];
    registerHook(y, (g) => {
      seen.push(g.item());
    });
    y.mul(y).add(y).backward();
    expect(seen).toEqual([13]);
  });

  it('is called no more once removed, and hooks follow one another', () => {
    const w = tensor([1], { requiresGrad: true });
    const twice = w.registerHook((g) => g.mul(2));
    const plusOne = w.registerHook((g) => g.add(1));
    w.sum().backward();
    expect(w.grad!.toArray()).toEqual([3]);
    twice.remove();
    w.zeroGrad();
    w.sum().backward();
    expect(w.grad!.toArray()).toEqual([2]);
    plusOne.remove();
    plusOne.remove();
    w.zeroGrad();
    w.sum().backward();
    expect(w.grad!.toArray()).toEqual([1]);
  });

  it('works inside grad, and what it does is differentiated with createGraph', () => {
    const f = (x: Tensor): Tensor => {
      const y = x.square();
      registerHook(y, (g) => g.mul(x));
      return y.sum();
    };
    // d(x²) · x = 2x²; its derivative is 4x.
    expect(grad(f)(tensor(3)).item()).toBe(18);
    expect(grad((x: Tensor) => grad(f)(x))(tensor(3)).item()).toBe(12);
  });

  it('keeps what it detaches, and nothing else', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const kept: Tensor[] = [];
    const y = w.mul(3);
    y.registerHook((g) => {
      kept.push(g, g.detach());
    });
    y.sum().backward();
    expect(() => kept[0]!.toArray()).toThrow('released');
    expect(kept[1]!.toArray()).toEqual([1, 1]);
  });

  it('says what is wrong', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    expect(() => registerHook(tensor(1), () => undefined)).toThrow(
      'registerHook: the result of tensor depends on nothing that requires a gradient. Set requiresGrad on what it was computed from.',
    );
    w.registerHook((g) => g.sum());
    expect(() => w.sum().backward()).toThrow(
      'registerHook: got returned [] and x [2]; expected a gradient of the shape of x',
    );
    const v = tensor([1], { requiresGrad: true });
    v.registerHook((() => 3) as never);
    expect(() => v.sum().backward()).toThrow('registerHook: the hook returned number; expected a tensor or nothing');
  });
});

it('a hook cannot use up the graph that its own pass goes through', () => {
  const w = tensor([1, 2], { requiresGrad: true });
  const y = w.mul(3).exp();
  const other = y.mul(2).sum();
  let first = true;
  y.registerHook(() => {
    if (first) {
      first = false;
      other.backward();
    }
  });
  expectError(() => y.sum().backward(), GradientError, /a part of the graph \(made by exp\) was already used/);
});

describe('retainGrad(x)', () => {
  it('gives a result a .grad, accumulated as in leaves', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const y = w.mul(3);
    y.retainGrad();
    const z = y.square().sum();
    z.backward({ retainGraph: true });
    expect(y.grad!.toArray()).toEqual([6, 12]);
    z.backward();
    expect(y.grad!.toArray()).toEqual([12, 24]);
  });
});
