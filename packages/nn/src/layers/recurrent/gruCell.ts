import { fullView, gru, split, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { type Activation, resolveActivation } from '../../activations.js';
import { checkBoolean, checkOptions } from '../../options.js';
import type { Course, Recurrence } from './cell.js';
import { GatedCell, gatedCellNames, gateProducts, isSigmoid, isTanh, type SimpleRNNCellOptions } from './gatedCell.js';
import type { RecurrentActivationOption } from './weightedCell.js';

/** Options of `GRUCell`. */
export interface GRUCellOptions extends SimpleRNNCellOptions, RecurrentActivationOption {
  /** Whether the reset gate comes after the product with the state (cuDNN, PyTorch) or before (the paper). @defaultValue true (Keras) */
  resetAfter?: boolean;
}

/** The names of the options of `GRUCell`. */
export const gruCellNames: readonly string[] = [...gatedCellNames, 'recurrentActivation', 'resetAfter'];

/**
 * A step of gated recurrent units:
 *
 *   z, r = recurrentActivation(x · kernel + b₀ + h · recurrentKernel + b₁), each with its columns;
 *   n = activation(x · kernel + b₀ + r (h · recurrentKernel + b₁)); h ← z h + (1 − z) n; the output is h.
 *
 * With `resetAfter: false` n = activation(x · kernel + (r h) · recurrentKernel + bias), and there is one bias.
 *
 * x [batch, in], h [batch, units]; kernel [in, 3 units], recurrentKernel [units, 3 units], columns z, r, n (PyTorch and Gluon: r, z, n); bias
 * [2, 3 units], for input and state, or [3 units].
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs and states that do not fit
 * @see Cho et al. 2014, arXiv:1406.1078; https://keras.io/api/layers/recurrent_layers/gru/
 * @example
 * const cell = new nn.GRUCell({ units: 4 });
 * const [y, [h]] = cell.call(ones([2, 3]), cell.initialState(2)); // y and h [2, 4]
 */
export class GRUCell extends GatedCell {
  override readonly stateSizes: readonly number[];
  readonly resetAfter: boolean;
  private readonly recurrentActivation: Activation;

  /** @param operation name in messages. @internal */
  constructor(options: GRUCellOptions, operation: string = 'GRUCell') {
    checkOptions(operation, options, gruCellNames);
    super(operation, 3, options);
    this.recurrentActivation = resolveActivation(operation, options.recurrentActivation ?? 'sigmoid');
    this.resetAfter = checkBoolean(operation, 'resetAfter', options.resetAfter ?? true);
    this.stateSizes = [this.units];
  }

  protected override get biasShape(): Shape {
    return this.resetAfter ? [2, 3 * this.units] : [3 * this.units];
  }

  protected override get isStandard(): boolean {
    return isTanh(this.activation) && isSigmoid(this.recurrentActivation);
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [h] = states as readonly [Tensor];
    if (!this.resetAfter) return this.withResetBefore(x, h);
    const fromInput = thirds(this.fromInput(x), this.bias?.slice(0) ?? null);
    const fromState = thirds(this.fromState(h), this.bias?.slice(1) ?? null);
    return gruStep(fromInput, fromState, h, this.activation, this.recurrentActivation);
  }

  private withResetBefore(x: Tensor, h: Tensor): [Tensor, Tensor[]] {
    const { units, recurrentKernel } = this;
    const masks = this.masksOfState(h.shape);
    const [inputZ, inputR, inputN] = thirds(this.fromInput(x), this.bias);
    const gates = gateProducts(h, recurrentKernel.slice(null, [0, 2 * units]), masks?.slice([0, 2]) ?? null);
    const z = this.recurrentActivation(inputZ.add(gates.slice(null, [0, units])));
    const r = this.recurrentActivation(inputR.add(gates.slice(null, [units, 2 * units])));
    const fromState = gateProducts(
      r.mul(h),
      recurrentKernel.slice(null, [2 * units, 3 * units]),
      masks?.slice([2, 3]) ?? null,
    );
    return mixed(h, z, this.activation(inputN.add(fromState)));
  }

  protected override runFused(x: Tensor, states: readonly Tensor[], { mask, reverse }: Course): Recurrence {
    const bias = this.bias ?? fullView(this.biasShape, 0, { dtype: x.dtype });
    const result = gru(x, this.kernel, this.recurrentKernel, bias, {
      initialState: states[0]!,
      reverse,
      resetAfter: this.resetAfter,
      ...(mask !== null && { mask }),
    });
    return { sequence: () => result.sequence, last: () => result.hidden, states: () => [result.hidden] };
  }
}

/** The output and the state of a GRU whose reset comes after the product, out of the gates z, r, n of input and state. */
export function gruStep(
  fromInput: readonly Tensor[],
  fromState: readonly Tensor[],
  h: Tensor,
  activation: Activation,
  recurrentActivation: Activation,
): [Tensor, Tensor[]] {
  const [inputZ, inputR, inputN] = fromInput as Thirds;
  const [stateZ, stateR, stateN] = fromState as Thirds;
  const r = recurrentActivation(inputR.add(stateR));
  return mixed(h, recurrentActivation(inputZ.add(stateZ)), activation(inputN.add(r.mul(stateN))));
}

/** z h + (1 − z) n */
function mixed(h: Tensor, z: Tensor, n: Tensor): [Tensor, Tensor[]] {
  const moved = n.add(z.mul(h.sub(n)));
  return [moved, [moved]];
}

type Thirds = readonly [z: Tensor, r: Tensor, n: Tensor];

/** The three gates of sums, the bias added. */
function thirds(sums: Tensor, bias: Tensor | null): Thirds {
  return split(bias === null ? sums : sums.add(bias), 3, { axis: -1 }) as [Tensor, Tensor, Tensor];
}
