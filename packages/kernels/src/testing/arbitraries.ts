/**
 * fast-check arbitraries of shapes and of blocks in every layout.
 *
 * What is drawn is a recipe, plain data that a failing property can print; `build` makes the block. (Printing a block
 * would print the heap that its data is a view of.)
 */

import fc from 'fast-check';
import { Block, newBlock } from '../block.js';
import { type DType, dtypes } from '../dtype.js';
import type { Shape } from '../shape.js';
import { specialNumbers } from './heapBlocks.js';

// ---- shapes -----------------------------------------------------------------

/** Which shapes to draw. */
export interface ShapeOptions {
  /** @defaultValue 0 */
  minRank?: number;
  /** @defaultValue 4 */
  maxRank?: number;
  /** @defaultValue 0 */
  minExtent?: number;
  /** @defaultValue 5 */
  maxExtent?: number;
}

/** Extents from `minExtent` to `maxExtent`; 1 often, 0 now and then where it is allowed. */
export function extents({ minExtent = 0, maxExtent = 5 }: ShapeOptions = {}): fc.Arbitrary<number> {
  const common = fc.integer({ min: Math.max(1, minExtent), max: maxExtent });
  const one = fc.constant(Math.max(1, minExtent));
  if (minExtent > 0) return fc.oneof({ weight: 3, arbitrary: common }, { weight: 1, arbitrary: one });
  return fc.oneof(
    { weight: 12, arbitrary: common },
    { weight: 4, arbitrary: one },
    { weight: 1, arbitrary: fc.constant(0) },
  );
}

/** Shapes, with axes of 1 and (unless `minExtent` forbids) 0. */
export function shapesOf(options: ShapeOptions = {}): fc.Arbitrary<Shape> {
  const { minRank = 0, maxRank = 4 } = options;
  return fc.array(extents(options), { minLength: minRank, maxLength: maxRank });
}

/** The shape with some axes of extent 1 and some leading ones missing: it broadcasts to `shape`. */
export function narrowed(shape: Shape): fc.Arbitrary<Shape> {
  const ones = fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length });
  return fc
    .tuple(ones, fc.nat({ max: shape.length }))
    .map(([isOne, missing]) => shape.map((extent, axis) => (isOne[axis] ? 1 : extent)).slice(missing));
}

/** `count` shapes that broadcast together. */
export function broadcastableShapes(count: number, options: ShapeOptions = {}): fc.Arbitrary<Shape[]> {
  const each = (shape: Shape): fc.Arbitrary<Shape> =>
    fc.oneof({ weight: 1, arbitrary: fc.constant(shape) }, { weight: 2, arbitrary: narrowed(shape) });
  return shapesOf(options).chain((shape) => fc.tuple(...Array.from({ length: count }, () => each(shape))));
}

// ---- blocks -----------------------------------------------------------------

/** How one axis lies in memory. */
interface AxisRecipe {
  /** Elements of the stored axis per step, negative when it is walked backwards. */
  readonly step: number;
  /** Stored elements that the view does not show, before and behind it. */
  readonly before: number;
  readonly behind: number;
  /** Every index shows the same element (stride 0), as broadcasting makes it. */
  readonly expanded: boolean;
}

/** A view of a larger block: its axes in another order, cut out, stepped through, reversed, expanded. */
export interface BlockRecipe {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly axes: readonly AxisRecipe[];
  /** Order of the axes in memory, outermost first. */
  readonly order: readonly number[];
  /** Elements in front of the stored block. */
  readonly padding: number;
  /** In the heap, or in a JavaScript buffer. */
  readonly inHeap: boolean;
  /** Which numbers it holds. */
  readonly seed: number;
  /** Whether zeros of both signs, infinities, NaN, subnormals and the largest numbers are among them. */
  readonly special: boolean;
}

/** Which blocks to draw. */
export interface BlockOptions {
  /** @defaultValue any */
  dtype?: DType;
  /** Whether to draw special numbers too (for floats). @defaultValue false */
  special?: boolean;
  /** Only contiguous layouts. @defaultValue false */
  contiguous?: boolean;
  /** No element at two indices: for blocks that are written to. @defaultValue false */
  writable?: boolean;
}

