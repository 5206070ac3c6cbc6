/** Conversion between dtypes. */

import * as kernels from '@cotangent/kernels';
import { type DType, isFloating } from '@cotangent/kernels';
import { elementwiseBatch } from '../batching.js';
import { type Primitive, primitive } from '../primitive.js';

/** Linear between floating dtypes; to and from the others nothing flows (`apply` records only floating results). */
export const cast: Primitive<{ readonly dtype: DType; readonly from: DType }> = primitive({
  name: 'cast',
  inputs: ['x'],
  shape: ({ x }) => x,
  dtype: (_, { dtype }: { readonly dtype: DType; readonly from: DType }) => dtype,
  run: kernels.cast,
  keeps: { x: [] },
  vjp: { x: (g, _, { from }) => g.cast(from) },
  jvp: { x: (t, _, { dtype }) => (isFloating(dtype) ? t.cast(dtype) : t.mul(0)) },
  batch: elementwiseBatch,
});
