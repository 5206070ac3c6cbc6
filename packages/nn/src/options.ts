/** Checks of what users pass, so that every class says the same thing about the same mistake. */

import { isTensor, type Tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError } from '@cotangent/kernels';
import { didYouMean } from './nearest.js';

/** A value as messages show it: text in quotes, functions and classes by their name. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return `the function ${value.name}`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Throws ArgumentError for an option that the class does not have, naming those it has. */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ArgumentError(
      operation,
      `got ${shown(options)}; expected an options object`,
      `For example { ${known[0] ?? ''}: … }.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new ArgumentError(
        operation,
        `got unknown option '${name}'; expected one of ${known.join(', ')}`,
        didYouMean(name, known),
      );
    }
  }
}

/** The value, if it is a tensor. @throws DTypeError */
export function checkTensor(operation: string, name: string, value: unknown): Tensor {
  if (isTensor(value)) return value;
  throw new DTypeError(operation, { [name]: shown(value) }, 'a tensor', 'Wrap numbers and arrays with tensor(…).');
}

/** Bounds of a number. */
export interface NumberBounds {
  /** The value must be larger than this. */
  above?: number;
  /** The value must be at least this. */
  atLeast?: number;
  /** The value must be smaller than this. */
  below?: number;
  /** The value must be at most this. */
  atMost?: number;
  /** The value must be a whole number. */
  whole?: boolean;
}

/** The value, if it is a finite number within bounds. @throws ArgumentError */
export function checkNumber(operation: string, name: string, value: unknown, bounds: NumberBounds = {}): number {
  const {
    above = Number.NEGATIVE_INFINITY,
    atLeast = Number.NEGATIVE_INFINITY,
    below = Number.POSITIVE_INFINITY,
    atMost = Number.POSITIVE_INFINITY,
    whole = false,
  } = bounds;
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    value > above &&
    value >= atLeast &&
    value < below &&
    value <= atMost;
  if (fits && (!whole || Number.isInteger(value))) return value;
  const limits = [
    bounds.above !== undefined ? `above ${bounds.above}` : '',
    bounds.atLeast !== undefined ? `of at least ${bounds.atLeast}` : '',
    bounds.below !== undefined ? `below ${bounds.below}` : '',
    bounds.atMost !== undefined ? `of at most ${bounds.atMost}` : '',
  ].filter((text) => text !== '');
  throw new ArgumentError(
    operation,
    `got ${name} ${shown(value)}; expected a ${whole ? 'whole' : 'finite'} number${limits.length > 0 ? ` ${limits.join(' and ')}` : ''}`,
  );
}

/** The value, if it is one of a few names. @throws ArgumentError */
export function checkChoice<T extends string>(operation: string, name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw new ArgumentError(
    operation,
    `got ${name} ${shown(value)}; expected one of ${choices.map((c) => `'${c}'`).join(', ')}`,
    didYouMean(value, choices),
  );
}

/** The axes that an option names: whole numbers, one or several. @throws ArgumentError */
export function checkAxes(operation: string, name: string, value: number | readonly number[]): readonly number[] {
  const axes = Array.isArray(value) ? (value as readonly number[]) : [value as number];
  if (axes.length > 0 && axes.every(Number.isInteger)) return axes;
  throw new ArgumentError(operation, `got ${name} ${shown(value)}; expected a whole number, or several`);
}

/** The value, if it is true or false. @throws ArgumentError */
export function checkBoolean(operation: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ArgumentError(operation, `got ${name} ${shown(value)}; expected true or false`);
}

/** `count` whole numbers from `atLeast` (1), where one stands for all. @throws ArgumentError */
export function checkExtents(
  operation: string,
  name: string,
  value: number | readonly number[],
  count: number,
  atLeast: number = 1,
): readonly number[] {
  const extents = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
  if (Array.isArray(extents) && extents.length === count && extents.every((n) => Number.isInteger(n) && n >= atLeast))
    return extents as readonly number[];
  const several = count === 1 ? '' : `, or ${count} of them`;
  throw new ArgumentError(
    operation,
    `got ${name} ${Array.isArray(value) ? `[${value.join(', ')}]` : shown(value)}; expected a whole number of at least ${atLeast}${several}`,
  );
}

/**
 * What a name stands for.
 *
 * @param kind what it is the name of, for messages
 * @param otherwise what may be given instead of a name
 * @throws ArgumentError that lists the names, and asks for the nearest
 */
export function named<T>(
  operation: string,
  kind: string,
  given: unknown,
  table: Readonly<Record<string, T>>,
  otherwise: string,
): T {
  if (typeof given === 'string' && Object.hasOwn(table, given)) return table[given]!;
  const names = Object.keys(table);
  throw new ArgumentError(
    operation,
    `got ${kind} ${shown(given)}; expected one of ${names.join(', ')}, ${otherwise}`,
    didYouMean(given, names),
  );
}
