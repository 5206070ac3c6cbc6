/** fast-check arbitraries of tensors, for gradient checks. */

import type { Shape } from '@cotangent/kernels';
import { sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { fromTypedArray } from '../create.js';
import type { Domain } from '../primitive.js';
import type { Tensor } from '../tensor.js';

// Looked up once: test runners sandbox globals, and there every mention of one in a loop costs.
const { abs, floor, max, min } = Math;

/** Extents of an axis: mostly small, sometimes 1, now and then 0. */
export const extents: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 2, max: 4 }) },
  { weight: 2, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.constant(0) },
);

/**
 * Shapes of `minRank` to `maxRank` axes.
 *
 * @example
 * fc.assert(fc.property(shapes({ maxRank: 2 }), (shape) => zeros(shape).rank <= 2));
 */
export function shapes({
  minRank = 0,
  maxRank = 3,
  minExtent = 0,
}: {
  minRank?: number;
  maxRank?: number;
  minExtent?: number;
} = {}): fc.Arbitrary<Shape> {
  return fc.array(
    extents.map((n) => max(n, minExtent)),
    { minLength: minRank, maxLength: maxRank },
  );
}

/** Two shapes that broadcast together. */
export const broadcastablePairs: fc.Arbitrary<readonly [Shape, Shape]> = shapes().chain((shape) =>
  fc.tuple(narrowed(shape), narrowed(shape)),
);

/**
 * The shape with some axes of extent 1 and some leading ones missing.
 *
 * @example
 * fc.assert(fc.property(narrowed([2, 3]), (shape) => ones(shape).add(ones([2, 3])).size === 6));
 */
export function narrowed(shape: Shape): fc.Arbitrary<Shape> {
  return fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat({ max: shape.length }))
    .map(([ones, missing]) => shape.map((n, i) => (ones[i] ? 1 : n)).slice(missing));
}

/** Distance kept from every kink, and between any two values of one call. */
const clearance = 1e-3;

/**
 * float64 tensors of the given shapes, smooth points of `domain`: all values differ (no ties) and none is near a kink.
 *
 * @example
 * fc.assert(
 *   fc.property(smoothTensors([[2, 3]], { kinks: [0] }), ([x]) => {
 *     checkGrads((x: Tensor) => x.abs(), [x!]);
 *   }),
 * );
 */
export function smoothTensors(
  shapesOf: readonly Shape[],
  { range = [-2, 2], kinks = [] }: Domain = {},
): fc.Arbitrary<Tensor[]> {
  const sizes = shapesOf.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })).map((stream) => {
    const draw = (): number => stream.next().value as number;
    // One value in each cell of a grid, cells shuffled: different from all others by construction.
    const [low, high] = range;
    const cell = (high - low) / max(1, total);
    const cells = Array.from({ length: total }, (_, i) => i);
    for (let i = total - 1; i > 0; i--) {
      const j = min(i, floor(draw() * (i + 1)));
      [cells[i], cells[j]] = [cells[j]!, cells[i]!];
    }
    const values = cells.map((k) => {
      const value = low + cell * (k + 0.25 + 0.5 * draw());
      const near = kinks.find((kink) => abs(value - kink) < 10 * clearance);
      return near === undefined ? value : near + (value < near ? -10 : 10) * clearance * (1 + (k % 7) / 7);
    });
    const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
    return shapesOf.map((shape, i) =>
      fromTypedArray(Float64Array.from(values.slice(starts[i]!, starts[i]! + sizes[i]!)), shape),
    );
  });
}

/**
 * Axes of a shape: none, some or all of them, in order.
 *
 * @example
 * fc.assert(fc.property(axesOf([2, 3]), (axes) => zeros([2, 3]).sum({ axis: axes }).rank === 2 - axes.length));
 */
export function axesOf(shape: Shape): fc.Arbitrary<number[]> {
  return fc.subarray(shape.map((_, i) => i));
}

/** Options of `tensors`. */
export interface TensorsOptions {
  /** The shape, or an arbitrary of shapes. @defaultValue `shapes()` */
  shape?: Shape | fc.Arbitrary<Shape>;
  /** Smallest and largest value. @defaultValue −2 to 2 */
  range?: readonly [number, number];
  /** Values to keep away from: kinks and poles. @defaultValue none */
  kinks?: readonly number[];
}

/**
 * float64 tensors whose values all differ (no ties) and keep away from kinks: points at which to check gradients.
 *
 * @example
 * fc.assert(
 *   fc.property(tensors({ range: [0.5, 2] }), (x) => {
 *     checkGrads((x: Tensor) => x.log(), [x]);
 *   }),
 * );
 */
export function tensors({ shape = shapes(), range = [-2, 2], kinks = [] }: TensorsOptions = {}): fc.Arbitrary<Tensor> {
  const drawn = Array.isArray(shape) ? fc.constant(shape as Shape) : (shape as fc.Arbitrary<Shape>);
  return drawn.chain((extents) => smoothTensors([extents], { range, kinks })).map(([x]) => x!);
}
