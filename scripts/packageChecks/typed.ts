/** Types as programs meet them: inference, subpaths, errors that must be errors. */
import { grad, nn, type optim, type Tensor, tensor } from 'cotangent';
import * as layers from 'cotangent/nn';
import { loadWeights } from 'cotangent/node';
import { Adam } from 'cotangent/optim';

const g: Tensor = grad((x: Tensor) => x.tanh().sum())(tensor([0, 1]));
const shape: readonly number[] = g.shape;
class Net extends nn.Module {
  private readonly dense = new layers.Dense({ units: 2 });
  override forward(x: Tensor): Tensor {
    return this.dense.call(x);
  }
}
const net = new Net();
const y = net.call(tensor([[1, 2]]));
const optimizers: optim.Optimizer[] = [new Adam(net.parameters(), { learningRate: 0.1 })];
export function mistakes(): unknown {
  // @ts-expect-error there is no such option
  new nn.Dense({ unit: 2 });
  // @ts-expect-error a shape is numbers
  const wrong: string[] = g.shape;
  return wrong;
}
console.log(shape, y.shape, optimizers.length, typeof loadWeights, 'first steps: done');
