/** Rates that fall along a curve, as Keras defines them. */

import { checkBoolean, checkNumber, checkOptions } from '../options.js';
import { LearningRateSchedule } from './schedule.js';

/** Options of `ExponentialDecay` and `InverseTimeDecay`. */
export interface RateDecayOptions {
  /** The rate of step 0. */
  initialLearningRate: number;
  /** Steps in a period. */
  decaySteps: number;
  /** What each period does to the rate: see the formula. */
  decayRate: number;
  /** Whether the rate stays as it is within a period and falls at its end. @defaultValue false */
  staircase?: boolean;
}

function checkRateDecay(operation: string, options: RateDecayOptions): Required<RateDecayOptions> {
  checkOptions(operation, options, ['initialLearningRate', 'decaySteps', 'decayRate', 'staircase']);
  return {
    initialLearningRate: checkNumber(operation, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
    decaySteps: checkNumber(operation, 'decaySteps', options.decaySteps, { above: 0 }),
    decayRate: checkNumber(operation, 'decayRate', options.decayRate, { above: 0 }),
    staircase: checkBoolean(operation, 'staircase', options.staircase ?? false),
  };
}

/** Periods that have passed at a step: only whole ones on a staircase. */
function periodsAt(step: number, { decaySteps, staircase }: Required<RateDecayOptions>): number {
  const periods = step / decaySteps;
  return staircase ? Math.floor(periods) : periods;
}

/**
 * η₀ r^(t / n): every `decaySteps` n the rate is multiplied by `decayRate` r. With `decaySteps: 1` it is PyTorch's
 * ExponentialLR.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/
 * @example
 * const schedule = new optim.schedules.ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 1000, decayRate: 0.96 });
 * schedule.at(2000); // → 0.09216
 */
export class ExponentialDecay extends LearningRateSchedule {
  readonly name: string = 'ExponentialDecay';
  readonly config: Readonly<Required<RateDecayOptions>>;

  constructor(options: RateDecayOptions) {
    super();
    this.config = checkRateDecay(this.name, options);
  }

  protected override rateAt(step: number): number {
    return this.config.initialLearningRate * this.config.decayRate ** periodsAt(step, this.config);
  }
}

/**
 * η₀ / (1 + r t / n): the sum of the rates grows without end, but ever slower.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/
 * @example
 * const schedule = new optim.schedules.InverseTimeDecay({ initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 });
 * schedule.at(2); // → 0.05
 */
export class InverseTimeDecay extends LearningRateSchedule {
  readonly name: string = 'InverseTimeDecay';
  readonly config: Readonly<Required<RateDecayOptions>>;

  constructor(options: RateDecayOptions) {
    super();
    this.config = checkRateDecay(this.name, options);
  }

  protected override rateAt(step: number): number {
    return this.config.initialLearningRate / (1 + this.config.decayRate * periodsAt(step, this.config));
  }
}

/** Options of `PolynomialDecay`. */
export interface PolynomialDecayOptions {
  /** The rate of step 0. */
  initialLearningRate: number;
  /** Steps until the end. */
  decaySteps: number;
  /** The rate at the end and after it. @defaultValue 0.0001 (Keras; Gluon's PolyScheduler and PyTorch's PolynomialLR: 0) */
  endLearningRate?: number;
  /** p of the formula; 1 is a straight line. @defaultValue 1 (Keras, PyTorch; Gluon: 2) */
  power?: number;
  /** Whether, each time the end is passed, the decay is stretched to the next multiple of `decaySteps`. @defaultValue false */
  cycle?: boolean;
}

/**
 * (η₀ − η₁) (1 − t / n)^p + η₁ until step n, then η₁. It may as well rise: with p = 1 it is PyTorch's LinearLR.
 *
 * With `cycle`, n is the first multiple of `decaySteps` that is not below t: the rate jumps up after each one, less each time.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/
 * @example
 * const schedule = new optim.schedules.PolynomialDecay({ initialLearningRate: 0.1, endLearningRate: 0.01, decaySteps: 1000 });
 * schedule.at(500); // → 0.055
 */
export class PolynomialDecay extends LearningRateSchedule {
  readonly name: string = 'PolynomialDecay';
  readonly config: Readonly<Required<PolynomialDecayOptions>>;

  constructor(options: PolynomialDecayOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['initialLearningRate', 'decaySteps', 'endLearningRate', 'power', 'cycle']);
    this.config = {
      initialLearningRate: checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
      decaySteps: checkNumber(name, 'decaySteps', options.decaySteps, { above: 0 }),
      endLearningRate: checkNumber(name, 'endLearningRate', options.endLearningRate ?? 0.0001, { atLeast: 0 }),
      power: checkNumber(name, 'power', options.power ?? 1, { above: 0 }),
      cycle: checkBoolean(name, 'cycle', options.cycle ?? false),
    };
  }

  protected override rateAt(step: number): number {
    const { initialLearningRate, decaySteps, endLearningRate, power, cycle } = this.config;
    const end = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
    return (initialLearningRate - endLearningRate) * (1 - Math.min(1, step / end)) ** power + endLearningRate;
  }
}
