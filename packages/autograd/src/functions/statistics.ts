/** Reductions made of others: moments, norms, products, quantiles, and what skips NaN. `axis` is one axis, several, or (by default) all. */

import {
  ArgumentError,
  floatingDType,
  isFloating,
  normalizeAxes,
  normalizeAxis,
  reducedShape,
} from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import { euclideanNorm } from '../primitives/norm.js';
import { logSumExp as logSumExpRow } from '../primitives/scan.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { checkTensor } from './operands.js';
import { max, mean, min, type ReduceOptions, sum } from './reductions.js';
import { isnan } from './rounding.js';
import { cumprod } from './scan.js';
import { sort } from './sorting.js';

const optionNames = ['axis', 'keepDims'];

const floating = (operation: string, x: Tensor): Tensor => {
  checkTensor(operation, x);
  return x.cast(floatingDType(x.dtype));
};

/** How many elements go into one result. */
const countOf = (operation: string, x: Tensor, axis: ReduceOptions['axis']): number =>
  normalizeAxes(operation, axis, x.rank).reduce((product, k) => product * x.shape[k]!, 1);

// ---- of bools --------------------------------------------------------------------------------------------------------

/**
 * Whether any element is true (not 0), as bool; false for an empty axis.
 *
 * @example
 * any(tensor([[0, 0], [0, 3]]), { axis: 1 }); // → [false, true]
 */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkOptions('any', options, optionNames);
  return countNonzero(x, options).greater(0);
}

/**
 * Whether all elements are true (not 0), as bool; true for an empty axis.
 *
 * @example
 * all(tensor([[1, 0], [2, 3]]), { axis: 1 }); // → [false, true]
 */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkOptions('all', options, optionNames);
  return countNonzero(checkTensor('all', x).equal(0), options).equal(0);
}

/**
 * How many elements are not 0, as int32.
 *
 * @example
 * countNonzero(tensor([0, 1, 2])); // → 2
 */
export function countNonzero(x: Tensor, options: ReduceOptions = {}): Tensor {
  const present = checkTensor('countNonzero', x).dtype === 'bool' ? x : x.notEqual(0);
  // Floats are summed in SIMD, and float64 counts every tensor there can be.
  return sum(present.cast('float64'), options).cast('int32');
}

// ---- products --------------------------------------------------------------------------------------------------------

/**
 * Π x over the axes; 1 for an empty axis. Integers become float32. Exact derivatives of any order with any number of zeros: the
 * product is the last of the running ones, which are derived without a division.
 *
 * @throws IndexError for an axis that x lacks, or one named twice
 * @example
 * prod(tensor([2, 3, 4])); // → 24
 */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkOptions('prod', options, optionNames);
  const factors = floating('prod', x);
  const axes = normalizeAxes('prod', options.axis, x.rank);
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const count = axes.reduce((product, k) => product * x.shape[k]!, 1);
  const shape = reducedShape(x.shape, axes, options.keepDims ?? false);
  const keptShape = kept.map((k) => x.shape[k]!);
  if (count === 0) return factors.sum({ axis: axes, keepDims: options.keepDims ?? false }).add(1);
  const rows = factors.permute([...kept, ...axes]).reshape([...keptShape, count]);
  const running = cumprod(rows, { axis: -1 });
  return running.slice(...keptShape.map(() => null), count - 1).reshape(shape);
}

// ---- moments ---------------------------------------------------------------------------------------------------------

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken off the count before dividing: 1 for the unbiased estimate. @defaultValue 0 (NumPy; PyTorch has 1) */
  ddof?: number;
}

/**
 * Σ (x − mean)² / (count − ddof), in two passes: nothing cancels however large the mean is. NaN where the count is not above ddof.
 *
 * @example
 * variance(tensor([1, 2, 3])); // → 0.66667
 * variance(tensor([1, 2, 3]), { ddof: 1 }); // → 1
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  checkOptions('variance', options, [...optionNames, 'ddof']);
  const { ddof = 0, axis, keepDims = false } = options;
  const y = floating('variance', x);
  const deviations = y.sub(mean(y, { axis, keepDims: true }));
  const divisor = Math.max(0, countOf('variance', x, axis) - ddof);
  return sum(deviations.square(), { axis, keepDims }).div(divisor);
}

/**
 * √variance; its gradient is 0 where the variance is 0 (PyTorch).
 *
 * @example
 * std(tensor([1, 2, 3])); // → 0.8165
 * std(tensor([1, 2, 3]), { ddof: 1 }); // → 1
 */
