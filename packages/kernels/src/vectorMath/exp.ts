import type { Local } from '../wasm/code.js';
import { as, type Expr, op, shuffle } from '../wasm/expr.js';
import { type FloatVector, Lanes, type MaskOf } from '../wasm/lanes.js';
import { promotedHigh, promotedLow } from './inDouble.js';

/** What differs between float32 and float64. */
interface Format {
  /** Bits of the fraction. */
  readonly mantissa: number;
  /** The exponent field of 1. */
  readonly bias: number;
  /** 1.5 · 2^mantissa: added to a small number it leaves that number, rounded to the nearest integer, in the lowest bits. */
  readonly magic: number;
  readonly smallestNormal: number;
}

export const formats: Readonly<Record<FloatVector, Format>> = {
  f32x4: { mantissa: 23, bias: 127, magic: 12582912, smallestNormal: 2 ** -126 },
  f64x2: { mantissa: 52, bias: 1023, magic: 6755399441055744, smallestNormal: 2 ** -1022 },
};

/** −ln 2 in two parts, the first so short that its product with an exponent is exact (Cephes; FreeBSD's e_exp.c). */
const minusLn2 = {
  f32x4: { high: -0.693359375, low: 2.1219444005469058277e-4 },
  f64x2: { high: -6.9314718036912381649e-1, low: -1.90821492927058770002e-10 },
} as const;

/** Where eˣ is certainly 0 or ∞, rounded. */
const range = { f32x4: { lowest: -104, highest: 89 }, f64x2: { lowest: -746, highest: 710 } } as const;

/**
 * (eʳ − 1 − r) / r² on |r| ≤ ½ ln 2, with an error of 2^−28 and 2^−56 of eʳ (benchmarks/kernels/minimax.py).
 */
const coefficients = {
  f32x4: [0.4999999403953552, 0.16666516661643982, 0.04166810214519501, 0.00836910679936409, 0.0013837063452228904],
  f64x2: [
    0.5000000000000011, 0.1666666666666641, 0.04166666666652919, 0.008333333333495627, 0.0013888888943922907,
    0.0001984126950476181, 2.480149276252254e-5, 2.755758734442593e-6, 2.763037871559883e-7, 2.4999964839950197e-8,
  ],
} as const;

/** x = n ln 2 + r with |r| ≤ ½ ln 2, and eʳ − 1 − r. */
interface Reduced<V extends FloatVector> {
  readonly n: Local<V>;
  /** Its lowest bits are n, as an integer. */
  readonly whole: Expr<MaskOf<V>>;
  readonly r: Local<V>;
  /** eʳ − 1 − r */
  readonly rest: Local<V>;
}

/** For an x that is already held between `lowest` and `highest`. */
export function reduceExp<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Reduced<V> {
  const { magic } = formats[v.type];
  const { high, low } = minusLn2[v.type];
  const shifted = v.let(v.madd(x, Math.LOG2E, magic));
  const n = v.let(v.sub(shifted, magic));
  const r = v.let(v.madd(n, low, v.madd(n, high, x)));
  const p = v.polynomial(r, coefficients[v.type]);
  return { n, whole: v.toBits(shifted), r, rest: v.let(v.mul(p, v.let(v.mul(r, r)))) };
}

/** x · 2ⁿ, n the lowest bits of `whole`. In two factors, 2^⌊n/2⌋ and the rest: for the largest n it would overflow, for the smallest it is no normal number. */
export function scale<V extends FloatVector>(
  v: Lanes<V>,
  x: Expr<V>,
  whole: Expr<MaskOf<V>>,
  shift: number = 0,
): Expr<V> {
  const { mantissa, bias } = formats[v.type];
  // What lies left of the exponent's bits is shifted out.
  const half = v.let(v.shiftRight(whole, 1));
  const first = v.fromBits(v.shiftLeft(v.addBits(half, bias), mantissa));
  const second = v.fromBits(v.shiftLeft(v.addBits(v.subtractBits(whole, half), bias + shift), mantissa));
  return v.mul(v.mul(x, first), second);
}

/**
 * eˣ = 2ⁿ · eʳ with n = ⌊x / ln 2⌉ and |r| ≤ ½ ln 2.
 *
 * Measured: float32, every 17th of all 2³² bit patterns, 1.02 ulp; float64, 20,000 samples against exact arithmetic, 0.99 ulp.
 * Overflow, underflow to subnormals and to 0, ±∞ and NaN as Math.exp has them.
 *
 * @param shift gives 2^shift eˣ, which may be in range where eˣ is not
 */
export function exp<V extends FloatVector>(v: Lanes<V>, x: Expr<V>, shift: number = 0): Expr<V> {
  const { lowest, highest } = range[v.type];
  // In this order of operands NaN goes through both.
  const { whole, r, rest } = reduceExp(v, v.let(v.pmin(v.pmax(x, lowest), highest - shift)));
  return scale(v, v.add(v.add(rest, r), 1), whole, shift);
}

