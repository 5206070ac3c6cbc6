/** Sums and extrema over rows and over columns of a contiguous matrix. */

import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { anyTrue, as, constant, type Expr, extractLane, load, op, shuffle } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

/** `rows` elements of `out`, each folded from `columns` elements of `x`. Or, of columns, the other way round. */
export interface ReduceFunctions {
  /** (out, x, rows, columns) */
  readonly sumRows: WasmFunction;
  /** (out, x, rows, columns, scratch of float64 for each column) */
  readonly sumColumns: WasmFunction;
  /** (out, x, rows, columns) */
  readonly maxRows: WasmFunction;
  readonly minRows: WasmFunction;
}

/** Elements whose sum is made before it is added to that of those before. To float32 the errors of float64 totals are nothing. */
const blockLength = { f32x4: 2 ** 30, f64x2: 128 } as const;

const swapHalves = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];

/** The lanes of a float32 vector as two vectors of float64; a float64 vector is itself. */
function widened(type: FloatVector, x: Expr<FloatVector>): readonly Expr<'f64x2'>[] {
  if (type === 'f64x2') return [x as Expr<'f64x2'>];
  const single = x as Expr as Expr<'f32x4'>;
  return [
    op('f64x2.promote_low_f32x4', single),
    op('f64x2.promote_low_f32x4', as('f32x4', shuffle(single, single, swapHalves))),
  ];
}

/** Stores a float64 as an element. */
function storeElement(code: Code, type: FloatVector, at: Local<'i32'>, value: Expr<'f64'>): void {
  if (type === 'f32x4') code.store(at, op('f32.demote_f64', value));
  else code.store(at, value);
}

/**
 * Σ of each row: eight vectors at a time are added pairwise, and those sums in float64, in two vectors whose order never changes. So
 * float32 rounds three times on the way, whatever the length. In float64 the sums of blocks are added to the sum of those before.
 */
function sumRows(type: FloatVector): Func {
  return procedure(
    'sumRows',
    { out: 'i32', x: 'i32', rows: 'i32', columns: 'i32' },
    (code, { out, x, rows, columns }) => {
      const v = new Lanes<FloatVector>(type, code);
      const d = new Lanes('f64x2', code);
      const totals = [code.local('f64x2'), code.local('f64x2')];
      const partial = [code.local('f64x2'), code.local('f64x2')];
      const [left, block] = [code.local('i32'), code.local('i32')];
      const zero = d.constant(0);
      const addTo = (sums: readonly Local<'f64x2'>[], value: Expr<FloatVector>): void => {
        const kept = v.let(value);
        for (const [k, half] of widened(type, kept).entries()) code.set(sums[k]!, d.add(sums[k]!, half));
      };
      code.repeat(rows, () => {
        for (const total of totals) code.set(total, zero);
        code.set(left, columns);
        code.while(op('i32.ge_u', left, 8 * v.width), () => {
          for (const sum of partial) code.set(sum, zero);
          code.set(block, constant('i32', blockLength[type]));
          code.while(op('i32.and', op('i32.ge_u', left, 8 * v.width), op('i32.gt_s', block, 0)), () => {
            const at = (k: number): Expr<FloatVector> => v.load(x, 16 * k);
            const pairs = [0, 2, 4, 6].map((k) => v.add(at(k), at(k + 1)));
            addTo(partial, v.add(v.add(pairs[0]!, pairs[1]!), v.add(pairs[2]!, pairs[3]!)));
            code.advance(x, 128);
            code.advance(left, -8 * v.width);
            code.advance(block, -8 * v.width);
          });
          for (const [k, total] of totals.entries()) code.set(total, d.add(total, partial[k]!));
        });
        code.while(op('i32.ge_u', left, v.width), () => {
          addTo(totals, v.load(x));
          code.advance(x, 16);
          code.advance(left, -v.width);
        });
        const sum = d.let(d.add(totals[0]!, totals[1]!));
        const whole = code.let(op('f64.add', extractLane(sum, 0), extractLane(sum, 1)));
        code.while(left, () => {
          const element = v.loadSplat(x);
          code.set(whole, op('f64.add', whole, extractLane(code.let(widened(type, v.let(element))[0]!), 0)));
          code.advance(x, v.elementBytes);
          code.advance(left, -1);
        });
        storeElement(code, type, out, whole);
        code.advance(out, v.elementBytes);
      });
    },
  );
}

