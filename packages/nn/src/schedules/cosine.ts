/** Rates that fall along half a wave of the cosine, as Keras defines them. */

import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { LearningRateSchedule } from './schedule.js';

/** From 1 at the start of a fall to 0 at its end. */
const halfWave = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2;

/** Options of `CosineDecay`. */
export interface CosineDecayOptions {
  /** The rate of step 0. */
  initialLearningRate: number;
  /** Steps of the fall, after those of the warm-up. */
  decaySteps: number;
  /** The rate at the end and after it, as a share of the rate the fall starts from. @defaultValue 0 */
  alpha?: number;
  /** The rate that the warm-up ends at and the fall starts from. @defaultValue null: no warm-up */
  warmupTarget?: number | null;
  /** Steps of the warm-up. @defaultValue 0 */
  warmupSteps?: number;
}

/**
 * η ((1 − α) (1 + cos(π t / n)) / 2 + α) until step n, then η α. With a warm-up of w steps the rate first rises in a straight
 * line from `initialLearningRate` to η = `warmupTarget`, and t counts from w.
 *
 * With `alpha: 0`, η is PyTorch's CosineAnnealingLR up to T_max, which then rises again.
 *
 * @throws ArgumentError for options out of range
 * @see Loshchilov & Hutter 2017, "SGDR"; https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/
 * @example
 * const schedule = new optim.schedules.CosineDecay({
 *   initialLearningRate: 0,
 *   warmupTarget: 0.1,
 *   warmupSteps: 100,
 *   decaySteps: 1000,
 * });
 * [schedule.at(50), schedule.at(100), schedule.at(600)]; // → [0.05, 0.1, 0.05]
 */
export class CosineDecay extends LearningRateSchedule {
  readonly name: string = 'CosineDecay';
  readonly config: Readonly<Required<CosineDecayOptions>>;

  constructor(options: CosineDecayOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['initialLearningRate', 'decaySteps', 'alpha', 'warmupTarget', 'warmupSteps']);
    const warmupTarget = options.warmupTarget ?? null;
    this.config = {
      initialLearningRate: checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
      decaySteps: checkNumber(name, 'decaySteps', options.decaySteps, { above: 0 }),
      alpha: checkNumber(name, 'alpha', options.alpha ?? 0, { atLeast: 0, atMost: 1 }),
      warmupTarget: warmupTarget === null ? null : checkNumber(name, 'warmupTarget', warmupTarget, { atLeast: 0 }),
      warmupSteps: checkNumber(name, 'warmupSteps', options.warmupSteps ?? 0, { atLeast: 0 }),
    };
    if (warmupTarget === null && this.config.warmupSteps > 0) {
      throw new ArgumentError(
        name,
        `got warmupSteps ${this.config.warmupSteps} without warmupTarget; expected both or neither`,
        'Give the rate that the warm-up ends at as warmupTarget.',
      );
    }
  }

  protected override rateAt(step: number): number {
    const { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps } = this.config;
    const peak = warmupTarget ?? initialLearningRate;
    if (step < warmupSteps) return initialLearningRate + (peak - initialLearningRate) * (step / warmupSteps);
    return peak * ((1 - alpha) * halfWave(Math.min(1, (step - warmupSteps) / decaySteps)) + alpha);
  }
}

/** Options of `CosineDecayRestarts`. */
export interface CosineDecayRestartsOptions {
  /** The rate of step 0. */
  initialLearningRate: number;
  /** Steps of the first fall. */
  firstDecaySteps: number;
  /** How many times as long as the one before each fall is. @defaultValue 2 (Keras; PyTorch: 1) */
  tMul?: number;
  /** How many times as high as the one before each fall starts. @defaultValue 1 */
  mMul?: number;
  /** The rate at the end of each fall, as a share of `initialLearningRate`. @defaultValue 0 */
  alpha?: number;
}

/**
 * η₀ ((1 − α) mᵏ (1 + cos(π s)) / 2 + α) at a share s of the k-th fall, which takes n tᵏ steps; k counts from 0.
 *
 * The k-th fall starts at exactly the step n (tᵏ − 1) / (t − 1). (Keras finds k by a logarithm, which may round a restart to
 * one step later.)
 *
 * @throws ArgumentError for options out of range
 * @see Loshchilov & Hutter 2017, "SGDR"; https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay_restarts/
 * @example
 * const schedule = new optim.schedules.CosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 100 });
 * [schedule.at(0), schedule.at(50), schedule.at(100), schedule.at(200)]; // → [0.1, 0.05, 0.1, 0.05]
 */
export class CosineDecayRestarts extends LearningRateSchedule {
  readonly name: string = 'CosineDecayRestarts';
  readonly config: Readonly<Required<CosineDecayRestartsOptions>>;

  constructor(options: CosineDecayRestartsOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['initialLearningRate', 'firstDecaySteps', 'tMul', 'mMul', 'alpha']);
    this.config = {
      initialLearningRate: checkNumber(name, 'initialLearningRate', options.initialLearningRate, { atLeast: 0 }),
      firstDecaySteps: checkNumber(name, 'firstDecaySteps', options.firstDecaySteps, { above: 0 }),
      tMul: checkNumber(name, 'tMul', options.tMul ?? 2, { atLeast: 1 }),
      mMul: checkNumber(name, 'mMul', options.mMul ?? 1, { atLeast: 0 }),
      alpha: checkNumber(name, 'alpha', options.alpha ?? 0, { atLeast: 0, atMost: 1 }),
    };
  }

  protected override rateAt(step: number): number {
    const { initialLearningRate, mMul, alpha } = this.config;
    const [fall, share] = this.fallAt(step);
    return initialLearningRate * ((1 - alpha) * mMul ** fall * halfWave(share) + alpha);
  }

  /** Which fall a step is in, and the share of it that has passed. */
  private fallAt(step: number): [fall: number, share: number] {
    const { firstDecaySteps, tMul } = this.config;
    if (tMul === 1) {
      const falls = step / firstDecaySteps;
      return [Math.floor(falls), falls % 1];
    }
    const startOf = (fall: number): number => (firstDecaySteps * (tMul ** fall - 1)) / (tMul - 1);
    // The logarithm is rounded: at a restart it may be one off, either way.
    let fall = Math.floor(Math.log1p((step / firstDecaySteps) * (tMul - 1)) / Math.log1p(tMul - 1));
    if (startOf(fall) > step) fall--;
    if (startOf(fall + 1) <= step) fall++;
    return [fall, (step - startOf(fall)) / (firstDecaySteps * tMul ** fall)];
  }
}
