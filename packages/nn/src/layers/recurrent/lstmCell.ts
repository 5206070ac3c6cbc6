import { concat, fullView, lstm, ones, split, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { type Activation, resolveActivation } from '../../activations.js';
import { type Initializer, type InitializerLike, resolveInitializer } from '../../initializers/index.js';
import { checkBoolean, checkOptions } from '../../options.js';
import type { Course, Recurrence } from './cell.js';
import { GatedCell, gatedCellNames, isSigmoid, isTanh, type SimpleRNNCellOptions } from './gatedCell.js';
import type { RecurrentActivationOption } from './weightedCell.js';

/** An option of cells with a forget gate. */
export interface ForgetBiasOption {
  /** Whether the bias of the forget gate begins as 1, whatever `biasInitializer`. @defaultValue true */
  unitForgetBias?: boolean;
}

/** Options of `LSTMCell`. */
export interface LSTMCellOptions extends SimpleRNNCellOptions, RecurrentActivationOption, ForgetBiasOption {}

/** The names of the options of `LSTMCell`. */
export const lstmCellNames: readonly string[] = [...gatedCellNames, 'recurrentActivation', 'unitForgetBias'];

/** The options of the bias of gates i, f, c, o, with ones for f if they say so. */
export function withForgetBias<Options extends ForgetBiasOption & { biasInitializer?: InitializerLike }>(
  operation: string,
  options: Options,
): Options {
  if (!checkBoolean(operation, 'unitForgetBias', options.unitForgetBias ?? true)) return options;
  return {
    ...options,
    biasInitializer: unitForgetBias(resolveInitializer(operation, options.biasInitializer ?? 'zeros')),
  };
}

/** First values of a bias of gates i, f, c, o side by side: ones for f, the others as `inner` makes them. */
function unitForgetBias(inner: Initializer): Initializer {
  return {
    name: 'unitForgetBias',
    create: ([columns], dtype) => {
      const units = columns! / 4;
      return concat([inner.create([units], dtype), ones([units], { dtype }), inner.create([2 * units], dtype)]);
    },
  };
}

/** What becomes of the cell state, and the output, out of the sums of the gates i, f, c, o. */
export function lstmStep(
  sums: readonly Tensor[],
  cell: Tensor,
  activation: Activation,
  recurrentActivation: Activation,
): [Tensor, Tensor[]] {
  const [i, f, candidate, o] = sums as readonly [Tensor, Tensor, Tensor, Tensor];
  const kept = recurrentActivation(f).mul(cell);
  const c = kept.add(recurrentActivation(i).mul(activation(candidate)));
  const h = recurrentActivation(o).mul(activation(c));
  return [h, [h, c]];
}

/**
 * A step of a long short-term memory, with states h and c:
 *
 *   i, f, o = recurrentActivation(x · kernel + h · recurrentKernel + bias), each with its columns;
 *   c ← f c + i activation(x · kernel + h · recurrentKernel + bias); h ← o activation(c); the output is h.
 *
 * x [batch, in], h and c [batch, units]; kernel [in, 4 units], recurrentKernel [units, 4 units], bias [4 units], columns i, f, c, o
 * (PyTorch's and Gluon's i, f, g, o with two biases, added up).
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs and states that do not fit
 * @see Hochreiter & Schmidhuber 1997; https://keras.io/api/layers/recurrent_layers/lstm/
 * @example
 * const cell = new nn.LSTMCell({ units: 4 });
 * const [y, [h, c]] = cell.call(ones([2, 3]), cell.initialState(2)); // y, h, c [2, 4]
 */
export class LSTMCell extends GatedCell {
  override readonly stateSizes: readonly number[];
  private readonly recurrentActivation: Activation;

  /** @param operation name in messages. @internal */
  constructor(options: LSTMCellOptions, operation: string = 'LSTMCell') {
    checkOptions(operation, options, lstmCellNames);
    super(operation, 4, withForgetBias(operation, options));
    this.recurrentActivation = resolveActivation(operation, options.recurrentActivation ?? 'sigmoid');
    this.stateSizes = [this.units, this.units];
  }

  protected override get biasShape(): Shape {
    return [4 * this.units];
  }

  protected override get isStandard(): boolean {
    return isTanh(this.activation) && isSigmoid(this.recurrentActivation);
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [h, c] = states as readonly [Tensor, Tensor];
    const sums = this.fromInput(x).add(this.fromState(h));
    const withBias = this.bias === null ? sums : sums.add(this.bias);
    return lstmStep(split(withBias, 4, { axis: -1 }), c, this.activation, this.recurrentActivation);
  }

  protected override runFused(x: Tensor, states: readonly Tensor[], { mask, reverse }: Course): Recurrence {
    const bias = this.bias ?? fullView(this.biasShape, 0, { dtype: x.dtype });
    const result = lstm(x, this.kernel, this.recurrentKernel, bias, {
      initialState: [states[0]!, states[1]!],
      reverse,
      ...(mask !== null && { mask }),
    });
    return {
      sequence: () => result.sequence,
      last: () => result.hidden,
      states: () => [result.hidden, result.cell],
    };
  }
}
