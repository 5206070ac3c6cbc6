/** Batch rules: how `vmap` runs a primitive for all examples at once, instead of one after the other. */

import type { ReduceAttributes } from '@cotangent/kernels';
import { apply, type BatchCall, type BatchRule } from './primitive.js';
import type { Tensor } from './tensor.js';

/** Number of axes that one example has. */
const rankOf = (x: Tensor, mapped: boolean): number => (mapped ? x.rank - 1 : x.rank);

/**
 * All inputs of a broadcasting operation with their example axes lined up: behind the mapped axis, axes of extent 1 make
 * up for those that an example lacks. Shared inputs broadcast as they are.
 */
export function alignRanks(inputs: readonly Tensor[], mapped: readonly boolean[]): readonly Tensor[] {
  let rank = 0;
  for (let i = 0; i < inputs.length; i++) rank = Math.max(rank, rankOf(inputs[i]!, mapped[i]!));
  return inputs.map((x, i) => (mapped[i] ? padRank(x, rank) : x));
}

/** Axes of extent 1 behind the mapped one, so that an example has `rank` axes. */
export function padRank(x: Tensor, rank: number): Tensor {
  const missing = rank + 1 - x.rank;
  return missing <= 0 ? x : x.reshape([x.shape[0]!, ...new Array<number>(missing).fill(1), ...x.shape.slice(1)]);
}

/** The input with a mapped axis in any case: one that the examples share is repeated, without a copy. */
export function repeated(x: Tensor, mapped: boolean, size: number): Tensor {
  return mapped ? x : x.broadcastTo([size, ...x.shape]);
}

/**
 * For rows that go element by element and broadcast.
 *
 * @example
 * const double = primitive({
 *   name: 'double',
 *   inputs: ['x'],
 *   shape: ({ x }) => x,
 *   run: mapUnary((x) => 2 * x),
 *   keeps: { x: [] },
 *   vjp: { x: (g) => g.mul(2) },
 *   jvp: { x: (t) => t.mul(2) },
 *   batch: elementwiseBatch,
 * });
 * vmap((x: Tensor) => apply(double, [x], undefined))(tensor([[1, 2], [3, 4]])); // → [[2, 4], [6, 8]]
 */
export function elementwiseBatch<A>({ row, inputs, mapped, attributes }: BatchCall<A>): Tensor {
  return apply(row, alignRanks(inputs, mapped), attributes as never);
}

/**
 * For rows that leave leading axes alone: every input gets the mapped axis in front.
 *
 * @param shift the attributes one axis further back. @defaultValue the same attributes
 * @example
 * const double = linear('double', {
 *   shape: (x) => x,
 *   run: mapUnary((x) => 2 * x),
 *   transpose: (g) => g.mul(2),
 *   self: (t) => t.mul(2),
 *   batch: leadingBatch(),
 * });
 * vmap((x: Tensor) => apply(double, [x], undefined))(tensor([[1, 2], [3, 4]])); // → [[2, 4], [6, 8]]
 */
export function leadingBatch<A>(shift: (attributes: A, size: number) => A = (attributes) => attributes): BatchRule<A> {
  return ({ row, inputs, mapped, attributes, size }) =>
    apply(
      row,
      inputs.map((x, i) => repeated(x, mapped[i]!, size)),
      shift(attributes, size) as never,
    );
}

const oneFurther = (axis: number): number => axis + 1;

/**
 * For rows with one `axis`, counted from the front.
 *
 * @example
 * const doubled = linear<{ axis: number }>('doubled', {
 *   shape: (x) => x,
 *   run: mapUnary((x) => 2 * x) as Kernel<{ axis: number }>,
 *   transpose: (g) => g.mul(2),
 *   self: (t) => t.mul(2),
 *   batch: axisBatch(),
 * });
 * vmap((x: Tensor) => apply(doubled, [x], { axis: 0 }))(tensor([[1, 2], [3, 4]])); // → [[2, 4], [6, 8]]
 */
export function axisBatch<A extends { readonly axis: number }>(): BatchRule<A> {
  return leadingBatch((attributes) => ({ ...attributes, axis: oneFurther(attributes.axis) }));
}

/** For rows with several `axes`, counted from the front. */
export const axesBatch: BatchRule<ReduceAttributes> = leadingBatch(({ axes, keepDims }) => ({
  axes: axes.map(oneFurther),
  keepDims,
}));

/** Axis `from` at place `to`, the others in their order. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  if (from === to) return x;
  const axes = x.shape.map((_, i) => i);
  axes.splice(to, 0, ...axes.splice(from, 1));
  return x.permute(axes);
}
