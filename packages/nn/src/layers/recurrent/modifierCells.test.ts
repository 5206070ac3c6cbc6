import { ones, type Tensor, tensor, trainMode } from '@cotangent/autograd';
import { gradientAgreesWithDifferences, smoothTensors } from '@cotangent/autograd/testing';
import { ArgumentError, type Shape, ShapeError } from '@cotangent/kernels';
import fc from 'fast-check';
import { loop, Momentum } from '../../../fixtures/testing/cells.js';
import { checkLayerLaws, unsettle } from '../../../fixtures/testing/layerLaws.js';
import { expectNear, expectThrown, float64 } from '../../../fixtures/testing.js';
import { Module } from '../../module.js';
import type { Cell } from './cell.js';
import { GRUCell } from './gruCell.js';
import { LSTMCell } from './lstmCell.js';
import { LSTMPCell } from './lstmpCell.js';
import { DropoutCell, ResidualCell, ZoneoutCell } from './modifierCells.js';
import { RNN } from './rnn.js';
import { SimpleRNNCell } from './simpleRNNCell.js';
import { StackedRNNCells } from './stackedCells.js';
import { VariationalDropoutCell } from './variationalDropoutCell.js';

const dtype = 'float64' as const;
const mask = tensor([
  [false, true, true],
  [true, true, false],
]);

