import { ones } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { expectRejected, expectThrown } from '../../fixtures/testing.js';
import { Dense } from '../layers/dense.js';
import { Sequential } from '../model/sequential.js';
import { SGD, schedules } from '../optimizers/index.js';
import type { Callback } from './callback.js';
import { LearningRateScheduler, ReduceLROnPlateau } from './learningRate.js';

/** The rate in each epoch of a run with a callback. */
async function ratesOf(callback: Callback, epochs: number, learningRate: number = 1): Promise<number[]> {
  const model = new Sequential([new Dense({ units: 1 })]);
  // A loss that never changes.
  model.compile({ loss: (_, y) => y.mul(0).sum().add(1), optimizer: new SGD({ learningRate }) });
  const rates: number[] = [];
  const watch: Callback = { onEpochEnd: () => void rates.push(model.optimizer.learningRate) };
  await model.fit(ones([2, 1]), ones([2, 1]), { epochs, verbose: 0, callbacks: [watch, callback] });
  return rates;
}

describe('nn.LearningRateScheduler', () => {
  it('sets the rate of each epoch, by a function or a schedule', async () => {
    expect(await ratesOf(new LearningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate / 2)), 4)).toEqual([
      1, 1, 0.5, 0.25,
    ]);
    const schedule = new schedules.StepDecay({ initialLearningRate: 8, stepSize: 2, gamma: 0.5 });
    expect(await ratesOf(new LearningRateScheduler(schedule), 4)).toEqual([8, 8, 4, 4]);
  });

  it('refuses what is no schedule', () => {
    expectThrown(
      () => new LearningRateScheduler(0.1 as never),
      ArgumentError,
      'LearningRateScheduler: got schedule 0.1; expected a schedule, or a function (epoch, learningRate) => number',
    );
  });
});

describe('nn.ReduceLROnPlateau', () => {
  it('lowers the rate when the loss has stopped falling', async () => {
    const callback = new ReduceLROnPlateau({ monitor: 'loss', patience: 2, factor: 0.5, minLearningRate: 0.25 });
    expect(await ratesOf(callback, 8)).toEqual([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]);
    expect(await ratesOf(new ReduceLROnPlateau({ monitor: 'loss', patience: 9 }), 3)).toEqual([1, 1, 1]);
  });

  it('takes larger for better where the name says so', async () => {
    const options = (callback: ReduceLROnPlateau): unknown =>
      (callback as unknown as { options: { mode: string } }).options.mode;
    expect(options(new ReduceLROnPlateau({ monitor: 'valAccuracy' }))).toBe('max');
    expect(options(new ReduceLROnPlateau({ monitor: 'valLoss' }))).toBe('min');
    expect(options(new ReduceLROnPlateau({ monitor: 'valAccuracy', mode: 'min' }))).toBe('min');
  });

  it('says what the logs have, and refuses options out of range at once', async () => {
    await expectRejected(
      ratesOf(new ReduceLROnPlateau(), 1),
      ArgumentError,
      "ReduceLROnPlateau: got monitor 'valLoss'; the logs have loss. Names that begin with val need validationData or validationSplit.",
    );
    expect(() => new ReduceLROnPlateau({ factor: 2 })).toThrow(
      'got factor 2; expected a finite number of at least 0 and below 1',
    );
    expect(() => new ReduceLROnPlateau({ mode: 'up' as never })).toThrow("ReduceLROnPlateau: got mode 'up'");
  });
});
