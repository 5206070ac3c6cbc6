import { ones, type Tensor, tensor } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { expectNear, expectThrown, float64 } from '../../fixtures/testing.js';
import { maskOf, setMask } from '../masks.js';
import { Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract } from './merging.js';

const [a, b, c] = [float64([[1, 5]]), float64([[2, 3]]), float64([[6, 4]])] as const;

/** A layer of several inputs. */
interface MergeLayer {
  call(inputs: readonly Tensor[]): Tensor;
  computeOutputShape(shapes: readonly Shape[]): Shape;
}

/** Shapes of the output and gradients of every input. */
function checkMerge(make: () => MergeLayer, shapes: readonly (readonly Shape[])[]): void {
  fc.assert(
    fc.property(
      fc.constantFrom(...shapes).chain((given) => smoothTensors(given)),
      (inputs) => {
        const layer = make();
        const y = layer.call(inputs);
        expect(layer.computeOutputShape(inputs.map((x) => x.shape.slice(1)))).toEqual(y.shape.slice(1));
        for (const k of inputs.keys()) gradientAgreesWithDifferences((...xs) => layer.call(xs), inputs, k);
      },
    ),
    { numRuns: 25 },
  );
}

describe('merging layers', () => {
  it.each([
    ['Add', new Add(), [[9, 12]]],
    ['Multiply', new Multiply(), [[12, 60]]],
    ['Average', new Average(), [[3, 4]]],
    ['Maximum', new Maximum(), [[6, 5]]],
    ['Minimum', new Minimum(), [[1, 3]]],
    ['Concatenate', new Concatenate(), [[1, 5, 2, 3, 6, 4]]],
  ])('%s', (_, layer, expected) => {
    expectNear((layer as MergeLayer).call([a, b, c]), expected);
  });

  it('Subtract takes two', () => {
    expectNear(new Subtract().call([a, b]), [[-1, 2]]);
    expectThrown(
      () => new Subtract().call([a, b, c]),
      ArgumentError,
      'Subtract › Subtract: got 3 inputs; expected two',
    );
  });

  it('have the gradients that differences show, and the shapes they say', () => {
    const broadcast = [
      [
        [2, 3],
        [2, 3],
      ],
      [
        [2, 3, 4],
        [2, 1, 4],
      ],
      [
        [2, 5, 3],
        [2, 3],
      ],
    ];
    for (const make of [
      () => new Add(),
      () => new Multiply(),
      () => new Average(),
      () => new Maximum(),
      () => new Minimum(),
      () => new Subtract(),
    ])
      checkMerge(make, broadcast);
    checkMerge(
      () => new Concatenate({ axis: 1 }),
      [
        [
          [2, 3, 4],
          [2, 1, 4],
          [2, 2, 4],
        ],
      ],
    );
    checkMerge(
      () => new Dot({ axes: [1, 2], normalize: true }),
      [
        [
          [2, 3, 4],
          [2, 5, 3],
        ],
      ],
    );
    checkMerge(
      () => new Dot({ axes: -1 }),
      [
        [
          [2, 3],
          [2, 3],
        ],
        [
          [2, 4, 3],
          [2, 5, 3],
        ],
      ],
    );
  });

  it('Dot sums products along an axis of each, or gives cosines', () => {
    expectNear(new Dot({ axes: 1 }).call([a, b]), [[17]]);
    expectNear(new Dot({ axes: -1, normalize: true }).call([a, b]), [[17 / Math.sqrt(26 * 13)]]);
  });

  it('show the steps that all inputs with a mask show', () => {
    const [x, y] = [
      setMask(ones([1, 3, 2]), tensor([[true, true, false]])),
      setMask(ones([1, 3, 2]), tensor([[false, true, true]])),
    ];
    expect(maskOf(new Add().call([x, y, ones([1, 3, 2])]))!.toArray()).toEqual([[false, true, false]]);
    expect(maskOf(new Average().call([x, y]))!.toArray()).toEqual([[false, true, false]]);
    expect(maskOf(new Concatenate({ axis: 1 }).call([x, y]))!.toArray()).toEqual([
      [true, true, false, false, true, true],
    ]);
    expect(maskOf(new Concatenate({ axis: 1 }).call([x, ones([1, 3, 2])]))).toBeNull();
    expect(maskOf(new Concatenate().call([x, y]))!.toArray()).toEqual([[false, true, false]]);
  });

  it('refuse what they cannot combine', () => {
    expectThrown(
      () => new Add().call(a as never),
      ArgumentError,
      'Add › Add: got an object; expected an array of at least 1 tensors',
    );
    expectThrown(
      () => new Dot({ axes: 0 }),
      ArgumentError,
      'Dot: got axes 0; expected a whole number other than 0, or two',
    );
    expectThrown(
      () => new Dot({ axes: 1 }).call([a, ones([1, 3], { dtype: 'float64' })]),
      ShapeError,
      'Dot › Dot: got first [1, 2] and second [1, 3]; expected equal extents along axes 1 and 1, and equal batches',
    );
    expectThrown(
      () => new Concatenate({ axis: 0 }),
      ArgumentError,
      'Concatenate: got axis 0, that of the batch; expected another',
    );
  });
});
