// What someone does who has just installed the package: a first gradient, a first model, a first plot.
import { grad, manualSeed, nn, optim, type Tensor, tensor } from 'cotangent';

const slope: Tensor = grad((x: Tensor) => x.tanh().sum())(tensor([0, 1]));

manualSeed(1);
const model = nn.sequential([new nn.Dense({ units: 8, activation: 'tanh' }), new nn.Dense({ units: 1 })]);
model.compile({ optimizer: new optim.Adam({ learningRate: 0.05 }), loss: 'meanSquaredError' });
const inputs = [0, 1, 2, 3].map((i) => [i & 1, i >> 1]);
const [x, y] = [tensor(inputs), tensor(inputs.map(([a, b]) => [a === b ? 0 : 1]))];

model.fit(x, y, { epochs: 150, verbose: 0 }).then(({ history }) => {
  const losses = history['loss'] ?? [];
  const plot = nn.plots.history({ history }).toSVG();
  const last = losses[losses.length - 1] ?? 1;
  if (slope.toTypedArray()[0] !== 1) throw new Error(`the slope of tanh at 0 is 1, not ${slope.toString()}`);
  if (!(last < 0.1)) throw new Error(`the model did not learn: ${last}`);
  if (!/^<svg .*<path /.test(plot)) throw new Error(`no plot: ${plot}`);
  console.log('first gradient, first model, first plot');
});
