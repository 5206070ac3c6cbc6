/** Rows of elements moved or added, each row a given number of bytes from the last. */

import { type Func, procedure } from './assemble.js';
import { op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/** `(to, step, from, step, rows, elements in a row)`; steps in bytes. */
export interface RowsFunctions {
  readonly copy: WasmFunction;
  readonly add: WasmFunction;
}

function functions(type: FloatVector): readonly Func[] {
  const write = (name: string, adds: boolean): Func =>
    procedure(
      name,
      { to: 'i32', toStep: 'i32', from: 'i32', fromStep: 'i32', rows: 'i32', elements: 'i32' },
      (code, { to, toStep, from, fromStep, rows, elements }) => {
        const v = new Lanes<FloatVector>(type, code);
        const [target, source, left] = [code.local('i32'), code.local('i32'), code.local('i32')];
        code.repeat(rows, () => {
          code.set(target, to);
          code.set(source, from);
          code.set(left, elements);
          const turn = (vectors: number): void => {
            code.while(op('i32.ge_u', left, vectors * v.width), () => {
              for (let k = 0; k < vectors; k++) {
                const value = v.load(source, 16 * k);
                v.store(target, adds ? v.add(v.load(target, 16 * k), value) : value, 16 * k);
              }
              code.advance(target, 16 * vectors);
              code.advance(source, 16 * vectors);
              code.advance(left, -vectors * v.width);
            });
          };
          turn(4);
          turn(1);
          code.while(left, () => {
            const value = v.loadSplat(source);
            v.storeLane(target, v.let(adds ? v.add(v.loadSplat(target), value) : value), 0);
            code.advance(target, v.elementBytes);
            code.advance(source, v.elementBytes);
            code.advance(left, -1);
          });
          code.advance(to, toStep);
          code.advance(from, fromStep);
        });
      },
    );
  return [write('copy', false), write('add', true)];
}

/** Copies of rows and sums of rows; memory of source and target must not overlap. */
export const rowsModule: (type: FloatVector) => RowsFunctions = lazyModule(functions) as never;
