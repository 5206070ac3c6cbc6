/** Operations on the bits of integers. */

import { type Kernel, mapBinary, mapUnary } from './runs.js';

/** a AND b */
export const bitwiseAnd: Kernel = mapBinary((a, b) => a & b);

/** a OR b */
export const bitwiseOr: Kernel = mapBinary((a, b) => a | b);

/** a XOR b */
export const bitwiseXor: Kernel = mapBinary((a, b) => a ^ b);

/** NOT x: every bit the other way round. */
export const bitwiseNot: Kernel = mapUnary((x) => ~x);

/** a · 2ᵇ, wrapping; 0 from 32 places on. */
export const leftShift: Kernel = mapBinary((a, b) => (b < 0 || b > 31 ? 0 : a << b));

/** ⌊a / 2ᵇ⌋, the sign stays. */
export const rightShift: Kernel = mapBinary((a, b) => a >> Math.min(b < 0 ? 31 : b, 31));
