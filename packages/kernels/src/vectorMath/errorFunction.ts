import type { Local } from '../wasm/code.js';
import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { errorFunctionTables as tables } from './errorFunctionTables.js';
import { exp } from './exp.js';
import { inDouble } from './inDouble.js';

/** erf x / x in x², |x| ≤ 1, with an error of 2⁻³⁵ (benchmarks/kernels/minimax.py). */
const nearSingle = [
  1.1283791670575676, -0.37612638433002565, 0.11283781956700335, -0.026865399227887034, 0.005220943470672972,
  -0.000848280346070847, 0.0001125678035270394, -9.641073046449912e-6,
] as const;

/** eˣ² erfc x in 1 / (1 + 0.4x), 0 ≤ x ≤ 10.1, with an error of 2⁻³⁵ of it (benchmarks/kernels/minimax.py). */
const farSingle = [
  6.348319138855329e-7, 0.22565401654221234, 0.22601222779365834, 0.2045422378759849, 0.19017045348226622,
  0.04282865600941947, 0.30525532950636375, -0.500966058649795, 0.7894664753687637, -0.8744522417699602,
  0.5467560036226239, -0.18003923432172625, 0.024771499737229825,
] as const;

/** erfc a for a ≥ 0, good to the last bits of float32. */
export function erfcSingle(d: Lanes<'f64x2'>, a: Expr<'f64x2'>): Expr<'f64x2'> {
  const t = d.let(d.div(1, d.madd(a, 0.4, 1)));
  const power = exp(d, d.let(d.neg(d.mul(a, a))));
  return d.mul(power, d.polynomial(t, farSingle));
}

/** The pieces of erf and erfc of a = |x|, exact to the last bits of float64: FreeBSD s_erf.c. */
function pieces(d: Lanes<'f64x2'>, a: Expr<'f64x2'>) {
  const z = d.let(d.mul(a, a));
  /** erf a = a + a · near, a < 0.84375 */
  const near = d.let(d.div(d.polynomial(z, tables.near.numerator), d.polynomial(z, tables.near.denominator)));
  const s = d.let(d.sub(a, 1));
  /** erf a = erx + middle, a < 1.25 */
  const middle = d.let(d.div(d.polynomial(s, tables.middle.numerator), d.polynomial(s, tables.middle.denominator)));
  const t = d.let(d.div(1, z));
  const closer = d.lt(a, 1 / 0.35);
  const ratio = d.select(
    closer,
    d.div(d.polynomial(t, tables.far.numerator), d.polynomial(t, tables.far.denominator)),
    d.div(d.polynomial(t, tables.farther.numerator), d.polynomial(t, tables.farther.denominator)),
  );
  // e^(−a²) in two factors: of a with half its bits the square is exact.
  const short = d.let(d.fromBits(d.and(d.toBits(a), -(2 ** 32))));
  const first = exp(d, d.let(d.sub(d.neg(d.mul(short, short)), 0.5625)));
  const second = exp(d, d.let(d.add(d.mul(d.sub(short, a), d.add(short, a)), ratio)));
  /** erfc a, from 1.25 on */
  const tail = d.let(d.keep(d.lt(a, 28), d.div(d.mul(first, second), a)));
  return { near, middle, tail };
}

const erx = tables.erfOfOne;

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
export function erf<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const a = d.let(d.abs(x!));
    let positive: Local<'f64x2'>;
    if (exact) {
      const { near, middle, tail } = pieces(d, a);
      const beyond = d.select(d.lt(a, 1.25), d.add(middle, erx), d.sub(1, tail));
      positive = d.let(d.select(d.lt(a, 0.84375), d.madd(a, near, a), beyond));
    } else {
      const z = d.let(d.mul(a, a));
      const near = d.mul(a, d.polynomial(z, nearSingle));
      positive = d.let(d.select(d.lt(a, 1), near, d.sub(1, erfcSingle(d, a))));
    }
    return d.copySign(d.let(d.select(d.eq(x!, x!), positive, x!)), x!);
  });
}

/** erfc x = 1 − erf x, without losing the small values. */
export function erfc<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  return inDouble(v, [x], (d, [x], exact) => {
    const a = d.let(d.abs(x!));
    const negative = d.let(d.lt(x!, 0));
    let positive: Local<'f64x2'>;
    if (exact) {
      const { near, middle, tail } = pieces(d, a);
      const small = d.let(d.mul(a, near));
      // From ¼ on, ½ − ((a − ½) + a · near): 1 − a would round.
      const inner = d.select(d.lt(a, 0.25), d.sub(1, d.add(a, small)), d.sub(0.5, d.add(d.sub(a, 0.5), small)));
      const beyond = d.select(d.lt(a, 1.25), d.sub(1 - erx, middle), tail);
      positive = d.let(d.select(d.lt(a, 0.84375), inner, beyond));
    } else positive = d.let(erfcSingle(d, a));
    const result = d.select(negative, d.sub(2, positive), positive);
    return d.select(d.eq(x!, x!), result, x!);
  });
}
