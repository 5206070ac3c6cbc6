import { broadcastablePairs, narrowed, shapes } from '../../testing/index.js';
import { bools, type Call, type Examples, each, two } from './call.js';

export const examples: Examples = {
  ...each(['fmax', 'fmin', 'copysign'], two),
  ...each(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'], two),
  where: broadcastablePairs.chain(([a, b]) =>
    narrowed(a.length > b.length ? a : b).chain((c) =>
      bools(c).map((condition): Call => ({ smooth: [a, b], inputs: ([x, y]) => [condition, x!, y!] })),
    ),
  ),
  dropout: broadcastablePairs.chain(([x, m]) =>
    bools(m).map((mask): Call => ({ smooth: [x], attributes: { scale: 1.25 }, inputs: ([x]) => [x!, mask] })),
  ),
  clip: shapes().map((shape): Call => ({ smooth: [shape], attributes: { low: -1, high: 1 } })),
};