/** eˣ = factor · (1 + growth), factor = 2ⁿ. */
export interface Power {
  readonly factor: Local<'f32x4'>;
  /** eʳ − 1, |r| ≤ ½ ln 2 */
  readonly growth: Local<'f32x4'>;
}

/**
 * 2^shift eˣ in its two factors, where its exponent n + shift lies between −126 and 127; a product of them does not round. `rest` is
 * what x has beyond its last bit.
 */
export function powerSingle(v: Lanes<'f32x4'>, x: Expr<'f32x4'>, shift: number = 0, rest?: Expr<'f32x4'>): Power {
  const { mantissa, bias } = formats.f32x4;
  const { high, low } = minusLn2.f32x4;
  const magic = formats.f32x4.magic + bias + shift;
  const shifted = v.let(v.madd(x, Math.LOG2E, magic));
  const n = v.let(v.sub(shifted, magic));
  const most = v.let(v.madd(n, low, v.let(v.madd(n, high, x))));
  const r = rest === undefined ? most : v.let(v.add(most, rest));
  return { factor: v.let(v.fromBits(v.shiftLeft(v.toBits(shifted), mantissa))), growth: growthSingle(v, r) };
}

/** eʳ − 1 for |r| ≤ ½ ln 2. */
const growthSingle = (v: Lanes<'f32x4'>, r: Local<'f32x4'>): Local<'f32x4'> =>
  v.let(v.madd(v.horner(r, coefficients.f32x4), v.let(v.mul(r, r)), r));

const bothLowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/**
 * 2^w in its two factors, of exponents w that need more than float32's last bits and so are computed in float64 lanes: there each
 * loses its whole part, and what remains is rounded.
 */
export function powerOfDouble(
  v: Lanes<'f32x4'>,
  x: Expr<'f32x4'>,
  exponent: (d: Lanes<'f64x2'>, x: Expr<'f64x2'>) => Expr<'f64x2'>,
): Power {
  const d = new Lanes('f64x2', v.code, v.fused);
  // The exponent's field of 2ⁿ in the lowest bits.
  const magic = formats.f64x2.magic + formats.f32x4.bias;
  const half = (x: Expr<'f64x2'>) => {
    const w = d.let(exponent(d, x));
    const shifted = d.let(d.add(w, magic));
    const r = d.mul(d.sub(w, d.sub(shifted, magic)), Math.LN2);
    return { shifted, r: v.let(op('f32x4.demote_f64x2_zero', r)) };
  };
  const kept = v.let(x);
  const [low, high] = [half(promotedLow(d, kept)), half(promotedHigh(d, kept))];
  const r = v.let(as('f32x4', shuffle(low.r, high.r, bothLowHalves)));
  const fields = as('i32x4', shuffle(low.shifted, high.shifted, lowWords));
  return { factor: v.let(v.fromBits(v.shiftLeft(fields, formats.f32x4.mantissa))), growth: growthSingle(v, r) };
}

/** Where eˣ and e^−x are normal numbers of float32. */
const mostOfQuick = 87;

/** |x| < 87, and no NaN. */
export const quickExponent = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'i32x4'> => v.lt(v.abs(x), mostOfQuick);

/** eˣ for |x| < 87: of the bits that `exp` has, up to its last rounding. */
export function quickExp(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  const { factor, growth } = powerSingle(v, x);
  return v.madd(factor, growth, factor);
}

/** eˣ for x ≤ 0 in softmax and kin, where what is below the normal numbers counts as 0. NaN stays. */
export function expOfNegative<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  if (v.type !== 'f32x4') return exp(v, x);
  const single = v as Lanes<never> as Lanes<'f32x4'>;
  // From −88 down the exponent's field is 0, and so is the factor.
  const held = single.let(single.pmax(x as Expr as Expr<'f32x4'>, -88));
  return quickExp(single, held) as Expr as Expr<V>;
}

/** (eʳ − 1 − r) / r² on |r| ≤ ½ ln 2, with an error of 2^−28 of eʳ (benchmarks/kernels/minimax.py). */
const shortCoefficients = [
  0.4999999341251703, 0.16666520107732058, 0.04166839420682597, 0.008368780419243018, 0.0013814467298142131,
] as const;

/** eˣ for |x| ≤ 700, good to the last bits of float32: half as many operations as `exp`, and no case apart. */
export function expSingle(d: Lanes<'f64x2'>, x: Expr<'f64x2'>): Expr<'f64x2'> {
  const { magic, mantissa } = formats.f64x2;
  const shifted = d.let(d.madd(x, Math.LOG2E, magic));
  const r = d.let(d.madd(d.sub(shifted, magic), -Math.LN2, x));
  const rest = d.mul(d.polynomial(r, shortCoefficients), d.let(d.mul(r, r)));
  const power = d.add(d.add(rest, r), 1);
  // The result is a normal number: 2ⁿ is n in its exponent.
  return d.fromBits(d.addBits(d.toBits(power), d.shiftLeft(d.toBits(shifted), mantissa)));
}
