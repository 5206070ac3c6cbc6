/** Running totals, products and extrema along one axis. */

import { floatingDType, normalizeAxis, type ScanAttributes } from '@cotangent/kernels';
import { arange, ones } from '../create.js';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import * as rows from '../primitives/scan.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { stopGradient } from './memory.js';
import { checkTensor } from './operands.js';
import { concat } from './shape.js';
import { takeAlongAxis } from './sorting.js';

/** Options of the running reductions. */
export interface ScanOptions {
  /** The axis to run along. @defaultValue 0 */
  axis?: number;
  /** From the last element to the first. @defaultValue false */
  reverse?: boolean;
  /** Leave out the element itself: the first result is that of nothing. @defaultValue false */
  exclusive?: boolean;
}

const optionNames = ['axis', 'reverse', 'exclusive'];

function attributesOf(operation: string, x: Tensor, options: ScanOptions, names = optionNames): ScanAttributes {
  checkOptions(operation, options, names);
  return { axis: normalizeAxis(operation, options.axis ?? 0, x.rank), reverse: options.reverse ?? false };
}

/** The part that starts one element into the scan is moved up by one, and `first` comes in. */
function exclusive(y: Tensor, { axis, reverse }: ScanAttributes, first: number): Tensor {
  const n = y.shape[axis]!;
  if (n === 0) return y;
  const edge = ones(
    y.shape.map((extent, i) => (i === axis ? 1 : extent)),
    { dtype: y.dtype },
  ).mul(first);
  const part = y.slice(
    ...y.shape.map((_, i) => (i !== axis ? null : reverse ? ([1, n] as const) : ([0, n - 1] as const))),
  );
  return concat(reverse ? [part, edge] : [edge, part], { axis });
}

/**
 * yₖ = x₀ + … + xₖ along the axis. bool and uint8 count as int32.
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * cumsum(tensor([1, 2, 3])); // → [1, 3, 6]
 */
export function cumsum(x: Tensor, options: ScanOptions = {}): Tensor {
  const attributes = attributesOf('cumsum', checkTensor('cumsum', x), options);
  const numbers = x.dtype === 'bool' || x.dtype === 'uint8' ? x.cast('int32') : x;
  const y = apply(rows.cumsum, [numbers], attributes);
  return options.exclusive ? exclusive(y, attributes, 0) : y;
}

/**
 * yₖ = x₀ · … · xₖ along the axis. Integers become float32. Exact derivatives of any order, with any number of zeros.
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * cumprod(tensor([1, 2, 3])); // → [1, 2, 6]
 */
export function cumprod(x: Tensor, options: ScanOptions = {}): Tensor {
  const attributes = attributesOf('cumprod', checkTensor('cumprod', x), options);
  const factors = x.cast(floatingDType(x.dtype));
  // yₖ = xₖ yₖ₋₁, begun with 1: yₖ = aₖ yₖ₋₁ + bₖ where a is x but for a 0 at the start, and b is 0 but for x there.
  const start = startMask(x, attributes);
  const y = apply(rows.recurrence, [where(start, 0, factors), where(start, factors, 0)], attributes);
  return options.exclusive ? exclusive(y, attributes, 1) : y;
}

/** True at the element where the scan begins; broadcasts against x. */
function startMask(x: Tensor, { axis, reverse }: ScanAttributes): Tensor {
  const n = x.shape[axis]!;
  const places = arange(0, n, 1, { dtype: 'int32' }).reshape(x.shape.map((_, i) => (i === axis ? n : 1)));
  return places.equal(reverse ? n - 1 : 0);
}

/**
 * The largest so far, with where it is: of equal ones the last, which has the gradient (PyTorch). NaN stays once there is one.
 *
 * @example
 * cummax(tensor([1, 3, 2])); // → {"values": [1, 3, 3], "indices": [0, 1, 1]}
 */
export function cummax(x: Tensor, options: Omit<ScanOptions, 'exclusive'> = {}): { values: Tensor; indices: Tensor } {
  return extremesSoFar('cummax', rows.cumargmax, x, options);
}

/**
 * The smallest so far, as `cummax`.
 *
 * @example
 * cummin(tensor([3, 1, 2])); // → {"values": [3, 1, 1], "indices": [0, 1, 1]}
 */
export function cummin(x: Tensor, options: Omit<ScanOptions, 'exclusive'> = {}): { values: Tensor; indices: Tensor } {
  return extremesSoFar('cummin', rows.cumargmin, x, options);
}

function extremesSoFar(
  operation: string,
  row: typeof rows.cumargmax,
  x: Tensor,
  options: ScanOptions,
): { values: Tensor; indices: Tensor } {
  const attributes = attributesOf(operation, checkTensor(operation, x), options, ['axis', 'reverse']);
  const indices = apply(row, [x], attributes);
  return { values: takeAlongAxis(x, indices, { axis: attributes.axis }), indices };
}

/**
 * ln(eˣ⁰ + … + eˣᵏ) along the axis, which does not overflow. Integers become float32.
 *
 * @example
 * logCumSumExp(tensor([0, 0, Math.log(2)])); // → [0, 0.69315, 1.3863]
 */
export function logCumSumExp(x: Tensor, options: Omit<ScanOptions, 'exclusive'> = {}): Tensor {
  const attributes = attributesOf('logCumSumExp', checkTensor('logCumSumExp', x), options, ['axis', 'reverse']);
  const y = x.cast(floatingDType(x.dtype));
  // Shifted by the largest so far, which falls out of the derivative: sums of shifted terms, each shift undone by the next.
  const largest = stopGradient(cummax(y, options).values);
  const shift = where(largest.abs().equal(Infinity), 0, largest);
  const { axis, reverse } = attributes;
  const n = y.shape[axis]!;
  if (n === 0) return y;
  const before = reverse ? exclusiveOf(shift, axis, true) : exclusiveOf(shift, axis, false);
  const decay = before.sub(shift).exp();
  return apply(rows.recurrence, [decay, y.sub(shift).exp()], attributes)
    .log()
    .add(shift);
}

/** Every element's predecessor in the scan; the first is its own. */
function exclusiveOf(x: Tensor, axis: number, reverse: boolean): Tensor {
  const n = x.shape[axis]!;
  const part = (from: number, to: number): Tensor =>
    x.slice(...x.shape.map((_, i) => (i === axis ? ([from, to] as const) : null)));
  return reverse ? concat([part(1, n), part(n - 1, n)], { axis }) : concat([part(0, 1), part(0, n - 1)], { axis });
}
