/** Normalization layers (https://keras.io/api/layers/normalization_layers/). */

import { groupNorm, layerNorm, normalize, type Tensor } from '@cotangent/autograd';
import { ArgumentError, normalizeAxes, normalizeAxis, type Shape, ShapeError } from '@cotangent/kernels';
import { checkAxes, checkNumber, checkOptions, checkTensor } from '../options.js';
import type { Parameter } from '../parameter.js';
import { checkInput, checkInputDType } from './inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';
import { type DTypeOption, dtypeOf, type WeightOptions, weight, weightOptionNames } from './weights.js';

/** Options of the normalizations that scale and shift. */
export interface AffineOptions extends LayerOptions, DTypeOption, WeightOptions<'gamma' | 'beta'> {
  /** Added to the variance before its root. @defaultValue 1e-3 (Keras; Gluon and PyTorch 1e-5) */
  epsilon?: number;
  /** Whether to add a learned β. @defaultValue true */
  center?: boolean;
  /** Whether to multiply by a learned γ. @defaultValue true */
  scale?: boolean;
  /** @defaultValue 'ones' */
  gammaInitializer?: WeightOptions<'gamma'>['gammaInitializer'];
  /** @defaultValue 'zeros' */
  betaInitializer?: WeightOptions<'beta'>['betaInitializer'];
}

/** A normalization with a learned scale γ and shift β. */
export abstract class AffineNormalization extends Layer {
  /** What is multiplied, or null */
  readonly gamma: Parameter | null;
  /** What is added, or null */
  readonly beta: Parameter | null;
  protected override readonly keepsMask = true;
  protected readonly epsilon: number;
  private readonly dtype: ReturnType<typeof dtypeOf>;

