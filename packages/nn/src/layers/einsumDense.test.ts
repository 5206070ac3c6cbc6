import { type NestedArray, ones, tensor } from '@cotangent/autograd';
import { ArgumentError, DTypeError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, fixture, float64, given } from '../../fixtures/testing.js';
import { maskOf, setMask } from '../masks.js';
import { Sequential } from '../model/sequential.js';
import { EinsumDense, type EinsumDenseOptions } from './einsumDense.js';

interface EinsumDenseCase {
  readonly name: string;
  readonly x: NestedArray;
  readonly v: NestedArray;
  readonly kernel: NestedArray;
  readonly bias: NestedArray;
  readonly y: NestedArray;
  readonly dx: NestedArray;
  readonly dkernel: NestedArray;
  readonly dbias: NestedArray;
}

/** What the layers of the fixture are made with. */
const optionsOf: Record<string, Pick<EinsumDenseOptions, 'outputShape' | 'biasAxes'>> = {
  'abc,cde->abde': { outputShape: [null, 2, 3], biasAxes: 'de' },
  'abde,dec->abc': { outputShape: [null, 4], biasAxes: 'c' },
  'ibd,nd->ibn': { outputShape: [3, 5], biasAxes: 'b' },
  '...c,cde->...de': { outputShape: [2, 3], biasAxes: 'e' },
  'bc...,cde->bde...': { outputShape: [2, 3], biasAxes: 'd' },
};

/** Equation, bias axes, input and output shape without batch, outputShape, kernel and bias: Keras's own test of its layer. */
const ofKeras: [string, string | null, Shape, Shape, EinsumDenseOptions['outputShape'], Shape, Shape | null][] = [
  ['ab,b->a', null, [32], [], [], [32], null],
  ['ab,bc->ac', null, [32], [64], 64, [32, 64], null],
  ['abc,cde->abde', null, [1, 2], [1, 3, 4], [1, 3, 4], [2, 3, 4], null],
  ['abc,cde->abde', 'e', [1, 2], [1, 3, 4], [1, 3, 4], [2, 3, 4], [4]],
  ['abc,cde->abde', 'd', [1, 2], [1, 3, 4], [1, 3, 4], [2, 3, 4], [3, 1]],
  ['abc,cde->abde', 'be', [1, 2], [1, 3, 4], [1, 3, 4], [2, 3, 4], [1, 1, 4]],
  ['BFNH,NHD->BFD', null, [1, 2, 3], [1, 4], [1, 4], [2, 3, 4], null],
  ['i,d->id', null, [], [2], 2, [2], null],
  ['ibd,nd->ibn', null, [3, 1], [3, 2], [null, 2], [2, 1], null],
  ['...b,bc->...c', null, [32], [64], 64, [32, 64], null],
  ['...bc,bc->...b', null, [32, 64], [32], 32, [32, 64], null],
  ['...b,bc->...c', null, [5, 32], [5, 64], 64, [32, 64], null],
  ['...c,cde->...de', null, [1, 2], [1, 3, 4], [3, 4], [2, 3, 4], null],
  ['...c,cde->...de', 'e', [1, 2], [1, 3, 4], [3, 4], [2, 3, 4], [4]],
  ['...c,cde->...de', 'd', [1, 2], [1, 3, 4], [3, 4], [2, 3, 4], [3, 1]],
  ['...c,cde->...de', 'de', [1, 2], [1, 3, 4], [3, 4], [2, 3, 4], [3, 4]],
  ['bc...,cd->bd...', null, [1, 2, 3], [4, 2, 3], 4, [1, 4], null],
  ['bc...,cde->bde...', null, [1, 2], [3, 4, 2], [3, 4], [1, 3, 4], null],
  ['bc...,cde->bde...', 'd', [1, 2], [3, 4, 2], [3, 4], [1, 3, 4], [3, 1, 1]],
  ['bc...,cde->bde...', 'e', [1, 2], [3, 4, 2], [3, 4], [1, 3, 4], [4, 1]],
  ['bc...,cde->bde...', 'de', [1, 2], [3, 4, 2], [3, 4], [1, 3, 4], [3, 4, 1]],
];

