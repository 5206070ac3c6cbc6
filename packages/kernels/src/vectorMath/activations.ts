import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { erfc, erfcSingle, mostOfErfc, scaledErfcSingle } from './errorFunction.js';
import { exp, expSingle, type Power, powerOfDouble, powerSingle } from './exp.js';
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

/*
 * In float32 these are computed from a = |x| alone: with s the share of 1 at −a, x times the share is max(x, 0) − a s, and
 * its derivative is f(−a) below 0 and 1 − f(−a) above. `most` is where a s is 0, rounded, so that ∞ is no case apart.
 */

const bounded = (d: Lanes<'f64x2'>, x: Expr<'f64x2'>, most: number) => d.let(d.pmin(d.abs(x), most));

const aboveOr = (d: Lanes<'f64x2'>, x: Expr<'f64x2'>, slope: Expr<'f64x2'>): Expr<'f64x2'> => {
  const below = d.let(slope);
  return d.select(d.lt(x, 0), below, d.sub(1, below));
};

/** σ(−u) for 0 ≤ u ≤ 700 */
function smallShare(d: Lanes<'f64x2'>, u: Expr<'f64x2'>): Expr<'f64x2'> {
  const e = d.let(expSingle(d, d.let(d.neg(u))));
  return d.div(e, d.add(e, 1));
}

/** Where x σ(x) is 0 in float32. */
const mostOfSilu = 120;

/** x σ(x) */
export function silu<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    if (!exact) {
      const a = bounded(d, x!, mostOfSilu);
      return d.sub(d.pmax(x!, 0), d.mul(a, smallShare(d, a)));
    }
    const product = d.let(d.mul(x!, sigmoid(d, x!)));
    // −∞ · 0 is no number, but the limit is 0.
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** x / (1 + e) in float32, e = factor · (1 + growth). */
function overOnePlus(v: Lanes<'f32x4'>, x: Expr<'f32x4'>, { factor, growth }: Power): Expr<'f32x4'> {
  const most = v.let(v.add(factor, 1));
  // What the sum lost counts where the factor is 2²⁴.
  const lost = v.sub(1, v.sub(most, factor));
  return v.div(x, v.add(v.let(v.madd(factor, growth, v.let(lost))), most));
}

/** x σ(x) = x / (1 + e^−x) in float32 for |x| < 87. */
export const quickSilu = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> =>
  overOnePlus(v, x, powerSingle(v, v.let(v.neg(x))));

/** (x σ(x))′ = σ + x σ (1 − σ) */
export function siluSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    if (!exact) {
      const a = bounded(d, x!, mostOfSilu);
      const s = d.let(smallShare(d, a));
      return aboveOr(d, x!, d.mul(s, d.sub(1, d.mul(a, d.sub(1, s)))));
    }
    const s = d.let(sigmoid(d, x!));
    const slope = d.let(d.madd(d.mul(x!, s), d.sub(1, s), s));
    return d.select(d.eq(d.abs(x!), Infinity), s, slope);
  });
}

/** Φ(x) = ½ erfc(−x/√2) */
const normalShare = (d: Lanes<'f64x2'>, x: Expr<'f64x2'>): Expr<'f64x2'> =>
  d.mul(erfc(d, d.let(d.mul(x, -Math.SQRT1_2))), 0.5);

const mostOfGelu = Math.SQRT2 * mostOfErfc;

/** x Φ(x) */
export function gelu<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    if (!exact) {
      const a = bounded(d, x!, mostOfGelu);
      const complement = erfcSingle(d, d.let(d.mul(a, Math.SQRT1_2)));
      return d.sub(d.pmax(x!, 0), d.mul(d.mul(a, 0.5), complement));
    }
    const product = d.let(d.mul(x!, normalShare(d, x!)));
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** (x Φ(x))′ = Φ + x φ */
export function geluSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const share = d.let(normalShare(d, x!));
    const bell = d.mul(exp(d, d.let(d.mul(d.mul(x!, x!), -0.5))), 1 / Math.sqrt(2 * Math.PI));
    const slope = d.let(d.madd(x!, bell, share));
    return d.select(d.eq(d.abs(x!), Infinity), share, slope);
  });
}

/** Down to here gelu is a normal number of float32. */
const leastOfQuick = -13;

/** Above −13, and no NaN. */
export const quickNormal = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'i32x4'> => v.gt(x, leastOfQuick);

/** From here up Φ(−a) is computed as the sixteenth power of a polynomial. */
const leastOfShare = -6.5;

/** Above −6.5, and no NaN. */
export const quickShare = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'i32x4'> => v.gt(x, leastOfShare);

