/**
 * Tensors to and from scijs `ndarray`, the strided view that other libraries understand.
 *
 * An entry of its own (`@cotangent/autograd/ndarray`): `ndarray` makes its code with `new Function`, which a strict
 * content security policy forbids, so only those who import this module load it.
 */

import './methods.js';
import { ArgumentError, type Block, DTypeError, isFloating } from '@cotangent/kernels';
import { toNdarray as blockToNdarray, fromNdarray as ndarrayToBlock } from '@cotangent/kernels/ndarray';
import { checkTensor } from './functions/operands.js';
import { scopes } from './scope.js';
import { Tensor } from './tensor.js';

/** What `toNdarray` gives: an ndarray over a typed array. */
export type TensorNdarray = ReturnType<typeof blockToNdarray>;

/** What `fromNdarray` takes: any ndarray of numbers. */
export type AnyNdarray = Parameters<typeof ndarrayToBlock>[0];

/** Options of `fromNdarray`. */
export interface FromNdarrayOptions {
  /** Make it a leaf whose `.grad` a backward pass fills. @defaultValue false */
  requiresGrad?: boolean;
}

/**
 * The tensor as an ndarray over the same memory, views included: nothing is copied and nothing is recorded. What is
 * written through the ndarray changes the tensor behind the tape's back. bool becomes uint8.
 *
 * The memory stays valid as long as the ndarray, or a view made from it, lives, even when the tensor is released first.
 *
 * @throws ReleasedTensorError when the memory has been recycled.
 * @example
 * toNdarray(tensor([[1, 2], [3, 4]])).get(1, 0); // → 3
 */
export function toNdarray(x: Tensor): TensorNdarray {
  return blockToNdarray(checkTensor('toNdarray', x).block);
}

/**
 * A tensor of the numbers of an ndarray with any strides; they are copied. Plain arrays become float64.
 *
 * @throws DTypeError for elements that no dtype holds, and for integers with `requiresGrad`; ArgumentError for an unknown option
 * @example
 * const transposed = ndarray(new Float32Array([1, 2, 3, 4]), [2, 2]).transpose(1, 0);
 * fromNdarray(transposed); // → [[1, 3], [2, 4]]
 */
export function fromNdarray(array: AnyNdarray, options: FromNdarrayOptions = {}): Tensor {
  const { requiresGrad = false, ...rest } = options;
  for (const name of Object.keys(rest)) {
    throw new ArgumentError('fromNdarray', `got unknown option '${name}'; expected requiresGrad`);
  }
  const block: Block = ndarrayToBlock(array, { loose: scopes.current === null });
  if (requiresGrad && !isFloating(block.dtype)) {
    block.storage.release();
    throw new DTypeError(
      'fromNdarray',
      { array: block.dtype },
      'float32 or float64 with requiresGrad',
      'Integers have no derivative.',
    );
  }
  const made = new Tensor(block, 'fromNdarray');
  scopes.current?.adopt(made);
  if (requiresGrad) made.requiresGrad = true;
  return made;
}
