import { fullView, simpleRNN, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { checkOptions } from '../../options.js';
import type { Course, Recurrence } from './cell.js';
import { GatedCell, gatedCellNames, isTanh, type SimpleRNNCellOptions } from './gatedCell.js';

/** The names of the options of `SimpleRNNCell`. */
export const simpleRNNCellNames: readonly string[] = gatedCellNames;

/**
 * A step of the plain recurrence: h ← activation(x · kernel + h · recurrentKernel + bias); the output is h.
 *
 * x [batch, in], h [batch, units]; kernel [in, units], recurrentKernel [units, units], bias [units], made on the first call.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs and states that do not fit
 * @see Elman 1990; https://keras.io/api/layers/recurrent_layers/simple_rnn/
 * @example
 * const cell = new nn.SimpleRNNCell({ units: 4 });
 * const [y, states] = cell.call(ones([2, 3]), cell.initialState(2)); // y [2, 4]
 */
export class SimpleRNNCell extends GatedCell {
  override readonly stateSizes: readonly number[];

  /** @param operation name in messages. @internal */
  constructor(options: SimpleRNNCellOptions, operation: string = 'SimpleRNNCell') {
    checkOptions(operation, options, simpleRNNCellNames);
    super(operation, 1, options);
    this.stateSizes = [this.units];
  }

  protected override get biasShape(): Shape {
    return [this.units];
  }

  protected override get isStandard(): boolean {
    return isTanh(this.activation);
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const sums = this.fromInput(x).add(this.fromState(states[0]!));
    const h = this.activation(this.bias === null ? sums : sums.add(this.bias));
    return [h, [h]];
  }

  protected override runFused(x: Tensor, states: readonly Tensor[], { mask, reverse }: Course): Recurrence {
    const bias = this.bias ?? fullView(this.biasShape, 0, { dtype: x.dtype });
    const result = simpleRNN(x, this.kernel, this.recurrentKernel, bias, {
      initialState: states[0]!,
      reverse,
      ...(mask !== null && { mask }),
    });
    return { sequence: () => result.sequence, last: () => result.hidden, states: () => [result.hidden] };
  }
}
