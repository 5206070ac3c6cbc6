/**
 * Minimal filtering (Toom and Cook's products of polynomials; Winograd 1980, Lavin and Gray 2015, arXiv:1509.09308): a window and a filter are
 * seen as polynomials, evaluated at six points, and multiplied there, a point at a time. For a filter of r taps that gives 7 − r places
 * with 6 products instead of r (7 − r); along two axes, 36 instead of (r (7 − r))².
 *
 *   y = Aᵀ [(G f) ⊙ (Bᵀ x)]     x: 6 places     f: r taps     y: 7 − r places
 *
 * Each matrix is applied along one axis at a time, to rows of elements: the channels of a place, or all channels of a row of places.
 */

import { type Func, procedure } from '../assemble.js';
import type { Local } from '../code.js';
import { type Expr, op } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmFunction } from '../load.js';
import { rectified, tileRows, tileVectors, writeTile } from '../matmul/tile.js';
import { forEachTile } from './tiles.js';

type I32 = Local<'i32'>;

/** Points that polynomials are evaluated at, infinity among them. */
export const points = 6;

/**
 * The finite ones; the last is infinity. Fractions without rounding, in pairs, whose even and odd powers are computed once. Measured on sums of
 * 400 products in float32: ±¾, ±1½ twice the error of adding one product after the other, ±½, ±1 and ±1, ±2 five times.
 */
const finite = [0, 0.75, -0.75, 1.5, -1.5] as const;

type Matrix = readonly (readonly number[])[];

const others = (i: number): number[] => finite.filter((_, k) => k !== i);

/** Coefficients of Π (x − a) over `roots`, from the lowest. */
function polynomial(roots: readonly number[]): number[] {
  let p = [1];
  for (const a of roots) p = Array.from({ length: p.length + 1 }, (_, k) => (p[k - 1] ?? 0) - a * (p[k] ?? 0));
  return p;
}

const filledTo = (row: readonly number[], length: number): number[] => Array.from({ length }, (_, k) => row[k] ?? 0);

/** Bᵀ: what a window of 6 places is at each point. */
const windowMatrix: Matrix = [
  ...finite.map((_, i) => filledTo(polynomial(others(i)), points)),
  filledTo(polynomial(finite), points),
];

/** G: what a filter of `taps` taps is at each point. */
const filterMatrix = (taps: number): Matrix => [
  ...finite.map((a, i) => {
    const scale = others(i).reduce((scale, b) => scale * (a - b), 1);
    return Array.from({ length: taps }, (_, k) => a ** k / scale);
  }),
  Array.from({ length: taps }, (_, k) => (k === taps - 1 ? 1 : 0)),
];

/** Aᵀ: what products at each point are at `places` places. */
const resultMatrix = (places: number): Matrix =>
  Array.from({ length: places }, (_, j) => [...finite.map((a) => a ** j), j === places - 1 ? 1 : 0]);

/** Rows that the points a and −a have, side by side. */
const pairs = [1, 3] as const;

/** Writes row · values. */
function weighted<V extends FloatVector>(v: Lanes<V>, row: readonly number[], values: readonly Expr<V>[]): Expr<V> {
  let sum: Expr<V> | undefined;
  for (const [k, weight] of row.entries()) {
    if (weight === 0) continue;
    if (sum === undefined) sum = weight === 1 ? values[k]! : v.mul(values[k]!, weight);
    else sum = weight === 1 ? v.add(sum, values[k]!) : v.madd(values[k]!, weight, sum);
  }
  return sum ?? v.constant(0);
}

/** Writes matrix · values, whose rows are points: those of a and −a are the same even powers, plus or minus the same odd ones. */
function atPoints<V extends FloatVector>(v: Lanes<V>, matrix: Matrix, values: readonly Expr<V>[]): Local<V>[] {
  const half = (i: number, sign: number): number[] =>
    matrix[i]!.map((weight, k) => (weight + sign * matrix[i + 1]![k]!) / 2);
  const results: Local<V>[] = [];
  results[0] = v.let(weighted(v, matrix[0]!, values));
  for (const i of pairs) {
    const [even, odd] = [v.let(weighted(v, half(i, 1), values)), v.let(weighted(v, half(i, -1), values))];
    results[i] = v.let(v.add(even, odd));
    results[i + 1] = v.let(v.sub(even, odd));
  }
  results[points - 1] = v.let(weighted(v, matrix[points - 1]!, values));
  return results;
}

