import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

export const examples: Examples = {
  normalize: shapes({ minRank: 1, minExtent: 1 }).chain((shape) =>
    fc
      .subarray(
        shape.map((_, i) => i),
        { minLength: 1 },
      )
      .map((axes): Call => ({ smooth: [shape], attributes: { axes, epsilon: 0.1 } })),
  ),
};
