import { fromTypedArray, noGrad, ones, randomNormal, type Tensor, tensor, zeros } from '@cotangent/autograd';
import { ArgumentError, DTypeError, Generator, IndexError, manualSeed, ShapeError } from '@cotangent/kernels';
import { expectNear, expectRejected, expectThrown } from '../../fixtures/testing.js';
import type { Callback, Logs, RunParameters } from '../callbacks/callback.js';
import { History } from '../callbacks/history.js';
import { Activation } from '../layers/activation.js';
import { Dense } from '../layers/dense.js';
import { Dropout } from '../layers/regularization.js';
import { Flatten } from '../layers/reshaping.js';
import { meanSquaredError, resolveLoss, sparseCategoricalCrossentropy } from '../losses/index.js';
import { type Metric, resolveMetric } from '../metrics/index.js';
import { Adam, resolveOptimizer, SGD } from '../optimizers/index.js';
import { nextTurn } from './eventLoop.js';
import { type CompileOptions, type FitOptions, Model } from './model.js';
import { Sequential } from './sequential.js';
import type { Batch } from './source.js';

/** Points around (2, 2) and (−2, −2), class 1 and 0, in turn. */
function twoClouds(samples: number): { x: Tensor; y: Tensor } {
  const labels = Int32Array.from({ length: samples }, (_, i) => i % 2);
  const centres = Float32Array.from({ length: 2 * samples }, (_, i) => (Math.floor(i / 2) % 2 === 1 ? 2 : -2));
  const noise = randomNormal([samples, 2], { generator: new Generator(99) });
  return { x: fromTypedArray(centres, [samples, 2]).add(noise.mul(0.5)), y: fromTypedArray(labels, [samples]) };
}

const crossEntropy = (yTrue: Tensor, yPred: Tensor): Tensor =>
  sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits: true });

function classifier(): Sequential {
  return new Sequential([
    new Dense({ units: 8, activation: 'relu' }),
    new Dropout({ rate: 0.1 }),
    new Dense({ units: 2 }),
  ]);
}

/** A fresh classifier from this seed, trained. */
async function trained(seed: number, options: FitOptions = {}): Promise<{ model: Sequential; history: History }> {
  manualSeed(seed);
  const model = classifier();
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: crossEntropy, metrics: ['accuracy'] });
  const { x, y } = twoClouds(60);
  const history = await model.fit(x, y, { epochs: 3, batchSize: 8, ...options });
  return { model, history };
}

/** A compiled model with one weight, 2, and a bias, 0, that computes 2 x. */
function doubler(options: Partial<CompileOptions> = {}): Sequential {
  const model = new Sequential([
    new Dense({ units: 1, kernelInitializer: { name: 'two', create: () => tensor([[2]]) } }),
  ]);
  model.compile({ optimizer: new SGD({ learningRate: 0 }), loss: 'mse', ...options });
  return model;
}

/** What an error says. */
function refusal(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error');
}

const column = (values: number[]): Tensor => tensor(values.map((value) => [value]));

/** Says which sample each batch held: x of the i-th sample is i. */
class Recorder extends Model {
  readonly batches: number[][] = [];
  readonly dense: Dense = new Dense({ units: 1 });

  forward(x: Tensor): Tensor {
    if (this.training) this.batches.push(x.toTypedArray().length === 0 ? [] : [...x.toTypedArray()]);
    return this.dense.call(x);
  }
}

function recorder(): Recorder {
  const model = new Recorder();
  model.compile({ loss: 'mse' });
  return model;
}

const numbered = (n: number): Tensor => column(Array.from({ length: n }, (_, i) => i));

