import { concat, tensor, zeros } from '@cotangent/autograd';
import { expectNear, float64 } from '../../../fixtures/testing.js';
import { maskOf, setMask } from '../../masks.js';
import { Masking } from '../core.js';
import { GRU, type GRUOptions, LSTM, SimpleRNN } from './rnn.js';

const classes = { LSTM, GRU, SimpleRNN };
const kinds = ['LSTM', 'GRU', 'SimpleRNN'] as const;
const dtype = 'float64' as const;
const mask = tensor([
  [false, true, true, false],
  [true, true, false, true],
]);

describe('recurrent layers: sequences, states and masks', () => {
  const x = float64([
    [
      [1, 2],
      [3, -1],
      [0.5, 0.25],
      [-2, 1],
    ],
    [
      [0, 1],
      [2, 2],
      [-1, 0],
      [1, -1],
    ],
  ]);
  const make = <Options extends object>(kind: (typeof kinds)[number], options: Options): GRU<true> => {
    const layer = new classes[kind]({ units: 3, dtype, kernelInitializer: 'heNormal', returnState: true, ...options });
    return layer as unknown as GRU<true>;
  };
  const twin = (layer: GRU<true>, kind: (typeof kinds)[number], options: Partial<GRUOptions>): GRU<true> => {
    const other = make(kind, options).build([4, 2]);
    other.loadStateDict(layer.stateDict());
    return other;
  };

  it.each(kinds)('%s: the last of the sequence is the output, and h', (kind) => {
    const layer = make(kind, { returnSequences: true });
    const [sequence, h] = layer.call(x);
    const [output] = twin(layer, kind, {}).call(x);
    expect(sequence.shape).toEqual([2, 4, 3]);
    expectNear(output, sequence.slice(null, -1).toArray(), 0);
    expectNear(h!, output.toArray(), 0);
  });

  it.each(kinds)('%s: goBackwards is the layer on the steps in reverse', (kind) => {
    const layer = make(kind, { returnSequences: true });
    const forth = layer.call(x.slice(null, [null, null, -1]));
    const back = twin(layer, kind, { returnSequences: true, goBackwards: true }).call(x);
    for (const [i, y] of back.entries()) expectNear(y, forth[i]!.toArray(), 1e-15);
  });

  it.each(kinds)('%s: a mask skips steps', (kind) => {
    const layer = make(kind, { returnSequences: true });
    const [masked, ...states] = layer.call(x, { mask });
    const [first, ...firstStates] = layer.call(x.slice([0, 1], [1, 3]));
    expectNear(masked.slice(0, [1, 3]), first.slice(0).toArray(), 1e-15);
    for (const [i, state] of states.entries()) expectNear(state.slice([0, 1]), firstStates[i]!.toArray(), 1e-15);
    // Before the first step the state it began with, after the last one what that gave.
    expectNear(masked.slice(0, 0), [0, 0, 0], 0);
    expectNear(masked.slice(0, 3), first.slice(0, 1).toArray(), 1e-15);
    const zeroed = twin(layer, kind, { returnSequences: true, zeroOutputForMask: true });
    expectNear(zeroed.call(x, { mask })[0].slice(0, 3), [0, 0, 0], 0);
    expectNear(twin(layer, kind, { zeroOutputForMask: true }).call(x, { mask })[0].slice(0), [0, 0, 0], 0);
  });

  it('hand the mask on with sequences, in their order, and take the one that travels', () => {
    const layer = new GRU({ units: 2, returnSequences: true, dtype });
    const padded = float64([
      [
        [0, 0],
        [1, 2],
        [3, 4],
      ],
    ]);
    const y = layer.call(new Masking().call(padded));
    expect(maskOf(y)!.toArray()).toEqual([[false, true, true]]);
    expectNear(y.slice(0, 0), [0, 0], 0);
    const explicit = layer.call(padded, { mask: tensor([[false, true, true]]) });
    expectNear(explicit, y.toArray(), 0);
    expect(maskOf(explicit)!.toArray()).toEqual([[false, true, true]]);
    expect(maskOf(layer.call(setMask(padded.mul(1), tensor([[false, true, true]])), { mask: null }))).toBeNull();
    const back = new GRU({ units: 2, returnSequences: true, goBackwards: true, dtype });
    expect(maskOf(back.call(new Masking().call(padded)))!.toArray()).toEqual([[true, true, false]]);
    expect(maskOf(new GRU({ units: 2, dtype }).call(new Masking().call(padded)))).toBeNull();
  });

  it.each(kinds)('%s: stateful, pieces of a sequence are as the whole, masked or not', (kind) => {
    for (const options of [{}, { mask }]) {
      const layer = make(kind, { returnSequences: true });
      const [whole, ...states] = layer.call(x, options);
      const pieces = twin(layer, kind, { returnSequences: true, stateful: true });
      const piece = (from: number, to: number) =>
        pieces.call(x.slice(null, [from, to]), 'mask' in options ? { mask: mask.slice(null, [from, to]) } : {});
      const [first, [second, ...last]] = [piece(0, 1), piece(1, 4)];
      expectNear(concat([first[0], second], { axis: 1 }), whole.toArray(), 1e-14);
      for (const [i, state] of states.entries()) expectNear(last[i]!, state.toArray(), 1e-14);
      expectNear(pieces.states![0]!, states[0]!.toArray(), 1e-14);
      pieces.resetStates();
      expect(pieces.states).toBeNull();
      expectNear(piece(0, 1)[0], first[0].toArray(), 0);
    }
  });

  it('stateful, keep their states out of the state dict, and copy them in clones', () => {
    const layer = new GRU({ units: 2, stateful: true, dtype });
    layer.call(x);
    expect(Object.keys(layer.stateDict())).toEqual(['cell.kernel', 'cell.recurrentKernel', 'cell.bias']);
    const copy = layer.clone();
    expectNear(copy.call(x), layer.call(x).toArray(), 0);
  });

  it('take the state before the first step, one alone without an array', () => {
    const layer = new GRU({ units: 2, dtype });
    const state = float64([
      [1, 2],
      [3, 4],
    ]);
    expectNear(layer.call(x, { initialState: state }), layer.call(x, { initialState: [state] }).toArray(), 0);
    expectNear(layer.call(x, { initialState: zeros([2, 2], { dtype }) }), layer.call(x).toArray(), 0);
  });
});
