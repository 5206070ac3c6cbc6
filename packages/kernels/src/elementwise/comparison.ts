/** Comparisons, as IEEE 754 has them: everything but `notEqual` is false where an operand is NaN. Results are bool. */

import { type Kernel, mapBinary } from './runs.js';

/** a = b */
export const equal: Kernel = mapBinary((a, b) => (a === b ? 1 : 0));
/** a ≠ b */
export const notEqual: Kernel = mapBinary((a, b) => (a !== b ? 1 : 0));
/** a < b */
export const less: Kernel = mapBinary((a, b) => (a < b ? 1 : 0));
/** a ≤ b */
export const lessEqual: Kernel = mapBinary((a, b) => (a <= b ? 1 : 0));
/** a > b */
export const greater: Kernel = mapBinary((a, b) => (a > b ? 1 : 0));
/** a ≥ b */
export const greaterEqual: Kernel = mapBinary((a, b) => (a >= b ? 1 : 0));
