/** Step sizes: a number, or one that follows the steps. */

import { ArgumentError } from '@cotangent/kernels';
import { checkNumber, shown } from '../options.js';
import type { ScheduleLike } from '../schedules/schedule.js';

/** A step size: a number, a schedule, or a function from the number of steps taken to it. */
export type Rate = ScheduleLike;

/** The rate, checked. @throws ArgumentError */
export function checkRate(operation: string, rate: Rate): Rate {
  if (typeof rate === 'function') return rate;
  if (typeof rate === 'object' && rate !== null && typeof rate.at === 'function') return rate;
  if (typeof rate === 'number') return checkNumber(operation, 'learningRate', rate, { atLeast: 0 });
  throw new ArgumentError(
    operation,
    `got learningRate ${shown(rate)}; expected a finite number of at least 0, a schedule or a function of the step`,
  );
}

/** The rate of the step after `step` others. @throws ArgumentError when a schedule gives something else than a number from 0 */
export function rateAt(operation: string, rate: Rate, step: number): number {
  if (typeof rate === 'number') return rate;
  const value = typeof rate === 'function' ? rate(step) : rate.at(step);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new ArgumentError(
    operation,
    `the schedule of the learning rate gave ${String(value)} at step ${step}; expected a finite number of at least 0`,
  );
}
