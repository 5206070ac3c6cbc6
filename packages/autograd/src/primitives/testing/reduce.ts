import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

const reductions = (minExtent: number): fc.Arbitrary<Call> =>
  shapes({ minExtent }).chain((shape) =>
    fc
      .tuple(fc.subarray(shape.map((_, i) => i)), fc.boolean())
      .map(([axes, keepDims]): Call => ({ smooth: [shape], attributes: { axes, keepDims } })),
  );

export const examples: Examples = {
  sum: reductions(0),
  max: reductions(1),
  min: reductions(1),
};