describe('fit()', () => {
  it('learns to tell two clouds apart', async () => {
    const { history, model } = await trained(1, { epochs: 20 });
    const { loss, accuracy } = history.history as { loss: number[]; accuracy: number[] };
    expect(loss[19]).toBeLessThan(0.2 * loss[0]!);
    expect(accuracy[19]).toBeGreaterThan(0.95);
    const { x, y } = twoClouds(60);
    expect((await model.evaluate(x, y)).accuracy).toBeGreaterThan(0.95);
  });

  it('gives bit for bit the same history and parameters from the same seed, and others from another', async () => {
    const run = async (seed: number) => {
      const { history, model } = await trained(seed);
      return { history: history.history, parameters: model.parameters().map((p) => p.toArray()) };
    };
    const first = await run(3);
    expect(await run(3)).toEqual(first);
    expect((await run(4)).history.loss).not.toEqual(first.history.loss);
  });

  it('returns the logs of every epoch', async () => {
    const { history } = await trained(2, { epochs: 4, validationSplit: 0.25 });
    expect(history).toBeInstanceOf(History);
    expect(history.epochs).toEqual([0, 1, 2, 3]);
    expect(Object.keys(history.history)).toEqual(['loss', 'accuracy', 'valLoss', 'valAccuracy']);
    for (const values of Object.values(history.history)) {
      expect(values).toHaveLength(4);
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  it('takes tensors, nested arrays and typed arrays', async () => {
    const model = doubler();
    const expected = [(2 * 2 + 4 * 4) / 2];
    expect((await model.fit([[1], [2]], [[0], [0]])).history.loss).toEqual(expected);
    expect((await model.fit(column([1, 2]), column([0, 0]))).history.loss).toEqual(expected);
    const labels = new Sequential([new Dense({ units: 2 })]);
    labels.compile({ loss: crossEntropy });
    await expect(labels.fit([[1], [2]], new Int32Array([0, 1]))).resolves.toBeInstanceOf(History);
  });

  it('does nothing in 0 epochs', async () => {
    const model = doubler();
    const { history, epochs } = await model.fit([[1]], [[1]], { epochs: 0 });
    expect([history, epochs]).toEqual([{}, []]);
  });

  it('continues where it stopped, the state of its optimizer included', async () => {
    const end = async (parts: number[]) => {
      manualSeed(5);
      const model = new Sequential([new Dense({ units: 1, inputShape: [1] })]);
      model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'mse' });
      for (const epochs of parts) await model.fit(numbered(6), numbered(6), { epochs, shuffle: false });
      return model.parameters().map((p) => p.toArray());
    };
    expect(await end([2, 3])).toEqual(await end([5]));
  });

  it('trains the parameters that require a gradient, and only those', async () => {
    const model = new Sequential([new Dense({ units: 2, inputShape: [1] }), new Dense({ units: 1 })]);
    model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'mse' });
    for (const parameter of model.layers[0]!.parameters()) parameter.requiresGrad = false;
    const values = () => model.parameters().map((p) => p.toArray());
    const before = values();
    await model.fit([[1], [2]], [[5], [6]]);
    const after = values();
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
    expect(after[3]).not.toEqual(before[3]);
    expect(model.optimizer.parameters).toEqual(model.layers[1]!.parameters());
  });

  it('takes no notice of gradients from before', async () => {
    const end = async (leftOver: boolean) => {
      const model = doubler({ optimizer: new SGD({ learningRate: 0.1 }) }).build([1]);
      if (leftOver)
        model
          .call(tensor([[100]]))
          .sum()
          .backward();
      await model.fit([[1]], [[5]]);
      return model.parameters().map((p) => p.toArray());
    };
    expect(await end(true)).toEqual(await end(false));
  });

  it('leaves no gradient behind', async () => {
    const { model } = await trained(1, { epochs: 1 });
    expect(model.parameters().every((p) => p.grad === null)).toBe(true);
  });

  it('trains in float64 where the layers are', async () => {
    const model = new Sequential([new Dense({ units: 1, dtype: 'float64', inputShape: [1] })]);
    model.compile({ loss: 'mse' });
    const x = numbered(3).cast('float64');
    expect((await model.fit(x, x)).history.loss![0]).toBeGreaterThan(0);
    expect((await model.predict(x)).dtype).toBe('float64');
  });

  describe('the loss of an epoch', () => {
    it('is the mean over samples, whatever the batches: a short last one counts by its size', async () => {
      const x = [3, -1, 4, 1, -5, 9, 2];
      const y = [0, 1, 2, 3, 4, 5, 6];
      const expected = x.reduce((sum, value, i) => sum + (2 * value - y[i]!) ** 2, 0) / x.length;
      for (const batchSize of [1, 2, 3, 4, 5, 7, 100]) {
        const { history } = await doubler().fit(column(x), column(y), { batchSize });
        expectNear(tensor(history.loss![0]!), expected, 1e-6);
      }
    });

    it('is made of the losses before each step', async () => {
      const model = doubler({ optimizer: new SGD({ learningRate: 0.25 }) });
      // w = 2, b = 0: (2 − 0)² = 4, gradient 4 for each, so w = 1, b = −1: (1 − 1 − 3)² = 9.
      const { history } = await model.fit([[1], [1]], [[0], [3]], { batchSize: 1, shuffle: false });
      expect(history.loss).toEqual([(4 + 9) / 2]);
    });

    it('comes with metrics over all samples of the epoch', async () => {
      const model = new Sequential([
        new Activation({ activation: 'linear' }),
        new Dense({ units: 2, inputShape: [2] }),
      ]);
      (model.layers[1] as Dense).call(zeros([1, 2]));
      (model.layers[1] as Dense).kernel.assign(
        tensor([
          [1, 0],
          [0, 1],
        ]),
      );
      model.compile({ optimizer: new SGD({ learningRate: 0 }), loss: crossEntropy, metrics: ['accuracy'] });
      const x = tensor([
        [1, 0],
        [0, 1],
        [1, 0],
        [1, 0],
        [0, 1],
      ]);
      const { history } = await model.fit(x, tensor([0, 1, 1, 0, 0]), { batchSize: 2, epochs: 2 });
      expect(history.accuracy).toEqual([0.6, 0.6]);
    });
  });

  describe('the order of samples', () => {
    it('is a new permutation every epoch', async () => {
      const model = recorder();
      await model.fit(numbered(10), numbered(10), { epochs: 3, batchSize: 4, seed: 1 });
      expect(model.batches.map((batch) => batch.length)).toEqual([4, 4, 2, 4, 4, 2, 4, 4, 2]);
      const epochs = [0, 3, 6].map((at) => model.batches.slice(at, at + 3).flat());
      for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(epochs[0]).not.toEqual(epochs[1]);
      expect(epochs[1]).not.toEqual(epochs[2]);
    });

    it('is as the samples come without shuffle', async () => {
      const model = recorder();
      await model.fit(numbered(5), numbered(5), { batchSize: 2, shuffle: false });
      expect(model.batches).toEqual([[0, 1], [2, 3], [4]]);
    });

    it('follows its own seed, or manualSeed without one', async () => {
      const orderOf = async (globalSeed: number, options: FitOptions) => {
        manualSeed(globalSeed);
        const model = recorder();
        await model.fit(numbered(8), numbered(8), { batchSize: 8, ...options });
        return model.batches;
      };
      expect(await orderOf(1, { seed: 7 })).toEqual(await orderOf(2, { seed: 7 }));
      expect(await orderOf(1, { seed: 7 })).not.toEqual(await orderOf(1, { seed: 8 }));
      expect(await orderOf(1, {})).toEqual(await orderOf(1, {}));
      expect(await orderOf(1, {})).not.toEqual(await orderOf(2, {}));
    });

    it('keeps samples and their targets together', async () => {
      const model = doubler();
      const x = numbered(9);
      const { history } = await model.fit(x, x.mul(2), { batchSize: 2, epochs: 2 });
      expect(history.loss).toEqual([0, 0]);
    });
  });

  it('reduces a loss that gives one value for each sample, as Keras does', async () => {
    const none = (yTrue: Tensor, yPred: Tensor) => meanSquaredError(yTrue, yPred, { reduction: 'none' });
    const history = (options: FitOptions) => doubler({ loss: none }).fit([[1], [2]], [[1], [1]], options);
    expect((await history({})).history.loss).toEqual([(1 + 9) / 2]);
    expect((await history({ sampleWeight: [3, 1] })).history.loss).toEqual([(3 * 1 + 9) / 2]);
  });

  describe('validation', () => {
    it('takes its share from the end, before shuffling', async () => {
      const model = recorder();
      await model.fit(numbered(10), numbered(10), { validationSplit: 0.3, batchSize: 4, epochs: 2, seed: 3 });
      expect(new Set(model.batches.flat())).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
    });

    it('is what evaluate gives on that share after the epoch, in inference', async () => {
      manualSeed(6);
      const model = new Sequential([
        new Dense({ units: 4, inputShape: [1] }),
        new Dropout({ rate: 0.5 }),
        new Dense({ units: 1 }),
      ]);
      model.compile({ optimizer: 'sgd', loss: 'mse' });
      const x = numbered(10).div(10);
      const { history } = await model.fit(x, x, { validationSplit: 0.2, batchSize: 3 });
      const { loss } = await model.evaluate(x.slice([8, null]), x.slice([8, null]));
      expectNear(tensor(history.valLoss![0]!), loss!, 1e-6);
    });

    it('may be data of its own, and then nothing is split off', async () => {
      const model = recorder();
      const { history } = await model.fit(numbered(3), numbered(3), {
        validationData: [[[1]], [[1]]],
        validationSplit: 0.5,
        shuffle: false,
      });
      expect(model.batches.flat()).toEqual([0, 1, 2]);
      expect(history.valLoss).toHaveLength(1);
    });

    it('does not touch the metrics of training', async () => {
      const model = new Sequential([new Dense({ units: 2, inputShape: [1], kernelInitializer: 'zeros' })]);
      model.compile({ optimizer: new SGD({ learningRate: 0 }), loss: crossEntropy, metrics: ['accuracy'] });
      const { history } = await model.fit([[1], [1]], tensor([0, 0]), {
        epochs: 2,
        validationData: [[[1], [1]], tensor([1, 0])],
      });
      expect([history.accuracy, history.valAccuracy]).toEqual([
        [1, 1],
        [0.5, 0.5],
      ]);
    });
  });

  describe('callbacks', () => {
    class Log implements Callback {
      readonly events: unknown[] = [];
      constructor(private readonly name: string = '') {}
      onTrainBegin({ model, epochs, batchSize, samples, steps, callbacks }: RunParameters): void {
        expect(model).toBeInstanceOf(Model);
        expect(callbacks).toContain(this);
        this.events.push([`${this.name}train begins`, { epochs, batchSize, samples, steps }]);
      }
      onTrainEnd(logs: Logs): void {
        this.events.push([`${this.name}train ends`, logs]);
      }
      onEpochBegin(epoch: number): void {
        this.events.push([`${this.name}epoch begins`, epoch]);
      }
      onEpochEnd(epoch: number, logs: Logs): void {
        this.events.push([`${this.name}epoch ends`, epoch, logs]);
      }
      onBatchBegin(batch: number): void {
        this.events.push([`${this.name}batch begins`, batch]);
      }
      onBatchEnd(batch: number, logs: Logs): void {
        this.events.push([`${this.name}batch ends`, batch, logs]);
      }
    }

    it('hear of everything in order, with the losses of batches and epochs', async () => {
      const log = new Log();
      await doubler().fit([[1], [2], [3]], [[0], [0], [0]], {
        epochs: 2,
        batchSize: 2,
        shuffle: false,
        validationData: [[[1]], [[2]]],
        callbacks: [log],
      });
      const epoch = (number: number) => [
        ['epoch begins', number],
        ['batch begins', 0],
        ['batch ends', 0, { size: 2, loss: 10 }],
        ['batch begins', 1],
        ['batch ends', 1, { size: 1, loss: 36 }],
        ['epoch ends', number, { loss: 56 / 3, valLoss: 0 }],
      ];
      expect(log.events).toEqual([
        ['train begins', { epochs: 2, batchSize: 2, samples: 3, steps: 2 }],
        ...epoch(0),
        ...epoch(1),
        ['train ends', { loss: 56 / 3, valLoss: 0 }],
      ]);
    });

    it('get metrics of the epoch so far at the end of each batch', async () => {
      const counter: Metric & { n: number } = {
        name: 'seen',
        n: 0,
        update(yTrue) {
          this.n += yTrue.shape[0]!;
        },
        result() {
          return this.n;
        },
        reset() {
          this.n = 0;
        },
      };
      const log = new Log();
      await doubler({ metrics: [counter] }).fit(numbered(5), numbered(5), {
        batchSize: 2,
        epochs: 2,
        callbacks: [log],
      });
      const seen = log.events.flatMap((event) => {
        const [name, , logs] = event as [string, number, Logs];
        return name === 'batch ends' ? [logs.seen] : [];
      });
      expect(seen).toEqual([2, 4, 5, 2, 4, 5]);
    });

    it('are called one after the other and awaited, in the order given', async () => {
      const events: string[] = [];
      const slow: Callback = {
        async onEpochBegin() {
          events.push('slow begins');
          await new Promise((resolve) => setImmediate(resolve));
          events.push('slow ends');
        },
      };
      const quick: Callback = {
        onEpochBegin() {
          events.push('quick');
        },
        onBatchBegin() {
          events.push('batch');
        },
      };
      await doubler().fit([[1]], [[1]], { callbacks: [slow, quick] });
      expect(events).toEqual(['slow begins', 'slow ends', 'quick', 'batch']);
    });

    it('may have none of the methods', async () => {
      await expect(doubler().fit([[1]], [[1]], { callbacks: [{}] })).resolves.toBeInstanceOf(History);
    });

    it('end the run with what they throw', async () => {
      const error = new RangeError('enough');
      const stop: Callback = {
        onBatchEnd() {
          throw error;
        },
      };
      await expect(doubler().fit([[1]], [[1]], { callbacks: [stop] })).rejects.toBe(error);
    });

    it('are objects in an array', async () => {
      const mend = 'expected an array of callbacks. For example [new nn.EarlyStopping()].';
      const fitWith = (callbacks: unknown): Promise<unknown> =>
        doubler().fit([[1]], [[1]], { callbacks: callbacks as never });
      await expectRejected(fitWith(['earlyStopping']), ArgumentError, `fit: got callbacks ['earlyStopping']; ${mend}`);
      await expectRejected(fitWith(new History()), ArgumentError, `fit: got callbacks an object; ${mend}`);
    });
  });

  describe('refuses', () => {
    const refusals: [what: string, options: unknown, problem: string][] = [
      ['-1 epochs', { epochs: -1 }, 'got epochs -1; expected a whole number of at least 0'],
      ['1.5 epochs', { epochs: 1.5 }, 'got epochs 1.5; expected a whole number of at least 0'],
      ["'3' epochs", { epochs: '3' }, "got epochs '3'; expected a whole number of at least 0"],
      ['a batchSize of 0', { batchSize: 0 }, 'got batchSize 0; expected a whole number above 0'],
      ['a batchSize of NaN', { batchSize: Number.NaN }, 'got batchSize NaN; expected a whole number above 0'],
      [
        'a validationSplit of 1',
        { validationSplit: 1 },
        'got validationSplit 1; expected a finite number of at least 0 and below 1',
      ],
      [
        'a negative validationSplit',
        { validationSplit: -0.1 },
        'got validationSplit -0.1; expected a finite number of at least 0 and below 1',
      ],
      [
        'a validationSplit that leaves nothing to train on',
        { validationSplit: 0.99 },
        'got validationSplit 0.99 of 2 samples, which leaves none to train or to validate on',
      ],
      [
        'unknown options',
        { batch_size: 3 },
        "got unknown option 'batch_size'; expected one of epochs, initialEpoch, stepsPerEpoch, batchSize, shuffle, seed, sampleWeight, classWeight, validationSplit, validationData, validationBatchSize, validationSteps, validationFrequency, verbose, signal, callbacks. Did you mean 'batchSize'?",
      ],
      ['a number for the options', 5, 'got 5; expected an options object. For example { epochs: … }.'],
      [
        'one callback that is not in an array',
        { callbacks: {} },
        'got callbacks an object; expected an array of callbacks. For example [new nn.EarlyStopping()].',
      ],
      [
        'validationData that is no pair',
        { validationData: 0.1 },
        'got validationData 0.1; expected [x, y], [x, y, sampleWeight] or batches',
      ],
    ];

    it.each(refusals)('%s', async (_, options, problem) => {
      await expectRejected(
        doubler().fit([[1], [2]], [[1], [2]], options as FitOptions),
        ArgumentError,
        `fit: ${problem}`,
      );
    });

    it('a seed that is none', async () => {
      await expectRejected(
        doubler().fit([[1]], [[1]], { seed: 0.5 }),
        ArgumentError,
        'Generator: got seed 0.5; expected a whole number from 0 to 2^53 - 1',
      );
    });

    it('to run before compile', async () => {
      const message = 'the model is not compiled. Call model.compile({ optimizer, loss, metrics }) first.';
      const model = new Sequential([new Dense({ units: 1 })]);
      await expectRejected(model.fit([[1]], [[1]]), ArgumentError, `fit: ${message}`);
      await expectRejected(model.evaluate([[1]], [[1]]), ArgumentError, `evaluate: ${message}`);
      expectThrown(() => model.optimizer, ArgumentError, `optimizer: ${message}`);
    });

    it('another number of targets than of samples', async () => {
      await expectRejected(
        doubler().fit([[1], [2], [3]], [[1], [2]]),
        ShapeError,
        'fit: got x [3, 1] and y [2, 1]; expected as many targets as samples (equal first axes)',
      );
      await expectRejected(
        doubler().fit([[1]], [[1]], { validationData: [[[1]], [[1], [2]]] }),
        ShapeError,
        'fit (validationData): got x [1, 1] and y [2, 1]; expected as many targets as samples (equal first axes)',
      );
    });

    it('NaN among the targets, and says at which sample', async () => {
      const y = zeros([4, 3]).toTypedArray();
      y[7] = Number.NaN;
      await expectRejected(
        doubler().fit(zeros([4, 1]), fromTypedArray(y, [4, 3])),
        ArgumentError,
        'fit: got NaN in y, at sample 2. Check how the targets were read.',
      );
      await expectRejected(
        doubler().fit([[1]], [[1]], {
          validationData: [
            [[1], [2]],
            [[1], [Number.NaN]],
          ],
        }),
        ArgumentError,
        'fit (validationData): got NaN in y, at sample 1. Check how the targets were read.',
      );
    });

    it('no data, and data without a sample axis', async () => {
      const message = 'fit: got no samples: the first axis of x is 0';
      await expectRejected(doubler().fit([], []), ArgumentError, message);
      await expectRejected(doubler().fit(zeros([0, 1]), zeros([0, 1])), ArgumentError, message);
      await expectRejected(doubler().fit(undefined as never, [[1]]), ArgumentError, 'fit: got no x');
      await expectRejected(doubler().fit([[1]], null as never), ArgumentError, 'fit: got no y');
      await expectRejected(
        doubler().fit([[1]], 3),
        ShapeError,
        'fit: got y []; expected y with samples along the first axis',
      );
    });

    it('a class index without a class', async () => {
      const model = new Sequential([new Dense({ units: 3 })]);
      model.compile({ loss: crossEntropy });
      await expectRejected(
        model.fit([[1], [2]], tensor([0, 3]), { shuffle: false }),
        IndexError,
        'softmaxCrossEntropy: got class label 3 at position 1; expected integers from 0 to 2. The logits have 3 classes.',
      );
    });

    it('a loss that is not one number', async () => {
      const wide = (yTrue: Tensor, yPred: Tensor) =>
        yTrue
          .sub(yPred)
          .reshape([-1])
          .slice([0, 2])
          .add(tensor([[0], [0], [0]]));
      const problem = 'the loss gave shape [3, 2]; expected a tensor of one element. Reduce it with .mean().';
      const model = doubler({ loss: wide });
      await expectRejected(model.fit([[1], [2]], [[1], [2]]), ArgumentError, `fit: ${problem}`);
      await expectRejected(model.evaluate([[1], [2]], [[1], [2]]), ArgumentError, `evaluate: ${problem}`);
      await expectRejected(
        doubler({ loss: (() => 3) as never }).fit([[1]], [[1]]),
        ArgumentError,
        'fit: the loss gave number; expected a tensor of one element. Reduce it with .mean().',
      );
    });

    it('an input of the wrong shape, by the path of the layer', async () => {
      const model = new Sequential([new Flatten(), new Dense({ units: 1, inputShape: [2] })]).build([2]);
      model.compile({ loss: 'mse' });
      await expectRejected(
        model.fit(zeros([4, 3]), zeros([4, 1])),
        ShapeError,
        '1 (Dense) › Dense: got x [4, 3]; expected x [..., 2]. The layer was built for 2 inputs.',
      );
    });

    it('targets of another shape than the predictions', async () => {
      await expectRejected(
        doubler().fit([[1], [2]], [1, 2]),
        ShapeError,
        'meanSquaredError: got yTrue [2] and yPred [2, 1]; expected equal shapes. Use .reshape() or .expandDims(-1) on one of them.',
      );
    });

    it('ragged data', async () => {
      await expect(doubler().fit([[1], [2, 3]], [[1], [2]])).rejects.toThrow(ShapeError);
    });

    it('to train what cannot be trained', async () => {
      const model = new Sequential([new Activation({ activation: 'relu' })]);
      model.compile({ loss: 'mse' });
      await expect(model.fit([[1]], [[1]])).rejects.toThrow('fit: none of the parameters is trainable');
    });
  });

  it('can be used again after an exception in the middle', async () => {
    manualSeed(8);
    const model = classifier();
    model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: crossEntropy, metrics: ['accuracy'] });
    const { x, y } = twoClouds(60);
    const bad = y.toTypedArray();
    bad[30] = 2;
    model.layers[0]!.training = false;
    await expect(model.fit(x, fromTypedArray(bad, [60]), { batchSize: 8, shuffle: false })).rejects.toThrow(IndexError);
    expect(model.namedModules().map(([, module]) => module.training)).toEqual([true, false, true, true]);
    const { history } = await model.fit(x, y, { epochs: 20, batchSize: 8 });
    expect(history.accuracy![19]).toBeGreaterThan(0.95);
    expect(history.loss![19]).toBeLessThan(history.loss![0]!);
  });
});

