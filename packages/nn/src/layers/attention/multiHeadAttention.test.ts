import { concat, type NestedArray, ones, stack, type Tensor, tensor, vmap } from '@cotangent/autograd';
import {
  direction,
  forwardAgreesWithReverse,
  gradientAgreesWithDifferences,
  secondOrderAgreesWithDifferences,
  smoothTensors,
} from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { unsettle } from '../../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  leafGradientAgreesWithDifferences,
} from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import type { AttentionCache } from './cache.js';
import type { HeadsAttention, HeadsCallOptions } from './heads.js';
import { GroupQueryAttention, MultiHeadAttention, type MultiHeadAttentionOptions } from './multiHeadAttention.js';

interface TorchCase {
  readonly name: string;
  readonly causal: boolean;
  readonly query: NestedArray;
  readonly value: NestedArray;
  readonly key: NestedArray;
  readonly attentionMask: NestedArray | null;
  readonly keyMask: NestedArray | null;
  readonly state: Record<string, NestedArray>;
  readonly v: NestedArray;
  readonly y: NestedArray;
  readonly weights: NestedArray;
  readonly dquery: NestedArray;
  readonly dvalue: NestedArray;
  readonly dkey: NestedArray;
}

interface KerasCase {
  readonly name: string;
  readonly kind: 'MultiHeadAttention' | 'GroupQueryAttention';
  readonly heads: number;
  readonly sharedHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly output: number[];
  readonly x: NestedArray;
  readonly memory: NestedArray;
  readonly state: Record<string, NestedArray>;
  readonly v: NestedArray;
  readonly y: NestedArray;
  readonly weights: NestedArray;
  readonly dx: NestedArray;
  readonly dmemory: NestedArray;
  readonly gradients: Record<string, NestedArray>;
}

const leaf = (values: NestedArray): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });
const bools = (values: NestedArray | null): Tensor | null => (values === null ? null : tensor(values));
const stateOf = (state: Record<string, NestedArray>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(state).map(([path, values]) => [path, float64(values)]));

/** Layers of all kinds for 4 features, with parameters off their first values. */
const layers: fc.Arbitrary<() => HeadsAttention> = fc
  .record({ kind: fc.constantFrom('own widths', 'default widths', 'grouped', 'one shared'), useBias: fc.boolean() })
  .map(({ kind, useBias }) => () => {
    manualSeed(5);
    const shared = { useBias, dtype: 'float64', inputShape: [3, 4] } as const;
    const layer =
      kind === 'own widths'
        ? new MultiHeadAttention({ numHeads: 2, keyDim: 3, valueDim: 2, outputShape: 5, ...shared })
        : kind === 'default widths'
          ? new MultiHeadAttention({ numHeads: 2, ...shared })
          : new GroupQueryAttention({
              headDim: 2,
              numQueryHeads: 4,
              numKeyValueHeads: kind === 'grouped' ? 2 : 1,
              ...shared,
            });
    unsettle(layer);
    return layer;
  });

const masks: fc.Arbitrary<HeadsCallOptions> = fc.record(
  {
    useCausalMask: fc.boolean(),
    attentionMask: fc.constant(
      tensor([
        [true, false, true],
        [true, true, false],
        [false, true, true],
      ]),
    ),
    queryMask: fc.constant(
      tensor([
        [true, true, false],
        [true, true, true],
      ]),
    ),
    valueMask: fc.constant(
      tensor([
        [true, false, true],
        [true, true, true],
      ]),
    ),
    keyMask: fc.constant(
      tensor([
        [true, true, true],
        [false, true, true],
      ]),
    ),
  },
  { requiredKeys: [] },
);

