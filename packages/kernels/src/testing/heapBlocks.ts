/** Blocks for tests: any shape and layout, filled with numbers that include the awkward ones. */

import fc from 'fast-check';
import { type Block, newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { forEachRun } from '../elementwise/runs.js';
import type { Shape } from '../shape.js';

/** Numbers where kernels go wrong: zeros of both signs, infinities, NaN, subnormals, the largest. */
export const specialNumbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  Infinity,
  -Infinity,
  NaN,
  1e-40,
  -1e-40,
  1.1754943508222875e-38,
  3.4028234663852886e38,
  5e-324,
  2.2250738585072014e-308,
  1.7976931348623157e308,
];

/** A number, often a special one. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...specialNumbers) },
  { weight: 2, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.float() },
);

/** Shapes of up to `maxRank` axes, with axes of 0 and 1, odd extents, and extents beyond a few vectors. */
export function shapes(maxRank: number): fc.Arbitrary<number[]> {
  return fc.array(fc.constantFrom(0, 1, 1, 2, 3, 4, 5, 7, 8, 16, 17, 37), { maxLength: maxRank });
}

/** How a block lies in memory: as a whole, as a slice of something larger, or with its last two axes exchanged. */
export type Arrangement = 'contiguous' | 'slice' | 'transposed';
export const arrangements: fc.Arbitrary<Arrangement> = fc.constantFrom('contiguous', 'slice', 'transposed');

/** A block of `shape` arranged like that, in the heap, filled by `next`. */
export function blockOf(dtype: DType, shape: Shape, arrangement: Arrangement, next: () => number): Block {
  const rank = shape.length;
  let block: Block;
  if (arrangement === 'contiguous' || rank === 0) {
    block = newBlock(dtype, shape, false);
  } else if (arrangement === 'slice') {
    const whole = newBlock(
      dtype,
      shape.map((extent) => extent + 3),
      false,
    );
    const offset = whole.offset + whole.strides.reduce((sum, stride) => sum + stride, 0);
    block = whole.view({ shape, strides: whole.strides, offset });
  } else {
    const order = shape.map((_, axis) => axis);
    if (rank > 1) order.splice(rank - 2, 2, rank - 1, rank - 2);
    const stored = newBlock(
      dtype,
      order.map((axis) => shape[axis]!),
      false,
    );
    block = stored.view({ shape, strides: order.map((axis) => stored.strides[axis]!), offset: stored.offset });
  }
  forEachRun(shape, [block], (at, n, steps) => {
    for (let i = 0; i < n; i++) block.data[at[0]! + i * steps[0]!] = next();
  });
  return block;
}

/** The same numbers over and over. */
export function cycle(numbers: readonly number[]): () => number {
  let next = 0;
  return () => numbers[next++ % numbers.length]!;
}

/** A shape that broadcasts to `shape`: some axes 1, some leading ones missing. `choice` decides which. */
export function broadcastable(shape: Shape, choice: number): number[] {
  const kept = shape.map((extent, axis) => (choice & (1 << axis) ? 1 : extent));
  return choice & 64 ? kept.slice(Math.floor(choice / 128) % (kept.length + 1)) : kept;
}
