import { type Tensor, update } from '@cotangent/autograd';
import { ArgumentError, dampenedStep, momentumStep, sgdStep } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions } from '../options.js';
import {
  Optimizer,
  type OptimizerOptions,
  optimizerOptionNames,
  type ParameterState,
  type ParameterStep,
  type Parameters,
  separate,
} from './optimizer.js';
import type { Rate } from './rate.js';

/** Options of `SGD`. */
export interface SGDOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.01 (Keras) */
  learningRate?: Rate;
  /** Share of the velocity kept from step to step, from 0 to 1. @defaultValue 0 */
  momentum?: number;
  /** Look ahead along the velocity. @defaultValue false */
  nesterov?: boolean;
  /**
   * Where the rate is: in the velocity (`'keras'`: v ← μ v − η g, w ← w + v) or outside (`'pytorch'`: v ← μ v + (1 − dampening) g,
   * w ← w − η v). They differ when the rate changes. @defaultValue 'keras'
   */
  momentumMode?: 'keras' | 'pytorch';
  /** Share of the gradient kept out of the velocity after the first step; only with momentumMode 'pytorch'. @defaultValue 0 */
  dampening?: number;
}

/**
 * Stochastic gradient descent: w ← w − η g; with momentum v ← μ v − η g, w ← w + v; with Nesterov w ← w + μ v − η g.
 *
 * @throws ArgumentError for options out of range
 * @see https://keras.io/api/optimizers/sgd/; https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
 * @example
 * const optimizer = new optim.SGD(net.parameters(), { learningRate: 0.1, momentum: 0.9 });
 */
export class SGD extends Optimizer {
  readonly momentum: number;
  readonly nesterov: boolean;
  private readonly dampening: number;
  private readonly momentumMode: 'keras' | 'pytorch';

  constructor(options?: SGDOptions);
  constructor(parameters: Parameters, options?: SGDOptions);
  constructor(first: Parameters | SGDOptions = {}, second: SGDOptions = {}) {
    const [parameters, options] = separate(first, second);
    checkOptions('SGD', options, [...optimizerOptionNames, 'momentum', 'nesterov', 'momentumMode', 'dampening']);
    super('SGD', parameters, options, 0.01, (options.momentum ?? 0) === 0 ? [] : ['velocity']);
    this.momentum = checkNumber('SGD', 'momentum', options.momentum ?? 0, { atLeast: 0 });
    if (this.momentum > 1)
      throw new ArgumentError('SGD', `got momentum ${this.momentum}; expected a number from 0 to 1`);
    this.nesterov = options.nesterov ?? false;
    this.momentumMode = checkChoice('SGD', 'momentumMode', options.momentumMode ?? 'keras', ['keras', 'pytorch']);
    this.dampening = checkNumber('SGD', 'dampening', options.dampening ?? 0, { atLeast: 0, atMost: 1 });
    if (this.dampening > 0 && (this.momentumMode === 'keras' || this.nesterov)) {
      throw new ArgumentError(
        'SGD',
        `got dampening ${this.dampening}; expected 0 with ${this.nesterov ? 'nesterov' : "momentumMode 'keras'"}`,
      );
    }
  }

  protected override updateParameter(
    w: Tensor,
    g: Tensor,
    { slots, numbers }: ParameterState,
    step: ParameterStep,
  ): void {
    const { momentum, nesterov } = this;
    if (momentum === 0) {
      update((blocks, gradients) => sgdStep(blocks[0]!, gradients[0]!, step), [w], [g]);
      return;
    }
    const gain = numbers.steps === 1 ? 1 : 1 - this.dampening;
    const kernel = this.momentumMode === 'keras' ? momentumStep : dampenedStep;
    update(([x, v], [d]) => kernel(x!, v!, d!, { ...step, momentum, nesterov, gain }), [w, slots.velocity!], [g]);
  }
}