describe('computeLoss()', () => {
  class Scaled extends Recorder {
    protected override computeLoss(batch: Batch, predicted: Tensor): Tensor {
      return super.computeLoss(batch, predicted).mul(10);
    }
  }

  const of = (Class: new () => Recorder): Recorder => {
    manualSeed(1);
    const model = new Class();
    model.compile({ optimizer: new SGD({ learningRate: 1e-4 }), loss: 'mse' });
    model.call(numbered(1)); // draws the weights
    return model;
  };

  it('of a subclass is what fit minimizes and logs, and what evaluate gives', async () => {
    const [plain, scaled] = [of(Recorder), of(Scaled)];
    const [x, y] = [column([1, 2]), column([3, 5])];
    const before = (await plain.evaluate(x, y)).loss!;
    expect((await scaled.evaluate(x, y)).loss).toBeCloseTo(10 * before, 4);
    expect((await scaled.fit(x, y, { verbose: 0 })).history['loss']).toEqual([expect.closeTo(10 * before, 4)]);
    plain.optimizer.learningRate = 1e-3;
    await plain.fit(x, y, { verbose: 0 });
    expectNear(scaled.dense.kernel, plain.dense.kernel.toArray() as number[][], 1e-6);
  });

  it('of a subclass needs no loss of compile', async () => {
    class Own extends Recorder {
      protected override computeLoss({ y }: Batch, predicted: Tensor): Tensor {
        return predicted
          .sub(y as Tensor)
          .abs()
          .mean();
      }
    }
    const model = new Own();
    model.compile({ optimizer: 'adam' });
    const { history } = await model.fit(column([1, 2]), column([3, 5]), { epochs: 2, verbose: 0 });
    expect(history['loss']![1]).toBeLessThan(history['loss']![0]!);
  });

  it('has to give a tensor', async () => {
    class Wrong extends Recorder {
      protected override computeLoss(): Tensor {
        return 1 as never;
      }
    }
    const model = new Wrong();
    model.compile({ loss: 'mse' });
    const message = 'fit: got loss 1; expected a tensor. Wrap numbers and arrays with tensor(…).';
    await expectRejected(model.fit(column([1]), column([2]), { verbose: 0 }), DTypeError, message);
  });
});

