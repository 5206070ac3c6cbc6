import { fromTypedArray, randomNormal, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, FormatError, Generator, manualSeed } from '@cotangent/kernels';
import type { Callback, RunParameters } from '../callbacks/callback.js';
import { EarlyStopping } from '../callbacks/earlyStopping.js';
import { ReduceLROnPlateau } from '../callbacks/learningRate.js';
import { BatchNormalization, Dense } from '../layers/index.js';
import { LSTM } from '../layers/recurrent/index.js';
import { Dropout } from '../layers/regularization.js';
import { withOptions } from '../losses/index.js';
import type { FitOptions } from '../model/model.js';
import { Sequential } from '../model/sequential.js';
import { Adam, schedules } from '../optimizers/index.js';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
import { encodeSafetensors } from './safetensors.js';

const generator = new Generator(5);
const x = randomNormal([30, 4], { generator });
const y = fromTypedArray(
  Int32Array.from({ length: 30 }, (_, i) => i % 3),
  [30],
);

function network(): Sequential {
  const model = new Sequential([
    new Dense({ units: 6, activation: 'relu' }),
    new BatchNormalization(),
    new Dropout({ rate: 0.3 }),
    new Dropout({ rate: 0.2, seed: 9 }),
    new Dense({ units: 3 }),
  ]);
  model.compile({
    optimizer: new Adam({
      learningRate: new schedules.CosineDecay({ initialLearningRate: 0.01, decaySteps: 50 }),
      useEma: true,
      gradientAccumulationSteps: 2,
    }),
    loss: withOptions('sparseCategoricalCrossentropy', { fromLogits: true }),
    metrics: ['accuracy'],
  });
  return model;
}

/** Saves after every batch, and throws after one of them; counts over all epochs. */
class Interrupting implements Callback {
  readonly savesRun = true;
  saved: Uint8Array | null = null;
  private batches = 0;
  private run: RunParameters | null = null;
  constructor(
    private readonly at: number,
    private readonly from: Uint8Array | null,
  ) {}
  onTrainBegin(run: RunParameters): void {
    this.run = run;
    const { model } = run;
    if (this.from !== null) decodeCheckpoint(this.from, { model, optimizer: model.optimizer, run });
  }
  private save(): void {
    const { model } = this.run!;
    this.saved = encodeCheckpoint({ model, optimizer: model.optimizer, run: this.run! });
  }
  onBatchEnd(): void {
    if (++this.batches === this.at) {
      this.save();
      throw new Error('interrupted');
    }
  }
  onEpochEnd(): void {
    if (this.at === -this.run!.progress.epoch) {
      this.save();
      throw new Error('interrupted');
    }
  }
}

const options = (callback: Callback): FitOptions => ({
  epochs: 4,
  batchSize: 8,
  validationSplit: 0.2,
  callbacks: [new EarlyStopping({ patience: 3, restoreBestWeights: true }), callback],
});

async function train(from: Uint8Array | null, at = 0): Promise<{ end: unknown; saved: Uint8Array | null }> {
  manualSeed(from === null ? 3 : 77);
  const model = network();
  const callback = new Interrupting(at, from);
  try {
    const { history } = await model.fit(x, y, options(callback));
    const state = Object.entries(model.stateDict()).map(([path, t]) => [path, [...t.toTypedArray()]]);
    const predicted = (await model.predict(x)).toArray();
    return { end: { history, state, predicted }, saved: null };
  } catch (error) {
    if ((error as Error).message !== 'interrupted') throw error;
    return { end: null, saved: callback.saved };
  }
}

