/** Bayesian logistic regression by Hamiltonian Monte Carlo (Neal 2011, arXiv:1206.1901): gradients as the force on a particle. */

import {
  Generator,
  manualSeed,
  randomNormal,
  softplus,
  stack,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from 'cotangent';

const double = { dtype: 'float64' } as const;

/** Points with labels drawn from P(y = 1) = σ(w · x). */
export function data(w: Tensor, count: number, generator: Generator): { x: Tensor; y: Tensor } {
  const x = randomNormal([count, w.size], { ...double, generator });
  const probabilities = x.matmul(w).sigmoid().toTypedArray();
  return {
    x,
    y: tensor(
      [...probabilities].map((p) => (generator.uniform() < p ? 1 : 0)),
      double,
    ),
  };
}

/** −ln posterior of w, up to a constant: labels as above, and w normal with variance 10. */
export const potential =
  (x: Tensor, y: Tensor) =>
  (w: Tensor): Tensor => {
    const logits = x.matmul(w);
    return softplus(logits).sub(logits.mul(y)).sum().add(w.square().sum().mul(0.05));
  };

/** Samples of the posterior, and the share of proposals that were accepted. */
export function sample(
  energy: (w: Tensor) => Tensor,
  dimensions: number,
  generator: Generator,
  { count = 400, warmUp = 100, steps = 12, size = 0.09 } = {},
): { samples: Tensor; accepted: number } {
  const force = valueAndGrad(energy);
  let w = zeros([dimensions], double);
  let [u, g] = force(w);
  const samples: Tensor[] = [];
  let accepted = 0;
  for (let draw = 0; draw < warmUp + count; draw++) {
    let p = randomNormal([dimensions], { ...double, generator });
    const before = u.item() + p.square().sum().item() / 2;
    let [position, value, slope] = [w, u, g];
    // Leapfrog: half a step of the momentum, whole steps in turn, half a step.
    p = p.sub(slope.mul(size / 2));
    for (let k = 0; k < steps; k++) {
      position = position.add(p.mul(size));
      [value, slope] = force(position);
      p = p.sub(slope.mul(k === steps - 1 ? size / 2 : size));
    }
    const after = value.item() + p.square().sum().item() / 2;
    if (generator.uniform() < Math.exp(before - after)) {
      [w, u, g] = [position, value, slope];
      if (draw >= warmUp) accepted++;
    }
    if (draw >= warmUp) samples.push(w);
  }
  return { samples: stack(samples), accepted: accepted / count };
}

if (process.argv[1] === import.meta.filename) {
  manualSeed(1);
  const generator = new Generator(1);
  const { x, y } = data(tensor([1, -2, 0.5], double), 400, generator);
  const { samples, accepted } = sample(potential(x, y), 3, generator);
  console.log(
    'mean',
    samples.mean({ axis: 0 }).toArray(),
    'std',
    samples.std({ axis: 0 }).toArray(),
    'accepted',
    accepted,
  );
}
