import { fromTypedArray, noGrad, randomNormal, type Tensor, valueAndGrad, zeros } from '@cotangent/autograd';
import { Generator, heapStats, manualSeed, resetHeapStats } from '@cotangent/kernels';
import type { Callback } from './callbacks/callback.js';
import { Dense } from './layers/dense.js';
import { Dropout } from './layers/regularization.js';
import { meanSquaredError, sparseCategoricalCrossentropy } from './losses/index.js';
import { Sequential } from './model/sequential.js';
import * as nn from './nn.js';
import { Adam, Lookahead, resolveOptimizer } from './optimizers/index.js';

/** Kept to the end: what the garbage collector takes back in the middle of a test would look like a leak undone. */
const kept: unknown[] = [];

function keep<T>(value: T): T {
  kept.push(value);
  return value;
}

/** What only scopes, the tape and modules release, and how often memory had to be had elsewhere. */
const held = (): { bytes: number; spills: number } => {
  const { liveBytes, looseBytes, spills } = heapStats();
  return { bytes: liveBytes - looseBytes, spills };
};

beforeEach(() => {
  manualSeed(2024);
  resetHeapStats();
});

describe('the heap stays as full as it was after the first epoch', () => {
  const samples = 500;
  const x = randomNormal([samples, 40], { generator: new Generator(1) });
  const y = fromTypedArray(
    Int32Array.from({ length: samples }, (_, i) => i % 10),
    [samples],
  );

  function model(): Sequential {
    const made = keep(
      new Sequential([
        new Dense({ units: 64, activation: 'relu' }),
        new Dropout({ rate: 0.3 }),
        new Dense({ units: 10 }),
      ]),
    );
    made.compile({
      optimizer: 'adam',
      loss: (yTrue, yPred) => sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits: true }),
      metrics: ['accuracy'],
    });
    return made;
  }

  it('in fit, with validation', async () => {
    const after: number[] = [];
    const watch: Callback = {
      onEpochEnd() {
        after.push(heapStats().liveBytes);
      },
    };
    await model().fit(x, y, { epochs: 5, batchSize: 64, validationSplit: 0.2, callbacks: [watch] });
    expect(after).toEqual(after.map(() => after[0]));
    expect(heapStats().spills).toBe(0);
  });

  it('in evaluate and predict', async () => {
    const net = model();
    const run = async () => {
      await net.evaluate(x, y, { batchSize: 64 });
      keep(await net.predict(x.slice([0, 50]), { batchSize: 16 }));
    };
    await run();
    const { liveBytes } = heapStats();
    for (let i = 0; i < 4; i++) await run();
    expect(heapStats().liveBytes).toBe(liveBytes);
    expect(heapStats().spills).toBe(0);
  });

  it('in predict of much, but for what it returns', async () => {
    const net = model();
    keep(await net.predict(x, { batchSize: 128 }));
    const before = heapStats().liveBytes;
    const predicted = keep(await net.predict(x, { batchSize: 128 }));
    const returned = predicted.size * 4;
    // A block of the heap is at most a quarter larger than what is in it. Parts of the result are not among them.
    expect(heapStats().liveBytes - before).toBeLessThanOrEqual(1.25 * returned);
  });

  it('in fit that fails in the middle, again and again', async () => {
    const net = model();
    const bad = y.toTypedArray();
    bad[300] = 10;
    const labels = fromTypedArray(bad, [samples]);
    const fail = () => expect(net.fit(x, labels, { batchSize: 64, shuffle: false })).rejects.toThrow('class label 10');
    await fail();
    const { bytes } = held();
    for (let i = 0; i < 4; i++) await fail();
    expect(held().bytes).toBe(bytes);
  });
});

