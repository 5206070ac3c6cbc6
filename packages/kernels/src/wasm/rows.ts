/** Rows of elements moved or added, each row a given number of bytes from the last. */

import { type Func, procedure } from './assemble.js';
import type { Local } from './code.js';
import { op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/** `(to, step, from, step, rows, elements in a row)`; steps in bytes. */
export interface RowsFunctions {
  readonly copy: WasmFunction;
  readonly add: WasmFunction;
  /** `(to, from, rows, before, elements, after)`: rows one behind the other, with zeros before and after each. */
  readonly pad: WasmFunction;
}

/** Writes the move of one row of `left` elements, or its addition; the pointers then stand behind it. */
export function moveRow(
  v: Lanes<FloatVector>,
  target: Local<'i32'>,
  source: Local<'i32'>,
  left: Local<'i32'>,
  adds: boolean,
): void {
  const { code } = v;
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
          moveRow(v, target, source, left, adds);
          code.advance(to, toStep);
          code.advance(from, fromStep);
        });
      },
    );
  const pad = procedure(
    'pad',
    { to: 'i32', from: 'i32', rows: 'i32', before: 'i32', elements: 'i32', after: 'i32' },
    (code, { to, from, rows, before, elements, after }) => {
      const v = new Lanes<FloatVector>(type, code);
      const left = code.local('i32');
      /** So many elements, vectors first. */
      const walk = (count: Local<'i32'>, vector: () => void, single: () => void): void => {
        code.set(left, count);
        for (const [elements, write] of [
          [v.width, vector],
          [1, single],
        ] as const) {
          code.while(op('i32.ge_u', left, elements), () => {
            write();
            code.advance(to, elements * v.elementBytes);
            code.advance(left, -elements);
          });
        }
      };
      const zeros = (count: Local<'i32'>): void =>
        walk(
          count,
          () => v.store(to, v.constant(0)),
          () => v.storeLane(to, v.constant(0), 0),
        );
      code.repeat(rows, () => {
        zeros(before);
        walk(
          elements,
          () => {
            v.store(to, v.load(from));
            code.advance(from, 16);
          },
          () => {
            v.storeLane(to, v.let(v.loadSplat(from)), 0);
            code.advance(from, v.elementBytes);
          },
        );
        zeros(after);
      });
    },
  );
  return [write('copy', false), write('add', true), pad];
}

/** Copies of rows and sums of rows; memory of source and target must not overlap. */
export const rowsModule: (type: FloatVector) => RowsFunctions = lazyModule(functions) as never;
