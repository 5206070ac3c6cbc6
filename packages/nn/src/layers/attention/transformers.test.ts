import { concat, type NestedArray, noGrad, ones, scope, type Tensor, tensor } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, DTypeError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws, unsettle } from '../../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  leafGradientAgreesWithDifferences,
} from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import { Sequential } from '../../model/sequential.js';
import type { TransformerOptions } from './transformerBlock.js';
import { type DecoderCache, TransformerDecoder, type TransformerDecoderOptions } from './transformerDecoder.js';
import { TransformerEncoder } from './transformerEncoder.js';

interface TransformerCase {
  readonly name: string;
  readonly activation: 'relu' | 'gelu';
  readonly normalizeFirst: boolean;
  readonly layerNormEpsilon: number;
  readonly attentionMask: NestedArray | null;
  readonly paddingMask: NestedArray | null;
  readonly state: Record<string, NestedArray>;
  readonly x: NestedArray;
  readonly memory: NestedArray | null;
  readonly v: NestedArray;
  readonly y: NestedArray;
  readonly dx: NestedArray;
  readonly dmemory: NestedArray | null;
}

const leaf = (values: NestedArray): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });
const bools = (values: NestedArray | null): Tensor | null => (values === null ? null : tensor(values));

/** Options without kinks, so that differences say something everywhere. */
const sampledOptions: fc.Arbitrary<TransformerOptions> = fc.record({
  intermediateDim: fc.integer({ min: 1, max: 4 }),
  numHeads: fc.integer({ min: 1, max: 3 }),
  normalizeFirst: fc.boolean(),
  activation: fc.constantFrom('tanh', 'gelu'),
  layerNormEpsilon: fc.constantFrom(1e-5, 0.1),
  dtype: fc.constant('float64'),
});

function decoderOf(options: TransformerDecoderOptions): TransformerDecoder {
  manualSeed(4);
  const decoder = new TransformerDecoder(options).build([3, 4]);
  unsettle(decoder);
  return decoder;
}

