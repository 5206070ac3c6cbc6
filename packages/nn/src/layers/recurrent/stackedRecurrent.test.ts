import { concat, type NestedArray, ones, type Tensor, tensor, trainMode } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { expectNear, expectThrown, fixture, float64 } from '../../../fixtures/testing.js';
import { setMask } from '../../masks.js';
import { Dropout } from '../regularization.js';
import { Bidirectional } from './bidirectional.js';
import { GRU, LSTM, SimpleRNN } from './rnn.js';
import { stackedRecurrent } from './stackedRecurrent.js';

interface PyTorchCase {
  readonly name: string;
  readonly kind: 'LSTM' | 'GRU' | 'RNN';
  readonly numLayers: number;
  readonly bidirectional: boolean;
  readonly lengths: readonly number[] | null;
  readonly initial: readonly NestedArray[] | null;
  readonly dinitial: readonly NestedArray[] | null;
  readonly x: NestedArray;
  readonly y: NestedArray;
  readonly v: NestedArray;
  readonly dx: NestedArray;
  readonly states: readonly NestedArray[][];
  readonly w: readonly NestedArray[][];
  readonly parameters: Record<string, NestedArray>;
  readonly gradients: Record<string, NestedArray>;
}

const classes = { LSTM, GRU, RNN: SimpleRNN };
const dtype = 'float64' as const;
const leaf = (values: NestedArray): Tensor => tensor(values, { dtype, requiresGrad: true });

/** true for the steps within the lengths. */
const within = (lengths: readonly number[], time: number): Tensor =>
  tensor(lengths.map((length) => Array.from({ length: time }, (_, t) => t < length)));

describe('recurrent layers, one upon the other', () => {
  it.each(fixture<PyTorchCase>('recurrent'))(
    'agree with PyTorch 1.13 in sequences, states and gradients: $name',
    (reference) => {
      const options = { units: 3, returnSequences: true, returnState: true, zeroOutputForMask: true, dtype } as const;
      const layers = Array.from({ length: reference.numLayers }, () => {
        const layer = new classes[reference.kind](options);
        return reference.bidirectional ? new Bidirectional({ layer }) : layer;
      });
      for (const [k, layer] of layers.entries()) {
        const own = Object.entries(reference.parameters).filter(([path]) => path.startsWith(`${k}.`));
        layer.loadStateDict(Object.fromEntries(own.map(([path, values]) => [path.slice(2), float64(values)])));
      }
      const x = leaf(reference.x);
      const mask = reference.lengths === null ? null : within(reference.lengths, 4);
      const initial = reference.initial?.map(leaf) ?? null;
      let [y, states]: [Tensor, Tensor[]] = [x, []];
      for (const layer of layers)
        [y, ...states] = layer.call(y, { mask, initialState: initial }) as [Tensor, ...Tensor[]];
      expectNear(y, reference.y);
      // PyTorch: [direction, batch, units] for h and for c; here both of one direction, then both of the other.
      const count = reference.states.length;
      const [wanted, weights] = [reference.states, reference.w].map((all) =>
        states.map((_, i) => all[i % count]![Math.floor(i / count)]!),
      );
      let loss = y.mul(float64(reference.v)).sum();
      for (const [i, state] of states.entries()) {
        expectNear(state, wanted![i]!);
        loss = loss.add(state.mul(float64(weights![i]!)).sum());
      }
      loss.backward();
      expectNear(x.grad, reference.dx);
      for (const [i, state] of (initial ?? []).entries()) expectNear(state.grad, reference.dinitial![i]!);
      for (const [k, layer] of layers.entries())
        for (const [path, parameter] of layer.namedParameters())
          expectNear(parameter.grad, reference.gradients[`${k}.${path}`]!);
    },
  );
});

describe('nn.stackedRecurrent', () => {
  it.each(fixture<PyTorchCase>('recurrent').filter(({ initial }) => initial === null))(
    'agrees with PyTorch 1.13: $name',
    ({ kind, numLayers, bidirectional, lengths, x, y, parameters }) => {
      const cell = ({ LSTM: 'lstm', GRU: 'gru', RNN: 'simpleRNN' } as const)[kind];
      const options = { cell, units: 3, numLayers, bidirectional, returnSequences: true, dtype } as const;
      const model = stackedRecurrent(options);
      // Dropout stands between the layers, whatever its rate.
      const state = Object.entries(parameters).map(([path, values]) => [
        path.replace(/^\d/, (k) => String(2 * Number(k))),
        float64(values),
      ]);
      model.loadStateDict(Object.fromEntries(state));
      const input = float64(x);
      const output = model.call(lengths === null ? input : setMask(input, within(lengths, 4)));
      expectNear(output, y);
      // The last step of the one direction and the first of the other.
      const last = stackedRecurrent({ ...options, returnSequences: false });
      last.loadStateDict(model.stateDict());
      if (lengths !== null) return;
      const ends = [output.slice(null, -1, [0, 3]), ...(bidirectional ? [output.slice(null, 0, [3, 6])] : [])];
      expectNear(last.call(input), concat(ends, { axis: -1 }).toArray(), 1e-14);
    },
  );

  it('passes its options on, builds at once with an inputShape, and drops between the layers only', () => {
    const model = stackedRecurrent({
      cell: 'gru',
      units: 4,
      numLayers: 3,
      dropout: 0.5,
      resetAfter: false,
      inputShape: [5, 2],
    });
    expect(model.layers.map((layer) => layer.constructor)).toEqual([GRU, Dropout, GRU, Dropout, GRU]);
    expect(model.namedParameters().map(([path, p]) => [path, p.shape])).toEqual(
      [0, 2, 4].flatMap((k) => [
        [`${k}.cell.kernel`, [k === 0 ? 2 : 4, 12]],
        [`${k}.cell.recurrentKernel`, [4, 12]],
        [`${k}.cell.bias`, [12]],
      ]),
    );
    const x = ones([1, 5, 2]);
    const [first, second] = trainMode(() => [model.call(x).toArray(), model.call(x).toArray()]);
    expect(first).not.toEqual(second);
    model.eval();
    expect(model.call(x).toArray()).toEqual(model.call(x).toArray());
  });

  it('refuses what cannot be', () => {
    expectThrown(
      () => stackedRecurrent({ cell: 'rnn' as never, units: 1 }),
      ArgumentError,
      "stackedRecurrent: got cell 'rnn'; expected one of 'simpleRNN', 'lstm', 'gru'",
    );
    expectThrown(
      () => stackedRecurrent({ cell: 'lstm', units: 1, numLayers: 0 }),
      ArgumentError,
      'stackedRecurrent: got numLayers 0; expected a whole number above 0',
    );
    expectThrown(
      () => stackedRecurrent({ cell: 'lstm', units: 1, dropout: 1 }),
      ArgumentError,
      'stackedRecurrent: got dropout 1; expected a finite number of at least 0 and below 1',
    );
    expect(() => stackedRecurrent({ cell: 'simpleRNN', units: 1, resetAfter: true })).toThrow(
      "SimpleRNN: got unknown option 'resetAfter'; expected one of units, ",
    );
  });
});
