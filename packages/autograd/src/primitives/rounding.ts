/** Rounding, tests of numbers, and the bits of integers: constant almost everywhere, so nothing flows back. */

import * as kernels from '@cotangent/kernels';
import { broadcastShapes, type DType, DTypeError, type Kernel } from '@cotangent/kernels';
import { elementwiseBatch } from '../batching.js';
import { pairwise } from '../families.js';
import { type Primitive, primitive } from '../primitive.js';

function constantOf(name: string, run: Kernel, dtype?: DType): Primitive<undefined> {
  return primitive({
    name,
    inputs: ['x'],
    shape: ({ x }) => x,
    dtype: ({ x }) => dtype ?? x,
    run,
    keeps: { x: [] },
    vjp: { x: null },
    jvp: { x: null },
    batch: elementwiseBatch,
  });
}

export const floor: Primitive<undefined> = constantOf('floor', kernels.floor);
export const ceil: Primitive<undefined> = constantOf('ceil', kernels.ceil);
export const round: Primitive<undefined> = constantOf('round', kernels.round);
export const trunc: Primitive<undefined> = constantOf('trunc', kernels.trunc);
export const isnan: Primitive<undefined> = constantOf('isnan', kernels.isnan, 'bool');
export const isinf: Primitive<undefined> = constantOf('isinf', kernels.isinf, 'bool');
export const isfinite: Primitive<undefined> = constantOf('isfinite', kernels.isfinite, 'bool');

function constantOfTwo(
  name: string,
  run: Kernel,
  allowed: (dtype: DType) => boolean,
  what: string,
): Primitive<undefined> {
  return primitive({
    name,
    inputs: ['a', 'b'],
    promotion: 'common',
    shape: ({ a, b }) => broadcastShapes(name, a, b),
    dtype: ({ a }) => {
      if (!allowed(a)) throw new DTypeError(name, { operands: a }, what);
      return a;
    },
    run,
    keeps: { a: [], b: [] },
    vjp: { a: null, b: null },
    jvp: { a: null, b: null },
    batch: elementwiseBatch,
  });
}

export const floorDivide: Primitive<undefined> = constantOfTwo(
  'floorDivide',
  kernels.floorDivide,
  (dtype) => dtype !== 'bool',
  'numbers',
);

const isWhole = (dtype: DType): boolean => dtype === 'int32' || dtype === 'uint8' || dtype === 'bool';
const bits = (name: string, run: Kernel): Primitive<undefined> =>
  constantOfTwo(name, run, isWhole, 'integers or bools');

export const bitwiseAnd: Primitive<undefined> = bits('bitwiseAnd', kernels.bitwiseAnd);
export const bitwiseOr: Primitive<undefined> = bits('bitwiseOr', kernels.bitwiseOr);
export const bitwiseXor: Primitive<undefined> = bits('bitwiseXor', kernels.bitwiseXor);
export const leftShift: Primitive<undefined> = bits('leftShift', kernels.leftShift);
export const rightShift: Primitive<undefined> = bits('rightShift', kernels.rightShift);
export const bitwiseNot: Primitive<undefined> = primitive({
  name: 'bitwiseNot',
  inputs: ['x'],
  shape: ({ x }) => x,
  dtype: ({ x }) => {
    if (!isWhole(x) || x === 'bool') throw new DTypeError('bitwiseNot', { x }, 'integers', 'For bools: logicalNot.');
    return x;
  },
  run: kernels.bitwiseNot,
  keeps: { x: [] },
  vjp: { x: null },
  jvp: { x: null },
  batch: elementwiseBatch,
});

/** a − b ⌊a/b⌋: ∂/∂b = −⌊a/b⌋ */
export const remainder: Primitive<undefined> = pairwise('remainder', {
  run: kernels.remainder,
  keeps: { a: [], b: ['a', 'b'] },
  vjp: { a: (g) => g, b: (g, { a, b }) => g.mul(a.div(b).floor()).neg() },
  domain: { note: 'a/b no whole number', range: [1.1, 1.9] },
});

/** a − b trunc(a/b): ∂/∂b = −trunc(a/b) */
export const fmod: Primitive<undefined> = pairwise('fmod', {
  run: kernels.fmod,
  keeps: { a: [], b: ['a', 'b'] },
  vjp: { a: (g) => g, b: (g, { a, b }) => g.mul(a.div(b).trunc()).neg() },
  domain: { note: 'a/b no whole number', range: [1.1, 1.9] },
});
