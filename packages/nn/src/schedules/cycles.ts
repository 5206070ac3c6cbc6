/** Rates that rise and fall, as PyTorch defines them. (PyTorch can turn the momentum the other way; these leave it alone.) */

import { checkBoolean, checkChoice, checkNumber, checkOptions } from '../options.js';
import { LearningRateSchedule } from './schedule.js';

/** Options of `OneCycle`. */
export interface OneCycleOptions {
  /** The rate at the top. */
  maxLearningRate: number;
  /** Steps of the whole cycle: epochs times batches in each. */
  totalSteps: number;
  /** Share of the steps, from 0 to 1, on which the rate rises. @defaultValue 0.3 */
  pctStart?: number;
  /** Along half a wave of the cosine, or in straight lines. @defaultValue 'cos' */
  annealStrategy?: 'cos' | 'linear';
  /** How many times lower than the top the rate of step 0 is. @defaultValue 25 */
  divFactor?: number;
  /** How many times lower than at step 0 the rate of the last step is. @defaultValue 10000 */
  finalDivFactor?: number;
  /** Whether to fall to the first rate as long as to rise from it, and to the last rate only then. @defaultValue false */
  threePhase?: boolean;
}

/** One rise or fall of a cycle. */
interface Phase {
  /** The step at which it is over. */
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * One rise from η / `divFactor` to η = `maxLearningRate` and one long fall to η / (`divFactor` · `finalDivFactor`), which the
 * rate stays at after the last step. The top is at step `pctStart` · `totalSteps` − 1.
 *
 * @throws ArgumentError for options out of range
 * @see Smith & Topin 2018, "Super-Convergence"; https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
 * @example
 * const schedule = new optim.schedules.OneCycle({ maxLearningRate: 0.1, totalSteps: 1000 });
 * [schedule.at(0), schedule.at(299)]; // → [0.004, 0.1]
 */
export class OneCycle extends LearningRateSchedule {
  readonly name: string = 'OneCycle';
  readonly config: Readonly<Required<OneCycleOptions>>;
  private readonly phases: readonly Phase[];

  constructor(options: OneCycleOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, [
      'maxLearningRate',
      'totalSteps',
      'pctStart',
      'annealStrategy',
      'divFactor',
      'finalDivFactor',
      'threePhase',
    ]);
    const threePhase = checkBoolean(name, 'threePhase', options.threePhase ?? false);
    this.config = {
      maxLearningRate: checkNumber(name, 'maxLearningRate', options.maxLearningRate, { atLeast: 0 }),
      totalSteps: checkNumber(name, 'totalSteps', options.totalSteps, { atLeast: 1, whole: true }),
      // The fall of three phases takes as long as the rise: both must fit.
      pctStart: checkNumber(name, 'pctStart', options.pctStart ?? 0.3, { atLeast: 0, atMost: threePhase ? 0.5 : 1 }),
      annealStrategy: checkChoice(name, 'annealStrategy', options.annealStrategy ?? 'cos', ['cos', 'linear']),
      divFactor: checkNumber(name, 'divFactor', options.divFactor ?? 25, { above: 0 }),
      finalDivFactor: checkNumber(name, 'finalDivFactor', options.finalDivFactor ?? 10000, { above: 0 }),
      threePhase,
    };
    this.phases = phasesOf(this.config);
  }

  protected override rateAt(step: number): number {
    const { phases } = this;
    const t = Math.min(step, phases.at(-1)!.end);
    const i = phases.findIndex((phase) => t <= phase.end);
    const { end, from, to } = phases[i]!;
    const start = i === 0 ? 0 : phases[i - 1]!.end;
    // A rise that ends at step 0 is over there.
    const share = end === start ? 1 : (t - start) / (end - start);
    return (
      to + (from - to) * (this.config.annealStrategy === 'linear' ? 1 - share : (1 + Math.cos(Math.PI * share)) / 2)
    );
  }
}

