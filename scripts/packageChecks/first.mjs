/** What a newcomer does first, on the installed packages: a gradient, a model, a plot. */
import { grad, manualSeed, nn, optim, tensor } from 'cotangent';
import * as layers from 'cotangent/nn';
import { saveWeights } from 'cotangent/node';

const [first, second] = grad((x) => x.tanh().sum())(tensor([0, 1])).toArray();
if (first !== 1 || Math.abs(second - 0.419974) > 1e-6) throw new Error(`gradient ${first}, ${second}`);

manualSeed(1);
const net = nn.sequential([new layers.Dense({ units: 8, activation: 'tanh' }), new nn.Dense({ units: 1 })]);
net.compile({ optimizer: new optim.Adam({ learningRate: 0.05 }), loss: 'meanSquaredError' });
const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const y = tensor([[0], [1], [1], [0]]);
const { history } = await net.fit(x, y, { epochs: 200, verbose: 0 });
if (!(history.loss.at(-1) < 0.01)) throw new Error(`loss ${history.loss.at(-1)}`);

console.log(nn.drawCurves({ loss: history.loss }, 40, 6).join('\n'));
if (!nn.plotModel(net).startsWith('<svg')) throw new Error('no picture of the model');
if (typeof saveWeights !== 'function') throw new Error('nothing that writes files');
console.log('first steps: done');
