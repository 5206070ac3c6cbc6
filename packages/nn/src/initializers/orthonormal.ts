/** Orthonormal vectors from any: the Q of a QR decomposition, column by column, as rows. */

import { fromTypedArray, scope, type Tensor } from '@cotangent/autograd';
import type { TypedArray } from '@cotangent/kernels';

/** Vectors orthogonalized one by one; more at once go through matrix products, which are many times faster. */
const blockSize = 32;

/** Σ aᵢ bᵢ of rows i and j, of length m. */
function dot(rows: Float64Array, i: number, j: number, m: number): number {
  let [even, odd] = [0, 0];
  const [a, b] = [i * m, j * m];
  // Two sums: each addition need not wait for the one before it.
  let k = 0;
  for (; k + 1 < m; k += 2) {
    even += rows[a + k]! * rows[b + k]!;
    odd += rows[a + k + 1]! * rows[b + k + 1]!;
  }
  return k < m ? even + odd + rows[a + k]! * rows[b + k]! : even + odd;
}

/** Modified Gram–Schmidt on the rows of a block, in place. */
function orthonormalizeBlock(rows: Float64Array, count: number, m: number): void {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const along = dot(rows, i, j, m);
      for (let k = 0; k < m; k++) rows[i * m + k]! -= along * rows[j * m + k]!;
    }
    const norm = Math.sqrt(dot(rows, i, i, m));
    for (let k = 0; k < m; k++) rows[i * m + k]! /= norm;
  }
}

/** The rows of `block` less what of them lies in the space of the orthonormal rows `before`: x − (x qᵀ) q. */
function withoutPartIn(before: Float64Array, block: Float64Array, m: number): TypedArray {
  return scope(() => {
    const [q, x] = [fromTypedArray(before, [before.length / m, m]), fromTypedArray(block, [block.length / m, m])];
    return x.sub(x.matmul(q.permute()).matmul(q)).toTypedArray();
  });
}

/**
 * Orthonormal rows that span what the given ones do, row by row: the Q of QR with a positive diagonal of R, transposed, which
 * for normal numbers is drawn evenly from all orthogonal matrices (Mezzadri 2007). Float64.
 *
 * Blocks of rows are made orthogonal to all before them by matrix products, and then among themselves; each twice, which is
 * enough to be so to the last bits (Barlow & Smoktunowicz 2013).
 *
 * @param rows [n, m], n ≤ m, linearly independent, float64
 */
export function orthonormalize(rows: Tensor): Tensor {
  const [n, m] = rows.shape as [number, number];
  const done = rows.toTypedArray() as Float64Array;
  for (let start = 0; start < n; start += blockSize) {
    const end = Math.min(n, start + blockSize);
    const block = done.subarray(start * m, end * m);
    for (let pass = 0; pass < 2; pass++) {
      if (start > 0) block.set(withoutPartIn(done.slice(0, start * m), block.slice(), m));
      orthonormalizeBlock(block, end - start, m);
    }
  }
  return fromTypedArray(done, [n, m]);
}
