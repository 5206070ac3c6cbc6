/** The mean of squared differences in one pass over both operands. */

import type { Block } from '../block.js';
import type { TypedArray } from '../dtype.js';
import { binary, forEachRun, type Kernel } from '../elementwise/runs.js';
import { cheapStaging, type DispatchedKernel, kernel } from '../kernel.js';
import { scaledDifference } from '../wasm/elementwise.js';
import { runMap } from '../wasm/runMap.js';
import { sumOfSquaredDifferences } from '../wasm/sumOfSquares.js';

/** As many squares as are added up before the sum joins the total: rounding errors grow slowly. */
const blockLength = 4096;

/** Σ (a − b)² over `n` numbers from `atA` and `atB` on. */
function sumOfRun(
  a: TypedArray,
  atA: number,
  stepA: number,
  b: TypedArray,
  atB: number,
  stepB: number,
  n: number,
): number {
  let total = 0;
  for (let from = 0; from < n; from += blockLength) {
    let sum = 0;
    for (let i = from; i < Math.min(n, from + blockLength); i++)
      sum += (a[atA + i * stepA]! - b[atB + i * stepB]!) ** 2;
    total += sum;
  }
  return total;
}

const plain: Kernel = (out, [a, b]) => {
  let total = 0;
  // Few numbers, mostly: walking runs would take longer than adding them.
  if (a!.contiguous && b!.contiguous) total = sumOfRun(a!.data, a!.offset, 1, b!.data, b!.offset, 1, a!.size);
  else
    forEachRun(a!.shape, [a!, b!], ([atA, atB], n, [stepA, stepB]) => {
      total += sumOfRun(a!.data, atA!, stepA!, b!.data, atB!, stepB!, n);
    });
  out.data[out.offset] = total / a!.size;
};

/** With fewer numbers the plain loop is done before the SIMD kernel has been found. */
const leastSummed = 32;

/** Σ (a − b)² / n, added up in double precision; a and b have one dtype and shape, `out` one element. NaN of nothing. */
export const meanSquaredDifference: DispatchedKernel = kernel(
  plain,
  (out, [a, b]) => {
    const sum = a!.size < leastSummed ? undefined : sumOfSquaredDifferences(a!, b!);
    if (sum === undefined) return false;
    out.data[out.offset] = sum / a!.size;
    return true;
  },
  { outsideFrom: 512, work: (_, [a]) => a!.size },
);

/** 2 g / n: what each difference counts for. */
const scaleOf = (g: Block, a: Block): number => (2 * g.data[g.offset]!) / a.size;

/** 2 g (a − b) / n: what flows back to a; g has one element. */
export const meanSquaredDifferenceBackward: DispatchedKernel = kernel(
  (out, [g, a, b]) => {
    const scale = scaleOf(g!, a!);
    const run = binary((result, o, x, atX, stepX, y, atY, stepY, n) => {
      for (let i = 0; i < n; i++) result[o + i] = (x[atX + i * stepX]! - y[atY + i * stepY]!) * scale;
    });
    run(out, [a!, b!], undefined);
  },
  (out, [g, a, b]) => runMap(scaledDifference, out, [a!, b!], [scaleOf(g!, a!)]),
  cheapStaging,
);
