import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

const calls = (inputs: 1 | 2): fc.Arbitrary<Call> =>
  shapes({ minRank: 1, minExtent: 1 }).chain((shape) =>
    fc
      .subarray(
        shape.map((_, i) => i),
        { minLength: 1 },
      )
      .map((axes): Call => ({ smooth: new Array(inputs).fill(shape), attributes: { axes, epsilon: 0.1 } })),
  );

export const examples: Examples = { normalize: calls(1), normalizeBackward: calls(2) };
