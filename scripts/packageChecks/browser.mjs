/** Nothing that a browser lacks: what the bundlers make of this is run without a built-in of Node. */
import { manualSeed, tensor } from 'cotangent';
import * as nn from 'cotangent/nn';
import * as optim from 'cotangent/optim';

manualSeed(1);
class Net extends nn.Module {
  hidden = new nn.Dense({ units: 8, activation: 'tanh' });
  output = new nn.Dense({ units: 1 });
  forward(x) {
    return this.output.call(this.hidden.call(x));
  }
}
const net = new Net();
const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const y = tensor([[0], [1], [1], [0]]);
const optimizer = new optim.Adam(net.parameters(), { learningRate: 0.05 });
let loss;
for (let step = 0; step < 200; step++) {
  loss = nn.losses.meanSquaredError(y, net.call(x));
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
if (!(loss.item() < 0.01)) throw new Error(`loss ${loss.item()}`);
console.log('first steps: done');
