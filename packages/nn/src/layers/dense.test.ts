import { type NestedArray, ones, tensor, zeros } from '@cotangent/autograd';
import {
  forwardAgreesWithReverse,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  shapes,
  smoothTensors,
} from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  given,
  leafGradientAgreesWithDifferences,
} from '../../fixtures/testing.js';
import { type ActivationName, activations } from '../activations.js';
import { RandomNormal } from '../initializers/index.js';
import { sparseCategoricalCrossentropy } from '../losses/index.js';
import { Sequential } from '../model/sequential.js';
import { Dense, type DenseOptions } from './dense.js';

interface DenseCase {
  readonly name: string;
  readonly x: NestedArray;
  readonly v: NestedArray;
  readonly kernel: number[][];
  readonly bias: number[] | null;
  readonly y: NestedArray;
  readonly dx: NestedArray;
  readonly dkernel: NestedArray;
  readonly dbias: NestedArray | null;
}

interface PerceptronCase {
  readonly name: ActivationName;
  readonly x: number[][];
  readonly labels: number[];
  readonly parameters: [number[][], number[], number[][], number[]];
  readonly logits: NestedArray;
  readonly loss: number;
  readonly dx: NestedArray;
  readonly gradients: NestedArray[];
}

/** Activations without a kink, so that differences say something everywhere. */
const smooth = ['linear', 'tanh', 'sigmoid', 'softmax', 'logSoftmax', 'exponential'] as const;

