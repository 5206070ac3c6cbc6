/**
 * Convolution as products of windows, straight from the input: the tiles of matrix multiplication, where the rows of a are windows
 * that overlap in memory, so nothing is laid out side by side first (no im2col).
 *
 *   forward    a window (a place of the result)   ×  8 channels of the result   k: its taps, run by run
 *   filter     an element of the filter's taps    ×  8 channels of the result   k: the places
 *
 * Where windows and taps lie is said by tables of byte offsets, so one kernel does for all strides, dilations, paddings and numbers
 * of axes.
 */

import { type Func, procedure } from '../assemble.js';
import type { Local } from '../code.js';
import { type Expr, load, op } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmFunction } from '../load.js';
import { finishTile, rowsOfResult, startTile, tileRows, tileVectors, writeProducts } from '../matmul/tile.js';
import { forEachTile } from './tiles.js';

type I32 = Local<'i32'>;

/** The functions of the module. */
export interface WindowFunctions {
  /**
   * `(y, yTable, x, xTable, places, taps, runs, runElements, filter, columns, bias, relu)`: for each place p, y[yTable[p] + column] = Σ over runs r
   * and elements e of x[xTable[p] + taps[r] + e] · filter[r, e, column]. `filter` holds rows of 8 float32 or 4 float64. Then bias[column]
   * is added, where `bias` is not 0, and max(·, 0) taken, where `relu` is not; what lies behind the bias is read too, up to a tile's width.
   */
  readonly forward: WasmFunction;
  /** The same for runs of one element: for few channels, whose runs are too short for a loop of their own. `runElements` is not looked at. */
  readonly forwardSingly: WasmFunction;
  /**
   * `(df, dfRowStep, elements, table, x, xTable, places, g, gRowStep, columns, accumulate)`: for each element m,
   * df[m, column] = Σ over places p of x[xTable[p] + table[m]] · g[p, column].
   */
  readonly filter: WasmFunction;
}

const entry = (table: I32, index: number): Expr<'i32'> => load('i32', table, 4 * index);

function forwardFunction(name: 'forward' | 'forwardSingly', type: FloatVector, fused: boolean): Func {
  const parameters = {
    y: 'i32',
    yTable: 'i32',
    x: 'i32',
    xTable: 'i32',
    places: 'i32',
    taps: 'i32',
    runs: 'i32',
    runElements: 'i32',
    filter: 'i32',
    columns: 'i32',
    bias: 'i32',
    relu: 'i32',
  } as const;
  return procedure(
    name,
    parameters,
    (code, { y, yTable, x, xTable, places, taps, runs, runElements, filter, columns, bias, relu }) => {
      const v = new Lanes<FloatVector>(type, code, fused);
      const heights = tileRows(fused);
      const windows = Array.from({ length: heights[0]! }, () => code.local('i32'));
      const at = windows.map(() => code.local('i32'));
      const [b, bEnd, tap, tapOffset] = [code.local('i32'), code.local('i32'), code.local('i32'), code.local('i32')];
      const runBytes = code.let(op('i32.mul', runElements, tileVectors * 16));
      const tapsEnd = code.let(op('i32.add', taps, op('i32.mul', runs, 4)));
      const zero = code.local('i32');
      forEachTile(code, places, heights, (rows) => {
        for (let row = 0; row < rows; row++) code.set(windows[row]!, op('i32.add', x, entry(xTable, row)));
        const sums = startTile(v, rows);
        code.set(b, filter);
        code.set(tap, taps);
        if (name === 'forward') {
          code.while(op('i32.lt_u', tap, tapsEnd), () => {
            code.set(tapOffset, load('i32', tap));
            for (let row = 0; row < rows; row++) code.set(at[row]!, op('i32.add', windows[row]!, tapOffset));
            code.set(bEnd, op('i32.add', b, runBytes));
            writeProducts(v, sums, {
              a: (row) => [at[row]!, 0],
              b,
              bEnd,
              k: runElements,
              advance: () => {
                for (let row = 0; row < rows; row++) code.advance(at[row]!, v.elementBytes);
                code.advance(b, tileVectors * 16);
              },
            });
            code.advance(tap, 4);
          });
        } else {
          writeProducts(v, sums, {
            begin: () => code.set(tapOffset, load('i32', tap)),
            a: (row) => [op('i32.add', windows[row]!, tapOffset), 0],
            b,
            k: runs,
            advance: () => {
              code.advance(tap, 4);
              code.advance(b, tileVectors * 16);
            },
          });
        }
        for (let row = 0; row < rows; row++) code.set(windows[row]!, op('i32.add', y, entry(yTable, row)));
        finishTile(v, sums, { c: windows, columns, accumulate: zero, bias, relu });
        code.advance(xTable, 4 * rows);
        code.advance(yTable, 4 * rows);
      });
    },
  );
}

function filterFunction(type: FloatVector, fused: boolean): Func {
  const parameters = {
    df: 'i32',
    dfRowStep: 'i32',
    elements: 'i32',
    table: 'i32',
    x: 'i32',
    xTable: 'i32',
    places: 'i32',
    g: 'i32',
    gRowStep: 'i32',
    columns: 'i32',
    accumulate: 'i32',
  } as const;
  return procedure(
    'filter',
    parameters,
    (code, { df, dfRowStep, elements, table, x, xTable, places, g, gRowStep, columns, accumulate }) => {
      const v = new Lanes<FloatVector>(type, code, fused);
      const heights = tileRows(fused);
      const taps = Array.from({ length: heights[0]! }, () => code.local('i32'));
      const [b, place, offset] = [code.local('i32'), code.local('i32'), code.local('i32')];
      forEachTile(code, elements, heights, (rows) => {
        for (let row = 0; row < rows; row++) code.set(taps[row]!, op('i32.add', x, entry(table, row)));
        const sums = startTile(v, rows);
        code.set(b, g);
        code.set(place, xTable);
        writeProducts(v, sums, {
          begin: () => code.set(offset, load('i32', place)),
          a: (row) => [op('i32.add', taps[row]!, offset), 0],
          b,
          k: places,
          advance: () => {
            code.advance(place, 4);
            code.advance(b, gRowStep);
          },
        });
        finishTile(v, sums, {
          c: rowsOfResult(v, df, dfRowStep, rows),
          columns,
          accumulate,
          bias: null,
          relu: null,
        });
        code.advance(table, 4 * rows);
        code.advance(df, op('i32.mul', dfRowStep, rows));
      });
    },
  );
}

/** The compiled functions. */
export const windowsModule: (variant: Variant) => WindowFunctions = lazyModule((variant: Variant) => {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  return [
    forwardFunction('forward', type, fused),
    forwardFunction('forwardSingly', type, fused),
    filterFunction(type, fused),
  ];
}) as never;
