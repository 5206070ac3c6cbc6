import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';
import { reductions } from './reduce.js';

const scans = (count: number): fc.Arbitrary<Call> =>
  shapes({ minRank: 1 }).chain((shape) =>
    fc.tuple(fc.nat({ max: shape.length - 1 }), fc.boolean()).map(
      ([axis, reverse]): Call => ({
        smooth: new Array<typeof shape>(count).fill(shape),
        attributes: { axis, reverse },
      }),
    ),
  );

export const examples: Examples = {
  cumsum: scans(1),
  recurrence: scans(2),
  cumargmax: scans(1),
  cumargmin: scans(1),
  argsort: scans(1).map((call) => ({
    ...call,
    attributes: { ...(call.attributes as object), descending: (call.attributes as { reverse: boolean }).reverse },
  })),
  logSumExp: reductions(1),
};
