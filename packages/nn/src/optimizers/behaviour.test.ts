import { type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import { MaxNorm } from '../constraints.js';
import { Parameter } from '../parameter.js';
import * as optim from './index.js';

type OptimizerClass = new (parameters: optim.Parameters, options?: object) => optim.Optimizer;

/** Every optimizer that takes gradients, with options that give it all its state. */
const all: [name: string, make: (parameters: readonly Tensor[], options?: object) => optim.Optimizer][] = [
  ...(
    [
      ['SGD', { momentum: 0.9 }],
      ['SGD', { momentum: 0.9, momentumMode: 'pytorch', dampening: 0.2 }],
      ['RMSprop', { momentum: 0.5, centered: true }],
      ['Adam', { amsgrad: true }],
      ['AdamW', {}],
      ['Adamax', {}],
      ['Nadam', {}],
      ['RAdam', { beta2: 0.9 }],
      ['Adagrad', {}],
      ['Adadelta', {}],
      ['Rprop', {}],
      ['Ftrl', { l1RegularizationStrength: 0.01 }],
      ['Lion', {}],
      ['Signum', {}],
      ['SGLD', { seed: 3 }],
      ['Lamb', {}],
      ['LARS', { momentum: 0.5 }],
      ['Adafactor', {}],
      ['Muon', {}],
    ] as const
  ).map(([name, own]): (typeof all)[number] => [
    `${name} ${JSON.stringify(own)}`,
    (parameters, options = {}) =>
      new (optim as unknown as Record<string, OptimizerClass>)[name]!(parameters, {
        learningRate: 0.05,
        ...own,
        ...options,
      }),
  ]),
  ['Lookahead', (parameters, options) => new optim.Lookahead(new optim.Adam(parameters, options), { syncPeriod: 3 })],
  [
    'LossScaleOptimizer',
    (parameters, options) =>
      new optim.LossScaleOptimizer(new optim.Adam(parameters, options), { dynamicGrowthSteps: 2, initialScale: 1 }),
  ],
];

const start = (): Parameter[] => [
  new Parameter(
    float64([
      [0.5, -1],
      [2, 0.3],
      [-0.7, 1.1],
    ]),
  ),
  new Parameter(float64([1, -2])),
];

/** Gradients of step number k: made up, and different each time. */
const gradients = (k: number): Tensor[] => [
  float64([
    [Math.sin(k), Math.cos(2 * k)],
    [0.3, -Math.sin(3 * k)],
    [Math.cos(k), 0.1 * k],
  ]),
  float64([Math.sin(5 * k), -1]),
];

const values = (parameters: readonly Tensor[]): unknown[] => parameters.map((p) => p.toArray());

describe.each(all)('optim.%s', (_, make) => {
  it.each([
    {},
    { gradientAccumulationSteps: 2 },
    { useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 3 },
    { learningRate: (step: number) => 0.1 / (step + 1) },
  ])('goes on from a saved state as if it had never stopped: %p', (options) => {
    const whole = start();
    const first = make(whole, options);
    for (let k = 1; k <= 5; k++) first.applyGradients(gradients(k));
    const resumed = whole.map((p) => p.clone());
    const second = make(resumed, options);
    const state = first.stateDict();
    // What is saved does not change with later steps, and survives being written as text.
    const numbers = JSON.parse(JSON.stringify(state.numbers)) as Record<string, number>;
    for (let k = 6; k <= 9; k++) first.applyGradients(gradients(k));
    second.loadStateDict({ ...state, numbers });
    expect(second.iterations).toBe(first.iterations - ('gradientAccumulationSteps' in options ? 2 : 4));
    for (let k = 6; k <= 9; k++) second.applyGradients(gradients(k));
    expect(values(resumed)).toEqual(values(whole));
    expect(Object.keys(second.stateDict().tensors)).toEqual(Object.keys(first.stateDict().tensors));
  });

  it('refuses a state that is none of its own', () => {
    const optimizer = make(start());
    const state = make(start()).stateDict();
    const text = (f: () => void): string => {
      try {
        f();
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing was thrown';
    };
    expect(text(() => optimizer.loadStateDict({ ...state, optimizer: 'Sgd' }))).toContain(
      "got the state of 'Sgd'; expected that of",
    );
    expect(text(() => optimizer.loadStateDict({ ...state, numbers: {} }))).toContain('is missing');
    expect(
      text(() => optimizer.loadStateDict({ ...state, tensors: { ...state.tensors, '7.x': tensor(1) } })),
    ).toContain("'7.x' is unexpected");
    expect(text(() => optimizer.loadStateDict(3 as never))).toContain('got');
  });
});

describe('options of every optimizer', () => {
  const sgd = (options: object, parameters: optim.Parameters = start()): optim.SGD =>
    new optim.SGD(parameters, options);

  it('weightDecayMode: l2 adds λ w to the clipped gradient, decoupled shrinks the weight', () => {
    const one = (options: object): unknown => {
      const w = new Parameter(float64([2]));
      sgd({ learningRate: 0.5, weightDecay: 0.1, ...options }, [w]).applyGradients([float64([30])]);
      return w.toArray();
    };
    expect(one({ weightDecayMode: 'l2', clipValue: 1 })).toEqual([2 - 0.5 * (1 + 0.2)]);
    expect(one({ clipValue: 1 })).toEqual([2 * (1 - 0.05) - 0.5]);
  });

  it('gradientAccumulationSteps: the mean of as many gradients makes one step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.constantFrom('Adam', 'SGD', 'Muon'), (steps, name) => {
        const [parts, whole] = [start(), start()];
        const make = (parameters: readonly Tensor[], options: object): optim.Optimizer =>
          new (optim as unknown as Record<string, OptimizerClass>)[name]!(parameters, {
            globalClipNorm: 1,
            ...options,
          });
        const accumulating = make(parts, { gradientAccumulationSteps: steps });
        const direct = make(whole, {});
        for (let round = 0; round < 2; round++) {
          const rounds = Array.from({ length: steps }, (_, k) => gradients(round * steps + k));
          for (const given of rounds) accumulating.applyGradients(given);
          const means = [0, 1].map((i) =>
            rounds
              .map((g) => g[i]!)
              .reduce((sum, g) => sum.add(g))
              .mul(1 / steps),
          );
          direct.applyGradients(means);
        }
        for (const [i, p] of parts.entries()) expectNear(p, whole[i]!.toArray(), 1e-12);
        expect(accumulating.iterations).toBe(2);
      }),
      { numRuns: 15 },
    );
  });

  it('useEma: keeps running means, which can be swapped in and out', () => {
    const w = new Parameter(float64([0]));
    const optimizer = sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5 }, [w]);
    for (let k = 0; k < 3; k++) optimizer.applyGradients([float64([-1])]);
    // w: 1, 2, 3; the mean: 1, then 0.5 · 1 + 0.5 · 2 = 1.5, then 2.25.
    expect(w.toArray()).toEqual([3]);
    optimizer.swapAverages();
    expect(w.toArray()).toEqual([2.25]);
    optimizer.swapAverages();
    expect(w.toArray()).toEqual([3]);
    expectThrown(
      () => sgd({}).swapAverages(),
      ArgumentError,
      'SGD: it keeps no running means. Make it with { useEma: true }.',
    );
  });

  it('emaOverwriteFrequency: every so many steps the parameters become their means', () => {
    const w = new Parameter(float64([0]));
    const optimizer = sgd({ learningRate: 1, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 2 }, [w]);
    optimizer.applyGradients([float64([-1])]);
    expect(w.toArray()).toEqual([1]);
    optimizer.applyGradients([float64([-1])]);
    expect(w.toArray()).toEqual([1.5]);
  });

  it('groups have rates and decays of their own', () => {
    const [a, b, c] = [1, 1, 1].map((value) => new Parameter(float64([value])));
    const optimizer = sgd({ learningRate: 0.1 }, [
      { parameters: [a!] },
      { parameters: [b!], learningRate: (step: number) => 0.5 / (step + 1) },
      { parameters: [c!], weightDecay: 0.5 },
    ]);
    const step = (): void => optimizer.applyGradients([float64([1]), float64([1]), float64([1])]);
    step();
    expect([a!.item(), b!.item(), c!.item()]).toEqual([0.9, 0.5, 0.95 - 0.1]);
    optimizer.bind([c!, b!]);
    optimizer.applyGradients([float64([0]), float64([1])]);
    expect([b!.item(), c!.item()]).toEqual([0.25, (0.95 - 0.1) * 0.95]);
    expectThrown(
      () => sgd({}, [{ parameters: [a!], lr: 1 } as never]),
      ArgumentError,
      "SGD (group 0): got unknown option 'lr'; expected one of parameters, learningRate, weightDecay. Did you mean 'learningRate'?",
    );
    expectThrown(
      () => sgd({}, [{ parameters: a as never }]),
      ArgumentError,
      'SGD: got parameters an object in group 0; expected an array',
    );
  });

  it('learningRate may follow a schedule or a function of the steps taken', () => {
    const w = new Parameter(float64([0]));
    const optimizer = sgd({ learningRate: { at: (step: number) => 2 ** step } }, [w]);
    for (let k = 0; k < 3; k++) optimizer.applyGradients([float64([-1])]);
    expect(w.toArray()).toEqual([7]);
    expect(optimizer.learningRate).toBe(8);
    expectThrown(
      () => {
        optimizer.learningRate = 1;
      },
      ArgumentError,
      'SGD: its learning rate follows a schedule, and a number set now would be lost. Make it with a number, or change the schedule with setSchedule().',
    );
    optimizer.setSchedule(() => Number.NaN);
    expectThrown(
      () => optimizer.applyGradients([float64([1])]),
      ArgumentError,
      'SGD: the schedule of the learning rate gave NaN at step 3; expected a finite number of at least 0',
    );
    expect(w.toArray()).toEqual([7]);
  });

  it('saves what a plateau has seen', () => {
    const make = (): optim.schedules.ReduceOnPlateau =>
      new optim.schedules.ReduceOnPlateau({ initialLearningRate: 0.1, patience: 2, factor: 0.5 });
    const [first, second] = [make(), make()];
    const saved = sgd({ learningRate: first });
    for (const loss of [1, 1]) first.step(loss);
    sgd({ learningRate: second }).loadStateDict(saved.stateDict());
    second.step(1);
    expect(second.learningRate).toBe(0.05);
  });

  it('follows the schedules of Keras', () => {
    const learningRate = new optim.schedules.CosineDecay({ initialLearningRate: 1, decaySteps: 2 });
    const optimizer = sgd({ learningRate }, [new Parameter(float64([0]))]);
    expect(optimizer.learningRate).toBe(1);
    optimizer.applyGradients([float64([0])]);
    expect(Math.abs(optimizer.learningRate - 0.5)).toBeLessThan(1e-15);
  });

  it('constraints of parameters hold after every step', () => {
    const w = new Parameter(float64([3, 4]), { constraint: new MaxNorm({ maxValue: 1 }) });
    sgd({ learningRate: 0.1 }, [w]).applyGradients([float64([0, 0])]);
    expectNear(w, [0.6, 0.8], 1e-6);
  });

  it('step(closure) computes the gradients first, and gives the loss', () => {
    const w = new Parameter(float64([3]));
    const optimizer = sgd({ learningRate: 0.5 }, [w]);
    expect(optimizer.step(() => w.square().sum())).toBe(9);
    expect(w.toArray()).toEqual([0]);
    expectThrown(
      () => optimizer.step(() => w.mul(float64([1, 2]))),
      ArgumentError,
      'SGD: the closure gave an object; expected a loss of one element',
    );
  });

  it('refuses dampening where it means nothing', () => {
    expectThrown(
      () => sgd({ momentum: 0.9, dampening: 0.5 }),
      ArgumentError,
      "SGD: got dampening 0.5; expected 0 with momentumMode 'keras'",
    );
  });
});

