// Forward, backward, step: the loop is yours.
import { manualSeed, nn, optim, randomNormal } from 'cotangent';

manualSeed(7);
const x = randomNormal([256, 3]);
const y = x.mul(2).sin().sum({ axis: 1, keepDims: true });

const net = new nn.Sequential([new nn.Dense({ units: 32, activation: 'tanh' }), new nn.Dense({ units: 1 })]);
const optimizer = new optim.Adam(net.parameters(), { learningRate: 0.02 });
const losses: number[] = [];
for (let step = 0; step < 300; step++) {
  const loss = nn.losses.meanSquaredError(y, net.call(x));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  losses.push(loss.item());
  if (step % 50 === 0) console.log(`step ${step}: ${loss.item().toFixed(4)}`);
}
nn.plots.lines({ loss: losses });
