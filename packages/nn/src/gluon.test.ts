import { record, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, manualSeed } from '@cotangent/kernels';
import { expectThrown } from '../fixtures/testing.js';
import { Block, Trainer } from './gluon.js';
import { Dense } from './layers/index.js';
import { meanSquaredError } from './losses/index.js';
import { SGD } from './optimizers/index.js';

class Net extends Block {
  dense: Dense = new Dense({ units: 1, inputUnits: 2 });
  unused: Dense = new Dense({ units: 1, inputUnits: 2 });
  forward(x: Tensor): Tensor {
    return this.dense.call(x);
  }
}

const x = tensor([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const y = tensor([[1], [2], [3]]);

function gradients(net: Net): void {
  record(() => meanSquaredError(y, net.call(x), { reduction: 'sum' })).backward();
}

beforeEach(() => manualSeed(4));

describe('nn.gluon.Trainer', () => {
  it('steps as an optimizer does with the mean loss', () => {
    const [net, other] = [new Net(), new Net()];
    other.loadStateDict(net.stateDict());
    const trainer = new Trainer(net.dense.parameters(), 'sgd', { learningRate: 0.01 });
    const optimizer = new SGD(other.dense.parameters(), { learningRate: 0.01 });
    for (let i = 0; i < 3; i++) {
      gradients(net);
      trainer.step(3);
      optimizer.zeroGrad();
      meanSquaredError(y, other.call(x)).backward();
      optimizer.step();
    }
    const near = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();
    expect(near(net.dense.kernel, other.dense.kernel)).toBeLessThan(1e-6);
    expect(net.dense.kernel.grad).toBeNull();
  });

  it('hands the gradients of all parameters to allReduce, before they are divided', () => {
    const net = new Net();
    const seen: number[][] = [];
    const trainer = new Trainer(net.dense.parameters(), 'sgd', {
      learningRate: 1,
      allReduce: (given) => {
        for (const g of given) {
          seen.push([...g.shape]);
          g.assign(g.mul(0));
        }
      },
    });
    const before = net.dense.kernel.toArray();
    gradients(net);
    trainer.step(3);
    expect(seen).toEqual([[2, 1], [1]]);
    expect(net.dense.kernel.toArray()).toEqual(before);
  });

  it('refuses parameters that no backward pass has reached, unless told', () => {
    const net = new Net();
    const trainer = new Trainer(net.parameters(), 'adam');
    gradients(net);
    expectThrown(
      () => trainer.step(3),
      ArgumentError,
      'Trainer.step: parameter number 2 has no gradient since the last step. Call backward() first; for parameters that the loss does not use pass { ignoreStaleGrad: true }.',
    );
    const before = net.unused.kernel.toArray();
    trainer.step(3, { ignoreStaleGrad: true });
    expect(net.unused.kernel.toArray()).toEqual(before);
    expect(() => trainer.step(0, { ignoreStaleGrad: true })).toThrow('got batchSize 0');
  });

  it('goes on from its state, and with another rate', () => {
    const net = new Net();
    const trainer = new Trainer(net.dense.parameters(), 'adam', { learningRate: 0.1 });
    gradients(net);
    trainer.step(3);
    const state = trainer.stateDict();
    const other = new Trainer(net.dense.parameters(), 'adam', { learningRate: 0.5 });
    other.loadStateDict(state);
    expect(other.stateDict().numbers).toEqual(state.numbers);
    other.setLearningRate(0.2);
    expect(other.learningRate).toBe(0.2);
  });

  it('refuses options beside an optimizer that is made already, and unknown ones', () => {
    const net = new Net();
    expect(() => new Trainer(net.parameters(), new SGD(), { learningRate: 1 })).toThrow('made already: learningRate');
    expect(() => new Trainer(net.parameters(), 'sgd', { learning_rate: 1 } as never)).toThrow(
      "Did you mean 'learningRate'?",
    );
    expect(() => new Trainer(net.parameters(), 'sdg' as never)).toThrow("Did you mean 'sgd'?");
  });
});
