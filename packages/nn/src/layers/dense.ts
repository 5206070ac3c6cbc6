import { dense, type Tensor } from '@cotangent/autograd';
import { type DType, DTypeError, isFloating, ShapeError } from '@cotangent/kernels';
import { type Activation, type ActivationName, fusedActivations, resolveActivation } from '../activations.js';
import { type InitializerLike, resolveInitializer } from '../initializers.js';
import { Parameter } from '../module.js';
import { checkChoice, checkNumber, checkOptions, checkTensor } from '../options.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

/** Options of `Dense`. */
export interface DenseOptions extends LayerOptions {
  /** Number of outputs. */
  units: number;
  /** Applied to the result. @defaultValue 'linear' */
  activation?: ActivationName | Activation;
  /** Whether to add a bias. @defaultValue true */
  useBias?: boolean;
  /** @defaultValue 'glorotUniform' (Keras) */
  kernelInitializer?: InitializerLike;
  /** @defaultValue 'zeros' */
  biasInitializer?: InitializerLike;
  /** Of kernel and bias, and so of the input and the output: nothing is converted. @defaultValue 'float32' */
  dtype?: 'float32' | 'float64';
}

/**
 * A fully connected layer: activation(x · kernel + bias).
 *
 * Input [..., in], output [..., units]; kernel [in, units], bias [units], made on the first call.
 *
 * @throws ArgumentError for `units` that is not a positive whole number, an unknown activation, initializer or option;
 *   ShapeError when a later input has another last axis; DTypeError for an input of another dtype
 * @see https://keras.io/api/layers/core_layers/dense/
 * @example
 * new nn.Dense({ units: 10, activation: 'relu' }).call(ones([2, 3])); // shape [2, 10]
 */
export class Dense extends Layer {
  readonly units: number;
  /** [in, units] */
  readonly kernel: Parameter;
  /** [units], or null without bias */
  readonly bias: Parameter | null;
  private readonly activation: Activation;

  constructor(options: DenseOptions) {
    checkOptions('Dense', options, [
      'units',
      'activation',
      'useBias',
      'kernelInitializer',
      'biasInitializer',
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    this.units = checkNumber('Dense', 'units', options.units, { above: 0, whole: true });
    this.activation = resolveActivation('Dense', options.activation ?? 'linear');
    const dtype: DType = checkChoice('Dense', 'dtype', options.dtype ?? 'float32', ['float32', 'float64']);
    this.kernel = new Parameter({
      initializer: resolveInitializer('Dense', options.kernelInitializer ?? 'glorotUniform'),
      dtype,
    });
    this.bias =
      options.useBias === false
        ? null
        : new Parameter({ initializer: resolveInitializer('Dense', options.biasInitializer ?? 'zeros'), dtype });
  }

  override forward(x: Tensor): Tensor {
    const inputs = checkTensor('Dense', 'x', x).shape[x.rank - 1];
    if (x.rank < 2 || inputs === undefined) {
      throw new ShapeError('Dense', { x: x.shape }, 'x [batch, ..., inputs]', 'Add a batch axis with .expandDims(0).');
    }
    const { dtype } = this.kernel;
    if (x.dtype !== dtype) {
      const mend = isFloating(x.dtype) ? `, or make the layer with { dtype: '${x.dtype}' }` : '';
      throw new DTypeError('Dense', { x: x.dtype }, dtype, `Convert with .cast('${dtype}')${mend}.`);
    }
    if (!this.kernel.hasValue) {
      this.kernel.materialize([inputs, this.units]);
      this.bias?.materialize([this.units]);
    }
    if (this.kernel.shape[0] !== inputs) {
      throw new ShapeError(
        'Dense',
        { x: x.shape },
        `x [..., ${this.kernel.shape[0]}]`,
        `The layer was built for ${this.kernel.shape[0]} inputs.`,
      );
    }
    if (this.bias === null) return this.activation(x.matmul(this.kernel));
    const activation = fusedActivations.get(this.activation);
    return activation === undefined
      ? this.activation(dense(x, this.kernel, this.bias))
      : dense(x, this.kernel, this.bias, { activation });
  }
}
