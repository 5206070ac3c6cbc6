/** Picking by index. */

import * as kernels from '@cotangent/kernels';
import { DTypeError, type Shape } from '@cotangent/kernels';
import { apply, type Primitive, primitive } from '../primitive.js';

/** `axis` counts from the front; `extent` is that of the indexed axis. */
interface GatherAttributes {
  readonly axis: number;
  readonly extent: number;
}

function integerIndices(operation: string, indices: string): void {
  if (indices !== 'int32' && indices !== 'uint8') {
    throw new DTypeError(operation, { indices }, 'int32 or uint8 indices', "Convert with .cast('int32').");
  }
}

/** out[…, i…, …] = x[…, indices[i…], …] */
export const gather: Primitive<GatherAttributes> = primitive({
  name: 'take',
  inputs: ['x', 'indices'],
  shape: ({ x, indices }, { axis }: GatherAttributes) => [...x.slice(0, axis), ...indices, ...x.slice(axis + 1)],
  dtype: ({ x, indices }) => {
    integerIndices('take', indices);
    return x;
  },
  run: kernels.gather,
  keeps: { x: ['indices'], indices: [] },
  vjp: { x: (g, { indices }, attributes) => apply(scatterAdd, [g, indices], attributes), indices: null },
  jvp: { x: (t, { indices }, attributes) => apply(gather, [t, indices], attributes), indices: null },
});

/** Zeros with every slice of x added where its index says: the transpose of `gather`. */
export const scatterAdd: Primitive<GatherAttributes> = primitive({
  name: 'scatterAdd',
  inputs: ['x', 'indices'],
  shape: ({ x, indices }, { axis, extent }: GatherAttributes): Shape => [
    ...x.slice(0, axis),
    extent,
    ...x.slice(axis + indices.length),
  ],
  dtype: ({ x, indices }) => {
    integerIndices('scatterAdd', indices);
    return x;
  },
  run: kernels.scatterAdd,
  keeps: { x: ['indices'], indices: [] },
  vjp: { x: (g, { indices }, attributes) => apply(gather, [g, indices], attributes), indices: null },
  jvp: { x: (t, { indices }, attributes) => apply(scatterAdd, [t, indices], attributes), indices: null },
});