export function std(x: Tensor, options: VarianceOptions = {}): Tensor {
  checkOptions('std', options, [...optionNames, 'ddof']);
  return rootOf(variance(x, options));
}

/** √y with the gradient 0 at 0. */
function rootOf(y: Tensor): Tensor {
  const zero = y.equal(0);
  return where(zero, 0, where(zero, 1, y).sqrt());
}

/**
 * Mean and variance, with the options of both.
 *
 * @example
 * moments(tensor([1, 2, 3])); // → {"mean": 2, "variance": 0.66667}
 */
export function moments(x: Tensor, options: ReduceOptions = {}): { mean: Tensor; variance: Tensor } {
  return { mean: mean(x, options), variance: variance(x, options) };
}

/**
 * Largest minus smallest.
 *
 * @throws ArgumentError for an empty axis
 * @example
 * ptp(tensor([3, 1, 8])); // → 7
 */
export function ptp(x: Tensor, options: ReduceOptions = {}): Tensor {
  return max(x, options).sub(min(x, options));
}

/** Options of `average`. */
export interface AverageOptions extends ReduceOptions {
  /** What each element counts for; broadcasts against x. @defaultValue all the same */
  weights?: Tensor;
}

/**
 * Σ w x / Σ w
 *
 * @example
 * average(tensor([1, 2, 4]), { weights: tensor([1, 1, 2]) }); // → 2.75
 */
export function average(x: Tensor, options: AverageOptions = {}): Tensor {
  checkOptions('average', options, [...optionNames, 'weights']);
  const { weights, ...reduction } = options;
  if (weights === undefined) return mean(x, reduction);
  const all = weights.broadcastTo(checkTensor('average', x).shape);
  return sum(x.mul(all), reduction).div(sum(all, reduction));
}

/**
 * ln Σ eˣ over the axes, which does not overflow; −∞ for an empty axis. Integers become float32.
 *
 * @throws IndexError for an axis that x lacks, or one named twice
 * @example
 * logSumExp(tensor([1000, 1000])); // → 1000.7
 */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  checkOptions('logSumExp', options, optionNames);
  const y = floating('logSumExp', x);
  return apply(logSumExpRow, [y], {
    axes: normalizeAxes('logSumExp', options.axis, x.rank),
    keepDims: options.keepDims ?? false,
  });
}

// ---- norms -----------------------------------------------------------------------------------------------------------

/** Options of `norm`. */
export interface NormOptions extends ReduceOptions {
  /** p of (Σ |x|ᵖ)^(1/p); Infinity for the largest, −Infinity for the smallest, 0 for the number of non-zeros. @defaultValue 2 */
  order?: number;
}

/**
 * The vector norm over the axes (over several or all of them: of their elements as one vector; of a matrix that is Frobenius's). Gradient
 * 0 at 0, for ∞ shared evenly among the largest (PyTorch).
 *
 * @throws ArgumentError for an order that is not finite
 * @example
 * norm(tensor([3, 4])); // → 5
 */
export function norm(x: Tensor, options: NormOptions = {}): Tensor {
  checkOptions('norm', options, [...optionNames, 'order']);
  const { order = 2, ...reduction } = options;
  const y = floating('norm', x);
  if (order === 2) {
    // Of everything, in one pass: no squares are in memory, and none overflows.
    const whole = reduction.axis === undefined && !reduction.keepDims;
    return whole ? apply(euclideanNorm, [y], undefined) : rootOf(sum(y.square(), reduction));
  }
  if (order === 1) return sum(y.abs(), reduction);
  if (order === Infinity) return max(y.abs(), reduction);
  if (order === -Infinity) return min(y.abs(), reduction);
  if (order === 0) return countNonzero(y, reduction).cast(y.dtype);
  if (!Number.isFinite(order)) throw new ArgumentError('norm', `got order ${order}; expected a number`);
  // Powers of 0 have infinite derivatives for p < 1, and their sums for p > 1: both are kept out.
  const zero = y.equal(0);
  const total = sum(where(zero, 0, where(zero, 1, y.abs()).pow(order)), reduction);
  const nothing = total.equal(0);
  return where(nothing, 0, where(nothing, 1, total).pow(1 / order));
}

// ---- quantiles -------------------------------------------------------------------------------------------------------