describe('optim.Lookahead', () => {
  it('brings the weights back half way, every few steps', () => {
    const w = new Parameter(float64([0]));
    const optimizer = new optim.Lookahead(new optim.SGD([w], { learningRate: 1 }), { syncPeriod: 2, slowStep: 0.5 });
    const path = [1, 2, 3, 4].map(() => {
      optimizer.applyGradients([float64([-1])]);
      return w.item();
    });
    // 1, then 2 → 1; 2, then 3 → 2.
    expect(path).toEqual([1, 1, 2, 2]);
  });
});

describe('optim.LossScaleOptimizer', () => {
  it('divides the gradients by the scale of the loss, leaves out what overflows, and adapts', () => {
    const w = new Parameter(float64([1]));
    const optimizer = new optim.LossScaleOptimizer(new optim.SGD([w], { learningRate: 0.1 }), {
      initialScale: 8,
      dynamicGrowthSteps: 2,
    });
    const step = (): void => {
      optimizer.zeroGrad();
      optimizer.scaleLoss(w.square().sum()).backward();
      optimizer.step();
    };
    step();
    expectNear(w, [0.8]);
    step();
    expectNear(w, [0.64]);
    expect(optimizer.scale).toBe(16);
    optimizer.applyGradients([float64([Number.POSITIVE_INFINITY])]);
    expectNear(w, [0.64]);
    expect(optimizer.scale).toBe(8);
    optimizer.learningRate = 0.2;
    expect(optimizer.inner.learningRate).toBe(0.2);
  });
});

