import { type NestedArray, ones, type Tensor, tensor } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  leafGradientAgreesWithDifferences,
} from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import { AdditiveAttention, Attention, type AttentionCallOptions } from './attention.js';

interface AttentionCase {
  readonly name: string;
  readonly kind: 'dot' | 'concat' | 'additive';
  readonly causal: boolean;
  readonly query: NestedArray;
  readonly value: NestedArray;
  readonly key: NestedArray;
  readonly queryMask: NestedArray | null;
  readonly valueMask: NestedArray | null;
  readonly parameters: Record<string, NestedArray>;
  readonly v: NestedArray;
  readonly y: NestedArray;
  readonly weights: NestedArray;
  readonly dquery: NestedArray;
  readonly dvalue: NestedArray;
  readonly dkey: NestedArray;
  readonly gradients: Record<string, NestedArray>;
}

const leaf = (values: NestedArray): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });
const bools = (values: NestedArray | null): Tensor | null => (values === null ? null : tensor(values));
const sampledOptions = fc.record({
  kind: fc.constantFrom('dot', 'concat', 'additive'),
  useScale: fc.boolean(),
  useCausalMask: fc.boolean(),
  masked: fc.boolean(),
});

function layerOf(kind: string, useScale: boolean, dropout: number = 0): Attention | AdditiveAttention {
  return kind === 'additive'
    ? new AdditiveAttention({ useScale, dropout, dtype: 'float64', seed: 3 })
    : new Attention({ useScale, scoreMode: kind as 'dot', dropout, dtype: 'float64', seed: 3 });
}

