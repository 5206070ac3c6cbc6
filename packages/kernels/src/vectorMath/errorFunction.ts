import type { Local } from '../wasm/code.js';
import type { Expr } from '../wasm/expr.js';
import type { FloatVector, Lanes } from '../wasm/lanes.js';
import { errorFunctionTables as tables } from './errorFunctionTables.js';
import { exp, expSingle, powerSingle } from './exp.js';
import { inDouble } from './inDouble.js';

/** erf x / x − 1 in x², |x| ≤ 1, with an error of 2⁻²⁹ (benchmarks/kernels/minimax.py). */
const nearSingle = [
  0.12837916612625122, -0.3761262595653534, 0.11283578723669052, -0.026853347197175026, 0.005187162198126316,
  -0.0007997852517291903, 0.00007806896610418335,
] as const;

/** eˣ² erfc x for 0 ≤ x ≤ 10.1, with an error of 2⁻²⁷ of it (benchmarks/kernels/rational.py). */
const farSingle = {
  numerator: [1.0000000048800821, 1.237814565931164, 0.7309401512782663, 0.2288857902246028, 0.032719698132503],
  denominator: [1, 2.366194256928957, 2.4008956762912788, 1.3241217068264988, 0.4057160386387375, 0.05799345226869142],
} as const;

/** Where erfc is 0 in float32. */
export const mostOfErfc = 10.3;

/** e^a² erfc a for 0 ≤ a ≤ `mostOfErfc`, good to the last bits of float32. */
export function scaledErfcSingle(d: Lanes<'f64x2'>, a: Expr<'f64x2'>): Expr<'f64x2'> {
  return d.div(d.horner(a, farSingle.numerator), d.horner(a, farSingle.denominator));
}

/** erfc a for such a; at the end it is 0, rounded. */
export function erfcSingle(d: Lanes<'f64x2'>, a: Expr<'f64x2'>): Expr<'f64x2'> {
  return d.mul(scaledErfcSingle(d, a), expSingle(d, d.let(d.mul(a, d.neg(a)))));
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

/**
 * erf x in float32: a + a p(a²) near 0, 1 − e^(−a²) q(a) from 1 on, where the product is so small that its last bits hardly count.
 */
function erfSingle(v: Lanes<'f32x4'>, x: Expr<'f32x4'>): Expr<'f32x4'> {
  // From 4 on it is 1, rounded. In this order NaN stays.
  const a = v.let(v.pmin(v.abs(x), 4));
  const square = v.let(v.mul(a, a));
  const near = v.let(v.madd(v.horner(square, nearSingle), a, a));
  const { factor, growth } = powerSingle(v, v.let(v.neg(square)));
  const ratio = v.div(v.horner(a, farSingle.numerator), v.horner(a, farSingle.denominator));
  const far = v.nmadd(v.let(v.madd(factor, growth, factor)), v.let(ratio), 1);
  return v.copySign(v.let(v.select(v.lt(a, 1), near, far)), x);
}

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
export function erf<V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> {
  if (v.type === 'f32x4') {
    return erfSingle(v as Lanes<never> as Lanes<'f32x4'>, x as Expr as Expr<'f32x4'>) as Expr as Expr<V>;
  }
  return inDouble(v, [x], (d, [x]) => {
    const a = d.let(d.abs(x!));
    const { near, middle, tail } = pieces(d, a);
    const beyond = d.select(d.lt(a, 1.25), d.add(middle, erx), d.sub(1, tail));
    const positive = d.let(d.select(d.lt(a, 0.84375), d.madd(a, near, a), beyond));
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
    } else positive = d.let(erfcSingle(d, d.let(d.pmin(a, mostOfErfc))));
    const result = d.select(negative, d.sub(2, positive), positive);
    return d.select(d.eq(x!, x!), result, x!);
  });
}
