import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { erfc, erfcSingle } from './errorFunction.js';
import { exp } from './exp.js';
import { expm1 } from './expm1.js';
import { inDouble } from './inDouble.js';
import { log1p } from './log.js';
import { sigmoid } from './sigmoid.js';

/** ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|) */
export function softplus<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const rest = log1p(d, d.let(exp(d, d.let(d.neg(d.abs(x!))))));
    // In this order NaN stays.
    return d.add(d.pmax(x!, 0), rest);
  });
}

/** x σ(x) */
export function silu<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const product = d.let(d.mul(x!, sigmoid(d, x!)));
    // −∞ · 0 is no number, but the limit is 0.
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** (x σ(x))′ = σ + x σ (1 − σ) */
export function siluSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const s = d.let(sigmoid(d, x!));
    const slope = d.let(d.madd(d.mul(x!, s), d.sub(1, s), s));
    return d.select(d.eq(d.abs(x!), Infinity), s, slope);
  });
}

/** Φ(x) = ½ erfc(−x/√2) */
function normalShare(d: Lanes<'f64x2'>, x: Expr<'f64x2'>, exact: boolean): Expr<'f64x2'> {
  const scaled = d.let(d.mul(x, -Math.SQRT1_2));
  if (exact) return d.mul(erfc(d, scaled), 0.5);
  const half = d.let(d.mul(erfcSingle(d, d.let(d.abs(scaled))), 0.5));
  return d.select(d.lt(x, 0), half, d.sub(1, half));
}

/** x Φ(x) */
export function gelu<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const product = d.let(d.mul(x!, normalShare(d, x!, exact)));
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** (x Φ(x))′ = Φ + x φ */
export function geluSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const share = d.let(normalShare(d, x!, exact));
    const bell = d.mul(exp(d, d.let(d.mul(d.mul(x!, x!), -0.5))), 1 / Math.sqrt(2 * Math.PI));
    const slope = d.let(d.madd(x!, bell, share));
    return d.select(d.eq(d.abs(x!), Infinity), share, slope);
  });
}

const geluScale = 2 * Math.sqrt(2 / Math.PI);
const geluCube = 0.044715;

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) = x σ(2√(2/π) (x + 0.044715 x³)) */
export function geluTanh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const square = d.let(d.mul(x!, x!));
    const inner = d.let(d.mul(d.mul(x!, geluScale), d.madd(square, geluCube, 1)));
    const product = d.let(d.mul(x!, sigmoid(d, inner)));
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** Its derivative: σ + x σ (1 − σ) · 2√(2/π) (1 + 3 · 0.044715 x²) */
export function geluTanhSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const square = d.let(d.mul(x!, x!));
    const inner = d.let(d.mul(d.mul(x!, geluScale), d.madd(square, geluCube, 1)));
    const s = d.let(sigmoid(d, inner));
    const innerSlope = d.mul(d.madd(square, 3 * geluCube, 1), geluScale);
    const flat = d.let(d.mul(s, d.sub(1, s)));
    const slope = d.let(d.madd(d.mul(x!, innerSlope), flat, s));
    // Where σ is 0 or 1 the powers of x, which may be infinite, no longer count.
    return d.select(d.eq(flat, 0), s, slope);
  });
}

/** tanh ln(1 + eˣ) = n / (n + 2) with n = eˣ (eˣ + 2), and eˣ. */
function mishParts(d: Lanes<'f64x2'>, x: Expr<'f64x2'>) {
  // From 40 on the quotient is 1.
  const e = d.let(exp(d, d.let(d.pmin(x, 40))));
  const n = d.let(d.mul(e, d.add(e, 2)));
  return { e, t: d.let(d.div(n, d.add(n, 2))) };
}

/** x tanh ln(1 + eˣ) */
export function mish<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const product = d.let(d.mul(x!, mishParts(d, x!).t));
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** Its derivative: t + x σ(x) (1 − t²) */
export function mishSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const { e, t } = mishParts(d, x!);
    const share = d.div(e, d.add(e, 1));
    const slope = d.let(d.madd(d.mul(x!, share), d.sub(1, d.mul(t, t)), t));
    return d.select(d.eq(d.abs(x!), Infinity), t, slope);
  });
}

/** x above 0, α (eˣ − 1) from there down. */
export function elu<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, alpha: Expr<V>): Expr<V> {
  return inDouble(v, [x, alpha], (d, [x, alpha]) => d.select(d.gt(x!, 0), x!, d.mul(alpha!, expm1(d, x!))));
}

/** Its derivative: 1 above 0, α eˣ from there down. */
export function eluSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, alpha: Expr<V>): Expr<V> {
  return inDouble(v, [x, alpha], (d, [x, alpha]) => d.select(d.gt(x!, 0), 1, d.mul(alpha!, exp(d, x!))));
}