describe('optim.SGLD', () => {
  it('adds noise of variance η to half a step', () => {
    const w = new Parameter(tensor(new Float64Array(20_000), { dtype: 'float64' }));
    new optim.SGLD([w], { learningRate: 0.25, seed: 4 }).applyGradients([w.detach().add(2)]);
    const mean = w.mean().item();
    expect(Math.abs(mean + 0.25)).toBeLessThan(0.015);
    expect(Math.abs(w.sub(mean).square().mean().item() - 0.25)).toBeLessThan(0.01);
  });
});

describe('optim.LBFGS', () => {
  const loss = (w: Tensor) => (): Tensor =>
    w
      .sub(float64([1, 2]))
      .square()
      .mul(float64([1, 10]))
      .sum();

  it('goes on from a saved state as if it had never stopped', () => {
    const w = new Parameter(float64([5, 5]));
    const first = new optim.LBFGS([w], { maxIterations: 2 });
    first.step(loss(w));
    const resumed = w.clone();
    const second = new optim.LBFGS([resumed], { maxIterations: 2 });
    second.loadStateDict(first.stateDict());
    first.step(loss(w));
    second.step(loss(resumed));
    expect(resumed.toArray()).toEqual(w.toArray());
    expect(second.iterations).toBe(first.iterations);
    const other = new optim.LBFGS([new Parameter(float64([1]))]);
    expect(() => other.loadStateDict(first.stateDict())).toThrow(
      "the state does not fit: 'direction' has 2 numbers, expected 1",
    );
  });

  it('needs a closure', () => {
    const optimizer = new optim.LBFGS([new Parameter(float64([1]))]);
    expectThrown(
      () => optimizer.step(),
      ArgumentError,
      'LBFGS: step() got no closure. It evaluates the loss several times: optimizer.step(() => loss(y, net.call(x))).',
    );
    expectThrown(
      () => optimizer.applyGradients([float64([1])]),
      ArgumentError,
      'LBFGS: applyGradients() cannot search along a line. Use step(closure).',
    );
  });
});
