import { noGrad, ones, randomUniform, scope, stack, type Tensor, tensor, trainMode, vmap } from '@cotangent/autograd';
import { heapStats, manualSeed, resetHeapStats } from '@cotangent/kernels';
import { expectNear } from '../../../fixtures/testing.js';
import { functionalCall } from '../../functionalCall.js';
import { binaryCrossentropy, meanSquaredError } from '../../losses/index.js';
import { Sequential } from '../../model/sequential.js';
import { Adam } from '../../optimizers/index.js';
import { Masking } from '../core.js';
import { Dense } from '../dense.js';
import { Bidirectional } from './bidirectional.js';
import { GRUCell } from './gruCell.js';
import { GRU, LSTM, RNN, SimpleRNN } from './rnn.js';
import { StackedRNNCells } from './stackedCells.js';

describe('recurrent layers in models', () => {
  it('learn what only the first step says', async () => {
    manualSeed(3);
    const x = randomUniform([128, 6, 1], { low: -1, high: 1 });
    const y = x.slice(null, 0).greater(0).cast('float32');
    for (const layer of [
      new LSTM({ units: 8 }),
      new Bidirectional({ layer: new GRU({ units: 8 }) }),
      new RNN({ cell: [new GRUCell({ units: 8, recurrentDropout: 0.1 }), new GRUCell({ units: 4 })] }),
    ]) {
      const model = new Sequential([layer, new Dense({ units: 1, activation: 'sigmoid' })]);
      model.compile({ optimizer: new Adam({ learningRate: 0.03 }), loss: 'binaryCrossentropy' });
      await model.fit(x, y, { epochs: 25, batchSize: 32, verbose: 0 });
      const loss = noGrad(() => binaryCrossentropy(y, model.eval().call(x)).mean().item());
      expect(loss).toBeLessThan(0.15);
    }
  });

  it.each([
    ['LSTM', new LSTM({ units: 2, dropout: 0.5, inputShape: [4, 3] })],
    ['GRU, step by step', new GRU({ units: 2, activation: 'relu', inputShape: [4, 3] })],
    ['SimpleRNN', new SimpleRNN({ units: 2, inputShape: [4, 3] })],
  ])('go through functionalCall and vmap: %s', (_, layer) => {
    const x = randomUniform([2, 4, 3], { low: -1, high: 1 });
    const parameters = Object.fromEntries(layer.eval().namedParameters());
    const both = Object.fromEntries(Object.entries(parameters).map(([path, p]) => [path, stack([p, p.mul(2)])]));
    const ensemble = vmap((own: Record<string, Tensor>) => functionalCall(layer, own, x))(both);
    expectNear(ensemble.slice(0), layer.call(x).toArray(), 1e-6);
    const single = vmap((sample: Tensor) => layer.call(sample.expandDims(0)).squeeze(0))(x);
    expectNear(single, layer.call(x).toArray(), 1e-6);
    const dropped = trainMode(() =>
      vmap((sample: Tensor) => layer.call(sample.expandDims(0)).squeeze(0), { randomness: 'different' })(x),
    );
    expect(dropped.shape).toEqual([2, 2]);
  });

  it('do not see steps that Masking hides', () => {
    const model = new Sequential([new Masking(), new LSTM({ units: 2, returnSequences: true }), new GRU({ units: 2 })]);
    const short = tensor([[[1], [2]]]);
    const y = model.call(short);
    expectNear(model.call(tensor([[[1], [2], [0], [0]]])), y.toArray(), 1e-7);
  });

  it('show their cells in the summary', () => {
    const model = new Sequential([
      new LSTM({ units: 4, returnSequences: true, inputShape: [5, 3] }),
      new RNN({ cell: new StackedRNNCells({ cells: [new GRUCell({ units: 2, activation: 'relu' })] }) }),
    ]);
    let table = '';
    model.summary({ print: (text) => (table = text) });
    expect(table.split('\n').slice(4, -2)).toEqual([
      ' lstm (LSTM)                         [batch, 5, 4]            0',
      ' lstmCell (LSTMCell)                 [batch, 4]             128',
      ' rnn (RNN)                           [batch, 2]               0',
      ' stackedRNNCells (StackedRNNCells)   [batch, 2]               0',
      ' gruCell (GRUCell)                   [batch, 2]              48',
    ]);
  });

  it('stateful, begin from zeros after build and resetStates', () => {
    const model = new Sequential([new GRU({ units: 2, stateful: true, inputShape: [3, 1] }), new Dense({ units: 1 })]);
    const x = ones([2, 3, 1]);
    const first = model.call(x).toArray();
    expect(model.call(x).toArray()).not.toEqual(first);
    model.resetStates();
    expect(model.call(x).toArray()).toEqual(first);
  });

  it.each([
    ['at once', new GRU({ units: 8, dropout: 0.2, stateful: true })],
    ['step by step', new LSTM({ units: 8, recurrentDropout: 0.2, stateful: true })],
  ])('hold no more memory step after step of training: %s', (_, layer) => {
    manualSeed(1);
    resetHeapStats();
    const model = new Sequential([layer, new Dense({ units: 1 })]);
    const [x, y] = [randomUniform([16, 10, 4]), randomUniform([16, 1])];
    const optimizer = new Adam(model.parameters());
    const used: number[] = [];
    const step = (): void => {
      meanSquaredError(y, model.call(x)).mean().backward();
      optimizer.step();
      model.zeroGrad();
    };
    for (let k = 0; k < 6; k++) {
      scope(step);
      used.push(heapStats().liveBytes - heapStats().looseBytes);
    }
    expect(new Set(used.slice(1)).size).toBe(1);
  });
});