describe('nn.Dense', () => {
  describe('agrees with PyTorch 1.13', () => {
    it.each(fixture<DenseCase>('dense'))('in value and gradients: $name', (reference) => {
      const layer = new Dense({
        units: 5,
        dtype: 'float64',
        useBias: reference.bias !== null,
        kernelInitializer: given(reference.kernel),
        ...(reference.bias !== null && { biasInitializer: given(reference.bias) }),
      });
      const x = tensor(reference.x, { dtype: 'float64', requiresGrad: true });
      const y = layer.call(x);
      y.mul(float64(reference.v)).sum().backward();
      expectNear(y, reference.y);
      expectNear(x.grad, reference.dx);
      expectNear(layer.kernel.grad, reference.dkernel);
      if (reference.dbias === null) expect(layer.bias).toBeNull();
      else expectNear(layer.bias!.grad, reference.dbias);
    });

    it.each(fixture<PerceptronCase>('mlp'))('in a network of two with cross-entropy: $name', (reference) => {
      const [kernel1, bias1, kernel2, bias2] = reference.parameters;
      const net = new Sequential([
        new Dense({
          units: 6,
          activation: reference.name,
          dtype: 'float64',
          kernelInitializer: given(kernel1),
          biasInitializer: given(bias1),
        }),
        new Dense({
          units: 3,
          dtype: 'float64',
          kernelInitializer: given(kernel2),
          biasInitializer: given(bias2),
        }),
      ]);
      const x = tensor(reference.x, { dtype: 'float64', requiresGrad: true });
      const labels = tensor(reference.labels, { dtype: 'int32' });
      const logits = net.call(x);
      const loss = sparseCategoricalCrossentropy(labels, logits, { fromLogits: true });
      loss.backward();
      expectNear(logits, reference.logits);
      expectNear(loss, reference.loss);
      expectNear(x.grad, reference.dx);
      const gradients = net.parameters().map((parameter) => parameter.grad);
      expect(gradients).toHaveLength(4);
      for (const [i, gradient] of gradients.entries()) expectNear(gradient, reference.gradients[i]!);
    });
  });

  describe('has the derivatives that differences show', () => {
    const calls = fc
      .tuple(shapes({ minRank: 1, maxRank: 3 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .chain(([batch, inputs, units]) =>
        fc.tuple(
          smoothTensors([[...batch, inputs], [inputs, units], [units]], { range: [-1, 1] }),
          fc.constantFrom(...smooth),
        ),
      );
    const layerOf = (kernel: NestedArray, bias: NestedArray, activation: ActivationName): Dense =>
      new Dense({
        units: (bias as number[]).length,
        activation,
        dtype: 'float64',
        kernelInitializer: given(kernel),
        biasInitializer: given(bias),
      });

    it('with respect to its input, forward, backward and twice', () => {
      fc.assert(
        fc.property(calls, ([[x, kernel, bias], activation]) => {
          const layer = layerOf(kernel!.toArray(), bias!.toArray(), activation);
          const f = layer.call.bind(layer);
          gradientAgreesWithDifferences(f, [x!], 0);
          secondOrderAgreesWithDifferences(f, [x!], 0, 0);
          forwardAgreesWithReverse(f, [x!], 0);
        }),
      );
    });

    it('with respect to its kernel and bias', () => {
      fc.assert(
        fc.property(calls, ([[x, kernel, bias], activation]) => {
          const layer = layerOf(kernel!.toArray(), bias!.toArray(), activation);
          const loss = () => layer.call(x!).square().sum();
          loss(); // gives the parameters their values
          leafGradientAgreesWithDifferences(loss, layer.kernel);
          leafGradientAgreesWithDifferences(loss, layer.bias!);
        }),
      );
    });
  });

  it('keeps the laws of layers', () => {
    const cases = fc
      .record({
        units: fc.integer({ min: 1, max: 4 }),
        activation: fc.constantFrom('linear', 'tanh', 'softmax', 'gelu'),
        useBias: fc.boolean(),
        inputUnits: fc.constantFrom(3, undefined),
        shape: fc.constantFrom([2, 3], [1, 2, 3], [2, 1, 2, 3]),
      })
      .map(({ shape, ...options }) => ({
        shape,
        make: () => new Dense({ ...options, dtype: 'float64' } as DenseOptions),
      }));
    checkLayerLaws(cases);
  });

  it('is built at once where the number of inputs is given', () => {
    expect(new Dense({ units: 2, inputUnits: 3 }).kernel.shape).toEqual([3, 2]);
    expect(new Dense({ units: 2, inputShape: [5, 4] }).kernel.shape).toEqual([4, 2]);
    expectThrown(
      () => new Dense({ units: 2, inputUnits: 0 }),
      ArgumentError,
      'Dense: got inputUnits 0; expected a whole number above 0',
    );
  });

  describe('takes', () => {
    it.each([
      [
        [2, 3],
        [2, 5],
      ],
      [
        [4, 2, 3],
        [4, 2, 5],
      ],
      [
        [2, 1, 4, 3],
        [2, 1, 4, 5],
      ],
      [
        [0, 3],
        [0, 5],
      ],
    ])('input %p and gives %p', (input, output) => {
      const layer = new Dense({ units: 5 });
      expect(layer.call(ones(input)).shape).toEqual(output);
      expect(layer.kernel.shape).toEqual([3, 5]);
      expect(layer.bias!.shape).toEqual([5]);
    });

    it('a sample the same way whatever stands around it', () => {
      const layer = new Dense({ units: 5, activation: 'tanh', dtype: 'float64' });
      const x = float64([
        [
          [0.5, -1],
          [2, 0.25],
        ],
        [
          [1, 3],
          [-2, 0],
        ],
      ]);
      const flat = layer.call(x.reshape([4, 2]));
      expectNear(layer.call(x), flat.reshape([2, 2, 5]).toArray(), 1e-12);
    });

    it('views as it takes contiguous tensors', () => {
      const layer = new Dense({ units: 2, dtype: 'float64' });
      const x = float64([
        [1, 2, 3],
        [4, 5, 6],
      ]);
      expectNear(layer.call(x.T), layer.call(tensor(x.T)).toArray(), 1e-12);
    });

    it('a function as its activation', () => {
      const layer = new Dense({ units: 1, activation: (x) => x.square(), kernelInitializer: 'ones' });
      expect(layer.call(tensor([[1, 2]])).toArray()).toEqual([[9]]);
    });

    it.each(['float32', 'float64'] as const)('%s when made for it, and keeps to it', (dtype) => {
      const layer = new Dense({ units: 2, activation: 'sigmoid', dtype });
      expect(layer.call(ones([1, 3], { dtype })).dtype).toBe(dtype);
      expect([layer.kernel.dtype, layer.bias!.dtype]).toEqual([dtype, dtype]);
    });
  });

  describe('starts', () => {
    it('with a Glorot uniform kernel and a zero bias', () => {
      const layer = new Dense({ units: 60 });
      layer.call(zeros([1, 40]));
      const limit = Math.sqrt(6 / 100);
      const kernel = layer.kernel.toTypedArray();
      expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(limit);
      expect(Math.max(...kernel.map(Math.abs))).toBeGreaterThan(0.99 * limit);
      expect(new Set(layer.bias!.toTypedArray())).toEqual(new Set([0]));
    });

    it('with the same numbers after the same manualSeed', () => {
      const kernelAfter = (seed: number) => {
        manualSeed(seed);
        const layer = new Dense({ units: 3 });
        layer.call(zeros([1, 3]));
        return layer.kernel.toArray();
      };
      expect(kernelAfter(7)).toEqual(kernelAfter(7));
      expect(kernelAfter(7)).not.toEqual(kernelAfter(8));
    });

    it('with what its initializers give, by name or as objects', () => {
      const layer = new Dense({
        units: 2,
        kernelInitializer: new RandomNormal({ seed: 3 }),
        biasInitializer: 'ones',
      });
      layer.call(zeros([1, 2]));
      const expected = new RandomNormal({ seed: 3 }).create([2, 2], 'float32');
      expect(layer.kernel.toArray()).toEqual(expected.toArray());
      expect(layer.bias!.toArray()).toEqual([1, 1]);
    });

    it('without a bias when told so', () => {
      const layer = new Dense({ units: 2, useBias: false });
      expect(layer.namedParameters().map(([path]) => path)).toEqual(['kernel']);
    });
  });

  describe('refuses', () => {
    const make = (options: unknown) => () => new Dense(options as DenseOptions);

    it.each([[0], [-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], [undefined]])('units %p', (units) => {
      expectThrown(make({ units }), ArgumentError, `Dense: got units ${units}; expected a whole number above 0`);
    });

    it('units that are text, and shows them in quotes', () => {
      expectThrown(make({ units: '10' }), ArgumentError, "Dense: got units '10'; expected a whole number above 0");
    });

    it('an unknown activation, naming those there are', () => {
      expectThrown(
        make({ units: 1, activation: 'rleu' }),
        ArgumentError,
        `Dense: got activation 'rleu'; expected one of ${Object.keys(activations).join(', ')}, or a function. Did you mean 'relu'?`,
      );
    });

    it('names that every object has', () => {
      expect(make({ units: 1, activation: 'toString' })).toThrow(ArgumentError);
      expect(make({ units: 1, kernelInitializer: 'constructor' })).toThrow(ArgumentError);
    });

    it.each(['kernelInitializer', 'biasInitializer'])('an unknown %s, naming those there are', (option) => {
      expectThrown(
        make({ units: 1, [option]: 'xavier' }),
        ArgumentError,
        "Dense: got initializer 'xavier'; expected one of zeros, ones, constant, identity, orthogonal, bilinear, randomNormal, randomUniform, truncatedNormal, varianceScaling, glorotUniform, glorotNormal, heUniform, heNormal, lecunUniform, lecunNormal, or an object with create()",
      );
    });

    it('an unknown option, naming those there are', () => {
      expectThrown(
        make({ units: 1, activaton: 'relu' }),
        ArgumentError,
        "Dense: got unknown option 'activaton'; expected one of units, activation, useBias, inputUnits, kernelInitializer, kernelRegularizer, kernelConstraint, biasInitializer, biasRegularizer, biasConstraint, dtype, name, inputShape, activityRegularizer. Did you mean 'activation'?",
      );
    });

    it('a number where the options belong', () => {
      expectThrown(make(10), ArgumentError, 'Dense: got 10; expected an options object. For example { units: … }.');
    });

    it.each([[[0]], [[2.5]], [[-1]]])('inputShape %p', (inputShape) => {
      expectThrown(
        make({ units: 1, inputShape }),
        ArgumentError,
        `Dense: got inputShape [${inputShape}]; expected positive whole numbers, without the batch axis`,
      );
    });

    it('an inputShape that is a number', () => {
      expectThrown(
        make({ units: 1, inputShape: 4 }),
        ArgumentError,
        'Dense: got inputShape 4; expected positive whole numbers, without the batch axis',
      );
    });

    it('a dtype without fractions', () => {
      expectThrown(
        make({ units: 1, dtype: 'int32' }),
        ArgumentError,
        "Dense: got dtype 'int32'; expected one of 'float32', 'float64'",
      );
    });

    it('a single sample without its batch axis, and says how to add one', () => {
      expectThrown(
        () => new Dense({ units: 2 }).call(ones([3])),
        ShapeError,
        'Dense › Dense: got x [3]; expected x [batch, ..., inputs]. Add a batch axis with .expandDims(0).',
      );
    });

    it('an input with another last axis than the first one had, by its path in the model', () => {
      const net = new Sequential([new Dense({ units: 4 }), new Dense({ units: 2 })]);
      net.call(ones([2, 3]));
      expectThrown(
        () => net.layers[1]!.call(ones([2, 3])),
        ShapeError,
        'Dense › Dense: got x [2, 3]; expected x [..., 4]. The layer was built for 4 inputs.',
      );
      expectThrown(
        () => net.call(ones([2, 5])),
        ShapeError,
        '0 (Dense) › Dense: got x [2, 5]; expected x [..., 3]. The layer was built for 3 inputs.',
      );
    });

    it('an input of another dtype than its own, by its path in the model', () => {
      const net = new Sequential([new Dense({ units: 4 })]);
      expectThrown(
        () => net.call(ones([2, 3], { dtype: 'float64' })),
        DTypeError,
        "0 (Dense) › Dense: got x float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
      );
      expectThrown(
        () => net.call(ones([2, 3], { dtype: 'uint8' })),
        DTypeError,
        "0 (Dense) › Dense: got x uint8; expected float32. Convert with .cast('float32').",
      );
    });

    it('nested arrays, which only models take', () => {
      expectThrown(
        () => new Dense({ units: 2 }).call([[1, 2]] as never),
        DTypeError,
        'Dense › Dense: got x an array; expected a tensor. Wrap numbers and arrays with tensor(…).',
      );
    });

    it('an initializer that gives another shape or dtype than it was asked for', () => {
      const withKernel = (values: NestedArray) => new Dense({ units: 2, kernelInitializer: given(values) });
      expectThrown(
        () => withKernel([[1, 2, 3]]).call(ones([1, 1])),
        ShapeError,
        'Dense › Parameter: got value [1, 3]; expected shape [1, 2] from its initializer',
      );
      const wrong = { name: 'wrong', create: () => ones([1, 2], { dtype: 'float64' }) };
      expectThrown(
        () => new Dense({ units: 2, kernelInitializer: wrong }).call(ones([1, 1])),
        DTypeError,
        'Dense › Parameter: got value float64; expected float32 from its initializer',
      );
    });

    it('anything before it takes memory', () => {
      const layer = new Dense({ units: 2 });
      expect(() => layer.call(ones([2, 3], { dtype: 'int32' }))).toThrow(DTypeError);
      expect(layer.kernel.hasValue).toBe(false);
    });
  });
});
