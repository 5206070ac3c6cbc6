import { type NestedArray, ones, scope, stack, type Tensor, tensor, trainMode, zeros } from '@cotangent/autograd';
import { ArgumentError, ShapeError } from '@cotangent/kernels';
import { loop, Momentum } from '../../../fixtures/testing/cells.js';
import { expectNear, expectThrown, fixture, float64 } from '../../../fixtures/testing.js';
import { Module } from '../../module.js';
import type { Cell, RecurrentCell } from './cell.js';
import { GRUCell } from './gruCell.js';
import { LSTMCell } from './lstmCell.js';
import { LSTMPCell } from './lstmpCell.js';
import { RNN } from './rnn.js';
import { SimpleRNNCell } from './simpleRNNCell.js';

const dtype = 'float64' as const;
const mask = tensor([
  [false, true, true],
  [true, true, false],
]);

describe('a cell of your own', () => {
  const x = float64([
    [
      [1, 2],
      [4, 6],
      [8, 10],
    ],
    [
      [0, 1],
      [2, 2],
      [3, 3],
    ],
  ]);

  it('runs along sequences', () => {
    const layer = new RNN({ cell: new Momentum(), returnSequences: true, returnState: true });
    const [y, v] = layer.call(x);
    expectNear(y.slice(0), [
      [10, 20],
      [45, 70],
      [102.5, 135],
    ]);
    expectNear(v!.slice(0), [10.25, 13.5]);
    expect(layer.computeOutputShape([3, 2])).toEqual([3, 2]);
    expect(layer.namedParameters().map(([path]) => path)).toEqual(['cell.rate']);
  });

  it('skips masked steps: 0 before the first, then the output of the step before', () => {
    const y = new RNN({ cell: new Momentum(), returnSequences: true }).call(x, { mask });
    expectNear(y.slice(0), [
      [0, 0],
      [40, 60],
      [100, 130],
    ]);
    expectNear(y.slice(1, 2), y.slice(1, 1).toArray());
  });

  it('may have states of its own at the beginning, and an output of another size', () => {
    class Count extends Module implements Cell {
      readonly stateSizes = [1];
      readonly outputSize = 3;
      initialState(batch: number): Tensor[] {
        return [ones([batch, 1], { dtype }).mul(5)];
      }
      forward(input: Tensor, [n]: readonly Tensor[]): [Tensor, Tensor[]] {
        return [n!.mul(zeros([input.shape[0]!, 3], { dtype }).add(1)), [n!.add(1)]];
      }
    }
    const layer = new RNN({ cell: new Count(), returnState: true });
    const [y, n] = layer.call(x);
    expectNear(y.slice(0), [7, 7, 7]);
    expectNear(n!.slice(0), [8]);
    expect(layer.computeOutputShape([9, 2])).toEqual([3]);
  });

  it('must give as many states as it says', () => {
    class Forgetful extends Module implements Cell {
      readonly stateSizes = [2, 2];
      forward(input: Tensor, [h]: readonly Tensor[]): [Tensor, Tensor[]] {
        return [input, [h!]];
      }
    }
    expectThrown(
      () => new RNN({ cell: new Forgetful() }).call(x),
      ShapeError,
      'RNN › Forgetful: got states [1]; expected an array of 2',
    );
  });
});

describe('nn.SimpleRNNCell, LSTMCell and GRUCell', () => {
  it.each([
    ['SimpleRNNCell', (): Cell => new SimpleRNNCell({ units: 3, dtype })],
    ['LSTMCell', (): Cell => new LSTMCell({ units: 3, dtype })],
    ['GRUCell', (): Cell => new GRUCell({ units: 3, dtype })],
    ['GRUCell, the reset before', (): Cell => new GRUCell({ units: 3, resetAfter: false, dtype })],
  ])('%s in a loop of your own is the layer', (_, make) => {
    const x = ones([2, 4, 2], { dtype });
    const cell = make();
    const layer = new RNN({ cell, returnSequences: true, returnState: true });
    const [y, ...states] = layer.call(x);
    const own = loop(cell, x, (cell as RecurrentCell).initialState(2));
    expectNear(own.outputs.at(-1)!, y.slice(null, -1).toArray(), 1e-14);
    for (const [i, state] of own.states.entries()) expectNear(state, states[i]!.toArray(), 1e-14);
  });

  it('keep their masks of dropout for the steps of a loop, and draw others in another scope', () => {
    const cell = new GRUCell({ units: 3, dropout: 0.5, recurrentDropout: 0.5, seed: 1, dtype });
    const x = ones([2, 2], { dtype });
    const run = (): NestedArray[] =>
      scope(() => loop(cell, stack([x, x], { axis: 1 }), [zeros([2, 3], { dtype })]).outputs.map((y) => y.toArray()));
    const step = (): NestedArray => cell.call(x, cell.initialState(2, dtype))[0].toArray();
    trainMode(() => {
      expect(step()).toEqual(step());
      const before = step();
      cell.reset();
      expect(step()).not.toEqual(before);
      cell.reset();
      expect(run()).not.toEqual(run());
    });
  });
});

interface ProjectedCase {
  readonly name: string;
  readonly x: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly dx: NestedArray;
  readonly states: readonly NestedArray[];
  readonly w: readonly NestedArray[];
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

describe('nn.LSTMPCell', () => {
  it.each(fixture<ProjectedCase>('projectedLSTM'))('agrees with PyTorch 1.13: $name', (reference) => {
    const cell = new LSTMPCell({ units: 4, projectionSize: 3, dtype });
    const state = Object.entries(reference.parameters).map(([path, values]) => [path, float64(values)]);
    cell.loadStateDict(Object.fromEntries(state));
    const x = tensor(reference.x, { dtype, requiresGrad: true });
    const [y, ...states] = new RNN({ cell, returnSequences: true, returnState: true }).call(x);
    expectNear(y, reference.y);
    let loss = y.mul(float64(reference.v)).sum();
    for (const [i, after] of states.entries()) {
      expectNear(after, reference.states[i]!);
      loss = loss.add(after.mul(float64(reference.w[i]!)).sum());
    }
    loss.backward();
    expectNear(x.grad, reference.dx);
    for (const [path, parameter] of cell.namedParameters()) expectNear(parameter.grad, reference.gradients[path]!);
  });

  it('refuses what cannot be', () => {
    expectThrown(
      () => new LSTMPCell({ units: 4, projectionSize: 0 }),
      ArgumentError,
      'LSTMPCell: got projectionSize 0; expected a whole number above 0',
    );
    const cell = new LSTMPCell({ units: 4, projectionSize: 2 });
    expectThrown(
      () => cell.call(ones([1, 3]), [ones([1, 4]), ones([1, 4])]),
      ShapeError,
      'LSTMPCell › LSTMPCell: got states[0] [1, 4]; expected states[0] [1, 2]',
    );
  });
});
