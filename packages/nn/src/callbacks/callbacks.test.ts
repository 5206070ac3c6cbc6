import { tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { expectThrown } from '../../fixtures/testing.js';
import { Dense } from '../layers/index.js';
import type { FitOptions } from '../model/model.js';
import { Sequential } from '../model/sequential.js';
import { SGD, type SGDOptions } from '../optimizers/index.js';
import type { Callback, RunParameters } from './callback.js';
import { EarlyStopping } from './earlyStopping.js';
import { resolveMode } from './monitor.js';
import { LambdaCallback, SwapEMAWeights, TerminateOnNaN } from './small.js';

/** A model with one weight, w = 0; y = 1 at x = 1. A rate of r takes the error from e to (1 − 2r) e. */
function model(learningRate: number, options: SGDOptions = {}): Sequential {
  const net = new Sequential([new Dense({ units: 1, useBias: false, kernelInitializer: 'zeros', inputShape: [1] })]);
  net.compile({ optimizer: new SGD({ learningRate, ...options }), loss: 'mse' });
  return net;
}

const fit = (net: Sequential, options: FitOptions) =>
  net.fit([[1]], [[1]], { epochs: 10, validationData: [[[1]], [[1]]], ...options });

/** Tells a callback epochs with these values of valLoss; gives the epoch it stops in, or null. */
function stopsIn(callback: EarlyStopping, values: readonly number[], name = 'valLoss'): number | null {
  const net = model(0);
  callback.onTrainBegin({ model: net } as unknown as RunParameters);
  for (const [epoch, value] of values.entries()) {
    callback.onEpochEnd(epoch, { [name]: value });
    if (net.stopTraining) return epoch;
  }
  return null;
}

describe('EarlyStopping', () => {
  // The table of Keras's own test of early stopping: keras/src/callbacks/early_stopping_test.py.
  it.each<[options: ConstructorParameters<typeof EarlyStopping>[0], values: number[], epoch: number | null]>([
    [{}, [40, 30, 20, 10], null],
    [{}, [40, 30, 31, 10], 2],
    [{ patience: 2 }, [40, 30, 31, 29.5, 31, 32], 5],
    [{ patience: 2 }, [40, 41, 42, 35], 2],
    [{ minDelta: 2 }, [40, 39, 30], 1],
    [{ mode: 'max' }, [1, 2, 3, 2], 3],
    [{ baseline: 50, patience: 2 }, [60, 55, 56], 2],
    [{ baseline: 50, patience: 2 }, [60, 49, 48, 47], null],
    [{ startFromEpoch: 2 }, [1, 2, 3, 4], 3],
    [{ patience: 1 }, [Number.NaN, Number.NaN], 1],
  ])('with %j told %j stops in epoch %p', (options, values, epoch) => {
    const callback = new EarlyStopping(options);
    expect(stopsIn(callback, values)).toBe(epoch);
    expect(callback.stoppedEpoch).toBe(epoch);
  });

  it('ends a fit, and gives back the best parameters', async () => {
    const net = model(0.1);
    const weights: number[] = [];
    const worsen: Callback = {
      onEpochEnd(epoch) {
        weights[epoch] = net.parameters()[0]!.item();
        if (epoch >= 2) net.optimizer.learningRate = 1.2; // from here the error grows
      },
    };
    const stopping = new EarlyStopping({ patience: 2, restoreBestWeights: true });
    const { epochs } = await fit(net, { callbacks: [worsen, stopping] });
    expect(epochs).toHaveLength(5);
    expect([stopping.bestEpoch, stopping.stoppedEpoch]).toEqual([2, 4]);
    expect(net.parameters()[0]!.item()).toBe(weights[2]);
  });

  it('refuses a name that the logs do not have', async () => {
    await expect(fit(model(0.1), { callbacks: [new EarlyStopping({ monitor: 'valAccuracy' })] })).rejects.toThrow(
      "EarlyStopping: got monitor 'valAccuracy'; the logs have loss, valLoss. Names that begin with val need validationData or validationSplit.",
    );
    expectThrown(
      () => new EarlyStopping({ patience: -1 }),
      ArgumentError,
      'EarlyStopping: got patience -1; expected a whole number of at least 0',
    );
  });

  it('watches in the direction that the name says', () => {
    expect(['valLoss', 'mae', 'loss', 'accuracyLoss'].map((name) => resolveMode(name, 'auto'))).toEqual([
      'min',
      'min',
      'min',
      'min',
    ]);
    expect(
      ['valAccuracy', 'auc', 'r2Score', 'topKCategoricalAccuracy'].map((name) => resolveMode(name, 'auto')),
    ).toEqual(['max', 'max', 'max', 'max']);
  });
});

describe('TerminateOnNaN', () => {
  it('ends a run at the first loss that is not finite', async () => {
    const callback = new TerminateOnNaN();
    const { history } = await fit(model(1e30), { callbacks: [callback], validationData: [[[1]], [[1]]] });
    expect(history.loss!.length).toBeLessThan(10);
    expect(callback.stoppedBatch).toBe(0);
  });
});

describe('LambdaCallback', () => {
  it('calls its functions, and refuses other names', async () => {
    const seen: number[] = [];
    await fit(model(0.1), { callbacks: [new LambdaCallback({ onEpochEnd: (epoch) => void seen.push(epoch) })] });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(() => new LambdaCallback({ onEpochend: () => {} } as never)).toThrow("Did you mean 'onEpochEnd'?");
    expect(() => new LambdaCallback({ onEpochEnd: 3 } as never)).toThrow('got onEpochEnd 3; expected a function');
  });
});

describe('SwapEMAWeights', () => {
  it('validates with the running means, trains on without, and ends with them', async () => {
    const net = model(0.25, { useEma: true, emaMomentum: 0.5 });
    const inTest: number[] = [];
    const inTraining: number[] = [];
    const watch: Callback = {
      onTestBatchEnd: () => void inTest.push(net.parameters()[0]!.item()),
      onBatchEnd: () => void inTraining.push(net.parameters()[0]!.item()),
    };
    await fit(net, { epochs: 3, callbacks: [new SwapEMAWeights(), watch] });
    const raw = [0.5, 0.75, 0.875]; // the error halves
    expect(inTraining).toEqual(raw);
    const averages = [0, 0, 0];
    let average = 0;
    for (const [i, w] of raw.entries()) {
      average = i === 0 ? inTest[0]! : 0.5 * average + 0.5 * w;
      averages[i] = average;
    }
    expect(inTest).toEqual(averages);
    expect(net.parameters()[0]!.item()).toBe(averages[2]);
  });

  it('asks for an optimizer that keeps them', async () => {
    await expect(fit(model(0.1), { callbacks: [new SwapEMAWeights()] })).rejects.toThrow('it keeps no running means');
  });
});

describe('fit()', () => {
  it('tells of tests and predictions', async () => {
    const events: string[] = [];
    const note = (name: string) => () => void events.push(name);
    const callback = new LambdaCallback({
      onTestBegin: note('test'),
      onTestBatchBegin: note('test batch'),
      onTestBatchEnd: note('test batch over'),
      onTestEnd: note('test over'),
      onPredictBegin: note('predict'),
      onPredictBatchBegin: note('predict batch'),
      onPredictBatchEnd: note('predict batch over'),
      onPredictEnd: note('predict over'),
    });
    const net = model(0.1);
    await fit(net, { epochs: 1, callbacks: [callback] });
    await net.evaluate([[1]], [[1]], { callbacks: [callback] });
    await net.predict([[1]], { callbacks: [callback] });
    const test = ['test', 'test batch', 'test batch over', 'test over'];
    expect(events).toEqual([...test, ...test, 'predict', 'predict batch', 'predict batch over', 'predict over']);
  });

  it('begins at initialEpoch, with the orders of those epochs', async () => {
    const orders = async (options: FitOptions): Promise<number[][]> => {
      const seen: number[][] = [];
      class Seen extends Sequential {
        override forward(x: Parameters<Sequential['forward']>[0]): ReturnType<Sequential['forward']> {
          if (this.training) seen.push([...x.toTypedArray()]);
          return super.forward(x);
        }
      }
      const net = new Seen([new Dense({ units: 1 })]);
      net.compile({ loss: 'mse' });
      await net.fit(tensor([[0], [1], [2], [3], [4]]), tensor([[0], [1], [2], [3], [4]]), {
        batchSize: 5,
        seed: 1,
        ...options,
      });
      return seen;
    };
    const all = await orders({ epochs: 4 });
    expect(await orders({ epochs: 4, initialEpoch: 2 })).toEqual(all.slice(2));
    expect(await orders({ epochs: 2, initialEpoch: 2 })).toEqual([]);
  });

  it('rejects with the reason of an abort signal, and stays usable', async () => {
    const net = model(0.1);
    const controller = new AbortController();
    const reason = new Error('enough');
    const callback: Callback = { onEpochEnd: (epoch) => void (epoch === 1 && controller.abort(reason)) };
    await expect(fit(net, { signal: controller.signal, callbacks: [callback] })).rejects.toBe(reason);
    await expect(fit(net, { epochs: 1 })).resolves.toBeDefined();
    await expect(net.predict([[1]], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses a second fit of the model while one runs', async () => {
    const net = model(0.1);
    const first = fit(net, {});
    await expect(fit(net, {})).rejects.toThrow('this model is being fitted already. Await the first fit.');
    await first;
    await fit(net, {});
  });

  it('weighs samples and classes', async () => {
    const net = model(0);
    const x = [[1], [1], [1]];
    const y = [[1], [2], [0]]; // squares 1, 4, 0
    const loss = async (options: FitOptions) => (await net.fit(x, y, { ...options, shuffle: false })).history.loss![0];
    expect(await loss({})).toBeCloseTo(5 / 3, 6);
    expect(await loss({ sampleWeight: [3, 0.5, 7] })).toBeCloseTo(5 / 3, 6);
    expect(await loss({ classWeight: { 0: 1, 1: 6, 2: 3 } })).toBeCloseTo(18 / 3, 6);
    expect(await loss({ classWeight: { 0: 1, 1: 6, 2: 3 }, sampleWeight: [0.5, 1, 1] })).toBeCloseTo(15 / 3, 6);
    await expect(loss({ classWeight: { 0: 1 } })).rejects.toThrow(
      'got a sample of class 1, and classWeight has only 0',
    );
    await expect(loss({ sampleWeight: [1] })).rejects.toThrow('as many weights as samples');
  });

  it('weighs weightedMetrics, and not metrics', async () => {
    const net = model(0);
    net.compile({ optimizer: new SGD({ learningRate: 0 }), loss: 'mse', metrics: ['mae'], weightedMetrics: ['mse'] });
    const { history } = await net.fit([[1], [1]], [[1], [3]], { sampleWeight: [1, 3] });
    expect([history.mae, history.mse]).toEqual([[2], [(1 + 27) / 4]]);
  });

  it('goes through batches of generators, as long as stepsPerEpoch says', async () => {
    const net = model(0);
    let made = 0;
    const batches = function* () {
      for (let i = 0; i < 5; i++) {
        made++;
        yield [tensor([[1]]), tensor([[i]])] as const;
      }
    };
    const losses = async (options: FitOptions) => (await net.fit(batches, { ...options })).history.loss;
    expect(await losses({ epochs: 2 })).toEqual([6, 6]); // the mean of 0, 1, 4, 9, 16
    expect(made).toBe(10);
    expect(await losses({ epochs: 3, stepsPerEpoch: 2 })).toEqual([0.5, 6.5, 8]); // 0 1, 4 9, 16 0
    await expect(net.fit(batches(), { epochs: 2 })).rejects.toThrow(
      'fit: ran out of batches: there are none for epoch 2. A generator runs only once: pass the function that makes it, or a Dataset.',
    );
    await expect(net.fit(batches, { validationSplit: 0.1 })).rejects.toThrow('got validationSplit with batches');
    expect((await net.evaluate(batches)).loss).toBe(6);
    expect((await net.predict(batches)).shape).toEqual([5, 1]);
  });

  it('ends a stream that it is taken from, also when a step fails', async () => {
    const events: string[] = [];
    async function* endless() {
      try {
        for (;;) yield [tensor([[1]]), tensor([[1]])] as const;
      } finally {
        events.push('closed');
      }
    }
    await model(0).fit(endless, { epochs: 2, stepsPerEpoch: 3 });
    expect(events).toEqual(['closed']);
    const fails: Callback = {
      onBatchEnd(batch) {
        if (batch === 1) throw new Error('failed');
      },
    };
    const run = model(0).fit(endless, { epochs: 2, stepsPerEpoch: 3, callbacks: [fails] });
    await expect(run).rejects.toThrow('failed');
    expect(events).toEqual(['closed', 'closed']);
  });

  it('asks a dataset for the epoch, and learns its length', async () => {
    const asked: number[] = [];
    const dataset = {
      length: 2,
      *iterate(epoch: number) {
        asked.push(epoch);
        yield [tensor([[1]]), tensor([[epoch]])] as const;
        yield [tensor([[1]]), tensor([[epoch]]), tensor([3])] as const;
      },
    };
    const lengths: unknown[] = [];
    const callback: Callback = { onTrainBegin: (run) => void lengths.push(run.steps) };
    const { history } = await model(0).fit(dataset, { epochs: 3, callbacks: [callback] });
    expect([asked, lengths]).toEqual([[0, 1, 2], [2]]);
    expect(history.loss).toEqual([0, 2, 8]);
  });

  it('does single steps on batches', () => {
    const net = model(0.25);
    expect(net.testOnBatch([[1]], [[1]])).toEqual({ loss: 1 });
    expect(net.trainOnBatch([[1]], [[1]])).toEqual({ loss: 1 });
    expect(net.predictOnBatch([[2]]).toArray()).toEqual([[1]]);
    expect(net.testOnBatch([[1]], [[1]], { sampleWeight: [4] })).toEqual({ loss: 1 });
  });

  it('validates only when told', async () => {
    const { history } = await fit(model(0.1), { validationFrequency: 3 });
    expect(history.valLoss).toHaveLength(3);
    const other = await fit(model(0.1), { validationFrequency: [2, 10] });
    expect(other.history.valLoss).toHaveLength(2);
  });
});
