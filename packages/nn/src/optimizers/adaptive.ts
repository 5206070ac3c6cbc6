/** Optimizers whose steps shrink with the gradients seen so far. */

import { full, persistent, scope, type Tensor, update } from '@cotangent/autograd';
import { ArgumentError, adadeltaStep, adagradStep, ftrlStep, rpropStep } from '@cotangent/kernels';
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

/** A tensor like another, of one number. */
const filled = (like: Tensor, value: number): Tensor =>
  scope(() => persistent(full(like.shape, value, { dtype: like.dtype })));

/** Options of `Adagrad`. */
export interface AdagradOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 (PyTorch, Gluon 0.01) */
  learningRate?: Rate;
  /** What the sums of squares begin with. @defaultValue 0.1 (PyTorch, Gluon 0) */
  initialAccumulatorValue?: number;
  /** Keeps the division finite. @defaultValue 1e-7 */
  epsilon?: number;
  /** Whether epsilon is added under the root (`keras`) or to it (`pytorch`). @defaultValue 'keras' */
  epsilonMode?: 'keras' | 'pytorch';
}

/**
 * Adagrad: a ← a + g²; w ← w − η g / √(a + ε). For sparse gradients: what is seldom seen moves far.
 *
 * @throws ArgumentError for options out of range
 * @see Duchi et al. 2011; https://keras.io/api/optimizers/adagrad/
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Adagrad([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.90123, -1.9003]]
 */
export class Adagrad extends Optimizer {
  private readonly initial: number;
  private readonly epsilon: number;
  private readonly epsilonOutside: boolean;

  constructor(options?: AdagradOptions);
  constructor(parameters: Parameters, options?: AdagradOptions);
  constructor(first: Parameters | AdagradOptions = {}, second: AdagradOptions = {}) {
    const [parameters, options] = separate(first, second);
    const own = ['initialAccumulatorValue', 'epsilon', 'epsilonMode'];
    checkOptions('Adagrad', options, [...optimizerOptionNames, ...own]);
    super('Adagrad', parameters, options, 0.001);
    const initial = options.initialAccumulatorValue ?? 0.1;
    this.initial = checkNumber('Adagrad', 'initialAccumulatorValue', initial, { atLeast: 0 });
    this.epsilon = checkNumber('Adagrad', 'epsilon', options.epsilon ?? 1e-7, { atLeast: 0 });
    const mode = checkChoice('Adagrad', 'epsilonMode', options.epsilonMode ?? 'keras', ['keras', 'pytorch']);
    this.epsilonOutside = mode === 'pytorch';
  }

  protected override createSlots(w: Tensor): Record<string, Tensor> {
    return { squares: filled(w, this.initial) };
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const { epsilon, epsilonOutside } = this;
    const step = { epsilon, epsilonOutside, ...given };
    update(([x, a], [d]) => adagradStep(x!, a!, d!, step), [w, slots.squares!], [g]);
  }
}

/** Options of `Adadelta`. */
export interface AdadeltaOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 (Keras; the paper, PyTorch and Gluon 1) */
  learningRate?: Rate;
  /** Decay of the running means. @defaultValue 0.95 */
  rho?: number;
  /** Keeps the quotients finite and lets the first step begin. @defaultValue 1e-7 */
  epsilon?: number;
}

/**
 * Adadelta: a ← ρ a + (1 − ρ) g²; δ = g √(b + ε) / √(a + ε); b ← ρ b + (1 − ρ) δ²; w ← w − η δ.
 *
 * @throws ArgumentError for options out of range
 * @see Zeiler 2012, arXiv:1212.5701; https://keras.io/api/optimizers/adadelta/
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Adadelta([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.99986, -1.9999]]
 */
export class Adadelta extends Optimizer {
  private readonly rho: number;
  private readonly epsilon: number;

  constructor(options?: AdadeltaOptions);
  constructor(parameters: Parameters, options?: AdadeltaOptions);
  constructor(first: Parameters | AdadeltaOptions = {}, second: AdadeltaOptions = {}) {
    const [parameters, options] = separate(first, second);
    checkOptions('Adadelta', options, [...optimizerOptionNames, 'rho', 'epsilon']);
    super('Adadelta', parameters, options, 0.001, ['squares', 'changes']);
    this.rho = checkNumber('Adadelta', 'rho', options.rho ?? 0.95, { atLeast: 0, below: 1 });
    this.epsilon = checkNumber('Adadelta', 'epsilon', options.epsilon ?? 1e-7, { above: 0 });
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const step = { rho: this.rho, epsilon: this.epsilon, ...given };
    update(([x, a, b], [d]) => adadeltaStep(x!, a!, b!, d!, step), [w, slots.squares!, slots.changes!], [g]);
  }
}

/** Options of `Rprop`. */
export interface RpropOptions extends OptimizerOptions {
  /** The first step of every weight. @defaultValue 0.01 (PyTorch) */
  learningRate?: Rate;
  /** What steps are multiplied by where a gradient changed its sign, and where it did not. @defaultValue [0.5, 1.2] */
  etas?: readonly [number, number];
  /** The smallest and the largest step. @defaultValue [1e-6, 50] */
  stepSizes?: readonly [number, number];
}

