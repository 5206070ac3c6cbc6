/**
 * Masks that travel with tensors: bool [batch, time], false where a step of a sequence is padding (Keras). `Masking` and `Embedding` make
 * them; layers that keep the time axis hand them on; recurrent layers, attention, pooling over time and losses heed them.
 *
 * @see https://keras.io/guides/understanding_masking_and_padding/
 */

import type { Tensor } from '@cotangent/autograd';
import { DTypeError, ShapeError } from '@cotangent/kernels';
import { checkTensor } from './options.js';

const masks = new WeakMap<Tensor, Tensor>();
/** Whether any mask was ever set: programs without masks never look for one. */
let inUse = false;

/** Whether looking for masks is worth it. @internal */
export const masksInUse = (): boolean => inUse;

/**
 * The mask that travels with a tensor, or null.
 *
 * @example
 * const words = tensor([[4, 7, 0]], { dtype: 'int32' });
 * const vectors = new nn.Embedding({ inputDim: 10, outputDim: 2, maskZero: true }).call(words);
 * nn.maskOf(vectors); // → [[true, true, false]]
 */
export function maskOf(x: Tensor): Tensor | null {
  return inUse ? (masks.get(x) ?? null) : null;
}

/**
 * Lets a mask travel with a tensor.
 *
 * @param mask bool, of the first axes of x: [batch, time]
 * @returns x
 * @throws DTypeError unless the mask is bool; ShapeError unless its extents are the first of x
 * @example
 * const x = nn.setMask(ones([1, 3, 2]), tensor([[true, true, false]]));
 * nn.maskOf(x); // → [[true, true, false]]
 */
export function setMask(x: Tensor, mask: Tensor): Tensor {
  const { shape } = checkTensor('setMask', 'x', x);
  if (checkTensor('setMask', 'mask', mask).dtype !== 'bool')
    throw new DTypeError('setMask', { mask: mask.dtype }, 'bool', "Convert with .cast('bool').");
  if (mask.rank > shape.length || mask.shape.some((extent, axis) => extent !== shape[axis]))
    throw new ShapeError('setMask', { x: shape, mask: mask.shape }, 'a mask of the first axes of x');
  inUse = true;
  masks.set(x, mask);
  return x;
}
