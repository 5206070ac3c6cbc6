/** What parameters are brought back to after each step, as Keras defines it (https://keras.io/api/layers/constraints/). */

import type { Tensor } from '@cotangent/autograd';
import { checkAxes, checkNumber, checkOptions, named } from './options.js';

/** Makes from a parameter the nearest one that is allowed, of the same shape. */
export interface Constraint {
  readonly name: string;
  apply(w: Tensor): Tensor;
}

/** Keeps divisions by a norm finite (Keras's epsilon). */
const epsilon = 1e-7;

/** Options of the constraints on norms. */
export interface NormAxisOptions {
  /**
   * Axes over which norms are taken: 0 for a dense kernel [in, out] holds the weights into each unit, [0, 1, 2] for a
   * convolution kernel those of each filter. @defaultValue 0
   */
  axis?: number | readonly number[];
}

const norms = (w: Tensor, axis: readonly number[]): Tensor => w.square().sum({ axis, keepDims: true }).sqrt();

/**
 * Norms of at most `maxValue`: w · min(‖w‖, maxValue) / ‖w‖.
 *
 * @throws ArgumentError for options out of range
 * @see Srivastava et al. 2014, section 5.1
 * @example
 * new nn.constraints.MaxNorm({ maxValue: 1 }).apply(tensor([[3], [4]])); // → [[0.6], [0.8]]
 */
export class MaxNorm implements Constraint {
  readonly name: string = 'maxNorm';
  private readonly maxValue: number;
  private readonly axis: readonly number[];

  /** @param options `maxValue` is 2 unless given */
  constructor(options: NormAxisOptions & { maxValue?: number } = {}) {
    checkOptions('MaxNorm', options, ['maxValue', 'axis']);
    this.maxValue = checkNumber('MaxNorm', 'maxValue', options.maxValue ?? 2, { atLeast: 0 });
    this.axis = checkAxes('MaxNorm', 'axis', options.axis ?? 0);
  }

  apply(w: Tensor): Tensor {
    const size = norms(w, this.axis);
    return w.mul(size.minimum(this.maxValue).div(size.add(epsilon)));
  }
}

/**
 * No number below 0: the others are set to 0.
 *
 * @example
 * new nn.constraints.NonNeg().apply(tensor([-1, 2])); // → [0, 2]
 */
export class NonNeg implements Constraint {
  readonly name: string = 'nonNeg';

  apply(w: Tensor): Tensor {
    return w.relu();
  }
}

/**
 * Norms of 1: w / ‖w‖.
 *
 * @throws ArgumentError for options out of range
 * @example
 * new nn.constraints.UnitNorm().apply(tensor([[3], [4]])); // → [[0.6], [0.8]]
 */
export class UnitNorm implements Constraint {
  readonly name: string = 'unitNorm';
  private readonly axis: readonly number[];

  constructor(options: NormAxisOptions = {}) {
    checkOptions('UnitNorm', options, ['axis']);
    this.axis = checkAxes('UnitNorm', 'axis', options.axis ?? 0);
  }

  apply(w: Tensor): Tensor {
    return w.div(norms(w, this.axis).add(epsilon));
  }
}

/** Options of `MinMaxNorm`. */
export interface MinMaxNormOptions extends NormAxisOptions {
  /** @defaultValue 0 */
  minValue?: number;
  /** @defaultValue 1 */
  maxValue?: number;
  /** Share of the way to the nearest allowed norm that each step goes. @defaultValue 1 */
  rate?: number;
}

/**
 * Norms from `minValue` to `maxValue`: w · (r clip(‖w‖, min, max) + (1 − r) ‖w‖) / ‖w‖.
 *
 * @throws ArgumentError for options out of range
 * @example
 * new nn.constraints.MinMaxNorm({ minValue: 0.5, maxValue: 1 }).apply(tensor([[3], [4]])); // → [[0.6], [0.8]]
 */
export class MinMaxNorm implements Constraint {
  readonly name: string = 'minMaxNorm';
  private readonly minValue: number;
  private readonly maxValue: number;
  private readonly rate: number;
  private readonly axis: readonly number[];

  constructor(options: MinMaxNormOptions = {}) {
    checkOptions('MinMaxNorm', options, ['minValue', 'maxValue', 'rate', 'axis']);
    this.minValue = checkNumber('MinMaxNorm', 'minValue', options.minValue ?? 0, { atLeast: 0 });
    this.maxValue = checkNumber('MinMaxNorm', 'maxValue', options.maxValue ?? 1, { atLeast: this.minValue });
    this.rate = checkNumber('MinMaxNorm', 'rate', options.rate ?? 1, { above: 0, atMost: 1 });
    this.axis = checkAxes('MinMaxNorm', 'axis', options.axis ?? 0);
  }

  apply(w: Tensor): Tensor {
    const size = norms(w, this.axis);
    const desired = size
      .clip(this.minValue, this.maxValue)
      .mul(this.rate)
      .add(size.mul(1 - this.rate));
    return w.mul(desired.div(size.add(epsilon)));
  }
}

/** Names that stand for a constraint with its default options. */
export type ConstraintName = 'maxNorm' | 'nonNeg' | 'unitNorm' | 'minMaxNorm';

/** A constraint, the name of one, or a function that gives the allowed tensor. */
export type ConstraintLike = Constraint | ConstraintName | ((w: Tensor) => Tensor);

const byName: Readonly<Record<ConstraintName, () => Constraint>> = {
  maxNorm: () => new MaxNorm(),
  nonNeg: () => new NonNeg(),
  unitNorm: () => new UnitNorm(),
  minMaxNorm: () => new MinMaxNorm(),
};

/**
 * The constraint meant, or null for none.
 *
 * @throws ArgumentError for an unknown name
 * @example
 * nn.constraints.resolveConstraint('MyLayer', 'nonNeg')!.apply(tensor([-1, 2])); // → [0, 2]
 */
export function resolveConstraint(operation: string, given: ConstraintLike | null | undefined): Constraint | null {
  if (given === null || given === undefined) return null;
  if (typeof given === 'function') return { name: given.name, apply: given };
  if (typeof given === 'object' && typeof given.apply === 'function') return given;
  return named(operation, 'constraint', given, byName, 'a function, or an object with apply()')();
}
