/** Checks of the options objects that functions take, so that a slip is not silently ignored. */

import { ArgumentError } from '@cotangent/kernels';

/**
 * Throws for what is not an options object (`x.sum(1)`) and for an option that is not one of `known` (`{ dim: 1 }`).
 *
 * @throws ArgumentError naming what came and what there is
 */
export function checkOptions(operation: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const came = Array.isArray(options) ? 'an array' : String(options);
    throw new ArgumentError(operation, `got ${came}; expected an options object`, `For example { ${known[0]}: … }.`);
  }
  for (const name in options) {
    if (!known.includes(name))
      throw new ArgumentError(operation, `got unknown option '${name}'; expected one of ${known.join(', ')}`);
  }
}
