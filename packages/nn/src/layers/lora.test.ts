import { ones, type Tensor, tensor } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences } from '@cotangent/autograd/testing';
import { ArgumentError, manualSeed } from '@cotangent/kernels';
import fc from 'fast-check';
import { unsettle } from '../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64, given, leafGradientAgreesWithDifferences } from '../../fixtures/testing.js';
import { maskOf } from '../masks.js';
import { Sequential } from '../model/sequential.js';
import type { Module } from '../module.js';
import { SGD } from '../optimizers/index.js';
import { TransformerEncoder } from './attention/index.js';
import { Dense } from './dense.js';
import { EinsumDense } from './einsumDense.js';
import { Embedding, ReversibleEmbedding } from './embedding.js';
import { LoRA, type LoRAOptions } from './lora.js';
import { LayerNormalization } from './normalization.js';

const dtype = 'float64';
const indices = tensor(
  [
    [2, 0, 1],
    [1, 1, 2],
  ],
  { dtype: 'int32' },
);
const features = direction(ones([2, 3, 4]), 3);

/** Layers with values, what they take, and how many kernels they have. */
const kinds: Record<string, { make: () => Module; x: Tensor; kernels: number }> = {
  Dense: { make: () => new Dense({ units: 3, inputUnits: 4, activation: 'tanh', dtype }), x: features, kernels: 1 },
  EinsumDense: {
    make: () =>
      new EinsumDense({
        equation: 'btf,fhd->bthd',
        outputShape: [null, 2, 3],
        biasAxes: 'hd',
        inputShape: [3, 4],
        dtype,
      }),
    x: features,
    kernels: 1,
  },
  Embedding: {
    make: () => new Embedding({ inputDim: 3, outputDim: 4, maskZero: true, dtype }),
    x: indices,
    kernels: 1,
  },
  ReversibleEmbedding: {
    make: () => new ReversibleEmbedding({ inputDim: 3, outputDim: 4, dtype }),
    x: indices,
    kernels: 1,
  },
  TransformerEncoder: {
    make: () =>
      new TransformerEncoder({ intermediateDim: 3, numHeads: 2, activation: 'gelu', inputShape: [3, 4], dtype }),
    x: features,
    kernels: 6,
  },
  Sequential: {
    make: () =>
      new Sequential([
        new Dense({ units: 3, inputShape: [3, 4], activation: 'sigmoid', dtype }),
        new Dense({ units: 2, dtype }),
      ]),
    x: features,
    kernels: 2,
  },
};

function adapted(kind: string, rank: number = 2, alpha: number = rank): LoRA {
  manualSeed(8);
  return new LoRA({ layer: kinds[kind]!.make(), rank, alpha });
}

