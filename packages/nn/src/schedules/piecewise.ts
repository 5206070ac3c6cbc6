/** Rates that stay as they are for many steps. */

import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from '../options.js';
import { checkIncreasing, LearningRateSchedule } from './schedule.js';

/** Options of `PiecewiseConstantDecay`. */
export interface PiecewiseConstantDecayOptions {
  /** The last step of each rate but the last. */
  boundaries: readonly number[];
  /** The rates: one more than boundaries. */
  values: readonly number[];
}

/**
 * values[i] for the first i with t ≤ boundaries[i], else the last of them.
 *
 * A boundary is the last step of the old rate, as in Keras; a milestone of `MultiStepDecay` is the first of the new one.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/
 * @example
 * const schedule = new optim.schedules.PiecewiseConstantDecay({ boundaries: [100, 150], values: [1, 0.5, 0.1] });
 * [schedule.at(100), schedule.at(101)]; // → [1, 0.5]
 */
export class PiecewiseConstantDecay extends LearningRateSchedule {
  readonly name: string = 'PiecewiseConstantDecay';
  readonly config: Readonly<PiecewiseConstantDecayOptions>;

  constructor(options: PiecewiseConstantDecayOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['boundaries', 'values']);
    const boundaries = checkIncreasing(name, 'boundaries', options.boundaries);
    const { values } = options;
    if (!Array.isArray(values) || values.length !== boundaries.length + 1) {
      throw new ArgumentError(
        name,
        `got ${Array.isArray(values) ? `${values.length} values` : `values ${shown(values)}`} for ${boundaries.length} boundaries; expected one value more than boundaries`,
      );
    }
    for (const [i, value] of values.entries()) checkNumber(name, `values[${i}]`, value, { atLeast: 0 });
    this.config = { boundaries, values: [...values] };
  }

  protected override rateAt(step: number): number {
    const { boundaries, values } = this.config;
    // Where there is none, the index −1 is that of the last value.
    return values.at(boundaries.findIndex((boundary) => step <= boundary))!;
  }
}

/** Options of `StepDecay`. */
export interface StepDecayOptions {
  /** The rate of step 0. */
  initialLearningRate: number;
  /** Steps from one fall to the next. */
  stepSize: number;
  /** What the rate is multiplied by. @defaultValue 0.1 (PyTorch; Gluon's FactorScheduler: 1) */
  gamma?: number;
  /** The rate falls no further than this: Gluon's `stop_factor_lr`. @defaultValue 0 (Gluon: 1e-8) */
  minLearningRate?: number;
}

/**
 * max(η₀ γ^⌊t / n⌋, least): every `stepSize` n steps the rate is multiplied by `gamma` γ.
 *
 * @throws ArgumentError for options out of range
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
 * @example
 * const schedule = new optim.schedules.StepDecay({ initialLearningRate: 0.1, stepSize: 30 });
 * [schedule.at(29), schedule.at(30)]; // → [0.1, 0.01]
 */
export class StepDecay extends LearningRateSchedule {
  readonly name: string = 'StepDecay';
  readonly config: Readonly<Required<StepDecayOptions>>;

  constructor(options: StepDecayOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['initialLearningRate', 'stepSize', 'gamma', 'minLearningRate']);
    this.config = {
      initialLearningRate: checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
      stepSize: checkNumber(name, 'stepSize', options.stepSize, { above: 0 }),
      gamma: checkNumber(name, 'gamma', options.gamma ?? 0.1, { above: 0 }),
      minLearningRate: checkNumber(name, 'minLearningRate', options.minLearningRate ?? 0, { atLeast: 0 }),
    };
  }

  protected override rateAt(step: number): number {
    const { initialLearningRate, stepSize, gamma, minLearningRate } = this.config;
    return Math.max(initialLearningRate * gamma ** Math.floor(step / stepSize), minLearningRate);
  }
}

/** Options of `MultiStepDecay`. */
export interface MultiStepDecayOptions {
  /** The rate of step 0. */
  initialLearningRate: number;
  /** The steps at which the rate falls. */
  milestones: readonly number[];
  /** What the rate is multiplied by. @defaultValue 0.1 (PyTorch; Gluon's MultiFactorScheduler: 1) */
  gamma?: number;
}

/**
 * η₀ γ^k, where k milestones are at or before t.
 *
 * @throws ArgumentError for options out of range
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html
 * @example
 * const schedule = new optim.schedules.MultiStepDecay({ initialLearningRate: 0.1, milestones: [30, 80] });
 * [schedule.at(29), schedule.at(30)]; // → [0.1, 0.01]
 */
export class MultiStepDecay extends LearningRateSchedule {
  readonly name: string = 'MultiStepDecay';
  readonly config: Readonly<Required<MultiStepDecayOptions>>;

  constructor(options: MultiStepDecayOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['initialLearningRate', 'milestones', 'gamma']);
    this.config = {
      initialLearningRate: checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
      milestones: checkIncreasing(name, 'milestones', options.milestones),
      gamma: checkNumber(name, 'gamma', options.gamma ?? 0.1, { above: 0 }),
    };
  }

  protected override rateAt(step: number): number {
    const { initialLearningRate, milestones, gamma } = this.config;
    const ahead = milestones.findIndex((milestone) => step < milestone);
    return initialLearningRate * gamma ** (ahead === -1 ? milestones.length : ahead);
  }
}
