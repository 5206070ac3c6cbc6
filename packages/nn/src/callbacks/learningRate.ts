/** Callbacks that change the learning rate between epochs (https://keras.io/api/callbacks/). */

import { ArgumentError } from '@cotangent/kernels';
import type { Optimizer } from '../optimizers/index.js';
import { checkChoice, checkOptions, shown } from '../options.js';
import { ReduceOnPlateau, type ReduceOnPlateauOptions } from '../schedules/plateau.js';
import type { Schedule } from '../schedules/schedule.js';
import type { Callback, CallbackState, Logs, RunParameters } from './callback.js';
import { monitored, resolveMode } from './monitor.js';

/**
 * Sets the learning rate at the beginning of each epoch.
 *
 * @param schedule a schedule of epochs, or a function from the epoch (from 0) and the rate so far to the rate
 * @throws ArgumentError for something else
 * @see https://keras.io/api/callbacks/learning_rate_scheduler/
 * @example new nn.LearningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * 0.9))
 */
export class LearningRateScheduler implements Callback {
  private optimizer: Optimizer | null = null;

  constructor(private readonly schedule: Schedule | ((epoch: number, learningRate: number) => number)) {
    const valid = typeof schedule === 'function' || typeof schedule?.at === 'function';
    if (!valid) {
      throw new ArgumentError(
        'LearningRateScheduler',
        `got schedule ${shown(schedule)}; expected a schedule, or a function (epoch, learningRate) => number`,
      );
    }
  }

  onTrainBegin({ model }: RunParameters): void {
    this.optimizer = model.optimizer;
  }

  onEpochBegin(epoch: number): void {
    const { schedule } = this;
    const optimizer = this.optimizer!;
    optimizer.learningRate =
      typeof schedule === 'function' ? schedule(epoch, optimizer.learningRate) : schedule.at(epoch);
  }
}

/** Options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions extends Omit<ReduceOnPlateauOptions, 'initialLearningRate' | 'mode'> {
  /** Name in the logs of what is watched. @defaultValue 'valLoss' */
  monitor?: string;
  /** Whether smaller or larger is better; 'auto' goes by the name: larger for accuracies, scores and correlations. @defaultValue 'auto' */
  mode?: 'auto' | 'min' | 'max';
}

/**
 * Multiplies the learning rate by `factor` when what it watches has stopped getting better for `patience` epochs.
 *
 * @throws ArgumentError for options out of range, and in `fit` when the logs do not have what it watches
 * @see https://keras.io/api/callbacks/reduce_lr_on_plateau/
 * @example new nn.ReduceLROnPlateau({ monitor: 'loss', factor: 0.5, patience: 3 })
 */
export class ReduceLROnPlateau implements Callback {
  private readonly monitor: string;
  private readonly options: Omit<ReduceOnPlateauOptions, 'initialLearningRate'>;
  private optimizer: Optimizer | null = null;
  private plateau: ReduceOnPlateau | null = null;

  constructor(options: ReduceLROnPlateauOptions = {}) {
    const name = 'ReduceLROnPlateau';
    const own = ['factor', 'patience', 'minDelta', 'minDeltaMode', 'cooldown', 'minLearningRate'];
    checkOptions(name, options, ['monitor', 'mode', ...own]);
    const { monitor = 'valLoss', mode = 'auto', ...others } = options;
    checkChoice(name, 'mode', mode, ['auto', 'min', 'max']);
    this.monitor = monitor;
    this.options = { ...others, mode: resolveMode(monitor, mode) };
    new ReduceOnPlateau({ initialLearningRate: 1, ...this.options }); // checks the options now, not in the first epoch
  }

  onTrainBegin({ model }: RunParameters): void {
    this.optimizer = model.optimizer;
    this.plateau = new ReduceOnPlateau({ initialLearningRate: model.optimizer.learningRate, ...this.options });
  }

  onEpochEnd(_: number, logs: Logs): void {
    const metric = monitored('ReduceLROnPlateau', this.monitor, logs);
    if (this.plateau!.step(metric)) this.optimizer!.learningRate = this.plateau!.learningRate;
  }

  stateDict(): CallbackState {
    return { values: { ...this.plateau!.stateDict() } };
  }

  loadStateDict({ values }: CallbackState): void {
    this.plateau!.loadStateDict(values as never);
  }
}