/** Options of `median` and `quantile`. */
export interface QuantileOptions {
  /** The one axis. @defaultValue the whole tensor, flattened */
  axis?: number;
  /** Keep that axis with extent 1. @defaultValue false */
  keepDims?: boolean;
}

/** Rows along the last axis, and what the result's shape is. */
function rowsAlong(operation: string, x: Tensor, { axis, keepDims = false }: QuantileOptions) {
  if (axis === undefined) return { rows: x.reshape([x.size]), axis: 0, keepDims: false };
  return { rows: x, axis: normalizeAxis(operation, axis, x.rank), keepDims };
}

/**
 * The middle value, of an even number the lower one (PyTorch); NaN where there is one. The gradient goes to where it is.
 *
 * @throws ArgumentError for an empty axis
 * @example
 * median(tensor([3, 1, 2])); // → 2
 */
export function median(x: Tensor, options: QuantileOptions = {}): Tensor {
  checkOptions('median', options, optionNames);
  const { rows, axis, keepDims } = rowsAlong('median', checkTensor('median', x), options);
  const n = rows.shape[axis]!;
  if (n === 0) throw new ArgumentError('median', 'got an empty axis; expected one element at least');
  return orNan(rows, pick(sort(rows, { axis }), axis, Math.floor((n - 1) / 2), keepDims), axis, keepDims);
}

const pick = (x: Tensor, axis: number, k: number, keepDims: boolean): Tensor =>
  x.slice(...x.shape.map((_, i) => (i !== axis ? null : keepDims ? ([k, k + 1] as const) : k)));

function orNan(x: Tensor, y: Tensor, axis: number, keepDims: boolean): Tensor {
  return isFloating(x.dtype) ? where(any(isnan(x), { axis, keepDims }), NaN, y) : y;
}

/**
 * The value below which the share q of the elements lies, with a straight line between neighbours (NumPy's and PyTorch's 'linear'). NaN
 * where there is one.
 *
 * @param q from 0 to 1
 * @throws ArgumentError for a q out of range or an empty axis
 * @example
 * quantile(tensor([1, 2, 3, 4]), 0.25); // → 1.75
 */
export function quantile(x: Tensor, q: number, options: QuantileOptions = {}): Tensor {
  checkOptions('quantile', options, optionNames);
  if (!(q >= 0 && q <= 1)) throw new ArgumentError('quantile', `got q ${q}; expected a number from 0 to 1`);
  const { rows, axis, keepDims } = rowsAlong('quantile', floating('quantile', x), options);
  const n = rows.shape[axis]!;
  if (n === 0) throw new ArgumentError('quantile', 'got an empty axis; expected one element at least');
  const sorted = sort(rows, { axis });
  const place = q * (n - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  const below = pick(sorted, axis, low, keepDims);
  if (low === high) return orNan(rows, below, axis, keepDims);
  const above = pick(sorted, axis, high, keepDims);
  return orNan(rows, below.add(above.sub(below).mul(place - low)), axis, keepDims);
}

// ---- without NaN -----------------------------------------------------------------------------------------------------

const without = (x: Tensor, value: number): Tensor => where(isnan(x), value, x);

/**
 * The sum of what is not NaN.
 *
 * @example
 * nansum(tensor([1, NaN, 3])); // → 4
 */
export function nansum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return sum(without(checkTensor('nansum', x), 0), options);
}

/**
 * The mean of what is not NaN; NaN where nothing is.
 *
 * @example
 * nanmean(tensor([1, NaN, 3])); // → 2
 */
export function nanmean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return nansum(x, options).div(sum(isnan(checkTensor('nanmean', x)).logicalNot(), options));
}

/**
 * The largest of what is not NaN; −∞ where nothing is.
 *
 * @example
 * nanmax(tensor([1, NaN, 3])); // → 3
 */
export function nanmax(x: Tensor, options: ReduceOptions = {}): Tensor {
  return max(isFloating(checkTensor('nanmax', x).dtype) ? without(x, -Infinity) : x, options);
}

/**
 * The smallest of what is not NaN; ∞ where nothing is.
 *
 * @example
 * nanmin(tensor([1, NaN, 3])); // → 1
 */
export function nanmin(x: Tensor, options: ReduceOptions = {}): Tensor {
  return min(isFloating(checkTensor('nanmin', x).dtype) ? without(x, Infinity) : x, options);
}