function phasesOf(config: Readonly<Required<OneCycleOptions>>): readonly Phase[] {
  const { maxLearningRate: top, totalSteps, pctStart, divFactor, finalDivFactor, threePhase } = config;
  const first = top / divFactor;
  const last = first / finalDivFactor;
  const rise = { end: pctStart * totalSteps - 1, from: first, to: top };
  const end = totalSteps - 1;
  if (!threePhase) return [rise, { end, from: top, to: last }];
  return [rise, { end: 2 * rise.end, from: top, to: first }, { end, from: first, to: last }];
}

/** Options of `Cyclic`. */
export interface CyclicOptions {
  /** The rate at the bottom, of step 0. */
  baseLearningRate: number;
  /** The rate at the top. */
  maxLearningRate: number;
  /** Steps of each rise. @defaultValue 2000 */
  stepSizeUp?: number;
  /** Steps of each fall. @defaultValue as many as of a rise */
  stepSizeDown?: number;
  /**
   * How the height of the k-th cycle, from 0, is scaled: not at all (`triangular`), by 2⁻ᵏ (`triangular2`), or by γᵗ at step t
   * (`expRange`). @defaultValue 'triangular'
   */
  mode?: 'triangular' | 'triangular2' | 'expRange';
  /** γ of `expRange`. @defaultValue 1 */
  gamma?: number;
}

/**
 * From `baseLearningRate` up to `maxLearningRate` and down again in straight lines, over and over.
 *
 * @throws ArgumentError for options out of range
 * @see Smith 2017, "Cyclical Learning Rates for Training Neural Networks"; https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html
 * @example
 * const schedule = new optim.schedules.Cyclic({ baseLearningRate: 0.1, maxLearningRate: 0.5, stepSizeUp: 4 });
 * [schedule.at(0), schedule.at(2), schedule.at(4), schedule.at(8)]; // → [0.1, 0.3, 0.5, 0.1]
 */
export class Cyclic extends LearningRateSchedule {
  readonly name: string = 'Cyclic';
  readonly config: Readonly<Required<CyclicOptions>>;

  constructor(options: CyclicOptions) {
    super();
    const { name } = this;
    checkOptions(name, options, ['baseLearningRate', 'maxLearningRate', 'stepSizeUp', 'stepSizeDown', 'mode', 'gamma']);
    const baseLearningRate = checkNumber(name, 'baseLearningRate', options.baseLearningRate, { atLeast: 0 });
    const stepSizeUp = checkNumber(name, 'stepSizeUp', options.stepSizeUp ?? 2000, { above: 0 });
    this.config = {
      baseLearningRate,
      maxLearningRate: checkNumber(name, 'maxLearningRate', options.maxLearningRate, { atLeast: baseLearningRate }),
      stepSizeUp,
      stepSizeDown: checkNumber(name, 'stepSizeDown', options.stepSizeDown ?? stepSizeUp, { above: 0 }),
      mode: checkChoice(name, 'mode', options.mode ?? 'triangular', ['triangular', 'triangular2', 'expRange']),
      gamma: checkNumber(name, 'gamma', options.gamma ?? 1, { above: 0 }),
    };
  }

  protected override rateAt(step: number): number {
    const { baseLearningRate, maxLearningRate, stepSizeUp, stepSizeDown } = this.config;
    const cycleSteps = stepSizeUp + stepSizeDown;
    const t = step % cycleSteps;
    const height = t <= stepSizeUp ? t / stepSizeUp : (cycleSteps - t) / stepSizeDown;
    return baseLearningRate + (maxLearningRate - baseLearningRate) * height * this.scaleAt(step, cycleSteps);
  }

  private scaleAt(step: number, cycleSteps: number): number {
    switch (this.config.mode) {
      case 'triangular':
        return 1;
      case 'triangular2':
        return 2 ** -Math.floor(step / cycleSteps);
      case 'expRange':
        return this.config.gamma ** step;
    }
  }
}
