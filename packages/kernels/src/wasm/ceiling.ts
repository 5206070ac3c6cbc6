/** A kernel that touches no memory: what its arithmetic reaches is the most that matrix multiplication could. */

import { type Func, procedure } from './assemble.js';
import { isFused, Lanes, lanesOfVariant, type Variant } from './lanes.js';
import { lazyModule, type WasmExports } from './load.js';

/** Sums that grow side by side: enough to hide the latency of an addition, few enough for the registers. */
export const ceilingSums = 12;

/** `ceiling(turns, scratch)`: in each turn every sum s becomes s · a + b. At the end they are stored, to have been needed. */
export function ceilingFunctions(variant: Variant): readonly Func[] {
  return [
    procedure('ceiling', { turns: 'i32', scratch: 'i32' }, (code, { turns, scratch }) => {
      const v = new Lanes(lanesOfVariant(variant), code, isFused(variant));
      const [a, b] = [v.constant(0.999), v.constant(0.0001)];
      const sums = Array.from({ length: ceilingSums }, (_, k) => v.let(v.constant(k)));
      code.repeat(turns, () => {
        for (const sum of sums) code.set(sum, v.madd(sum, a, b));
      });
      for (const sum of sums) v.store(scratch, sum);
    }),
  ];
}

/** The module of the register-only kernel. */
export const ceilingModule: (variant: Variant) => WasmExports = lazyModule(ceilingFunctions);

/** Floating-point operations of one turn. */
export function ceilingOperations(variant: Variant): number {
  return 2 * ceilingSums * (lanesOfVariant(variant) === 'f32x4' ? 4 : 2);
}
