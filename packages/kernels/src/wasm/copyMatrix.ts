/**
 * Copies a matrix of any strides into rows that are contiguous. Three loops: rows that are contiguous already are
 * copied by vectors, columns that are contiguous are transposed in registers (4×4 float32, 2×2 float64), and anything
 * else goes element by element.
 */

import { type Func, procedure } from './assemble.js';
import type { Code, Local } from './code.js';
import { constant, type Expr, op, shuffle } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule, type WasmFunction } from './load.js';

type I32 = Local<'i32'>;

/** Two rows to two, exchanging what lies off the diagonal of their 2×2 squares of `bytes`. */
function interleave<V extends FloatVector>(a: Expr<V>, b: Expr<V>, bytes: number, high: boolean): Expr<V> {
  const picks: number[] = [];
  for (let k = 0; k < 16; k++) {
    const piece = Math.floor(k / bytes);
    const from = (Math.floor(piece / 2) + (high ? 8 / bytes : 0)) * bytes + (k % bytes);
    picks.push(piece % 2 === 0 ? from : 16 + from);
  }
  return shuffle(a, b, picks);
}

/** The columns of a square of vectors, as vectors. */
export function writeSquareTransposed<V extends FloatVector>(v: Lanes<V>, rows: readonly Expr<V>[]): Expr<V>[] {
  if (v.width === 2) {
    const [a, b] = rows as [Expr<V>, Expr<V>];
    return [interleave(a, b, 8, false), interleave(a, b, 8, true)];
  }
  const [a, b, c, d] = rows as [Expr<V>, Expr<V>, Expr<V>, Expr<V>];
  // a0 b0 a1 b1 | c0 d0 c1 d1 → a0 b0 c0 d0 | a1 b1 c1 d1, and likewise for the upper halves.
  const [abLow, abHigh] = [v.let(interleave(a, b, 4, false)), v.let(interleave(a, b, 4, true))];
  const [cdLow, cdHigh] = [v.let(interleave(c, d, 4, false)), v.let(interleave(c, d, 4, true))];
  return [
    interleave(abLow, cdLow, 8, false),
    interleave(abLow, cdLow, 8, true),
    interleave(abHigh, cdHigh, 8, false),
    interleave(abHigh, cdHigh, 8, true),
  ];
}

/** One matrix: pointers to its first elements and steps in bytes. Leaves its arguments as they are. */
export interface MatrixCopy {
  readonly target: I32;
  readonly targetRowStep: Expr<'i32'>;
  readonly source: I32;
  readonly sourceRowStep: I32;
  readonly sourceColumnStep: I32;
  readonly rows: Expr<'i32'>;
  readonly columns: Expr<'i32'>;
}

/** Writes the code that copies one matrix. */
export function writeMatrixCopy<V extends FloatVector>(v: Lanes<V>, copy: MatrixCopy): void {
  const { code } = v;
  const contiguousRows = op('i32.eq', copy.sourceColumnStep, v.elementBytes);
  const contiguousColumns = op('i32.eq', copy.sourceRowStep, v.elementBytes);
  code.if(
    contiguousRows,
    () => writeRowCopy(v, copy),
    () =>
      code.if(
        contiguousColumns,
        () => copyTransposed(v, copy),
        () => writeElementCopy(v, copy),
      ),
  );
}

/** Where rows are contiguous. */
export function writeRowCopy<V extends FloatVector>(v: Lanes<V>, copy: MatrixCopy): void {
  const { code } = v;
  const [targetRow, sourceRow] = [code.let(copy.target), code.let(copy.source)];
  const [to, from, left] = [code.local('i32'), code.local('i32'), code.local('i32')];
  code.repeat(copy.rows, () => {
    code.set(to, targetRow);
    code.set(from, sourceRow);
    code.set(left, copy.columns);
    const turn = (vectors: number): void =>
      code.while(op('i32.ge_u', left, vectors * v.width), () => {
        for (let k = 0; k < vectors; k++) v.store(to, v.load(from, 16 * k), 16 * k);
        code.advance(to, 16 * vectors);
        code.advance(from, 16 * vectors);
        code.advance(left, -vectors * v.width);
      });
    turn(4);
    turn(1);
    code.while(left, () => {
      v.storeLane(to, v.loadSplat(from), 0);
      code.advance(to, v.elementBytes);
      code.advance(from, v.elementBytes);
      code.advance(left, -1);
    });
    code.advance(targetRow, copy.targetRowStep);
    code.advance(sourceRow, copy.sourceRowStep);
  });
}

