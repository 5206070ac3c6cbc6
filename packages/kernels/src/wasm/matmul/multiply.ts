/** The functions that multiply: over packed blocks, and straight from memory for small products. */

import { type Func, procedure } from '../assemble.js';
import type { Local } from '../code.js';
import { constant, op } from '../expr.js';
import { type FloatVector, isFused, Lanes, lanesOfVariant, type Variant } from '../lanes.js';
import { lazyModule, type WasmExports } from '../load.js';
import { packAFunction, packBFunction, packedRowElements } from './pack.js';
import { tileRows, tileVectors, writeTile } from './tile.js';

type I32 = Local<'i32'>;

/** Walks all tiles: bands of columns outside, so that a panel of b stays in the first-level cache while a passes by. */
function forEachTile(
  v: Lanes,
  { m, n }: { readonly m: I32; readonly n: I32 },
  heights: readonly number[],
  walk: {
    startBand(columnsLeft: I32): void;
    tile(rows: number, columnsLeft: I32): void;
    nextBand(): void;
  },
): void {
  const { code } = v;
  const columnsLeft = code.let(n);
  const rowsLeft = code.local('i32');
  // Eight rows left are twice four, not six and two: each sum waits for the last, which takes two rows as long as four.
  const inPairs = (k: number): boolean => k + 1 < heights.length && 2 * heights[k + 1]! > heights[k]!;
  code.while(op('i32.gt_s', columnsLeft, 0), () => {
    walk.startBand(columnsLeft);
    code.set(rowsLeft, m);
    heights.forEach((rows, k) => {
      const band = (): void => {
        walk.tile(rows, columnsLeft);
        code.advance(rowsLeft, -rows);
      };
      const enough = op('i32.ge_u', rowsLeft, rows);
      if (inPairs(k)) code.while(op('i32.and', enough, op('i32.ne', rowsLeft, 2 * heights[k + 1]!)), band);
      else if (k === 0 || heights[k - 1]! > 2 * rows || inPairs(k - 1)) code.while(enough, band);
      else code.if(enough, band);
    });
    walk.nextBand();
    code.advance(columnsLeft, -tileVectors * v.width);
  });
}

const resultParameters = { c: 'i32', cRowStep: 'i32', m: 'i32', n: 'i32', k: 'i32', bias: 'i32' } as const;

/**
 * `packed(c, cRowStep, m, n, k, bias, a, b, accumulate, relu)`: c[m, n] = a · b, or is added to it, with a packed by
 * `packA` and b by `packB`.
 */
function packedFunction(type: FloatVector, fused: boolean): Func {
  const parameters = { ...resultParameters, a: 'i32', b: 'i32', accumulate: 'i32', relu: 'i32' } as const;
  return procedure('packed', parameters, (code, { c, cRowStep, m, n, k, bias, a, b, accumulate, relu }) => {
    const v = new Lanes<FloatVector>(type, code, fused);
    const rowBytes = packedRowElements * v.elementBytes;
    const panelBytes = op('i32.mul', k, tileVectors * 16);
    const [cTile, aTile] = [code.local('i32'), code.local('i32')];
    const [aAt, bAt, bEnd] = [code.local('i32'), code.local('i32'), code.local('i32')];
    forEachTile(v, { m, n }, tileRows(fused), {
      startBand: () => {
        code.set(cTile, c);
        code.set(aTile, a);
        code.set(bEnd, op('i32.add', b, panelBytes));
      },
      tile: (rows, columns) => {
        code.set(aAt, aTile);
        code.set(bAt, b);
        writeTile(v, rows, {
          a: (row) => [aAt, row * rowBytes],
          b: bAt,
          bEnd,
          advance: () => {
            code.advance(aAt, v.elementBytes);
            code.advance(bAt, tileVectors * 16);
          },
          k,
          c: cTile,
          cRowStep,
          columns,
          accumulate,
          bias,
          relu,
        });
        code.advance(aTile, rows * rowBytes);
        code.advance(cTile, op('i32.mul', cRowStep, rows));
      },
      nextBand: () => {
        code.advance(b, panelBytes);
        code.advance(c, tileVectors * 16);
        code.if(bias, () => code.advance(bias, tileVectors * 16));
      },
    });
  });
}

/** Fewer kinds of tiles keep the module small. */
const directRows = [4, 1];

/**
 * `direct(c, cRowStep, m, n, k, bias, a, aRowStep, aColumnStep, b, bRowStep, relu)`: c[m, n] = a · b where rows of b are
 * contiguous. Nothing is packed, which is faster while everything fits the first-level cache.
 */
function directFunction(type: FloatVector, fused: boolean): Func {
  const parameters = {
    ...resultParameters,
    a: 'i32',
    aRowStep: 'i32',
    aColumnStep: 'i32',
    b: 'i32',
    bRowStep: 'i32',
    relu: 'i32',
  } as const;
  return procedure(
    'direct',
    parameters,
    (code, { c, cRowStep, m, n, k, bias, a, aRowStep, aColumnStep, b, bRowStep, relu }) => {
      const v = new Lanes<FloatVector>(type, code, fused);
      const [cTile, aTile, bAt] = [code.local('i32'), code.local('i32'), code.local('i32')];
      const aRows = Array.from({ length: directRows[0]! }, () => code.local('i32'));
      forEachTile(v, { m, n }, directRows, {
        startBand: () => {
          code.set(cTile, c);
          code.set(aTile, a);
        },
        tile: (rows, columns) => {
          code.set(bAt, b);
          for (let row = 0; row < rows; row++) {
            code.set(aRows[row]!, row === 0 ? aTile : op('i32.add', aRows[row - 1]!, aRowStep));
          }
          writeTile(v, rows, {
            a: (row) => [aRows[row]!, 0],
            b: bAt,
            advance: () => {
              for (let row = 0; row < rows; row++) code.advance(aRows[row]!, aColumnStep);
              code.advance(bAt, bRowStep);
            },
            k,
            c: cTile,
            cRowStep,
            columns,
            accumulate: constant('i32', 0),
            bias,
            relu,
          });
          code.advance(aTile, op('i32.mul', aRowStep, rows));
          code.advance(cTile, op('i32.mul', cRowStep, rows));
        },
        nextBand: () => {
          code.advance(b, tileVectors * 16);
          code.advance(c, tileVectors * 16);
          code.if(bias, () => code.advance(bias, tileVectors * 16));
        },
      });
    },
  );
}

/** The functions of matrix multiplication. */
export function matmulFunctions(variant: Variant): readonly Func[] {
  const [type, fused] = [lanesOfVariant(variant), isFused(variant)];
  return [packedFunction(type, fused), directFunction(type, fused), packAFunction(type), packBFunction(type)];
}

/** The module of matrix multiplication. */
export const matmulModule: (variant: Variant) => WasmExports = lazyModule(matmulFunctions);