describe('compile()', () => {
  it('uses Adam where no optimizer is named', () => {
    const model = new Sequential([new Dense({ units: 1 })]);
    model.compile({ loss: 'mse' });
    expect(model.optimizer).toBeInstanceOf(Adam);
  });

  it('again starts with a new optimizer and keeps the parameters', async () => {
    const model = doubler();
    await model.fit([[1]], [[1]]);
    const optimizer = new SGD();
    model.compile({ optimizer, loss: 'mse' });
    expect(model.optimizer).toBe(optimizer);
    expect(model.parameters()[0]!.toArray()).toEqual([[2]]);
  });

  it.each([
    ['an unknown loss', { loss: 'difference' }, refusal(() => resolveLoss('compile', 'difference' as never))],
    [
      'an unknown optimizer',
      { loss: 'mse', optimizer: 'tiger' },
      refusal(() => resolveOptimizer('compile', 'tiger' as never)),
    ],
    [
      'an unknown metric',
      { loss: 'mse', metrics: ['accurate'] },
      refusal(() => resolveMetric('compile', 'accurate' as never)),
    ],
    [
      'a metric that is not in an array',
      { loss: 'mse', metrics: 'accuracy' },
      "compile: got metrics 'accuracy'; expected an array of them, or arrays by output",
    ],
    [
      'an unknown option',
      { losses: 'mse' },
      "compile: got unknown option 'losses'; expected one of optimizer, loss, lossWeights, metrics, weightedMetrics. Did you mean 'loss'?",
    ],
    ['text', 'adam', "compile: got 'adam'; expected an options object. For example { optimizer: … }."],
  ])('refuses %s', (_, options, message) => {
    expectThrown(() => new Sequential([new Flatten()]).compile(options as never), ArgumentError, message);
  });
});

