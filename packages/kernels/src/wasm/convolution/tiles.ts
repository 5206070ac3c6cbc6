/** Rows of a product, tile after tile. */

import type { Code } from '../code.js';
import { type Expr, op } from '../expr.js';

/** Tiles of as many rows as fit, and then smaller ones. */
export function forEachTile(
  code: Code,
  rows: Expr<'i32'>,
  heights: readonly number[],
  tile: (rows: number) => void,
): void {
  const left = code.let(rows);
  heights.forEach((height, k) => {
    const write = (): void => {
      tile(height);
      code.advance(left, -height);
    };
    if (k === 0 || heights[k - 1]! > 2 * height) code.while(op('i32.ge_u', left, height), write);
    else code.if(op('i32.ge_u', left, height), write);
  });
}