/**
 * Resilient backpropagation: each weight takes steps of its own, by the sign of its gradient alone, which grow while that sign stays. For
 * whole batches.
 *
 * @throws ArgumentError for options out of range
 * @see Riedmiller & Braun 1993; https://pytorch.org/docs/stable/generated/torch.optim.Rprop.html
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Rprop([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.9, -1.9]]
 */
export class Rprop extends Optimizer {
  private readonly etas: readonly [number, number];
  private readonly stepSizes: readonly [number, number];

  constructor(options?: RpropOptions);
  constructor(parameters: Parameters, options?: RpropOptions);
  constructor(first: Parameters | RpropOptions = {}, second: RpropOptions = {}) {
    const [parameters, options] = separate(first, second);
    checkOptions('Rprop', options, [...optimizerOptionNames, 'etas', 'stepSizes']);
    super('Rprop', parameters, options, 0.01);
    const [down, up] = options.etas ?? [0.5, 1.2];
    this.etas = [
      checkNumber('Rprop', 'etas[0]', down, { above: 0, below: 1 }),
      checkNumber('Rprop', 'etas[1]', up, { above: 1 }),
    ];
    const [smallest, largest] = options.stepSizes ?? [1e-6, 50];
    this.stepSizes = [
      checkNumber('Rprop', 'stepSizes[0]', smallest, { atLeast: 0 }),
      checkNumber('Rprop', 'stepSizes[1]', largest, { atLeast: smallest }),
    ];
  }

  protected override createSlots(w: Tensor): Record<string, Tensor> {
    return { previous: filled(w, 0), size: filled(w, this.learningRate) };
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const [shrinkFactor, growFactor] = this.etas;
    const [smallest, largest] = this.stepSizes;
    const step = { shrinkFactor, growFactor, smallest, largest, ...given };
    update(([x, p, z], [d]) => rpropStep(x!, p!, z!, d!, step), [w, slots.previous!, slots.size!], [g]);
  }
}

/** Options of `Ftrl`. */
export interface FtrlOptions extends OptimizerOptions {
  /** Step size, above 0. @defaultValue 0.001 */
  learningRate?: Rate;
  /** How fast steps shrink: 0 keeps them, −0.5 is Adagrad's. @defaultValue −0.5 */
  learningRatePower?: number;
  /** @defaultValue 0.1 */
  initialAccumulatorValue?: number;
  /** Strength of the penalty |w|, which sets weights to exactly 0. @defaultValue 0 */
  l1RegularizationStrength?: number;
  /** Strength of the penalty w². @defaultValue 0 */
  l2RegularizationStrength?: number;
  /** A penalty on the size of the gradient's term rather than of the weight. @defaultValue 0 */
  l2ShrinkageRegularizationStrength?: number;
  /** β of the paper. @defaultValue 0 */
  beta?: number;
}

/**
 * Follow the regularized leader: with a ← a + g² and l ← l + g − (√a′ − √a) / η · w, w is 0 where |l| ≤ λ₁, else
 * (sign(l) λ₁ − l) / (√a′ / η + 2 λ₂).
 *
 * @throws ArgumentError for options out of range
 * @see McMahan et al. 2013; https://keras.io/api/optimizers/ftrl/
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Ftrl([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.74505, -1.7427]]
 */
export class Ftrl extends Optimizer {
  private readonly settings: {
    power: number;
    initial: number;
    l1: number;
    l2: number;
    l2Shrinkage: number;
    beta: number;
  };

  constructor(options?: FtrlOptions);
  constructor(parameters: Parameters, options?: FtrlOptions);
  constructor(first: Parameters | FtrlOptions = {}, second: FtrlOptions = {}) {
    const [parameters, options] = separate(first, second);
    const own = [
      'learningRatePower',
      'initialAccumulatorValue',
      'l1RegularizationStrength',
      'l2RegularizationStrength',
      'l2ShrinkageRegularizationStrength',
      'beta',
    ] as const;
    checkOptions('Ftrl', options, [...optimizerOptionNames, ...own]);
    super('Ftrl', parameters, options, 0.001);
    const strength = (name: (typeof own)[number], value = 0): number =>
      checkNumber('Ftrl', name, options[name] ?? value, { atLeast: 0 });
    this.settings = {
      power: -checkNumber('Ftrl', 'learningRatePower', options.learningRatePower ?? -0.5, { atMost: 0 }),
      initial: strength('initialAccumulatorValue', 0.1),
      l1: strength('l1RegularizationStrength'),
      l2: strength('l2RegularizationStrength'),
      l2Shrinkage: strength('l2ShrinkageRegularizationStrength'),
      beta: strength('beta'),
    };
  }

  protected override createSlots(w: Tensor): Record<string, Tensor> {
    return { accumulator: filled(w, this.settings.initial), linear: filled(w, 0) };
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const { l2, beta, ...settings } = this.settings;
    if (given.learningRate === 0) throw new ArgumentError('Ftrl', 'got learningRate 0; expected a number above 0');
    const step = { ...settings, l2: l2 + beta / (2 * given.learningRate), ...given };
    update(([x, a, l], [d]) => ftrlStep(x!, a!, l!, d!, step), [w, slots.accumulator!, slots.linear!], [g]);
  }
}
