/** Orders along one axis, and picking by them. */

import { ArgumentError, normalizeAxis, showShape } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import { gatherAlong, scatterAlong } from '../primitives/indexing.js';
import { argsort as argsortRow } from '../primitives/scan.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** @defaultValue −1 */
  axis?: number;
  /** From the largest to the smallest. @defaultValue false */
  descending?: boolean;
}

/**
 * The indices (int32) that sort x along the axis: equal ones stay in their order, NaN counts as largest (NumPy, PyTorch).
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * argsort(tensor([3, 1, 2])); // → [1, 2, 0]
 */
export function argsort(x: Tensor, options: SortOptions = {}): Tensor {
  checkOptions('argsort', options, ['axis', 'descending']);
  const axis = normalizeAxis('argsort', options.axis ?? -1, checkTensor('argsort', x).rank);
  return apply(argsortRow, [x], { axis, descending: options.descending ?? false });
}

/**
 * x sorted along the axis; its gradient goes back to where each element came from.
 *
 * @example
 * sort(tensor([3, 1, 2])); // → [1, 2, 3]
 */
export function sort(x: Tensor, options: SortOptions = {}): Tensor {
  return takeAlongAxis(x, argsort(x, options), { axis: options.axis ?? -1 });
}

/** Options of `topK`. */
export interface TopKOptions {
  /** @defaultValue −1 */
  axis?: number;
  /** The smallest instead of the largest. @defaultValue false */
  smallest?: boolean;
}

/**
 * The `k` largest along the axis, largest first, and where they are.
 *
 * @throws ArgumentError for a k that is no whole number from 0 to the extent; IndexError for an axis that x lacks
 * @example
 * const { values, indices } = topK(tensor([1, 4, 3]), 2);
 * values; // → [4, 3]
 * indices; // → [1, 2]
 */
export function topK(x: Tensor, k: number, options: TopKOptions = {}): { values: Tensor; indices: Tensor } {
  checkOptions('topK', options, ['axis', 'smallest']);
  const axis = normalizeAxis('topK', options.axis ?? -1, checkTensor('topK', x).rank);
  const extent = x.shape[axis]!;
  if (!Number.isInteger(k) || k < 0 || k > extent)
    throw new ArgumentError(
      'topK',
      `got k ${k} for x ${showShape(x.shape)}; expected a whole number from 0 to ${extent}`,
    );
  const order = argsort(x, { axis, descending: !options.smallest });
  const indices = order.slice(...x.shape.map((_, i) => (i === axis ? ([0, k] as const) : null)));
  return { values: takeAlongAxis(x, indices, { axis }), indices };
}

/** Options of `takeAlongAxis` and `scatterAlongAxis`. */
export interface AlongAxisOptions {
  /** @defaultValue −1 */
  axis?: number;
}

/**
 * out[…, k, …] = x[…, indices[…, k, …], …]: for every row along the axis its own indices (NumPy's `take_along_axis`, PyTorch's `gather`).
 *
 * @param indices int32 or uint8, of the shape of x but for the axis; negative ones count from the end
 * @throws ShapeError, DTypeError, IndexError when they do not fit
 * @example
 * const x = tensor([[3, 1, 2]]);
 * takeAlongAxis(x, argsort(x)); // → [[1, 2, 3]]
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, options: AlongAxisOptions = {}): Tensor {
  checkOptions('takeAlongAxis', options, ['axis']);
  const axis = normalizeAxis('takeAlongAxis', options.axis ?? -1, checkTensor('takeAlongAxis', x).rank);
  return apply(gatherAlong, [x, checkTensor('takeAlongAxis', indices)], { axis, extent: x.shape[axis]! });
}

/**
 * Zeros of `extent` along the axis, with every x[…, k, …] added at […, indices[…, k, …], …]: the transpose of `takeAlongAxis`
 * (PyTorch's `scatter_add` into zeros).
 *
 * @throws IndexError for an axis that x lacks
 * @example
 * scatterAlongAxis(tensor([5, 6]), tensor([2, 0], { dtype: 'int32' }), 3); // → [6, 0, 5]
 */
export function scatterAlongAxis(x: Tensor, indices: Tensor, extent: number, options: AlongAxisOptions = {}): Tensor {
  checkOptions('scatterAlongAxis', options, ['axis']);
  const axis = normalizeAxis('scatterAlongAxis', options.axis ?? -1, checkTensor('scatterAlongAxis', x).rank);
  return apply(scatterAlong, [x, checkTensor('scatterAlongAxis', indices)], { axis, extent });
}
