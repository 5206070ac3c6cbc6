// Two moons: which of two half circles is a point from?
import { manualSeed, nn, optim, randomNormal, randomUniform, stack, where } from 'cotangent';

manualSeed(1);
const count = 200;
const labels = randomUniform([count]).less(0.5).cast('float32');
const angle = randomUniform([count]).mul(Math.PI);
const x = where(labels.equal(1), angle.cos(), angle.cos().neg().add(1));
const y = where(labels.equal(1), angle.sin(), angle.sin().neg().add(0.5));
const points = stack([x, y], { axis: 1 }).add(randomNormal([count, 2]).mul(0.1));

const model = nn.sequential([
  new nn.Dense({ units: 16, activation: 'tanh', inputShape: [2] }),
  new nn.Dense({ units: 16, activation: 'tanh' }),
  new nn.Dense({ units: 1, activation: 'sigmoid' }),
]);
model.compile({
  optimizer: new optim.Adam({ learningRate: 0.01 }),
  loss: 'binaryCrossentropy',
  metrics: ['accuracy'],
});

// What stands alone is shown below: a history as its table and its curves.
await model.fit(points, labels.expandDims(-1), { epochs: 60, validationSplit: 0.2, verbose: 0 });
await model.evaluate(points, labels.expandDims(-1));
nn.plotModel(model);