describe('nn.LoRA', () => {
  it('uses W + alpha / rank · A B', () => {
    const layer = new Dense({
      units: 2,
      inputUnits: 2,
      useBias: false,
      kernelInitializer: given([
        [1, 2],
        [3, 4],
      ]),
    });
    const lora = new LoRA({
      layer,
      rank: 1,
      alpha: 10,
      aInitializer: given([[1], [2]]),
      bInitializer: given([[3, -1]]),
    });
    // W + 10 [[3, -1], [6, -2]]
    expect(
      lora
        .call(
          tensor([
            [1, 0],
            [0, 1],
          ]),
        )
        .toArray(),
    ).toEqual([
      [31, -8],
      [63, -16],
    ]);
    expect(lora.merge().kernel.toArray()).toEqual([
      [31, -8],
      [63, -16],
    ]);
  });

  it.each(Object.keys(kinds))('leaves a %s as it is until it has learned something', (kind) => {
    manualSeed(8);
    const { make, x, kernels } = kinds[kind]!;
    const expected = (make().call(x) as Tensor).toArray();
    const lora = adapted(kind);
    expectNear(lora.call(x) as Tensor, expected, 1e-15);
    expect(Object.keys(lora.adapters)).toHaveLength(kernels);
    const trainable = lora.namedParameters().filter(([, parameter]) => parameter.trainable);
    expect(trainable.every(([path]) => path.startsWith('adapters.'))).toBe(true);
    expect(trainable).toHaveLength(2 * kernels);
  });

  it.each(Object.keys(kinds))('of a %s merges into a plain one that computes the same', (kind) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.constantFrom(0.5, 1, 8), (rank, alpha) => {
        const [lora, { x }] = [adapted(kind, rank, alpha), kinds[kind]!];
        const before = (lora.call(x) as Tensor).toArray();
        unsettle(lora);
        const y = lora.call(x) as Tensor;
        const merged = lora.merge();
        expectNear(merged.call(x) as Tensor, y.toArray(), 1e-12);
        expect(y.toArray()).not.toEqual(before);
        expect(Object.keys(merged.stateDict())).toEqual(Object.keys(lora.layer.stateDict()));
        expect(merged.parameters().every((parameter) => parameter.trainable)).toBe(true);
        expect(lora.layer.parameters().some((parameter) => parameter.trainable)).toBe(false);
      }),
      { numRuns: 4 },
    );
  });

  it.each(Object.keys(kinds))('of a %s has the derivatives that differences show', (kind) => {
    const [lora, { x }] = [adapted(kind), kinds[kind]!];
    unsettle(lora);
    const loss = (): Tensor => {
      const y = lora.call(x) as Tensor;
      return y.mul(direction(y.detach(), 7)).sum();
    };
    for (const { a, b } of Object.values(lora.adapters))
      for (const factor of [a, b]) leafGradientAgreesWithDifferences(loss, factor);
    expect(lora.layer.parameters().every((parameter) => parameter.grad === null)).toBe(true);
    if (x.dtype === 'float64') gradientAgreesWithDifferences((input) => lora.call(input) as Tensor, [x], 0);
  });

  it('learns without the weights of the layer', () => {
    const lora = adapted('Dense');
    const kernel = (lora.layer as Dense).kernel.toArray();
    const optimizer = new SGD(
      lora.parameters().filter((parameter) => parameter.trainable),
      { learningRate: 0.1 },
    );
    const losses = Array.from({ length: 20 }, () => {
      const loss = (lora.call(features) as Tensor).sub(0.5).square().mean();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
    expect((lora.layer as Dense).kernel.toArray()).toEqual(kernel);
  });

  it('adapts the parameters it is told to', () => {
    const encoder = new TransformerEncoder({ intermediateDim: 3, numHeads: 2, inputShape: [3, 4] });
    const lora = new LoRA({
      layer: encoder,
      rank: 2,
      targets: ['selfAttention.query.kernel', 'selfAttention.value.kernel'],
    });
    expect(
      lora.namedParameters().flatMap(([path, { shape, trainable }]) => (trainable ? [[path, shape]] : [])),
    ).toEqual([
      ['adapters.selfAttention.query.kernel.a', [4, 2, 2]],
      ['adapters.selfAttention.query.kernel.b', [2, 2]],
      ['adapters.selfAttention.value.kernel.a', [4, 2, 2]],
      ['adapters.selfAttention.value.kernel.b', [2, 2]],
    ]);
  });

  it('goes through a state dict and a clone, and says the shape of its output', () => {
    const [lora, fresh] = [adapted('TransformerEncoder'), adapted('TransformerEncoder')];
    unsettle(lora);
    const expected = (lora.call(features) as Tensor).toArray();
    fresh.loadStateDict(lora.stateDict());
    expectNear(fresh.call(features) as Tensor, expected, 1e-15);
    expectNear(lora.clone().call(features) as Tensor, expected, 1e-15);
    expect(lora.computeOutputShape([3, 4])).toEqual([3, 4]);
    expect(adapted('Dense').computeOutputShape([3, 4])).toEqual([3, 3]);
  });

  it('lets masks travel on', () => {
    const y = adapted('Embedding').call(indices) as Tensor;
    expect(maskOf(y)!.toArray()).toEqual([
      [true, false, true],
      [true, true, true],
    ]);
    expect(maskOf(adapted('TransformerEncoder').call(y) as Tensor)!.toArray()).toEqual(maskOf(y)!.toArray());
  });

  it('stands in a model by its name', () => {
    const model = new Sequential([adapted('Embedding'), adapted('Dense')]);
    expect(model.call(indices).shape).toEqual([2, 3, 3]);
    expect(new LoRA({ layer: new Dense({ units: 1, inputUnits: 2 }), rank: 1, name: 'tuned' }).name).toBe('tuned');
    expectNear(float64([model.countParameters({ trainable: true })]), [3 * 2 + 2 * 4 + 4 * 2 + 2 * 3]);
  });

  describe('refuses', () => {
    const make = (options: unknown) => () => new LoRA(options as LoRAOptions);
    const layer = new Dense({ units: 2, inputUnits: 3 });

    it('options out of range, or that it does not have', () => {
      expectThrown(make({ layer, rank: 0 }), ArgumentError, 'LoRA: got rank 0; expected a whole number above 0');
      expectThrown(
        make({ layer, rank: 1, alpha: 0 }),
        ArgumentError,
        'LoRA: got alpha 0; expected a finite number above 0',
      );
      expectThrown(
        make({ layer, r: 1 }),
        ArgumentError,
        "LoRA: got unknown option 'r'; expected one of layer, rank, alpha, targets, aInitializer, bInitializer, name",
      );
      expectThrown(
        make({ layer: 'dense', rank: 1 }),
        ArgumentError,
        "LoRA: got layer 'dense'; expected a layer or a model",
      );
    });

    it('layers without values or kernels', () => {
      expectThrown(
        make({ layer: new Dense({ units: 2 }), rank: 1 }),
        ArgumentError,
        "LoRA: 'kernel' has no shape yet. Call the layer once before, build it with an input shape, or load its state.",
      );
      expectThrown(
        make({ layer: new LayerNormalization({ inputShape: [3] }), rank: 1 }),
        ArgumentError,
        'LoRA: got a LayerNormalization without kernels. Name some of gamma, beta in targets.',
      );
    });

    it('targets that are not there, or have one axis', () => {
      expectThrown(
        make({ layer, rank: 1, targets: ['weight'] }),
        ArgumentError,
        "LoRA: got target 'weight'; the parameters are kernel, bias",
      );
      expectThrown(
        make({ layer, rank: 1, targets: ['bias'] }),
        ArgumentError,
        "LoRA: got target 'bias' of shape [2]; expected two axes at least",
      );
      for (const [targets, came] of [
        [[], '[]'],
        ['kernel', "'kernel'"],
      ] as const)
        expectThrown(
          make({ layer, rank: 1, targets }),
          ArgumentError,
          `LoRA: got targets ${came}; expected paths. Name some of kernel, bias in targets.`,
        );
    });

    it('to say the shape of what a model gives', () => {
      expectThrown(
        () => adapted('Sequential').computeOutputShape([3, 4]),
        ArgumentError,
        'LoRA: a Sequential does not say the shape of its output',
      );
    });
  });
});
