import { split, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { type Activation, resolveActivation } from '../../activations.js';
import { checkNumber, checkOptions } from '../../options.js';
import type { Parameter } from '../../parameter.js';
import { type WeightOptions, weight, weightOptionNames } from '../weights.js';
import { GatedCell } from './gatedCell.js';
import { type LSTMCellOptions, lstmCellNames, lstmStep, withForgetBias } from './lstmCell.js';

/** Options of `LSTMPCell`. */
export interface LSTMPCellOptions extends LSTMCellOptions, WeightOptions<'projection'> {
  /** Features of the output and of h. */
  projectionSize: number;
  /** @defaultValue 'glorotUniform' */
  projectionInitializer?: WeightOptions<'projection'>['projectionInitializer'];
}

/**
 * A step of a long short-term memory with a projection (Gluon; PyTorch's proj_size): as `LSTMCell`, but
 *
 *   h ← (o activation(c)) · projectionKernel,
 *
 * so that h, the output, may have fewer features than c.
 *
 * x [batch, in], h [batch, projectionSize], c [batch, units]; kernel [in, 4 units], recurrentKernel [projectionSize, 4 units], bias [4 units],
 * columns i, f, c, o; projectionKernel [units, projectionSize].
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs and states that do not fit
 * @see Sak, Senior & Beaufays 2014, arXiv:1402.1128;
 *   https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.LSTMPCell
 * @example new nn.RNN({ cell: new nn.LSTMPCell({ units: 64, projectionSize: 8 }) }).call(ones([2, 10, 3])) // [2, 8]
 */
export class LSTMPCell extends GatedCell {
  override readonly stateSizes: readonly number[];
  /** [units, projectionSize] */
  readonly projectionKernel: Parameter;
  private readonly recurrentActivation: Activation;

  constructor(options: LSTMPCellOptions) {
    checkOptions('LSTMPCell', options, ['projectionSize', ...weightOptionNames('projection'), ...lstmCellNames]);
    super('LSTMPCell', 4, withForgetBias('LSTMPCell', options));
    this.recurrentActivation = resolveActivation('LSTMPCell', options.recurrentActivation ?? 'sigmoid');
    const size = checkNumber('LSTMPCell', 'projectionSize', options.projectionSize, { above: 0, whole: true });
    this.stateSizes = [size, this.units];
    this.projectionKernel = weight('LSTMPCell', 'projection', options, 'glorotUniform');
  }

  protected override get biasShape(): Shape {
    return [4 * this.units];
  }

  override build(inputShape: Shape): this {
    this.projectionKernel.materialize([this.units, this.stateSizes[0]!]);
    return super.build(inputShape);
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    this.checkStep(x, states);
    const [h, c] = states as readonly [Tensor, Tensor];
    const sums = this.fromInput(x).add(this.fromState(h));
    const gates = split(this.bias === null ? sums : sums.add(this.bias), 4, { axis: -1 });
    const [full, after] = lstmStep(gates, c, this.activation, this.recurrentActivation);
    const projected = full.matmul(this.projectionKernel);
    return [projected, [projected, after[1]!]];
  }
}