describe('a run that goes on from a checkpoint', () => {
  it('ends bit for bit as if it had never stopped, wherever it did', async () => {
    const { end } = await train(null);
    for (const at of [1, 2, 3, 4, 7, 9, 12, -1, -2, -3]) {
      const { saved } = await train(null, at);
      const resumed = await train(saved);
      expect({ at, ...(resumed.end as object) }).toEqual({ at, ...(end as object) });
    }
  });

  it('does so after being interrupted twice', async () => {
    const { end } = await train(null);
    const first = (await train(null, 2)).saved;
    const second = (await train(first, 3)).saved;
    expect((await train(second)).end).toEqual(end);
  });

  it('goes on with stateful layers', () => {
    const layer = () => new LSTM({ units: 2, stateful: true });
    manualSeed(1);
    const [a, b] = [new Sequential([layer()]), new Sequential([layer()])];
    const step = randomNormal([2, 3, 4], { generator: new Generator(1) });
    a.call(step);
    const bytes = encodeCheckpoint({ model: a });
    decodeCheckpoint(bytes, { model: b });
    expect(b.call(step).toArray()).toEqual(a.call(step).toArray());
  });

  it('goes on with a plateau', async () => {
    const fit = async (from: Uint8Array | null, epochs: number): Promise<{ saved: Uint8Array; rates: number[] }> => {
      const model = new Sequential([new Dense({ units: 1 })]);
      model.compile({ optimizer: new Adam({ learningRate: 1 }), loss: 'mse' });
      const rates: number[] = [];
      let saved: Uint8Array | null = null;
      let begun: RunParameters | null = null;
      const save: Callback = {
        savesRun: true,
        onTrainBegin(run) {
          begun = run;
          if (from !== null) decodeCheckpoint(from, { model, optimizer: model.optimizer, run });
        },
        onEpochEnd() {
          rates.push(model.optimizer.learningRate);
          saved = encodeCheckpoint({ model, optimizer: model.optimizer, run: begun! });
        },
      };
      const callbacks = [new ReduceLROnPlateau({ monitor: 'loss', patience: 2, minDelta: 1e9 }), save];
      await model.fit([[1]], [[2]], { epochs, callbacks });
      return { saved: saved!, rates };
    };
    const whole = await fit(null, 8);
    expect(new Set(whole.rates).size).toBeGreaterThan(2);
    const first = await fit(null, 4);
    expect([...first.rates, ...(await fit(first.saved, 8)).rates]).toEqual(whole.rates);
  });
});

describe('decodeCheckpoint()', () => {
  const model = network().build([4]);

  it('gives back what was saved along', () => {
    const extra = { epoch: 3, rates: [0.1, Number.NaN, Number.POSITIVE_INFINITY], name: 'a' };
    expect(decodeCheckpoint(encodeCheckpoint({ extra }), {})).toEqual(extra);
  });

  it('leaves the global generator alone where told', () => {
    manualSeed(1);
    const bytes = encodeCheckpoint({ model });
    const drawn = randomNormal([2]).toArray();
    decodeCheckpoint(bytes, { model, random: false });
    const other = randomNormal([2]).toArray();
    decodeCheckpoint(bytes, { model });
    expect(randomNormal([2]).toArray()).toEqual(drawn);
    expect(other).not.toEqual(drawn);
  });

  it.each<[string, () => unknown, new (...given: never[]) => Error, string]>([
    [
      'weights alone',
      () => decodeCheckpoint(encodeSafetensors(model.stateDict()), { model }),
      FormatError,
      "its header has no 'cotangent.checkpoint'",
    ],
    [
      'a checkpoint without the part',
      () => decodeCheckpoint(encodeCheckpoint({ model }), { optimizer: new Adam() }),
      ArgumentError,
      'was saved without an optimizer',
    ],
    [
      'a later version',
      () => decodeCheckpoint(encodeSafetensors({}, { 'cotangent.checkpoint': '{"version": 9}' }), {}),
      FormatError,
      'is a checkpoint of version 9; this is known up to 1',
    ],
    [
      'a broken body',
      () => decodeCheckpoint(encodeSafetensors({}, { 'cotangent.checkpoint': '{"version": 1}' }), {}),
      FormatError,
      'lacks parts of a checkpoint',
    ],
    [
      'another model',
      () =>
        decodeCheckpoint(encodeCheckpoint({ model }), { model: new Sequential([new Dense({ units: 2 })]).build([4]) }),
      ArgumentError,
      'does not fit Sequential',
    ],
    ['unknown parts', () => encodeCheckpoint({ models: model } as never), ArgumentError, "got unknown option 'models'"],
  ])('refuses %s', (_, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });

  it('keeps nothing of a tensor it was given', () => {
    const small = new Sequential([new Dense({ units: 1 })]).build([1]);
    const bytes = encodeCheckpoint({ model: small });
    small.parameters()[0]!.assign(tensor([[7]]) as Tensor);
    const copy = new Sequential([new Dense({ units: 1 })]);
    decodeCheckpoint(bytes, { model: copy });
    expect(copy.parameters()[0]!.toArray()).not.toEqual([[7]]);
  });
});