/** Writes matrix · values, whose columns are points: those of a and −a go in as their sum and their difference. */
function fromPoints<V extends FloatVector>(v: Lanes<V>, matrix: Matrix, values: readonly Expr<V>[]): Local<V>[] {
  const folded = [...values];
  for (const i of pairs) {
    folded[i] = v.let(v.add(values[i]!, values[i + 1]!));
    folded[i + 1] = v.let(v.sub(values[i]!, values[i + 1]!));
  }
  return matrix.map((row) => {
    const weights = [...row];
    for (const i of pairs) {
      weights[i] = (row[i]! + row[i + 1]!) / 2;
      weights[i + 1] = (row[i]! - row[i + 1]!) / 2;
    }
    return v.let(weighted(v, weights, folded));
  });
}

type Apply = <V extends FloatVector>(v: Lanes<V>, values: readonly Expr<V>[]) => Local<V>[];

/**
 * A function that applies a matrix to rows: row `n` of input k lies at from + n · fromRowStep + k · fromStep, and so do results. One that ends
 * a result adds a row of biases to each of its rows, and takes max(·, 0), where it is told.
 */
function transformFunction(
  name: string,
  type: FloatVector,
  fused: boolean,
  inputs: number,
  apply: Apply,
  ends = false,
): Func {
  const endings = { bias: 'i32', relu: 'i32' } as const;
  const parameters = {
    to: 'i32',
    toStep: 'i32',
    toRowStep: 'i32',
    from: 'i32',
    fromStep: 'i32',
    fromRowStep: 'i32',
    rows: 'i32',
    elements: 'i32',
    ...(ends ? endings : {}),
  } as const;
  return procedure(
    name,
    parameters,
    (code, { to, toStep, toRowStep, from, fromStep, fromRowStep, rows, elements, ...ending }) => {
      const { bias, relu } = ending as { bias?: I32; relu?: I32 };
      const shift = code.local('i32');
      const v = new Lanes<FloatVector>(type, code, fused);
      const [target, source, at, left] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
      code.repeat(rows, () => {
        code.set(source, from);
        code.set(target, to);
        code.set(left, elements);
        if (bias !== undefined) code.set(shift, bias);
        for (const width of [v.width, 1]) {
          code.while(op('i32.ge_u', left, width), () => {
            code.set(at, source);
            const values: Expr<FloatVector>[] = [];
            for (let k = 0; k < inputs; k++) {
              if (k > 0) code.advance(at, fromStep);
              values.push(v.let(width === 1 ? v.loadSplat(at) : v.load(at)));
            }
            const results = apply(v, values);
            if (bias !== undefined) {
              code.if(bias, () => {
                const summand = v.let(width === 1 ? v.loadSplat(shift) : v.load(shift));
                for (const result of results) code.set(result, v.add(result, summand));
                code.advance(shift, width * v.elementBytes);
              });
            }
            if (relu !== undefined) {
              code.if(relu, () => {
                for (const result of results) code.set(result, rectified(v, result));
              });
            }
            code.set(at, target);
            for (const [k, result] of results.entries()) {
              if (k > 0) code.advance(at, toStep);
              if (width === 1) v.storeLane(at, result, 0);
              else v.store(at, result);
            }
            code.advance(source, width * v.elementBytes);
            code.advance(target, width * v.elementBytes);
            code.advance(left, -width);
          });
        }
        code.advance(from, fromRowStep);
        code.advance(to, toRowStep);
      });
    },
  );
}

