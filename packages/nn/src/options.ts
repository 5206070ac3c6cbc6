/** Checks of what users pass, so that every class says the same thing about the same mistake. */

import { ArgumentError } from '@cotangent/kernels';

/** Throws ArgumentError for an option that the class does not have, naming those it has. */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ArgumentError(
      operation,
      `got ${Array.isArray(options) ? 'an array' : String(options)}; expected an options object`,
      `For example { ${known[0] ?? ''}: … }.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new ArgumentError(operation, `got unknown option '${name}'; expected one of ${known.join(', ')}`);
    }
  }
}

/** Bounds of a number. */
export interface NumberBounds {
  /** The value must be larger than this. */
  above?: number;
  /** The value must be at least this. */
  atLeast?: number;
  /** The value must be smaller than this. */
  below?: number;
  /** The value must be a whole number. */
  whole?: boolean;
}

/** The value, if it is a finite number within bounds. @throws ArgumentError */
export function checkNumber(operation: string, name: string, value: unknown, bounds: NumberBounds = {}): number {
  const {
    above = Number.NEGATIVE_INFINITY,
    atLeast = Number.NEGATIVE_INFINITY,
    below = Number.POSITIVE_INFINITY,
    whole = false,
  } = bounds;
  const fits =
    typeof value === 'number' && Number.isFinite(value) && value > above && value >= atLeast && value < below;
  if (fits && (!whole || Number.isInteger(value))) return value;
  const limits = [
    bounds.above !== undefined ? `above ${bounds.above}` : '',
    bounds.atLeast !== undefined ? `of at least ${bounds.atLeast}` : '',
    bounds.below !== undefined ? `below ${bounds.below}` : '',
  ].filter((text) => text !== '');
  const came = typeof value === 'string' ? `'${value}'` : String(value);
  throw new ArgumentError(
    operation,
    `got ${name} ${came}; expected a ${whole ? 'whole' : 'finite'} number${limits.length > 0 ? ` ${limits.join(' and ')}` : ''}`,
  );
}

/** The value, if it is one of a few names. @throws ArgumentError */
export function checkChoice<T extends string>(operation: string, name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new ArgumentError(
    operation,
    `got ${name} '${String(value)}'; expected one of ${choices.map((c) => `'${c}'`).join(', ')}`,
  );
}
