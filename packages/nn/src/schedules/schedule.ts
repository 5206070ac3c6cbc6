/** What every schedule of the learning rate is, and what may stand for one. */

import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, shown } from '../options.js';

/** Gives the learning rate of each step. */
export interface Schedule {
  /** The learning rate of a step; steps count from 0. */
  at(step: number): number;
}

/**
 * A schedule that keeps something from step to step, as `ReduceOnPlateau` does: numbers by name, null where there is none yet. An
 * optimizer saves them with its own state.
 */
export interface StatefulSchedule extends Schedule {
  stateDict(): object;
  loadStateDict(state: object): void;
}

/** Whether it is one, told by its methods: what imports no class of schedules, brings none into a bundle. */
export function hasState(schedule: ScheduleLike): schedule is StatefulSchedule {
  return typeof schedule === 'object' && 'stateDict' in schedule && 'loadStateDict' in schedule;
}

/** A schedule, a function of the step, or a number: the same rate at every step. */
export type ScheduleLike = Schedule | ((step: number) => number) | number;

/**
 * Base of the schedules: pure functions of the step, so that a run which is resumed at a step goes on as if it had never
 * stopped. (`ReduceOnPlateau` alone has a state, which is saved with the run.) A class of your own needs `name`, `config` and
 * `rateAt`; optimizers take any object with `at(step)`.
 *
 * @see https://keras.io/api/optimizers/learning_rate_schedules/learning_rate_schedule/
 * @example
 * class InverseRoot extends optim.schedules.LearningRateSchedule {
 *   readonly name: string = 'InverseRoot';
 *   readonly config = {};
 *   protected override rateAt(step: number): number {
 *     return 0.1 / Math.sqrt(step + 1);
 *   }
 * }
 */
export abstract class LearningRateSchedule implements Schedule {
  /** Its name in messages and in what `serialize` writes: a class's own name does not survive a minifier. */
  abstract readonly name: string;

  /** The options it was made with, defaults filled in: another one made with them gives the same rates. */
  abstract readonly config: object;

  /**
   * The learning rate of a step; steps count from 0.
   *
   * @throws ArgumentError when `step` is below 0 or no number
   */
  at(step: number): number {
    return this.rateAt(checkNumber(this.name, 'step', step, { atLeast: 0 }));
  }

  /** The rate of a step that has been checked. */
  protected abstract rateAt(step: number): number;
}

/**
 * The schedule meant by a number or a function, or the one given.
 *
 * @param name of the option, for messages
 * @throws ArgumentError when it is none of these, or a number below 0
 */
export function resolveSchedule(operation: string, name: string, given: ScheduleLike): Schedule {
  if (typeof given === 'number') {
    const rate = checkNumber(operation, name, given, { atLeast: 0 });
    return { at: () => rate };
  }
  if (typeof given === 'function') return { at: (step) => checkRate(operation, name, step, given(step)) };
  if (typeof given === 'object' && given !== null && typeof given.at === 'function') return given;
  throw new ArgumentError(
    operation,
    `got ${name} ${shown(given)}; expected a number, a function of the step, or a schedule: an object with at(step)`,
  );
}

/** What a function of the user's gave for a step, if it is a finite number of at least 0. @throws ArgumentError */
export function checkRate(operation: string, name: string, step: number, rate: unknown): number {
  return checkNumber(operation, `${name}(${step}) =`, rate, { atLeast: 0 });
}

/** The steps, copied, if there is one and they increase from above 0. @throws ArgumentError */
export function checkIncreasing(operation: string, name: string, steps: readonly number[]): readonly number[] {
  const increasing =
    Array.isArray(steps) &&
    steps.length > 0 &&
    steps.every((step, i) => Number.isFinite(step) && step > (i === 0 ? 0 : steps[i - 1]));
  if (increasing) return [...steps];
  throw new ArgumentError(
    operation,
    `got ${name} ${Array.isArray(steps) ? `[${steps.join(', ')}]` : shown(steps)}; expected steps above 0, each larger than the one before`,
  );
}
