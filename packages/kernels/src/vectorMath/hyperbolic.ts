import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { exp } from './exp.js';
import { expm1 } from './expm1.js';
import { inDouble } from './inDouble.js';
import { log1p } from './log.js';

/** From here on e⁻ˣ no longer counts beside eˣ. */
const large = 22;

/** sinh x = (E + E / (E + 1)) / 2 with E = e^|x| − 1. */
export function sinh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const a = d.let(d.abs(x!));
    const e = d.let(expm1(d, a));
    const share = d.let(d.div(e, d.add(e, 1)));
    // Below 1 the first form cancels less: 2E − E² / (E + 1).
    const small = d.select(d.lt(a, 1), d.sub(d.add(e, e), d.mul(e, share)), d.add(e, share));
    return d.copySign(d.let(d.select(d.gt(a, large), exp(d, a, -1), d.mul(small, 0.5))), x!);
  });
}

/** cosh x = (e^|x| + e^−|x|) / 2 */
export function cosh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const a = d.let(d.abs(x!));
    // ½ eˣ, which is in range a little longer than eˣ.
    const half = d.let(exp(d, a, -1));
    return d.select(d.gt(a, large), half, d.add(half, d.div(0.25, half)));
  });
}

/** From here on x² + 1 is x². */
const huge = 2 ** 28;

/** ln(1 + near), or where `far` is set ln(2a): as ln(1 + (a − 1)) + ln 2. */
function logOfTwice(d: Lanes<'f64x2'>, far: Expr<'i64x2'>, a: Expr<'f64x2'>, near: Expr<'f64x2'>): Expr<'f64x2'> {
  const kept = d.let(far);
  const log = log1p(d, d.let(d.select(kept, d.sub(a, 1), near)));
  return d.add(log, d.keep(kept, d.constant(Math.LN2)));
}

/** arsinh x = ln(1 + |x| + x² / (1 + √(1 + x²))), with the sign of x. */
export function asinh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const a = d.let(d.abs(x!));
    const square = d.let(d.mul(a, a));
    const near = d.add(a, d.div(square, d.add(d.sqrt(d.add(square, 1)), 1)));
    return d.copySign(d.let(logOfTwice(d, d.gt(a, huge), a, near)), x!);
  });
}

/** arcosh x = ln(1 + t + √(2t + t²)) with t = x − 1; NaN below 1. */
export function acosh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const t = d.let(d.sub(x!, 1));
    const near = d.add(t, d.sqrt(d.add(d.add(t, t), d.mul(t, t))));
    return d.select(d.lt(x!, 1), NaN, logOfTwice(d, d.gt(x!, huge), x!, near));
  });
}

/** artanh x = ½ ln(1 + 2|x| / (1 − |x|)), with the sign of x; NaN beyond ±1. */
export function atanh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const a = d.let(d.abs(x!));
    const twice = d.let(d.add(a, a));
    const rest = d.let(d.sub(1, a));
    // Near 0 the quotient is written as 2a + 2a² / (1 − a), whose first term is exact.
    const argument = d.select(d.lt(a, 0.5), d.add(twice, d.div(d.mul(twice, a), rest)), d.div(twice, rest));
    return d.copySign(d.let(d.mul(log1p(d, d.let(argument)), 0.5)), x!);
  });
}
