/** compile and fit by names: layers, losses, metrics and optimizers that are looked up. */
import { tensor } from 'cotangent';
import * as nn from 'cotangent/nn';

const net = nn.sequential([new nn.Dense({ units: 8, activation: 'tanh' }), new nn.Dense({ units: 1 })]);
net.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['meanAbsoluteError'] });
const { history } = await net.fit(tensor([[0], [1]]), tensor([[1], [0]]), { epochs: 2, verbose: 0 });
if (!(history.loss.length === 2)) throw new Error('no history');
console.log('first steps: done');
