import { Generator, heapStats, manualSeed, resetHeapStats } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  checkpoint,
  GradientError,
  grad,
  noGrad,
  ones,
  randomUniform,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
} from '../index.js';
import { expectError } from '../testing/expectError.js';
import {
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  shapes,
  smoothTensors,
} from '../testing/index.js';

const bits = (x: Tensor): unknown => x.toArray();

describe('checkpoint(f)', () => {
  const w = tensor([0.3, -0.7], { requiresGrad: true });
  const block = (x: Tensor): Tensor => x.mul(w).tanh().add(x.square());
  const chain = (f: (x: Tensor) => Tensor) => (x: Tensor) => f(f(f(x)));

  it('gives the values and gradients of f, bit for bit, also of what f closes over', () => {
    const gradients = (f: (x: Tensor) => Tensor): unknown[] => {
      const x = tensor([0.5, 1.5], { requiresGrad: true });
      w.zeroGrad();
      const y = chain(f)(x);
      y.sum().backward();
      return [bits(y), bits(x.grad!), bits(w.grad!)];
    };
    expect(gradients(checkpoint(block))).toEqual(gradients(block));
  });

  it('takes a gradient of a module inside, in the middle of the sweep that comes for it', () => {
    const holder = { p: tensor([0.5, -1], { requiresGrad: true }), namedParameters: () => [['p', holder.p]] as const };
    const slope = grad((module: typeof holder, x: Tensor) => module.p.mul(x).tanh().sum());
    const f = (x: Tensor): Tensor => slope(holder, x).p!.square();
    const x = tensor([0.3, 2]);
    const total = (g: (y: Tensor) => Tensor) => bits(grad((y: Tensor) => g(y.mul(x)).sum())(x));
    expect(total(checkpoint(f))).toEqual(total(f));
  });

  it('runs f as it is inside vmap, and works around it', () => {
    const x = tensor([
      [0.5, 1.5],
      [-1, 2],
    ]);
    const total = (f: (row: Tensor) => Tensor) => (a: Tensor) => f(a).tanh().sum();
    const slope = grad(total(vmap(block)))(x);
    expect(bits(vmap(grad(total(checkpoint(block))))(x))).toEqual(bits(slope));
    expect(bits(grad(total(vmap(checkpoint(block))))(x))).toEqual(bits(slope));
    expect(bits(grad(total(checkpoint(vmap(block))))(x))).toEqual(bits(slope));
  });

  it('runs again the way it ran, whatever goes on when the sweep comes', () => {
    const mapped = checkpoint((x: Tensor) =>
      vmap((row: Tensor) => block(row).add(randomUniform([2])), { randomness: 'different' })(x),
    );
    const x = tensor([
      [0.5, 1.5],
      [-1, 2],
    ]);
    const [, pullback] = vjp(mapped, [x]);
    const seeds = ones([3, 2, 2]);
    const expected = bits(pullback(ones([2, 2]))[0]);
    expect(bits(vmap((g: Tensor) => pullback(g)[0])(seeds))).toEqual([expected, expected, expected]);
  });

  it('is differentiable again, in both modes', () => {
    const f = (x: Tensor): Tensor => x.square().tanh();
    const g = chain(checkpoint(f));
    fc.assert(
      fc.property(
        shapes({ maxRank: 2 }).chain((shape) => smoothTensors([shape])),
        (at) => {
          gradientAgreesWithDifferences(g, at, 0);
          forwardAgreesWithReverse(g, at, 0);
          forwardOverReverseAgrees(g, at, 0);
          secondOrderAgreesWithDifferences(g, at, 0, 0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes and gives trees, and nests', () => {
    const cell = ({ h, c }: { h: Tensor; c: Tensor }) => ({ h: h.mul(c).tanh(), c: c.add(h) });
    const unrolled = (f: typeof cell) => (h: Tensor) => {
      let state = { h, c: ones([2]) };
      for (let i = 0; i < 5; i++) state = f(state);
      return state.h.add(state.c).sum();
    };
    const x = tensor([0.5, 1.5]);
    expect(bits(grad(unrolled(checkpoint(cell)))(x))).toEqual(bits(grad(unrolled(cell))(x)));
    const nested = checkpoint((h: Tensor) => unrolled(checkpoint(cell))(h));
    expect(bits(grad(nested)(x))).toEqual(bits(grad(unrolled(cell))(x)));
  });

  it('draws the same random numbers again, from the default generator and from others', () => {
    const own = new Generator(3);
    const noisy = (x: Tensor): Tensor =>
      x
        .mul(randomUniform(x.shape))
        .mul(randomUniform(x.shape, { generator: own }))
        .square();
    manualSeed(1);
    const f = checkpoint(noisy, { generators: [own] });
    const [y, gradient] = valueAndGrad((x: Tensor) => f(x).sum())(tensor([1, 1]));
    // y = Σ (u x)², so its gradient at x = 1 sums to 2 y only if u is the same.
    expect(gradient.sum().item()).toBeCloseTo(2 * y.item(), 6);
    const after = randomUniform([1]).item();
    manualSeed(1);
    noGrad(() => noisy(tensor([1, 1])));
    expect(randomUniform([1]).item()).toBe(after);
  });

  it('meets other paths to the same tensors', () => {
    const f = checkpoint((x: Tensor) => x.square());
    const g = (x: Tensor): Tensor =>
      f(x)
        .mul(x)
        .add(f(x.mul(2)))
        .add(x)
        .sum();
    expect(grad(g)(tensor(3)).item()).toBe(27 + 24 + 1);
    const [, pullback] = vjp(g, [tensor(3)]);
    expect(pullback(tensor(1))[0].item()).toBe(52);
    expect(pullback(tensor(2))[0].item()).toBe(104);
  });

  it('keeps the peak of memory at √n of n layers', () => {
    const layers = 64;
    const step = (x: Tensor): Tensor => x.tanh();
    const repeat = (f: (x: Tensor) => Tensor, times: number) => (x: Tensor) => {
      let y = x;
      for (let i = 0; i < times; i++) y = f(y);
      return y;
    };
    const piece = checkpoint(repeat(step, Math.sqrt(layers)));
    const x = ones([16384]);
    const peak = (f: (x: Tensor) => Tensor): number => {
      resetHeapStats();
      const before = heapStats().liveBytes;
      grad((v: Tensor) => f(v).sum())(x);
      return (heapStats().peakBytes - before) / (16384 * 4);
    };
    if (heapStats().reservedBytes === 0) return;
    expect(peak(repeat(step, layers))).toBeGreaterThan(layers);
    expect(peak(repeat(piece, Math.sqrt(layers)))).toBeLessThan(2 * Math.sqrt(layers) + 8);
  });

  it('says so when a backward pass inside has used up what the result was computed from', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const f = checkpoint((x: Tensor) => {
      const h = w.mul(x).exp();
      h.sum().backward();
      return h.square().sum();
    });
    expectError(() => f(tensor([1, 1])).backward(), GradientError, /\(made by exp\) was already used/);
  });

  it('refuses parameters that were changed before the second run', () => {
    const f = checkpoint(block);
    const y = f(tensor([1, 2], { requiresGrad: true })).sum();
    w.assign(w.add(1).detach());
    expect(() => y.backward()).toThrow('a tensor that checkpoint keeps for its derivative was changed in place');
  });
});
