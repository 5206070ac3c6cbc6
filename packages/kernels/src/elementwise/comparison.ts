/** Comparisons, as IEEE 754 has them: everything but `notEqual` is false where an operand is NaN. Results are bool. */

import { type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as simd from '../wasm/elementwise.js';
import { mapBinary, mapUnary } from './runs.js';

/** a = b */
export const equal: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a === b ? 1 : 0)),
  simd.equal,
);
/** a ≠ b */
export const notEqual: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a !== b ? 1 : 0)),
  simd.notEqual,
);
/** a < b */
export const less: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a < b ? 1 : 0)),
  simd.less,
);
/** a ≤ b */
export const lessEqual: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a <= b ? 1 : 0)),
  simd.lessEqual,
);
/** a > b */
export const greater: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a > b ? 1 : 0)),
  simd.greater,
);
/** a ≥ b */
export const greaterEqual: DispatchedKernel = mapKernelPair(
  mapBinary((a, b) => (a >= b ? 1 : 0)),
  simd.greaterEqual,
);

/** Whether x is NaN. */
export const isnan: DispatchedKernel = mapKernelPair(
  mapUnary((x) => (Number.isNaN(x) ? 1 : 0)),
  simd.isnan,
);

/** Whether x is ∞ or −∞. */
export const isinf: DispatchedKernel = mapKernelPair(
  mapUnary((x) => (Math.abs(x) === Infinity ? 1 : 0)),
  simd.isinf,
);

/** Whether x is a number and not infinite. */
export const isfinite: DispatchedKernel = mapKernelPair(
  mapUnary((x) => (Number.isFinite(x) ? 1 : 0)),
  simd.isfinite,
);
