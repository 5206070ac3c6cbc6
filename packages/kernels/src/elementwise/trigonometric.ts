/** Circular functions of angles in radians, and their inverses. */

import type { Block } from '../block.js';
import { costlyStaging, type DispatchedKernel, kernel, mapKernelPair } from '../kernel.js';
import { largestAngle } from '../vectorMath/index.js';
import * as vector from '../vectorMath/kernels.js';
import { anyBeyond } from '../wasm/anyBeyond.js';
import type { MapKernel } from '../wasm/mapKernel.js';
import { runMap } from '../wasm/runMap.js';
import { mapBinary, mapUnary } from './runs.js';

/** The vector functions reduce angles up to some size; where one is beyond, the plain loop takes all. */
function ofAngles(plain: (x: number) => number, twin: MapKernel): DispatchedKernel {
  const simd = (out: Block, inputs: readonly Block[]): boolean =>
    !anyBeyond(inputs[0]!, largestAngle) && runMap(twin, out, inputs);
  return kernel(mapUnary(plain), simd, costlyStaging);
}

/** sin x */
export const sin: DispatchedKernel = ofAngles(Math.sin, vector.sin);

/** cos x */
export const cos: DispatchedKernel = ofAngles(Math.cos, vector.cos);

/** tan x */
export const tan: DispatchedKernel = ofAngles(Math.tan, vector.tan);

/** arcsin x, −π/2 to π/2; NaN beyond ±1. */
export const asin: DispatchedKernel = mapKernelPair(mapUnary(Math.asin), vector.asin, costlyStaging);

/** arccos x, 0 to π; NaN beyond ±1. */
export const acos: DispatchedKernel = mapKernelPair(mapUnary(Math.acos), vector.acos, costlyStaging);

/** arctan x, −π/2 to π/2 */
export const atan: DispatchedKernel = mapKernelPair(mapUnary(Math.atan), vector.atan, costlyStaging);

/** The angle of the point (x, y), for y and x in this order; −π to π. */
export const atan2: DispatchedKernel = mapKernelPair(mapBinary(Math.atan2), vector.atan2, costlyStaging);
