import { type DenseFunctionOptions, dense, type Tensor } from '@cotangent/autograd';
import type { Shape } from '@cotangent/kernels';
import { type Activation, type ActivationName, fusedActivations, resolveActivation } from '../activations.js';
import { checkNumber, checkOptions } from '../options.js';
import type { Parameter } from '../parameter.js';
import { checkFeatures, checkInput, checkInputDType, lastExtent } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { type DTypeOption, type WeightOptions, weight, weightOptionNames } from './weights.js';

/** Options of `Dense`. */
export interface DenseOptions extends LayerOptions, DTypeOption, WeightOptions<'kernel' | 'bias'> {
  /** Number of outputs. */
  units: number;
  /** Applied to the result. @defaultValue 'linear' */
  activation?: ActivationName | Activation;
  /** Whether to add a bias. @defaultValue true */
  useBias?: boolean;
  /** @defaultValue 'glorotUniform' (Keras) */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
  /** @defaultValue 'zeros' */
  biasInitializer?: WeightOptions<'bias'>['biasInitializer'];
  /** Number of inputs, if the layer is to be built at once (Gluon's in_units). @defaultValue known from the first input */
  inputUnits?: number;
}

/**
 * A fully connected layer: activation(x · kernel + bias).
 *
 * Input [batch, ..., in], output [batch, ..., units]; kernel [in, units], bias [units], made on the first call.
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
  protected override readonly keepsMask = true;
  private readonly activation: Activation;
  /** How `dense` is told to apply the activation itself, where it can. */
  private readonly fused: DenseFunctionOptions | undefined;

  constructor(options: DenseOptions) {
    checkOptions('Dense', options, [
      'units',
      'activation',
      'useBias',
      'inputUnits',
      ...weightOptionNames('kernel', 'bias'),
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    this.units = checkNumber('Dense', 'units', options.units, { above: 0, whole: true });
    this.activation = resolveActivation('Dense', options.activation ?? 'linear');
    const activation = fusedActivations.get(this.activation);
    this.fused = activation && { activation };
    this.kernel = weight('Dense', 'kernel', options, 'glorotUniform');
    this.bias = options.useBias === false ? null : weight('Dense', 'bias', options, 'zeros');
    const inputUnits = options.inputUnits ?? options.inputShape?.at(-1);
    if (inputUnits !== undefined)
      this.build([checkNumber('Dense', 'inputUnits', inputUnits, { above: 0, whole: true })]);
  }

  override build(inputShape: Shape): this {
    this.kernel.materialize([lastExtent('Dense', inputShape), this.units]);
    this.bias?.materialize([this.units]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return [...inputShape.slice(0, -1), this.units];
  }

  override forward(x: Tensor): Tensor {
    checkInput('Dense', x, 'batch, ..., inputs');
    checkInputDType('Dense', x, this.kernel.dtype);
    if (!this.kernel.hasValue) this.build(x.shape);
    checkFeatures('Dense', x, this.kernel.shape[0]!);
    if (this.bias === null) return this.activation(x.matmul(this.kernel));
    return this.fused === undefined
      ? this.activation(dense(x, this.kernel, this.bias))
      : dense(x, this.kernel, this.bias, this.fused);
  }
}
