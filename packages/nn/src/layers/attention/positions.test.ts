import { arange, concat, type NestedArray, ones, type Tensor, tensor } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, IndexError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  given,
  leafGradientAgreesWithDifferences,
} from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import { PositionEmbedding, SinePositionEncoding, TokenAndPositionEmbedding } from './positions.js';
import { RotaryEmbedding } from './rotaryEmbedding.js';

interface PositionCase {
  readonly name: string;
  readonly startIndex: number;
  readonly maxWavelength: number;
  readonly scalingFactor: number;
  readonly interleaved: boolean;
  readonly positions: number[][] | null;
  readonly x: NestedArray;
  readonly rotated: NestedArray;
  readonly waves: NestedArray;
  readonly odd: NestedArray;
}

const cases = fixture<PositionCase>('positions');
const indices = (values: NestedArray): Tensor => tensor(values, { dtype: 'int32' });
const callOptions = ({ startIndex, positions }: PositionCase) => ({
  startIndex,
  positions: positions === null ? null : indices(positions),
});

const table = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const make = () => new PositionEmbedding({ sequenceLength: 3, initializer: given(table), dtype: 'float64' });

describe('nn.RotaryEmbedding', () => {
  it.each(cases)("agrees with KerasHub's formula: $name", (reference) => {
    const { maxWavelength, scalingFactor, interleaved } = reference;
    const layer = new RotaryEmbedding({ maxWavelength, scalingFactor, interleaved });
    expectNear(layer.call(float64(reference.x), callOptions(reference)), reference.rotated);
  });

  it('turns the same way wherever time and features stand', () => {
    const x = direction(ones([2, 3, 5, 4]), 1); // batch, heads, time, features
    const expected = new RotaryEmbedding()
      .call(x.permute([0, 2, 1, 3]))
      .permute([0, 2, 1, 3])
      .toArray();
    expectNear(new RotaryEmbedding({ sequenceAxis: 2 }).call(x), expected, 1e-15);
    const turned = new RotaryEmbedding({ sequenceAxis: -1, featureAxis: 1 }).call(x.permute([0, 3, 1, 2]));
    expectNear(turned.permute([0, 2, 3, 1]), expected, 1e-15);
  });

  it('makes products of queries and keys depend on their distance alone, and keeps their lengths', () => {
    const [query, key] = [direction(ones([1, 4, 6]), 1), direction(ones([1, 4, 6]), 2)];
    fc.assert(
      fc.property(fc.nat({ max: 500 }), fc.boolean(), (startIndex, interleaved) => {
        const layer = new RotaryEmbedding({ interleaved });
        const scores = (at: number): Tensor =>
          layer.call(query, { startIndex: at }).matmul(layer.call(key, { startIndex: at }).mT);
        expectNear(scores(startIndex), scores(0).toArray(), 1e-10);
        expectNear(layer.call(query, { startIndex }).norm({ axis: -1 }), query.norm({ axis: -1 }).toArray(), 1e-12);
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the laws of layers', () => {
    const drawn = fc.record({
      interleaved: fc.boolean(),
      time: fc.integer({ min: 1, max: 4 }),
      pairs: fc.integer({ min: 1, max: 3 }),
      heads: fc.constantFrom([], [1], [2]),
    });
    checkLayerLaws(
      drawn.map(({ interleaved, time, pairs, heads }) => ({
        make: () => new RotaryEmbedding({ interleaved }),
        shape: [2, time, ...heads, 2 * pairs],
      })),
    );
  });

  it('has the derivatives that differences show, wherever it begins', () => {
    const drawn = fc.tuple(smoothTensors([[2, 3, 4]]), fc.boolean(), fc.nat({ max: 9 }));
    fc.assert(
      fc.property(drawn, ([[x], interleaved, startIndex]) => {
        const layer = new RotaryEmbedding({ interleaved, scalingFactor: 2, maxWavelength: 50 });
        gradientAgreesWithDifferences((input) => layer.call(input, { startIndex }), [x!], 0);
      }),
      { numRuns: 15 },
    );
  });

  it('takes steps one at a time as it takes all', () => {
    const x = direction(ones([2, 4, 6]), 3);
    const layer = new RotaryEmbedding();
    const steps = [0, 1, 2, 3].map((t) => layer.call(x.slice(null, [t, t + 1]), { startIndex: t }));
    expectNear(concat(steps, { axis: 1 }), layer.call(x).toArray(), 1e-15);
  });

  it('refuses what it cannot turn', () => {
    const layer = new RotaryEmbedding();
    expectThrown(
      () => layer.call(ones([1, 2, 3])),
      ShapeError,
      'RotaryEmbedding › RotaryEmbedding: got input [2, 3]; expected an even number of features along axis 2, another axis than that of time, 1',
    );
    expectThrown(
      () => new RotaryEmbedding({ featureAxis: 1 }).computeOutputShape([2, 4]),
      ShapeError,
      'RotaryEmbedding: got input [2, 4]; expected an even number of features along axis 1, another axis than that of time, 1',
    );
    expectThrown(
      () => layer.call(indices([[[1, 2]]])),
      DTypeError,
      'RotaryEmbedding › RotaryEmbedding: got x int32; expected a floating dtype. Convert with .cast().',
    );
    expectThrown(
      () => layer.call(ones([2, 3, 4]), { positions: indices([0, 1]) }),
      ShapeError,
      'RotaryEmbedding › RotaryEmbedding: got positions [2]; expected positions [3] or [2, 3]',
    );
    expectThrown(
      () => layer.call(ones([2, 3, 4]), { startIndex: -1 }),
      ArgumentError,
      'RotaryEmbedding › RotaryEmbedding: got startIndex -1; expected a whole number of at least 0',
    );
    expectThrown(
      () => new RotaryEmbedding({ maxWavelength: 0 }),
      ArgumentError,
      'RotaryEmbedding: got maxWavelength 0; expected a finite number above 0',
    );
  });
});

describe('nn.SinePositionEncoding', () => {
  it.each(cases)("agrees with KerasHub's formula: $name", (reference) => {
    const layer = new SinePositionEncoding({ maxWavelength: reference.maxWavelength });
    const [even, odd] = [ones([2, 3, 6]), ones([2, 3, 5])].map((x) => x.cast('float64'));
    expectNear(layer.call(even!, callOptions(reference)), reference.waves);
    expectNear(layer.call(odd!, callOptions(reference)), reference.odd);
  });

  it('keeps the laws of layers, and passes nothing back', () => {
    const shapes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
    checkLayerLaws(
      shapes.map(([time, features]) => ({ make: () => new SinePositionEncoding(), shape: [2, time, features] })),
    );
  });

  it('refuses other inputs', () => {
    const layer = new SinePositionEncoding();
    expectThrown(
      () => layer.call(ones([3, 4])),
      ShapeError,
      'SinePositionEncoding › SinePositionEncoding: got x [3, 4]; expected x [batch, time, features]. Add a batch axis with .expandDims(0).',
    );
    expectThrown(
      () => new SinePositionEncoding({ wavelength: 1 } as never),
      ArgumentError,
      "SinePositionEncoding: got unknown option 'wavelength'; expected one of maxWavelength, name, inputShape, activityRegularizer",
    );
  });
});

describe('nn.PositionEmbedding', () => {
  it('gives the vectors of positions, from the first, from another, or of its own choice', () => {
    const [layer, x] = [
      make(),
      float64([
        [
          [0, 0],
          [0, 0],
        ],
        [
          [0, 0],
          [0, 0],
        ],
      ]),
    ];
    expect(layer.call(x).toArray()).toEqual([table.slice(0, 2), table.slice(0, 2)]);
    expect(layer.call(x, { startIndex: 1 }).toArray()).toEqual([table.slice(1), table.slice(1)]);
    expect(layer.call(x, { positions: indices([2, 0]) }).toArray()).toEqual([
      [table[2], table[0]],
      [table[2], table[0]],
    ]);
    const each = layer.call(x, {
      positions: indices([
        [0, 1],
        [2, 2],
      ]),
    });
    expect(each.toArray()).toEqual([
      [table[0], table[1]],
      [table[2], table[2]],
    ]);
  });

  it('keeps the laws of layers', () => {
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
    );
    checkLayerLaws(
      shapes.map(([batch, time, features]) => ({
        make: () => new PositionEmbedding({ sequenceLength: 3, dtype: 'float64' }),
        shape: [batch, time, features],
      })),
      { runs: 15 },
    );
  });

  it('has the gradient that differences show, where positions come again too', () => {
    const layer = make().build([2]);
    const x = ones([2, 2, 2]).cast('float64');
    const loss = () =>
      layer
        .call(x, {
          positions: indices([
            [0, 1],
            [2, 0],
          ]),
        })
        .square()
        .sum();
    leafGradientAgreesWithDifferences(loss, layer.positionEmbeddings);
  });

  it('refuses what it has no vectors for', () => {
    const layer = make();
    expectThrown(
      () =>
        layer.call(
          float64([
            [
              [0, 0],
              [0, 0],
            ],
          ]),
          { startIndex: 2 },
        ),
      ShapeError,
      'PositionEmbedding › PositionEmbedding: got x [1, 2, 2]; expected at most 3 positions, from 0. Make the layer with a larger sequenceLength, or cut the sequences.',
    );
    expectThrown(
      () => layer.call(float64([[[0, 0]]]), { positions: indices([3]) }),
      IndexError,
      'PositionEmbedding › PositionEmbedding: got index 3 at position 0; expected whole numbers from 0 to 2. Make the layer with sequenceLength above the largest index.',
    );
    expectThrown(
      () => layer.call(float64([[[0]]])),
      ShapeError,
      'PositionEmbedding › PositionEmbedding: got x [1, 1, 1]; expected x [..., 2]. The layer was built for 2 inputs.',
    );
    expectThrown(
      () => new PositionEmbedding({ sequenceLength: 0 }),
      ArgumentError,
      'PositionEmbedding: got sequenceLength 0; expected a whole number above 0',
    );
  });
});

describe('nn.TokenAndPositionEmbedding', () => {
  const options = { vocabularySize: 4, sequenceLength: 3, embeddingDim: 2, dtype: 'float64' } as const;

  it('adds the vectors of words and positions', () => {
    const layer = new TokenAndPositionEmbedding(options);
    const words = layer.tokenEmbedding.embeddings.toArray() as number[][];
    const places = layer.positionEmbedding.positionEmbeddings.toArray() as number[][];
    const sums = (row: number[], start: number) =>
      row.map((word, t) => [0, 1].map((i) => words[word]![i]! + places[start + t]![i]!));
    expectNear(layer.call(indices([[2, 0, 3]])), [sums([2, 0, 3], 0)], 1e-15);
    expectNear(layer.call(indices([[1, 1]]), { startIndex: 1 }), [sums([1, 1], 1)], 1e-15);
    expect(layer.namedParameters().map(([path, { shape }]) => [path, shape])).toEqual([
      ['tokenEmbedding.embeddings', [4, 2]],
      ['positionEmbedding.positionEmbeddings', [3, 2]],
    ]);
    expect(layer.computeOutputShape([3])).toEqual([3, 2]);
  });

  it('has the gradients that differences show', () => {
    const layer = new TokenAndPositionEmbedding({ ...options, tieWeights: false, embeddingsInitializer: 'ones' });
    const loss = () => {
      const y = layer.call(
        indices([
          [2, 2, 1],
          [0, 2, 3],
        ]),
      );
      return layer.tokenEmbedding.call(y, { reverse: true }).square().sum();
    };
    expect(layer.parameters()).toHaveLength(3);
    for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
  });

  it('goes through a state dict and clone', () => {
    const [layer, fresh, x] = [
      new TokenAndPositionEmbedding(options),
      new TokenAndPositionEmbedding(options),
      arange(0, 3),
    ];
    const expected = layer.call(x.expandDims(0)).toArray();
    fresh.loadStateDict(layer.stateDict());
    expect(fresh.call(x.expandDims(0)).toArray()).toEqual(expected);
    expect(layer.clone().call(x.expandDims(0)).toArray()).toEqual(expected);
  });

  it('marks padding when told that 0 is padding, and hands masks on', () => {
    const layer = new TokenAndPositionEmbedding({ ...options, maskZero: true });
    const y = layer.call(indices([[2, 0, 3]]));
    expect(maskOf(y)!.toArray()).toEqual([[true, false, true]]);
    const x = setMask(ones([1, 2, 2]).cast('float64'), tensor([[true, false]]));
    for (const other of [new RotaryEmbedding(), new SinePositionEncoding(), make()])
      expect(maskOf(other.call(x))!.toArray()).toEqual([[true, false]]);
  });

  it('refuses words and sequences that it has no vectors for', () => {
    const layer = new TokenAndPositionEmbedding(options);
    expectThrown(
      () => layer.call(indices([[4]])),
      IndexError,
      'tokenEmbedding (ReversibleEmbedding) › ReversibleEmbedding: got index 4 at position 0; expected whole numbers from 0 to 3. Make the layer with inputDim above the largest index.',
    );
    expectThrown(
      () => layer.call(indices([[0, 0, 0, 0]])),
      ShapeError,
      'positionEmbedding (PositionEmbedding) › PositionEmbedding: got x [1, 4, 2]; expected at most 3 positions, from 0. Make the layer with a larger sequenceLength, or cut the sequences.',
    );
    expectThrown(
      () => new TokenAndPositionEmbedding({ ...options, vocabularySize: 0 }),
      ArgumentError,
      'TokenAndPositionEmbedding: got vocabularySize 0; expected a whole number above 0',
    );
  });
});
