/** Activation functions as layers (https://keras.io/api/layers/activation_layers/). */

import { celu, elu, gelu, glu, leakyRelu, prelu, sigmoid, silu, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import {
  type Activation as ActivationFunction,
  type ActivationName,
  activations,
  resolveActivation,
} from '../activations.js';
import { checkAxes, checkNumber, checkOptions, checkTensor } from '../options.js';
import type { Parameter } from '../parameter.js';
import { checkInput, checkInputDType } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { type DTypeOption, type WeightOptions, weight, weightOptionNames } from './weights.js';

/**
 * An activation function as a layer of its own.
 *
 * Input and output [batch, ...].
 *
 * @see https://keras.io/api/layers/core_layers/activation/
 * @example new nn.Activation({ activation: 'relu' })
 */
export class Activation extends Layer {
  protected override readonly keepsMask = true;
  private readonly activation: ActivationFunction;

  constructor(options: LayerOptions & { activation: ActivationName | ActivationFunction }) {
    checkOptions('Activation', options, ['activation', ...layerOptionNames]);
    super(options);
    this.activation = resolveActivation('Activation', options.activation);
  }

  override forward(x: Tensor): Tensor {
    return this.activation(checkTensor('Activation', 'x', x));
  }
}

/** A layer that is a function of one tensor. */
abstract class FunctionLayer extends Layer {
  protected override readonly keepsMask = true;

  constructor(
    private readonly operation: string,
    options: LayerOptions,
    own: readonly string[],
    private readonly compute: ActivationFunction,
  ) {
    checkOptions(operation, options, [...own, ...layerOptionNames]);
    super(options);
  }

  override forward(x: Tensor): Tensor {
    return this.compute(checkTensor(this.operation, 'x', x));
  }
}

/** Options of `ReLU`. */
export interface ReLUOptions extends LayerOptions {
  /** What larger numbers become. @defaultValue no limit */
  maxValue?: number | null;
  /** Slope below the threshold. @defaultValue 0 */
  negativeSlope?: number;
  /** Where the line begins. @defaultValue 0 */
  threshold?: number;
}

/**
 * `maxValue` from there on, x above `threshold`, negativeSlope · (x − threshold) below.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/activation_layers/relu/
 * @example
 * new nn.ReLU({ maxValue: 6 }).call(tensor([-1, 3, 8])); // → [0, 3, 6]
 */
export class ReLU extends FunctionLayer {
  constructor(options: ReLUOptions = {}) {
    const { maxValue = null, negativeSlope = 0, threshold = 0 } = options;
    if (maxValue !== null) checkNumber('ReLU', 'maxValue', maxValue, { atLeast: 0 });
    checkNumber('ReLU', 'negativeSlope', negativeSlope, { atLeast: 0 });
    checkNumber('ReLU', 'threshold', threshold, { atLeast: 0 });
    super('ReLU', options, ['maxValue', 'negativeSlope', 'threshold'], (x) => {
      const y = unlimited(x, negativeSlope, threshold);
      return maxValue === null ? y : y.minimum(maxValue);
    });
  }
}

function unlimited(x: Tensor, negativeSlope: number, threshold: number): Tensor {
  if (threshold === 0) return negativeSlope === 0 ? x.relu() : leakyRelu(x, negativeSlope);
  const below = negativeSlope === 0 ? 0 : x.sub(threshold).mul(negativeSlope);
  return where(x.greaterEqual(threshold), x, below);
}

/**
 * x above 0, negativeSlope · x below.
 *
 * @param options `negativeSlope`: 0.3 unless given (Keras's layer; its function has 0.2, PyTorch 0.01)
 * @throws ArgumentError for options out of range
 * @see Maas et al. 2013; https://keras.io/api/layers/activation_layers/leaky_relu/
 * @example
 * new nn.LeakyReLU().call(tensor([-1, 2])); // → [-0.3, 2]
 */
export class LeakyReLU extends FunctionLayer {
  constructor(options: LayerOptions & { negativeSlope?: number } = {}) {
    const negativeSlope = checkNumber('LeakyReLU', 'negativeSlope', options.negativeSlope ?? 0.3, { atLeast: 0 });
    super('LeakyReLU', options, ['negativeSlope'], (x) => leakyRelu(x, negativeSlope));
  }
}

/**
 * x above 0, α (eˣ − 1) below.
 *
 * @param options `alpha`: 1 unless given.
 * @throws ArgumentError for options out of range
 * @see Clevert et al. 2015, arXiv:1511.07289
 * @example
 * new nn.ELU().call(tensor([-1, 2])); // → [-0.63212, 2]
 */
export class ELU extends FunctionLayer {
  constructor(options: LayerOptions & { alpha?: number } = {}) {
    const alpha = checkNumber('ELU', 'alpha', options.alpha ?? 1);
    super('ELU', options, ['alpha'], (x) => elu(x, { alpha }));
  }
}

/**
 * max(x, 0) + min(0, α (e^(x/α) − 1)).
 *
 * @param options `alpha`: 1 unless given.
 * @throws ArgumentError for options out of range
 * @see Barron 2017, arXiv:1704.07483
 * @example
 * new nn.CELU({ alpha: 2 }).call(tensor([-1, 2])); // → [-0.78694, 2]
 */
export class CELU extends FunctionLayer {
  constructor(options: LayerOptions & { alpha?: number } = {}) {
    const alpha = checkNumber('CELU', 'alpha', options.alpha ?? 1, { above: 0 });
    super('CELU', options, ['alpha'], (x) => celu(x, { alpha }));
  }
}

/**
 * x Φ(x).
 *
 * @param options `approximate` by tanh, false unless given.
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415
 * @example
 * new nn.GELU().call(tensor([-1, 0, 1])); // → [-0.15866, 0, 0.84134]
 */
export class GELU extends FunctionLayer {
  constructor(options: LayerOptions & { approximate?: boolean } = {}) {
    const approximate = options.approximate ?? false;
    super('GELU', options, ['approximate'], (x) => gelu(x, { approximate }));
  }
}

/**
 * x σ(β x).
 *
 * @param options `beta`: 1 unless given.
 * @throws ArgumentError for options out of range
 * @see Ramachandran et al. 2017, arXiv:1710.05941; Gluon's Swish
 * @example
 * new nn.Swish({ beta: 2 }).call(tensor([-1, 0, 1])); // → [-0.1192, 0, 0.8808]
 */
export class Swish extends FunctionLayer {
  constructor(options: LayerOptions & { beta?: number } = {}) {
    const beta = checkNumber('Swish', 'beta', options.beta ?? 1);
    super('Swish', options, ['beta'], (x) => (beta === 1 ? silu(x) : x.mul(sigmoid(x.mul(beta)))));
  }
}

/**
 * x σ(x).
 *
 * @see Elfwing et al. 2017, arXiv:1702.03118
 * @example
 * new nn.SiLU().call(tensor([-1, 0, 1])); // → [-0.26894, 0, 0.73106]
 */
export class SiLU extends FunctionLayer {
  constructor(options: LayerOptions = {}) {
    super('SiLU', options, [], activations.silu);
  }
}

/**
 * x tanh(ln(1 + eˣ)).
 *
 * @see Misra 2019, arXiv:1908.08681
 * @example
 * new nn.Mish().call(tensor([-1, 0, 1])); // → [-0.3034, 0, 0.8651]
 */
export class Mish extends FunctionLayer {
  constructor(options: LayerOptions = {}) {
    super('Mish', options, [], activations.mish);
  }
}

/**
 * 1.0507 · elu(x, 1.6733).
 *
 * @see Klambauer et al. 2017, arXiv:1706.02515
 * @example
 * new nn.SELU().call(tensor([-1, 0, 1])); // → [-1.1113, 0, 1.0507]
 */
export class SELU extends FunctionLayer {
  constructor(options: LayerOptions = {}) {
    super('SELU', options, [], activations.selu);
  }
}

/**
 * 1 / (1 + e⁻ˣ).
 *
 * @example
 * new nn.Sigmoid().call(tensor([-1, 0, 1])); // → [0.26894, 0.5, 0.73106]
 */
export class Sigmoid extends FunctionLayer {
  constructor(options: LayerOptions = {}) {
    super('Sigmoid', options, [], activations.sigmoid);
  }
}

/**
 * tanh x.
 *
 * @example
 * new nn.Tanh().call(tensor([-1, 0, 1])); // → [-0.76159, 0, 0.76159]
 */
export class Tanh extends FunctionLayer {
  constructor(options: LayerOptions = {}) {
    super('Tanh', options, [], activations.tanh);
  }
}

/** The axes along which a softmax sums: one, or several together. */
interface SoftmaxLayerOptions extends LayerOptions {
  /** Axis, or axes together, that sum to 1. @defaultValue −1 */
  axis?: number | readonly number[];
}

/**
 * eˣ / Σ eˣ along an axis, or several.
 *
 * Called with `{ mask }` (bool, broadcastable to x) it gives 0 where the mask is false (Keras).
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/activation_layers/softmax/
 * @example
 * new nn.Softmax().call(tensor([[0, Math.log(3)]])); // → [[0.25, 0.75]]
 */
export class Softmax extends Layer {
  protected override readonly keepsMask = true;
  private readonly axes: readonly number[];

  constructor(options: SoftmaxLayerOptions = {}) {
    checkOptions('Softmax', options, ['axis', ...layerOptionNames]);
    super(options);
    this.axes = checkAxes('Softmax', 'axis', options.axis ?? -1);
  }

  override forward(x: Tensor, { mask }: { mask?: Tensor } = {}): Tensor {
    checkTensor('Softmax', 'x', x);
    const allowed = mask === undefined ? x : where(checkTensor('Softmax', 'mask', mask), x, Number.NEGATIVE_INFINITY);
    if (this.axes.length === 1) return allowed.softmax({ axis: this.axes[0]! });
    const powers = allowed.sub(allowed.detach().max({ axis: this.axes, keepDims: true })).exp();
    return powers.div(powers.sum({ axis: this.axes, keepDims: true }));
  }
}

/**
 * ln softmax along an axis.
 *
 * @param options `axis`: −1 unless given
 * @throws ArgumentError for options out of range
 * @example
 * new nn.LogSoftmax().call(tensor([[0, Math.log(3)]])); // → [[-1.3863, -0.28768]]
 */
export class LogSoftmax extends FunctionLayer {
  constructor(options: LayerOptions & { axis?: number } = {}) {
    const axis = checkNumber('LogSoftmax', 'axis', options.axis ?? -1, { whole: true });
    super('LogSoftmax', options, ['axis'], (x) => x.logSoftmax({ axis }));
  }
}

/**
 * The first half along an axis times σ of the second.
 *
 * @param options `axis`: −1 unless given.
 * @throws ArgumentError for options out of range
 * @see Dauphin et al. 2016, arXiv:1612.08083
 * @example
 * new nn.GLU().call(tensor([[1, 2, 0, 1]])); // → [[0.5, 1.4621]]
 */
export class GLU extends FunctionLayer {
  private readonly axis: number;

  constructor(options: LayerOptions & { axis?: number } = {}) {
    const axis = checkNumber('GLU', 'axis', options.axis ?? -1, { whole: true });
    if (axis === 0) throw new ArgumentError('GLU', 'got axis 0, that of the batch; expected another');
    super('GLU', options, ['axis'], (x) => glu(x, { axis }));
    this.axis = axis;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const at = this.axis < 0 ? inputShape.length + this.axis : this.axis - 1;
    return inputShape.map((n, axis) => (axis === at ? n / 2 : n));
  }
}

/** Options of `PReLU`. */
export interface PReLUOptions extends LayerOptions, DTypeOption, WeightOptions<'alpha'> {
  /** First slopes. @defaultValue 'zeros' (Keras; Gluon and PyTorch begin at 0.25: new nn.initializers.Constant({ value: 0.25 })) */
  alphaInitializer?: WeightOptions<'alpha'>['alphaInitializer'];
  /** Axes along which one slope serves all, 1 being the first after the batch: [1, 2] for images gives one for each channel. @defaultValue none */
  sharedAxes?: readonly number[];
}

/**
 * x above 0, α x below, with a learned α for every element of a sample, or fewer with `sharedAxes`.
 *
 * Input and output [batch, ...]; α of the shape of a sample, 1 along the shared axes.
 *
 * @throws ArgumentError for axes that are not whole numbers from 1; ShapeError, DTypeError for an input that does not fit α
 * @see He et al. 2015, arXiv:1502.01852; https://keras.io/api/layers/activation_layers/prelu/
 * @example new nn.PReLU({ sharedAxes: [1, 2] }).call(ones([2, 8, 8, 3])) // three slopes
 */
export class PReLU extends Layer {
  /** α */
  readonly alpha: Parameter;
  protected override readonly keepsMask = true;
  private readonly sharedAxes: readonly number[];

  constructor(options: PReLUOptions = {}) {
    checkOptions('PReLU', options, ['sharedAxes', ...weightOptionNames('alpha'), 'dtype', ...layerOptionNames]);
    super(options);
    const { sharedAxes = [] } = options;
    if (!Array.isArray(sharedAxes) || !sharedAxes.every((axis) => Number.isInteger(axis) && axis >= 1))
      throw new ArgumentError('PReLU', 'got sharedAxes that are not whole numbers from 1, the first after the batch');
    this.sharedAxes = sharedAxes;
    this.alpha = weight('PReLU', 'alpha', options, 'zeros');
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    this.alpha.materialize(inputShape.map((n, axis) => (this.sharedAxes.includes(axis + 1) ? 1 : n)));
    return this;
  }

  override forward(x: Tensor): Tensor {
    checkInputDType('PReLU', checkInput('PReLU', x, 'batch, ...'), this.alpha.dtype);
    this.build(x.shape.slice(1));
    return prelu(x, this.alpha);
  }
}
