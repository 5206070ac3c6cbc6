/** One value in memory that is contiguous: the engine's own `fill` takes twice as long where the memory is shared. */

import { procedure } from './assemble.js';
import type { Expr } from './expr.js';
import { op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

export interface FillFunctions {
  /** `(to, elements, value)` */
  readonly fill: WasmFunction;
}

/** The function for float32 or float64. */
export const fillModule: (type: FloatVector) => FillFunctions = lazyModule((type: FloatVector) => [
  procedure(
    'fill',
    { to: 'i32', elements: 'i32', value: type === 'f32x4' ? 'f32' : 'f64' },
    (code, { to, elements, value }) => {
      const v = new Lanes<FloatVector>(type, code);
      const vector = v.let(v.splat(value as Expr as Expr<'f32'>));
      for (const vectors of [8, 1]) {
        code.while(op('i32.ge_u', elements, vectors * v.width), () => {
          for (let k = 0; k < vectors; k++) v.store(to, vector, 16 * k);
          code.advance(to, 16 * vectors);
          code.advance(elements, -vectors * v.width);
        });
      }
      code.while(elements, () => {
        v.storeLane(to, vector, 0);
        code.advance(to, v.elementBytes);
        code.advance(elements, -1);
      });
    },
  ),
]) as never;
