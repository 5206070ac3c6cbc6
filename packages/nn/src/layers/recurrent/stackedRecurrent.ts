import { Sequential } from '../../model/sequential.js';
import { checkBoolean, checkChoice, checkNumber } from '../../options.js';
import { Dropout } from '../regularization.js';
import { Bidirectional } from './bidirectional.js';
import { GRU, LSTM, type LSTMOptions, SimpleRNN } from './rnn.js';

/** Options of `stackedRecurrent`; all that are not its own go to every layer. */
export interface StackedRecurrentOptions extends Omit<LSTMOptions, 'dropout' | 'returnState' | 'goBackwards' | 'name'> {
  /** What the layers are. */
  cell: 'simpleRNN' | 'lstm' | 'gru';
  /** How many layers. @defaultValue 1 */
  numLayers?: number;
  /** Whether each layer goes in both directions, its outputs side by side. @defaultValue false */
  bidirectional?: boolean;
  /** Share of what passes from layer to layer that is dropped in training. @defaultValue 0 */
  dropout?: number;
  /** Of layers of 'gru'. @defaultValue true */
  resetAfter?: boolean;
}

/**
 * Recurrent layers one upon the other, as PyTorch's and Gluon's RNN, LSTM and GRU have them inside: layers 0, 2, 4, … of a `Sequential`, with
 * `Dropout` between them.
 *
 * Input [batch, time, in], output [batch, units], or [batch, time, units] with `returnSequences`, for the last layer; twice the units where it is
 * bidirectional.
 *
 * @throws ArgumentError for options out of range, and those that the layers do not take
 * @see https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 * @example
 * const model = nn.stackedRecurrent({ cell: 'lstm', units: 8, numLayers: 2, bidirectional: true, dropout: 0.2 });
 * model.call(ones([2, 10, 3])); // [2, 16]
 */
export function stackedRecurrent(options: StackedRecurrentOptions): Sequential {
  const name = 'stackedRecurrent';
  const { cell, numLayers = 1, bidirectional = false, dropout = 0, returnSequences = false, ...given } = options;
  const { inputShape, ...shared } = given;
  checkChoice(name, 'cell', cell, ['simpleRNN', 'lstm', 'gru']);
  checkNumber(name, 'numLayers', numLayers, { above: 0, whole: true });
  checkBoolean(name, 'bidirectional', bidirectional);
  checkNumber(name, 'dropout', dropout, { atLeast: 0, below: 1 });
  const Recurrent = { simpleRNN: SimpleRNN, lstm: LSTM, gru: GRU }[cell] as typeof LSTM;
  const layers = Array.from({ length: numLayers }, (_, i) => {
    const layer = new Recurrent({ ...shared, returnSequences: i < numLayers - 1 || returnSequences });
    return bidirectional ? new Bidirectional({ layer }) : layer;
  });
  const model = new Sequential(
    layers.flatMap((layer, i) => (i === 0 ? [layer] : [new Dropout({ rate: dropout }), layer])),
  );
  return inputShape === undefined ? model : model.build(inputShape);
}
