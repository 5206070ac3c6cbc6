import fc from 'fast-check';
import { narrowed, shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

const matrices = fc
  .tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), fc.nat({ max: 3 }), shapes({ maxRank: 2 }))
  .chain(([m, k, n, batch]) =>
    fc.tuple(narrowed(batch), narrowed(batch)).map(
      ([p, q]): Call => ({
        smooth: [
          [...p, m, k],
          [...q, k, n],
        ],
      }),
    ),
  );

export const examples: Examples = {
  matmul: matrices,
};
