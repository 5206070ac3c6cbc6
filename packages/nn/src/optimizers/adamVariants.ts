/** Relatives of Adam: with another norm, with Nesterov's look ahead, with a rectified start. */

import { type Tensor, update } from '@cotangent/autograd';
import { adamaxStep, adamStep, firstMomentStep, nadamStep } from '@cotangent/kernels';
import { MomentsOptimizer, type MomentsOptions } from './adam.js';
import { type ParameterState, type ParameterStep, type Parameters, separate } from './optimizer.js';

/**
 * Adam with the largest gradient in the place of the second moment: m ← β₁ m + (1 − β₁) g; u ← max(β₂ u, |g|);
 * w ← w − η / (1 − β₁ᵗ) · m / (u + ε).
 *
 * @throws ArgumentError for options out of range
 * @see Kingma & Ba 2015, section 7; https://keras.io/api/optimizers/adamax/ (PyTorch adds ε to |g| instead)
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Adamax([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.9, -1.9]]
 */
export class Adamax extends MomentsOptimizer {
  constructor(options?: MomentsOptions);
  constructor(parameters: Parameters, options?: MomentsOptions);
  constructor(first: Parameters | MomentsOptions = {}, second: MomentsOptions = {}) {
    const [parameters, options] = separate(first, second);
    super('Adamax', parameters, options, ['firstMoment', 'norm']);
  }

  protected override updateParameter(
    w: Tensor,
    g: Tensor,
    { slots, numbers }: ParameterState,
    given: ParameterStep,
  ): void {
    const { beta1, beta2, epsilon } = this;
    const step = { rate: given.learningRate / (1 - beta1 ** numbers.steps), beta1, beta2, epsilon, ...given };
    update(([x, m, u], [d]) => adamaxStep(x!, m!, u!, d!, step), [w, slots.firstMoment!, slots.norm!], [g]);
  }
}

/**
 * Adam with Nesterov's momentum. With μₜ = β₁ (1 − ½ 0.96ᵗ) and Πₜ = μ₁ … μₜ:
 * w ← w − η (μₜ₊₁ m / (1 − Πₜ₊₁) + (1 − μₜ) g / (1 − Πₜ)) / (√(s / (1 − β₂ᵗ)) + ε).
 *
 * @throws ArgumentError for options out of range
 * @see Dozat 2016; https://keras.io/api/optimizers/Nadam/ (PyTorch's decays μ more slowly, by 0.96^(0.004 t))
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.Nadam([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.89372, -1.8937]]
 */
export class Nadam extends MomentsOptimizer {
  constructor(options?: MomentsOptions);
  constructor(parameters: Parameters, options?: MomentsOptions);
  constructor(first: Parameters | MomentsOptions = {}, second: MomentsOptions = {}) {
    const [parameters, options] = separate(first, second);
    super('Nadam', parameters, options, ['firstMoment', 'secondMoment']);
  }

  protected override updateParameter(
    w: Tensor,
    g: Tensor,
    { slots, numbers }: ParameterState,
    given: ParameterStep,
  ): void {
    const { beta1, beta2, epsilon } = this;
    const decayAt = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** step);
    const [now, next] = [decayAt(numbers.steps), decayAt(numbers.steps + 1)];
    const product = (numbers.decayProduct ?? 1) * now;
    numbers.decayProduct = product;
    const step = {
      rate: given.learningRate,
      beta1,
      beta2,
      epsilon,
      momentFactor: next / (1 - product * next),
      gradientFactor: (1 - now) / (1 - product),
      secondFactor: 1 / (1 - beta2 ** numbers.steps),
      ...given,
    };
    const moments = [slots.firstMoment!, slots.secondMoment!];
    update(([x, m, s], [d]) => nadamStep(x!, m!, s!, d!, step), [w, ...moments], [g]);
  }
}

/**
 * Adam whose first steps, while the variance of its rate is not known, are those of momentum; later ones are rectified by
 * r = √((ρₜ − 4) (ρₜ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρₜ)), with ρ∞ = 2 / (1 − β₂) − 1 and ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ).
 *
 * @param options `epsilon`: 1e-8 unless given, as in PyTorch, whose form this is
 * @throws ArgumentError for options out of range
 * @see Liu et al. 2020, arXiv:1908.03265; https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html
 * @example
 * const w = tensor([[1, -2]], { requiresGrad: true });
 * const optimizer = new optim.RAdam([w], { learningRate: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → [[0.8, -1.6]]
 */
export class RAdam extends MomentsOptimizer {
  constructor(options?: MomentsOptions);
  constructor(parameters: Parameters, options?: MomentsOptions);
  constructor(first: Parameters | MomentsOptions = {}, second: MomentsOptions = {}) {
    const [parameters, options] = separate(first, second);
    super('RAdam', parameters, { epsilon: 1e-8, ...options }, ['firstMoment', 'secondMoment']);
  }

  protected override updateParameter(
    w: Tensor,
    g: Tensor,
    { slots, numbers }: ParameterState,
    given: ParameterStep,
  ): void {
    const { beta1, beta2, epsilon } = this;
    const { steps: t } = numbers;
    const longest = 2 / (1 - beta2) - 1;
    const length = longest - (2 * t * beta2 ** t) / (1 - beta2 ** t);
    const rate = given.learningRate / (1 - beta1 ** t);
    const moments = [slots.firstMoment!, slots.secondMoment!];
    if (length <= 5) {
      const step = { rate, beta1, beta2, epsilon, ...given };
      update(([x, m, s], [d]) => firstMomentStep(x!, m!, s!, d!, step), [w, ...moments], [g]);
      return;
    }
    const rectified = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
    const step = { rate: rate * rectified * Math.sqrt(1 - beta2 ** t), beta1, beta2, epsilon, ...given };
    update(([x, m, s], [d]) => adamStep(x!, m!, s!, d!, step), [w, ...moments], [g]);
  }
}
