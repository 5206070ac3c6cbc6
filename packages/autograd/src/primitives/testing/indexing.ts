import fc from 'fast-check';
import { shapes } from '../../testing/index.js';
import { type Call, type Examples, integers } from './call.js';

const gathers = (scatter: boolean): fc.Arbitrary<Call> =>
  fc
    .tuple(shapes({ minRank: 1, minExtent: 1 }), shapes({ maxRank: 2 }), fc.nat({ max: 2 }))
    .chain(([shape, indexShape, axisSeed]) => {
      const axis = axisSeed % shape.length;
      const extent = shape[axis]!;
      const smooth = scatter ? [...shape.slice(0, axis), ...indexShape, ...shape.slice(axis + 1)] : shape;
      return integers(indexShape, extent).map(
        (indices): Call => ({ smooth: [smooth], inputs: ([x]) => [x!, indices], attributes: { axis, extent } }),
      );
    });

const along = (scatter: boolean): fc.Arbitrary<Call> =>
  fc
    .tuple(shapes({ minRank: 1, minExtent: 1 }), fc.nat({ max: 4 }), fc.nat({ max: 2 }))
    .chain(([shape, count, axisSeed]) => {
      const axis = axisSeed % shape.length;
      const extent = shape[axis]!;
      const indexShape = shape.map((n, i) => (i === axis ? count : n));
      return integers(indexShape, extent).map(
        (indices): Call => ({
          smooth: [scatter ? indexShape : shape],
          inputs: ([x]) => [x!, indices],
          attributes: { axis, extent },
        }),
      );
    });

export const examples: Examples = {
  takeAlongAxis: along(false),
  scatterAlong: along(true),
  take: gathers(false),
  scatterAdd: gathers(true),
};
