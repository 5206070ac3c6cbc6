/** Leaving the tape, and changing a tensor in place. */

import { ArgumentError, copyInto, ShapeError } from '@cotangent/kernels';
import { tensor } from '../create.js';
import { GradientError } from '../errors.js';
import { noGrad } from '../modes.js';
import { apply } from '../primitive.js';
import { broadcastsTo, identity } from '../primitives/reshape.js';
import { stopGradient as stop } from '../primitives/stop.js';
import { scope, withScope } from '../scope.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { checkTensor } from './operands.js';

/**
 * The same numbers, cut off from the tape, and safe to keep: a copy where the memory will be recycled (results of a
 * recorded computation, tensors made inside `grad` or `scope`), else a view that shares it.
 *
 * Inside a scope or transform the result outlives it.
 *
 * @example
 * grad((x: Tensor) => x.mul(detach(x)).sum())(tensor([3])); // → [3]
 */
export function detach(x: Tensor): Tensor {
  const { batch } = checkTensor('detach', x);
  if (batch !== null) return x.another(detach(batch.examples));
  const detached = withScope(null, () => noGrad(() => apply(identity, [x], undefined)));
  detached.tangents = null;
  detached.severed = false;
  return detached;
}

/**
 * The same numbers, constant to every derivative: neither a backward pass nor a tangent goes through (JAX's `stop_gradient`).
 * Unlike `detach` it is an operation like others: inside a transform or scope its result is recycled with the rest.
 *
 * @example
 * grad((x: Tensor) => x.mul(stopGradient(x)).sum())(tensor([3])); // → [3]
 */
export function stopGradient(x: Tensor): Tensor {
  return apply(stop, [checkTensor('stopGradient', x)], undefined);
}

/**
 * Overwrites the numbers of `target` with those of `value` (broadcast to its shape, converted to its dtype), in place.
 *
 * @returns the target
 * @throws ShapeError when they do not fit; GradientError when `target` is the recorded result of an operation;
 *   ArgumentError when broadcasting made it
 * @example
 * const x = tensor([1, 2]);
 * assign(x, tensor([3, 4]));
 * x; // → [3, 4]
 */
export function assign(target: Tensor, value: Tensor): Tensor {
  if (!checkTensor('assign', target).isLeaf) {
    throw new GradientError(
      'assign',
      `got a target made by ${target.madeBy}, which is recorded; expected a leaf`,
      'Assign to parameters and data, not to results.',
    );
  }
  if (target.batch !== null) {
    throw new GradientError(
      'assign',
      `got a target made by ${target.madeBy} inside vmap, where it stands for ${target.batch.mapping.size} examples`,
      'Return the new value from the function instead.',
    );
  }
  if (target.strides.some((stride, i) => stride === 0 && target.shape[i]! > 1)) {
    throw new ArgumentError(
      'assign',
      'got a target that broadcasting made: several of its elements are one number',
      'Copy it first: tensor(target).',
    );
  }
  if (!broadcastsTo(checkTensor('assign', value).shape, target.shape))
    throw new ShapeError('assign', { target, value }, 'a value that broadcasts to the target');
  scope(() =>
    noGrad(() => {
      const converted = cast(value, target.dtype);
      // Of the target's own memory (a view of it, say) a copy is taken first: writing must not change what is yet to be read.
      const source = converted.block.storage === target.block.storage ? tensor(converted) : converted;
      copyInto(target.block, source.block);
    }),
  );
  target.block.storage.version++;
  return target;
}
