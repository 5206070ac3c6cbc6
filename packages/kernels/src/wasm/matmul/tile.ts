/**
 * The innermost loop of matrix multiplication: a tile of the result stays in registers while k runs.
 *
 *                 b: k rows of 2 vectors
 *                ┌────┬────┐
 *                │ b₀ │ b₁ │        Each turn of the loop loads two vectors of b and, for each row, one number of a
 *                └────┴────┘        into every lane of a vector, and adds their products to the tile.
 *   a: k columns ┌────┬────┐
 *          ┌───┐ │ acc│ acc│
 *     row 0│ a │ ├────┼────┤
 *     row 1│ a │ │ acc│ acc│
 *          └───┘ └────┴────┘
 */

import type { Local } from '../code.js';
import { type Expr, op } from '../expr.js';
import type { FloatVector, Lanes } from '../lanes.js';

type I32 = Local<'i32'>;

/** Vectors in a row of a tile: 8 float32 or 4 float64 columns. */
export const tileVectors = 2;

/**
 * Rows of a tile, most first; what is left at the lower edge takes smaller ones.
 *
 * x86 has 16 vector registers of which V8 keeps one. Fused, 6×2 sums, two vectors of b and one of a fill the 15; a product that
 * is not fused needs a register of its own, so four rows are best then. Measured (Node 24, Zen 4, k = 256, GFLOP/s):
 * fused 4×2 54, 5×2 55, 6×2 58, 4×3 27; not fused 4×2 43, 5×2 41, 6×2 29, 3×3 43.
 */
export function tileRows(fused: boolean): readonly number[] {
  return fused ? [6, 4, 2, 1] : [4, 2, 1];
}

/** Where a tile's operands are, and what becomes of the result. */
export interface TileOperands {
  /** The address of column `p` of row `row` of a, as a pointer and an offset, while the k loop is at p. */
  a(row: number): readonly [I32, number];
  /** The row of b that the k loop is at. */
  readonly b: I32;
  /** Moves to the next k. */
  advance(): void;
  readonly k: Expr<'i32'>;
  /** Where the row of b is after the last k, if rows are apart: tested in place of a counter of its own. */
  readonly bEnd?: I32;
  readonly c: I32;
  readonly cRowStep: I32;
  /** Columns of the tile that exist; the others are computed and not stored. */
  readonly columns: Expr<'i32'>;
  /** Not 0: the result is added to what c holds. */
  readonly accumulate: Expr<'i32'>;
  /** The address of a row to add to each row, or 0. */
  readonly bias: I32;
  /** Not 0: max(·, 0) at the end. */
  readonly relu: Expr<'i32'>;
}

/** Writes the code of one tile. */
export function writeTile<V extends FloatVector>(v: Lanes<V>, rows: number, operands: TileOperands): void {
  const { code } = v;
  const sums = Array.from({ length: rows }, () => Array.from({ length: tileVectors }, () => code.local(v.type)));
  const each = (visit: (sum: Local<V>, row: number, vector: number) => void): void => {
    for (const [row, vectors] of sums.entries()) {
      for (const [vector, sum] of vectors.entries()) visit(sum, row, vector);
    }
  };
  each((sum) => code.set(sum, v.constant(0)));

  const { bEnd } = operands;
  const left = bEnd === undefined ? code.let(operands.k) : op('i32.lt_u', operands.b, bEnd);
  // One k to a turn: Node 20's compiler moves all loads of a longer body to its top and runs out of registers
  // (unrolled twice 31 GFLOP/s instead of 42).
  code.while(left, () => {
    const b = Array.from({ length: tileVectors }, (_, vector) => v.let(v.load(operands.b, 16 * vector)));
    for (let row = 0; row < rows; row++) {
      const a = v.let(v.loadSplat(...operands.a(row)));
      for (let vector = 0; vector < tileVectors; vector++) {
        code.set(sums[row]![vector]!, v.madd(a, b[vector]!, sums[row]![vector]!));
      }
    }
    operands.advance();
    if (bEnd === undefined) code.advance(left as I32, -1);
  });

  const rowPointers: I32[] = [];
  for (let row = 0; row < rows; row++) {
    rowPointers.push(row === 0 ? operands.c : code.let(op('i32.add', rowPointers[row - 1]!, operands.cRowStep)));
  }
  code.if(operands.accumulate, () => {
    each((sum, row, vector) => code.set(sum, v.add(sum, v.load(rowPointers[row]!, 16 * vector))));
  });
  code.if(operands.bias, () => {
    each((sum, _, vector) => code.set(sum, v.add(sum, v.load(operands.bias, 16 * vector))));
  });
  code.if(operands.relu, () => {
    each((sum) => code.set(sum, v.add(v.pmax(sum, 0), 0)));
  });
  code.if(
    op('i32.ge_u', operands.columns, tileVectors * v.width),
    () => each((sum, row, vector) => v.store(rowPointers[row]!, sum, 16 * vector)),
    () =>
      each((sum, row, vector) => {
        for (let lane = 0; lane < v.width; lane++) {
          const column = vector * v.width + lane;
          code.if(op('i32.gt_u', operands.columns, column), () =>
            v.storeLane(rowPointers[row]!, sum, lane, column * v.elementBytes),
          );
        }
      }),
  );
}
