import { dense, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { type Activation, type ActivationName, fusedActivations, resolveActivation } from '../../activations.js';
import { Module } from '../../module.js';
import { checkBoolean } from '../../options.js';
import type { Parameter } from '../../parameter.js';
import { type DTypeOption, type WeightOptions, weight } from '../weights.js';

/** Options of the maps inside attention layers and blocks. */
export interface ProjectionOptions extends DTypeOption, WeightOptions<'kernel' | 'bias'> {
  /** Whether to add biases. @defaultValue true */
  useBias?: boolean;
  /** @defaultValue 'glorotUniform' (Keras) */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
  /** @defaultValue 'zeros' */
  biasInitializer?: WeightOptions<'bias'>['biasInitializer'];
}

/**
 * An affine map between the last axes of tensors: features to heads, heads to features, or features to features.
 *
 * As `EinsumDense`, but with extents that may be known only when the input is, and a bias over all axes of the output, so that it is one
 * fused `dense`. Input [batch, ..., ...from], output [batch, ..., ...to]; kernel [...from, ...to], bias [...to].
 */
export class Projection extends Module {
  readonly kernel: Parameter;
  readonly bias: Parameter | null;
  private readonly activation: Activation;

  /**
   * @param operation the layer that it is part of
   * @param inputAxes how many axes are summed over
   */
  constructor(
    operation: string,
    options: ProjectionOptions,
    private readonly inputAxes: number = 1,
    activation: ActivationName | Activation = 'linear',
  ) {
    super();
    this.activation = resolveActivation(operation, activation);
    this.kernel = weight(operation, 'kernel', options, 'glorotUniform');
    this.bias = checkBoolean(operation, 'useBias', options.useBias ?? true)
      ? weight(operation, 'bias', options, 'zeros')
      : null;
  }

  build(from: Shape, to: Shape): void {
    this.kernel.materialize([...from, ...to]);
    this.bias?.materialize(to);
  }

  override forward(x: Tensor): Tensor {
    const { shape } = this.kernel;
    const [from, to] = [shape.slice(0, this.inputAxes), shape.slice(this.inputAxes)];
    const leading = x.shape.slice(0, x.rank - from.length);
    const [inputs, outputs] = [from, to].map((axes) => axes.reduce((product, n) => product * n, 1));
    const flat = x.reshape([...leading, inputs!]);
    const matrix = this.kernel.reshape([inputs!, outputs!]);
    return this.affine(flat, matrix, outputs!).reshape([...leading, ...to]);
  }

  private affine(x: Tensor, matrix: Tensor, outputs: number): Tensor {
    if (this.bias === null) return this.activation(x.matmul(matrix));
    const bias = this.bias.reshape([outputs]);
    const activation = fusedActivations.get(this.activation);
    return activation === undefined ? this.activation(dense(x, matrix, bias)) : dense(x, matrix, bias, { activation });
  }
}
