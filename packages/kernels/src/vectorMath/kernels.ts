/** The elementwise kernels that need polynomials. */

import { binaryMap, unaryMap } from '../wasm/elementwise.js';
import type { Expr } from '../wasm/expr.js';
import type { Lanes } from '../wasm/lanes.js';
import { type MapKernel, type MapSpec, mapKernel } from '../wasm/mapKernel.js';
import * as vector from './index.js';

type Single<R> = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>) => R;

/** A kernel of one operand with a quicker body in float32 for the elements that `suits` picks. */
const quickMap = (
  name: string,
  f: Parameters<typeof unaryMap>[2],
  suits: Single<Expr<'i32x4'>>,
  quick: Single<Expr<'f32x4'>>,
  unroll = 4,
): MapKernel =>
  mapKernel({
    name,
    inputs: { x: 'elements' },
    outputs: { out: 'elements' },
    unroll,
    fuses: true,
    body: (v, { x }) => ({ out: f(v, x) }),
    quick: { suits: (v, { x }) => suits(v, x), body: (v, { x }) => ({ out: quick(v, x) }) },
  });

const cotangentAndPlace = { g: 'elements', x: 'elements' } as const;
const out = { out: 'elements' } as const;

/** g f′(x), from x: the slope is computed as `unaryMap` and `quickMap` compute, and never written to memory. */
function backwardMap(
  name: string,
  unroll: number,
  slope: Parameters<typeof unaryMap>[2],
  quick?: { readonly suits: Single<Expr<'i32x4'>>; readonly slope: Single<Expr<'f32x4'>> },
): MapKernel {
  const spec: MapSpec<typeof cotangentAndPlace, typeof out, never> = {
    name,
    inputs: cotangentAndPlace,
    outputs: out,
    unroll,
    fuses: true,
    body: (v, { g, x }) => ({ out: v.mul(g, slope(v, x)) }),
  };
  if (quick === undefined) return mapKernel(spec);
  return mapKernel({
    ...spec,
    quick: { suits: (v, { x }) => quick.suits(v, x), body: (v, { g, x }) => ({ out: v.mul(g, quick.slope(v, x)) }) },
  });
}

export const exp: MapKernel = quickMap('exp', (v, x) => vector.exp(v, x), vector.quickExponent, vector.quickExp);
export const log: MapKernel = quickMap('log', vector.log, vector.quickLogarithm, vector.quickLog);
export const tanh: MapKernel = unaryMap('tanh', 4, vector.tanh, true);
export const sigmoid: MapKernel = unaryMap('sigmoid', 4, vector.sigmoid, true);

// Two vectors side by side, where more would leave too few registers for the constants on Node 20.
export const exp2: MapKernel = unaryMap('exp2', 2, vector.exp2, true);
export const expm1: MapKernel = unaryMap('expm1', 2, vector.expm1, true);
export const log1p: MapKernel = unaryMap('log1p', 2, vector.log1p, true);
export const log2: MapKernel = unaryMap('log2', 2, vector.log2, true);
export const log10: MapKernel = unaryMap('log10', 2, vector.log10, true);
export const sin: MapKernel = quickMap('sin', vector.sin, vector.quickAngle, vector.quickSin);
export const cos: MapKernel = quickMap('cos', vector.cos, vector.quickAngle, vector.quickCos);
export const tan: MapKernel = unaryMap('tan', 2, vector.tan, true);
export const asin: MapKernel = unaryMap('asin', 2, vector.asin, true);
export const acos: MapKernel = unaryMap('acos', 2, vector.acos, true);
export const atan: MapKernel = unaryMap('atan', 2, vector.atan, true);
export const sinh: MapKernel = unaryMap('sinh', 2, vector.sinh, true);
export const cosh: MapKernel = unaryMap('cosh', 2, vector.cosh, true);
export const asinh: MapKernel = unaryMap('asinh', 2, vector.asinh, true);
export const acosh: MapKernel = unaryMap('acosh', 2, vector.acosh, true);
export const atanh: MapKernel = unaryMap('atanh', 2, vector.atanh, true);
export const erf: MapKernel = unaryMap('erf', 2, vector.erf, true);
export const erfc: MapKernel = unaryMap('erfc', 2, vector.erfc, true);
export const cbrt: MapKernel = unaryMap('cbrt', 2, vector.cbrt, true);

export const power: MapKernel = binaryMap('power', 2, vector.power, true);
export const atan2: MapKernel = binaryMap('atan2', 2, vector.atan2, true);
export const hypot: MapKernel = binaryMap('hypot', 2, vector.hypot, true);
export const logaddexp: MapKernel = binaryMap('logaddexp', 2, vector.logaddexp, true);
export const xlogy: MapKernel = binaryMap('xlogy', 2, vector.xlogy, true);

export const softplus: MapKernel = unaryMap('softplus', 2, vector.softplus, true);
export const silu: MapKernel = quickMap('silu', vector.silu, vector.quickExponent, vector.quickSilu);
export const siluBackward: MapKernel = backwardMap('siluBackward', 4, vector.siluSlope);
export const gelu: MapKernel = quickMap('gelu', vector.gelu, vector.quickShare, vector.quickGelu);
export const geluBackward: MapKernel = backwardMap('geluBackward', 2, vector.geluSlope, {
  suits: vector.quickNormal,
  slope: vector.quickGeluSlope,
});
export const geluTanh: MapKernel = quickMap('geluTanh', vector.geluTanh, vector.quickCurve, vector.quickGeluTanh);
export const geluTanhBackward: MapKernel = backwardMap('geluTanhBackward', 4, vector.geluTanhSlope);
export const mish: MapKernel = unaryMap('mish', 2, vector.mish, true);
export const mishBackward: MapKernel = backwardMap('mishBackward', 2, vector.mishSlope);

const alphaMap = (name: string, f: typeof vector.elu): MapKernel =>
  mapKernel({
    name,
    inputs: { x: 'elements' },
    outputs: { out: 'elements' },
    parameters: ['alpha'],
    unroll: 2,
    fuses: true,
    body: (v, { x }, { alpha }) => ({ out: f(v, x, alpha) }),
  });

export const elu: MapKernel = alphaMap('elu', vector.elu);
export const eluSlope: MapKernel = alphaMap('eluSlope', vector.eluSlope);
