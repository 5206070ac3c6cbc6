import { batchNorm, channelMoments, moments, noGrad, normalize, scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError, normalizeAxis, type Shape, ShapeError } from '@cotangent/kernels';
import { type InitializerLike, resolveInitializer } from '../initializers/index.js';
import { maskOf } from '../masks.js';
import { checkNumber } from '../options.js';
import { Buffer } from '../parameter.js';
import { AffineNormalization, type AffineOptions } from './normalization.js';
import { dtypeOf } from './weights.js';

/** Options of `BatchNormalization`. */
export interface BatchNormalizationOptions extends AffineOptions {
  /** The axis of the channels, counted with the batch axis. @defaultValue −1 (Keras; 1 for channels first) */
  axis?: number;
  /** Share of the running statistics that each batch leaves as it was. @defaultValue 0.99 (Keras; Gluon 0.9; PyTorch's 0.1 is the other share) */
  momentum?: number;
  /** @defaultValue 'zeros' */
  movingMeanInitializer?: InitializerLike;
  /** @defaultValue 'ones' */
  movingVarianceInitializer?: InitializerLike;
  /**
   * With gradient accumulation: how many calls make one batch. The running statistics then move once in so many calls, by the mean and
   * variance of all their samples together, as they would for the whole batch. @defaultValue 1
   */
  accumulationSteps?: number;
}

/**
 * Each channel normalized over the batch and all places: γ (x − mean) / √(variance + ε) + β. In training with the statistics of
 * the batch, which also move the running ones: running ← momentum · running + (1 − momentum) · batch, with the variance that divides by
 * N (Keras; PyTorch's running variance divides by N − 1). In inference, and when the layer is frozen (`trainable = false`), with the
 * running ones.
 *
 * Input and output [batch, ..., channels]; γ, β and the running statistics [channels]. Where x carries a mask, or `{ mask }` is given (bool, of
 * the first axes), only what it shows counts in the statistics.
 *
 * @throws ArgumentError for options out of range; ShapeError, DTypeError for inputs that do not fit
 * @see Ioffe and Szegedy 2015, arXiv:1502.03167; https://keras.io/api/layers/normalization_layers/batch_normalization/
 * @example
 * const layer = new nn.BatchNormalization();
 * layer.call(ones([8, 3])); // in training: moves layer.movingMean
 * layer.eval().call(ones([1, 3]));
 */
export class BatchNormalization extends AffineNormalization {
  /** [channels] */
  readonly movingMean: Buffer;
  /** [channels] */
  readonly movingVariance: Buffer;
  /** Means, mean squares and number of the calls since the running statistics last moved; only with `accumulationSteps` above 1. */
  readonly accumulated: { mean: Buffer; square: Buffer; calls: Buffer } | null;
  private readonly axis: number;
  private readonly momentum: number;
  private readonly accumulationSteps: number;