describe('nn.Attention and nn.AdditiveAttention', () => {
  it.each(fixture<AttentionCase>('attention'))(
    "agree with Keras's formulas in value and gradients: $name",
    (reference) => {
      const layer = layerOf(reference.kind, 'scale' in reference.parameters);
      const [query, value, key] = [leaf(reference.query), leaf(reference.value), leaf(reference.key)];
      layer.build([query.shape, value.shape, key.shape]);
      const state = Object.entries(reference.parameters).map(([name, values]) => [name, float64(values)]);
      layer.loadStateDict(Object.fromEntries(state));
      const options = {
        queryMask: bools(reference.queryMask),
        valueMask: bools(reference.valueMask),
        useCausalMask: reference.causal,
      };
      const y = layer.call([query, value, key], options);
      y.mul(float64(reference.v)).sum().backward();
      expectNear(y, reference.y);
      for (const [x, gradient] of [
        [query, reference.dquery],
        [value, reference.dvalue],
        [key, reference.dkey],
      ] as const)
        expectNear(x.grad, gradient);
      for (const [name, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[name]!);
      const [again, weights] = layer.callWithScores([query, value, key], options);
      expectNear(again, reference.y);
      expectNear(weights, reference.weights);
    },
  );

  it('have the derivatives that differences show, with respect to every input and parameter', () => {
    const cases = fc.tuple(
      sampledOptions,
      smoothTensors(
        [
          [2, 3, 4],
          [2, 4, 2],
          [2, 4, 4],
        ],
        { range: [-1, 1] },
      ),
    );
    fc.assert(
      fc.property(cases, ([{ kind, useScale, useCausalMask, masked }, [query, value, key]]) => {
        const layer = layerOf(kind, useScale);
        const options: AttentionCallOptions = {
          useCausalMask,
          ...(masked && {
            queryMask: tensor([
              [true, true, false],
              [true, true, true],
            ]),
            valueMask: tensor([
              [true, false, true, true],
              [false, true, true, false],
            ]),
          }),
        };
        const f = (...inputs: Tensor[]): Tensor => layer.call(inputs as [Tensor, Tensor, Tensor], options);
        for (const k of [0, 1, 2]) gradientAgreesWithDifferences(f, [query!, value!, key!], k);
        const loss = (): Tensor => {
          const y = f(query!, value!, key!);
          return y.mul(direction(y.detach(), 7)).sum();
        };
        for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
      }),
      { numRuns: 30 },
    );
  });

  it('give the shape that computeOutputShape says, and the same with weights or without', () => {
    const extents = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(sampledOptions, extents, ({ kind, useScale, useCausalMask }, [b, n, m, d, e]) => {
        const layer = layerOf(kind, useScale);
        const shapes: Shape[] = [
          [b!, n!, d!],
          [b!, m!, e!],
          [b!, m!, d!],
        ];
        const inputs = shapes.map((shape, i) => direction(ones(shape), i)) as [Tensor, Tensor, Tensor];
        const y = layer.call(inputs, { useCausalMask });
        expect(y.shape.slice(1)).toEqual(layer.computeOutputShape(shapes.map((shape) => shape.slice(1))));
        const [output, weights] = layer.callWithScores(inputs, { useCausalMask });
        expectNear(output, y.toArray(), 1e-13);
        expect(weights.shape).toEqual([b, n, m]);
        expectNear(weights.sum({ axis: -1 }), ones([b!, n!]).toArray(), 1e-13);
      }),
      { numRuns: 30 },
    );
  });

  it("give what Keras's own tests expect, to their three digits", () => {
    const [query, key] = [
      float64([
        [
          [1, 0],
          [0, 1],
        ],
      ]),
      float64([
        [
          [0, 1],
          [1, 0],
        ],
      ]),
    ];
    const value = float64([
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    const dotted: NestedArray = [
      [
        [2.462, 3.462],
        [1.538, 2.538],
      ],
    ];
    const summed: NestedArray = [
      [
        [1.727, 2.727],
        [2.272, 3.272],
      ],
    ];
    for (const [layer, output, weights] of [
      [
        new Attention(),
        dotted,
        [
          [
            [0.269, 0.731],
            [0.731, 0.269],
          ],
        ],
      ],
      [
        layerOf('concat', false),
        summed,
        [
          [
            [0.636, 0.363],
            [0.363, 0.636],
          ],
        ],
      ],
      [
        new AdditiveAttention({ useScale: false }),
        summed,
        [
          [
            [0.636, 0.363],
            [0.363, 0.636],
          ],
        ],
      ],
    ] as const) {
      const [y, scores] = layer.callWithScores([query, value, key]);
      expectNear(y, output as NestedArray, 1e-3);
      expectNear(scores, weights as unknown as NestedArray, 1e-3);
    }
  });

  it('take the value for the key when there is none', () => {
    const [query, value] = [
      float64([[[1, 2]]]),
      float64([
        [
          [3, 4],
          [5, -6],
        ],
      ]),
    ];
    expectNear(new Attention().call([query, value]), new Attention().call([query, value, value]).toArray(), 0);
  });

  it('heed masks that travel with the inputs, and let that of the query travel on', () => {
    const query = setMask(ones([1, 2, 3]), tensor([[true, false]]));
    const value = setMask(
      tensor([
        [
          [1, 1, 1],
          [5, 5, 5],
        ],
      ]),
      tensor([[true, false]]),
    );
    for (const layer of [new Attention(), new AdditiveAttention()]) {
      const y = layer.call([query, value]);
      expect(y.toArray()).toEqual([
        [
          [1, 1, 1],
          [0, 0, 0],
        ],
      ]);
      expect(maskOf(y)!.toArray()).toEqual([[true, false]]);
      expect(maskOf(layer.callWithScores([query, value])[0])!.toArray()).toEqual([[true, false]]);
    }
  });

  it('give 0 to a query that may attend to nothing, and pass nothing back', () => {
    for (const layer of [layerOf('dot', false), layerOf('additive', true)]) {
      const [query, value] = [
        leaf([[[1, 2]]]),
        leaf([
          [
            [3, 4],
            [5, 6],
          ],
        ]),
      ];
      const [y, weights] = layer.callWithScores([query, value], { valueMask: tensor([[false, false]]) });
      y.sum().backward();
      expect([y.toArray(), weights.toArray()]).toEqual([[[[0, 0]]], [[[0, 0]]]]);
      expect(query.grad!.toArray()).toEqual([[[0, 0]]]);
      expect(layer.call([query, value], { valueMask: tensor([[false, false]]) }).toArray()).toEqual([[[0, 0]]]);
    }
  });

  it('drop weights in training only, the same with the same seed', () => {
    const inputs = [ones([1, 3, 4]), ones([1, 50, 4])].map((x) => x.cast('float64')) as [Tensor, Tensor];
    for (const kind of ['dot', 'concat', 'additive']) {
      const [layer, same] = [layerOf(kind, true, 0.5), layerOf(kind, true, 0.5)];
      const dropped = layer.call(inputs);
      expect(dropped.toArray()).toEqual(same.call(inputs).toArray());
      expect(dropped.toArray()).not.toEqual(ones([1, 3, 4]).toArray());
      expect(new Set(layer.callWithScores(inputs)[1].toTypedArray())).toEqual(new Set([0, 0.04]));
      layer.eval();
      expectNear(layer.call(inputs), ones([1, 3, 4]).toArray(), 1e-13);
    }
  });

  it('go through a state dict and clone', () => {
    const inputs = [ones([1, 2, 4]), ones([1, 3, 4])].map((x, i) => direction(x, i)) as [Tensor, Tensor];
    const layer = layerOf('additive', true);
    const expected = layer.call(inputs).toArray();
    const fresh = layerOf('additive', true);
    fresh.loadStateDict(layer.stateDict());
    expect(fresh.call(inputs).toArray()).toEqual(expected);
    expect(layer.clone().call(inputs).toArray()).toEqual(expected);
    expect(Object.keys(layerOf('concat', true).stateDict())).toEqual(['scale', 'concatScoreWeight']);
  });

  describe('refuse', () => {
    const [x, y] = [ones([2, 3, 4]), ones([2, 5, 4])];
    const attention = new Attention({ useScale: true });

    it('options out of range, or that they do not have', () => {
      expectThrown(
        () => new Attention({ scoreMode: 'additive' as never }),
        ArgumentError,
        "Attention: got scoreMode 'additive'; expected one of 'dot', 'concat'",
      );
      expectThrown(
        () => new AdditiveAttention({ dropout: 1 }),
        ArgumentError,
        'AdditiveAttention: got dropout 1; expected a finite number of at least 0 and below 1',
      );
      expectThrown(
        () => new AdditiveAttention({ scoreMode: 'dot' } as never),
        ArgumentError,
        "AdditiveAttention: got unknown option 'scoreMode'; expected one of useScale, dropout, seed, dtype, name, inputShape, activityRegularizer",
      );
      expectThrown(
        () => attention.call([x, y], { causal: true } as never),
        ArgumentError,
        "Attention › Attention: got unknown option 'causal'; expected one of queryMask, valueMask, useCausalMask, returnAttentionScores",
      );
    });

    it('anything but two or three inputs', () => {
      expectThrown(
        () => attention.call(x as never),
        ArgumentError,
        'Attention › Attention: got an object; expected [query, value] or [query, value, key]',
      );
      expectThrown(
        () => attention.call([x] as never),
        ArgumentError,
        'Attention › Attention: got 1 inputs; expected [query, value] or [query, value, key]',
      );
    });

    it('inputs and masks that do not fit', () => {
      expectThrown(
        () => attention.call([x, ones([2, 5, 6])]),
        ShapeError,
        'Attention › Attention: got query [2, 3, 4] and value [2, 5, 6] and key [2, 5, 6]; expected query [batch, n, d], value [batch, m, e] and key [batch, m, d]',
      );
      expectThrown(
        () => attention.call([ones([3, 4]), y]),
        ShapeError,
        'Attention › Attention: got query [3, 4]; expected query [batch, time, features]. Add a batch axis with .expandDims(0).',
      );
      expectThrown(
        () => attention.call([x, y.cast('float64')]),
        DTypeError,
        "Attention › Attention: got value float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
      );
      expectThrown(
        () => attention.call([x.cast('int32'), y]),
        DTypeError,
        'Attention › Attention: got query int32; expected a floating dtype. Convert with .cast().',
      );
      expectThrown(
        () => attention.call([x, y], { valueMask: ones([2, 5]) }),
        DTypeError,
        "Attention › Attention: got valueMask float32; expected bool, true for what is real. Convert with .cast('bool').",
      );
      expectThrown(
        () => attention.call([x, y], { valueMask: ones([2, 3]).cast('bool') }),
        ShapeError,
        'Attention › Attention: got valueMask [2, 3]; expected valueMask [2, 5], [batch, time] of what it masks',
      );
    });
  });
});
