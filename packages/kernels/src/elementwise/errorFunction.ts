/** The error function and its complement: FreeBSD s_erf.c, within 1 ulp of float64. */

import { costlyStaging, type DispatchedKernel, mapKernelPair } from '../kernel.js';
import { errorFunctionTables as tables } from '../vectorMath/errorFunctionTables.js';
import * as vector from '../vectorMath/kernels.js';
import { mapUnary } from './runs.js';

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + coefficients[k]!;
  return sum;
}

const ratio = (x: number, table: { numerator: readonly number[]; denominator: readonly number[] }): number =>
  polynomial(x, table.numerator) / polynomial(x, table.denominator);

/** a with the lower half of its digits cut off, so that its square is exact. */
const shortened = (a: number): number => Math.fround(a);

/** erfc a for a ≥ 1.25 */
function tail(a: number): number {
  if (a >= 28) return 0;
  const t = 1 / (a * a);
  const short = shortened(a);
  const rest = ratio(t, a < 1 / 0.35 ? tables.far : tables.farther);
  return (Math.exp(-short * short - 0.5625) * Math.exp((short - a) * (short + a) + rest)) / a;
}

function erfOf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a < 0.84375) return x + x * ratio(x * x, tables.near);
  const positive = a < 1.25 ? tables.erfOfOne + ratio(a - 1, tables.middle) : 1 - tail(a);
  return x < 0 ? -positive : positive;
}

/** erfc of one number. */
export function erfcOf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a < 0.84375) {
    const y = ratio(x * x, tables.near);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  const positive = a < 1.25 ? 1 - tables.erfOfOne - ratio(a - 1, tables.middle) : tail(a);
  return x < 0 ? 2 - positive : positive;
}

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
export const erf: DispatchedKernel = mapKernelPair(mapUnary(erfOf), vector.erf, costlyStaging);

/** 1 − erf x, without losing the small values. */
export const erfc: DispatchedKernel = mapKernelPair(mapUnary(erfcOf), vector.erfc, costlyStaging);
