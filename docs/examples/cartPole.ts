/**
 * Reinforcement learning: a pole on a cart is kept upright (Barto, Sutton and Anderson 1983) by REINFORCE (Williams 1992) with a learned
 * baseline. CartPole-v1 ends after 500 steps and counts as solved at a mean of 475 over 100 episodes
 * (https://gymnasium.farama.org/environments/classic_control/cart_pole/).
 */

import { Generator, manualSeed, nn, noGrad, optim, scope, type Tensor, takeAlongAxis, tensor } from 'cotangent';
import { isMain, type Print, since } from './support/budget.js';

/** Position, velocity, angle, angular velocity. */
type State = readonly [number, number, number, number];

/** The equations of motion of the original paper, as in Gymnasium: Euler steps of 20 ms, ±10 N. */
export function push([x, v, angle, spin]: State, right: boolean): State {
  const [gravity, cart, pole, half, step] = [9.8, 1, 0.1, 0.5, 0.02];
  const force = right ? 10 : -10;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const common = (force + pole * half * spin * spin * sin) / (cart + pole);
  const turning = (gravity * sin - cos * common) / (half * (4 / 3 - (pole * cos * cos) / (cart + pole)));
  const moving = common - (pole * half * turning * cos) / (cart + pole);
  return [x + step * v, v + step * moving, angle + step * spin, spin + step * turning];
}

const hasFallen = ([x, , angle]: State): boolean => Math.abs(x) > 2.4 || Math.abs(angle) > (12 * Math.PI) / 180;

interface Episode {
  readonly states: readonly State[];
  readonly actions: readonly number[];
}

/** Plays with a policy until the pole falls, 500 steps at most. */
function play(policy: nn.Sequential, random: Generator): Episode {
  let state = [0, 0, 0, 0].map(() => 0.1 * random.uniform() - 0.05) as unknown as State;
  const states: State[] = [];
  const actions: number[] = [];
  while (!hasFallen(state) && states.length < 500) {
    const right = noGrad(() =>
      scope(() =>
        policy
          .call(tensor([[...state]]))
          .softmax()
          .slice(0, 1)
          .item(),
      ),
    );
    const action = random.uniform() < right ? 1 : 0;
    states.push(state);
    actions.push(action);
    state = push(state, action === 1);
  }
  return { states, actions };
}

/** Trains until solved, or so many episodes long. @returns the mean of the last 100 episodes, and how many were played */
export function train({ episodes = 1500, seed = 1, print = console.log as Print } = {}): {
  mean: number;
  played: number;
} {
  manualSeed(seed);
  const random = new Generator(seed);
  const network = (outputs: number): nn.Sequential =>
    new nn.Sequential([new nn.Dense({ units: 64, activation: 'tanh' }), new nn.Dense({ units: outputs })]).build([4]);
  const [policy, value] = [network(2), network(1)];
  const optimizer = new optim.Adam([...policy.parameters(), ...value.parameters()], { learningRate: 5e-3 });
  const lengths: number[] = [];
  const recent = (): number => lengths.slice(-100).reduce((sum, n) => sum + n, 0) / Math.min(100, lengths.length);
  const start = performance.now();
  while (lengths.length < episodes) {
    const batch = Array.from({ length: 4 }, () => play(policy, random));
    lengths.push(...batch.map(({ states }) => states.length));
    const returns = batch.flatMap(({ states }) => {
      const list = new Array<number>(states.length);
      for (let t = states.length - 1, after = 0; t >= 0; t--) list[t] = after = 1 + 0.99 * after;
      return list;
    });
    const states = tensor(batch.flatMap((episode) => episode.states.map((state) => [...state])));
    const actions = tensor(
      batch.flatMap((episode) => episode.actions.map((action) => [action])),
      { dtype: 'int32' },
    );
    const gained: Tensor = tensor(returns.map((g) => [g / 100]));
    const expected = value.call(states);
    const advantage = gained.sub(expected.detach());
    const normalized = advantage.sub(advantage.mean()).div(advantage.std().add(1e-6));
    const logits = policy.call(states).logSoftmax();
    const chosen = takeAlongAxis(logits, actions, { axis: 1 });
    const loss = chosen.mul(normalized).mean().neg().add(expected.sub(gained).square().mean());
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    if (lengths.length % 100 === 0)
      print(`${lengths.length} episodes: ${recent().toFixed(1)} steps a hundred episodes long, ${since(start)}`);
    if (lengths.length >= 100 && recent() >= 475) break;
  }
  print(`${recent() >= 475 ? 'solved' : 'stopped'} after ${lengths.length} episodes: ${recent().toFixed(1)} steps`);
  return { mean: recent(), played: lengths.length };
}

if (isMain(import.meta.filename)) train();
