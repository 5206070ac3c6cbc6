/** Reductions over axes. */

import * as kernels from '@cotangent/kernels';
import { ArgumentError, type ReduceAttributes, reducedShape, type Shape, showShape } from '@cotangent/kernels';
import { axesBatch } from '../batching.js';
import { linear } from '../families.js';
import { type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

/** Attributes of a reduction; `shape` is that of the input, which the transpose expands to. */
export const reductionShape = (x: Shape, { axes, keepDims }: ReduceAttributes): Shape =>
  reducedShape(x, axes, keepDims);

/** Undoes the dropping of axes: the reduced value in every place that it came from, without a copy. */
function expandBack(g: Tensor, { axes, keepDims }: ReduceAttributes, shape: Shape): Tensor {
  const kept = keepDims || g.rank === 0 ? g : g.reshape(reducedShape(shape, axes, true));
  return kept.broadcastTo(shape);
}

export const sum: Primitive<ReduceAttributes> = linear('sum', {
  shape: reductionShape,
  run: kernels.sum,
  transpose: expandBack,
  self: (t, { axes, keepDims }) => t.sum({ axis: axes, keepDims }),
  batch: axesBatch,
});

const count = (shape: Shape, axes: readonly number[]): number =>
  axes.reduce((product, axis) => product * shape[axis]!, 1);

export const mean: Primitive<ReduceAttributes> = linear('mean', {
  promotion: 'floating',
  shape: reductionShape,
  run: kernels.mean,
  transpose: (g, attributes, shape) => expandBack(g.div(count(shape, attributes.axes)), attributes, shape),
  self: (t, { axes, keepDims }) => t.mean({ axis: axes, keepDims }),
  batch: axesBatch,
});

/** The gradient is split evenly among equal extrema, as PyTorch's amax and amin do. */
function extremum(name: string, run: typeof kernels.max): Primitive<ReduceAttributes> {
  const winners = (x: Tensor, out: Tensor, attributes: ReduceAttributes): Tensor => {
    const mask = x.equal(expandBack(out, attributes, x.shape)).cast(x.dtype);
    return mask.div(mask.sum({ axis: attributes.axes, keepDims: true }));
  };
  return primitive({
    name,
    inputs: ['x'],
    shape: ({ x }, attributes: ReduceAttributes) => {
      if (attributes.axes.some((axis) => x[axis] === 0)) {
        throw new ArgumentError(name, `got x ${showShape(x)}; expected at least one element along each reduced axis`);
      }
      return reductionShape(x, attributes);
    },
    run,
    keeps: { x: ['x', 'out'] },
    vjp: { x: (g, { x, out }, attributes) => expandBack(g, attributes, x.shape).mul(winners(x, out, attributes)) },
    jvp: {
      x: (t, { x, out }, { axes, keepDims }) =>
        t.mul(winners(x, out, { axes, keepDims })).sum({ axis: axes, keepDims }),
    },
    batch: axesBatch,
    domain: { note: 'no ties' },
  });
}

export const max: Primitive<ReduceAttributes> = extremum('max', kernels.max);
export const min: Primitive<ReduceAttributes> = extremum('min', kernels.min);

function position(name: string, run: typeof kernels.argmax): Primitive<ReduceAttributes> {
  return primitive({
    name,
    inputs: ['x'],
    shape: ({ x }, attributes: ReduceAttributes) => {
      if (attributes.axes.some((axis) => x[axis] === 0)) {
        throw new ArgumentError(name, `got x ${showShape(x)}; expected at least one element along the axis`);
      }
      return reductionShape(x, attributes);
    },
    dtype: () => 'int32',
    run,
    keeps: { x: [] },
    vjp: { x: null },
    jvp: { x: null },
    batch: axesBatch,
  });
}

export const argmax: Primitive<ReduceAttributes> = position('argmax', kernels.argmax);
export const argmin: Primitive<ReduceAttributes> = position('argmin', kernels.argmin);
