/** Deep copies. */

import { isTensor, persistent, type Tensor } from '@cotangent/autograd';
import { Generator } from '@cotangent/kernels';
import { Variable } from './parameter.js';

/**
 * A copy of a module: variables, tensors, generators, arrays, maps and plain objects are copied, once each, and so is what `byField`
 * says; functions and everything else (initializers, callbacks, configuration) is shared.
 */
export function deepCopy<T extends object>(original: T, byField: (value: object) => boolean): T {
  const copies = new Map<object, unknown>();
  return copyOf(original) as T;

  function copyOf(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (copies.has(value)) return copies.get(value);
    const keep = <T>(copy: T): T => {
      copies.set(value, copy);
      return copy;
    };
    if (value instanceof Variable) return keep(value.clone());
    if (isTensor(value)) return keep(value.isReleased ? value : persistent(value as Tensor));
    if (value instanceof Generator) {
      const generator = new Generator(0);
      generator.state = value.state;
      return keep(generator);
    }
    if (Array.isArray(value)) {
      const copy: unknown[] = keep([]);
      for (const element of value) copy.push(copyOf(element));
      return copy;
    }
    if (value instanceof Map) {
      const copy = keep(new Map<unknown, unknown>());
      for (const [key, element] of value) copy.set(copyOf(key), copyOf(element));
      return copy;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    const isPlain = prototype === null || prototype === Object.prototype;
    if (!isPlain && !byField(value)) return value;
    const copy = keep(Object.create(prototype as object | null) as Record<string, unknown>);
    for (const [key, field] of Object.entries(value)) copy[key] = copyOf(field);
    return copy;
  }
}
