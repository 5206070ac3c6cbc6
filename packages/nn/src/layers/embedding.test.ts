import { type NestedArray, ones, type Tensor, tensor, vmap } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  given,
  leafGradientAgreesWithDifferences,
} from '../../fixtures/testing.js';
import { maskOf, setMask } from '../masks.js';
import { Sequential } from '../model/sequential.js';
import { Dense } from './dense.js';
import { Embedding, type EmbeddingOptions, ReversibleEmbedding } from './embedding.js';

interface EmbeddingCase {
  readonly name: string;
  readonly x: NestedArray;
  readonly v: NestedArray;
  readonly embeddings: NestedArray;
  readonly y: NestedArray;
  readonly dembeddings: NestedArray;
}

const indices = (values: NestedArray): Tensor => tensor(values, { dtype: 'int32' });
const table = [
  [1, 2],
  [3, 4],
  [5, 6],
];

describe('nn.Embedding', () => {
  it.each(fixture<EmbeddingCase>('embedding'))('agrees with PyTorch 1.13 in value and gradient: $name', (reference) => {
    const layer = new Embedding({
      inputDim: 6,
      outputDim: 3,
      dtype: 'float64',
      weights: float64(reference.embeddings),
    });
    const y = layer.call(indices(reference.x));
    y.mul(float64(reference.v)).sum().backward();
    expectNear(y, reference.y);
    expectNear(layer.embeddings.grad, reference.dembeddings);
  });

  it('gives an input of any shape another axis, as computeOutputShape says', () => {
    const cases = fc.tuple(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
    );
    fc.assert(
      fc.property(cases, ([shape, inputDim, outputDim]) => {
        const layer = new Embedding({ inputDim, outputDim, maskZero: true });
        const y = layer.call(ones(shape).mul(inputDim - 1));
        expect(y.shape).toEqual([shape[0], ...layer.computeOutputShape(shape.slice(1))]);
        expect(maskOf(y)!.shape).toEqual(shape);
      }),
      { numRuns: 25 },
    );
  });

  it('has the gradient that differences show, in value and penalty', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 }), (words) => {
        const layer = new Embedding({ inputDim: 4, outputDim: 3, dtype: 'float64', embeddingsRegularizer: 'l2' });
        const loss = () => layer.call(indices(words)).square().sum().add(layer.losses()[0]!);
        leafGradientAgreesWithDifferences(loss, layer.embeddings);
      }),
      { numRuns: 25 },
    );
  });

  it('starts within ±0.05, or with the weights given', () => {
    const start = new Embedding({ inputDim: 40, outputDim: 20 }).embeddings.toTypedArray();
    expect(Math.max(...start.map(Math.abs))).toBeLessThanOrEqual(0.05);
    expect(Math.max(...start.map(Math.abs))).toBeGreaterThan(0.049);
    const weights = tensor(table);
    const layer = new Embedding({ inputDim: 3, outputDim: 2, weights });
    weights.assign(weights.mul(0));
    expect(layer.call(indices([2, 0])).toArray()).toEqual([table[2], table[0]]);
  });

  it('takes int32, uint8, and floats that are whole numbers, so that models may feed it', async () => {
    const layer = new Embedding({ inputDim: 3, outputDim: 2, embeddingsInitializer: given(table) });
    for (const dtype of ['int32', 'uint8', 'float32', 'float64'] as const) {
      expect(layer.call(tensor([[1]], { dtype })).toArray()).toEqual([[table[1]]]);
    }
    const model = new Sequential([layer, new Dense({ units: 1, kernelInitializer: 'ones' })]).build([2]);
    expect((await model.predict([[0, 2]])).toArray()).toEqual([[[3], [11]]]);
  });

  it('maps over examples', () => {
    const layer = new Embedding({ inputDim: 3, outputDim: 2, embeddingsInitializer: given(table) });
    const each = vmap((x: Tensor) => layer.call(x));
    expect(each(indices([[0, 2]])).toArray()).toEqual([[table[0], table[2]]]);
    expect(() => each(indices([[0, 3]]))).toThrow(IndexError);
  });

  it('marks padding when told that 0 is padding', () => {
    const x = indices([[2, 0, 1]]);
    const layer = new Embedding({ inputDim: 3, outputDim: 2, maskZero: true });
    expect(maskOf(layer.call(x))!.toArray()).toEqual([[true, false, true]]);
    expect(maskOf(new Embedding({ inputDim: 3, outputDim: 2 }).call(x))).toBeNull();
  });

  it('goes through a state dict and clone', () => {
    const layer = new Embedding({ inputDim: 3, outputDim: 2 });
    const fresh = new Embedding({ inputDim: 3, outputDim: 2 });
    fresh.loadStateDict(layer.stateDict());
    const x = indices([0, 1, 2]);
    expect(fresh.call(x).toArray()).toEqual(layer.call(x).toArray());
    expect(layer.clone().call(x).toArray()).toEqual(layer.call(x).toArray());
    expect(Object.keys(layer.stateDict())).toEqual(['embeddings']);
  });

  describe('refuses', () => {
    const make = (options: unknown) => () => new Embedding(options as EmbeddingOptions);
    const layer = new Embedding({ inputDim: 3, outputDim: 2 });

    it.each(['inputDim', 'outputDim'])('%s 0', (option) => {
      const message = `Embedding: got ${option} 0; expected a whole number above 0`;
      expectThrown(make({ inputDim: 3, outputDim: 2, [option]: 0 }), ArgumentError, message);
    });

    it('options that it does not have, or of another kind', () => {
      expectThrown(
        make({ inputDim: 3, outputDim: 2, maskzero: true }),
        ArgumentError,
        "Embedding: got unknown option 'maskzero'; expected one of inputDim, outputDim, maskZero, weights, embeddingsInitializer, embeddingsRegularizer, embeddingsConstraint, dtype, name, inputShape, activityRegularizer. Did you mean 'maskZero'?",
      );
      expectThrown(
        make({ inputDim: 3, outputDim: 2, maskZero: 1 }),
        ArgumentError,
        'Embedding: got maskZero 1; expected true or false',
      );
      expectThrown(
        make({ inputDim: 3, outputDim: 2, weights: ones([2, 3]) }),
        ShapeError,
        'Embedding: got weights [2, 3]; expected weights [3, 2]',
      );
    });

    it('indices out of range, by the path of the layer', () => {
      expectThrown(
        () => new Sequential([layer]).call(indices([[0, 3]])),
        IndexError,
        '0 (Embedding) › Embedding: got index 3 at position 1; expected whole numbers from 0 to 2. Make the layer with inputDim above the largest index.',
      );
      expectThrown(
        () => layer.call(indices([[0, -1]])),
        IndexError,
        'Embedding › Embedding: got index -1 at position 1; expected whole numbers from 0 to 2',
      );
      expectThrown(
        () => layer.call(tensor([[0.5]])),
        IndexError,
        'Embedding › Embedding: got index 0.5 at position 0; expected whole numbers from 0 to 2',
      );
    });

    it('bools and scalars', () => {
      expectThrown(
        () => layer.call(tensor([true])),
        DTypeError,
        "Embedding › Embedding: got x bool; expected int32 indices. Convert with .cast('int32').",
      );
      expectThrown(
        () => layer.call(indices(1)),
        ShapeError,
        'Embedding › Embedding: got x []; expected x [batch, ...]. Add a batch axis with .expandDims(0).',
      );
    });
  });
});

