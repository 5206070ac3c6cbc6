/** The same from CommonJS; what is required and what is imported is one library. */
const { grad, nn, optim, tensor, Tensor } = require('cotangent');
const { saveWeights } = require('cotangent/node');

const g = grad((x) => x.tanh().sum())(tensor([0, 1])).toArray();
if (g[0] !== 1 || typeof saveWeights !== 'function') throw new Error(`gradient ${g}`);
const net = nn.sequential([new nn.Dense({ units: 1 })]);
net.call(tensor([[1, 2]]));
const optimizer = new optim.SGD(net.parameters(), { learningRate: 0.1 });
net
  .call(tensor([[1, 2]]))
  .sum()
  .backward();
optimizer.step();

import('cotangent').then((imported) => {
  if (process.features.require_module && imported.Tensor !== Tensor)
    throw new Error('require and import give two copies of the library');
  console.log('first steps: done');
});