describe('evaluate()', () => {
  it('gives what a direct call in inference gives, in batches of any size', async () => {
    const { model } = await trained(9);
    const { x, y } = twoClouds(50);
    const logits = noGrad(() => model.eval().call(x));
    const loss = crossEntropy(y, logits).item();
    const accuracy = logits.argmax({ axis: -1 }).equal(y).sum().item() / 50;
    model.train();
    for (const batchSize of [1, 7, 32, 50, 1000]) {
      const result = await model.evaluate(x, y, { batchSize });
      expect(Object.keys(result)).toEqual(['loss', 'accuracy']);
      expectNear(tensor(result.loss!), loss, 1e-6);
      expect(result.accuracy).toBe(accuracy);
    }
  });

  it('gives the same every time, with Dropout in the model', async () => {
    const { model } = await trained(9, { epochs: 1 });
    const { x, y } = twoClouds(50);
    expect(await model.evaluate(x, y)).toEqual(await model.evaluate(x, y));
  });

  it('leaves training flags as they were, module by module', async () => {
    const { model } = await trained(9, { epochs: 1 });
    model.layers[1]!.training = false;
    const flags = () => model.namedModules().map(([, module]) => module.training);
    const before = flags();
    const { x, y } = twoClouds(4);
    await model.evaluate(x, y);
    await model.predict(x);
    expect(flags()).toEqual(before);
    expect(before).toEqual([true, true, false, true]);
    await expect(model.predict(zeros([2, 3]))).rejects.toThrow(ShapeError);
    expect(flags()).toEqual(before);
  });

  it('changes no parameter', async () => {
    const { model } = await trained(9, { epochs: 1 });
    const before = model.parameters().map((p) => p.toArray());
    const { x, y } = twoClouds(10);
    await model.evaluate(x, y);
    expect(model.parameters().map((p) => p.toArray())).toEqual(before);
    expect(model.parameters().every((p) => p.grad === null)).toBe(true);
  });

  it('refuses what fit refuses, in its own name', async () => {
    const model = doubler();
    await expectRejected(
      model.evaluate([[1]], [[1]], { epochs: 1 } as never),
      ArgumentError,
      "evaluate: got unknown option 'epochs'; expected one of batchSize, steps, sampleWeight, signal, callbacks",
    );
    await expectRejected(
      model.evaluate([[1]], [[1]], { batchSize: 0.5 }),
      ArgumentError,
      'evaluate: got batchSize 0.5; expected a whole number above 0',
    );
    await expectRejected(
      model.evaluate([[1]], [[Number.NaN]]),
      ArgumentError,
      'evaluate: got NaN in y, at sample 0. Check how the targets were read.',
    );
    await expectRejected(
      model.evaluate([[1]], [[1], [2]]),
      ShapeError,
      'evaluate: got x [1, 1] and y [2, 1]; expected as many targets as samples (equal first axes)',
    );
  });
});

