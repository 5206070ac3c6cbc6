/** Picking by index: slices or single elements, moved out of where they lie or added back there. */

import { type Func, func } from './assemble.js';
import type { Local } from './code.js';
import { constant, load, op, select } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';
import { moveRow } from './rows.js';

/**
 * Both walk `picked`, which is contiguous, `outer` times `along` times `inner`. Indices are int32, negative ones count from the end, and
 * `indexStep` bytes are added to their pointer after each outer turn. Slice k of `whole` begins `slice` bytes behind slice k − 1; the
 * slices of the next outer turn lie behind all `extent` of this one.
 *
 * They give 1, or 0 as soon as an index is not from −extent to extent − 1.
 */
export interface PickFunctions {
  /** An index for each slice: `(whole, picked, indices, indexStep, extent, slice, outer, along, inner)` */
  readonly gatherSlices: WasmFunction;
  readonly addSlices: WasmFunction;
  /** An index for each element; the i-th of a slice lies `i · step` bytes behind its start: the same, and `step`. */
  readonly gatherElements: WasmFunction;
  readonly addElements: WasmFunction;
}

const shared = {
  whole: 'i32',
  picked: 'i32',
  indices: 'i32',
  indexStep: 'i32',
  extent: 'i32',
  slice: 'i32',
  outer: 'i32',
  along: 'i32',
  inner: 'i32',
} as const;

function pick(name: keyof PickFunctions, type: FloatVector): Func {
  const adds = name.startsWith('add');
  const single = name.endsWith('Elements');
  return func(name, single ? { ...shared, step: 'i32' } : shared, 'i32', (code, args) => {
    const v = new Lanes<FloatVector>(type, code);
    const { whole, picked, indices, indexStep, extent, slice, outer, along, inner } = args;
    const [at, from, left, index] = [0, 1, 2, 3].map(() => code.local('i32')) as [
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
      Local<'i32'>,
    ];
    const fine = code.local('i32');
    code.block((end) => {
      /** The next index, counted from the front. */
      const next = (): void => {
        code.set(index, load('i32', indices));
        code.set(index, select(op('i32.add', index, extent), index, op('i32.lt_s', index, 0)));
        code.branchIf(end, op('i32.ge_u', index, extent));
        code.advance(indices, 4);
      };
      code.repeat(outer, () => {
        code.repeat(along, () => {
          if (single) {
            code.set(from, whole);
            code.set(left, inner);
            code.while(left, () => {
              next();
              code.set(at, op('i32.add', from, op('i32.mul', index, slice)));
              const [target, source] = adds ? [at, picked] : [picked, at];
              const value = v.loadSplat(source);
              v.storeLane(target, v.let(adds ? v.add(v.loadSplat(target), value) : value), 0);
              code.advance(from, (args as { readonly step: Local<'i32'> } & typeof args).step);
              code.advance(picked, v.elementBytes);
              code.advance(left, -1);
            });
          } else {
            next();
            code.set(at, op('i32.add', whole, op('i32.mul', index, slice)));
            code.set(left, inner);
            if (adds) moveRow(v, at, picked, left, true);
            else moveRow(v, picked, at, left, false);
          }
        });
        code.advance(whole, op('i32.mul', extent, slice));
        code.advance(indices, indexStep);
      });
      code.set(fine, constant('i32', 1));
    });
    return fine;
  });
}

/** The functions for elements as wide as float32 or float64; moving looks at no value, so integers travel as floats. */
export const pickModule: (type: FloatVector) => PickFunctions = lazyModule((type: FloatVector) =>
  (['gatherSlices', 'addSlices', 'gatherElements', 'addElements'] as const).map((name) => pick(name, type)),
) as never;
