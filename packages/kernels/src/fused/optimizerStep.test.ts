import { type Block, newBlock } from '../block.js';
import { bits32 } from '../testing/arbitraries.js';
import { valuesOf } from '../testing/reference.js';
import { adamStep, momentumStep, rmspropStep, sgdStep } from './optimizerStep.js';

function block(values: readonly number[], dtype: 'float32' | 'float64' = 'float64'): Block {
  // Off the start of the storage, so that a forgotten offset shows.
  const made = newBlock(dtype, [values.length + 3], true);
  const view = made.view({ shape: [values.length], strides: [1], offset: made.offset + 3 });
  view.data.set(values, view.offset);
  return view;
}

function close(x: Block, expected: readonly number[], digits = 14): void {
  for (const [i, v] of valuesOf(x).entries()) expect(v).toBeCloseTo(expected[i]!, digits);
}

describe('sgdStep', () => {
  it('w ← w − η g', () => {
    const w = block([1, 2]);
    sgdStep(w, block([0.5, -1]), { learningRate: 0.1 });
    close(w, [0.95, 2.1]);
  });
});

describe('momentumStep', () => {
  // By hand, w = 1, g = 1 then 2, η = 0.1, μ = 0.9:
  //   v₁ = −0.1           w = 0.9      Nesterov: 1 + 0.9·(−0.1) − 0.1    = 0.81
  //   v₂ = −0.09 − 0.2    w = 0.61     Nesterov: 0.81 + 0.9·(−0.29) − 0.2 = 0.349
  it.each([
    [false, 0.9, 0.61],
    [true, 0.81, 0.349],
  ])('two steps worked by hand, nesterov %p', (nesterov, first, second) => {
    const [w, v] = [block([1]), block([0])];
    const options = { learningRate: 0.1, momentum: 0.9, nesterov };
    momentumStep(w, v, block([1]), options);
    close(w, [first]);
    close(v, [-0.1]);
    momentumStep(w, v, block([2]), options);
    close(w, [second]);
    close(v, [-0.29]);
  });

  it('without momentum is sgdStep', () => {
    const options = { learningRate: 0.3, momentum: 0, nesterov: false };
    const [a, b] = [block([1, 2, 3]), block([1, 2, 3])];
    momentumStep(a, block([5, 6, 7]), block([1, -1, 2]), options);
    sgdStep(b, block([1, -1, 2]), options);
    expect(valuesOf(a)).toEqual(valuesOf(b));
  });
});

