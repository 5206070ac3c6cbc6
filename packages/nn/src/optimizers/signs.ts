/** Optimizers that step by signs, or with noise. */

import { noGrad, randomNormal, scope, type Tensor, update } from '@cotangent/autograd';
import { Generator, lionStep, sgdStep, signumStep } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
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
import type { OptimizerState } from './state.js';

/** Options of `Lion`. */
export interface LionOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 (a third to a tenth of Adam's is usual) */
  learningRate?: Rate;
  /** Share of the moment in the step. @defaultValue 0.9 */
  beta1?: number;
  /** Decay of the moment. @defaultValue 0.99 */
  beta2?: number;
}

/**
 * Evolved sign momentum: w ← w − η sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g.
 *
 * @throws ArgumentError for options out of range
 * @see Chen et al. 2023, arXiv:2302.06675; https://keras.io/api/optimizers/lion/
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Lion([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.9, -1.9]]
 */
export class Lion extends Optimizer {
  private readonly beta1: number;
  private readonly beta2: number;

  constructor(options?: LionOptions);
  constructor(parameters: Parameters, options?: LionOptions);
  constructor(first: Parameters | LionOptions = {}, second: LionOptions = {}) {
    const [parameters, options] = separate(first, second);
    checkOptions('Lion', options, [...optimizerOptionNames, 'beta1', 'beta2']);
    super('Lion', parameters, options, 0.001, ['moment']);
    this.beta1 = checkNumber('Lion', 'beta1', options.beta1 ?? 0.9, { above: 0, atMost: 1 });
    this.beta2 = checkNumber('Lion', 'beta2', options.beta2 ?? 0.99, { atLeast: 0, below: 1 });
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const step = { beta1: this.beta1, beta2: this.beta2, ...given };
    update(([x, m], [d]) => lionStep(x!, m!, d!, step), [w, slots.moment!], [g]);
  }
}

/**
 * The sign of a running mean of gradients: m ← μ m + (1 − μ) g; w ← w − η sign m. Without momentum signSGD.
 *
 * @param options `learningRate` 0.01 and `momentum` 0.9 unless given (MXNet)
 * @throws ArgumentError for options out of range
 * @see Bernstein et al. 2018, arXiv:1802.04434; MXNet's Signum (its wd_lh is `weightDecay`)
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Signum([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.9, -1.9]]
 */
export class Signum extends Optimizer {
  private readonly momentum: number;

  constructor(options?: OptimizerOptions & { momentum?: number });
  constructor(parameters: Parameters, options?: OptimizerOptions & { momentum?: number });
  constructor(
    first: Parameters | (OptimizerOptions & { momentum?: number }) = {},
    second: OptimizerOptions & { momentum?: number } = {},
  ) {
    const [parameters, options] = separate(first, second);
    checkOptions('Signum', options, [...optimizerOptionNames, 'momentum']);
    super('Signum', parameters, options, 0.01, ['moment']);
    this.momentum = checkNumber('Signum', 'momentum', options.momentum ?? 0.9, { atLeast: 0, below: 1 });
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const step = { momentum: this.momentum, ...given };
    update(([x, m], [d]) => signumStep(x!, m!, d!, step), [w, slots.moment!], [g]);
  }
}

/**
 * Stochastic gradient Langevin dynamics: w ← w − ½ η g + N(0, η). With gradients of −log of a posterior over the whole data, and a rate that
 * falls, its parameters become samples from it.
 *
 * @param options `learningRate` 0.1 unless given (MXNet); `seed`: drawn from the global generator unless given
 * @throws ArgumentError for options out of range
 * @see Welling & Teh 2011; MXNet's SGLD
 * @example
 * const w = tensor([1, -2], { requiresGrad: true });
 * const optimizer = new optim.SGLD([w], { learningRate: 1e-4, seed: 1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w.sub(tensor([1, -2])).abs().max().less(0.1); // → true
 */
export class SGLD extends Optimizer {
  /** Its own stream, if it has one: part of the state. */
  private readonly generator: Generator | undefined;

  constructor(options?: OptimizerOptions & { seed?: number });
  constructor(parameters: Parameters, options?: OptimizerOptions & { seed?: number });
  constructor(
    first: Parameters | (OptimizerOptions & { seed?: number }) = {},
    second: OptimizerOptions & { seed?: number } = {},
  ) {
    const [parameters, options] = separate(first, second);
    checkOptions('SGLD', options, [...optimizerOptionNames, 'seed']);
    super('SGLD', parameters, options, 0.1);
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  override stateDict(): OptimizerState {
    const state = super.stateDict();
    if (this.generator === undefined) return state;
    const { key, counter } = this.generator.state;
    const words = Object.fromEntries([...key, ...counter].map((word, i) => [`generator${i}`, word]));
    return { ...state, numbers: { ...state.numbers, ...words } };
  }

  override loadStateDict(state: OptimizerState): void {
    super.loadStateDict(state);
    if (this.generator === undefined) return;
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => state.numbers[`generator${i}`] ?? 0) as [
      number,
      number,
      number,
      number,
    ];
    this.generator.state = { key: [a, b], counter: [c, d] };
  }

  protected override updateParameter(w: Tensor, g: Tensor, _: ParameterState, given: ParameterStep): void {
    const { learningRate } = given;
    const step = { ...given, learningRate: learningRate / 2, momentum: 0, nesterov: false };
    update(([x], [d]) => sgdStep(x!, d!, step), [w], [g]);
    noGrad(() =>
      scope(() => {
        const source = this.generator === undefined ? {} : { generator: this.generator };
        const standardDeviation = Math.sqrt(learningRate);
        w.assign(w.detach().add(randomNormal(w.shape, { ...source, dtype: w.dtype, standardDeviation })));
      }),
    );
  }
}
