import { type Tensor, valueAndGrad } from '@cotangent/autograd';
import { expectNear, fixture, float64 } from '../../fixtures/testing.js';
import { Parameter } from '../parameter.js';
import * as optim from './index.js';

interface PathCase {
  readonly name: string;
  readonly optimizer: string;
  readonly problem: keyof typeof problems;
  readonly options: object;
  readonly start: number[];
  /** After every tenth step. */
  readonly path: number[][];
}

interface LineCase {
  readonly name: string;
  readonly problem: 'rosenbrock' | 'matrix';
  readonly options: object;
  readonly start: number[];
  /** After each call of step. */
  readonly path: number[][];
  /** Before each call. */
  readonly losses: number[];
}

const [a, b] = [
  float64([
    [1, 0.5, -0.3],
    [0.2, 2, 0.4],
    [-0.1, 0.3, 0.7],
  ]),
  float64([
    [1, -1],
    [0.5, 2],
    [-2, 0.3],
  ]),
];

/** The functions that optimizers.py minimizes too. */
const problems = {
  quadratic: (w: Tensor): Tensor => {
    const [curvature, slope] = [float64([1, 4, 0.25]), float64([1, -2, 0.5])];
    return curvature.mul(w.square()).mul(0.5).sub(slope.mul(w)).sum();
  },
  rosenbrock: (w: Tensor): Tensor => {
    const [x, y] = [w.slice(0), w.slice(1)];
    return x.sub(1).square().add(y.sub(x.square()).square().mul(100));
  },
  matrix: (w: Tensor): Tensor => a.matmul(w).sub(b).square().sum().mul(0.5),
};

type OptimizerClass = new (parameters: readonly Tensor[], options: object) => optim.Optimizer;

describe('optim: paths of 50 steps agree with PyTorch 1.13, and with the formulas of Keras and MXNet in NumPy', () => {
  it.each(fixture<PathCase>('optimizerPaths'))('$name', ({ optimizer: name, options, ...reference }) => {
    const w = new Parameter(float64(reference.start));
    const optimizer = new (optim as unknown as Record<string, OptimizerClass>)[name]!([w], options);
    const f = valueAndGrad(problems[reference.problem]);
    for (const expected of reference.path) {
      for (let step = 0; step < 10; step++) optimizer.applyGradients([f(w)[1]]);
      expectNear(w, expected);
    }
    expect(optimizer.iterations).toBe(50);
  });
});

describe('optim.LBFGS', () => {
  it.each(fixture<LineCase>('lbfgs'))('agrees with PyTorch 1.13: $name', ({ options, problem, ...reference }) => {
    const w = new Parameter(float64(reference.start));
    const optimizer = new optim.LBFGS([w], options);
    for (const [i, expected] of reference.path.entries()) {
      const loss = optimizer.step(() => problems[problem](w));
      expectNear(float64(loss), reference.losses[i]!, 1e-8);
      expectNear(w, expected, 1e-8);
    }
  });

  it('finds the minimum of Rosenbrock', () => {
    const w = new Parameter(float64([-1.2, 1]));
    const optimizer = new optim.LBFGS([w]);
    for (let i = 0; i < 4; i++) optimizer.step(() => problems.rosenbrock(w));
    expectNear(w, [1, 1], 1e-4);
  });
});