describe('nn.ReversibleEmbedding', () => {
  const options = { inputDim: 3, outputDim: 2, dtype: 'float64', embeddingsInitializer: given(table) } as const;

  it('goes forwards as Embedding, and back by its own table', () => {
    const layer = new ReversibleEmbedding(options);
    expect(layer.call(indices([[2]])).toArray()).toEqual([[[5, 6]]]);
    expect(layer.call(float64([[1, -1]]), { reverse: true }).toArray()).toEqual([[-1, -1, -1]]);
    expect(layer.namedParameters().map(([path]) => path)).toEqual(['embeddings']);
    expect(layer.computeOutputShape([4])).toEqual([4, 2]);
    expect(layer.computeOutputShape([4, 2], { reverse: true })).toEqual([4, 3]);
  });

  it('goes back by a matrix of its own when the weights are not tied', () => {
    const layer = new ReversibleEmbedding({ ...options, embeddingsInitializer: 'ones', tieWeights: false });
    layer.reverseEmbeddings!.assign(
      float64([
        [1, 2, 3],
        [10, 20, 30],
      ]),
    );
    expect(layer.call(float64([[1, 1]]), { reverse: true }).toArray()).toEqual([[11, 22, 33]]);
    expect(layer.namedParameters().map(([path]) => path)).toEqual(['embeddings', 'reverseEmbeddings']);
  });

  it('holds scores within a cap', () => {
    const layer = new ReversibleEmbedding({ ...options, logitSoftCap: 5 });
    const scores = [3, 7, 11].map((score) => 5 * Math.tanh(score / 5));
    expectNear(layer.call(float64([[1, 1]]), { reverse: true }), [scores], 1e-14);
  });

  it('has the derivatives that differences show, there and back', () => {
    const cases = fc.tuple(smoothTensors([[2, 2]]), fc.boolean(), fc.constantFrom(null, 2));
    fc.assert(
      fc.property(cases, ([[x], tieWeights, logitSoftCap]) => {
        const layer = new ReversibleEmbedding({ ...options, tieWeights, logitSoftCap, embeddingsInitializer: 'ones' });
        gradientAgreesWithDifferences((input) => layer.call(input, { reverse: true }), [x!], 0);
        const round = () => layer.call(layer.call(indices([1, 2, 1])).add(x!.slice(0)), { reverse: true });
        for (const parameter of layer.parameters())
          leafGradientAgreesWithDifferences(() => round().square().sum(), parameter);
      }),
      { numRuns: 20 },
    );
  });

  it('hands a mask on, there and back', () => {
    const layer = new ReversibleEmbedding({ ...options, maskZero: true });
    const words = layer.call(indices([[1, 0]]));
    expect(maskOf(layer.call(words, { reverse: true }))!.toArray()).toEqual([[true, false]]);
    const x = setMask(indices([[1, 1]]), tensor([[true, false]]));
    expect(maskOf(new ReversibleEmbedding(options).call(x))!.toArray()).toEqual([[true, false]]);
  });

  it('refuses vectors that do not fit on the way back, and options that it does not have', () => {
    const layer = new ReversibleEmbedding(options);
    expectThrown(
      () => layer.call(float64([[1, 2, 3]]), { reverse: true }),
      ShapeError,
      'ReversibleEmbedding › ReversibleEmbedding: got x [1, 3]; expected x [..., 2]. The layer was built for 2 inputs.',
    );
    expectThrown(
      () => layer.call(indices([[1, 2]]), { reverse: true }),
      DTypeError,
      "ReversibleEmbedding › ReversibleEmbedding: got x int32; expected float64. Convert with .cast('float64').",
    );
    expectThrown(
      () => layer.call(indices([[1]]), { backwards: true } as never),
      ArgumentError,
      "ReversibleEmbedding › ReversibleEmbedding: got unknown option 'backwards'; expected one of reverse",
    );
    expectThrown(
      () => new ReversibleEmbedding({ ...options, logitSoftCap: 0 }),
      ArgumentError,
      'ReversibleEmbedding: got logitSoftCap 0; expected a finite number above 0',
    );
  });
});
