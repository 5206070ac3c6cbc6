import { ones } from '@cotangent/autograd';
import { ArgumentError, DTypeError, ShapeError } from '@cotangent/kernels';
import { expectThrown } from '../../../fixtures/testing.js';
import { Masking } from '../core.js';
import { GRU, LSTM, RNN, SimpleRNN } from './rnn.js';

const dtype = 'float64' as const;

describe('recurrent layers: what they refuse', () => {
  const layer = new LSTM({ units: 2, inputShape: [4, 3] });
  it.each<[string, () => unknown, typeof ArgumentError | typeof ShapeError | typeof DTypeError, string]>([
    ['units', () => new LSTM({ units: 0 }), ArgumentError, 'LSTM: got units 0; expected a whole number above 0'],
    [
      'a bare number',
      () => new GRU(8 as never),
      ArgumentError,
      'GRU: got 8; expected an options object. For example { units: … }.',
    ],
    [
      'an option of another layer',
      () => new SimpleRNN({ units: 1, resetAfter: true } as never),
      ArgumentError,
      "SimpleRNN: got unknown option 'resetAfter'; expected one of units, activation, useBias, dropout, recurrentDropout, seed, kernelInitializer, kernelRegularizer, kernelConstraint, recurrentInitializer, recurrentRegularizer, recurrentConstraint, biasInitializer, biasRegularizer, biasConstraint, dtype, returnSequences, returnState, goBackwards, stateful, zeroOutputForMask, name, inputShape, activityRegularizer",
    ],
    [
      'an unknown activation',
      () => new GRU({ units: 1, recurrentActivation: 'sigmund' as never }),
      ArgumentError,
      "GRU: got activation 'sigmund'; expected one of ",
    ],
    [
      'a rate',
      () => new GRU({ units: 1, recurrentDropout: 1 }),
      ArgumentError,
      'GRU: got recurrentDropout 1; expected a finite number of at least 0 and below 1',
    ],
    [
      'a flag',
      () => new GRU({ units: 1, stateful: 'yes' as never }),
      ArgumentError,
      "GRU: got stateful 'yes'; expected true or false",
    ],
    [
      'a cell that is none',
      () => new RNN({ cell: new Masking() as never }),
      ArgumentError,
      'RNN: got cell an object; expected a module with stateSizes and forward(x, states). For example new nn.LSTMCell({ units: 8 }).',
    ],
    [
      'an input without time',
      () => layer.call(ones([4, 3])),
      ShapeError,
      'LSTM › LSTM: got x [4, 3]; expected x [batch, time, ..., features]. Add a batch axis with .expandDims(0).',
    ],
    [
      'other features',
      () => layer.call(ones([1, 4, 2])),
      ShapeError,
      'LSTM › LSTM: got x [1, 4, 2]; expected x [..., 3]. The layer was built for 3 inputs.',
    ],
    [
      'another dtype',
      () => layer.call(ones([1, 4, 3], { dtype })),
      DTypeError,
      "LSTM › LSTM: got x float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
    ],
    [
      'a mask of another shape',
      () => layer.call(ones([1, 4, 3]), { mask: ones([1, 3], { dtype: 'bool' }) }),
      ShapeError,
      'LSTM › LSTM: got mask [1, 3]; expected mask [1, 4], [batch, time] of what it masks',
    ],
    [
      'too few states',
      () => layer.call(ones([1, 4, 3]), { initialState: ones([1, 2]) }),
      ShapeError,
      'LSTM › LSTM: got states [1]; expected an array of 2',
    ],
    [
      'states of another shape',
      () => layer.call(ones([1, 4, 3]), { initialState: [ones([1, 2]), ones([2, 2])] }),
      ShapeError,
      'LSTM › LSTM: got x [1, 4, 3] and initialState[1] [2, 2]; expected states [1, 2]',
    ],
    [
      'states of another dtype',
      () => layer.call(ones([1, 4, 3]), { initialState: [ones([1, 2]), ones([1, 2], { dtype })] }),
      DTypeError,
      "LSTM › LSTM: got initialState[1] float64; expected float32. Convert with .cast('float32').",
    ],
    [
      'an unknown option of a call',
      () => layer.call(ones([1, 4, 3]), { initialstate: [] } as never),
      ArgumentError,
      "LSTM › LSTM: got unknown option 'initialstate'; expected one of mask, initialState. Did you mean 'initialState'?",
    ],
    [
      'states of a cell of another dtype',
      () => layer.cell.call(ones([1, 3]), layer.cell.initialState(1, dtype)),
      DTypeError,
      "LSTMCell › LSTM: got states[0] float64; expected float32. Convert with .cast('float32'), or make the layer with { dtype: 'float64' }.",
    ],
    [
      'states of a cell',
      () => layer.cell.call(ones([1, 3]), [ones([1, 2]), ones([1, 3])]),
      ShapeError,
      'LSTMCell › LSTM: got states[1] [1, 3]; expected states[1] [1, 2]',
    ],
  ])('%s', (_, f, type, message) => {
    if (message.endsWith(' ')) expect(f).toThrow(message);
    else expectThrown(f, type, message);
  });

  it('a stateful batch of another size than the one before', () => {
    const stateful = new GRU({ units: 1, stateful: true });
    stateful.call(ones([2, 3, 1]));
    expectThrown(
      () => stateful.call(ones([1, 3, 1])),
      ShapeError,
      'GRU › GRU: got x [1, 3, 1] and the state of the call before [2, 1]; expected states [1, 1]. Call resetStates() before another batch.',
    );
  });
});
