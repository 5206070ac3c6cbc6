/** Recurrent layers (https://keras.io/api/layers/recurrent_layers/), and the modifier cells of Gluon. */

export { type Cell, type Course, type Recurrence, RecurrentCell } from './cell.js';
export type { RecurrentActivationOption, WeightedCellOptions } from './weightedCell.js';
export type { SimpleRNNCellOptions } from './gatedCell.js';
export { SimpleRNNCell } from './simpleRNNCell.js';
export { type ForgetBiasOption, LSTMCell, type LSTMCellOptions } from './lstmCell.js';
export { LSTMPCell, type LSTMPCellOptions } from './lstmpCell.js';
export { GRUCell, type GRUCellOptions } from './gruCell.js';
export { StackedRNNCells } from './stackedCells.js';
export {
  type RecurrentCallOptions,
  RecurrentLayer,
  type RecurrentLayerOptions,
  type RecurrentOutput,
} from './recurrentLayer.js';
export {
  GRU,
  type GRUOptions,
  LSTM,
  type LSTMOptions,
  RNN,
  type RNNOptions,
  SimpleRNN,
  type SimpleRNNOptions,
} from './rnn.js';
export { DropoutCell, ResidualCell, ZoneoutCell, type ZoneoutCellOptions } from './modifierCells.js';
export { VariationalDropoutCell, type VariationalDropoutCellOptions } from './variationalDropoutCell.js';
export type { ConvCellOptions } from './convCell.js';
export type { ConvLSTMCellOptions } from './convLSTMCell.js';
export * from './convCells.js';
export { ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, type ConvLSTMOptions } from './convLSTM.js';
export {
  Bidirectional,
  type BidirectionalOptions,
  type BidirectionalOutput,
  type MergeMode,
} from './bidirectional.js';
export { TimeDistributed } from './timeDistributed.js';
export { type StackedRecurrentOptions, stackedRecurrent } from './stackedRecurrent.js';
