import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { exp } from './exp.js';
import { inDouble } from './inDouble.js';
import { log, log1p } from './log.js';

/** ∛x: e^(ln|x| / 3), and one step of Newton's, which leaves no more than the last rounding. */
export function cbrt<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    // Cubes near the subnormals would round: they are computed 2¹⁶² higher up, and their roots 2⁵⁴.
    const low = d.let(d.lt(d.abs(x!), 2 ** -900));
    const a = d.let(d.mul(d.abs(x!), d.select(low, 2 ** 162, 1)));
    const y = d.let(exp(d, d.let(d.mul(log(d, a), 1 / 3))));
    const square = d.let(d.mul(y, y));
    const step = d.div(d.sub(d.mul(square, y), a), d.mul(square, 3));
    const root = d.mul(d.sub(y, step), d.select(low, 2 ** -54, 1));
    const regular = d.and(d.gt(a, 0), d.lt(a, Infinity));
    return d.copySign(d.let(d.select(regular, root, a)), x!);
  });
}

/**
 * xʸ = e^(y ln|x|) with the sign of x where y is odd, for float32: in float64 the product would lose the digits before its
 * point. Zeros, infinities and NaN as C's pow.
 */
export function power<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, y: Expr<V>): Expr<V> {
  return inDouble(v, [x, y], (d, [x, y]) => {
    const a = d.let(d.abs(x!));
    const product = d.mul(y!, log(d, a));
    // 0 · ∞ is no number, but 1 to any power is 1.
    const magnitude = d.let(d.select(d.and(d.eq(a, 1), d.eq(y!, y!)), 1, exp(d, d.let(product))));
    const half = d.let(d.mul(y!, 0.5));
    const whole = d.let(d.eq(d.trunc(y!), y!));
    const odd = d.and(whole, d.ne(d.trunc(half), half));
    const signed = d.let(d.select(odd, d.copySign(magnitude, x!), magnitude));
    const undefinedRoot = d.and(d.and(d.lt(x!, 0), d.gt(x!, -Infinity)), d.not(whole));
    const one = d.or(d.eq(x!, 1), d.eq(y!, 0));
    return d.select(one, 1, d.select(undefinedRoot, NaN, signed));
  });
}

/** √(x² + y²) without overflow; ∞ where either is infinite, whatever the other. */
export function hypot<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, y: Expr<V>): Expr<V> {
  return inDouble(v, [x, y], (d, [x, y], exact) => {
    const [a, b] = [d.let(d.abs(x!)), d.let(d.abs(y!))];
    if (!exact) {
      // Squares of float32 neither overflow nor round here.
      const root = d.sqrt(d.add(d.mul(a, a), d.mul(b, b)));
      return d.select(d.or(d.eq(a, Infinity), d.eq(b, Infinity)), Infinity, root);
    }
    const larger = d.let(d.max(a, b));
    const ratio = d.let(d.div(d.min(a, b), larger));
    const root = d.select(d.eq(larger, 0), 0, d.mul(larger, d.sqrt(d.add(d.mul(ratio, ratio), 1))));
    return d.select(d.or(d.eq(a, Infinity), d.eq(b, Infinity)), Infinity, root);
  });
}

/** ln(eᵃ + eᵇ) = max + ln(1 + e^−|a − b|) */
export function logaddexp<V extends FloatVector>(v: Lanes<V>, a: Expr<V>, b: Expr<V>): Expr<V> {
  return inDouble(v, [a, b], (d, [a, b]) => {
    const larger = d.let(d.max(a!, b!));
    const rest = log1p(d, d.let(exp(d, d.let(d.neg(d.abs(d.sub(a!, b!)))))));
    // ∞ − ∞ is no number, but equal ones differ by 0.
    return d.add(larger, d.select(d.eq(a!, b!), Math.LN2, rest));
  });
}

/** x ln y; 0 where x is 0, whatever y but NaN. */
export function xlogy<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, y: Expr<V>): Expr<V> {
  return inDouble(v, [x, y], (d, [x, y]) => {
    const zero = d.and(d.eq(x!, 0), d.eq(y!, y!));
    return d.select(zero, 0, d.mul(x!, log(d, y!)));
  });
}
