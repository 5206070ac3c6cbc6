import { concat, type NestedArray, ones, type Tensor, tensor, trainMode } from '@cotangent/autograd';
import { direction, gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { manualSeed } from '@cotangent/kernels';
import fc from 'fast-check';
import { StepByStep } from '../../../fixtures/testing/cells.js';
import { checkLayerLaws, unsettle } from '../../../fixtures/testing/layerLaws.js';
import { expectNear, fixture, float64, leafGradientAgreesWithDifferences } from '../../../fixtures/testing.js';
import type { Cell } from './cell.js';
import { GRUCell } from './gruCell.js';
import { LSTMCell } from './lstmCell.js';
import { GRU, LSTM, RNN, SimpleRNN } from './rnn.js';
import { SimpleRNNCell } from './simpleRNNCell.js';

interface KerasCase {
  readonly name: string;
  readonly layer: 'LSTM' | 'GRU' | 'SimpleRNN';
  readonly options: { units: number };
  readonly x: NestedArray;
  readonly mask: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly states: readonly NestedArray[];
  readonly dx: NestedArray;
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

const classes = { LSTM, GRU, SimpleRNN };
const cells = { LSTM: LSTMCell, GRU: GRUCell, SimpleRNN: SimpleRNNCell };
const kinds = ['LSTM', 'GRU', 'SimpleRNN'] as const;
const dtype = 'float64' as const;
const mask = tensor([
  [false, true, true, false],
  [true, true, false, true],
]);

/** Options of the layers, by kind; those that do not fit a kind left out. */
const sampled = fc
  .record({
    kind: fc.constantFrom(...kinds),
    units: fc.integer({ min: 1, max: 3 }),
    activation: fc.constantFrom('tanh' as const, 'tanh' as const, 'softsign' as const),
    recurrentActivation: fc.constantFrom('sigmoid' as const, 'sigmoid' as const, 'tanh' as const),
    useBias: fc.boolean(),
    resetAfter: fc.boolean(),
    returnSequences: fc.boolean(),
    goBackwards: fc.boolean(),
    zeroOutputForMask: fc.boolean(),
  })
  .map(({ kind, recurrentActivation, resetAfter, ...others }) => ({
    kind,
    options: {
      ...others,
      ...(kind !== 'SimpleRNN' && { recurrentActivation }),
      ...(kind === 'GRU' && { resetAfter }),
      dtype,
    },
  }));

describe('nn.LSTM, GRU and SimpleRNN', () => {
  it.each(fixture<KerasCase>('recurrentOfKeras'))("agree with Keras's formulas, masked: $name", (reference) => {
    const options = { ...reference.options, returnSequences: true, returnState: true, dtype } as const;
    const layer = new classes[reference.layer](options);
    layer.loadStateDict(
      Object.fromEntries(Object.entries(reference.parameters).map(([path, v]) => [path, float64(v)])),
    );
    const x = tensor(reference.x, { dtype, requiresGrad: true });
    const [y, ...states] = layer.call(x, { mask: tensor(reference.mask) });
    expectNear(y, reference.y);
    for (const [i, state] of states.entries()) expectNear(state, reference.states[i]!);
    const loss = y.mul(float64(reference.v)).sum();
    states.reduce((sum, state) => sum.add(state.square().sum()), loss).backward();
    expectNear(x.grad, reference.dx);
    for (const [path, parameter] of layer.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
  });

  it('keep the laws of layers', () => {
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
    );
    checkLayerLaws(
      fc
        .tuple(shapes, sampled)
        .map(([shape, { kind, options }]) => ({ shape, make: () => new classes[kind](options) })),
      { runs: 25, domain: { range: [-1, 1] } },
    );
  });

  it('give the same at once and step by step, in training too: outputs, states and gradients', () => {
    const rates = fc.record({ dropout: fc.constantFrom(0, 0.4), recurrentDropout: fc.constantFrom(0, 0.4) });
    fc.assert(
      fc.property(
        sampled,
        rates,
        fc.boolean(),
        smoothTensors([
          [2, 4, 3],
          [2, 3],
          [2, 3],
        ]),
        ({ kind, options: drawn }, drops, masked, [x, ...given]) => {
          const { returnSequences, goBackwards, zeroOutputForMask, ...cellOptions } = { ...drawn, units: 3, ...drops };
          const shared = { returnSequences, goBackwards, zeroOutputForMask, returnState: true } as const;
          const makeCell = (): Cell => new cells[kind]({ ...cellOptions, seed: 7 });
          const [first, second] = [makeCell(), makeCell()];
          const [fused, slow] = [
            new RNN({ cell: first, ...shared }).build([4, 3]),
            new RNN({ cell: new StepByStep(second), ...shared }).build([4, 3]),
          ];
          unsettle(fused);
          second.loadStateDict(first.stateDict());
          const initialState = given.slice(0, first.stateSizes.length);
          const run = (layer: RNN<true>): NestedArray[] => {
            const input = tensor(x!, { requiresGrad: true });
            const outputs = layer.call(input, { initialState, ...(masked && { mask }) });
            const parts = outputs.map((y, i) => y.mul(direction(y.detach(), i)).sum());
            parts.reduce((sum, part) => sum.add(part)).backward();
            return [...outputs, input.grad!, ...layer.parameters().map((p) => p.grad!)].map((t) => t.toArray());
          };
          const [got, expected] = trainMode(() => [run(fused), run(slow)]);
          for (const [i, values] of got!.entries()) expectNear(float64(values), expected![i]!, 1e-12);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('have the derivatives that differences show, masked, from states, with dropout', () => {
    fc.assert(
      fc.property(
        sampled,
        fc.constantFrom(0, 0.4),
        smoothTensors([
          [2, 4, 2],
          [2, 2],
          [2, 2],
        ]),
        ({ kind, options }, rate, inputs) => {
          const seeded = { ...options, units: 2, recurrentDropout: rate, dropout: rate, returnState: true } as const;
          const layer = new classes[kind](seeded).build([4, 2]);
          unsettle(layer);
          const f = (...[x, ...states]: Tensor[]): Tensor => {
            manualSeed(3);
            const initialState = states.slice(0, layer.cell.stateSizes.length);
            const outputs = trainMode(() => layer.call(x!, { mask, initialState }));
            return concat(outputs.map((y) => y.reshape([-1])));
          };
          for (const k of [0, 1]) gradientAgreesWithDifferences(f, inputs, k);
          const loss = (): Tensor => {
            const y = f(...inputs);
            return y.mul(direction(y.detach(), 7)).sum();
          };
          for (const parameter of layer.parameters()) leafGradientAgreesWithDifferences(loss, parameter);
        },
      ),
      { numRuns: 20 },
    );
  });

  it("begin with Keras's parameters: orthogonal for the state, ones for the forget gate", () => {
    const { kernel, recurrentKernel, bias } = new LSTM({ units: 2, inputShape: [5, 3], dtype }).cell;
    expect(kernel.shape).toEqual([3, 8]);
    expectNear(recurrentKernel.matmul(recurrentKernel.T), [
      [1, 0],
      [0, 1],
    ]);
    expect(bias!.toArray()).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(new LSTM({ units: 1, unitForgetBias: false, inputShape: [5, 3] }).cell.bias!.toArray()).toEqual([
      0, 0, 0, 0,
    ]);
    expect(new LSTM({ units: 1, biasInitializer: 'ones', inputShape: [5, 3] }).cell.bias!.toArray()).toEqual([
      1, 1, 1, 1,
    ]);
    expect(new GRU({ units: 2, inputShape: [5, 3] }).cell.bias!.shape).toEqual([2, 6]);
    expect(new GRU({ units: 2, resetAfter: false, inputShape: [5, 3] }).cell.bias!.shape).toEqual([6]);
    expect(
      new SimpleRNN({ units: 2, useBias: false, inputShape: [5, 3] }).namedParameters().map(([path]) => path),
    ).toEqual(['cell.kernel', 'cell.recurrentKernel']);
  });

  it('hold their parameters to regularizers and constraints', () => {
    const layer = new GRU({
      units: 2,
      inputShape: [5, 3],
      kernelRegularizer: 'l2',
      recurrentRegularizer: 'l1',
      biasConstraint: 'nonNeg',
      activityRegularizer: 'l2',
    });
    layer.call(ones([1, 5, 3]));
    expect(layer.losses()).toHaveLength(3);
    expect(layer.cell.bias!.constraint!.name).toBe('nonNeg');
  });
});
