/** Checks of the options objects that functions take, so that a slip is not silently ignored. */

import { ArgumentError } from '@cotangent/kernels';

/**
 * Throws for what is not an options object (`x.sum(1)`) and for an option that is not one of `known` (`{ dim: 1 }`).
 *
 * @throws ArgumentError naming what came and what there is
 */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) refuse(operation, String(options), known);
  for (const name in options) {
    if (known.includes(name)) continue;
    if (Array.isArray(options)) refuse(operation, 'an array', known);
    throw new ArgumentError(operation, `got unknown option '${name}'; expected one of ${known.join(', ')}`);
  }
}

function refuse(operation: string, came: string, known: readonly string[]): never {
  throw new ArgumentError(operation, `got ${came}; expected an options object`, `For example { ${known[0]}: … }.`);
}
