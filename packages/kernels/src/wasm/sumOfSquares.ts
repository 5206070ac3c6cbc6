/**
 * Σ x² and Σ (a − b)² in one pass. float32 numbers are squared and added as float64, where a square is exact and cannot overflow;
 * sums run in fixed lanes, so their order never changes.
 */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { type Func, func } from './assemble.js';
import type { Local } from './code.js';
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

type Read = (offset: number) => Expr<FloatVector>;

/** Adds up the squares of `n` numbers. Both reads give what lies at the pointers: a vector, or one element in all lanes. */
function addSquares(
  v: Lanes,
  pointers: readonly Local<'i32'>[],
  n: Local<'i32'>,
  readVector: Read,
  readElement: Read,
): Expr<'f64'> {
  const { code } = v;
  const halves = 8 / v.elementBytes;
  const sums = Array.from({ length: unroll }, () => Array.from({ length: halves }, () => code.local('f64x2')));
  const add = (sum: Local<'f64x2'>, x: Expr<'f64x2'>): void => {
    const kept = code.let(x);
    code.set(sum, op('f64x2.add', sum, op('f64x2.mul', kept, kept)));
  };
  const advance = (elements: number): void => {
    for (const pointer of pointers) code.advance(pointer, elements * v.elementBytes);
    code.advance(n, -elements);
  };
  code.while(op('i32.ge_u', n, unroll * v.width), () => {
    for (const [k, lanes] of sums.entries()) {
      for (const [half, x] of widened(v, readVector(16 * k)).entries()) add(lanes[half]!, x);
    }
    advance(unroll * v.width);
  });
  // What is left goes one by one into both lanes of a sum of its own.
  const rest = code.local('f64x2');
  code.while(n, () => {
    add(rest, widened(v, readElement(0))[0]!);
    advance(1);
  });
  const total = code.let((sums.flat() as Expr<'f64x2'>[]).reduce((a, b) => op('f64x2.add', a, b)));
  return op('f64.add', op('f64.add', extractLane(total, 0), extractLane(total, 1)), extractLane(rest, 0));
}

/** `sum(pointer, n)` */
export function sumOfSquaresFunction(type: FloatVector): Func {
  return func('sum', { at: 'i32', n: 'i32' }, 'f64', (code, { at, n }) => {
    const v = new Lanes<FloatVector>(type, code);
    return addSquares(
      v,
      [at],
      n,
      (offset) => v.load(at, offset),
      () => v.loadSplat(at),
    );
  });
}

/** `sum(pointer of a, pointer of b, n)` */
export function sumOfSquaredDifferencesFunction(type: FloatVector): Func {
  return func('sum', { a: 'i32', b: 'i32', n: 'i32' }, 'f64', (code, { a, b, n }) => {
    const v = new Lanes<FloatVector>(type, code);
    return addSquares(
      v,
      [a, b],
      n,
      (offset) => v.sub(v.load(a, offset), v.load(b, offset)),
      () => v.sub(v.loadSplat(a), v.loadSplat(b)),
    );
  });
}

const sumOfSquaresModule = lazyModule((type: FloatVector) => [sumOfSquaresFunction(type)]);
const sumOfSquaredDifferencesModule = lazyModule((type: FloatVector) => [sumOfSquaredDifferencesFunction(type)]);

/** Adds up `sum` of each chunk of a block's elements: of `n` of them, so many bytes behind the first. */
function inChunks({ dtype, size }: Block, sum: (bytes: number, n: number) => number): number {
  let total = 0;
  for (let i = 0; i < size; i += chunk) total += sum(i * bytesPerElement(dtype), Math.min(chunk, size - i));
  return total;
}

/** Σ x² of contiguous floating data in the heap; undefined for any other. */
export function sumOfSquares(x: Block): number | undefined {
  const type = lanesOf(x.dtype);
  if (type === undefined || !x.storage.inHeap || !x.contiguous) return undefined;
  const { sum } = sumOfSquaresModule(type);
  return inChunks(x, (bytes, n) => sum!(pointerOf(x) + bytes, n));
}

/** Σ (a − b)² of contiguous floating data of one dtype and shape in the heap; undefined for any other. */
export function sumOfSquaredDifferences(a: Block, b: Block): number | undefined {
  const type = lanesOf(a.dtype);
  if (type === undefined || b.dtype !== a.dtype || !(a.contiguous && b.contiguous)) return undefined;
  if (!(a.storage.inHeap && b.storage.inHeap)) return undefined;
  const { sum } = sumOfSquaredDifferencesModule(type);
  return inChunks(a, (bytes, n) => sum!(pointerOf(a) + bytes, pointerOf(b) + bytes, n));
}
