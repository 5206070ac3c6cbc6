import { noGrad, scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type Shape } from '@cotangent/kernels';
import { TruncatedNormal } from '../initializers/index.js';
import { checkNumber, checkOptions, shown } from '../options.js';
import { Buffer, type Parameter } from '../parameter.js';
import { Layer, type LayerOptions, layerOptionNames } from './layer.js';

/** Options of `SpectralNormalization`. */
export interface SpectralNormalizationOptions extends LayerOptions {
  /** The layer whose `kernel` (or `embeddings`) is normalized. */
  layer: Layer & { readonly kernel?: Parameter; readonly embeddings?: Parameter };
  /** Steps of the power iteration in each call. @defaultValue 1 */
  powerIterations?: number;
}

/**
 * Keeps the largest singular value of a layer's kernel, as a matrix [everything else, out], near 1: in training, each call divides the kernel by
 * an estimate of it, in place. The estimate is one that the power iteration improves from call to call.
 *
 * @throws ArgumentError for a layer without kernel or embeddings, or powerIterations that is not a whole number above 0
 * @see Miyato et al. 2018, arXiv:1802.05957; https://keras.io/api/layers/normalization_layers/spectral_normalization/
 * @example new nn.SpectralNormalization({ layer: new nn.Dense({ units: 4 }) })
 */
export class SpectralNormalization extends Layer {
  readonly layer: SpectralNormalizationOptions['layer'];
  /** The left singular vector as far as it is known, [1, out] */
  readonly vectorU: Buffer;
  private readonly powerIterations: number;

  constructor(options: SpectralNormalizationOptions) {
    const name = 'SpectralNormalization';
    checkOptions(name, options, ['layer', 'powerIterations', ...layerOptionNames]);
    super(options);
    if (!(options.layer instanceof Layer) || (options.layer.kernel ?? options.layer.embeddings) === undefined)
      throw new ArgumentError(name, `got layer ${shown(options.layer)}; expected a layer with a kernel or embeddings`);
    this.layer = options.layer;
    this.powerIterations = checkNumber(name, 'powerIterations', options.powerIterations ?? 1, {
      above: 0,
      whole: true,
    });
    this.vectorU = new Buffer({
      initializer: new TruncatedNormal({ standardDeviation: 0.02 }),
      dtype: this.weights.dtype,
    });
    if (options.inputShape !== undefined) this.build(options.inputShape);
  }

  private get weights(): Parameter {
    return (this.layer.kernel ?? this.layer.embeddings)!;
  }

  override build(inputShape: Shape): this {
    this.layer.build(inputShape);
    this.vectorU.materialize([1, this.weights.shape.at(-1)!]);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return this.layer.computeOutputShape(inputShape);
  }

  override forward(x: Tensor): Tensor {
    if (!this.vectorU.hasValue) this.build(x.shape.slice(1));
    if (this.training) noGrad(() => scope(() => this.normalizeWeights()));
    return this.layer.call(x) as Tensor;
  }

  private normalizeWeights(): void {
    const { weights } = this;
    const matrix = weights.detach().reshape([-1, weights.shape.at(-1)!]);
    let u: Tensor = this.vectorU;
    let v = u;
    for (let k = 0; k < this.powerIterations; k++) {
      v = unit(u.matmul(matrix.T));
      u = unit(v.matmul(matrix));
    }
    const largest = v.matmul(matrix).matmul(u.T).item();
    if (largest === 0) return; // a kernel of zeros has no direction
    this.vectorU.assign(u);
    weights.assign(weights.detach().mul(1 / largest));
  }
}

const unit = (x: Tensor): Tensor => x.mul(x.square().sum().maximum(1e-12).rsqrt());
