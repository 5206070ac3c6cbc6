import { type Shape, sizeOf } from '@cotangent/kernels';
import fc from 'fast-check';
import { fromTypedArray, type Tensor } from '../index.js';
import { apply, type Primitive } from '../primitive.js';
import {
  broadcastablePairs,
  forwardAgreesWithReverse,
  forwardOverReverseAgrees,
  gradientAgreesWithDifferences,
  narrowed,
  secondOrderAgreesWithDifferences,
  shapes,
  smoothTensors,
} from '../testing/index.js';
import { rows } from './rows.js';

/** One call of a primitive: float64 inputs to differentiate, others to hold fixed, and attributes. */
interface Call {
  readonly smooth: readonly Shape[];
  /** Builds the inputs of the primitive from the smooth ones. */
  readonly inputs?: (smooth: readonly Tensor[]) => readonly Tensor[];
  readonly attributes?: unknown;
}

const one = shapes().map((shape): Call => ({ smooth: [shape] }));
const two = broadcastablePairs.map(([a, b]): Call => ({ smooth: [a, b] }));

const integers = (shape: Shape, below: number): fc.Arbitrary<Tensor> =>
  fc
    .array(fc.nat({ max: below - 1 }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => fromTypedArray(Int32Array.from(values), shape));

const bools = (shape: Shape): fc.Arbitrary<Tensor> => integers(shape, 2).map((x) => x.cast('bool'));

const reductions = (minExtent: number): fc.Arbitrary<Call> =>
  shapes({ minExtent }).chain((shape) =>
    fc
      .tuple(fc.subarray(shape.map((_, i) => i)), fc.boolean())
      .map(([axes, keepDims]): Call => ({ smooth: [shape], attributes: { axes, keepDims } })),
  );

const onAxis = shapes({ minRank: 1, minExtent: 1 }).chain((shape) =>
  fc.nat({ max: shape.length - 1 }).map((axis): Call => ({ smooth: [shape], attributes: { axis } })),
);

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

const labelled = (backward: boolean): fc.Arbitrary<Call> =>
  fc
    .tuple(shapes({ maxRank: 2 }), fc.integer({ min: 1, max: 4 }))
    .chain(([shape, classes]) =>
      integers(shape, classes).map(
        (labels): Call =>
          backward
            ? { smooth: [shape, [...shape, classes]], inputs: ([g, x]) => [g!, x!, labels] }
            : { smooth: [[...shape, classes]], inputs: ([x]) => [x!, labels] },
      ),
    );

/** How to call each differentiable primitive. A row without an entry fails below. */
const calls: Readonly<Record<string, fc.Arbitrary<Call>>> = {
  ...Object.fromEntries(
    ['negative', 'square', 'sqrt', 'abs', 'exp', 'log', 'tanh', 'sigmoid', 'relu', 'identity'].map((name) => [
      name,
      one,
    ]),
  ),
  ...Object.fromEntries(
    ['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum'].map((name) => [name, two]),
  ),
  reluBackward: two,
  where: broadcastablePairs.chain(([a, b]) =>
    narrowed(a.length > b.length ? a : b).chain((c) =>
      bools(c).map((condition): Call => ({ smooth: [a, b], inputs: ([x, y]) => [condition, x!, y!] })),
    ),
  ),
  clip: shapes().map((shape): Call => ({ smooth: [shape], attributes: { low: -1, high: 1 } })),
  cast: shapes().map((shape): Call => ({ smooth: [shape], attributes: { dtype: 'float64', from: 'float64' } })),
  sum: reductions(0),
  max: reductions(1),
  min: reductions(1),
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
  matmul: matrices,
  take: gathers(false),
  scatterAdd: gathers(true),
  softmax: onAxis,
  logSoftmax: onAxis,
  softmaxCrossEntropy: labelled(false),
  softmaxCrossEntropyBackward: labelled(true),
};

/** Whether any input has a derivative. */
const differentiable = (row: Primitive<never>): boolean => (row.inputs ?? ['inputs']).some((_, i) => row.hasVjp(i));

/** The call as a function of its smooth inputs; `viewed` turns each into a strided view of the same numbers first. */
function asFunction(row: Primitive<never>, call: Call, viewed: boolean) {
  return (...smooth: Tensor[]): Tensor => {
    const seen = viewed ? smooth.map((x) => x.permute().add(0).permute()) : smooth;
    return apply(row, call.inputs?.(seen) ?? seen, call.attributes as never);
  };
}

describe('every primitive', () => {
  for (const row of rows.filter(differentiable)) {
    const sample = calls[row.name]?.chain((call) =>
      fc.tuple(fc.constant(call), smoothTensors(call.smooth, row.domain), fc.boolean()),
    );

    it(`${row.name}: gradients agree with central differences at orders 1 and 2, and forward with reverse mode`, () => {
      if (sample === undefined) throw new Error(`${row.name} has no test: say in rows.test.ts how to call it`);
      fc.assert(
        fc.property(sample, ([call, smooth, viewed]) => {
          const f = asFunction(row, call, viewed);
          for (let k = 0; k < smooth.length; k++) {
            if (!row.hasVjp(positionOf(call, smooth, k))) continue;
            gradientAgreesWithDifferences(f, smooth, k);
            forwardAgreesWithReverse(f, smooth, k);
            forwardOverReverseAgrees(f, smooth, k);
            for (let l = 0; l < smooth.length; l++) {
              if (row.hasVjp(positionOf(call, smooth, l))) secondOrderAgreesWithDifferences(f, smooth, k, l);
            }
          }
        }),
      );
    });
  }

  it('has a name of its own', () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
  });

  it('either has a derivative or says that it has none', () => {
    const without = rows.filter((row) => !differentiable(row)).map((row) => row.name);
    expect(without).toEqual([
      'sign',
      'equal',
      'notEqual',
      'less',
      'lessEqual',
      'greater',
      'greaterEqual',
      'argmax',
      'argmin',
    ]);
  });
});

/** Which input of the primitive smooth input k becomes. */
function positionOf(call: Call, smooth: readonly Tensor[], k: number): number {
  return call.inputs === undefined ? k : call.inputs(smooth).indexOf(smooth[k]!);
}