function productsFunction(type: FloatVector, fused: boolean): Func {
  const parameters = {
    c: 'i32',
    cRowStep: 'i32',
    cPointStep: 'i32',
    a: 'i32',
    aRowStep: 'i32',
    aColumnStep: 'i32',
    aPointStep: 'i32',
    b: 'i32',
    bRowStep: 'i32',
    bPointStep: 'i32',
    count: 'i32',
    rows: 'i32',
    k: 'i32',
    columns: 'i32',
    accumulate: 'i32',
  } as const;
  return procedure('products', parameters, (code, { c, a, b, cRowStep, aRowStep, bRowStep, columns, k, ...args }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const heights = tileRows(fused);
    const at = Array.from({ length: heights[0]! }, () => code.local('i32'));
    const [aRow, cRow, cBand, bBand, bRow, left] = [0, 1, 2, 3, 4, 5].map(() => code.local('i32')) as [
      I32,
      I32,
      I32,
      I32,
      I32,
      I32,
    ];
    code.repeat(args.count, () => {
      code.set(cBand, c);
      code.set(bBand, b);
      code.set(left, columns);
      code.while(op('i32.gt_s', left, 0), () => {
        code.set(aRow, a);
        code.set(cRow, cBand);
        forEachTile(code, args.rows, heights, (rows) => {
          for (let row = 0; row < rows; row++)
            code.set(at[row]!, row === 0 ? aRow : op('i32.add', at[row - 1]!, aRowStep));
          code.set(bRow, bBand);
          writeTile(v, rows, {
            a: (row) => [at[row]!, 0],
            b: bRow,
            k,
            advance: () => {
              for (let row = 0; row < rows; row++) code.advance(at[row]!, args.aColumnStep);
              code.advance(bRow, bRowStep);
            },
            c: cRow,
            cRowStep,
            columns: left,
            accumulate: args.accumulate,
            bias: null,
            relu: null,
          });
          code.advance(aRow, op('i32.mul', aRowStep, rows));
          code.advance(cRow, op('i32.mul', cRowStep, rows));
        });
        code.advance(cBand, tileVectors * 16);
        code.advance(bBand, tileVectors * 16);
        code.advance(left, -tileVectors * v.width);
      });
      code.advance(c, args.cPointStep);
      code.advance(a, args.aPointStep);
      code.advance(b, args.bPointStep);
    });
  });
}

/** Most taps of a filter along one axis, and most places that a window gives; the fewest are 2. */
export const mostTaps = 5;

/**
 * Transforms, each `(to, toStep, toRowStep, from, fromStep, fromRowStep, rows, elements)`; steps are bytes from one place, tap or point to the
 * next, and from one row to the next.
 */
export interface MinimalFunctions {
  /** 6 places to 6 points. */
  readonly window: WasmFunction;
  /**
   * `(c, cRowStep, cPointStep, a, aRowStep, aColumnStep, aPointStep, b, bRowStep, bPointStep, points, rows, k, columns, accumulate)`: at
   * each point c = a · b, or that is added to it. What lies behind the last row of b is read too, up to a tile's width.
   */
  readonly products: WasmFunction;
  /**
   * `filter2` to `filter5`: so many taps to 6 points. `result2` to `result5`: 6 points to so many places, with two parameters more: the address
   * of a bias, one number for each element of a row, or 0; and not 0 where max(·, 0) is taken.
   */
  readonly [name: `filter${number}` | `result${number}`]: WasmFunction;
}

/** The compiled functions. */
export const minimalModule: (variant: Variant) => MinimalFunctions = lazyModule((variant: Variant) => {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  const counts = Array.from({ length: mostTaps - 1 }, (_, k) => k + 2);
  return [
    transformFunction('window', type, fused, points, (v, x) => atPoints(v, windowMatrix, x)),
    ...counts.map((n) => transformFunction(`filter${n}`, type, fused, n, (v, x) => atPoints(v, filterMatrix(n), x))),
    ...counts.map((n) =>
      transformFunction(`result${n}`, type, fused, points, (v, x) => fromPoints(v, resultMatrix(n), x), true),
    ),
    productsFunction(type, fused),
  ];
}) as never;