/**
 * Φ(−a) to the power of ¹⁄₁₆ for 0 ≤ a ≤ 6.5, by powers of a − 3.25 (benchmarks/kernels/minimax.py). Its power of 16 has 16 times its
 * errors, so the first coefficients need float64; what the others add is small enough for float32.
 */
const rootOfTail = {
  double: [0.62744356047, -0.13789621845, -0.0032143928499, 0.0027492578286, -4.8874909896e-5, -3.7699374649e-5],
  single: [
    2.5242949e-6, 1.7609214e-7, -1.6521779e-8, -1.1446933e-9, 1.1996394e-11, 4.9290833e-11, -7.5758426e-12,
    3.7075672e-13,
  ],
} as const;

/** x Φ(x) in float32 for x > −6.5: max(x, 0) − a Φ(−a). At every number: 1.6 ulp. */
export function quickGelu(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  const a = v.let(v.pmin(v.abs(x), -leastOfShare));
  const rest = v.horner(v.let(v.add(a, leastOfShare / 2)), rootOfTail.single);
  const share = inDouble(v, [a, rest], (d, [a, rest]) => {
    const u = d.let(d.add(a!, leastOfShare / 2));
    let power = d.let(rootOfTail.double.reduceRight<Expr<'f64x2'>>((sum, c) => d.madd(sum, u, c), rest!));
    for (let k = 0; k < 4; k++) power = d.let(d.mul(power, power));
    return power;
  });
  return v.nmadd(a, share, v.pmax(x, 0));
}

/**
 * (x Φ(x))′ in float32 for x > −13, of e^(−a²/2) (½ e^(a²/2) erfc(a/√2) − a/√(2π)) for a = |x|: the power in float32 lanes, as its
 * two factors, and the difference, which must be good to more than float32's last bits, in float64.
 */
export function quickGeluSlope(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  const a = v.let(v.pmin(v.abs(x), -leastOfQuick));
  // −a²/2 in two words: of a with half its bits the square is exact (FreeBSD s_erf.c).
  const short = v.let(v.fromBits(v.and(v.toBits(a), -(2 ** 12))));
  const low = v.let(v.mul(v.mul(v.sub(short, a), 0.5), v.add(a, short)));
  const { factor, growth } = powerSingle(v, v.let(v.mul(v.mul(short, -0.5), short)), 0, low);
  const rest = inDouble(v, [a, growth], (d, [a, growth]) => {
    const b = d.let(d.mul(a!, Math.SQRT1_2));
    const value = d.let(d.sub(d.mul(scaledErfcSingle(d, b), 0.5), d.mul(b, 1 / Math.sqrt(Math.PI))));
    return d.madd(value, growth!, value);
  });
  const below = v.let(v.mul(factor, rest));
  return v.select(v.lt(x, 0), below, v.sub(1, below));
}

const geluScale = 2 * Math.sqrt(2 / Math.PI);
const geluCube = 0.044715;
/** Where the curve with tanh is 0 in float32. */
const mostOfGeluTanh = 12;

/** ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) = x σ(2√(2/π) (x + 0.044715 x³)) */
export function geluTanh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const a = exact ? x! : bounded(d, x!, mostOfGeluTanh);
    const square = d.let(d.mul(a, a));
    const inner = d.let(d.mul(d.mul(a, geluScale), d.madd(square, geluCube, 1)));
    if (!exact) return d.sub(d.pmax(x!, 0), d.mul(a, smallShare(d, inner)));
    const product = d.let(d.mul(x!, sigmoid(d, inner)));
    return d.select(d.eq(x!, -Infinity), -0, product);
  });
}

/** |x| < 10, where e to the power of the inner curve, and of minus it, are normal numbers of float32; no NaN. */
export const quickCurve = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'i32x4'> => v.lt(v.abs(x), 10);

/** The curve with tanh in float32 for |x| < 10. */
export function quickGeluTanh(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  const scale = -geluScale * Math.LOG2E;
  const power = powerOfDouble(v, x, (d, x) => d.mul(x, d.madd(d.let(d.mul(x, x)), scale * geluCube, scale)));
  return overOnePlus(v, x, power);
}

/** Its derivative: σ + x σ (1 − σ) · 2√(2/π) (1 + 3 · 0.044715 x²) */
export function geluTanhSlope<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const a = exact ? x! : bounded(d, x!, mostOfGeluTanh);
    const square = d.let(d.mul(a, a));
    const inner = d.let(d.mul(d.mul(a, geluScale), d.madd(square, geluCube, 1)));
    const innerSlope = d.mul(d.madd(square, 3 * geluCube, 1), geluScale);
    if (!exact) {
      const s = d.let(smallShare(d, inner));
      return aboveOr(d, x!, d.mul(s, d.sub(1, d.mul(d.mul(a, innerSlope), d.sub(1, s)))));
    }
    const s = d.let(sigmoid(d, inner));
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
