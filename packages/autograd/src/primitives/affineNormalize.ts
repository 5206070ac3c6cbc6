/** Zero mean and unit variance, then a scale and a shift: layer and batch normalization in one row. */

import * as kernels from '@cotangent/kernels';
import { type AffineNormalizeAttributes, DTypeError, isFloating, ShapeError, sizeOf } from '@cotangent/kernels';
import { stack } from '../functions/shape.js';
import { apply, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { batchThrough, type FusedRows, fused } from './fused.js';
import { normalize } from './normalize.js';

/** x as a matrix of rows that are normalized each, or whose columns are. */
function asMatrix(x: Tensor, { along, count }: AffineNormalizeAttributes): Tensor {
  const others = count === 0 ? 0 : sizeOf(x.shape) / count;
  return x.reshape(along === 'rows' ? [others, count] : [count, others]);
}

const rows: FusedRows<AffineNormalizeAttributes> = fused({
  name: 'affineNormalize',
  inputs: ['x', 'scale', 'shift'],
  differentiable: 3,
  usesResult: false,
  shape: ([x, scale, shift], { along, count }) => {
    const size = sizeOf(x!);
    const each = along === 'rows' ? count : size / count;
    if (count < 1 || size % count !== 0 || sizeOf(scale!) !== each || sizeOf(shift!) !== each)
      throw new ShapeError(
        'normalize',
        { x: x!, scale: scale!, shift: shift! },
        `a scale and a shift of ${each} numbers`,
      );
    return x!;
  },
  dtype: ([x, scale, shift]) => {
    if (x !== scale || x !== shift || !isFloating(x!)) {
      const mend = 'Convert with .cast().';
      throw new DTypeError(
        'normalize',
        { x: x!, scale: scale!, shift: shift! },
        'three tensors of one floating dtype',
        mend,
      );
    }
    return x!;
  },
  run: kernels.affineNormalize,
  pull: kernels.affineNormalizeBackward,
  composed: ([x, scale, shift], attributes) => {
    const { along, epsilon } = attributes;
    const y = apply(normalize, [asMatrix(x!, attributes)], { axes: [along === 'rows' ? 1 : 0], epsilon });
    return y
      .mul(scale!.reshape([-1]))
      .add(shift!.reshape([-1]))
      .reshape(x!.shape);
  },
});

/** γ (x − mean) / √(variance + ε) + β */
export const affineNormalize: Primitive<AffineNormalizeAttributes> = rows.forward;
export const affineNormalizeBackward: FusedRows<AffineNormalizeAttributes>['backward'] = rows.backward;

/** Mean and variance of each column of x [..., columns], as two rows.  ∂mean = 1/n, ∂variance = 2 (x − mean) / n */
export const columnMoments: Primitive<undefined> = primitive({
  name: 'columnMoments',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }) => {
    if (x.length < 2 || sizeOf(x.slice(0, -1)) === 0)
      throw new ShapeError('columnMoments', { x }, 'x [..., columns] with at least one row');
    return [2, x.at(-1)!];
  },
  run: kernels.columnMoments,
  batch: batchThrough(([x]) => {
    const axis = leadingAxes(x!);
    return stack([x!.mean({ axis }), x!.variance({ axis })]);
  }),
  keeps: { x: ['x'] },
  vjp: {
    x: (g, { x }) => {
      const n = sizeOf(x.shape.slice(0, -1));
      return distances(x)
        .mul(g.slice(1).mul(2 / n))
        .add(g.slice(0).mul(1 / n));
    },
  },
  jvp: {
    x: (t, { x }) => {
      const axis = leadingAxes(x);
      return stack([t.mean({ axis }), distances(x).mul(t).mean({ axis }).mul(2)]);
    },
  },
});

const leadingAxes = (x: Tensor): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

const distances = (x: Tensor): Tensor => x.sub(x.mean({ axis: leadingAxes(x) }));
