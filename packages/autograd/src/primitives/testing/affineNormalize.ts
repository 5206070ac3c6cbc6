import { sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import type { Call, Examples } from './call.js';

const given = shapes({ minRank: 2, minExtent: 1 }).chain((shape) =>
  fc.constantFrom('rows' as const, 'columns' as const).map((along) => {
    const count = along === 'rows' ? shape.at(-1)! : sizeOf(shape.slice(0, -1));
    return { shape, scale: [shape.at(-1)!], attributes: { along, count, epsilon: 0.1 } };
  }),
);

const wanted = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()).filter((asked) => asked.includes(true));

export const examples: Examples = {
  affineNormalize: given.map(({ shape, scale, attributes }): Call => ({ smooth: [shape, scale, scale], attributes })),
  affineNormalizeBackward: fc.tuple(given, wanted).map(
    ([{ shape, scale, attributes }, asked]): Call => ({
      smooth: [shape, shape, scale, scale],
      attributes: { attributes, wanted: asked },
    }),
  ),
  columnMoments: shapes({ minRank: 2, minExtent: 1 }).map((shape): Call => ({ smooth: [shape] })),
};
