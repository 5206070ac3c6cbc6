/** Hyperbolic functions and their inverses. (tanh stands with the activations.) */

import { costlyStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import * as vector from '../vectorMath/kernels.js';
import { mapUnary } from './runs.js';

/** sinh x */
export const sinh: DispatchedKernel = mapKernelPair(mapUnary(Math.sinh), vector.sinh, costlyStaging);

/** cosh x */
export const cosh: DispatchedKernel = mapKernelPair(mapUnary(Math.cosh), vector.cosh, costlyStaging);

/** arsinh x */
export const asinh: DispatchedKernel = mapKernelPair(mapUnary(Math.asinh), vector.asinh, costlyStaging);

/** arcosh x; NaN below 1. */
export const acosh: DispatchedKernel = mapKernelPair(mapUnary(Math.acosh), vector.acosh, costlyStaging);

/** artanh x; ±∞ at ±1, NaN beyond. */
export const atanh: DispatchedKernel = mapKernelPair(mapUnary(Math.atanh), vector.atanh, costlyStaging);
