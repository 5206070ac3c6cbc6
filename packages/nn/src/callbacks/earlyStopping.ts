import { persistent } from '@cotangent/autograd';
import type { Model, Tensors } from '../model/model.js';
import { checkBoolean, checkChoice, checkNumber, checkOptions } from '../options.js';
import type { StateDict } from '../state.js';
import type { Callback, CallbackState, Logs, RunParameters } from './callback.js';
import { Best, type MonitorMode, monitored, resolveMode } from './monitor.js';

/** Options of `EarlyStopping`. */
export interface EarlyStoppingOptions {
  /** Name in the logs of what is watched. @defaultValue 'valLoss' */
  monitor?: string;
  /** By how much a value has to be better to count. @defaultValue 0 */
  minDelta?: number;
  /** Epochs without a better value after which training ends. @defaultValue 0 */
  patience?: number;
  /** Whether smaller or larger is better; 'auto' goes by the name. @defaultValue 'auto' */
  mode?: MonitorMode;
  /** A value that has to be beaten, too. @defaultValue none */
  baseline?: number | null;
  /** Whether to end with the parameters of the best epoch instead of the last. @defaultValue false */
  restoreBestWeights?: boolean;
  /** Epochs, counted from 0, before this one are not watched. @defaultValue 0 */
  startFromEpoch?: number;
}

/**
 * Ends training when what it watches has stopped getting better.
 *
 * @throws ArgumentError for options out of range, and in `fit` when the logs do not have what it watches
 * @see https://keras.io/api/callbacks/early_stopping/
 * @example new nn.EarlyStopping({ patience: 3, restoreBestWeights: true })
 */
export class EarlyStopping implements Callback {
  /** The epoch it ended training in, from 0; null while it has not. */
  stoppedEpoch: number | null = null;
  /** The best epoch so far, from 0. */
  bestEpoch = 0;
  private readonly monitor: string;
  private readonly mode: 'min' | 'max';
  private readonly minDelta: number;
  private readonly patience: number;
  private readonly baseline: number | null;
  private readonly restoreBestWeights: boolean;
  private readonly startFromEpoch: number;
  private model: Model<Tensors> | null = null;
  private best: Best;
  private bestWeights: StateDict | null = null;
  private wait = 0;

  constructor(options: EarlyStoppingOptions = {}) {
    const name = 'EarlyStopping';
    const names = ['monitor', 'minDelta', 'patience', 'mode', 'baseline', 'restoreBestWeights', 'startFromEpoch'];
    checkOptions(name, options, names);
    const { monitor = 'valLoss', mode = 'auto', baseline = null } = options;
    this.monitor = monitor;
    this.mode = resolveMode(monitor, checkChoice(name, 'mode', mode, ['auto', 'min', 'max']));
    this.minDelta = Math.abs(checkNumber(name, 'minDelta', options.minDelta ?? 0));
    this.patience = checkNumber(name, 'patience', options.patience ?? 0, { atLeast: 0, whole: true });
    this.baseline = baseline === null ? null : checkNumber(name, 'baseline', baseline);
    this.restoreBestWeights = checkBoolean(name, 'restoreBestWeights', options.restoreBestWeights ?? false);
    const start = options.startFromEpoch ?? 0;
    this.startFromEpoch = checkNumber(name, 'startFromEpoch', start, { atLeast: 0, whole: true });
    this.best = new Best(this.mode, this.minDelta);
  }

  onTrainBegin({ model }: RunParameters): void {
    this.model = model;
    this.best = new Best(this.mode, this.minDelta);
    this.bestWeights = null;
    this.bestEpoch = 0;
    this.stoppedEpoch = null;
    this.wait = 0;
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    if (epoch < this.startFromEpoch) return;
    const value = monitored('EarlyStopping', this.monitor, logs);
    if (this.restoreBestWeights && this.bestWeights === null) this.keep(epoch);
    this.wait++;
    if (this.best.isBetter(value)) {
      this.best.value = value;
      this.bestEpoch = epoch;
      if (this.restoreBestWeights) this.keep(epoch);
      if (this.baseline === null || this.best.isBetter(value, this.baseline)) this.wait = 0;
      return;
    }
    if (this.wait < this.patience || epoch === 0) return;
    this.stoppedEpoch = epoch;
    this.model!.stopTraining = true;
  }

  private keep(epoch: number): void {
    for (const x of Object.values(this.bestWeights ?? {})) x[Symbol.dispose]();
    this.bestWeights = this.model!.stateDict();
    this.bestEpoch = epoch;
  }

  onTrainEnd(): void {
    if (this.bestWeights !== null) this.model!.loadStateDict(this.bestWeights);
  }

  stateDict(): CallbackState {
    const { best, wait, bestEpoch, stoppedEpoch } = this;
    const values = { best: best.value, wait, bestEpoch, stoppedEpoch };
    return this.bestWeights === null ? { values } : { values, tensors: this.bestWeights };
  }

  loadStateDict({ values, tensors = {} }: CallbackState): void {
    const { best, wait, bestEpoch, stoppedEpoch } = values as Record<string, number>;
    this.best.value = best!;
    this.wait = wait!;
    this.bestEpoch = bestEpoch!;
    this.stoppedEpoch = stoppedEpoch ?? null;
    if (Object.keys(tensors).length === 0) return;
    // Copies of its own: the checkpoint's tensors go with the reading of it.
    this.bestWeights = Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, persistent(x)]));
  }
}
