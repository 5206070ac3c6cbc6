/** Rows divided by their root mean square, then scaled. */

import * as kernels from '@cotangent/kernels';
import { DTypeError, isFloating, type RmsNormalizeAttributes, ShapeError } from '@cotangent/kernels';
import type { Primitive } from '../primitive.js';
import { type FusedRows, fused } from './fused.js';

const rows: FusedRows<RmsNormalizeAttributes> = fused({
  name: 'rmsNormalize',
  inputs: ['x', 'scale'],
  differentiable: 2,
  usesResult: false,
  shape: ([x, scale]) => {
    if (x!.length === 0 || scale!.length !== 1 || scale![0] !== x!.at(-1))
      throw new ShapeError('rmsNorm', { x: x!, scale: scale! }, 'x [..., n] and scale [n]');
    return x!;
  },
  dtype: ([x, scale]) => {
    if (x !== scale || !isFloating(x!))
      throw new DTypeError(
        'rmsNorm',
        { x: x!, scale: scale! },
        'two tensors of one floating dtype',
        'Convert with .cast().',
      );
    return x!;
  },
  run: kernels.rmsNormalize,
  pull: kernels.rmsNormalizeBackward,
  composed: ([x, scale], { epsilon }) => {
    const squares = x!.square().mean({ axis: -1, keepDims: true });
    return x!.mul(squares.add(epsilon).rsqrt()).mul(scale!);
  },
});

/** γ x / √(mean x² + ε) */
export const rmsNormalize: Primitive<RmsNormalizeAttributes> = rows.forward;
export const rmsNormalizeBackward: FusedRows<RmsNormalizeAttributes>['backward'] = rows.backward;
