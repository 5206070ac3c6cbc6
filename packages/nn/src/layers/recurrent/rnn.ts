/** Recurrent layers over sequences of vectors, and with any cell (https://keras.io/api/layers/recurrent_layers/). */

import { checkOptions } from '../../options.js';
import { type Cell, checkCell } from './cell.js';
import type { SimpleRNNCellOptions } from './gatedCell.js';
import { GRUCell, type GRUCellOptions, gruCellNames } from './gruCell.js';
import { LSTMCell, type LSTMCellOptions, lstmCellNames } from './lstmCell.js';
import { pick, RecurrentLayer, type RecurrentLayerOptions, recurrentLayerNames } from './recurrentLayer.js';
import { SimpleRNNCell, simpleRNNCellNames } from './simpleRNNCell.js';
import { StackedRNNCells } from './stackedCells.js';

/** Options of `RNN`. */
export interface RNNOptions<WithState extends boolean = boolean> extends RecurrentLayerOptions<WithState> {
  /** What takes one step; several are stacked (`StackedRNNCells`). */
  cell: Cell | readonly Cell[];
}

/**
 * A cell along sequences: x [batch, time, ...features] → the output of its last step [batch, ...], or of all, [batch, time, ...].
 *
 * Cells of this package go all steps at once where they have their default activations and no recurrent dropout is at work; other
 * cells go step by step. A step that a mask skips leaves the states as they are; its output is that of the step before.
 *
 * `forward(x, { mask, initialState })` gives the output; with `returnState` an array [output, ...states].
 *
 * @throws ArgumentError for a cell that is none and for options out of range; ShapeError, DTypeError for inputs, masks and states that do
 *   not fit
 * @see https://keras.io/api/layers/recurrent_layers/rnn/
 * @example
 * const layer = new nn.RNN({ cell: [new nn.LSTMCell({ units: 8 }), new nn.GRUCell({ units: 4 })], returnSequences: true });
 * layer.call(ones([2, 10, 3])); // [2, 10, 4]
 */
export class RNN<const WithState extends boolean = false> extends RecurrentLayer<Cell, WithState> {
  constructor(options: RNNOptions<WithState>) {
    checkOptions('RNN', options, ['cell', ...recurrentLayerNames]);
    const { cell } = options;
    super('RNN', Array.isArray(cell) ? new StackedRNNCells({ cells: cell }) : checkCell('RNN', cell), options);
  }
}

/** Options of `SimpleRNN`. */
export interface SimpleRNNOptions<WithState extends boolean = boolean>
  extends SimpleRNNCellOptions,
    RecurrentLayerOptions<WithState> {}

/**
 * The plain recurrent layer: h ← activation(x · kernel + h · recurrentKernel + bias) at each step; the output is h.
 *
 * Input [batch, time, in], output [batch, units] or, with `returnSequences`, [batch, time, units]; state h [batch, units]; parameters as in
 * `SimpleRNNCell`, under `cell`. Calls as those of `RNN`.
 *
 * @throws as `RNN`
 * @see Elman 1990; https://keras.io/api/layers/recurrent_layers/simple_rnn/
 * @example new nn.SimpleRNN({ units: 4 }).call(ones([2, 10, 3])) // [2, 4]
 */
export class SimpleRNN<const WithState extends boolean = false> extends RecurrentLayer<SimpleRNNCell, WithState> {
  constructor(options: SimpleRNNOptions<WithState>) {
    checkOptions('SimpleRNN', options, [...simpleRNNCellNames, ...recurrentLayerNames]);
    super('SimpleRNN', new SimpleRNNCell(pick(options, simpleRNNCellNames), 'SimpleRNN'), options);
  }
}

/** Options of `LSTM`. */
export interface LSTMOptions<WithState extends boolean = boolean>
  extends LSTMCellOptions,
    RecurrentLayerOptions<WithState> {}

/**
 * A long short-term memory: `LSTMCell`, which has the formula, along sequences.
 *
 * Input [batch, time, in], output [batch, units] or, with `returnSequences`, [batch, time, units]; states h and c [batch, units]; parameters
 * as in `LSTMCell`, under `cell`. Calls as those of `RNN`.
 *
 * @throws as `RNN`
 * @see Hochreiter & Schmidhuber 1997; https://keras.io/api/layers/recurrent_layers/lstm/
 * @example
 * const layer = new nn.LSTM({ units: 4, returnSequences: true, returnState: true });
 * const [sequence, h, c] = layer.call(ones([2, 10, 3])); // [2, 10, 4], [2, 4], [2, 4]
 */
export class LSTM<const WithState extends boolean = false> extends RecurrentLayer<LSTMCell, WithState> {
  constructor(options: LSTMOptions<WithState>) {
    checkOptions('LSTM', options, [...lstmCellNames, ...recurrentLayerNames]);
    super('LSTM', new LSTMCell(pick(options, lstmCellNames), 'LSTM'), options);
  }
}

/** Options of `GRU`. */
export interface GRUOptions<WithState extends boolean = boolean>
  extends GRUCellOptions,
    RecurrentLayerOptions<WithState> {}

/**
 * Gated recurrent units: `GRUCell`, which has the formula, along sequences.
 *
 * Input [batch, time, in], output [batch, units] or, with `returnSequences`, [batch, time, units]; state h [batch, units]; parameters as in
 * `GRUCell`, under `cell`. Calls as those of `RNN`.
 *
 * @throws as `RNN`
 * @see Cho et al. 2014, arXiv:1406.1078; https://keras.io/api/layers/recurrent_layers/gru/
 * @example new nn.GRU({ units: 4, goBackwards: true }).call(ones([2, 10, 3])) // [2, 4]
 */
export class GRU<const WithState extends boolean = false> extends RecurrentLayer<GRUCell, WithState> {
  constructor(options: GRUOptions<WithState>) {
    checkOptions('GRU', options, [...gruCellNames, ...recurrentLayerNames]);
    super('GRU', new GRUCell(pick(options, gruCellNames), 'GRU'), options);
  }
}
