/** Schedules made of others. */

import { ArgumentError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, shown } from '../options.js';
import {
  checkIncreasing,
  checkRate,
  LearningRateSchedule,
  resolveSchedule,
  type Schedule,
  type ScheduleLike,
} from './schedule.js';

/** The schedules of an option, copied and resolved. @throws ArgumentError unless there is one */
function checkSchedules(operation: string, given: readonly ScheduleLike[]): [readonly ScheduleLike[], Schedule[]] {
  if (!Array.isArray(given) || given.length === 0) {
    throw new ArgumentError(
      operation,
      `got schedules ${Array.isArray(given) ? '[]' : shown(given)}; expected an array of at least one`,
    );
  }
  return [[...given], given.map((schedule, i) => resolveSchedule(operation, `schedules[${i}]`, schedule))];
}

/** Options of `Warmup`. */
export interface WarmupOptions {
  /** What comes after the warm-up; its steps count from there. */
  schedule: ScheduleLike;
  /** Steps of the warm-up. */
  warmupSteps: number;
  /** The rate of step 0: Gluon's `warmup_begin_lr`. @defaultValue 0 */
  beginLearningRate?: number;
  /** Whether the rate rises in a straight line or waits at `beginLearningRate`: Gluon's `warmup_mode`. @defaultValue 'linear' */
  mode?: 'linear' | 'constant';
}

/**
 * b + (s(0) − b) t / w for the first w = `warmupSteps` steps, from b = `beginLearningRate`; then s(t − w) of the schedule s.
 *
 * @throws ArgumentError for options out of range
 * @see Goyal et al. 2017, section 2.2; https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/lr_scheduler/
 * @example
 * const decay = new optim.schedules.StepDecay({ initialLearningRate: 0.1, stepSize: 1000 });
 * const schedule = new optim.schedules.Warmup({ schedule: decay, warmupSteps: 100 });
 * [schedule.at(50), schedule.at(100), schedule.at(1100)]; // → [0.05, 0.1, 0.01]
 */
export class Warmup extends LearningRateSchedule {
  readonly name: string = 'Warmup';
  readonly config: Readonly<Required<WarmupOptions>>;
  private readonly schedule: Schedule;

  constructor(options: WarmupOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['schedule', 'warmupSteps', 'beginLearningRate', 'mode']);
    this.schedule = resolveSchedule(name, 'schedule', options.schedule);
    this.config = {
      schedule: options.schedule,
      warmupSteps: checkNumber(name, 'warmupSteps', options.warmupSteps, { above: 0 }),
      beginLearningRate: checkNumber(name, 'beginLearningRate', options.beginLearningRate ?? 0, { atLeast: 0 }),
      mode: checkChoice(name, 'mode', options.mode ?? 'linear', ['linear', 'constant']),
    };
  }

  protected override rateAt(step: number): number {
    const { warmupSteps, beginLearningRate, mode } = this.config;
    if (step >= warmupSteps) return this.schedule.at(step - warmupSteps);
    if (mode === 'constant') return beginLearningRate;
    return beginLearningRate + (this.schedule.at(0) - beginLearningRate) * (step / warmupSteps);
  }
}

/** Options of `SequentialSchedule`. */
export interface SequentialScheduleOptions {
  /** One after another. */
  schedules: readonly ScheduleLike[];
  /** The first step of each schedule but the first. */
  milestones: readonly number[];
}

/**
 * One schedule after another, each from its own step 0: sᵢ(t − milestones[i − 1]).
 *
 * @throws ArgumentError for options out of range
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html
 * @example
 * const decay = new optim.schedules.ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.9 });
 * const schedule = new optim.schedules.SequentialSchedule({ schedules: [0.01, decay], milestones: [20] });
 * [schedule.at(19), schedule.at(20), schedule.at(21)]; // → [0.01, 0.1, 0.09]
 */
export class SequentialSchedule extends LearningRateSchedule {
  readonly name: string = 'SequentialSchedule';
  readonly config: Readonly<SequentialScheduleOptions>;
  private readonly schedules: readonly Schedule[];

  constructor(options: SequentialScheduleOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['schedules', 'milestones']);
    const [given, schedules] = checkSchedules(name, options.schedules);
    const milestones = checkIncreasing(name, 'milestones', options.milestones);
    if (schedules.length !== milestones.length + 1) {
      throw new ArgumentError(
        name,
        `got ${schedules.length} schedules for ${milestones.length} milestones; expected one schedule more than milestones`,
      );
    }
    this.schedules = schedules;
    this.config = { schedules: given, milestones };
  }

  protected override rateAt(step: number): number {
    const { milestones } = this.config;
    const ahead = milestones.findIndex((milestone) => step < milestone);
    const i = ahead === -1 ? milestones.length : ahead;
    return this.schedules[i]!.at(i === 0 ? step : step - milestones[i - 1]!);
  }
}

/** Options of `ChainedSchedule`. */
export interface ChainedScheduleOptions {
  /** One that gives rates, and others that give factors of it: those made with `initialLearningRate: 1`. */
  schedules: readonly ScheduleLike[];
}

/**
 * The product of schedules, all at the same step: Π sᵢ(t).
 *
 * @throws ArgumentError for options out of range
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
 * @example
 * const { ChainedSchedule, ExponentialDecay, StepDecay } = optim.schedules;
 * const schedule = new ChainedSchedule({
 *   schedules: [
 *     new ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.9 }),
 *     new StepDecay({ initialLearningRate: 1, stepSize: 10 }),
 *   ],
 * });
 * schedule.at(10); // → 0.0034868
 */
export class ChainedSchedule extends LearningRateSchedule {
  readonly name: string = 'ChainedSchedule';
  readonly config: Readonly<ChainedScheduleOptions>;
  private readonly schedules: readonly Schedule[];

  constructor(options: ChainedScheduleOptions) {
    super();
    checkOptions(this.name, options, ['schedules']);
    const [given, schedules] = checkSchedules(this.name, options.schedules);
    this.schedules = schedules;
    this.config = { schedules: given };
  }

  protected override rateAt(step: number): number {
    return this.schedules.reduce((rate, schedule) => rate * schedule.at(step), 1);
  }
}

/** Options of `LambdaSchedule`. */
export interface LambdaScheduleOptions {
  /** What the factors multiply. */
  initialLearningRate: number;
  /** The factor of each step. */
  factor: (step: number) => number;
}

/**
 * η₀ f(t) for a function f of yours. `serialize` cannot write it down.
 *
 * @throws ArgumentError for options out of range
 * @see https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html
 * @example
 * const schedule = new optim.schedules.LambdaSchedule({ initialLearningRate: 0.1, factor: (step) => 1 / Math.sqrt(step + 1) });
 * schedule.at(3); // → 0.05
 */
export class LambdaSchedule extends LearningRateSchedule {
  readonly name: string = 'LambdaSchedule';
  readonly config: Readonly<LambdaScheduleOptions>;

  constructor(options: LambdaScheduleOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['initialLearningRate', 'factor']);
    const { factor } = options;
    if (typeof factor !== 'function')
      throw new ArgumentError(name, `got factor ${shown(factor)}; expected a function of the step`);
    const initialLearningRate = checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 });
    this.config = { initialLearningRate, factor };
  }

  /** @throws ArgumentError when the function gives anything but a finite number of at least 0 */
  protected override rateAt(step: number): number {
    const { initialLearningRate, factor } = this.config;
    return initialLearningRate * checkRate(this.name, 'factor', step, factor(step));
  }
}
