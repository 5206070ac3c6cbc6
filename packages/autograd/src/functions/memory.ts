/** Leaving the tape, and changing a tensor in place. */

import { copyInto, ShapeError, shapesEqual } from '@cotangent/kernels';
import { GradientError } from '../errors.js';
import { noGrad } from '../modes.js';
import { apply } from '../primitive.js';
import { identity } from '../primitives/reshape.js';
import { withScope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/**
 * The same numbers, cut off from the tape, and safe to keep: a copy where the memory will be recycled (results of a
 * recorded computation, tensors made inside `grad` or `scope`), else a view that shares it.
 *
 * Inside a scope or transform the result outlives it.
 */
export function detach(x: Tensor): Tensor {
  checkTensor('detach', x);
  const detached = withScope(null, () => noGrad(() => apply(identity, [x], undefined)));
  detached.tangents = null;
  detached.severed = false;
  return detached;
}

/**
 * Overwrites the numbers of `target` with those of `value` (broadcast to its shape), in place.
 *
 * @throws ShapeError when they do not fit; GradientError when `target` is the recorded result of an operation
 */
export function assign(target: Tensor, value: Tensor): Tensor {
  if (!target.isLeaf) {
    throw new GradientError(
      'assign',
      `got a target made by ${target.madeBy}, which is recorded; expected a leaf`,
      'Assign to parameters and data, not to results.',
    );
  }
  const wide = value.broadcastTo(target.shape);
  if (!shapesEqual(wide.shape, target.shape))
    throw new ShapeError('assign', { target, value }, 'a value that broadcasts to the target');
  copyInto(target.block, wide.block);
  target.block.storage.version++;
  return target;
}
