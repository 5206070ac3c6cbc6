import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { inDouble } from './inDouble.js';

const halfPi = { high: 1.570796326794896558, low: 6.12323399573676603587e-17 } as const;
const quarterPi = { high: 7.85398163397448278999e-1, low: 3.06161699786838301793e-17 } as const;

/** (arcsin x − x) / x³ as a ratio of polynomials in x², |x| ≤ ½: FreeBSD e_asin.c. */
const arcsineNumerator = [
  1.66666666666666657415e-1, -3.25565818622400915405e-1, 2.01212532134862925881e-1, -4.00555345006794114027e-2,
  7.91534994289814532176e-4, 3.4793310759602116757e-5,
] as const;
const arcsineDenominator = [
  1, -2.40339491173441421878, 2.02094576023350569471, -6.8828397160545329303e-1, 7.70381505559019352791e-2,
] as const;

/** (x − arctan x) / x³ in x², |x| ≤ 7/16: FreeBSD s_atan.c. */
const arctangent = [
  3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.1111110405462355788e-1,
  9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2, -5.83357013379057348645e-2,
  4.97687799461593236017e-2, -3.6531572744216915527e-2, 1.62858201153657823623e-2,
] as const;

/** (arcsin √z − √z) / √z, z ≤ ¼ */
function arcsineRest(d: Lanes<'f64x2'>, z: Expr<'f64x2'>): Expr<'f64x2'> {
  return d.mul(z, d.div(d.polynomial(z, arcsineNumerator), d.polynomial(z, arcsineDenominator)));
}

/** What both share: z = x² below ½ and (1 − |x|) / 2 from there, with the function of it. Beyond 1 the root is NaN. */
function arcsineParts(d: Lanes<'f64x2'>, x: Expr<'f64x2'>) {
  const a = d.let(d.abs(x));
  const near = d.let(d.lt(a, 0.5));
  const z = d.let(d.select(near, d.mul(x, x), d.mul(d.sub(1, a), 0.5)));
  const root = d.let(d.sqrt(z));
  const rest = d.let(arcsineRest(d, z));
  /** 2 arcsin √((1 − |x|) / 2) */
  const far = d.let(d.mul(d.madd(root, rest, root), 2));
  return { near, rest, far };
}

/** arcsin x; NaN beyond ±1. */
export function asin<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const { near, rest, far } = arcsineParts(d, x!);
    const outer = d.sub(halfPi.high, d.sub(far, halfPi.low));
    return d.select(near, d.madd(x!, rest, x!), d.copySign(d.let(outer), x!));
  });
}

/** arccos x; NaN beyond ±1. */
export function acos<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => {
    const { near, rest, far } = arcsineParts(d, x!);
    const middle = d.sub(halfPi.high, d.sub(x!, d.sub(halfPi.low, d.mul(x!, rest))));
    const left = d.sub(2 * halfPi.high, d.sub(far, 2 * halfPi.low));
    return d.select(near, middle, d.select(d.lt(x!, 0), left, far));
  });
}

/** arctan a for a ≥ 0: of a, (a − 1) / (a + 1) or −1 / a, whichever is small, and the angle between. */
function arctanOfPositive(d: Lanes<'f64x2'>, a: Expr<'f64x2'>): Expr<'f64x2'> {
  const middle = d.let(d.gt(a, 0.41421356237309503));
  const large = d.let(d.gt(a, 2.414213562373095));
  const numerator = d.select(large, -1, d.select(middle, d.sub(a, 1), a));
  const denominator = d.select(large, a, d.select(middle, d.add(a, 1), 1));
  const t = d.let(d.div(numerator, denominator));
  const z = d.let(d.mul(t, t));
  const rest = d.mul(t, d.mul(z, d.polynomial(z, arctangent)));
  const high = d.select(large, halfPi.high, d.keep(middle, d.constant(quarterPi.high)));
  const low = d.select(large, halfPi.low, d.keep(middle, d.constant(quarterPi.low)));
  return d.sub(high, d.sub(d.sub(rest, low), t));
}

/** arctan x */
export function atan<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x]) => d.copySign(d.let(arctanOfPositive(d, d.let(d.abs(x!)))), x!));
}

/** The angle of the point (x, y), −π to π: of the smaller coordinate over the larger, brought to its quadrant. Zeros and infinities as C has them. */
export function atan2<V extends FloatVector>(v: Lanes<V>, y: Expr<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [y, x], (d, [y, x]) => {
    const [height, width] = [d.let(d.abs(y!)), d.let(d.abs(x!))];
    const larger = d.let(d.max(height, width));
    const smaller = d.let(d.min(height, width));
    // 0 / 0 is the angle 0, ∞ / ∞ that of the diagonal.
    const ratio = d.let(d.select(d.eq(larger, 0), 0, d.select(d.eq(smaller, Infinity), 1, d.div(smaller, larger))));
    const octant = d.let(arctanOfPositive(d, ratio));
    const quadrant = d.let(d.select(d.gt(height, width), d.sub(halfPi.high, d.sub(octant, halfPi.low)), octant));
    const left = d.lt(d.copySign(d.constant(1), x!), 0);
    const half = d.let(d.select(left, d.sub(2 * halfPi.high, d.sub(quadrant, 2 * halfPi.low)), quadrant));
    return d.copySign(half, y!);
  });
}