describe('nn.TransformerEncoder and nn.TransformerDecoder', () => {
  it.each(fixture<TransformerCase>('transformers'))(
    'agree with PyTorch 1.13 in value and gradients: $name',
    (reference) => {
      const { activation, normalizeFirst, layerNormEpsilon } = reference;
      const options = {
        intermediateDim: 3,
        numHeads: 2,
        activation,
        normalizeFirst,
        layerNormEpsilon,
        dtype: 'float64',
      } as const;
      const state = Object.entries(reference.state).map(([path, values]) => [path, float64(values)]);
      const [x, memory] = [leaf(reference.x), reference.memory === null ? null : leaf(reference.memory)];
      const paddingMask = bools(reference.paddingMask);
      let y: Tensor;
      if (memory === null) {
        const encoder = new TransformerEncoder(options);
        encoder.loadStateDict(Object.fromEntries(state));
        const masks = { paddingMask, attentionMask: bools(reference.attentionMask) };
        y = encoder.call(x, masks);
        const [again, weights] = encoder.callWithScores(x, masks);
        expectNear(again, reference.y);
        expect(weights.shape).toEqual([2, 2, 3, 3]);
      } else {
        const decoder = new TransformerDecoder({ ...options, crossAttention: true });
        decoder.loadStateDict(Object.fromEntries(state));
        y = decoder.call(x, { encoderSequence: memory, encoderPaddingMask: paddingMask });
      }
      y.mul(float64(reference.v)).sum().backward();
      expectNear(y, reference.y);
      expectNear(x.grad, reference.dx);
      if (memory !== null) expectNear(memory.grad, reference.dmemory!);
    },
  );

  it('keep the laws of layers', () => {
    const drawn = fc.tuple(
      sampledOptions,
      fc.boolean(),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 3, max: 5 }),
    );
    checkLayerLaws(
      drawn.map(([options, encodes, time, features]) => ({
        make: () => (encodes ? new TransformerEncoder(options) : new TransformerDecoder(options)),
        shape: [2, time, features],
      })),
      { runs: 8 },
    );
  });

  it('have the derivatives that differences show, with an encoder and masks', () => {
    const cases = fc.tuple(
      sampledOptions,
      fc.boolean(),
      fc.boolean(),
      smoothTensors(
        [
          [2, 3, 4],
          [2, 2, 5],
        ],
        { range: [-4, 4] },
      ),
    );
    fc.assert(
      fc.property(cases, ([options, masked, useCausalMask, [x, memory]]) => {
        const decoder = new TransformerDecoder({ ...options, crossAttention: true }).build([
          [3, 4],
          [2, 5],
        ]);
        unsettle(decoder);
        const masks = {
          decoderPaddingMask: tensor([
            [true, true, false],
            [true, true, true],
          ]),
          decoderAttentionMask: tensor([
            [true, true, true],
            [true, true, false],
            [false, true, true],
          ]),
          encoderPaddingMask: tensor([
            [true, true],
            [false, true],
          ]),
          encoderAttentionMask: tensor([
            [true, true],
            [false, true],
            [true, true],
          ]),
        };
        const f = (input: Tensor, encoderSequence: Tensor): Tensor =>
          decoder.call(input, { encoderSequence, useCausalMask, ...(masked && masks) });
        gradientAgreesWithDifferences(f as never, [x!, memory!], 0);
        gradientAgreesWithDifferences(f as never, [x!, memory!], 1);
        const loss = (): Tensor => {
          const y = f(x!, memory!);
          return y.mul(direction(y.detach(), 7)).sum();
        };
        for (const parameter of decoder.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
      }),
      { numRuns: 6 },
    );
  });

  it('decode step by step, with a cache, as all at once', () => {
    const cases = fc.record({
      options: sampledOptions,
      steps: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
      crossAttention: fc.boolean(),
      masked: fc.boolean(),
      salt: fc.nat({ max: 12 }),
    });
    fc.assert(
      fc.property(cases, ({ options, steps, crossAttention, masked, salt }) => {
        const decoder = decoderOf({ ...options, crossAttention });
        const time = steps.reduce((sum, n) => sum + n, 0);
        const x = direction(ones([2, time, 4]), salt);
        const real = direction(ones([2, time]), salt + 1).greater(-0.5);
        const encoder = {
          encoderSequence: direction(ones([2, 3, 4]), salt + 2),
          encoderPaddingMask: masked
            ? tensor([
                [true, false, true],
                [true, true, true],
              ])
            : null,
        };
        const seen = crossAttention ? encoder : {};
        const all = decoder.call(x, { ...seen, decoderPaddingMask: masked ? real : null });
        let cache: DecoderCache | null = null;
        const parts: Tensor[] = [];
        let at = 0;
        for (const n of steps) {
          const before: DecoderCache | null = cache;
          const here = at;
          // In a scope, as a program that generates text would: what a step returns outlives it.
          const [y, next]: [Tensor, DecoderCache] = noGrad(() =>
            scope(() =>
              decoder.callWithCache(x.slice(null, [here, here + n]), before, {
                // The cache has seen the encoder's output after the first step.
                ...(before === null && seen),
                decoderPaddingMask: masked ? real.slice(null, [here, here + n]) : null,
              }),
            ),
          );
          parts.push(y);
          cache = next;
          at += n;
        }
        expectNear(concat(parts, { axis: 1 }), all.toArray(), 1e-11);
        expect(cache!.self.key.shape[1]).toBe(time);
        expect(cache!.cross === null).toBe(!crossAttention);
      }),
      { numRuns: 25 },
    );
  });

  it('see nothing of what comes later, unless told so', () => {
    const decoder = decoderOf({ intermediateDim: 3, numHeads: 2, dtype: 'float64' });
    const x = direction(ones([1, 3, 4]), 1);
    const changed = concat([x.slice(null, [0, 2]), x.slice(null, [2, 3]).mul(-3)], { axis: 1 });
    const first = (y: Tensor): NestedArray => y.slice(null, [0, 2]).toArray();
    expectNear(decoder.call(changed).slice(null, [0, 2]), first(decoder.call(x)), 1e-14);
    const open = { useCausalMask: false };
    expect(first(decoder.call(changed, open))).not.toEqual(first(decoder.call(x, open)));
  });

  it('heed masks that travel with the inputs, and let them travel on', () => {
    const mask = tensor([[true, true, false]]);
    const [x, masked] = [0, 1].map(() => direction(ones([1, 3, 4]), 1).cast('float32')) as [Tensor, Tensor];
    setMask(masked, mask);
    const encoder = new TransformerEncoder({ intermediateDim: 3, numHeads: 2 });
    const y = encoder.call(masked);
    expect(y.toArray()).toEqual(encoder.call(x, { paddingMask: mask }).toArray());
    expect(maskOf(y)!.toArray()).toEqual([[true, true, false]]);
    expect(maskOf(encoder.call(x, { paddingMask: mask }))!.toArray()).toEqual([[true, true, false]]);
    const decoder = new TransformerDecoder({ intermediateDim: 3, numHeads: 2, crossAttention: true });
    const z = decoder.call(masked, { encoderSequence: y });
    const explicit = decoder.call(x, { decoderPaddingMask: mask, encoderSequence: y, encoderPaddingMask: mask });
    expect(z.toArray()).toEqual(explicit.toArray());
    expect(maskOf(z)!.toArray()).toEqual([[true, true, false]]);
    const without = decoder.call(masked, { decoderPaddingMask: null, encoderSequence: y, encoderPaddingMask: null });
    expect(without.toArray()).not.toEqual(explicit.toArray());
  });

  it('drop out in training only', () => {
    const x = direction(ones([1, 3, 4]), 1).cast('float32');
    for (const Block of [TransformerEncoder, TransformerDecoder]) {
      const block = new Block({ intermediateDim: 3, numHeads: 2, dropout: 0.5 });
      manualSeed(1);
      const once = block.call(x).toArray();
      expect(block.call(x).toArray()).not.toEqual(once);
      block.eval();
      expect(block.call(x).toArray()).toEqual(block.call(x).toArray());
    }
  });

  it('stand one behind the other, with all parameters known from the start', () => {
    const net = new Sequential([
      new TransformerEncoder({ intermediateDim: 8, numHeads: 2 }),
      new TransformerDecoder({ intermediateDim: 8, numHeads: 2 }),
    ]);
    expect(net.parameters()).toHaveLength(2 * 16);
    expect(net.call(ones([1, 3, 4])).shape).toEqual([1, 3, 4]);
    expect(net.countParameters()).toBe(2 * (4 * 20 + 2 * 8 + 40 + 36));
    expect(new TransformerDecoder({ intermediateDim: 8, numHeads: 2, crossAttention: true }).parameters()).toHaveLength(
      26,
    );
  });

  describe('refuse', () => {
    const make = (options: unknown) => () => new TransformerDecoder(options as TransformerDecoderOptions);
    const [plain, crossing] = [false, true].map((crossAttention) =>
      new TransformerDecoder({ intermediateDim: 3, numHeads: 2, crossAttention }).build([3, 4]),
    ) as [TransformerDecoder, TransformerDecoder];
    const x = ones([2, 3, 4]);

    it('options out of range, or that they do not have', () => {
      for (const option of ['intermediateDim', 'numHeads'])
        expectThrown(
          make({ intermediateDim: 2, numHeads: 2, [option]: 0 }),
          ArgumentError,
          `TransformerDecoder: got ${option} 0; expected a whole number above 0`,
        );
      expectThrown(
        make({ intermediateDim: 2, numHeads: 2, dropout: 1 }),
        ArgumentError,
        'TransformerDecoder: got dropout 1; expected a finite number of at least 0 and below 1',
      );
      expectThrown(
        () => new TransformerEncoder({ intermediateDim: 2, numHeads: 2, crossAttention: true } as never),
        ArgumentError,
        "TransformerEncoder: got unknown option 'crossAttention'; expected one of intermediateDim, numHeads, dropout, activation, layerNormEpsilon, normalizeFirst, kernelInitializer, kernelRegularizer, kernelConstraint, biasInitializer, biasRegularizer, biasConstraint, dtype, name, inputShape, activityRegularizer",
      );
      expectThrown(
        make(7),
        ArgumentError,
        'TransformerDecoder: got 7; expected an options object. For example { intermediateDim: … }.',
      );
    });

    it('more heads than features', () => {
      expectThrown(
        () => new TransformerEncoder({ intermediateDim: 3, numHeads: 5 }).call(x),
        ShapeError,
        'TransformerEncoder › MultiHeadAttention: got query [3, 4]; expected at least 5 features, one for each head',
      );
    });

    it("an encoder's output where none belongs, and none where one does", () => {
      expectThrown(
        () => plain.call(x, { encoderSequence: x }),
        ArgumentError,
        'TransformerDecoder › TransformerDecoder: got an encoderSequence; expected none in a block without attention to it. Make it with { crossAttention: true }.',
      );
      expectThrown(
        () => crossing.call(x),
        ArgumentError,
        'TransformerDecoder › TransformerDecoder: got no encoderSequence; expected one in a block with crossAttention',
      );
    });

    it('inputs and masks that do not fit', () => {
      expectThrown(
        () => plain.call(ones([2, 3, 5])),
        ShapeError,
        'TransformerDecoder › TransformerDecoder: got x [2, 3, 5]; expected x [..., 4]. The layer was built for 4 inputs.',
      );
      expectThrown(
        () => crossing.call(x, { encoderSequence: ones([2, 3]) }),
        ShapeError,
        'TransformerDecoder › TransformerDecoder: got encoderSequence [2, 3]; expected encoderSequence [batch, time, features]. Add a batch axis with .expandDims(0).',
      );
      expectThrown(
        () => plain.call(x.cast('float64')),
        DTypeError,
        "TransformerDecoder › TransformerDecoder: got x float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
      );
      expectThrown(
        () => plain.call(x, { decoderPaddingMask: ones([2, 4], { dtype: 'bool' }) }),
        ShapeError,
        'TransformerDecoder › TransformerDecoder: got decoderPaddingMask [2, 4]; expected decoderPaddingMask [2, 3], [batch, time] of what it masks',
      );
      expectThrown(
        () => plain.call(x, { decoderAttentionMask: ones([2, 2], { dtype: 'bool' }) }),
        ShapeError,
        'selfAttention (MultiHeadAttention) › MultiHeadAttention: got attentionMask [2, 2]; expected attentionMask [2, 3, 3], [batch, n, m]',
      );
    });
  });
});
