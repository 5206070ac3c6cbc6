/**
 * The natural logarithm in plain double arithmetic, so that it has the same bits in every engine (`Math.log` may differ
 * between them, and random numbers must not). Within 1 ulp. After fdlibm's e_log.c (Sun Microsystems, 1993).
 */

const ln2High = 6.9314718036912381649e-1;
const ln2Low = 1.90821492927058770002e-10;
const bits = new DataView(new ArrayBuffer(8));

/** ln x for positive, normal, finite x. */
export function logarithm(x: number): number {
  // x = 2ᵏ (1 + f) with √½ < 1 + f < √2.
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let k = (high >>> 20) - 1023;
  const fraction = high & 0xfffff;
  const carry = (fraction + 0x95f64) & 0x100000;
  bits.setUint32(0, fraction | (carry ^ 0x3ff00000));
  k += carry >>> 20;
  const f = bits.getFloat64(0) - 1;

  // ln(1 + f) = f − f²/2 + s (f²/2 + R(s²)), s = f / (2 + f); R is a Remez polynomial.
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  return k * ln2High - (half - (s * (half + even + odd) + k * ln2Low) - f);
}