const plainAxis: AxisRecipe = { step: 1, before: 0, behind: 0, expanded: false };

/** Recipes of blocks of one shape. */
export function blocksOf(
  shape: Shape,
  { dtype, special = false, contiguous = false, writable = false }: BlockOptions = {},
): fc.Arbitrary<BlockRecipe> {
  const anyAxis: fc.Arbitrary<AxisRecipe> = fc.record({
    step: fc.constantFrom(1, 1, 2, 3, -1, -2),
    before: fc.nat({ max: 1 }),
    behind: fc.nat({ max: 1 }),
    expanded: writable ? fc.constant(false) : fc.constantFrom(false, false, false, true),
  });
  const rank = shape.length;
  const plain = fc.record({
    axes: fc.constant(shape.map(() => plainAxis)),
    order: fc.constant(shape.map((_, axis) => axis)),
  });
  const strided = fc.record({
    axes: fc.array(anyAxis, { minLength: rank, maxLength: rank }),
    order: fc.shuffledSubarray(
      shape.map((_, axis) => axis),
      { minLength: rank },
    ),
  });
  const layout = contiguous ? plain : fc.oneof({ weight: 1, arbitrary: plain }, { weight: 3, arbitrary: strided });
  return layout.chain(({ axes, order }) =>
    fc.record({
      dtype: dtype === undefined ? fc.constantFrom(...dtypes) : fc.constant(dtype),
      shape: fc.constant(shape),
      axes: fc.constant(axes),
      order: fc.constant(order),
      padding: fc.nat({ max: 5 }),
      inHeap: fc.boolean(),
      seed: fc.nat(),
      special: special ? fc.boolean() : fc.constant(false),
    }),
  );
}

/** Recipes of blocks of any shape. */
export function anyBlocks(options: BlockOptions & ShapeOptions = {}): fc.Arbitrary<BlockRecipe> {
  return shapesOf(options).chain((shape) => blocksOf(shape, options));
}

/** The block of a recipe. Memory around and between its elements is filled too, so that reading it gives wrong numbers. */
export function build(recipe: BlockRecipe): Block {
  const { dtype, shape, axes, order, padding, inHeap } = recipe;
  // What each axis takes up in memory.
  const stored = axes.map(({ step, before, behind, expanded }, axis) => {
    const reach = expanded ? 0 : Math.abs(step) * Math.max(0, shape[axis]! - 1);
    return before + reach + 1 + behind;
  });
  let [stride, offset] = [1, 0];
  const strides = new Array<number>(shape.length);
  for (const axis of [...order].reverse()) {
    const { step, before, expanded } = axes[axis]!;
    strides[axis] = expanded ? 0 : step * stride;
    offset += stride * (before + (step < 0 && !expanded ? -step * Math.max(0, shape[axis]! - 1) : 0));
    stride *= stored[axis]!;
  }
  const whole = newBlock(dtype, [padding + stride], !inHeap);
  const next = numbersOf(recipe);
  for (let i = 0; i < whole.size; i++) whole.data[whole.offset + i] = next();
  return new Block(whole.storage, dtype, shape, strides, whole.offset + padding + offset);
}

/** A contiguous block in the heap for a kernel to fill. What it holds is not 0, so that an element left out shows. */
export function unwritten(dtype: DType, shape: Shape): Block {
  const block = newBlock(dtype, shape, false);
  block.data.fill(119, block.offset, block.offset + block.size);
  return block;
}

/** A stream of numbers that the dtype of a recipe holds. */
function numbersOf({ dtype, seed, special }: BlockRecipe): () => number {
  const draw = bits32(seed);
  return () => {
    switch (dtype) {
      case 'bool':
        return draw() & 1;
      case 'uint8':
        return draw() & 255;
      case 'int32':
        return special && draw() % 4 === 0 ? draw() | 0 : (draw() % 201) - 100;
      default:
        if (special && draw() % 4 === 0) return specialNumbers[draw() % specialNumbers.length]!;
        return (draw() / 2 ** 31 - 1) * 2 ** ((draw() % 9) - 4);
    }
  };
}

/** Mulberry32 (Ettinger 2017): repeatable 32-bit words that owe nothing to the generator under test. */
export function bits32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}