describe('nn.MultiHeadAttention and nn.GroupQueryAttention', () => {
  it.each(fixture<TorchCase>('multiHeadAttention'))(
    'agree with PyTorch 1.13 in value and gradients: $name',
    (reference) => {
      const layer = new MultiHeadAttention({
        numHeads: 2,
        useBias: 'query.bias' in reference.state,
        dtype: 'float64',
      });
      layer.loadStateDict(stateOf(reference.state));
      const [query, value, key] = [leaf(reference.query), leaf(reference.value), leaf(reference.key)];
      const options: HeadsCallOptions = {
        key,
        useCausalMask: reference.causal,
        attentionMask: bools(reference.attentionMask),
        keyMask: bools(reference.keyMask),
      };
      const y = layer.call(query, value, options);
      y.mul(float64(reference.v)).sum().backward();
      expectNear(y, reference.y);
      for (const [x, gradient] of [
        [query, reference.dquery],
        [value, reference.dvalue],
        [key, reference.dkey],
      ] as const)
        expectNear(x.grad, gradient);
      const [again, weights] = layer.callWithScores(query, value, options);
      expectNear(again, reference.y);
      expectNear(weights, reference.weights);
    },
  );

  it.each(fixture<KerasCase>('headsOfKeras'))(
    "agree with Keras's formulas in value and gradients: $name",
    (reference) => {
      const layer =
        reference.kind === 'MultiHeadAttention'
          ? new MultiHeadAttention({
              numHeads: reference.heads,
              keyDim: reference.keyDim,
              valueDim: reference.valueDim,
              outputShape: reference.output,
              dtype: 'float64',
            })
          : new GroupQueryAttention({
              headDim: reference.keyDim,
              numQueryHeads: reference.heads,
              numKeyValueHeads: reference.sharedHeads,
              dtype: 'float64',
            });
      const [x, memory] = [leaf(reference.x), leaf(reference.memory)];
      layer.build([x.shape.slice(1), memory.shape.slice(1)]);
      layer.loadStateDict(stateOf(reference.state));
      const y = layer.call(x, memory);
      y.mul(float64(reference.v)).sum().backward();
      expectNear(y, reference.y);
      expectNear(x.grad, reference.dx);
      expectNear(memory.grad, reference.dmemory);
      for (const [path, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
      const [again, weights] = layer.callWithScores(x, memory);
      expectNear(again, reference.y);
      expectNear(weights, reference.weights);
    },
  );

  it("give what Keras's own test expects, to its three digits", () => {
    const same = {
      create: () =>
        float64([
          [
            [1, 0],
            [1, 0],
          ],
          [
            [0, 1],
            [0, 1],
          ],
        ]),
      name: 'identity in each head',
    };
    const layer = new MultiHeadAttention({ numHeads: 2, keyDim: 2, kernelInitializer: same, dtype: 'float64' });
    const [query, value] = [
      float64([
        [
          [1, 0],
          [0, 1],
        ],
      ]),
      float64([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
    ];
    const [y, weights] = layer.callWithScores(query, value, {
      key: float64([
        [
          [0, 1],
          [1, 0],
        ],
      ]),
    });
    expectNear(
      y,
      [
        [
          [5.679, 5.679],
          [4.32, 4.32],
        ],
      ],
      1e-3,
    );
    expectNear(
      weights,
      [
        [
          [
            [0.33, 0.67],
            [0.67, 0.33],
          ],
          [
            [0.33, 0.67],
            [0.67, 0.33],
          ],
        ],
      ],
      1e-3,
    );
  });

  it('have the derivatives that differences show, with respect to every input and parameter', () => {
    const cases = fc.tuple(
      layers,
      masks,
      smoothTensors(
        [
          [2, 3, 4],
          [2, 3, 4],
          [2, 3, 4],
        ],
        { range: [-1, 1] },
      ),
    );
    fc.assert(
      fc.property(cases, ([make, options, inputs]) => {
        const layer = make();
        const f = (query: Tensor, value: Tensor, key: Tensor): Tensor => layer.call(query, value, { ...options, key });
        for (const k of [0, 1, 2]) gradientAgreesWithDifferences(f as never, inputs, k);
        const [query, value, key] = inputs as [Tensor, Tensor, Tensor];
        const loss = (): Tensor => {
          const y = f(query, value, key);
          return y.mul(direction(y.detach(), 7)).sum();
        };
        for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
      }),
      { numRuns: 20 },
    );
  });

  it('are differentiated forward and twice, and mapped', () => {
    fc.assert(
      fc.property(
        layers,
        smoothTensors(
          [
            [1, 2, 4],
            [1, 2, 4],
          ],
          { range: [-1, 1] },
        ),
        (make, inputs) => {
          const layer = make();
          const f = (query: Tensor, value: Tensor): Tensor => layer.call(query, value, { useCausalMask: true });
          forwardAgreesWithReverse(f as never, inputs, 0);
          secondOrderAgreesWithDifferences(f as never, inputs, 0, 1);
          const twice = stack(inputs);
          const each = vmap((x: Tensor) => layer.call(x, x))(twice);
          expectNear(each, stack(inputs.map((x) => layer.call(x, x))).toArray(), 1e-13);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('give the shape that computeOutputShape says, and the same with weights or without', () => {
    fc.assert(
      fc.property(layers, masks, fc.integer({ min: 1, max: 3 }), (make, options, batch) => {
        const layer = make();
        const [x, y] = [0, 1].map((salt) => direction(ones([2, 3, 4]), salt)) as [Tensor, Tensor];
        const output = layer.call(x, y, options);
        expect(output.shape.slice(1)).toEqual(
          layer.computeOutputShape([
            [3, 4],
            [3, 4],
          ]),
        );
        const [again, weights] = layer.callWithScores(x, y, options);
        expectNear(again, output.toArray(), 1e-13);
        expect([weights.shape[0], ...weights.shape.slice(2)]).toEqual([2, 3, 3]);
        expect(layer.call(ones([batch, 2, 4]).cast('float64'), ones([batch, 5, 4]).cast('float64')).shape[1]).toBe(2);
      }),
      { numRuns: 20 },
    );
  });

  it('attend step by step, with a cache, as all at once with a causal mask', () => {
    const cases = fc.tuple(
      layers,
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.nat(),
    );
    fc.assert(
      fc.property(cases, ([make, steps, masked, salt]) => {
        const layer = make();
        const time = steps.reduce((sum, n) => sum + n, 0);
        const x = direction(ones([2, time, 4]), salt % 13);
        const real = direction(ones([2, time]), salt % 7).greater(-0.5);
        const all = layer.call(x, x, { useCausalMask: true, ...(masked && { keyMask: real }) });
        let cache: AttentionCache | null = null;
        const parts: Tensor[] = [];
        let at = 0;
        for (const n of steps) {
          const part = x.slice(null, [at, at + n]);
          const keyMask = masked ? real.slice(null, [at, at + n]) : null;
          const [y, next] = layer.callWithCache(part, part, cache, { useCausalMask: true, keyMask });
          parts.push(y);
          cache = next;
          at += n;
        }
        expectNear(concat(parts, { axis: 1 }), all.toArray(), 1e-12);
        expect(cache!.key.shape[1]).toBe(time);
        const [again] = layer.callWithCache(x, null, cache);
        expectNear(again, layer.call(x, x, masked ? { keyMask: real } : {}).toArray(), 1e-12);
      }),
      { numRuns: 20 },
    );
  });

  it('puts masks of some steps behind steps without one', () => {
    const layer = new MultiHeadAttention({ numHeads: 1 });
    const x = direction(ones([1, 2, 2]), 1).cast('float32');
    const [, first] = layer.callWithCache(x, x, null);
    const [, second] = layer.callWithCache(x, x, first, { keyMask: tensor([[false, true]]) });
    expect([first.mask, second.mask!.toArray()]).toEqual([null, [[true, true, false, true]]]);
  });

  it('heed masks that travel with the inputs, and let that of the query travel on', () => {
    const layer = new MultiHeadAttention({ numHeads: 2, dtype: 'float64' });
    const x = direction(ones([1, 3, 4]), 2);
    const mask = tensor([[true, true, false]]);
    const explicit = layer.call(x, x, { queryMask: mask, valueMask: mask });
    const y = layer.call(setMask(x, mask), x);
    expect(y.toArray()).toEqual(explicit.toArray());
    expect(maskOf(y)!.toArray()).toEqual([[true, true, false]]);
    expect(maskOf(explicit)!.toArray()).toEqual([[true, true, false]]);
  });

  it('average to 0 where a query may attend to nothing, and pass nothing back', () => {
    const layer = new MultiHeadAttention({ numHeads: 2, dtype: 'float64', biasInitializer: 'ones' });
    const x = tensor(direction(ones([1, 2, 4]), 2), { requiresGrad: true });
    const y = layer.call(x, x, {
      attentionMask: tensor([
        [false, false],
        [false, false],
      ]),
    });
    expect(y.toArray()).toEqual([
      [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
    ]);
    y.sum().backward();
    expect(x.grad!.abs().sum().item()).toBe(0);
  });

  it('drop weights in training only, the same with the same seed', () => {
    const make = () => {
      manualSeed(2);
      return new MultiHeadAttention({ numHeads: 2, dropout: 0.5, seed: 9, inputShape: [8, 4] });
    };
    const [layer, same, x] = [make(), make(), direction(ones([1, 8, 4]), 1).cast('float32')];
    const dropped = layer.call(x, x).toArray();
    expect(same.call(x, x).toArray()).toEqual(dropped);
    layer.eval();
    const kept = layer.call(x, x).toArray();
    expect(kept).not.toEqual(dropped);
    expect(layer.call(x, x).toArray()).toEqual(kept);
  });

  it('have parameters under the names and with the shapes of Keras, from the start, in a state dict and a clone', () => {
    const fresh = new MultiHeadAttention({ numHeads: 2, keyDim: 3, valueDim: 5, outputShape: 7 });
    const paths = ['query', 'key', 'value', 'attentionOutput'].flatMap((role) => [`${role}.kernel`, `${role}.bias`]);
    expect(fresh.namedParameters().map(([path]) => path)).toEqual(paths);
    const [x, memory] = [ones([1, 2, 4]), ones([1, 2, 6])];
    const layer = fresh.clone();
    const y = layer.call(x, memory).toArray();
    expect(layer.parameters().map(({ shape }) => shape)).toEqual([
      [4, 2, 3],
      [2, 3],
      [6, 2, 3],
      [2, 3],
      [6, 2, 5],
      [2, 5],
      [2, 5, 7],
      [7],
    ]);
    fresh.loadStateDict(layer.stateDict());
    expect(fresh.call(x, memory).toArray()).toEqual(y);
    expect(layer.clone().call(x, memory).toArray()).toEqual(y);
    const grouped = new GroupQueryAttention({ headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2, inputShape: [2, 5] });
    expect([grouped.query, grouped.key, grouped.value, grouped.attentionOutput].map((p) => p.kernel.shape)).toEqual([
      [5, 4, 3],
      [5, 2, 3],
      [5, 2, 3],
      [4, 3, 5],
    ]);
  });

  describe('refuse', () => {
    const make = (options: unknown) => () => new MultiHeadAttention(options as MultiHeadAttentionOptions);
    const layer = new MultiHeadAttention({ numHeads: 2, inputShape: [3, 4] });
    const [x, y] = [ones([2, 3, 4]), ones([2, 5, 4])];

    it('options out of range, or that they do not have', () => {
      for (const [role, value] of [
        ['numHeads', 0],
        ['keyDim', 1.5],
        ['valueDim', -1],
      ] as const)
        expectThrown(
          make({ numHeads: 2, [role]: value }),
          ArgumentError,
          `MultiHeadAttention: got ${role} ${value}; expected a whole number above 0`,
        );
      expectThrown(
        make({ heads: 2 }),
        ArgumentError,
        "MultiHeadAttention: got unknown option 'heads'; expected one of numHeads, keyDim, valueDim, outputShape, dropout, seed, useBias, kernelInitializer, kernelRegularizer, kernelConstraint, biasInitializer, biasRegularizer, biasConstraint, dtype, name, inputShape, activityRegularizer",
      );
      expectThrown(
        make({ numHeads: 2, outputShape: [3, 0] }),
        ArgumentError,
        'MultiHeadAttention: got outputShape [3, 0]; expected a whole number of at least 1, or 2 of them',
      );
      expectThrown(
        () => new GroupQueryAttention({ headDim: 2, numQueryHeads: 3, numKeyValueHeads: 2 }),
        ArgumentError,
        'GroupQueryAttention: got numQueryHeads 3 and numKeyValueHeads 2; expected the one to be a multiple of the other',
      );
      expectThrown(
        () => layer.call(x, y, { causal: true } as never),
        ArgumentError,
        "MultiHeadAttention › MultiHeadAttention: got unknown option 'causal'; expected one of key, attentionMask, useCausalMask, queryMask, valueMask, keyMask, returnAttentionScores, cache",
      );
    });

    it('more heads than features', () => {
      expectThrown(
        make({ numHeads: 5, inputShape: [3, 4] }),
        ShapeError,
        'MultiHeadAttention: got query [3, 4]; expected at least 5 features, one for each head',
      );
    });

    it('inputs that do not fit', () => {
      expectThrown(
        () => layer.call(x, ones([3, 5, 4])),
        ShapeError,
        'MultiHeadAttention › MultiHeadAttention: got query [2, 3, 4] and value [3, 5, 4] and key [3, 5, 4]; expected query [batch, n, ...], value [batch, m, ...] and key [batch, m, ...]',
      );
      expectThrown(
        () => layer.call(x, y, { key: x }),
        ShapeError,
        'MultiHeadAttention › MultiHeadAttention: got query [2, 3, 4] and value [2, 5, 4] and key [2, 3, 4]; expected query [batch, n, ...], value [batch, m, ...] and key [batch, m, ...]',
      );
      expectThrown(
        () => layer.call(x, ones([2, 5, 6])),
        ShapeError,
        'MultiHeadAttention › MultiHeadAttention: got value [2, 5, 6]; expected value [..., 4]. The layer was built for 4 inputs.',
      );
      expectThrown(
        () => layer.call(x.cast('float64'), y),
        DTypeError,
        "MultiHeadAttention › MultiHeadAttention: got query float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
      );
    });

    it('masks that do not fit', () => {
      expectThrown(
        () => layer.call(x, y, { attentionMask: ones([3, 3], { dtype: 'bool' }) }),
        ShapeError,
        'MultiHeadAttention › MultiHeadAttention: got attentionMask [3, 3]; expected attentionMask [2, 3, 5], [batch, n, m]',
      );
      expectThrown(
        () => layer.call(x, y, { attentionMask: ones([2, 3, 5]) }),
        DTypeError,
        "MultiHeadAttention › MultiHeadAttention: got attentionMask float32; expected bool, true for what is real. Convert with .cast('bool').",
      );
    });

    it('neither value nor cache, and scores with a cache', () => {
      expectThrown(
        () => layer.callWithCache(x, null, null),
        ArgumentError,
        'MultiHeadAttention › MultiHeadAttention: got no value and no cache; expected one of them',
      );
      expectThrown(
        () => layer.callWithCache(x, x, null, { returnAttentionScores: true } as never),
        ArgumentError,
        'MultiHeadAttention › MultiHeadAttention: got returnAttentionScores and a cache; expected one of them',
      );
    });
  });
});
