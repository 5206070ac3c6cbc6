import { persistent, type Tensor, update, zerosLike } from '@cotangent/autograd';
import { ArgumentError, momentumStep, type StepOptions, sgdStep } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { Optimizer, type OptimizerOptions, optimizerOptionNames } from './optimizer.js';

/** Options of `SGD`. */
export interface SGDOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.01 (Keras) */
  learningRate?: number;
  /** Share of the velocity kept from step to step, from 0 to 1. @defaultValue 0 */
  momentum?: number;
  /** Look ahead along the velocity. @defaultValue false */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent: w ← w − η g; with momentum v ← μ v − η g, w ← w + v; with Nesterov w ← w + μ v − η g.
 *
 * @see https://keras.io/api/optimizers/sgd/ (the rate is inside the velocity; PyTorch's is outside)
 * @example
 * const optimizer = new optim.SGD(net.parameters(), { learningRate: 0.1, momentum: 0.9 });
 */
export class SGD extends Optimizer {
  readonly momentum: number;
  readonly nesterov: boolean;
  private readonly velocities = new WeakMap<Tensor, Tensor>();

  constructor(options?: SGDOptions);
  constructor(parameters: readonly Tensor[], options?: SGDOptions);
  constructor(first: readonly Tensor[] | SGDOptions = {}, second: SGDOptions = {}) {
    const [parameters, options] = Array.isArray(first)
      ? [first as readonly Tensor[], second]
      : [undefined, first as SGDOptions];
    checkOptions('SGD', options, [...optimizerOptionNames, 'momentum', 'nesterov']);
    super('SGD', parameters, options.learningRate ?? 0.01, options);
    this.momentum = checkNumber('SGD', 'momentum', options.momentum ?? 0, { atLeast: 0 });
    if (this.momentum > 1)
      throw new ArgumentError('SGD', `got momentum ${this.momentum}; expected a number from 0 to 1`);
    this.nesterov = options.nesterov ?? false;
  }

  protected override updateParameter(w: Tensor, g: Tensor, options: StepOptions): void {
    const { learningRate, momentum, nesterov } = this;
    const step = { learningRate, momentum, nesterov, ...options };
    if (momentum === 0) {
      update(([x], [d]) => sgdStep(x!, d!, step), [w], [g]);
      return;
    }
    let v = this.velocities.get(w);
    if (v === undefined) {
      v = persistent(zerosLike(w));
      this.velocities.set(w, v);
    }
    update(([x, velocity], [d]) => momentumStep(x!, velocity!, d!, step), [w, v], [g]);
  }
}
