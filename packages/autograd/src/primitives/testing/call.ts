/** How tests call a primitive, and what several of them share. */

import { type Shape, sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { fromTypedArray } from '../../create.js';
import type { Tensor } from '../../tensor.js';
import { broadcastablePairs, shapes } from '../../testing/index.js';

/** One call of a primitive: float64 inputs to differentiate, others to hold fixed, and attributes. */
export interface Call {
  readonly smooth: readonly Shape[];
  /** Builds the inputs of the primitive from the smooth ones. */
  readonly inputs?: (smooth: readonly Tensor[]) => readonly Tensor[];
  readonly attributes?: unknown;
  /** Whether inputs depend on one another (a result that a backward pass is given): a vmap then maps all. */
  readonly together?: true;
}

/** For each primitive of a file, by its name: calls of it. */
export type Examples = Readonly<Record<string, fc.Arbitrary<Call>>>;

/** The same calls for several primitives. */
export function each(names: readonly string[], calls: fc.Arbitrary<Call>): Examples {
  return Object.fromEntries(names.map((name) => [name, calls]));
}

/** One input of any shape. */
export const one: fc.Arbitrary<Call> = shapes().map((shape): Call => ({ smooth: [shape] }));

/** Two inputs that broadcast together. */
export const two: fc.Arbitrary<Call> = broadcastablePairs.map(([a, b]): Call => ({ smooth: [a, b] }));

/** One input and an axis of it. */
export const onAxis: fc.Arbitrary<Call> = shapes({ minRank: 1, minExtent: 1 }).chain((shape) =>
  fc.nat({ max: shape.length - 1 }).map((axis): Call => ({ smooth: [shape], attributes: { axis } })),
);

/** int32 tensors of numbers from 0 to below `below`. */
export const integers = (shape: Shape, below: number): fc.Arbitrary<Tensor> =>
  fc
    .array(fc.nat({ max: below - 1 }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => fromTypedArray(Int32Array.from(values), shape));

export const bools = (shape: Shape): fc.Arbitrary<Tensor> => integers(shape, 2).map((x) => x.cast('bool'));
