import { ArgumentError, DTypeError, heapStats, ShapeError } from '@cotangent/kernels';
import {
  concat,
  grad,
  gru,
  lstm,
  ones,
  type RecurrentOptions,
  randomNormal,
  simpleRNN,
  type Tensor,
  tensor,
  zeros,
} from '../index.js';
import { expectError } from '../testing/expectError.js';

const normal = (...shape: number[]) => randomNormal(shape, { dtype: 'float64' });
const worst = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

/** Each layer as a function of x alone, from its initial states on. */
const layers = {
  lstm: () => {
    const weights = [normal(3, 16), normal(4, 16), normal(16)] as const;
    return (x: Tensor, options: RecurrentOptions = {}, states?: Tensor[]) => {
      const initial = states === undefined ? {} : { initialState: [states[0]!, states[1]!] as const };
      const { sequence, hidden, cell } = lstm(x, ...weights, { ...options, ...initial });
      return { sequence, states: [hidden, cell] };
    };
  },
  gru: () => {
    const weights = [normal(3, 12), normal(4, 12), normal(2, 12)] as const;
    return (x: Tensor, options: RecurrentOptions = {}, states?: Tensor[]) => {
      const { sequence, hidden } = gru(x, ...weights, { ...options, ...(states && { initialState: states[0]! }) });
      return { sequence, states: [hidden] };
    };
  },
  'gru with the reset before': () => {
    const weights = [normal(3, 12), normal(4, 12), normal(12)] as const;
    return (x: Tensor, options: RecurrentOptions = {}, states?: Tensor[]) => {
      const initial = states && { initialState: states[0]! };
      const { sequence, hidden } = gru(x, ...weights, { ...options, ...initial, resetAfter: false });
      return { sequence, states: [hidden] };
    };
  },
  simpleRNN: () => {
    const weights = [normal(3, 4), normal(4, 4), normal(4)] as const;
    return (x: Tensor, options: RecurrentOptions = {}, states?: Tensor[]) => {
      const { sequence, hidden } = simpleRNN(x, ...weights, {
        ...options,
        ...(states && { initialState: states[0]! }),
      });
      return { sequence, states: [hidden] };
    };
  },
};

describe.each(Object.entries(layers))('%s', (_, make) => {
  const layer = make();
  const x = normal(2, 5, 3);

  it('gives h after each step, and the last', () => {
    const { sequence, states } = layer(x);
    expect(sequence.shape).toEqual([2, 5, 4]);
    expect(worst(sequence.slice(null, -1), states[0]!)).toBe(0);
  });

  it('in two pieces, with the states carried over, is the same as in one', () => {
    const whole = layer(x);
    const first = layer(x.slice(null, [0, 2]));
    const second = layer(x.slice(null, [2, 5]), {}, first.states);
    expect(worst(concat([first.sequence, second.sequence], { axis: 1 }), whole.sequence)).toBeLessThan(1e-14);
    for (const [k, state] of whole.states.entries()) expect(worst(second.states[k]!, state)).toBeLessThan(1e-14);
  });

  it('in reverse is the layer on the steps in reverse, its results put back in order', () => {
    const [back, forth] = [layer(x, { reverse: true }), layer(x.slice(null, [null, null, -1]))];
    expect(worst(back.sequence.slice(null, [null, null, -1]), forth.sequence)).toBe(0);
    expect(worst(back.states[0]!, forth.states[0]!)).toBe(0);
  });

  it('with a mask that ends each sequence is the layer on shorter sequences', () => {
    const mask = tensor([
      [true, true, true, false, false],
      [true, true, true, true, true],
    ]);
    const { sequence, states } = layer(x, { mask });
    const short = layer(x.slice([0, 1], [0, 3]));
    for (const [k, state] of short.states.entries()) expect(worst(states[k]!.slice([0, 1]), state)).toBeLessThan(1e-14);
    // A masked step repeats the state.
    expect(worst(sequence.slice([0, 1], 4), short.states[0]!)).toBeLessThan(1e-14);
    const gradient = grad((at: Tensor) => layer(at, { mask }).sequence.sum())(x);
    expect(gradient.slice(0, [3, 5]).abs().sum().item()).toBe(0);
    expect(gradient.slice(0, 2).abs().sum().item()).toBeGreaterThan(0);
  });

  it('of no steps is its initial state', () => {
    const start = layer(x).states;
    const { sequence, states } = layer(x.slice(null, [0, 0]), {}, start);
    expect(sequence.shape).toEqual([2, 0, 4]);
    for (const [k, state] of states.entries()) expect(worst(state, start[k]!)).toBe(0);
  });

  it('holds memory flat from step to step of a training', () => {
    const step = (): Tensor => grad((at: Tensor) => layer(at).sequence.square().sum())(x);
    step();
    step();
    const { liveBytes } = heapStats();
    for (let i = 0; i < 20; i++) step();
    expect(heapStats().liveBytes).toBe(liveBytes);
  });
});

