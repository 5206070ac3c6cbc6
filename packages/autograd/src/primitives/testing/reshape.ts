import { sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { narrowed, shapes } from '../../testing/index.js';
import { type Call, type Examples, one } from './call.js';

const slices = shapes({ minRank: 1 }).chain((shape) =>
  fc
    .tuple(...shape.map((n) => fc.tuple(fc.nat({ max: Math.max(0, n - 1) }), fc.nat({ max: n }), fc.boolean())))
    .map((axes) => {
      const start = axes.map(([first]) => first);
      const size = axes.map(([first, size], i) => Math.min(size, Math.max(0, shape[i]! - first)));
      // Backwards, a slice starts at its last element.
      const backwards = axes.map(([, , back], i) => back && size[i]! > 0);
      return {
        shape,
        start: start.map((s, i) => (backwards[i] ? s + size[i]! - 1 : s)),
        size,
        step: backwards.map((back) => (back ? -1 : 1)),
      };
    }),
);

export const examples: Examples = {
  identity: one,
  reshape: shapes().map((shape): Call => ({ smooth: [shape], attributes: { shape: [sizeOf(shape), 1] } })),
  permute: shapes().chain((shape) => {
    const axes = shape.map((_, i) => i);
    return fc
      .shuffledSubarray(axes, { minLength: axes.length })
      .map((order): Call => ({ smooth: [shape], attributes: { axes: order } }));
  }),
  broadcastTo: shapes().chain((shape) =>
    narrowed(shape).map((from): Call => ({ smooth: [from], attributes: { shape } })),
  ),
  slice: slices.map(({ shape, ...attributes }): Call => ({ smooth: [shape], attributes })),
  placeSlice: slices.map((attributes): Call => ({ smooth: [attributes.size], attributes })),
  concat: fc
    .tuple(shapes({ minRank: 1 }), fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 }), fc.nat({ max: 2 }))
    .map(([shape, lengths, axisSeed]): Call => {
      const axis = axisSeed % shape.length;
      return { smooth: lengths.map((n) => shape.map((extent, i) => (i === axis ? n : extent))), attributes: { axis } };
    }),
};
