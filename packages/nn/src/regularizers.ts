/** Penalties on parameters and on outputs, as Keras defines them (https://keras.io/api/layers/regularizers/). */

import { eye, type Tensor } from '@cotangent/autograd';
import { ShapeError } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions, named } from './options.js';

/** Makes a scalar, to be added to the loss, from a tensor. */
export interface Regularizer {
  readonly name: string;
  apply(x: Tensor): Tensor;
}

/**
 * λ₁ Σ|x| + λ₂ Σx².
 *
 * @throws ArgumentError for options out of range
 * @example
 * new nn.regularizers.L1L2({ l1: 0.01, l2: 0.01 }).apply(tensor([1, -2])); // → 0.08
 */
export class L1L2 implements Regularizer {
  readonly name: string = 'l1l2';
  /** λ₁ */
  readonly l1: number;
  /** λ₂ */
  readonly l2: number;

  /** @param options both 0 unless given */
  constructor(options: { l1?: number; l2?: number } = {}) {
    checkOptions('L1L2', options, ['l1', 'l2']);
    this.l1 = checkNumber('L1L2', 'l1', options.l1 ?? 0, { atLeast: 0 });
    this.l2 = checkNumber('L1L2', 'l2', options.l2 ?? 0, { atLeast: 0 });
  }

  apply(x: Tensor): Tensor {
    const parts: Tensor[] = [];
    if (this.l1 !== 0) parts.push(x.abs().sum().mul(this.l1));
    if (this.l2 !== 0 || this.l1 === 0) parts.push(x.square().sum().mul(this.l2));
    return parts.reduce((sum, part) => sum.add(part));
  }
}

/**
 * λ Σ|x|: drives numbers to exactly 0.
 *
 * @example
 * new nn.regularizers.L1({ l1: 0.01 }).apply(tensor([1, -2])); // → 0.03
 */
export class L1 extends L1L2 {
  override readonly name: string = 'l1';

  /** @param options `l1` is 0.01 unless given */
  constructor(options: { l1?: number } = {}) {
    checkOptions('L1', options, ['l1']);
    super({ l1: options.l1 ?? 0.01 });
  }
}

/**
 * λ Σx², without the ½ that some books have.
 *
 * @example
 * new nn.regularizers.L2({ l2: 0.01 }).apply(tensor([1, -2])); // → 0.05
 */
export class L2 extends L1L2 {
  override readonly name: string = 'l2';

  /** @param options `l2` is 0.01 unless given */
  constructor(options: { l2?: number } = {}) {
    checkOptions('L2', options, ['l2']);
    super({ l2: options.l2 ?? 0.01 });
  }
}

/**
 * Keeps the rows (or columns) of a matrix at right angles: λ times the mean |cosine| over all pairs of them.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/layers/regularizers/#orthogonalregularizer-class
 * @example
 * new nn.regularizers.Orthogonal({ factor: 0.5 }).apply(tensor([[1, 0], [1, 1]])); // → 0.35355
 */
export class Orthogonal implements Regularizer {
  readonly name: string = 'orthogonal';
  private readonly factor: number;
  private readonly mode: 'rows' | 'columns';

  /** @param options `factor` λ is 0.01 and `mode` 'rows' unless given */
  constructor(options: { factor?: number; mode?: 'rows' | 'columns' } = {}) {
    checkOptions('Orthogonal', options, ['factor', 'mode']);
    this.factor = checkNumber('Orthogonal', 'factor', options.factor ?? 0.01, { atLeast: 0 });
    this.mode = checkChoice('Orthogonal', 'mode', options.mode ?? 'rows', ['rows', 'columns']);
  }

  apply(x: Tensor): Tensor {
    if (x.rank !== 2) throw new ShapeError('Orthogonal', { x: x.shape }, 'a matrix');
    const rows = this.mode === 'rows' ? x : x.T;
    const count = rows.shape[0]!;
    const units = rows.div(rows.norm({ axis: 1, keepDims: true }).maximum(1e-7));
    const cosines = units.matmul(units.T).mul(eye(count, { dtype: x.dtype }).neg().add(1));
    // Every pair stands in the matrix twice; a single row has none.
    return cosines
      .abs()
      .sum()
      .mul(this.factor / Math.max(1, count * (count - 1)));
  }
}

/** Names that stand for a regularizer with its default options. */
export type RegularizerName = 'l1' | 'l2' | 'l1l2' | 'orthogonal';

/** A regularizer, the name of one, or a function that gives the penalty. */
export type RegularizerLike = Regularizer | RegularizerName | ((x: Tensor) => Tensor);

const byName: Readonly<Record<RegularizerName, () => Regularizer>> = {
  l1: () => new L1(),
  l2: () => new L2(),
  l1l2: () => new L1L2({ l1: 0.01, l2: 0.01 }),
  orthogonal: () => new Orthogonal(),
};

/**
 * The regularizer meant, or null for none.
 *
 * @throws ArgumentError for an unknown name
 * @example
 * nn.regularizers.resolveRegularizer('MyLayer', 'l2')!.apply(tensor([1, 2])); // → 0.05
 */
export function resolveRegularizer(operation: string, given: RegularizerLike | null | undefined): Regularizer | null {
  if (given === null || given === undefined) return null;
  if (typeof given === 'function') return { name: given.name, apply: given };
  if (typeof given === 'object' && typeof given.apply === 'function') return given;
  return named(operation, 'regularizer', given, byName, 'a function, or an object with apply()')();
}