describe('what does not fit', () => {
  const x = ones([2, 5, 3]);

  it('is said by shape, with what was expected', () => {
    expectError(
      () => lstm(x, ones([3, 16]), ones([4, 16]), ones([12])),
      ShapeError,
      'lstm: got x [2, 5, 3] and kernel [3, 16] and recurrentKernel [4, 16] and bias [12] and h [2, 4] and c [2, 4]; expected x [batch, time, features], kernel [features, 4 · units], recurrentKernel [units, 4 · units], bias [4 · units], states [batch, units]',
    );
    expectError(
      () => gru(x, ones([3, 12]), ones([4, 12]), ones([12])),
      ShapeError,
      'gru: got x [2, 5, 3] and kernel [3, 12] and recurrentKernel [4, 12] and bias [12] and h [2, 4]; expected x [batch, time, features], kernel [features, 3 · units], recurrentKernel [units, 3 · units], bias [2, 3 · units], states [batch, units]',
    );
    expectError(
      () => gru(x, ones([3, 12]), ones([4, 12]), ones([2, 12]), { resetAfter: false }),
      ShapeError,
      'gru: got x [2, 5, 3] and kernel [3, 12] and recurrentKernel [4, 12] and bias [2, 12] and h [2, 4]; expected x [batch, time, features], kernel [features, 3 · units], recurrentKernel [units, 3 · units], bias [3 · units], states [batch, units]',
    );
    expectError(
      () => simpleRNN(ones([5, 3]), ones([3, 4]), ones([4, 4]), ones([4])),
      ShapeError,
      'simpleRNN: got x [5, 3]; expected x [batch, time, features]. Add a batch axis with .expandDims(0).',
    );
    expectError(
      () => simpleRNN(x, ones([3, 4]), ones([4, 4]), ones([4]), { mask: tensor([true, false]) }),
      ShapeError,
      'simpleRNN: got x [2, 5, 3] and mask [2]; expected x [batch, time, features] and mask [batch, time]',
    );
  });

  it('is said by dtype', () => {
    expectError(
      () => simpleRNN(x, ones([3, 4]), ones([4, 4], { dtype: 'float64' }), ones([4]), { initialState: zeros([2, 4]) }),
      DTypeError,
      'simpleRNN: got x float32 and kernel float32 and recurrentKernel float64 and bias float32 and h float32; expected one floating dtype for all. Convert with .cast().',
    );
    expectError(
      () => simpleRNN(x, ones([3, 4]), ones([4, 4]), ones([4]), { mask: ones([2, 5]) }),
      DTypeError,
      "simpleRNN: got mask float32; expected a mask of bools, false where a step is skipped. Convert with .cast('bool').",
    );
  });

  it('is said by option', () => {
    expectError(
      () => lstm(x, ones([3, 4]), ones([1, 4]), ones([4]), { goBackwards: true } as never),
      ArgumentError,
      "lstm: got unknown option 'goBackwards'; expected one of initialState, mask, reverse",
    );
  });
});
