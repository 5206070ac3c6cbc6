import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { exp } from './exp.js';

/**
 * With e = e^−|x| and q = e / (1 + e): 1 − q for x ≥ 0 and e − e q below, which neither overflows nor loses its small
 * values. (1 / (1 + e) and q themselves are less accurate, 2.05 ulp in float32: the rounding of 1 + e counts in full there.)
 *
 * Measured: float32, every 17th of all 2³² bit patterns, 1.83 ulp; float64, 20,000 samples against exact arithmetic, 1.56 ulp.
 */
export function sigmoid<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  const e = v.let(exp(v, v.let(v.neg(v.abs(x)))));
  const q = v.let(v.div(e, v.add(e, 1)));
  const base = v.let(v.select(v.ge(x, 0), 1, e));
  return v.madd(v.neg(base), q, base);
}