describe('nn.StackedRNNCells and the modifier cells', () => {
  const cells = {
    'stacked cells': (): Cell =>
      new StackedRNNCells({ cells: [new LSTMCell({ units: 3, dtype }), new GRUCell({ units: 2, dtype })] }),
    'stacked cells, one of which goes step by step': (): Cell =>
      new StackedRNNCells({
        cells: [
          new GRUCell({ units: 2, activation: 'softsign', dtype }),
          new Momentum(),
          new DropoutCell({ rate: 0.5 }),
        ],
      }),
    ResidualCell: (): Cell => new ResidualCell({ cell: new LSTMCell({ units: 2, dtype }) }),
    ZoneoutCell: (): Cell =>
      new ZoneoutCell({ cell: new GRUCell({ units: 2, dtype }), zoneoutOutputs: 0.3, zoneoutStates: 0.3 }),
    'ZoneoutCell of states': (): Cell =>
      new ZoneoutCell({ cell: new LSTMCell({ units: 2, dtype }), zoneoutStates: 0.3 }),
    LSTMPCell: (): Cell => new LSTMPCell({ units: 3, projectionSize: 2, useBias: false, dtype }),
    VariationalDropoutCell: (): Cell =>
      new VariationalDropoutCell({ cell: new LSTMCell({ units: 2, dtype }), dropInputs: 0.2, dropStates: 0.2 }),
    'all in all': (): Cell =>
      new ResidualCell({
        cell: new ZoneoutCell({
          cell: new StackedRNNCells({
            cells: [
              new ResidualCell({ cell: new GRUCell({ units: 2, dtype }) }),
              new SimpleRNNCell({ units: 2, dtype }),
            ],
          }),
          zoneoutOutputs: 0.2,
        }),
      }),
  };

  it('keep the laws of layers, inside RNN', () => {
    const cases = fc
      .tuple(fc.constantFrom(...Object.values(cells)), fc.boolean(), fc.boolean())
      .map(([make, returnSequences, goBackwards]) => ({
        shape: [2, 3, 2],
        make: () => new RNN({ cell: make(), returnSequences, goBackwards }),
      }));
    checkLayerLaws(cases, { runs: 25, domain: { range: [-1, 1] } });
  });

  it.each(Object.entries(cells))(
    '%s: the same in a loop of your own, and with masks the derivatives that differences show',
    (_, make) => {
      const cell = make();
      const layer = new RNN({ cell, returnSequences: true, returnState: true }).build([3, 2]).eval();
      unsettle(layer);
      const x = float64([
        [
          [1, -1],
          [0.5, 2],
          [-2, 0.3],
        ],
        [
          [0.2, 0.1],
          [1, 1],
          [-1, 0.7],
        ],
      ]);
      const initial = cell
        .stateShapes?.([2])
        .map((shape: Shape, i) => ones([2, ...shape], { dtype }).mul(0.3 * i + 0.1));
      const [y, ...states] = layer.call(x, { initialState: initial ?? null });
      const own = loop(cell, x, initial!);
      for (const [t, output] of own.outputs.entries()) expectNear(output, y.slice(null, t).toArray(), 1e-14);
      for (const [i, state] of own.states.entries()) expectNear(state, states[i]!.toArray(), 1e-14);
      // Sample by sample, the steps that the mask shows are all there is.
      const [masked] = layer.call(x, { mask, initialState: initial ?? null });
      const [alone] = layer.call(x.slice([0, 1], [1, 3]), {
        initialState: initial!.map((state) => state.slice([0, 1])),
      });
      expectNear(masked.slice([0, 1], [1, 3]), alone.toArray(), 1e-14);
      fc.assert(
        fc.property(smoothTensors([[2, 3, 2]]), ([input]) =>
          gradientAgreesWithDifferences((t) => layer.call(t, { mask })[0], [input!], 0),
        ),
        { numRuns: 3 },
      );
    },
  );

  it('StackedRNNCells threads shapes, and forgets the masks of all', () => {
    const inner = new LSTMCell({ units: 3, dropout: 0.5 });
    const cell = new StackedRNNCells({ cells: [inner, new DropoutCell({ rate: 0.1 }), new GRUCell({ units: 5 })] });
    cell.build([2]);
    expect(cell.stateSizes).toEqual([3, 3, 5]);
    expect(cell.outputSize).toBe(5);
    expect(cell.computeOutputShape([2])).toEqual([5]);
    expect(cell.initialState(4).map((state) => state.shape)).toEqual([
      [4, 3],
      [4, 3],
      [4, 5],
    ]);
    expect(cell.namedParameters().map(([path, p]) => [path, p.shape])[3]).toEqual(['cells.2.kernel', [3, 15]]);
    trainMode(() => cell.call(ones([4, 2]), cell.initialState(4)));
    const masks = (): unknown => (inner as unknown as { inputMasks: unknown }).inputMasks;
    expect(masks()).not.toBeNull();
    cell.reset();
    expect(masks()).toBeNull();
  });

  it('ZoneoutCell keeps a share of states and outputs in training, others in each step', () => {
    // A step of this cell adds 1 everywhere: what kept its value is behind.
    class Plus extends Module implements Cell {
      readonly stateSizes = [2000];
      forward(x: Tensor, [h]: readonly Tensor[]): [Tensor, Tensor[]] {
        const next = h!.add(1).add(x.mul(0));
        return [next, [next]];
      }
    }
    const x = ones([1, 2, 1]);
    const run = (zoneoutOutputs: number, zoneoutStates: number): number[][] => {
      const cell = new ZoneoutCell({ cell: new Plus(), zoneoutOutputs, zoneoutStates, seed: 3 });
      const layer = new RNN({ cell, returnState: true });
      return trainMode(() => layer.call(x)).map((t) => [...t.toTypedArray()].map(Number));
    };
    const counts = (values: readonly number[]): number[] =>
      [0, 1, 2].map((n) => values.filter((value) => value === n).length / 2000);
    const near = (got: readonly number[], expected: readonly number[]): void => {
      for (const [i, share] of got.entries()) expect(Math.abs(share - expected[i]!)).toBeLessThan(0.05);
    };
    const [, states] = run(0, 0.3);
    near(counts(states!), [0.09, 0.42, 0.49]);
    const [outputs, full, last] = run(0.3, 0);
    near(counts(outputs!), [0.09, 0.21, 0.7]);
    expect(counts(full!)).toEqual([0, 0, 1]);
    expect(last).toEqual(outputs);
  });

  it('DropoutCell drops others in each step, in training only', () => {
    const layer = new RNN({ cell: new DropoutCell({ rate: 0.5, seed: 1 }), returnSequences: true });
    const x = ones([1, 2, 100]);
    const y = trainMode(() => layer.call(x));
    expect(new Set(y.toTypedArray())).toEqual(new Set([0, 2]));
    expect(y.slice(0, 0).toArray()).not.toEqual(y.slice(0, 1).toArray());
    const masked = trainMode(() => layer.call(x, { mask: tensor([[true, false]]) }));
    expect(masked.slice(0, 1).toArray()).toEqual(masked.slice(0, 0).toArray());
    expect(layer.eval().call(x).toArray()).toEqual(x.toArray());
    expect(layer.computeOutputShape([2, 100])).toEqual([2, 100]);
  });

  it('VariationalDropoutCell drops the same in all steps, others in the next sequence, and none in inference', () => {
    // hₜ = x + h′ₜ₋₁, where h′ is what is left of h; the outputs are dropped on their way out only.
    class Sum extends Module implements Cell {
      readonly stateSizes = [300];
      forward(x: Tensor, [h]: readonly Tensor[]): [Tensor, Tensor[]] {
        const sum = h!.add(x);
        return [sum, [sum]];
      }
    }
    const x = ones([1, 3, 300]);
    const make = (rates: object): RNN<true> =>
      new RNN({
        cell: new VariationalDropoutCell({ cell: new Sum(), seed: 5, ...rates }),
        returnSequences: true,
        returnState: true,
      });
    const run = (rates: object): Set<number>[] => {
      const [y, h] = trainMode(() => make(rates).call(x));
      return [y.slice(0, 2), h!].map((t) => new Set(t.toTypedArray() as Float32Array));
    };
    expect(run({ dropInputs: 0.5 })).toEqual([new Set([0, 6]), new Set([0, 6])]);
    expect(run({ dropStates: 0.5 })).toEqual([new Set([1, 7]), new Set([1, 7])]);
    expect(run({ dropOutputs: 0.5 })).toEqual([new Set([0, 6]), new Set([3])]);
    const layer = make({ dropInputs: 0.5, dropStates: 0.5, dropOutputs: 0.5 });
    const [first, second] = trainMode(() => [layer.call(x)[0].toArray(), layer.call(x)[0].toArray()]);
    expect(first).not.toEqual(second);
    expectNear(layer.eval().call(x)[0].slice(0, 2, [0, 2]), [3, 3]);
  });

  it('refuse what cannot be', () => {
    expectThrown(
      () => new VariationalDropoutCell({ cell: new GRUCell({ units: 1 }), dropStates: -1 }),
      ArgumentError,
      'VariationalDropoutCell: got dropStates -1; expected a finite number of at least 0 and below 1',
    );
    expectThrown(
      () => new StackedRNNCells({ cells: [] }),
      ArgumentError,
      'StackedRNNCells: got no cells; expected an array of at least one',
    );
    expectThrown(
      () => new ResidualCell({ cell: 'gru' as never }),
      ArgumentError,
      "ResidualCell: got cell 'gru'; expected a module with stateSizes and forward(x, states). For example new nn.LSTMCell({ units: 8 }).",
    );
    expectThrown(
      () => new RNN({ cell: new ResidualCell({ cell: new GRUCell({ units: 2 }) }) }).call(ones([1, 3, 4])),
      ShapeError,
      'RNN › ResidualCell: got x [1, 4] and output [1, 2]; expected an output with the shape of the input',
    );
    const one = new ResidualCell({ cell: new GRUCell({ units: 1 }) });
    expectThrown(
      () => new RNN({ cell: one, returnSequences: true }).call(ones([1, 3, 4])),
      ShapeError,
      'RNN › ResidualCell: got x [1, 3, 4] and output [1, 3, 1]; expected an output with the shape of the input',
    );
    expectThrown(
      () => new ZoneoutCell({ cell: new GRUCell({ units: 1 }), zoneoutStates: 1 }),
      ArgumentError,
      'ZoneoutCell: got zoneoutStates 1; expected a finite number of at least 0 and below 1',
    );
    expectThrown(
      () => new ZoneoutCell({ cell: new DropoutCell({ rate: 0.1 }), zoneoutOutputs: 0.1 }),
      ArgumentError,
      'ZoneoutCell: got a DropoutCell, which does not say its outputSize',
    );
    expectThrown(
      () => new DropoutCell({ rate: 1 }),
      ArgumentError,
      'DropoutCell: got rate 1; expected a finite number of at least 0 and below 1',
    );
  });
});
