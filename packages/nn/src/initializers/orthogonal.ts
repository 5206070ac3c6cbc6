import { noGrad, randomNormal, scope, type Tensor } from '@cotangent/autograd';
import { type DType, type Shape, ShapeError } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { checkSeed, generatorFor, type Initializer, type RandomInitializerOptions } from './initializer.js';
import { orthonormalize } from './orthonormal.js';

/** Options of `Orthogonal`. */
export interface OrthogonalOptions extends RandomInitializerOptions {
  /** What the matrix is multiplied by. @defaultValue 1 */
  gain?: number;
}

/**
 * A random orthogonal matrix times `gain`, drawn evenly from all of them: the norms of signals and gradients are kept.
 *
 * The last axis is the columns, all before it together are the rows. Columns are orthonormal where there are at least as many
 * rows, else rows are. Computed in float64, whatever the dtype.
 *
 * @throws ArgumentError for options out of range
 * @see Saxe et al. 2014; https://keras.io/api/layers/initializers/#orthogonal-class
 * @example
 * const w = new nn.initializers.Orthogonal({ gain: 2, seed: 1 }).create([64, 64], 'float32');
 * w.T.matmul(w).sub(eye(64).mul(4)).abs().max().less(1e-5); // → true
 */
export class Orthogonal implements Initializer {
  readonly name: string = 'orthogonal';
  private readonly gain: number;
  private readonly seed: number | undefined;

  constructor(options: OrthogonalOptions = {}) {
    checkOptions('Orthogonal', options, ['gain', 'seed']);
    this.gain = checkNumber('Orthogonal', 'gain', options.gain ?? 1);
    this.seed = checkSeed('Orthogonal', options.seed);
  }

  /** @throws ShapeError unless the shape has at least two axes */
  create(shape: Shape, dtype: DType): Tensor {
    if (shape.length < 2) throw new ShapeError('Orthogonal', { shape }, 'at least two axes: [rows…, columns]');
    const columns = shape[shape.length - 1]!;
    const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
    return noGrad(() =>
      scope(() => {
        const flat = [Math.min(rows, columns), Math.max(rows, columns)];
        const vectors = orthonormalize(randomNormal(flat, { dtype: 'float64', ...generatorFor(this.seed) }));
        return (rows < columns ? vectors : vectors.permute()).mul(this.gain).reshape(shape).cast(dtype);
      }),
    );
  }
}
