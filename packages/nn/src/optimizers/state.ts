/** What an optimizer keeps, as plain data. */

import { isTensor, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, shapesEqual, showShape } from '@cotangent/kernels';
import { shown } from '../options.js';
import { hasState, type StatefulSchedule } from '../schedules/schedule.js';
import type { Optimizer } from './optimizer.js';

/** Numbers and tensors by name; those of parameter number i begin with `i.`. */
export interface OptimizerState {
  /** Class of the optimizer. */
  readonly optimizer: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** A copy of all that an optimizer keeps. */
export function optimizerStateOf(optimizer: Optimizer): OptimizerState {
  const numbers: Record<string, number> = {
    iterations: optimizer.iterations,
    waitingCalls: optimizer.waitingCalls,
  };
  const rate = optimizer.givenRate;
  if (typeof rate === 'number') numbers.learningRate = rate;
  if (hasState(rate)) {
    for (const [name, value] of Object.entries(rate.stateDict()))
      if (typeof value === 'number') numbers[`schedule.${name}`] = value;
  }
  const tensors: Record<string, Tensor> = {};
  for (const [i, parameter] of optimizer.parameters.entries()) {
    if (!parameter.hasValue) continue;
    const state = optimizer.stateOf(parameter);
    for (const [name, value] of Object.entries(state.numbers)) numbers[`${i}.${name}`] = value;
    for (const [name, slot] of Object.entries(state.slots)) tensors[`${i}.${name}`] = tensor(slot);
  }
  return { optimizer: optimizer.operation, numbers, tensors };
}

/** Sets all that an optimizer keeps, or nothing. */
export function loadOptimizerState(optimizer: Optimizer, state: OptimizerState): void {
  const operation = `${optimizer.operation}.loadStateDict`;
  const isState =
    typeof state === 'object' &&
    state !== null &&
    typeof state.numbers === 'object' &&
    typeof state.tensors === 'object';
  if (!isState) throw new ArgumentError(operation, `got ${shown(state)}; expected what stateDict() gives`);
  if (state.optimizer !== optimizer.operation)
    throw new ArgumentError(
      operation,
      `got the state of ${shown(state.optimizer)}; expected that of ${optimizer.operation}`,
    );
  const built = optimizer.parameters.map((parameter) => (parameter.hasValue ? optimizer.stateOf(parameter) : null));
  if (built.includes(null)) {
    throw new ArgumentError(
      operation,
      'some parameters have no shape yet',
      "Load the model's own state, or call it once, before the state of its optimizer.",
    );
  }
  const problems: string[] = [];
  const expected = new Set<string>();
  for (const [i, own] of built.entries()) {
    for (const [name, slot] of Object.entries(own!.slots)) {
      const key = `${i}.${name}`;
      expected.add(key);
      const value = Object.hasOwn(state.tensors, key) ? state.tensors[key] : undefined;
      if (!isTensor(value)) problems.push(`'${key}' is missing`);
      else if (!shapesEqual(value.shape, slot.shape))
        problems.push(`'${key}' has shape ${showShape(value.shape)}, expected ${showShape(slot.shape)}`);
    }
    if (!Number.isInteger(state.numbers[`${i}.steps`])) problems.push(`the number '${i}.steps' is missing`);
  }
  for (const key of Object.keys(state.tensors)) if (!expected.has(key)) problems.push(`'${key}' is unexpected`);
  for (const name of ['iterations', 'waitingCalls'])
    if (!Number.isInteger(state.numbers[name])) problems.push(`the number '${name}' is missing`);
  if (problems.length > 0) {
    throw new ArgumentError(
      operation,
      `the state does not fit: ${problems.slice(0, 10).join('; ')}${problems.length > 10 ? `; and ${problems.length - 10} more` : ''}`,
      'Make the optimizer with the options and for the parameters that it was saved with.',
    );
  }
  optimizer.iterations = state.numbers.iterations!;
  optimizer.waitingCalls = state.numbers.waitingCalls!;
  const rate = state.numbers.learningRate;
  if (rate !== undefined && typeof optimizer.givenRate === 'number') optimizer.setSchedule(rate);
  if (hasState(optimizer.givenRate)) loadSchedule(optimizer.givenRate, state.numbers);
  for (const [i, own] of built.entries()) {
    for (const [name, slot] of Object.entries(own!.slots)) slot.assign(state.tensors[`${i}.${name}`]!.cast(slot.dtype));
    for (const [key, value] of Object.entries(state.numbers))
      if (key.startsWith(`${i}.`)) own!.numbers[key.slice(`${i}.`.length)] = value;
  }
}

/** Sets what a schedule has seen; a state that was saved without one leaves it as it is. */
function loadSchedule(schedule: StatefulSchedule, numbers: Readonly<Record<string, number>>): void {
  const names = Object.keys(schedule.stateDict());
  if (!names.some((name) => `schedule.${name}` in numbers)) return;
  schedule.loadStateDict(Object.fromEntries(names.map((name) => [name, numbers[`schedule.${name}`] ?? null])));
}
