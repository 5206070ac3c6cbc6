/** Running totals in double precision: along rows one number at a time, down columns two at a time. */

import { type Func, procedure } from './assemble.js';
import type { Local } from './code.js';
import { constant, type Expr, load, loadAs, op } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/**
 * yₖ = xₖ + yₖ₋₁ and, `recurrence`, yₖ = aₖ yₖ₋₁ + xₖ, from y₋₁ = 0. Pointers are to where the walk begins; a `step`, in bytes, leads to the
 * next k and may be negative.
 */
export interface ScanFunctions {
  /** `(out, x, a, count, step, rows, bytes from row to row)`; cumsum reads no a. */
  readonly cumsumRows: WasmFunction;
  readonly recurrenceRows: WasmFunction;
  /** `(out, x, a, count, step, columns, totals: a float64 of 0 for each column)` */
  readonly cumsumColumns: WasmFunction;
  readonly recurrenceColumns: WasmFunction;
}

const shared = { out: 'i32', x: 'i32', a: 'i32', count: 'i32', step: 'i32' } as const;

function functions(type: FloatVector): readonly Func[] {
  const single = type === 'f32x4';
  const bytes = single ? 4 : 8;
  const read = (at: Local<'i32'>): Expr<'f64'> => (single ? op('f64.promote_f32', load('f32', at)) : load('f64', at));
  const narrow = (value: Expr<'f64'>): Expr => (single ? op('f32.demote_f64', value) : value);
  const readTwo = (at: Local<'i32'>): Expr<'f64x2'> =>
    single ? op('f64x2.promote_low_f32x4', loadAs('v128.load64_zero', 'f32x4', at)) : load('f64x2', at);

  const rowsOf = (name: string, scaled: boolean): Func =>
    procedure(name, { ...shared, rows: 'i32', rowStep: 'i32' }, (code, { out, x, a, count, step, rows, rowStep }) => {
      const total = code.local('f64');
      const pointers = [out, x, a].map((start) => ({ start, at: code.local('i32') }));
      const [to, from, factor] = pointers.map(({ at }) => at) as [Local<'i32'>, Local<'i32'>, Local<'i32'>];
      code.repeat(rows, () => {
        code.set(total, constant('f64', 0));
        for (const { start, at } of pointers) code.set(at, start);
        code.repeat(count, () => {
          code.set(total, op('f64.add', scaled ? op('f64.mul', read(factor), total) : total, read(from)));
          code.store(to, narrow(total));
          for (const { at } of pointers) code.advance(at, step);
        });
        for (const { start } of pointers) code.advance(start, rowStep);
      });
    });

  const columnsOf = (name: string, scaled: boolean): Func =>
    procedure(
      name,
      { ...shared, columns: 'i32', totals: 'i32' },
      (code, { out, x, a, count, step, columns, totals }) => {
        const d = new Lanes('f64x2', code);
        const [left, total] = [code.local('i32'), code.local('i32')];
        const pointers = [out, x, a].map((start) => ({ start, at: code.local('i32') }));
        const [to, from, factor] = pointers.map(({ at }) => at) as [Local<'i32'>, Local<'i32'>, Local<'i32'>];
        code.repeat(count, () => {
          for (const { start, at } of pointers) code.set(at, start);
          code.set(total, totals);
          code.set(left, columns);
          const turn = (elements: number, body: () => void): void => {
            code.while(op('i32.ge_u', left, elements), () => {
              body();
              for (const { at } of pointers) code.advance(at, elements * bytes);
              code.advance(total, elements * 8);
              code.advance(left, -elements);
            });
          };
          turn(2, () => {
            const last = d.load(total);
            const next = d.let(d.add(scaled ? d.mul(readTwo(factor), last) : last, readTwo(from)));
            d.store(total, next);
            if (single) code.storeLane(to, op('f32x4.demote_f64x2_zero', next), 8, 0);
            else d.store(to, next);
          });
          turn(1, () => {
            const last = load('f64', total);
            const next = code.let(op('f64.add', scaled ? op('f64.mul', read(factor), last) : last, read(from)));
            code.store(total, next);
            code.store(to, narrow(next));
          });
          for (const { start } of pointers) code.advance(start, step);
        });
      },
    );

  return [
    rowsOf('cumsumRows', false),
    rowsOf('recurrenceRows', true),
    columnsOf('cumsumColumns', false),
    columnsOf('recurrenceColumns', true),
  ];
}

/** The functions for float32 or float64. */
export const scanModule: (type: FloatVector) => ScanFunctions = lazyModule(functions) as never;
