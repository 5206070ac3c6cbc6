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

/** The sums of a tile, in registers: by row, then by vector. */
export type TileSums<V extends FloatVector> = readonly (readonly Local<V>[])[];

/** Where the k loop finds its operands. */
export interface TileFactors {
  /** The address of column `p` of row `row` of a, as a pointer and an offset, while the k loop is at p. */
  a(row: number): readonly [Expr<'i32'>, number];
  /** The row of b that the k loop is at. */
  readonly b: I32;
  /** Moves to the next k. */
  advance(): void;
  readonly k: Expr<'i32'>;
  /** Where the row of b is after the last k, if its rows lie one behind the other: tested in place of a counter of its own. */
  readonly bEnd?: I32;
  /** Runs at the start of each turn, before anything is loaded. */
  begin?(): void;
}

/** What becomes of a tile. */
export interface TileResult {
  /** The addresses of its rows in c. */
  readonly c: readonly I32[];
  /** Columns of the tile that exist; the others are computed and not stored. */
  readonly columns: Expr<'i32'>;
  /** Not 0: the result is added to what c holds. */
  readonly accumulate: Expr<'i32'>;
  /** The address of a row to add to each row, or 0; null where there never is one. */
  readonly bias: I32 | null;
  /** Not 0: max(·, 0) at the end; null where that is never wanted. */
  readonly relu: Expr<'i32'> | null;
}

/** Registers for the sums of a tile of `rows` rows, all 0. */
export function startTile<V extends FloatVector>(v: Lanes<V>, rows: number): TileSums<V> {
  const { code } = v;
  const sums = Array.from({ length: rows }, () => Array.from({ length: tileVectors }, () => code.local(v.type)));
  eachSum(sums, (sum) => code.set(sum, v.constant(0)));
  return sums;
}

function eachSum<V extends FloatVector>(
  sums: TileSums<V>,
  visit: (sum: Local<V>, row: number, vector: number) => void,
): void {
  for (const [row, vectors] of sums.entries()) {
    for (const [vector, sum] of vectors.entries()) visit(sum, row, vector);
  }
}

/**
 * Turns of the k loop that are written one after the other.
 *
 * Fused, one test is for all of them. Then the processor foresees where the loop ends, which it cannot learn from hundreds of
 * turns that are alike: each tile waited some 40 cycles for that. Measured (Node 24, Zen 3, products of float32 in µs with 1, 2, 4 and 8
 * turns): 784×64×256 565, 541, 542, 542; 1024×128×128 713, 694, 692, 697; 512×1024×128 2915, 2882, 2841, 2869.
 *
 * Not fused, the instructions that a turn needs beside its arithmetic are what it waits for: each time round V8 asks whether it
 * shall stop, and widens its pointers. Measured (Node 20, Zen 3, k = 256, ns for each vector of products, of which registers alone
 * take 0.173): 1 turn 0.206, 2 turns 0.205, 4 turns 0.197. A test between turns must stay: without it Node 20's compiler moves the
 * loads of all turns to the top, and runs out of registers.
 *
 * Either way each turn has its step. Fused, one for all four gains nothing; not fused, the compiler then keeps the sum of base and
 * offset in a register for each broadcast from another place.
 */
const turnsTogether = 4;

/** The k loop: adds the products of a and b to the sums. */
export function writeProducts<V extends FloatVector>(v: Lanes<V>, sums: TileSums<V>, factors: TileFactors): void {
  const { code } = v;
  const { b: at, bEnd } = factors;
  const count = bEnd === undefined ? code.let(factors.k) : null;
  const turn = (): void => {
    factors.begin?.();
    const b = Array.from({ length: tileVectors }, (_, vector) => v.let(v.load(at, 16 * vector)));
    for (const [row, vectors] of sums.entries()) {
      const a = v.let(v.loadSplat(...factors.a(row)));
      for (const [vector, sum] of vectors.entries()) code.set(sum, v.madd(a, b[vector]!, sum));
    }
    factors.advance();
    if (count !== null) code.advance(count, -1);
  };
  const turns = (): void => {
    for (let k = 0; k < turnsTogether; k++) turn();
  };
  // V8 keeps the left side of a comparison in a register, and "not less" is "not greater" with the sides exchanged for it: so it is
  // `bEnd` that is kept, which would else be read from the stack at every turn (0.227 ns instead of 0.206).
  const done = count === null ? op('i32.ge_u', at, bEnd!) : op('i32.eqz', count);
  const more = op('i32.eqz', done);
  if (v.fused) {
    const enough =
      count === null
        ? op('i32.ge_u', op('i32.sub', bEnd!, at), turnsTogether * tileVectors * 16)
        : op('i32.ge_u', count, turnsTogether);
    code.while(enough, turns);
    code.while(more, turn);
    return;
  }
  code.block((end) => {
    code.while(more, () => {
      for (let k = 1; k < turnsTogether; k++) {
        turn();
        code.branchIf(end, done);
      }
      turn();
    });
  });
}

/** max(x, 0): NaN stays, and −0 becomes 0. */
export const rectified = <V extends FloatVector>(v: Lanes<V>, x: Expr<V>): Expr<V> => v.add(v.pmax(x, 0), 0);

/** Finishes the sums and stores them. */
export function finishTile<V extends FloatVector>(
  v: Lanes<V>,
  sums: TileSums<V>,
  { c, columns, accumulate, bias, relu }: TileResult,
): void {
  const { code } = v;
  code.if(accumulate, () => {
    eachSum(sums, (sum, row, vector) => code.set(sum, v.add(sum, v.load(c[row]!, 16 * vector))));
  });
  if (bias !== null)
    code.if(bias, () => {
      eachSum(sums, (sum, _, vector) => code.set(sum, v.add(sum, v.load(bias, 16 * vector))));
    });
  if (relu !== null)
    code.if(relu, () => {
      eachSum(sums, (sum) => code.set(sum, rectified(v, sum)));
    });
  code.if(
    op('i32.ge_u', columns, tileVectors * v.width),
    () => eachSum(sums, (sum, row, vector) => v.store(c[row]!, sum, 16 * vector)),
    () =>
      eachSum(sums, (sum, row, vector) => {
        for (let lane = 0; lane < v.width; lane++) {
          const column = vector * v.width + lane;
          code.if(op('i32.gt_u', columns, column), () => v.storeLane(c[row]!, sum, lane, column * v.elementBytes));
        }
      }),
  );
}

/** The addresses of rows of c that are `step` apart. */
export function rowsOfResult(v: Lanes, c: I32, step: Expr<'i32'>, rows: number): I32[] {
  const pointers: I32[] = [];
  for (let row = 0; row < rows; row++) {
    pointers.push(row === 0 ? c : v.code.let(op('i32.add', pointers[row - 1]!, step)));
  }
  return pointers;
}

/** A tile of a matrix product: all of k at once, rows of c evenly apart. */
export interface TileOperands extends TileFactors, Omit<TileResult, 'c'> {
  readonly c: I32;
  readonly cRowStep: I32;
}

/** Writes the code of one tile. */
export function writeTile<V extends FloatVector>(v: Lanes<V>, rows: number, operands: TileOperands): void {
  const sums = startTile(v, rows);
  writeProducts(v, sums, operands);
  finishTile(v, sums, { ...operands, c: rowsOfResult(v, operands.c, operands.cRowStep, rows) });
}
