import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { formats, reduceExp, scale } from './exp.js';
import { inDouble } from './inDouble.js';

/** eˣ − 1 = 2 (2ⁿ⁻¹ (eʳ − 1) + (2ⁿ⁻¹ − ½)): neither cancels near 0 nor overflows before it must. */
export function expm1<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const { bias, mantissa } = formats[d.type];
    // Below −40 it is −1, rounded.
    const { n, whole, r, rest } = reduceExp(d, d.let(d.pmin(d.pmax(x!, -40), 710)));
    const small = d.let(d.add(rest, r));
    const half = d.let(d.fromBits(d.shiftLeft(d.addBits(whole, bias - 1), mantissa)));
    const large = d.let(d.madd(half, small, d.sub(half, 0.5)));
    return d.copySign(d.select(d.eq(n, 0), small, d.add(large, large)), x!);
  });
}

/** 2ˣ = 2ⁿ e^((x − n) ln 2), x − n being exact. */
export function exp2<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const { magic } = formats[d.type];
    const clamped = d.let(d.pmin(d.pmax(x!, -1080), 1030));
    const shifted = d.let(d.add(clamped, magic));
    const { r, rest } = reduceExp(d, d.let(d.mul(d.sub(clamped, d.sub(shifted, magic)), Math.LN2)));
    return scale(d, d.add(d.add(rest, r), 1), d.toBits(shifted));
  });
}
