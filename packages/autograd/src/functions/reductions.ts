/** Reductions. `axis` is one axis, several, or (by default) all; negative axes count from the end. */

import { normalizeAxes, normalizeAxis, type ReduceAttributes, type Shape, shapesEqual } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as rows from '../primitives/reduce.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { checkTensor } from './operands.js';

/** Options of a reduction. */
export interface ReduceOptions {
  /** Axes to reduce over. @defaultValue all */
  axis?: number | readonly number[] | undefined;
  /** Keep reduced axes with extent 1, so that the result broadcasts against the input. @defaultValue false */
  keepDims?: boolean | undefined;
}

const optionNames = ['axis', 'keepDims'];

function reduce(row: Primitive<ReduceAttributes>, x: Tensor, options: ReduceOptions): Tensor {
  checkOptions(row.name, options, optionNames);
  const { axis, keepDims = false } = options;
  const { rank } = checkTensor(row.name, x);
  if (axis === undefined && keepDims === false) return apply(row, [x], overLeading(rank));
  return apply(row, [x], { axes: normalizeAxes(row.name, axis, rank), keepDims });
}

const overLeadingAxes: ReduceAttributes[] = [];

/** The attributes that say "over the first axes, and drop them", which for all axes is every loss. Always the same object, so that calls are remembered. */
function overLeading(count: number): ReduceAttributes {
  overLeadingAxes[count] ??= Object.freeze({ axes: Array.from({ length: count }, (_, i) => i), keepDims: false });
  return overLeadingAxes[count]!;
}

/**
 * Σ x over the axes, pairwise and in double precision; 0 for an empty axis. bool counts as int32.
 *
 * @example
 * sum(tensor([[1, 2], [3, 4]]), { axis: 0 }); // → [4, 6]
 * sum(tensor([true, true, false])); // → 2
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(
    rows.sum,
    checkTensor('sum', x).dtype === 'bool' || x.dtype === 'uint8' ? cast(x, 'int32') : x,
    options,
  );
}

/**
 * Σ x / count over the axes; NaN for an empty axis. Integers become float32.
 *
 * @example
 * mean(tensor([[1, 2], [3, 5]]), { axis: 1, keepDims: true }); // → [[1.5], [4]]
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(rows.mean, x, options);
}

/**
 * Largest element over the axes, NaN if there is one. Equal maxima share the gradient evenly.
 *
 * @throws ArgumentError for an empty axis
 * @example
 * max(tensor([[1, 5], [7, 0]]), { axis: 0 }); // → [7, 5]
 * grad((x: Tensor) => max(x))(tensor([1, 3, 3])); // → [0, 0.5, 0.5]
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(rows.max, x, options);
}

/**
 * Smallest element over the axes, NaN if there is one. Equal minima share the gradient evenly.
 *
 * @throws ArgumentError for an empty axis
 * @example
 * min(tensor([[1, 5], [7, 0]])); // → 0
 */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(rows.min, x, options);
}

/** Options of `argmax` and `argmin`. */
export interface ArgOptions {
  /** The one axis to search along. @defaultValue the whole tensor, flattened */
  axis?: number;
  /** Keep that axis with extent 1. @defaultValue false */
  keepDims?: boolean;
}

function locate(row: Primitive<ReduceAttributes>, x: Tensor, options: ArgOptions): Tensor {
  checkOptions(row.name, options, optionNames);
  const { axis, keepDims = false } = options;
  checkTensor(row.name, x);
  if (axis === undefined) return apply(row, [x.reshape([-1])], { axes: [0], keepDims: false });
  return apply(row, [x], { axes: [normalizeAxis(row.name, axis, x.rank)], keepDims });
}

/**
 * Index of the first largest element along the axis, int32.
 *
 * @example
 * argmax(tensor([[1, 5, 2], [7, 0, 7]]), { axis: 1 }); // → [1, 0]
 */
export function argmax(x: Tensor, options: ArgOptions = {}): Tensor {
  return locate(rows.argmax, x, options);
}

/**
 * Index of the first smallest element along the axis, int32.
 *
 * @example
 * argmin(tensor([[1, 5, 2], [7, 0, 7]]), { axis: 1 }); // → [0, 1]
 */
export function argmin(x: Tensor, options: ArgOptions = {}): Tensor {
  return locate(rows.argmin, x, options);
}

/**
 * Sums over whatever axes broadcasting from `shape` repeated: what undoes broadcasting in a derivative.
 *
 * @example
 * sumTo(tensor([[1, 2], [3, 4]]), [2]); // → [4, 6]
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (shapesEqual(x.shape, shape)) return x;
  const missing = x.rank - shape.length;
  const axes: number[] = [];
  for (let i = 0; i < x.rank; i++) if (i < missing || (shape[i - missing] === 1 && x.shape[i] !== 1)) axes.push(i);
  if (axes.length === 0) return x;
  if (axes.length === missing) return apply(rows.sum, [x], overLeading(missing));
  const summed = apply(rows.sum, [x], { axes, keepDims: true });
  return missing === 0 ? summed : summed.reshape(shape);
}