  constructor(options: BatchNormalizationOptions = {}) {
    super('BatchNormalization', options, [
      'axis',
      'momentum',
      'movingMeanInitializer',
      'movingVarianceInitializer',
      'accumulationSteps',
    ]);
    const name = 'BatchNormalization';
    this.axis = checkNumber(name, 'axis', options.axis ?? -1, { whole: true });
    if (this.axis === 0) throw new ArgumentError(name, 'got axis 0, that of the batch; expected another');
    this.momentum = checkNumber(name, 'momentum', options.momentum ?? 0.99, { atLeast: 0, atMost: 1 });
    this.accumulationSteps = checkNumber(name, 'accumulationSteps', options.accumulationSteps ?? 1, {
      atLeast: 1,
      whole: true,
    });
    const dtype = dtypeOf(name, options);
    const buffer = (initializer: InitializerLike = 'zeros'): Buffer =>
      new Buffer({ initializer: resolveInitializer(name, initializer), dtype });
    this.movingMean = buffer(options.movingMeanInitializer);
    this.movingVariance = buffer(options.movingVarianceInitializer ?? 'ones');
    this.accumulated = this.accumulationSteps === 1 ? null : { mean: buffer(), square: buffer(), calls: buffer() };
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  override build(inputShape: Shape): this {
    const shape = [inputShape[normalizeAxis(this.operation, this.axis, inputShape.length + 1) - 1]!];
    this.movingMean.materialize(shape);
    this.movingVariance.materialize(shape);
    this.accumulated?.mean.materialize(shape);
    this.accumulated?.square.materialize(shape);
    this.accumulated?.calls.materialize([]);
    return this.buildAffine(shape);
  }

  override forward(x: Tensor, options: { mask?: Tensor | null } = {}): Tensor {
    this.prepare(x);
    if (!this.movingMean.hasValue) this.build(x.shape.slice(1));
    const { epsilon } = this;
    const axis = normalizeAxis(this.operation, this.axis, x.rank);
    const channels = x.shape.map((n, i) => (i === axis ? n : 1));
    if (channels[axis] !== this.movingMean.size) {
      throw new ShapeError(
        this.operation,
        { x: x.shape },
        `x with ${this.movingMean.size} channels along axis ${axis}`,
        'The layer was built for those.',
      );
    }
    if (!this.training || !this.trainable) {
      const [mean, variance] = [this.movingMean, this.movingVariance];
      return this.affine(batchNorm(x, { axis, mean, variance, epsilon }), channels);
    }
    const axes = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const mask = options.mask ?? maskOf(x);
    if (mask !== null) return this.affine(this.normalizeMasked(x, mask, axes), channels);
    const { gamma, beta } = this;
    const last = axis === x.rank - 1 && x.size > 0;
    noGrad(() => scope(() => this.move(last ? channelMoments(x) : moments(x, { axis: axes }))));
    if (last && gamma !== null && beta !== null) return batchNorm(x, { scale: gamma, shift: beta, epsilon });
    return this.affine(normalize(x, { axis: axes, epsilon }), channels);
  }

  /** Normalizes with the statistics of what a mask shows. */
  private normalizeMasked(x: Tensor, mask: Tensor, axes: readonly number[]): Tensor {
    const along = { axis: axes, keepDims: true } as const;
    const lined = mask.reshape([...mask.shape, ...new Array<number>(x.rank - mask.rank).fill(1)]);
    const weights = lined.cast(x.dtype).broadcastTo(x.shape);
    const count = weights.sum(along).maximum(1e-7);
    const mean = x.mul(weights).sum(along).div(count);
    const centered = x.sub(mean);
    const variance = centered.square().mul(weights).sum(along).div(count);
    noGrad(() =>
      scope(() => this.move({ mean: mean.detach().reshape([-1]), variance: variance.detach().reshape([-1]) })),
    );
    return centered.mul(variance.add(this.epsilon).rsqrt());
  }

  /** Moves the running statistics by those of a batch, or gathers them until the batch is whole. */
  private move(batch: { mean: Tensor; variance: Tensor }): void {
    const { accumulated, accumulationSteps: steps } = this;
    if (accumulated === null) {
      this.moveBy(batch.mean, batch.variance);
      return;
    }
    const { mean, square, calls } = accumulated;
    mean.assign(mean.add(batch.mean.mul(1 / steps)));
    square.assign(square.add(batch.variance.add(batch.mean.square()).mul(1 / steps)));
    calls.assign(calls.add(1));
    if (calls.item() < steps) return;
    this.moveBy(mean, square.sub(mean.square()).maximum(0));
    for (const buffer of [mean, square, calls]) buffer.assign(buffer.mul(0));
  }

  private moveBy(mean: Tensor, variance: Tensor): void {
    const { movingMean, movingVariance, momentum } = this;
    movingMean.assign(movingMean.mul(momentum).add(mean.mul(1 - momentum)));
    movingVariance.assign(movingVariance.mul(momentum).add(variance.mul(1 - momentum)));
  }
}
