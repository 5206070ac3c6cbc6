import { type NestedArray, ones, type Tensor, tensor, trainMode } from '@cotangent/autograd';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { checkLayerLaws } from '../../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, fixture, float64 } from '../../../fixtures/testing.js';
import type { ConvCellOptions } from './convCell.js';
import * as convCells from './convCells.js';
import { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D } from './convLSTM.js';
import { RNN } from './rnn.js';

interface ConvCase {
  readonly name: string;
  readonly layer: keyof typeof convCells;
  readonly options: ConvCellOptions;
  readonly x: NestedArray;
  readonly mask: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly states: readonly NestedArray[];
  readonly dx: NestedArray;
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

const dtype = 'float64' as const;

describe('convolutional cells', () => {
  it.each(fixture<ConvCase>('convCells'))('agree with their formula, masked: $name', (reference) => {
    const cell = new convCells[reference.layer]({ ...reference.options, dtype });
    const state = Object.entries(reference.parameters).map(([path, values]) => [path, float64(values)]);
    cell.loadStateDict(Object.fromEntries(state));
    const x = tensor(reference.x, { dtype, requiresGrad: true });
    const layer = new RNN({ cell, returnSequences: true, returnState: true });
    const [y, h] = layer.call(x, { mask: tensor(reference.mask) });
    expectNear(y, reference.y);
    expectNear(h!, reference.states[0]!);
    y.mul(float64(reference.v)).sum().add(h!.square().sum()).backward();
    expectNear(x.grad, reference.dx);
    for (const [path, parameter] of cell.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
  });

  it.each([
    [1, convCells.Conv1DLSTMCell, ConvLSTM1D],
    [2, convCells.Conv2DLSTMCell, ConvLSTM2D],
    [3, convCells.Conv3DLSTMCell, ConvLSTM3D],
  ] as const)('of an LSTM are those of its layer: %pD', (count, Cell, Layer) => {
    const options = { filters: 2, kernelSize: 2, dtype } as const;
    const layer = new Layer(options);
    const x = ones([1, 3, ...new Array<number>(count).fill(3), 1], { dtype });
    const y = layer.call(x).toArray();
    const other = new RNN({ cell: new Cell(options) });
    other.loadStateDict(layer.stateDict());
    expectNear(other.call(x), y, 0);
  });

  it('keep the laws of layers, inside RNN', () => {
    const cases = fc
      .tuple(fc.constantFrom(...Object.values(convCells)), fc.boolean(), fc.boolean())
      .map(([Cell, useBias, returnSequences]) => {
        const count = Number(/\d/.exec(Cell.name)![0]);
        const cell = { filters: 2, kernelSize: 2, padding: 'same', useBias, dtype } as const;
        return {
          shape: [1, 2, ...new Array<number>(count).fill(2), 2],
          make: () => new RNN({ cell: new Cell(cell), returnSequences }),
        };
      });
    checkLayerLaws(cases, { runs: 12, domain: { range: [-1, 1] } });
  });

  it.each(Object.values(convCells))('drop in training only: %p', (Cell) => {
    const count = Number(/\d/.exec(Cell.name)![0]);
    const cell = new Cell({ filters: 4, kernelSize: 1, dropout: 0.5, recurrentDropout: 0.5, seed: 1 });
    const layer = new RNN({ cell });
    const run = (): NestedArray => layer.call(ones([2, 2, ...new Array<number>(count).fill(3), 4])).toArray();
    const [first, second] = trainMode(() => [run(), run()]);
    expect(first).not.toEqual(second);
    layer.eval();
    expect(run()).toEqual(run());
  });

  it('refuse what cannot be', () => {
    expectThrown(
      () => new convCells.Conv2DGRUCell({ filters: 1, kernelSize: 3, recurrentKernelSize: [3, 0] }),
      ArgumentError,
      'Conv2DGRUCell: got recurrentKernelSize [3, 0]; expected a whole number of at least 1, or 2 of them',
    );
    expectThrown(
      () => new convCells.Conv1DRNNCell({ filters: 1, kernelSize: 3, recurrentActivation: 'relu' } as never),
      ArgumentError,
      "Conv1DRNNCell: got unknown option 'recurrentActivation'; expected one of filters, kernelSize, recurrentKernelSize, strides, padding, dataFormat, dilationRate, activation, useBias, dropout, recurrentDropout, seed, kernelInitializer, kernelRegularizer, kernelConstraint, recurrentInitializer, recurrentRegularizer, recurrentConstraint, biasInitializer, biasRegularizer, biasConstraint, dtype",
    );
    const cell = new convCells.Conv1DGRUCell({ filters: 2, kernelSize: 3 });
    const step = (states: Tensor[]): unknown => cell.call(ones([1, 5, 1]), states);
    expectThrown(
      () => step([ones([1, 5, 2])]),
      ShapeError,
      'Conv1DGRUCell › Conv1DGRUCell: got states[0] [1, 5, 2]; expected states[0] [1, 3, 2]',
    );
  });
});
