/** Rounding, and division that rounds. */

import { type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as simd from '../wasm/elementwise.js';
import { type Kernel, mapBinary, mapUnary } from './runs.js';

/** The largest whole number not above x. */
export const floor: DispatchedKernel = mapKernelPair(mapUnary(Math.floor), simd.floor);

/** The smallest whole number not below x. */
export const ceil: DispatchedKernel = mapKernelPair(mapUnary(Math.ceil), simd.ceil);

/** The whole part. */
export const trunc: DispatchedKernel = mapKernelPair(mapUnary(Math.trunc), simd.trunc);

function halfToEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return Object.is(down, 0) && Object.is(x, -0) ? -0 : down;
  const up = Math.ceil(x);
  return rest > 0.5 || down % 2 !== 0 ? up : down;
}

/** The nearest whole number, halves to the even one (IEEE 754, NumPy, PyTorch). */
export const round: DispatchedKernel = mapKernelPair(mapUnary(halfToEven), simd.round);

/** a − b ⌊a/b⌋, with the sign of b (Python's %). */
export const remainder: Kernel = mapBinary((a, b) => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest === 0 && b < 0 ? -0 : rest;
});

/** a − b trunc(a/b), with the sign of a (C's fmod, JavaScript's %). */
export const fmod: Kernel = mapBinary((a, b) => a % b);

/** ⌊a / b⌋ */
export const floorDivide: Kernel = mapBinary((a, b) => Math.floor(a / b));