describe('adamStep', () => {
  it('moves by the rate at first, whatever the size of the gradient', () => {
    // m = (1 − β₁) g, s = (1 − β₂) g²; corrected, m̂ / √ŝ = sign g. The caller folds √(1 − β₂) / (1 − β₁) into the rate.
    const [beta1, beta2, learningRate] = [0.9, 0.999, 0.01];
    const rate = (learningRate * Math.sqrt(1 - beta2)) / (1 - beta1);
    const [w, m, s] = [block([1, 1]), block([0, 0]), block([0, 0])];
    adamStep(w, m, s, block([1e-3, -50]), { rate, beta1, beta2, epsilon: 0 });
    close(w, [0.99, 1.01], 12);
    close(m, [1e-4, -5]);
    close(s, [1e-9, 2.5]);
  });

  it.each(['float32', 'float64'] as const)('ten steps in %s follow the paper', (dtype) => {
    // Algorithm 1 of Kingma & Ba 2015, as it stands there.
    const [alpha, beta1, beta2, epsilon] = [0.05, 0.8, 0.95, 1e-3];
    const size = 7;
    const draw = bits32(3);
    const gradients = Array.from({ length: 10 }, () => Array.from({ length: size }, () => draw() / 2 ** 31 - 1));
    const theta = new Array<number>(size).fill(1);
    const [first, second] = [new Array<number>(size).fill(0), new Array<number>(size).fill(0)];
    const [w, m, s] = [block(theta, dtype), block(first, dtype), block(second, dtype)];
    gradients.forEach((gradient, k) => {
      const t = k + 1;
      for (let i = 0; i < size; i++) {
        const g = gradient[i]!;
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        const corrected = first[i]! / (1 - beta1 ** t);
        theta[i]! -= (alpha * corrected) / (Math.sqrt(second[i]! / (1 - beta2 ** t)) + epsilon);
      }
      const correction = Math.sqrt(1 - beta2 ** t);
      adamStep(w, m, s, block(gradient, dtype), {
        rate: (alpha * correction) / (1 - beta1 ** t),
        beta1,
        beta2,
        epsilon: epsilon * correction,
      });
    });
    close(w, theta, dtype === 'float32' ? 5 : 13);
    close(m, first, dtype === 'float32' ? 6 : 14);
    close(s, second, dtype === 'float32' ? 6 : 14);
  });

  it('a parameter without a gradient so far stays where it is', () => {
    const [w, m, s] = [block([2]), block([0]), block([0])];
    adamStep(w, m, s, block([0]), { rate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
    expect([...valuesOf(w), ...valuesOf(m), ...valuesOf(s)]).toEqual([2, 0, 0]);
  });
});

describe('rmspropStep', () => {
  // By hand, g = 2, ρ = 0.75: s = 0.25·4 = 1, m = 0.25·2 = 0.5, s − m² = 0.75.
  it.each([
    ['plain', false, false, 0.1 * (2 / Math.sqrt(1.25))],
    ['with momentum', true, false, 0.1 * (2 / Math.sqrt(1.25)) + 0.5 * 0.3],
    ['centered', false, true, 0.2],
    ['centered, with momentum', true, true, 0.2 + 0.5 * 0.3],
  ])('one step worked by hand: %s', (_, withVelocity, centered, change) => {
    const [w, squares] = [block([1]), block([0])];
    const velocity = withVelocity ? block([0.3]) : null;
    const mean = centered ? block([0]) : null;
    const options = { learningRate: 0.1, rho: 0.75, momentum: 0.5, epsilon: 0.25 };
    rmspropStep(w, { squares, velocity, mean }, block([2]), options);
    close(w, [1 - change]);
    close(squares, [1]);
    if (velocity !== null) close(velocity, [change]);
    if (mean !== null) close(mean, [0.5]);
  });
});

describe('options of every step', () => {
  const steps = {
    sgd: (w: Block, g: Block, options: object) => sgdStep(w, g, { learningRate: 0.5, ...options }),
    momentum: (w: Block, g: Block, options: object) =>
      momentumStep(w, block([0, 0, 0]), g, { learningRate: 0.5, momentum: 0.9, nesterov: false, ...options }),
    adam: (w: Block, g: Block, options: object) =>
      adamStep(w, block([0, 0, 0]), block([0, 0, 0]), g, { rate: 1, beta1: 0.5, beta2: 0.5, epsilon: 1, ...options }),
    rmsprop: (w: Block, g: Block, options: object) => {
      const state = { squares: block([0, 0, 0]), velocity: null, mean: null };
      rmspropStep(w, state, g, { learningRate: 0.5, rho: 0.5, momentum: 0, epsilon: 1, ...options });
    },
  };

  it.each(Object.entries(steps))('%s: shrinks the parameter, scales the gradient, then limits it', (_, step) => {
    const [w, expected] = [block([1, -2, 3]), block([0.5, -1, 1.5])];
    step(w, block([4, -16, 1]), { shrink: 0.5, gradientScale: 0.25, gradientLimit: 2 });
    step(expected, block([1, -2, 0.25]), {});
    expect(valuesOf(w)).toEqual(valuesOf(expected));
  });

  it.each(Object.entries(steps))('%s: a limit lets NaN through', (_, step) => {
    const w = block([1, 2, 3]);
    step(w, block([Number.NaN, 1, 1]), { gradientLimit: 2 });
    expect(valuesOf(w)[0]).toBeNaN();
  });
});
