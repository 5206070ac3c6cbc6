/** Where in each row or column the element that was found lies. */

import { procedure } from './assemble.js';
import { anyTrue, constant, type Expr, op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

export interface SearchFunctions {
  /**
   * `(out, wanted, x, outer, extent, inner)`: x is outer × extent × inner; for each column (row, where `inner` is 1) the first place along
   * `extent` of the element that `wanted` holds, which is there, as int32. A wanted NaN is any NaN.
   */
  readonly search: WasmFunction;
}

/** The function for float32 or float64. */
export const searchModule: (type: FloatVector) => SearchFunctions = lazyModule((type: FloatVector) => [
  procedure(
    'search',
    { out: 'i32', wanted: 'i32', x: 'i32', outer: 'i32', extent: 'i32', inner: 'i32' },
    (code, { out, wanted, x, outer, extent, inner }) => {
      const v = new Lanes<FloatVector>(type, code);
      const [at, place, left] = [code.local('i32'), code.local('i32'), code.local('i32')];
      const bytes = v.elementBytes;
      /** Whether an element, or one of a vector of them, is the wanted one. */
      const isWanted = (value: Expr<FloatVector>, sought: Expr<FloatVector>): Expr<'i32'> => {
        const kept = v.let(value);
        return anyTrue(v.or(v.eq(kept, sought), v.and(v.ne(kept, kept), v.ne(sought, sought))));
      };
      const rowBytes = code.let(op('i32.mul', extent, bytes));
      const searchRow = (): void => {
        const sought = v.let(v.loadSplat(wanted));
        code.set(at, x);
        code.set(left, extent);
        // On by vectors as long as there is none in the next, and then by elements.
        for (const elements of [4 * v.width, 1]) {
          code.block((found) => {
            code.while(op('i32.ge_u', left, elements), () => {
              if (elements === 1) code.branchIf(found, isWanted(v.loadSplat(at), sought));
              else for (let k = 0; k < 4; k++) code.branchIf(found, isWanted(v.load(at, 16 * k), sought));
              code.advance(at, elements * bytes);
              code.advance(left, -elements);
            });
          });
        }
        code.store(out, op('i32.sub', extent, left));
        code.advance(x, rowBytes);
        code.advance(wanted, bytes);
        code.advance(out, 4);
      };
      const columnBytes = code.let(op('i32.mul', inner, bytes));
      const [target, sought] = [code.local('i32'), code.local('i32')];
      // From the last row to the first, along memory: the first place is written last.
      const searchColumns = (): void => {
        code.set(place, extent);
        code.advance(x, op('i32.mul', extent, columnBytes));
        code.while(place, () => {
          code.advance(place, -1);
          code.set(x, op('i32.sub', x, columnBytes));
          code.set(at, x);
          code.set(target, out);
          code.set(sought, wanted);
          code.set(left, inner);
          code.while(left, () => {
            code.if(isWanted(v.loadSplat(at), v.let(v.loadSplat(sought))), () => code.store(target, place));
            code.advance(at, bytes);
            code.advance(target, 4);
            code.advance(sought, bytes);
            code.advance(left, -1);
          });
        });
        code.advance(x, op('i32.mul', extent, columnBytes));
        code.advance(wanted, columnBytes);
        code.advance(out, op('i32.mul', inner, constant('i32', 4)));
      };
      code.repeat(outer, () => code.if(op('i32.eq', inner, 1), searchRow, searchColumns));
    },
  ),
]) as never;
