import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import { type Call, type Examples, each } from './call.js';

/** A shape, some axes of it, and whether to keep them. */
export const reductions = (minExtent: number): fc.Arbitrary<Call> =>
  shapes({ minExtent }).chain((shape) =>
    fc
      .tuple(fc.subarray(shape.map((_, i) => i)), fc.boolean())
      .map(([axes, keepDims]): Call => ({ smooth: [shape], attributes: { axes, keepDims } })),
  );

const alongOne = shapes({ minRank: 1, minExtent: 1 }).chain((shape) =>
  fc
    .tuple(fc.nat({ max: shape.length - 1 }), fc.boolean())
    .map(([axis, keepDims]): Call => ({ smooth: [shape], attributes: { axes: [axis], keepDims } })),
);

export const examples: Examples = {
  sum: reductions(0),
  mean: reductions(1),
  max: reductions(1),
  min: reductions(1),
  ...each(['argmax', 'argmin'], alongOne),
};
