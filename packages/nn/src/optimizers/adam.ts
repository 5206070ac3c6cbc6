import { persistent, type Tensor, update, zerosLike } from '@cotangent/autograd';
import { adamStep, type StepOptions } from '@cotangent/kernels';
import { checkChoice, checkNumber, checkOptions } from '../options.js';
import { Optimizer, type OptimizerOptions, optimizerOptionNames } from './optimizer.js';

/** Options of `Adam`. */
export interface AdamOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 */
  learningRate?: number;
  /** Decay of the running mean of gradients. @defaultValue 0.9 */
  beta1?: number;
  /** Decay of the running mean of squared gradients. @defaultValue 0.999 */
  beta2?: number;
  /** Keeps the division finite. @defaultValue 1e-7 (Keras) */
  epsilon?: number;
  /** Whether epsilon is added before the bias correction of √s (`keras`, MXNet) or after it (`pytorch`). @defaultValue 'keras' */
  epsilonMode?: 'keras' | 'pytorch';
}

interface Moments {
  readonly first: Tensor;
  readonly second: Tensor;
  /** Steps this parameter has taken. */
  steps: number;
}

/**
 * Adam: m ← β₁ m + (1 − β₁) g; s ← β₂ s + (1 − β₂) g²; w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√s + ε).
 *
 * The bias corrections are computed in double precision.
 *
 * @see Kingma & Ba 2015 (the ε-hat form at the end of section 2); https://keras.io/api/optimizers/adam/
 * @example
 * const optimizer = new optim.Adam(net.parameters(), { learningRate: 1e-3 });
 */
export class Adam extends Optimizer {
  /** Its name in messages: a class's own name does not survive a minifier. */
  protected static readonly operation: string = 'Adam';
  private readonly beta1: number;
  private readonly beta2: number;
  private readonly epsilon: number;
  private readonly epsilonMode: 'keras' | 'pytorch';
  private readonly moments = new WeakMap<Tensor, Moments>();

  constructor(options?: AdamOptions);
  constructor(parameters: readonly Tensor[], options?: AdamOptions);
  constructor(first: readonly Tensor[] | AdamOptions = {}, second: AdamOptions = {}) {
    const [parameters, options] = Array.isArray(first)
      ? [first as readonly Tensor[], second]
      : [undefined, first as AdamOptions];
    const name = new.target.operation;
    checkOptions(name, options, [...optimizerOptionNames, 'beta1', 'beta2', 'epsilon', 'epsilonMode']);
    super(name, parameters, options.learningRate ?? 0.001, options);
    this.beta1 = checkNumber(name, 'beta1', options.beta1 ?? 0.9, { atLeast: 0, below: 1 });
    this.beta2 = checkNumber(name, 'beta2', options.beta2 ?? 0.999, { atLeast: 0, below: 1 });
    this.epsilon = checkNumber(name, 'epsilon', options.epsilon ?? 1e-7, { atLeast: 0 });
    this.epsilonMode = checkChoice(name, 'epsilonMode', options.epsilonMode ?? 'keras', ['keras', 'pytorch']);
  }

  protected override updateParameter(w: Tensor, g: Tensor, options: StepOptions): void {
    let moments = this.moments.get(w);
    if (moments === undefined) {
      moments = { first: persistent(zerosLike(w)), second: persistent(zerosLike(w)), steps: 0 };
      this.moments.set(w, moments);
    }
    const t = ++moments.steps;
    const correction = Math.sqrt(1 - this.beta2 ** t);
    const step = {
      ...options,
      rate: (this.learningRate * correction) / (1 - this.beta1 ** t),
      beta1: this.beta1,
      beta2: this.beta2,
      // m / (√s / c + ε) · 1/c′ and m / (√s + ε c) · c/c′ are the same number: PyTorch's form is a smaller ε.
      epsilon: this.epsilonMode === 'keras' ? this.epsilon : this.epsilon * correction,
    };
    update(([x, m, s], [d]) => adamStep(x!, m!, s!, d!, step), [w, moments.first, moments.second], [g]);
  }
}
