import type { Tensor } from '@cotangent/autograd';
import { type Activation, resolveActivation } from '../../activations.js';
import { checkOptions } from '../../options.js';
import { ConvCell, type ConvCellOptions, convCellNames } from './convCell.js';
import { type ForgetBiasOption, lstmStep, withForgetBias } from './lstmCell.js';
import type { RecurrentActivationOption } from './weightedCell.js';

/** Options of the convolutional cells of long short-term memories. */
export interface ConvLSTMCellOptions extends ConvCellOptions, RecurrentActivationOption, ForgetBiasOption {}

/** The names of those options. */
export const convLSTMCellNames: readonly string[] = [...convCellNames, 'recurrentActivation', 'unitForgetBias'];

/** A step of `LSTMCell` whose products are convolutions. */
export class ConvLSTMCell extends ConvCell {
  override readonly stateSizes: readonly number[];
  private readonly recurrentActivation: Activation;

  constructor(operation: string, count: number, options: ConvLSTMCellOptions) {
    checkOptions(operation, options, convLSTMCellNames);
    super(operation, count, 4, withForgetBias(operation, options));
    this.recurrentActivation = resolveActivation(operation, options.recurrentActivation ?? 'sigmoid');
    this.stateSizes = [this.filters, this.filters];
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [h, c] = states as readonly [Tensor, Tensor];
    const gates = this.gatesOf(this.fromInput(x).add(this.fromState(h)), this.bias);
    return lstmStep(gates, c, this.activation, this.recurrentActivation);
  }
}
