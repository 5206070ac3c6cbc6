import type { Local } from '../wasm/code.js';
import { bits, type Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { formats } from './exp.js';
import { inDouble } from './inDouble.js';

/**
 * Up to here the vector functions hold: n π/2 is taken off in three parts of which n times the first two is exact. Beyond,
 * the kernels use the plain loop.
 */
export const largestAngle: number = 2 ** 19;

/** π/2 in three parts: 33 bits, 33 bits, the rest (FreeBSD e_rem_pio2.c). */
const quarterTurn = [1.57079632673412561417, 6.0771005063039659766e-11, 2.02226624879595063154e-21] as const;

/** (sin y − y) / y³ in y²: FreeBSD k_sin.c, and k_sinf.c where float32 is wanted. */
const sinCoefficients = {
  exact: [
    -1.66666666666666324348e-1, 8.33333333332248946124e-3, -1.98412698298579493134e-4, 2.75573137070700676789e-6,
    -2.50507602534068634195e-8, 1.58969099521155010221e-10,
  ],
  single: [
    -0.166666666416265235595, 0.0083333293858894631756, -0.000198393348360966317347, 0.0000027183114939898219064,
  ],
} as const;

/** (cos y − 1 + y²/2) / y⁴ in y²: FreeBSD k_cos.c, k_cosf.c. */
const cosCoefficients = {
  exact: [
    4.16666666666666019037e-2, -1.38888888888741095749e-3, 2.48015872894767294178e-5, -2.75573143513906633035e-7,
    2.0875723212981748279e-9, -1.13596475577881948265e-11,
  ],
  single: [0.0416666233237390631894, -0.00138867637746099294692, 0.0000243904487962774090654],
} as const;

interface Angle {
  readonly sin: Local<'f64x2'>;
  readonly cos: Local<'f64x2'>;
  /** In its lowest two bits the quadrant. */
  readonly quadrant: Expr<'i64x2'>;
}

/** x = n π/2 + y; the sine and cosine of y, |y| ≤ π/4. */
function reduced(d: Lanes<'f64x2'>, x: Expr<'f64x2'>, exact: boolean): Angle {
  const { magic } = formats.f64x2;
  const shifted = d.let(d.add(d.mul(x, 2 / Math.PI), magic));
  const n = d.let(d.sub(shifted, magic));
  const t = d.let(d.sub(x, d.mul(n, quarterTurn[0])));
  const w = d.let(d.mul(n, quarterTurn[1]));
  const high = d.let(d.sub(t, w));
  const low = d.let(d.sub(d.sub(d.sub(t, high), w), d.mul(n, quarterTurn[2])));
  const y = d.let(d.add(high, low));
  const z = d.let(d.mul(y, y));
  const cube = d.let(d.mul(z, y));
  if (!exact) {
    const sin = d.let(d.add(y, d.mul(cube, d.polynomial(z, sinCoefficients.single))));
    const cos = d.let(
      d.add(d.sub(1, d.mul(z, 0.49999999725103100312)), d.mul(d.mul(z, z), d.polynomial(z, cosCoefficients.single))),
    );
    return { sin, cos, quadrant: d.toBits(shifted) };
  }
  // What y lost by rounding counts: sin(y + e) = sin y + e cos y, cos(y + e) = cos y − e sin y.
  const tail = d.let(d.add(d.sub(high, y), low));
  const [first, ...others] = sinCoefficients.exact;
  const r = d.polynomial(z, others);
  const sin = d.let(
    d.sub(y, d.sub(d.sub(d.mul(z, d.sub(d.mul(0.5, tail), d.mul(cube, r))), tail), d.mul(cube, first))),
  );
  const halfSquare = d.let(d.mul(0.5, z));
  const front = d.let(d.sub(1, halfSquare));
  const rest = d.sub(d.mul(d.mul(z, z), d.polynomial(z, cosCoefficients.exact)), d.mul(y, tail));
  const cos = d.let(d.add(front, d.add(d.sub(d.sub(1, front), halfSquare), rest)));
  return { sin, cos, quadrant: d.toBits(shifted) };
}

/** Set where the quadrant is odd. */
function odd(d: Lanes<'f64x2'>, quadrant: Expr<'i64x2'>): Local<'i64x2'> {
  const signed = d.or(d.shiftLeft(quadrant, 63), d.toBits(d.constant(1)));
  return d.let(d.lt(d.fromBits(signed), 0));
}

const flip = (d: Lanes<'f64x2'>, x: Expr<'f64x2'>, signs: Expr<'i64x2'>): Expr<'f64x2'> =>
  d.fromBits(bits('v128.xor', d.toBits(x), signs));

/** Up to here float32 reduces angles by itself. */
const mostOfQuick = 8192;

export const quickAngle = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'i32x4'> => v.lt(v.abs(x), mostOfQuick);

/** π/2 in float32 numbers: for fused multiply-adds in full ones, of which products do not round; else such that n times the first three is exact. */
const quarterTurnSingle = {
  fused: [1.57079637050628662109, -4.37113882867379288655e-8, -1.7151245100058818728e-15],
  unfused: [1.5703125, 4.837512969970703125e-4, 7.549533620476722717e-8, 2.563344068257089603e-12],
} as const;

/** (sin y − y) / y³ and (cos y − 1 + y²/2) / y⁴ in y², |y| ≤ π/4: Cephes sinf.c. */
const singleCoefficients = {
  sin: [-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4],
  cos: [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5],
} as const;

/** a = n π/2 + y for 0 ≤ a < 8192; the sine and cosine of y, all ones where n is odd, and n in the lowest bits. */
function quicklyReduced(v: Lanes<'f32x4'>, a: Expr<'f32x4'>) {
  const { magic } = formats.f32x4;
  // Rounded twice in both variants: n must be the same in them.
  const shifted = v.let(v.add(v.mul(a, 2 / Math.PI), magic));
  const n = v.let(v.sub(shifted, magic));
  const [first, second, third, fourth] = quarterTurnSingle[v.fused ? 'fused' : 'unfused'];
  const before = v.let(v.nmadd(n, second, v.let(v.nmadd(n, first, a))));
  let y = v.let(v.nmadd(n, third, before));
  if (fourth !== undefined) {
    // What the third difference lost is put back with the fourth part.
    const lost = v.sub(v.sub(before, y), v.mul(n, third));
    y = v.let(v.add(y, v.sub(lost, v.mul(n, fourth))));
  }
  const z = v.let(v.mul(y, y));
  const sin = v.let(v.madd(v.let(v.mul(z, y)), v.horner(z, singleCoefficients.sin), y));
  const front = v.let(v.nmadd(z, 0.5, 1));
  const cos = v.let(v.madd(v.let(v.mul(z, z)), v.horner(z, singleCoefficients.cos), front));
  const quadrant = v.toBits(shifted);
  const odd = v.let(v.subtractBits(v.integer(0), v.and(quadrant, 1)));
  return { sin, cos, quadrant, odd };
}

const signBit = -(2 ** 31);

/** `magnitude` with the sign that the highest bit of `sign` says flipped. */
const flipSingle = (v: Lanes<'f32x4'>, x: Expr<'f32x4'>, sign: Expr<'i32x4'>): Expr<'f32x4'> =>
  v.fromBits(bits('v128.xor', v.toBits(x), v.and(sign, signBit)));

/** sin x in float32 for |x| < 8192. */
export function quickSin(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  const { sin, cos, quadrant, odd } = quicklyReduced(v, v.let(v.abs(x)));
  const sign = bits('v128.xor', v.shiftLeft(quadrant, 30), x);
  return flipSingle(v, v.select(odd, cos, sin), sign);
}

/** cos x in float32 for |x| < 8192. */
export function quickCos(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  const { sin, cos, quadrant, odd } = quicklyReduced(v, v.let(v.abs(x)));
  return flipSingle(v, v.select(odd, sin, cos), v.shiftLeft(v.addBits(quadrant, 1), 30));
}

/** The bit of weight 2, where the sign of a number is. */
const secondBit = (d: Lanes<'f64x2'>, quadrant: Expr<'i64x2'>): Expr<'i64x2'> => d.shiftLeft(d.and(quadrant, 2), 62);

/** Where the argument is so small, it is the value; so −0 stays. */
const tiny = 2 ** -30;

/** sin x for |x| ≤ `largestAngle`. */
export function sin<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const { sin, cos, quadrant } = reduced(d, x!, exact);
    const result = flip(d, d.select(odd(d, quadrant), cos, sin), secondBit(d, quadrant));
    return d.select(d.lt(d.abs(x!), tiny), x!, result);
  });
}

/** cos x for |x| ≤ `largestAngle`. */
export function cos<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const { sin, cos, quadrant } = reduced(d, x!, exact);
    return flip(d, d.select(odd(d, quadrant), sin, cos), secondBit(d, d.let(d.addBits(quadrant, 1))));
  });
}

/** tan x for |x| ≤ `largestAngle`. */
export function tan<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const { sin, cos, quadrant } = reduced(d, x!, exact);
    const swapped = odd(d, quadrant);
    const result = d.div(d.select(swapped, cos, sin), d.select(swapped, d.neg(sin), cos));
    return d.select(d.lt(d.abs(x!), tiny), x!, result);
  });
}
