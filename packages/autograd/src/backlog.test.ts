import { configureHeap, heapMemory, heapStats } from '@cotangent/kernels';
import { full, grad, type Tensor, tensor } from './index.js';

const limit = 64 * 2 ** 20;
const looseBudget = 2 ** 20;

beforeAll(() => configureHeap({ looseBudgetBytes: looseBudget }));

/** 64 × 64: 16 KiB. */
const square = [64, 64];
const bytes = 64 * 64 * 4;
const parameter = (): Tensor => tensor(full(square, 0.01), { requiresGrad: true });

const held = (): number => {
  const { liveBytes, looseBytes } = heapStats();
  return liveBytes - looseBytes;
};

describe('results that no backward pass uses', () => {
  it('do not pile up in a synchronous loop, beside training or not, and numbers stay right', () => {
    const [w, v] = [parameter(), parameter()];
    const x = full(square, 0.5);
    const evaluate = (): Tensor => x.matmul(w).tanh().matmul(v).T.square().mean();
    const [before, expected] = [held(), evaluate().item()];
    const expectBounded = (): void => {
      if (heapMemory() === null) return;
      expect(held() - before).toBeLessThanOrEqual(limit + 20 * bytes);
      expect(heapStats().looseBytes).toBeLessThanOrEqual(looseBudget);
    };
    for (let i = 0; i < 3000; i++) {
      evaluate();
      expectBounded();
    }
    for (let i = 0; i < 1000; i++) {
      evaluate();
      evaluate().backward();
      w.zeroGrad();
      v.zeroGrad();
      expectBounded();
    }
    expect(evaluate().item()).toBe(expected);
  });

  it('can still be used after they were moved out of the heap', () => {
    const w = parameter();
    const f = (p: Tensor): Tensor => {
      const z = p.mul(2).tanh();
      return z.T.square().mul(z).sum();
    };
    const y = f(w);
    for (let i = 0; i < 5000; i++) w.mul(3);
    y.backward();
    expect(w.grad!.toArray()).toEqual(grad(f)(w).toArray());
  });

  it('may be as large as graphs are that were used before', () => {
    if (heapMemory() === null) return;
    const w = parameter();
    const chain = (): Tensor => {
      let y = w.mul(1);
      for (let i = 0; i < 6000; i++) y = y.mul(1);
      return y.sum();
    };
    chain().backward(); // 94 MiB
    const { spills } = heapStats();
    chain();
    expect(heapStats().spills).toBe(spills);
  });

  it('are free for the garbage collector once the event loop has had a turn', async () => {
    const w = parameter();
    const seen = new WeakRef(w.mul(3));
    await new Promise((resolve) => setTimeout(resolve, 0));
    await new Promise((resolve) => setTimeout(resolve, 0));
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    expect(seen.deref()).toBeUndefined();
  });
});

describe('views that no backward pass uses', () => {
  it('do not hold what they look at for ever, once that was used', () => {
    const w = parameter();
    const before = held();
    for (let i = 0; i < 12_000; i++) {
      const y = w.mul(2);
      y.T; // recorded, and never used
      y.sum().backward();
      w.zeroGrad();
    }
    if (heapMemory() !== null) expect(held() - before).toBeLessThanOrEqual(limit + 20 * bytes);
  });
});
