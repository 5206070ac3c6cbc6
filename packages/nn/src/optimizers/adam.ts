import { type Tensor, update } from '@cotangent/autograd';
import { adamStep, amsgradStep } from '@cotangent/kernels';
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

/** Options of the optimizers with two moments. */
export interface MomentsOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 */
  learningRate?: Rate;
  /** Decay of the running mean of gradients. @defaultValue 0.9 */
  beta1?: number;
  /** Decay of the running mean of squared gradients. @defaultValue 0.999 */
  beta2?: number;
  /** Keeps the division finite. @defaultValue 1e-7 (Keras; PyTorch 1e-8) */
  epsilon?: number;
}

/** Base of the optimizers with two moments: their options. */
export abstract class MomentsOptimizer extends Optimizer {
  protected readonly beta1: number;
  protected readonly beta2: number;
  protected readonly epsilon: number;

  constructor(
    operation: string,
    parameters: Parameters | undefined,
    options: MomentsOptions,
    slotNames: readonly string[],
    own: readonly string[] = [],
    learningRate: number = 0.001,
  ) {
    checkOptions(operation, options, [...optimizerOptionNames, 'beta1', 'beta2', 'epsilon', ...own]);
    super(operation, parameters, options, learningRate, slotNames);
    this.beta1 = checkNumber(operation, 'beta1', options.beta1 ?? 0.9, { atLeast: 0, below: 1 });
    this.beta2 = checkNumber(operation, 'beta2', options.beta2 ?? 0.999, { atLeast: 0, below: 1 });
    this.epsilon = checkNumber(operation, 'epsilon', options.epsilon ?? 1e-7, { atLeast: 0 });
  }
}

/** Options of `Adam`. */
export interface AdamOptions extends MomentsOptions {
  /** Whether epsilon is added before the bias correction of √s (`keras`, MXNet) or after it (`pytorch`). @defaultValue 'keras' */
  epsilonMode?: 'keras' | 'pytorch';
  /** Whether the largest s so far stands for s, so that steps never grow again (Reddi et al. 2018). @defaultValue false */
  amsgrad?: boolean;
}

/**
 * Adam: m ← β₁ m + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√s + ε).
 *
 * The bias corrections are computed in double precision.
 *
 * @throws ArgumentError for options out of range
 * @see Kingma & Ba 2015 (the ε-hat form at the end of section 2); https://keras.io/api/optimizers/adam/
 * @example
 * const optimizer = new optim.Adam(net.parameters(), { learningRate: 1e-3 });
 */
export class Adam extends MomentsOptimizer {
  /** Its name in messages: a class's own name does not survive a minifier. */
  protected static readonly operation: string = 'Adam';
  private readonly epsilonMode: 'keras' | 'pytorch';
  private readonly amsgrad: boolean;

  constructor(options?: AdamOptions);
  constructor(parameters: Parameters, options?: AdamOptions);
  constructor(first: Parameters | AdamOptions = {}, second: AdamOptions = {}) {
    const [parameters, options] = separate(first, second);
    const name = new.target.operation;
    const slots = ['firstMoment', 'secondMoment', ...(options.amsgrad === true ? ['largestMoment'] : [])];
    super(name, parameters, options, slots, ['epsilonMode', 'amsgrad']);
    this.epsilonMode = checkChoice(name, 'epsilonMode', options.epsilonMode ?? 'keras', ['keras', 'pytorch']);
    this.amsgrad = options.amsgrad ?? false;
  }

  protected override updateParameter(
    w: Tensor,
    g: Tensor,
    { slots, numbers }: ParameterState,
    given: ParameterStep,
  ): void {
    const correction = Math.sqrt(1 - this.beta2 ** numbers.steps);
    const step = {
      rate: (given.learningRate * correction) / (1 - this.beta1 ** numbers.steps),
      beta1: this.beta1,
      beta2: this.beta2,
      // m / (√s / c + ε) · 1/c′ and m / (√s + ε c) · c/c′ are the same number: PyTorch's form is a smaller ε.
      epsilon: this.epsilonMode === 'keras' ? this.epsilon : this.epsilon * correction,
      ...given,
    };
    const moments = [slots.firstMoment!, slots.secondMoment!];
    if (this.amsgrad)
      update(
        ([x, m, s, top], [d]) => amsgradStep(x!, m!, s!, top!, d!, step),
        [w, ...moments, slots.largestMoment!],
        [g],
      );
    else update(([x, m, s], [d]) => adamStep(x!, m!, s!, d!, step), [w, ...moments], [g]);
  }
}
