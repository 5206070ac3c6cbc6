import { ones, tensor } from '@cotangent/autograd';
import { given } from '../../fixtures/testing.js';
import { MaxNorm } from '../constraints.js';
import { BatchNormalization } from '../layers/batchNormalization.js';
import { Masking } from '../layers/core.js';
import { Dense } from '../layers/dense.js';
import { Flatten } from '../layers/reshaping.js';
import { LossScaleOptimizer, SGD } from '../optimizers/index.js';
import { Sequential } from './sequential.js';

const silent = { verbose: 0, shuffle: false } as const;

describe('fit() and evaluate()', () => {
  it('add the penalties of parameters and outputs to the loss', async () => {
    const layer = new Dense({
      units: 1,
      useBias: false,
      kernelInitializer: given([[3]]),
      kernelRegularizer: (w) => w.square().sum(),
      activityRegularizer: (y) => y.sum(),
    });
    const model = new Sequential([layer]);
    model.compile({ loss: 'mse', optimizer: new SGD({ learningRate: 0.1 }) });
    // Loss 9 of the data, 9 of the kernel, 3 of the output.
    expect(await model.evaluate([[1]], [[0]])).toEqual({ loss: 21 });
    const history = await model.fit([[1]], [[0]], silent);
    expect(history.history['loss']).toEqual([21]);
    // Slopes 6, 6 and 1.
    expect(layer.kernel.item()).toBeCloseTo(3 - 0.1 * 13, 5);
  });

  it('leave out what a mask hides, in the loss and in the metrics', async () => {
    const model = new Sequential([
      new Masking({ maskValue: -1 }),
      new Dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
    ]);
    model.compile({ loss: 'mse', metrics: ['mse'] });
    const x = tensor([
      [[1], [2], [-1]],
      [[4], [-1], [-1]],
    ]);
    const y = tensor([
      [[0], [2], [50]],
      [[4], [50], [50]],
    ]);
    expect(await model.evaluate(x, y)).toEqual({ loss: Math.fround(1 / 3), mse: 1 / 3 });
  });

  it('hold parameters to their constraints, and leave frozen ones alone', async () => {
    const layer = new Dense({ units: 1, kernelInitializer: 'ones', kernelConstraint: new MaxNorm({ maxValue: 0.5 }) });
    const model = new Sequential([new Flatten(), layer]);
    model.compile({ loss: 'mse', optimizer: 'sgd' });
    await model.fit(ones([4, 3]), ones([4, 1]), silent);
    expect(layer.kernel.square().sum().sqrt().item()).toBeCloseTo(0.5, 5);
    layer.trainable = false;
    model.layers[0]!.trainable = true;
    const before = layer.kernel.toArray();
    await expect(model.fit(ones([4, 3]), ones([4, 1]), silent)).rejects.toThrow(
      'fit: none of the parameters is trainable. Set model.trainable = true, or that of a layer.',
    );
    expect(layer.kernel.toArray()).toEqual(before);
  });

  it('scale the loss for optimizers that ask for it', async () => {
    const train = async (optimizer: SGD | LossScaleOptimizer): Promise<unknown> => {
      const layer = new Dense({ units: 1, kernelInitializer: 'ones' });
      const model = new Sequential([layer]);
      model.compile({ loss: 'mse', optimizer });
      await model.fit(ones([4, 3]), ones([4, 1]), silent);
      return layer.kernel.toArray();
    };
    const plain = await train(new SGD());
    expect(await train(new LossScaleOptimizer(new SGD(), { initialScale: 1024 }))).toEqual(plain);
  });

  it('count buffers among the parameters that are not trained', () => {
    const model = new Sequential([new BatchNormalization({ inputShape: [3] })]);
    let table = '';
    model.summary({ print: (text) => (table = text) });
    expect(table).toContain('Total parameters: 12 (6 trainable)');
    expect([model.countParameters(), model.countParameters({ trainable: false })]).toEqual([12, 6]);
  });
});
