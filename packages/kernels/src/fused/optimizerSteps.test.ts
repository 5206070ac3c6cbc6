import { type Block, newBlock } from '../block.js';
import { valuesOf } from '../testing/reference.js';
import type { StepOptions } from './optimizerStep.js';
import * as steps from './optimizerSteps.js';

function block(values: readonly number[], dtype: 'float32' | 'float64' = 'float64'): Block {
  // Off the start of the storage, so that a forgotten offset shows.
  const made = newBlock(dtype, [values.length + 3], true);
  const view = made.view({ shape: [values.length], strides: [1], offset: made.offset + 3 });
  view.data.set(values, view.offset);
  return view;
}

const moments = { rate: 0.1, beta1: 0.5, beta2: 0.75, epsilon: 0 };

/** Each kernel with its state: from the parameter, that and the gradient to the parameter and the state after. */
const kernels: Record<
  string,
  {
    states: number[];
    run: (w: Block, states: readonly Block[], g: Block, options: StepOptions) => void;
    expected: number[];
  }
> = {
  // By hand, from w = 1 and g = 2, and the states given.
  dampened: {
    states: [0.5],
    run: (w, [v], g, o) =>
      steps.dampenedStep(w, v!, g, { learningRate: 0.1, momentum: 0.8, nesterov: false, gain: 0.25, ...o }),
    expected: [1 - 0.1 * 0.9, 0.8 * 0.5 + 0.25 * 2],
  },
  'dampened, Nesterov': {
    states: [0.5],
    run: (w, [v], g, o) =>
      steps.dampenedStep(w, v!, g, { learningRate: 0.1, momentum: 0.8, nesterov: true, gain: 1, ...o }),
    expected: [1 - 0.1 * (2 + 0.8 * 2.4), 2.4],
  },
  amsgrad: {
    states: [0, 0, 4],
    run: (w, [m, s, top], g, o) => steps.amsgradStep(w, m!, s!, top!, g, { ...moments, ...o }),
    expected: [1 - (0.1 * 1) / 2, 1, 1, 4],
  },
  firstMoment: {
    states: [0, 0],
    run: (w, [m, s], g, o) => steps.firstMomentStep(w, m!, s!, g, { ...moments, ...o }),
    expected: [0.9, 1, 1],
  },
  adamax: {
    states: [0, 4],
    run: (w, [m, u], g, o) => steps.adamaxStep(w, m!, u!, g, { ...moments, ...o }),
    expected: [1 - 0.1 / 3, 1, 3],
  },
  nadam: {
    states: [0, 0],
    run: (w, [m, s], g, o) =>
      steps.nadamStep(w, m!, s!, g, { ...moments, momentFactor: 2, gradientFactor: 0.5, secondFactor: 4, ...o }),
    expected: [1 - (0.1 * (2 * 1 + 0.5 * 2)) / 2, 1, 1],
  },
  adagrad: {
    states: [5],
    run: (w, [a], g, o) => steps.adagradStep(w, a!, g, { learningRate: 0.3, epsilon: 0, epsilonOutside: false, ...o }),
    expected: [1 - (0.3 * 2) / 3, 9],
  },
  'adagrad, epsilon outside': {
    states: [5],
    run: (w, [a], g, o) => steps.adagradStep(w, a!, g, { learningRate: 0.3, epsilon: 1, epsilonOutside: true, ...o }),
    expected: [1 - (0.3 * 2) / 4, 9],
  },
  adadelta: {
    states: [0, 3],
    run: (w, [a, b], g, o) => steps.adadeltaStep(w, a!, b!, g, { learningRate: 1, rho: 0.5, epsilon: 1, ...o }),
    // a = 2; δ = 2 √4 / √3.
    expected: [1 - 4 / Math.sqrt(3), 2, 1.5 + 0.5 * (16 / 3)],
  },
  rprop: {
    states: [1, 0.5],
    run: (w, [p, z], g, o) =>
      steps.rpropStep(w, p!, z!, g, { shrinkFactor: 0.5, growFactor: 1.2, smallest: 0, largest: 0.55, ...o }),
    expected: [1 - 0.55, 2, 0.55],
  },
  'rprop, turned': {
    states: [-1, 0.5],
    run: (w, [p, z], g, o) =>
      steps.rpropStep(w, p!, z!, g, { shrinkFactor: 0.5, growFactor: 1.2, smallest: 0, largest: 1, ...o }),
    expected: [1, 0, 0.25],
  },
  ftrl: {
    states: [5, 0],
    run: (w, [a, l], g, o) =>
      steps.ftrlStep(w, a!, l!, g, { learningRate: 0.5, power: 0.5, l1: 0.5, l2: 1, l2Shrinkage: 0.25, ...o }),
    // l = 2 + 0.5 − (3 − √5) / 0.5; beyond λ₁ by so much, over 3 / 0.5 + 2.
    expected: [-((2.5 - 2 * (3 - Math.sqrt(5)) - 0.5) / 8), 9, 2.5 - 2 * (3 - Math.sqrt(5))],
  },
  lion: {
    states: [-1],
    run: (w, [m], g, o) => steps.lionStep(w, m!, g, { learningRate: 0.1, beta1: 0.5, beta2: 0.75, ...o }),
    expected: [0.9, -0.25],
  },
  signum: {
    states: [-4],
    run: (w, [m], g, o) => steps.signumStep(w, m!, g, { learningRate: 0.1, momentum: 0.5, ...o }),
    expected: [1.1, -1],
  },
};

describe.each(Object.entries(kernels))('%s', (_, { states, run, expected }) => {
  it.each(['float32', 'float64'] as const)('one step worked by hand, in %s', (dtype) => {
    const w = block([1], dtype);
    const kept = states.map((value) => block([value], dtype));
    run(w, kept, block([2], dtype), {});
    const digits = dtype === 'float32' ? 6 : 14;
    for (const [i, b] of [w, ...kept].entries()) expect(valuesOf(b)[0]).toBeCloseTo(expected[i]!, digits);
  });

  it('scales the gradient, then limits it, and shrinks the parameter', () => {
    const [w, plain] = [block([4]), block([2])];
    const [kept, others] = [states.map((value) => block([value])), states.map((value) => block([value]))];
    run(w, kept, block([-12]), { shrink: 0.5, gradientScale: 0.25, gradientLimit: 2 });
    run(plain, others, block([-2]), {});
    expect([w, ...kept].map(valuesOf)).toEqual([plain, ...others].map(valuesOf));
  });
});

describe('adamChange', () => {
  it('gives the change and leaves the parameter', () => {
    const [change, m, s] = [block([9]), block([0]), block([0])];
    steps.adamChange(change, m, s, block([2]), { ...moments, secondFactor: 4 });
    expect([change, m, s].map((b) => valuesOf(b)[0])).toEqual([0.1 / 2, 1, 1]);
  });
});
