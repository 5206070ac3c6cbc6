/**
 * Σ x² in one pass. float32 numbers are squared and added as float64, where a square is exact and cannot overflow; sums
 * run in fixed lanes, so their order never changes.
 */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { type Func, func } from './assemble.js';
import { as, type Expr, extractLane, op, shuffle } from './expr.js';
import { type FloatVector, Lanes } from './lanes.js';
import { lazyModule } from './load.js';
import { lanesOf, pointerOf } from './runMap.js';

/** Vectors to a turn of the loop. */
const unroll = 4;
/** Elements to a call: partial sums of many calls are added up outside, so rounding errors grow slowly. */
const chunk = 2 ** 14;

/** The numbers of one vector as vectors of two float64. */
function widened(v: Lanes, x: Expr<FloatVector>): Expr<'f64x2'>[] {
  if (v.type === 'f64x2') return [as('f64x2', x)];
  const single = v.let(as('f32x4', x));
  const upper = shuffle(single, single, [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
  return [op('f64x2.promote_low_f32x4', single), op('f64x2.promote_low_f32x4', upper)];
}

/** `sum(pointer, n)` */
export function sumOfSquaresFunction(type: FloatVector): Func {
  return func('sum', { at: 'i32', n: 'i32' }, 'f64', (code, { at, n }) => {
    const v = new Lanes<FloatVector>(type, code);
    const halves = 8 / v.elementBytes;
    const sums = Array.from({ length: unroll }, () => Array.from({ length: halves }, () => code.local('f64x2')));
    const add = (sum: (typeof sums)[number][number], x: Expr<'f64x2'>): void => {
      const kept = code.let(x);
      code.set(sum, op('f64x2.add', sum, op('f64x2.mul', kept, kept)));
    };
    code.while(op('i32.ge_u', n, unroll * v.width), () => {
      for (const [k, lanes] of sums.entries()) {
        for (const [half, x] of widened(v, v.load(at, 16 * k)).entries()) add(lanes[half]!, x);
      }
      code.advance(at, unroll * 16);
      code.advance(n, -unroll * v.width);
    });
    // What is left goes one by one into both lanes of a sum of its own.
    const rest = code.local('f64x2');
    code.while(n, () => {
      add(rest, widened(v, v.loadSplat(at))[0]!);
      code.advance(at, v.elementBytes);
      code.advance(n, -1);
    });
    const total = code.let((sums.flat() as Expr<'f64x2'>[]).reduce((a, b) => op('f64x2.add', a, b)));
    return op('f64.add', op('f64.add', extractLane(total, 0), extractLane(total, 1)), extractLane(rest, 0));
  });
}

const sumOfSquaresModule = lazyModule((type: FloatVector) => [sumOfSquaresFunction(type)]);

/** Σ x² of contiguous floating data in the heap; undefined for any other. */
export function sumOfSquares(x: Block): number | undefined {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.storage.inHeap || !x.contiguous) return undefined;
  const { sum } = sumOfSquaresModule(type);
  const bytes = bytesPerElement(x.dtype);
  let total = 0;
  for (let i = 0; i < x.size; i += chunk) total += sum!(pointerOf(x) + i * bytes, Math.min(chunk, x.size - i));
  return total;
}
