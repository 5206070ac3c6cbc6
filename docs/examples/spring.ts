/** Finding the laws of a spring from where it was seen: gradients through the steps of an ODE solver. */

import { checkpoint, optim, stack, type Tensor, tensor } from 'cotangent';

/** x″ = −k x − c x′, as a first-order system of (position, velocity). */
const motion = (state: Tensor, k: Tensor, c: Tensor): Tensor => {
  const [x, v] = [state.slice(0), state.slice(1)];
  return stack([v, k.mul(x).add(c.mul(v)).neg()]);
};

/** One step of the classical Runge–Kutta method. */
function rungeKutta(state: Tensor, h: number, k: Tensor, c: Tensor): Tensor {
  const k1 = motion(state, k, c);
  const k2 = motion(state.add(k1.mul(h / 2)), k, c);
  const k3 = motion(state.add(k2.mul(h / 2)), k, c);
  const k4 = motion(state.add(k3.mul(h)), k, c);
  return state.add(
    k1
      .add(k2.mul(2))
      .add(k3.mul(2))
      .add(k4)
      .mul(h / 6),
  );
}

/** Positions of a spring let go at 1, every `stride` steps of length 0.1. Checkpoints keep only the states seen. */
export function rollout(k: Tensor, c: Tensor, observations = 10, stride = 5): Tensor {
  const leg = checkpoint((state: Tensor, k: Tensor, c: Tensor) => {
    let s = state;
    for (let i = 0; i < stride; i++) s = rungeKutta(s, 0.1, k, c);
    return s;
  });
  let state = tensor([1, 0], { dtype: 'float64' });
  const seen: Tensor[] = [];
  for (let i = 0; i < observations; i++) {
    state = leg(state, k, c);
    seen.push(state.slice(0));
  }
  return stack(seen);
}

/** The stiffness and damping that explain the positions seen, from a guess that is far off. */
export function fit(seen: Tensor, steps = 150): { stiffness: number; damping: number; loss: number } {
  const k = tensor(1, { dtype: 'float64', requiresGrad: true });
  const c = tensor(0.5, { dtype: 'float64', requiresGrad: true });
  const optimizer = new optim.Adam([k, c], { learningRate: 0.06 });
  let last = Number.NaN;
  for (let step = 0; step < steps; step++) {
    const loss = rollout(k, c).sub(seen).square().mean();
    last = loss.item();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  return { stiffness: k.item(), damping: c.item(), loss: last };
}

if (process.argv[1] === import.meta.filename) {
  const seen = rollout(tensor(2, { dtype: 'float64' }), tensor(0.2, { dtype: 'float64' })).detach();
  console.log('true: stiffness 2, damping 0.2; found:', fit(seen));
}
