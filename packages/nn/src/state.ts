/** The numbers of a module as plain data: what is saved, restored and compared. */

import { isTensor, type Tensor, tensor } from '@cotangent/autograd';
import { ArgumentError, isFloating, shapesEqual, showShape } from '@cotangent/kernels';
import type { Module } from './module.js';
import { checkOptions, shown } from './options.js';
import type { Variable } from './parameter.js';

/** Tensors by the path of their parameter or buffer. */
export type StateDict = Record<string, Tensor>;

/** Options of `loadStateDict`. */
export interface LoadStateOptions {
  /** Whether every path must be on both sides. @defaultValue true */
  strict?: boolean;
}

/** What `loadStateDict` found on one side only. */
export interface LoadedState {
  /** Paths of the module that the state does not have. */
  readonly missing: readonly string[];
  /** Paths of the state that the module does not have. */
  readonly unexpected: readonly string[];
}

/** Copies of all that a module keeps. */
export function stateOf(module: Module): StateDict {
  return Object.fromEntries(
    module
      .namedVariables()
      .flatMap(([path, variable]) => (variable.hasValue ? [[path, tensor(variable.detach())]] : [])),
  );
}

/** Why a tensor cannot become the value of a variable; null when it can. */
function misfit(variable: Variable, value: unknown): string | null {
  if (!isTensor(value)) return `is ${shown(value)}, expected a tensor`;
  if (variable.hasValue && !shapesEqual(variable.shape, value.shape))
    return `has shape ${showShape(value.shape)}, expected ${showShape(variable.shape)}`;
  if (isFloating(value.dtype) !== isFloating(variable.dtype)) return `is ${value.dtype}, expected ${variable.dtype}`;
  return null;
}

/** Sets what a module keeps, all or nothing. */
export function loadState(module: Module, state: StateDict, options: LoadStateOptions): LoadedState {
  const operation = 'loadStateDict';
  checkOptions(operation, options, ['strict']);
  if (typeof state !== 'object' || state === null || isTensor(state))
    throw new ArgumentError(operation, `got ${shown(state)}; expected tensors by path, as stateDict() gives them`);
  const variables = new Map(module.namedVariables());
  const missing = [...variables.keys()].filter((path) => !Object.hasOwn(state, path));
  const unexpected = Object.keys(state).filter((path) => !variables.has(path));
  const found = [...variables].filter(([path]) => Object.hasOwn(state, path));
  const misfits = found.flatMap(([path, variable]) => {
    const problem = misfit(variable, state[path]);
    return problem === null ? [] : [`'${path}' ${problem}`];
  });
  const differences = [
    ...misfits,
    ...(options.strict === false ? [] : missing.map((path) => `'${path}' is missing`)),
    ...(options.strict === false ? [] : unexpected.map((path) => `'${path}' is unexpected`)),
  ];
  if (differences.length > 0) {
    const shownFirst = differences.slice(0, 10).join('; ');
    const more = differences.length > 10 ? `; and ${differences.length - 10} more` : '';
    const mend =
      misfits.length > 0
        ? 'Make the model with the options it was saved with.'
        : 'Pass { strict: false } to set what both have and leave the rest.';
    throw new ArgumentError(operation, `the state does not fit ${module.constructor.name}: ${shownFirst}${more}`, mend);
  }
  for (const [path, variable] of found) variable.setValue(state[path]!);
  return { missing, unexpected };
}
