/** The elementwise kernels that need polynomials. */

import { unaryMap } from '../wasm/elementwise.js';
import type { MapKernel } from '../wasm/mapKernel.js';
import * as vector from './index.js';

export const exp: MapKernel = unaryMap('exp', 4, vector.exp, true);
export const log: MapKernel = unaryMap('log', 4, vector.log, true);
export const tanh: MapKernel = unaryMap('tanh', 4, vector.tanh, true);
export const sigmoid: MapKernel = unaryMap('sigmoid', 4, vector.sigmoid, true);