  constructor(
    protected readonly operation: string,
    options: AffineOptions,
    own: readonly string[],
  ) {
    checkOptions(operation, options, [
      ...own,
      'epsilon',
      'center',
      'scale',
      ...weightOptionNames('gamma', 'beta'),
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    this.epsilon = checkNumber(operation, 'epsilon', options.epsilon ?? 1e-3, { atLeast: 0 });
    this.dtype = dtypeOf(operation, options);
    this.gamma = options.scale === false ? null : weight(operation, 'gamma', options, 'ones');
    this.beta = options.center === false ? null : weight(operation, 'beta', options, 'zeros');
  }

  /** Gives γ and β a shape. */
  protected buildAffine(shape: Shape): this {
    this.gamma?.materialize(shape);
    this.beta?.materialize(shape);
    return this;
  }

  /** x, of the dtype of the layer and built for. */
  protected prepare(x: Tensor): void {
    checkInputDType(this.operation, checkInput(this.operation, x, 'batch, ...'), this.dtype);
    if ((this.gamma ?? this.beta)?.hasValue === false) this.build(x.shape.slice(1));
  }

  /** y γ + β, along the axes in which a shape does not have 1. */
  protected affine(y: Tensor, shape: Shape): Tensor {
    const scaled = this.gamma === null ? y : y.mul(this.fitted(this.gamma, shape, y));
    return this.beta === null ? scaled : scaled.add(this.fitted(this.beta, shape, y));
  }

  private fitted(parameter: Parameter, shape: Shape, y: Tensor): Tensor {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (parameter.size !== size) {
      throw new ShapeError(
        this.operation,
        { x: y.shape },
        `an input for ${parameter.size} scales and shifts`,
        'The layer was built for another input.',
      );
    }
    return parameter.reshape(shape);
  }
}

/** Extents that leave 1 everywhere but at some axes. */
const kept = (shape: Shape, axes: readonly number[]): Shape => shape.map((n, axis) => (axes.includes(axis) ? n : 1));

/** Options of `LayerNormalization`. */
export interface LayerNormalizationOptions extends AffineOptions {
  /** The axes that are normalized together, counted with the batch axis. @defaultValue −1 */
  axis?: number | readonly number[];
}

/**
 * Each sample normalized over its last axis, or others: γ (x − mean) / √(variance + ε) + β.
 *
 * Input and output [batch, ...]; γ and β of the extents that are normalized.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs that do not fit
 * @see Ba et al. 2016, arXiv:1607.06450; https://keras.io/api/layers/normalization_layers/layer_normalization/
 * @example new nn.LayerNormalization().call(tensor([[1, 3]])) // about [[-1, 1]]
 */
export class LayerNormalization extends AffineNormalization {
  private readonly axes: readonly number[];

  constructor(options: LayerNormalizationOptions = {}) {
    super('LayerNormalization', options, ['axis']);
    this.axes = checkAxes('LayerNormalization', 'axis', options.axis ?? -1);
    if (this.axes.includes(0))
      throw new ArgumentError('LayerNormalization', 'got axis 0, that of the batch; expected others');
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const axes = normalizeAxes('LayerNormalization', this.axes, inputShape.length + 1);
    return this.buildAffine(axes.map((axis) => inputShape[axis - 1]!));
  }

  override forward(x: Tensor): Tensor {
    this.prepare(x);
    const axes = normalizeAxes('LayerNormalization', this.axes, x.rank);
    const { gamma, beta, epsilon } = this;
    const last = axes.every((axis, i) => axis === x.rank - axes.length + i);
    const size = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
    if (last && gamma !== null && beta !== null && gamma.size === size)
      return layerNorm(x, { axis: axes, scale: gamma, shift: beta, epsilon });
    return this.affine(normalize(x, { axis: axes, epsilon: this.epsilon }), kept(x.shape, axes));
  }
}

/** Options of `GroupNormalization`. */
export interface GroupNormalizationOptions extends AffineOptions {
  /** Number of groups that the channels are divided in; −1 for one a channel. @defaultValue 32 */
  groups?: number;
  /** The axis of the channels, counted with the batch axis. @defaultValue −1 */
  axis?: number;
}

/**
 * The channels of each sample in groups, each normalized over its channels and all places, then scaled and shifted by channel.
 *
 * Input and output [batch, ..., channels]; γ and β [channels].
 *
 * @throws ArgumentError for options out of range, or channels that cannot be divided so; ShapeError, DTypeError for inputs that do not fit
 * @see Wu and He 2018, arXiv:1803.08494; https://keras.io/api/layers/normalization_layers/group_normalization/
 * @example
 * new nn.GroupNormalization({ groups: 2, epsilon: 1e-9 }).call(tensor([[1, 3, 10, 30]])); // → [[-1, 1, -1, 1]]
 */
export class GroupNormalization extends AffineNormalization {
  private readonly groups: number;
  private readonly axis: number;

  constructor(options: GroupNormalizationOptions = {}, operation: string = 'GroupNormalization') {
    super(operation, options, ['groups', 'axis']);
    this.groups = checkNumber(operation, 'groups', options.groups ?? 32, { atLeast: -1, whole: true });
    if (this.groups === 0) throw new ArgumentError(operation, 'got groups 0; expected a number from 1, or -1');
    this.axis = checkNumber(operation, 'axis', options.axis ?? -1, { whole: true });
    if (this.axis === 0) throw new ArgumentError(operation, 'got axis 0, that of the batch; expected another');
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const axis = normalizeAxis(this.operation, this.axis, inputShape.length + 1);
    const channels = inputShape[axis - 1]!;
    if (this.groups > 0 && channels % this.groups !== 0) {
      throw new ArgumentError(
        this.operation,
        `got ${this.groups} groups for ${channels} channels; expected a number that divides them`,
        'Pass { groups } to the layer; −1 is one for each channel.',
      );
    }
    return this.buildAffine([channels]);
  }

  override forward(x: Tensor): Tensor {
    this.prepare(x);
    const axis = normalizeAxis(this.operation, this.axis, x.rank);
    const groups = this.groups === -1 ? x.shape[axis]! : this.groups;
    return this.affine(groupNorm(x, groups, { axis, epsilon: this.epsilon }), kept(x.shape, [axis]));
  }
}

/**
 * Each channel of each sample normalized over all places: `GroupNormalization` with a group for each channel (Gluon's InstanceNorm).
 *
 * @see Ulyanov et al. 2016, arXiv:1607.08022
 * @example
 * new nn.InstanceNormalization({ epsilon: 1e-9 }).call(tensor([[[1, 10], [3, 30]]])); // → [[[-1, -1], [1, 1]]]
 */
export class InstanceNormalization extends GroupNormalization {
  constructor(options: Omit<GroupNormalizationOptions, 'groups'> = {}) {
    checkOptions('InstanceNormalization', options, [
      'axis',
      'epsilon',
      'center',
      'scale',
      ...weightOptionNames('gamma', 'beta'),
      'dtype',
      ...layerOptionNames,
    ]);
    super({ ...options, groups: -1 }, 'InstanceNormalization');
  }
}

/** Options of `RMSNormalization`. */
export interface RMSNormalizationOptions extends LayerOptions, DTypeOption, WeightOptions<'gamma'> {
  /** The axes that are normalized together, counted with the batch axis. @defaultValue −1 */
  axis?: number | readonly number[];
  /** Added to the mean square before its root. @defaultValue 1e-6 */
  epsilon?: number;
  /** @defaultValue 'ones' */
  gammaInitializer?: WeightOptions<'gamma'>['gammaInitializer'];
}

/**
 * γ x / √(mean x² + ε) over the last axis, or others: layer normalization without the mean.
 *
 * Input and output [batch, ...]; γ of the extents that are normalized.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs that do not fit
 * @see Zhang and Sennrich 2019, arXiv:1910.07467; https://keras.io/api/layers/normalization_layers/rms_normalization/
 * @example
 * new nn.RMSNormalization({ epsilon: 1e-9 }).call(tensor([[3, 4]])); // → [[0.84853, 1.1314]]
 */
export class RMSNormalization extends Layer {
  readonly gamma: Parameter;
  protected override readonly keepsMask = true;
  private readonly axes: readonly number[];
  private readonly epsilon: number;

  constructor(options: RMSNormalizationOptions = {}) {
    checkOptions('RMSNormalization', options, [
      'axis',
      'epsilon',
      ...weightOptionNames('gamma'),
      'dtype',
      ...layerOptionNames,
    ]);
    super(options);
    this.axes = checkAxes('RMSNormalization', 'axis', options.axis ?? -1);
    this.epsilon = checkNumber('RMSNormalization', 'epsilon', options.epsilon ?? 1e-6, { atLeast: 0 });
    this.gamma = weight('RMSNormalization', 'gamma', options, 'ones');
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const axes = normalizeAxes('RMSNormalization', this.axes, inputShape.length + 1);
    this.gamma.materialize(axes.map((axis) => inputShape[axis - 1]!));
    return this;
  }

  override forward(x: Tensor): Tensor {
    checkInputDType('RMSNormalization', checkInput('RMSNormalization', x, 'batch, ...'), this.gamma.dtype);
    this.build(x.shape.slice(1));
    const axes = normalizeAxes('RMSNormalization', this.axes, x.rank);
    const squares = x.square().mean({ axis: axes, keepDims: true });
    return x.mul(squares.add(this.epsilon).rsqrt()).mul(this.gamma.reshape(kept(x.shape, axes)));
  }
}

/**
 * x / ‖x‖ over an axis, or several: every vector of length 1. A zero vector stays 0.
 *
 * @param options `axis`: −1 unless given, counted with the batch axis
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/normalization_layers/unit_normalization/
 * @example
 * new nn.UnitNormalization().call(tensor([[3, 4]])); // → [[0.6, 0.8]]
 */
export class UnitNormalization extends Layer {
  protected override readonly keepsMask = true;
  private readonly axes: readonly number[];

  constructor(options: LayerOptions & { axis?: number | readonly number[] } = {}) {
    checkOptions('UnitNormalization', options, ['axis', ...layerOptionNames]);
    super(options);
    this.axes = checkAxes('UnitNormalization', 'axis', options.axis ?? -1);
  }

  override forward(x: Tensor): Tensor {
    const axis = normalizeAxes('UnitNormalization', this.axes, checkTensor('UnitNormalization', 'x', x).rank);
    return x.mul(x.square().sum({ axis, keepDims: true }).maximum(1e-12).rsqrt());
  }
}
