/**
 * The reparameterized gradient of a variational autoencoder (Kingma and Welling 2013, arXiv:1312.6114), where the truth is known: a linear
 * model with Gaussian noise, whose evidence has a closed form (probabilistic PCA, Tipping and Bishop 1999).
 */

import { Generator, manualSeed, optim, randomNormal, type Tensor, tensor } from 'cotangent';

const double = { dtype: 'float64' } as const;

/** Two-dimensional data x = w z + noise, z a standard normal number; the noise has variance σ². */
export function data(count: number, generator: Generator): Tensor {
  const z = randomNormal([count, 1], { ...double, generator });
  return z.matmul(tensor([[1.5, -0.7]], double)).add(randomNormal([count, 2], { ...double, generator }).mul(0.5));
}

/** ln N(x; 0, w wᵀ + σ² I), averaged over the data: what no model of this kind can be better than at its best w and σ. */
export function bestEvidence(x: Tensor): number {
  const n = x.shape[0]!;
  const [[a, b], [, d]] = x.T.matmul(x).div(n).toArray() as [[number, number], [number, number]];
  // At the maximum the model's covariance keeps the data's larger eigenvalue; here all of the two dimensions: S itself.
  return -Math.log(2 * Math.PI) - 0.5 * Math.log(a * d - b * b) - 1;
}

/** Trains encoder q(z | x) = N(v·x, s²) and decoder p(x | z) = N(w z, σ²) by their evidence lower bound; its value at the end. */
export function train({ steps = 1500, seed = 3, samples = 400 } = {}): { bound: number; best: number } {
  manualSeed(seed);
  const generator = new Generator(seed);
  const x = data(samples, generator);
  const leaf = (values: number[][] | number): Tensor => tensor(values, { ...double, requiresGrad: true });
  const [v, logS, w, logSigma] = [leaf([[0.1], [0.1]]), leaf(0), leaf([[0.5, 0.1]]), leaf(0)] as const;
  const optimizer = new optim.Adam([v, logS, w, logSigma], { learningRate: 0.02 });

  /** E_q[ln p(x | z)] − KL(q ‖ p), with z = mean + s ε: the noise stands apart, so the gradient passes to mean and s. */
  const bound = (noise: Tensor): Tensor => {
    const mean = x.matmul(v);
    const z = mean.add(logS.exp().mul(noise));
    const distance = x.sub(z.matmul(w)).square().sum({ axis: 1 });
    const likelihood = distance
      .div(logSigma.mul(2).exp())
      .add(logSigma.mul(4))
      .add(2 * Math.log(2 * Math.PI))
      .mul(-0.5);
    const divergence = mean.square().add(logS.mul(2).exp()).sub(1).mul(0.5).sub(logS).sum({ axis: 1 });
    return likelihood.sub(divergence).mean();
  };

  for (let step = 0; step < steps; step++) {
    const loss = bound(randomNormal([samples, 1], { ...double, generator })).neg();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  let total = 0;
  for (let k = 0; k < 200; k++) total += bound(randomNormal([samples, 1], { ...double, generator })).item();
  return { bound: total / 200, best: bestEvidence(x) };
}

if (process.argv[1] === import.meta.filename) console.log(train());
