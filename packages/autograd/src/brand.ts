/** What tells a tensor from everything else, for files that the class itself needs. */

import type { Tensor } from './tensor.js';

// Two copies of this package in one program (a common accident) still recognise each other's tensors.
const brand: unique symbol = Symbol.for('cotangent.Tensor') as never;

/** What the tensors of this copy of the package descend from; it adds the brand and nothing else. */
export abstract class Branded {}
Object.defineProperty(Branded.prototype, brand, { value: true });

/**
 * Whether `value` is a tensor, of this copy of the library or another.
 *
 * @example
 * [isTensor(tensor([1])), isTensor([1])]; // → [true, false]
 */
export function isTensor(value: unknown): value is Tensor {
  // The class first: asked of objects of many kinds, V8 has to look for a property each time.
  return value instanceof Branded || isForeign(value);
}

/** Whether it is a tensor of another copy. */
function isForeign(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { [brand]?: true })[brand] === true;
}
