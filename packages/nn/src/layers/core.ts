/** Layers that hold the others together (https://keras.io/api/layers/core_layers/). */

import { noGrad, scope, type Tensor, zeros } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { setMask } from '../masks.js';
import { checkNumber, checkOptions, shown } from '../options.js';
import { checkInput } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

/**
 * Gives its input.
 *
 * @see https://keras.io/api/layers/core_layers/identity/
 * @example
 * new nn.Identity().call(tensor([1, 2])); // → [1, 2]
 */
export class Identity extends Layer {
  protected override readonly keepsMask = true;

  constructor(options: LayerOptions = {}) {
    checkOptions('Identity', options, layerOptionNames);
    super(options);
  }

  override forward<T>(x: T): T {
    return x;
  }
}

/** Options of `Lambda`. */
export interface LambdaOptions extends LayerOptions {
  /** What the layer computes. */
  function: (...inputs: Tensor[]) => Tensor;
  /** Shape of the output without the batch axis, or a function from that of the input to it. @defaultValue found by computing it for zeros */
  outputShape?: Shape | ((inputShape: Shape) => Shape);
}

/**
 * A function without parameters as a layer.
 *
 * @throws ArgumentError unless `function` is one
 * @see https://keras.io/api/layers/core_layers/lambda/
 * @example new nn.Lambda({ function: (x) => x.square() })
 */
export class Lambda extends Layer {
  protected override readonly keepsMask = true;
  private readonly function: (...inputs: Tensor[]) => Tensor;
  private readonly outputShape: LambdaOptions['outputShape'];

  constructor(options: LambdaOptions) {
    checkOptions('Lambda', options, ['function', 'outputShape', ...layerOptionNames]);
    super(options);
    if (typeof options.function !== 'function')
      throw new ArgumentError('Lambda', `got function ${shown(options.function)}; expected a function of tensors`);
    this.function = options.function;
    this.outputShape = options.outputShape;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    if (typeof this.outputShape === 'function') return this.outputShape(inputShape);
    if (this.outputShape !== undefined) return this.outputShape;
    return noGrad(() => scope(() => this.function(zeros([1, ...inputShape])))).shape.slice(1);
  }

  override forward(...inputs: Tensor[]): Tensor {
    return this.function(...inputs);
  }
}

/**
 * Hides the steps of a sequence whose features all equal `maskValue`: they become 0, and a mask travels with the output.
 *
 * Input and output [batch, time, ..., features]; mask [batch, time, ...].
 *
 * @param options `maskValue`: 0 unless given
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/core_layers/masking/
 * @example nn.maskOf(new nn.Masking().call(tensor([[[1, 2], [0, 0]]]))) // [[true, false]]
 */
export class Masking extends Layer {
  private readonly maskValue: number;

  constructor(options: LayerOptions & { maskValue?: number } = {}) {
    checkOptions('Masking', options, ['maskValue', ...layerOptionNames]);
    super(options);
    this.maskValue = checkNumber('Masking', 'maskValue', options.maskValue ?? 0);
  }

  override forward(x: Tensor): Tensor {
    checkInput('Masking', x, 'batch, time, ..., features');
    const mask = x.detach().notEqual(this.maskValue).any({ axis: -1 });
    return setMask(x.mul(mask.expandDims(-1).cast(x.dtype)), mask);
  }
}

/**
 * Passes its input on and adds a penalty on it to the loss: λ₁ Σ|x| + λ₂ Σx².
 *
 * @param options `l1`, `l2`: 0 unless given
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/regularization_layers/activity_regularization/
 * @example
 * const layer = new nn.ActivityRegularization({ l2: 0.5 });
 * trainMode(() => layer.call(tensor([[1, 2]]))); // → [[1, 2]]
 * layer.losses().map((penalty) => penalty.item()); // → [2.5]
 */
export class ActivityRegularization extends Layer {
  protected override readonly keepsMask = true;
  private readonly l1: number;
  private readonly l2: number;

  constructor(options: LayerOptions & { l1?: number; l2?: number } = {}) {
    checkOptions('ActivityRegularization', options, ['l1', 'l2', ...layerOptionNames]);
    super(options);
    this.l1 = checkNumber('ActivityRegularization', 'l1', options.l1 ?? 0, { atLeast: 0 });
    this.l2 = checkNumber('ActivityRegularization', 'l2', options.l2 ?? 0, { atLeast: 0 });
  }

  override forward(x: Tensor): Tensor {
    if (this.l1 > 0) this.addLoss(x.abs().sum().mul(this.l1));
    if (this.l2 > 0) this.addLoss(x.square().sum().mul(this.l2));
    return x;
  }
}