describe('nn.EinsumDense', () => {
  it.each(fixture<EinsumDenseCase>('einsumDense'))(
    'agrees with PyTorch 1.13 in value and gradients: $name',
    (reference) => {
      const layer = new EinsumDense({
        equation: reference.name,
        ...optionsOf[reference.name]!,
        dtype: 'float64',
        kernelInitializer: given(reference.kernel),
        biasInitializer: given(reference.bias),
      });
      const x = tensor(reference.x, { dtype: 'float64', requiresGrad: true });
      const y = layer.call(x);
      y.mul(float64(reference.v)).sum().backward();
      expectNear(y, reference.y);
      expectNear(x.grad, reference.dx);
      expectNear(layer.kernel.grad, reference.dkernel);
      expectNear(layer.bias!.grad, reference.dbias);
    },
  );

  it.each(ofKeras)(
    'has the shapes that Keras has: %s, bias %p',
    (equation, biasAxes, input, output, outputShape, kernel, bias) => {
      const layer = new EinsumDense({ equation, biasAxes, outputShape });
      expect(layer.computeOutputShape(input)).toEqual(output);
      expect(layer.call(ones([2, ...input])).shape).toEqual([2, ...output]);
      expect(layer.kernel.shape).toEqual(kernel);
      expect(layer.bias?.shape ?? null).toEqual(bias);
    },
  );

  it('keeps the laws of layers', () => {
    const cases = fc
      .tuple(
        fc.constantFrom(...ofKeras),
        fc.constantFrom('linear', 'tanh'),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 4, maxLength: 4 }),
      )
      .filter(([[, , input]]) => input.every((n) => n < 10))
      .map(([[equation, biasAxes, input, , outputShape], activation, [batch]]) => ({
        make: () =>
          new EinsumDense({ equation, biasAxes, outputShape, activation: activation as 'tanh', dtype: 'float64' }),
        shape: [batch!, ...input],
      }));
    checkLayerLaws(cases);
  });

  it('is built at once with an inputShape', () => {
    const layer = new EinsumDense({ equation: '...b,bc->...c', outputShape: 3, inputShape: [4, 2] });
    expect(layer.kernel.shape).toEqual([2, 3]);
  });

  it('hands a mask on', () => {
    const x = setMask(ones([1, 2, 3]), tensor([[true, false]]));
    const layer = new EinsumDense({ equation: 'abc,cd->abd', outputShape: [null, 4] });
    expect(maskOf(layer.call(x))!.toArray()).toEqual([[true, false]]);
  });

  describe('refuses', () => {
    const make = (options: unknown) => () => new EinsumDense(options as EinsumDenseOptions);

    it.each([['ab,bc'], ['ab->ac'], ['a...,bc->ac'], ['...ab,bc->ac'], ['a1,1c->ac'], [undefined]])(
      'equation %p',
      (equation) => {
        const came = equation === undefined ? 'undefined' : `'${equation}'`;
        expectThrown(
          make({ equation, outputShape: 1 }),
          ArgumentError,
          `EinsumDense: got equation ${came}; expected 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...', with letters of your own`,
        );
      },
    );

    it('axes that only one term has', () => {
      for (const [equation, letter] of [
        ['ab,bcz->ac', 'z'],
        ['ab,bc->acy', 'y'],
      ])
        expectThrown(
          make({ equation, outputShape: 1 }),
          ArgumentError,
          `EinsumDense: got equation '${equation}'; expected every axis in two terms, not '${letter}' in one`,
        );
    });

    it.each([[0], [[2, -1]], [1.5], ['2'], [undefined]])('outputShape %p', (outputShape) => {
      const came = Array.isArray(outputShape)
        ? `[${outputShape.join(', ')}]`
        : typeof outputShape === 'string'
          ? "'2'"
          : outputShape;
      expectThrown(
        make({ equation: 'ab,bc->ac', outputShape }),
        ArgumentError,
        `EinsumDense: got outputShape ${came}; expected positive whole numbers, or null`,
      );
    });

    it('bias axes that the output does not have', () => {
      expectThrown(
        make({ equation: 'ab,bc->ac', outputShape: 1, biasAxes: 'b' }),
        ArgumentError,
        "EinsumDense: got biasAxes 'b'; expected letters of the output 'ac'",
      );
    });

    it('an output shape that does not go with the equation or the input', () => {
      expectThrown(
        () => new EinsumDense({ equation: 'abc,cd->abd', outputShape: 4 }).call(ones([1, 2, 3])),
        ArgumentError,
        "EinsumDense › EinsumDense: got 1 extents in outputShape; expected one for each of 'bd' in 'abc,cd->abd'",
      );
      expectThrown(
        () => new EinsumDense({ equation: 'abc,cd->abd', outputShape: [null, null] }).call(ones([1, 2, 3])),
        ArgumentError,
        "EinsumDense › EinsumDense: got no extent of 'd' in 'abc,cd->abd'; expected a number for it in outputShape",
      );
      expectThrown(
        () => new EinsumDense({ equation: 'abc,cd->abd', outputShape: [5, 4] }).computeOutputShape([2, 3]),
        ShapeError,
        "EinsumDense: got input [2, 3]; expected extent 5 along 'b', as outputShape says",
      );
    });

    it('inputs of another rank, extent or dtype, by the path of the layer', () => {
      const net = new Sequential([new EinsumDense({ equation: 'abc,cd->abd', outputShape: [null, 4] })]);
      expectThrown(
        () => net.call(ones([2, 3])),
        ShapeError,
        "0 (EinsumDense) › EinsumDense: got input [3]; expected the axes of 'abc,cd->abd' without the first, the batch",
      );
      net.call(ones([1, 2, 3]));
      expectThrown(
        () => net.call(ones([1, 2, 5])),
        ShapeError,
        "0 (EinsumDense) › EinsumDense: got x [1, 2, 5] and kernel [3, 4]; expected extents that fit 'abc,cd->abd'. The kernel was made for the first input.",
      );
      expectThrown(
        () => net.call(ones([1, 2, 3], { dtype: 'float64' })),
        DTypeError,
        "0 (EinsumDense) › EinsumDense: got x float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
      );
    });
  });
});
