import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { exp } from './exp.js';

/** (tanh x − x) / x³ as a polynomial in x², |x| < 0.625: Cephes tanhf.c. */
const singleCoefficients = [
  -3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3,
] as const;

/** (tanh x − x) / x³ as a ratio of polynomials in x², |x| < 0.625: Cephes tanh.c. */
const doubleNumerator = [-1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1] as const;
const doubleDenominator = [4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1] as const;

/**
 * tanh x = x + x³ R(x²) near 0, 1 − 2 / (e²ˣ + 1) elsewhere, with the sign of x.
 *
 * Measured: float32, every 17th of all 2³² bit patterns, 1.32 ulp; float64, 20,000 samples against exact arithmetic, 1.28 ulp.
 */
export function tanh<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  const magnitude = v.let(v.abs(x));
  const square = v.let(v.mul(magnitude, magnitude));
  const ratio =
    v.type === 'f32x4'
      ? v.polynomial(square, singleCoefficients)
      : v.div(v.polynomial(square, doubleNumerator), v.polynomial(square, doubleDenominator));
  const near = v.let(v.madd(v.mul(ratio, square), magnitude, magnitude));
  const power = exp(v, v.let(v.add(magnitude, magnitude)));
  const far = v.let(v.sub(1, v.div(2, v.add(power, 1))));
  return v.copySign(v.select(v.lt(magnitude, 0.625), near, far), x);
}