describe('20,000 synchronous steps hold memory flat, with nothing disposed of:', () => {
  const inputs = 8;
  const weights = randomNormal([inputs, 1], { generator: new Generator(5) });

  /** Eight samples of a linear function, drawn anew for every step. */
  function batch(generator: Generator): [x: Tensor, y: Tensor] {
    const x = randomNormal([8, inputs], { generator });
    return [x, x.matmul(weights)];
  }

  /** Runs the steps and compares what is held after 10,000 and 20,000 with what was held after 5,000: small data has its 1 MiB of the heap by then. */
  function expectFlat(step: (i: number) => number): void {
    const first = step(0);
    let last = first;
    const run = (from: number, to: number) => {
      for (let i = from; i < to; i++) last = step(i);
      return held();
    };
    const warm = run(1, 5_000);
    const { looseBytes } = heapStats();
    expect(run(5_000, 10_000)).toEqual(warm);
    expect(run(10_000, 20_000)).toEqual(warm);
    expect(warm.spills).toBe(0);
    expect(heapStats().looseBytes).toBe(looseBytes);
    expect(last).toBeLessThan(0.01 * first);
  }

  const perceptron = (): Sequential =>
    keep(new Sequential([new Dense({ units: 8, activation: 'tanh' }), new Dense({ units: 1 })]));

  it('PyTorch style', () => {
    const net = perceptron();
    const optimizer = keep(new Adam(net.parameters()));
    const generator = new Generator(7);
    expectFlat(() => {
      const [x, y] = batch(generator);
      const loss = meanSquaredError(y, net.call(x));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  });

  it('valueAndGrad style', () => {
    const net = perceptron();
    noGrad(() => net.call(zeros([1, inputs])));
    const parameters = net.parameters();
    const optimizer = keep(new Adam(parameters));
    const generator = new Generator(7);
    const loss = ([kernel1, bias1, kernel2, bias2]: readonly Tensor[], x: Tensor, y: Tensor): Tensor =>
      meanSquaredError(y, x.matmul(kernel1!).add(bias1!).tanh().matmul(kernel2!).add(bias2!));
    const lossAndGradients = valueAndGrad(loss);
    expectFlat(() => {
      const [x, y] = batch(generator);
      const [value, gradients] = lossAndGradients(parameters, x, y);
      optimizer.applyGradients(gradients as readonly Tensor[]);
      return value.item();
    });
  });
});

describe('layers and optimizers of every kind hold memory flat', () => {
  const x = randomNormal([24, 8, 8, 2], { generator: new Generator(1) });
  const y = randomNormal([24, 3], { generator: new Generator(2) });

  const network = (): Sequential =>
    keep(
      new Sequential([
        new nn.Conv2D({ filters: 4, kernelSize: 3, padding: 'same', kernelRegularizer: 'l2' }),
        new nn.BatchNormalization({ accumulationSteps: 2 }),
        new nn.PReLU({ sharedAxes: [1, 2] }),
        new nn.SpatialDropout2D({ rate: 0.2 }),
        new nn.AveragePooling2D(),
        new nn.Reshape({ targetShape: [8, 8] }),
        new nn.Masking({ maskValue: 7 }),
        new nn.LSTM({ units: 8, returnSequences: true }),
        new nn.TransformerEncoder({ intermediateDim: 8, numHeads: 2, dropout: 0.1 }),
        new nn.GlobalAveragePooling1D(),
        new nn.SpectralNormalization({ layer: new nn.Dense({ units: 4, kernelConstraint: 'maxNorm' }) }),
        new nn.GaussianNoise({ stddev: 0.1 }),
        new nn.Dense({ units: 3, activityRegularizer: 'l1' }),
      ]),
    );

  it.each([
    'sgd',
    'rmsprop',
    'adam',
    'adamax',
    'nadam',
    'radam',
    'adagrad',
    'adadelta',
    'adafactor',
    'rprop',
    'ftrl',
    'lion',
    'lamb',
    'lars',
    'muon',
    'signum',
    'sgld',
  ] as const)('in fit with %s', async (name) => {
    const net = network();
    net.compile({ optimizer: keep(resolveOptimizer('test', name)), loss: 'huber', metrics: ['mae', 'r2Score'] });
    const after: number[] = [];
    const watch: Callback = { onEpochEnd: () => void after.push(held().bytes) };
    await net.fit(x, y, { epochs: 4, batchSize: 8, callbacks: [watch], verbose: 0 });
    expect(after).toEqual(after.map(() => after[0]));
  });

  it('in calls of recurrent layers that never yield', () => {
    const layers = [
      new nn.LSTM({ units: 40 }),
      new nn.GRU({ units: 40 }),
      new nn.SimpleRNN({ units: 40, useBias: false }),
    ];
    // A state of 40 × 40 numbers is too large for the budget of small data.
    const sequences = keep(zeros([40, 2, 3]));
    const call = (): void => {
      for (const layer of layers) layer.call(sequences).sum().backward();
    };
    for (const layer of layers) keep(layer).call(sequences);
    call();
    call();
    const { looseBytes, allocations, freeListHits } = heapStats();
    for (let i = 0; i < 20; i++) call();
    const after = heapStats();
    expect(after.looseBytes).toBe(looseBytes);
    // Without WebAssembly all memory is JavaScript's.
    if (after.reservedBytes > 0) expect(after.freeListHits - freeListHits).toBe(after.allocations - allocations);
  });

  it('in synchronous steps with accumulation, averages and Lookahead', () => {
    const net = network();
    net.build([8, 8, 2]);
    const inner = new Adam(net.parameters(), { gradientAccumulationSteps: 2, useEma: true, weightDecay: 0.01 });
    const optimizer = keep(new Lookahead(inner));
    const step = (): void => {
      const error = meanSquaredError(y, net.call(x));
      const loss = net.losses().reduce((sum, penalty) => sum.add(penalty), error);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    };
    for (let i = 0; i < 12; i++) step();
    const { bytes } = held();
    for (let i = 0; i < 60; i++) step();
    expect(held().bytes).toBe(bytes);
  });
});
