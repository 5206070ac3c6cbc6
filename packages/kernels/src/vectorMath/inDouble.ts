/** float32 functions by way of float64 lanes. */

import type { Local } from '../wasm/code.js';
import { as, type Expr, op, shuffle } from '../wasm/expr.js';
import { type FloatVector, Lanes } from '../wasm/lanes.js';

/** A function on float64 lanes. `exact`: whether its result is wanted to the last bits of float64, or of float32 only. */
type DoubleFunction = (d: Lanes<'f64x2'>, inputs: readonly Expr<'f64x2'>[], exact: boolean) => Expr<'f64x2'>;

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
const bothLowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** The first two of four float32 numbers as float64. */
export const promotedLow = (d: Lanes<'f64x2'>, x: Local<'f32x4'>): Local<'f64x2'> =>
  d.let(op('f64x2.promote_low_f32x4', x));

/** The last two. */
export const promotedHigh = (d: Lanes<'f64x2'>, x: Local<'f32x4'>): Local<'f64x2'> =>
  d.let(op('f64x2.promote_low_f32x4', as('f32x4', shuffle(x, x, upperHalf))));

/**
 * A function of vectors from one of float64 lanes. float32 is widened, computed two lanes at a time and rounded once: one
 * algorithm serves both, and in float32 nothing but that rounding is left of its errors.
 */
export function inDouble<V extends FloatVector>(v: Lanes<V>, inputs: readonly Expr<V>[], f: DoubleFunction): Expr<V> {
  if (v.type === 'f64x2')
    return f(
      v as Lanes<never> as Lanes<'f64x2'>,
      inputs as readonly Expr[] as Expr<'f64x2'>[],
      true,
    ) as Expr as Expr<V>;
  const d = new Lanes('f64x2', v.code, v.fused);
  const kept = inputs.map((x) => v.let(x as Expr as Expr<'f32x4'>));
  const low = f(
    d,
    kept.map((x) => promotedLow(d, x)),
    false,
  );
  const lowResult = v.let(op('f32x4.demote_f64x2_zero', low));
  const high = f(
    d,
    kept.map((x) => promotedHigh(d, x)),
    false,
  );
  const highResult = v.let(op('f32x4.demote_f64x2_zero', high));
  return shuffle(lowResult, highResult, bothLowHalves) as Expr as Expr<V>;
}
