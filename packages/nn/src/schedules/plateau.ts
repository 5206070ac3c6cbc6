import { ArgumentError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import { LearningRateSchedule } from './schedule.js';

/** Options of `ReduceOnPlateau`. */
export interface ReduceOnPlateauOptions {
  /** The rate until the first plateau. */
  initialLearningRate: number;
  /** What the rate is multiplied by. @defaultValue 0.1 */
  factor?: number;
  /** How many metrics in a row must be no better for the rate to fall. @defaultValue 10 (Keras; PyTorch waits for one more) */
  patience?: number;
  /** Whether lower metrics are better, or higher ones. @defaultValue 'min' */
  mode?: 'min' | 'max';
  /** By how much a metric must be better than the best to count as better. @defaultValue 1e-4 */
  minDelta?: number;
  /** Whether `minDelta` is a difference, or a share of the best (PyTorch's `rel`). @defaultValue 'absolute' */
  minDeltaMode?: 'absolute' | 'relative';
  /** For how many metrics, that of the fall included, nothing is counted. @defaultValue 0 (PyTorch does not include it) */
  cooldown?: number;
  /** The rate falls no further than this. @defaultValue 0 */
  minLearningRate?: number;
}

/** What `ReduceOnPlateau` keeps between metrics. */
export interface PlateauState {
  readonly learningRate: number;
  /** The best metric so far; null before the first. */
  readonly best: number | null;
  /** Metrics in a row that were no better. */
  readonly wait: number;
  /** Metrics for which nothing is counted yet. */
  readonly cooldown: number;
}

/**
 * A rate that falls by `factor` when a metric has stopped getting better for `patience` epochs.
 *
 * It is told the metric with `step(metric)`, once an epoch; its rate is that of all steps until it is told the next. Its state
 * is `stateDict()`. PyTorch's patience p and cooldown c are `patience: p + 1` and `cooldown: c + 1` here.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/callbacks/reduce_lr_on_plateau/
 * @example
 * const plateau = new optim.schedules.ReduceOnPlateau({ initialLearningRate: 0.1, patience: 2 });
 * for (const loss of [1, 1, 1]) plateau.step(loss);
 * plateau.learningRate; // → 0.01
 */
export class ReduceOnPlateau extends LearningRateSchedule {
  readonly name: string = 'ReduceOnPlateau';
  readonly config: Readonly<Required<ReduceOnPlateauOptions>>;
  private state: PlateauState;

  constructor(options: ReduceOnPlateauOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, [
      'initialLearningRate',
      'factor',
      'patience',
      'mode',
      'minDelta',
      'minDeltaMode',
      'cooldown',
      'minLearningRate',
    ]);
    this.config = {
      initialLearningRate: checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
      factor: checkNumber(name, 'factor', options.factor ?? 0.1, { atLeast: 0, below: 1 }),
      patience: checkNumber(name, 'patience', options.patience ?? 10, { atLeast: 0, whole: true }),
      mode: checkChoice(name, 'mode', options.mode ?? 'min', ['min', 'max']),
      minDelta: checkNumber(name, 'minDelta', options.minDelta ?? 1e-4, { atLeast: 0 }),
      minDeltaMode: checkChoice(name, 'minDeltaMode', options.minDeltaMode ?? 'absolute', ['absolute', 'relative']),
      cooldown: checkNumber(name, 'cooldown', options.cooldown ?? 0, { atLeast: 0, whole: true }),
      minLearningRate: checkNumber(name, 'minLearningRate', options.minLearningRate ?? 0, { atLeast: 0 }),
    };
    this.state = { learningRate: this.config.initialLearningRate, best: null, wait: 0, cooldown: 0 };
  }

  /** The rate now. */
  get learningRate(): number {
    return this.state.learningRate;
  }

  /** The rate now, whatever the step. */
  protected override rateAt(): number {
    return this.state.learningRate;
  }

  /**
   * Takes the metric of an epoch into account.
   *
   * @param metric NaN is no better than anything
   * @returns whether the rate fell
   * @throws ArgumentError when it is no number
   */
  step(metric: number): boolean {
    if (typeof metric !== 'number') {
      throw new ArgumentError(
        this.name,
        `got metric ${shown(metric)}; expected a number`,
        'Take it out of its tensor: metric.item().',
      );
    }
    const { config, state } = this;
    const cooldown = Math.max(0, state.cooldown - 1);
    if (this.isBetter(metric)) {
      this.state = { ...state, best: metric, wait: 0, cooldown };
      return false;
    }
    const wait = cooldown > 0 ? 0 : state.wait + 1;
    if (cooldown > 0 || wait < config.patience || state.learningRate <= config.minLearningRate) {
      this.state = { ...state, wait, cooldown };
      return false;
    }
    const learningRate = Math.max(state.learningRate * config.factor, config.minLearningRate);
    this.state = { ...state, learningRate, wait: 0, cooldown: config.cooldown };
    return true;
  }

  private isBetter(metric: number): boolean {
    const { mode, minDelta, minDeltaMode } = this.config;
    const { best } = this.state;
    const sign = mode === 'min' ? -1 : 1;
    if (best === null) return sign * metric > Number.NEGATIVE_INFINITY;
    const bar = minDeltaMode === 'absolute' ? best + sign * minDelta : best * (1 + sign * minDelta);
    return sign * metric > sign * bar;
  }

  /** All that it keeps: another one made with the same options goes on from it as this one would. */
  stateDict(): PlateauState {
    return { ...this.state };
  }

  /**
   * Goes on from a state that `stateDict` gave.
   *
   * @throws ArgumentError when it has other entries, or other kinds of them; nothing is changed then
   */
  loadStateDict(state: PlateauState): void {
    const { name } = this;
    checkOptions(name, state, ['learningRate', 'best', 'wait', 'cooldown']);
    this.state = {
      learningRate: checkNumber(name, 'learningRate', state.learningRate, { atLeast: 0 }),
      best: state.best === null ? null : checkNumber(name, 'best', state.best),
      wait: checkNumber(name, 'wait', state.wait, { atLeast: 0, whole: true }),
      cooldown: checkNumber(name, 'cooldown', state.cooldown, { atLeast: 0, whole: true }),
    };
  }
}
