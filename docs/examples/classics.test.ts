import { Generator, hessian, manualSeed, tensor } from 'cotangent';
import { data, potential, sample } from './hmc.js';
import { metaLearn } from './maml.js';
import { newton } from './rosenbrock.js';
import { fit, rollout } from './spring.js';
import { train } from './vae.js';

const double = { dtype: 'float64' } as const;

it('Newton from (−1.2, 1) is at the minimum of Rosenbrock’s function after six steps', () => {
  const path = newton();
  expect(path[0]!.value).toBeCloseTo(24.2, 10);
  // Published: full Newton steps go by (−1.175, 1.381) and (0.763, −3.175) (Dennis and Schnabel 1983).
  expect(path[1]!.point.map((x) => Math.round(x * 1e3) / 1e3)).toEqual([-1.175, 1.381]);
  expect(path[2]!.point.map((x) => Math.round(x * 1e3) / 1e3)).toEqual([0.763, -3.175]);
  expect(path.length).toBeLessThanOrEqual(8);
  expect(path.at(-1)!.point[0]).toBeCloseTo(1, 9);
  expect(path.at(-1)!.value).toBeLessThan(1e-20);
});

it('the spring’s stiffness and damping are found to three digits, and its path is that of theory', () => {
  const [k, c] = [2, 0.2];
  const seen = rollout(tensor(k, double), tensor(c, double)).detach();
  const omega = Math.sqrt(k - (c * c) / 4);
  const t = 0.5;
  const exact = Math.exp((-c / 2) * t) * (Math.cos(omega * t) + (c / (2 * omega)) * Math.sin(omega * t));
  expect(seen.slice(0).item()).toBeCloseTo(exact, 5);
  const found = fit(seen);
  expect(found.stiffness).toBeCloseTo(k, 2);
  expect(found.damping).toBeCloseTo(c, 2);
});

it('after meta-learning one step on ten points brings the loss of a new sinusoid far down', () => {
  const { before, after } = metaLearn({ steps: 700 });
  expect(after).toBeLessThan(0.5 * before);
});

it('the evidence bound of a linear Gaussian model comes to the evidence itself', () => {
  const { bound, best } = train({ steps: 900, samples: 300 });
  expect(bound).toBeLessThan(best + 0.01);
  expect(bound).toBeGreaterThan(best - 0.01);
});

it('the posterior of a logistic regression is where Laplace’s method says', () => {
  manualSeed(1);
  const generator = new Generator(1);
  const truth = tensor([1, -2, 0.5], double);
  const { x, y } = data(truth, 400, generator);
  const { samples, accepted } = sample(potential(x, y), 3, generator, { count: 300 });
  const mean = samples.mean({ axis: 0 });
  const spread = samples.std({ axis: 0 });
  expect(accepted).toBeGreaterThan(0.6);
  for (const [i, error] of (mean.sub(truth).abs().div(spread).toArray() as number[]).entries())
    expect([i, error < 3]).toEqual([i, true]);
  // Near its peak the posterior is normal, with the Hessian of the potential as its precision.
  const curvature = hessian(potential(x, y))(mean).toArray() as number[][];
  for (const [i, std] of (spread.toArray() as number[]).entries()) {
    expect(std * Math.sqrt(curvature[i]![i]!)).toBeGreaterThan(0.75);
    expect(std * Math.sqrt(curvature[i]![i]!)).toBeLessThan(1.6);
  }
});
