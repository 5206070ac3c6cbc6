import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

const given = shapes({ minRank: 1, minExtent: 1 });
const attributes = { epsilon: 0.1 };
const wanted = fc.tuple(fc.boolean(), fc.boolean()).filter((asked) => asked.includes(true));

export const examples: Examples = {
  rmsNormalize: given.map((shape): Call => ({ smooth: [shape, shape.slice(-1)], attributes })),
  rmsNormalizeBackward: fc.tuple(given, wanted).map(
    ([shape, asked]): Call => ({
      smooth: [shape, shape, shape.slice(-1)],
      attributes: { attributes, wanted: asked },
    }),
  ),
};