/**
 * Squares of `width` × `width`: rows of the source's transpose are loaded, their columns stored. A band of the target,
 * `width` rows high, is filled from left to right, so that the stores run along rows.
 */
function copyTransposed<V extends FloatVector>(v: Lanes<V>, copy: MatrixCopy): void {
  const { code, width } = v;
  const [targetBand, sourceBand] = [code.let(copy.target), code.let(copy.source)];
  const [rowsLeft, columnsLeft] = [code.let(copy.rows), code.local('i32')];
  const [to, from] = [code.local('i32'), code.local('i32')];
  code.while(op('i32.ge_u', rowsLeft, width), () => {
    code.set(to, targetBand);
    code.set(from, sourceBand);
    code.set(columnsLeft, copy.columns);
    code.while(op('i32.ge_u', columnsLeft, width), () => {
      const columns: Expr<V>[] = [];
      for (let k = 0; k < width; k++) {
        columns.push(v.let(v.load(from)));
        code.advance(from, copy.sourceColumnStep);
      }
      const row = code.let(to);
      writeSquareTransposed(v, columns).forEach((value, k) => {
        if (k > 0) code.advance(row, copy.targetRowStep);
        v.store(row, value);
      });
      code.advance(to, 16);
      code.advance(columnsLeft, -width);
    });
    code.if(columnsLeft, () =>
      writeElementCopy(v, { ...copy, target: to, source: from, rows: constant('i32', width), columns: columnsLeft }),
    );
    code.advance(targetBand, op('i32.mul', copy.targetRowStep, width));
    code.advance(sourceBand, 16);
    code.advance(rowsLeft, -width);
  });
  code.if(rowsLeft, () => writeElementCopy(v, { ...copy, target: targetBand, source: sourceBand, rows: rowsLeft }));
}

/** Any strides. */
export function writeElementCopy<V extends FloatVector>(v: Lanes<V>, copy: MatrixCopy): void {
  const { code } = v;
  const [targetRow, sourceRow] = [code.let(copy.target), code.let(copy.source)];
  const [to, from] = [code.local('i32'), code.local('i32')];
  code.repeat(copy.rows, () => {
    code.set(to, targetRow);
    code.set(from, sourceRow);
    code.repeat(copy.columns, () => {
      v.storeLane(to, v.loadSplat(from), 0);
      code.advance(to, v.elementBytes);
      code.advance(from, copy.sourceColumnStep);
    });
    code.advance(targetRow, copy.targetRowStep);
    code.advance(sourceRow, copy.sourceRowStep);
  });
}

/** `copy(target, targetRowStep, source, sourceRowStep, sourceColumnStep, rows, columns)` */
export function copyMatrixFunction(type: FloatVector): Func {
  const parameters = {
    target: 'i32',
    targetRowStep: 'i32',
    source: 'i32',
    sourceRowStep: 'i32',
    sourceColumnStep: 'i32',
    rows: 'i32',
    columns: 'i32',
  } as const;
  return procedure('copy', parameters, (code: Code, args) => writeMatrixCopy(new Lanes(type, code), args));
}

const copyModule = lazyModule((type: FloatVector) => [copyMatrixFunction(type)]);

/** Copies a matrix into contiguous rows; steps in bytes. */
export function copyMatrix(type: FloatVector): WasmFunction {
  return copyModule(type)['copy']!;
}
