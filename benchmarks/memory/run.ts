/** Memory over a long synchronous loop, in each style of training: live heap bytes and resident memory must stay flat. */

import { heapStats, manualSeed, nn, noGrad, optim, randomNormal, type Tensor, valueAndGrad } from 'cotangent';
import { type Row, summarize } from '../rows.js';

const batch = 32;
const features = 16;
const marks = [0.1, 0.5, 1];

/** A style: makes a fresh model and returns what one step does. */
const styles: Readonly<Record<string, () => () => void>> = {
  'PyTorch style: backward, optimizer.step': () => {
    const net = nn.sequential([
      new nn.Dense({ units: 32, activation: 'tanh', inputShape: [features] }),
      new nn.Dense({ units: 1 }),
    ]);
    const optimizer = new optim.Adam(net.parameters());
    return () => {
      const [x, y] = data();
      const loss = nn.losses.meanSquaredError(y, net.call(x));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    };
  },
  'functional style: valueAndGrad, new parameters each step': () => {
    let parameters: Tensor[] = [randomNormal([features, 32]), randomNormal([32, 1])];
    const step = valueAndGrad((weights: Tensor[], x: Tensor, y: Tensor) =>
      x.matmul(weights[0]!).tanh().matmul(weights[1]!).sub(y).square().mean(),
    );
    return () => {
      const [, gradients] = step(parameters, ...data());
      parameters = parameters.map((w, i) => w.sub(gradients[i]!.mul(0.01)));
    };
  },
  'inference: noGrad': () => {
    const net = nn.sequential([new nn.Dense({ units: 32, activation: 'tanh', inputShape: [features] })]);
    return () => {
      const [x] = data();
      noGrad(() => net.call(x).sum().item());
    };
  },
};

const data = (): [Tensor, Tensor] => [randomNormal([batch, features]), randomNormal([batch, 1])];

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Runs every style for `steps` steps without giving the event loop a turn. */
export function run(steps: number): Row[] {
  const rows: Row[] = [];
  for (const [workload, make] of Object.entries(styles)) {
    manualSeed(1);
    const step = make();
    const figures: string[] = [];
    const durations: number[] = [];
    for (let i = 1; i <= steps; i++) {
      const start = performance.now();
      step();
      durations.push(performance.now() - start);
      if (marks.some((mark) => i === Math.round(mark * steps))) {
        figures.push(`step ${i}: live ${heapStats().liveBytes} B, RSS ${mebibytes(process.memoryUsage().rss)} MiB`);
      }
    }
    rows.push({ suite: 'memory', workload, library: 'cotangent', ...summarize(durations), note: figures.join('; ') });
  }
  return rows;
}