describe('predict()', () => {
  it('gives what a direct call in inference gives, in batches of any size', async () => {
    const { model } = await trained(10, { epochs: 1 });
    const { x } = twoClouds(21);
    const expected = noGrad(() => model.eval().call(x)).toArray();
    model.train();
    for (const batchSize of [1, 4, 20, 21, 64]) expectNear(await model.predict(x, { batchSize }), expected, 1e-6);
  });

  it('needs no compile', async () => {
    const model = new Sequential([new Flatten()]);
    expect((await model.predict([[[1, 2]], [[3, 4]]])).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('gives tensors to keep: later training does not change or release them', async () => {
    const model = doubler({ optimizer: new SGD({ learningRate: 0.1 }) });
    const predicted = await model.predict(column([1, 2, 3]), { batchSize: 2 });
    const one = await model.predict(column([1]));
    await model.fit(column([1, 2, 3]), column([0, 0, 0]), { epochs: 5 });
    expect(predicted.toArray()).toEqual([[2], [4], [6]]);
    expect(one.toArray()).toEqual([[2]]);
    expect(predicted.requiresGrad).toBe(false);
  });

  it('gives a copy, not the samples themselves', async () => {
    const x = ones([3, 2]);
    const predicted = await new Sequential([new Activation({ activation: 'linear' })]).predict(x);
    x.assign(zeros([3, 2]));
    expect(predicted.toArray()).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });

  it('refuses no samples, wrong shapes and unknown options', async () => {
    const model = doubler();
    await expectRejected(
      model.predict(zeros([0, 1])),
      ArgumentError,
      'predict: got no samples: the first axis of x is 0',
    );
    await expectRejected(
      model.predict(3),
      ShapeError,
      'predict: got x []; expected x with samples along the first axis',
    );
    await model.predict(zeros([1, 1]));
    await expectRejected(
      model.predict(zeros([1, 2])),
      ShapeError,
      '0 (Dense) › Dense: got x [1, 2]; expected x [..., 1]. The layer was built for 1 inputs.',
    );
    await expectRejected(
      model.predict(zeros([1, 1]), { verbose: 1 } as never),
      ArgumentError,
      "predict: got unknown option 'verbose'; expected one of batchSize, steps, signal, callbacks",
    );
  });
});

describe('the event loop gets turns', () => {
  beforeEach(() => {
    // Each look at the clock is 30 ms after the one before: every batch counts as long work.
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => {
      now += 30;
      return now;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** How often a timer or other work of the host ran before the promise was settled. */
  async function turnsDuring(run: () => Promise<unknown>): Promise<number> {
    let [turns, running] = [0, true];
    const tick = (): void => {
      if (!running) return;
      turns++;
      setImmediate(tick);
    };
    setImmediate(tick);
    await run();
    running = false;
    return turns;
  }

  it('during fit, evaluate and predict', async () => {
    const model = doubler();
    const x = numbered(20);
    expect(await turnsDuring(() => model.fit(x, x, { batchSize: 2 }))).toBeGreaterThanOrEqual(5);
    expect(await turnsDuring(() => model.evaluate(x, x, { batchSize: 2 }))).toBeGreaterThanOrEqual(5);
    expect(await turnsDuring(() => model.predict(x, { batchSize: 2 }))).toBeGreaterThanOrEqual(5);
  });

  it('also where there is no setImmediate, as in browsers', async () => {
    const host = globalThis as { setImmediate?: unknown };
    const { setImmediate: original } = host;
    const model = doubler();
    const x = numbered(4);
    try {
      host.setImmediate = undefined;
      await nextTurn();
      await expect(model.fit(x, x, { batchSize: 1 })).resolves.toBeInstanceOf(History);
    } finally {
      host.setImmediate = original;
    }
  });
});
