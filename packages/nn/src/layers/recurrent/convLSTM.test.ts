import { concat, type NestedArray, ones, type Tensor, tensor, trainMode } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, manualSeed, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws, unsettle } from '../../../fixtures/testing/layerLaws.js';
import {
  expectNear,
  expectThrown,
  fixture,
  float64,
  leafGradientAgreesWithDifferences,
} from '../../../fixtures/testing.js';
import { maskOf } from '../../masks.js';
import { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, type ConvLSTMOptions } from './convLSTM.js';

interface ConvLSTMCase {
  readonly name: string;
  readonly layer: keyof typeof classes;
  readonly options: ConvLSTMOptions<boolean>;
  readonly x: NestedArray;
  readonly mask: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly states: readonly NestedArray[];
  readonly dx: NestedArray;
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

const classes = { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D };
const dtype = 'float64' as const;
const mask = tensor([[true, false, true]]);

describe('nn.ConvLSTM1D, ConvLSTM2D and ConvLSTM3D', () => {
  it.each(fixture<ConvLSTMCase>('convLSTM'))("agree with Keras's formula, masked: $name", (reference) => {
    const options = { ...reference.options, returnSequences: true, returnState: true, dtype } as const;
    const layer = new classes[reference.layer](options);
    const state = Object.entries(reference.parameters).map(([path, values]) => [path, float64(values)]);
    layer.loadStateDict(Object.fromEntries(state));
    const x = tensor(reference.x, { dtype, requiresGrad: true });
    const [y, ...states] = layer.call(x, { mask: tensor(reference.mask) });
    expectNear(y, reference.y);
    for (const [i, after] of states.entries()) expectNear(after, reference.states[i]!);
    const loss = y.mul(float64(reference.v)).sum();
    states.reduce((sum, after) => sum.add(after.square().sum()), loss).backward();
    expectNear(x.grad, reference.dx);
    for (const [path, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
  });

  const sampled = fc.record({
    filters: fc.integer({ min: 1, max: 2 }),
    kernelSize: fc.integer({ min: 1, max: 2 }),
    strides: fc.integer({ min: 1, max: 2 }),
    padding: fc.constantFrom('valid' as const, 'same' as const, 1),
    dataFormat: fc.constantFrom('channelsLast' as const, 'channelsFirst' as const),
    useBias: fc.boolean(),
    returnSequences: fc.boolean(),
    goBackwards: fc.boolean(),
    dtype: fc.constant(dtype),
  });

  it('keep the laws of layers', () => {
    const cases = fc
      .tuple(sampled, fc.constantFrom(1, 2, 3), fc.integer({ min: 2, max: 4 }))
      .map(([options, count, extent]) => {
        const spatial = new Array<number>(count).fill(extent);
        const step = options.dataFormat === 'channelsFirst' ? [2, ...spatial] : [...spatial, 2];
        const layer = [ConvLSTM1D, ConvLSTM2D, ConvLSTM3D][count - 1]!;
        return { shape: [1, 2, ...step], make: () => new layer(options) };
      });
    checkLayerLaws(cases, { runs: 12, domain: { range: [-1, 1] } });
  });

  it('have the derivatives that differences show, masked, from states, with dropout', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 0.4),
        smoothTensors([
          [1, 3, 3, 2],
          [1, 3, 2],
          [1, 3, 2],
        ]),
        (rate, inputs) => {
          const layer = new ConvLSTM1D({
            filters: 2,
            kernelSize: 2,
            padding: 'same',
            dropout: rate,
            recurrentDropout: rate,
            returnSequences: true,
            returnState: true,
            dtype,
          }).build([3, 3, 2]);
          unsettle(layer);
          const f = (x: Tensor, ...initialState: Tensor[]): Tensor => {
            manualSeed(3);
            return concat(layer.call(x, { mask, initialState }).map((y) => y.reshape([-1])));
          };
          for (const k of [0, 1, 2]) gradientAgreesWithDifferences(f, inputs, k);
          const [x, ...states] = inputs as [Tensor, ...Tensor[]];
          const loss = (): Tensor => {
            const y = f(x, ...states);
            return y.mul(direction(y.detach(), 7)).sum();
          };
          for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('stateful, pieces of a sequence are as the whole; goBackwards is the steps in reverse; masks are handed on', () => {
    manualSeed(1);
    const options = { filters: 2, kernelSize: 2, padding: 'same', returnSequences: true, dtype } as const;
    const x = float64([
      [
        [[1], [2]],
        [[0], [-1]],
        [[3], [1]],
      ],
    ]);
    const whole = new ConvLSTM1D(options);
    const y = whole.call(x, { mask });
    expect(maskOf(y)!.toArray()).toEqual([[true, false, true]]);
    expectNear(y.slice(0, 1), y.slice(0, 0).toArray(), 0);
    const twin = (own: Partial<ConvLSTMOptions<false>>): ConvLSTM1D => {
      const layer = new ConvLSTM1D({ ...options, ...own });
      layer.loadStateDict(whole.stateDict());
      return layer;
    };
    const pieces = twin({ stateful: true });
    const piece = (from: number, to: number): Tensor =>
      pieces.call(x.slice(null, [from, to]), { mask: mask.slice(null, [from, to]) });
    expectNear(concat([piece(0, 1), piece(1, 3)], { axis: 1 }), y.toArray(), 1e-15);
    const turned = whole.call(x.slice(null, [null, null, -1]));
    expectNear(twin({ goBackwards: true }).call(x), turned.toArray(), 1e-15);
  });

  it('drop the same parts of input and state in all steps, others for each gate, and none in inference', () => {
    const layer = new ConvLSTM1D({ filters: 2, kernelSize: 1, dropout: 0.5, recurrentDropout: 0.5, seed: 1, dtype });
    const x = ones([2, 3, 4, 2], { dtype });
    const first = trainMode(() => layer.call(x));
    trainMode(() => layer.cell.call(x.slice(null, 0), layer.cell.initialState(2, dtype, [4, 2])));
    const { inputMasks, stateMasks } = layer.cell as unknown as Record<'inputMasks' | 'stateMasks', Tensor>;
    expect(inputMasks.shape).toEqual([4, 2, 4, 2]);
    expect(new Set(inputMasks.toTypedArray())).toEqual(new Set([0, 2]));
    expect(stateMasks.shape).toEqual([4, 2, 4, 2]);
    expect(trainMode(() => layer.call(x)).toArray()).not.toEqual(first.toArray());
    const plain = new ConvLSTM1D({ filters: 2, kernelSize: 1, dtype });
    plain.loadStateDict(layer.stateDict());
    expectNear(layer.eval().call(x), plain.call(x).toArray(), 0);
  });

  it('refuse what cannot be', () => {
    const layer = new ConvLSTM2D({ filters: 1, kernelSize: 3, inputShape: [2, 4, 4, 1] });
    expectThrown(
      () => new ConvLSTM2D({ filters: 0, kernelSize: 3 }),
      ArgumentError,
      'ConvLSTM2D: got filters 0; expected a whole number above 0',
    );
    expectThrown(
      () => new ConvLSTM2D({ filters: 1, kernelSize: [3] }),
      ArgumentError,
      'ConvLSTM2D: got kernelSize [3]; expected a whole number of at least 1, or 2 of them',
    );
    expectThrown(
      () => layer.call(ones([1, 2, 2, 4, 1])),
      ShapeError,
      "ConvLSTM2D › ConvLSTM2D: got input [2, 4] and window [3, 3]; expected windows no longer than the input with its padding. Pad it ({ padding: 'same' }), or use fewer layers that shrink it.",
    );
    expectThrown(
      () => layer.call(ones([2, 4, 4, 1])),
      ShapeError,
      'ConvLSTM2D › ConvLSTM2D: got sample [4, 1]; expected a sample [height, width, channels]',
    );
    expectThrown(
      () => layer.call(ones([1, 2, 4, 4, 2])),
      ShapeError,
      'cell (ConvLSTMCell) › ConvLSTM2D: got x [1, 4, 4, 2]; expected x with 1 channels. The layer was built for those.',
    );
    expectThrown(
      () => layer.call(ones([1, 2, 4, 4, 1]), { initialState: [ones([1, 2, 2, 1]), ones([1, 4, 4, 1])] }),
      ShapeError,
      'ConvLSTM2D › ConvLSTM2D: got x [1, 2, 4, 4, 1] and initialState[1] [1, 4, 4, 1]; expected states [1, 2, 2, 1]',
    );
  });
});
