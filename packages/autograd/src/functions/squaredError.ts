/** The mean of squared differences as a function. */

import { apply } from '../primitive.js';
import * as rows from '../primitives/squaredError.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/**
 * Σ (a − b)² / n over all elements: `a.sub(b).square().mean()` in one pass there and one back, which keeps nothing but a and b. Its
 * sum is in double precision.
 *
 * @param a [...]
 * @param b [...], of the shape of a
 * @returns a scalar of their floating dtype (float32 of integers); NaN for empty tensors
 * @throws ShapeError when shapes differ: nothing broadcasts
 * @example
 * meanSquaredDifference(tensor([1, 2]), tensor([1, 4])); // → 2
 */
export function meanSquaredDifference(a: Tensor, b: Tensor): Tensor {
  const operation = 'meanSquaredDifference';
  return apply(rows.meanSquaredDifference, [checkTensor(operation, a), checkTensor(operation, b)], undefined);
}
