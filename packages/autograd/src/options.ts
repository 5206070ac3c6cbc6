/** Checks of the options objects that functions take, so that a slip is not silently ignored. */

import { ArgumentError } from '@cotangent/kernels';
import { isTensor } from './brand.js';

/**
 * Throws for what is not an options object (`x.sum(1)`) and for an option that is not one of `known` (`{ dim: 1 }`).
 *
 * @throws ArgumentError naming what came and what there is
 */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  if (isTensor(options)) refuse(operation, 'a tensor', known);
  if (typeof options !== 'object' || options === null) refuse(operation, String(options), known);
  for (const name in options) {
    if (known.includes(name)) continue;
    if (Array.isArray(options)) refuse(operation, 'an array', known);
    throw new ArgumentError(operation, `got unknown option '${name}'; expected one of ${known.join(', ')}`);
  }
}

/**
 * Checks what a transform is made of: a function, and options. `grad(f, x)` and `grad(x)` say how to write it.
 *
 * @throws ArgumentError as `checkOptions`
 */
export function checkTransform(operation: string, f: unknown, options: object, known: readonly string[]): void {
  if (typeof f !== 'function' || isTensor(options)) {
    const came = isTensor(f) || isTensor(options) ? 'a tensor' : f === null ? 'null' : typeof f;
    throw new ArgumentError(operation, `got ${came}; expected a function alone`, `Write ${operation}(f)(x).`);
  }
  checkOptions(operation, options, known);
}

/** Throws ArgumentError for what is not a function. */
export function checkFunction(operation: string, f: unknown): void {
  if (typeof f === 'function') return;
  const came = isTensor(f) ? 'a tensor' : f === null ? 'null' : typeof f;
  throw new ArgumentError(operation, `got ${came}; expected a function`, `Write ${operation}(() => …).`);
}

function refuse(operation: string, came: string, known: readonly string[]): never {
  throw new ArgumentError(operation, `got ${came}; expected an options object`, `For example { ${known[0]}: … }.`);
}