/** Σ of each column: four rows at a time are added pairwise, and those sums to float64 totals in `scratch`. */
function sumColumns(type: FloatVector): Func {
  return procedure(
    'sumColumns',
    { out: 'i32', x: 'i32', rows: 'i32', columns: 'i32', scratch: 'i32' },
    (code, { out, x, rows, columns, scratch }) => {
      const v = new Lanes<FloatVector>(type, code);
      const d = new Lanes('f64x2', code);
      const rowBytes = code.let(op('i32.mul', columns, v.elementBytes));
      const [left, total, target] = [code.local('i32'), code.local('i32'), code.local('i32')];
      const pointers = [0, 1, 2, 3].map(() => code.local('i32'));

      code.set(total, scratch);
      code.repeat(columns, () => {
        code.store(total, constant('f64', 0));
        code.advance(total, 8);
      });
      const turn = (count: number): void => {
        code.while(op('i32.ge_u', rows, count), () => {
          const used = pointers.slice(0, count);
          for (const [k, pointer] of used.entries())
            code.set(pointer, k === 0 ? x : op('i32.add', used[k - 1]!, rowBytes));
          code.set(total, scratch);
          code.set(left, columns);
          const step = (elements: number, read: (at: Local<'i32'>) => Expr<FloatVector>): void => {
            code.while(op('i32.ge_u', left, elements), () => {
              const [a, b, c, e] = used.map(read);
              const sum = v.let(count === 1 ? a! : v.add(v.add(a!, b!), v.add(c!, e!)));
              const halves = widened(type, sum);
              if (elements === 1) {
                const first = extractLane(code.let(halves[0]!), 0);
                code.store(total, op('f64.add', load('f64', total), first));
              } else {
                for (const [k, half] of halves.entries()) d.store(total, d.add(d.load(total, 16 * k), half), 16 * k);
              }
              for (const pointer of used) code.advance(pointer, elements * v.elementBytes);
              code.advance(total, 8 * elements);
              code.advance(left, -elements);
            });
          };
          step(v.width, (at) => v.load(at));
          step(1, (at) => v.loadSplat(at));
          code.set(x, op('i32.add', x, op('i32.mul', rowBytes, count)));
          code.advance(rows, -count);
        });
      };
      turn(4);
      turn(1);
      code.set(total, scratch);
      code.set(target, out);
      code.repeat(columns, () => {
        storeElement(code, type, target, load('f64', total));
        code.advance(target, v.elementBytes);
        code.advance(total, 8);
      });
    },
  );
}

/** The largest or smallest of each row; NaN where there is one. `rows` have one element at least. */
function extremeRows(name: 'maxRows' | 'minRows', type: FloatVector): Func {
  return procedure(name, { out: 'i32', x: 'i32', rows: 'i32', columns: 'i32' }, (code, { out, x, rows, columns }) => {
    const v = new Lanes<FloatVector>(type, code);
    const largest = name === 'maxRows';
    type Fold = (a: Expr<FloatVector>, b: Expr<FloatVector>) => Expr<FloatVector>;
    // One machine instruction, which passes by NaN and takes −0 for +0.
    const quick: Fold = (a, b) => (largest ? v.pmax(a, b) : v.pmin(a, b));
    const exact: Fold = (a, b) => (largest ? v.max(a, b) : v.min(a, b));
    const best = [0, 1, 2, 3].map(() => code.local(type));
    const sums = [0, 1, 2, 3].map(() => code.local(type));
    const [at, left] = [code.local('i32'), code.local('i32')];
    const rowBytes = code.let(op('i32.mul', columns, v.elementBytes));
    const walk = (fold: Fold, withSums: boolean): Local<FloatVector> => {
      const first = v.let(v.loadSplat(x));
      for (const lane of best) code.set(lane, first);
      if (withSums) for (const sum of sums) code.set(sum, v.constant(0));
      code.set(at, x);
      code.set(left, columns);
      const turn = (vectors: number, elements: number, load: (k: number) => Expr<FloatVector>): void => {
        code.while(op('i32.ge_u', left, elements), () => {
          for (let k = 0; k < vectors; k++) {
            const value = v.let(load(k));
            code.set(best[k]!, fold(best[k]!, value));
            if (withSums) code.set(sums[k]!, v.add(sums[k]!, value));
          }
          code.advance(at, elements * v.elementBytes);
          code.advance(left, -elements);
        });
      };
      turn(4, 4 * v.width, (k) => v.load(at, 16 * k));
      turn(1, v.width, () => v.load(at));
      turn(1, 1, () => v.loadSplat(at));
      const all = v.let(fold(fold(best[0]!, best[1]!), fold(best[2]!, best[3]!)));
      return v.let(v.across(all, fold));
    };
    code.repeat(rows, () => {
      const result = walk(quick, true);
      // A NaN makes its sum NaN. (Infinities of both signs do so too, and are read again for nothing.)
      const sum = v.let(v.add(v.add(sums[0]!, sums[1]!), v.add(sums[2]!, sums[3]!)));
      const unsure = v.let(v.or(v.ne(sum, sum), v.eq(result, 0)));
      code.if(anyTrue(unsure), () => code.set(result, walk(exact, false)));
      v.storeLane(out, result, 0);
      code.advance(x, rowBytes);
      code.advance(out, v.elementBytes);
    });
  });
}

/** The functions for float32 or float64. */
export const reduceModule: (type: FloatVector) => ReduceFunctions = lazyModule((type: FloatVector) => [
  sumRows(type),
  sumColumns(type),
  extremeRows('maxRows', type),
  extremeRows('minRows', type),
]) as never;
