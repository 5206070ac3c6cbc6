import { type Tensor, update } from '@cotangent/autograd';
import { rmspropStep } from '@cotangent/kernels';
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

/** Options of `RMSprop`. */
export interface RMSpropOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 */
  learningRate?: Rate;
  /** Decay of the running mean of squared gradients. @defaultValue 0.9 (PyTorch 0.99) */
  rho?: number;
  /** Share of the velocity kept from step to step. @defaultValue 0 */
  momentum?: number;
  /** Keeps the division finite. @defaultValue 1e-7 */
  epsilon?: number;
  /** Whether epsilon is added under the root (`keras`) or to it (`pytorch`). @defaultValue 'keras' */
  epsilonMode?: 'keras' | 'pytorch';
  /** Whether to divide by the deviation from the mean gradient rather than by the size of gradients. @defaultValue false */
  centered?: boolean;
}

/**
 * RMSprop: s ← ρ s + (1 − ρ) g²; w ← w − η g / √(s + ε). With momentum v ← μ v + η g / √(s + ε), w ← w − v. Centered, the
 * running mean m of g is kept too, and s − m² stands for s under the root.
 *
 * @throws ArgumentError for options out of range
 * @see Hinton 2012, lecture 6e of "Neural Networks for Machine Learning"; https://keras.io/api/optimizers/rmsprop/
 * @example
 * const optimizer = new optim.RMSprop(net.parameters(), { learningRate: 1e-3, momentum: 0.9 });
 */
export class RMSprop extends Optimizer {
  private readonly rho: number;
  private readonly momentum: number;
  private readonly epsilon: number;
  private readonly epsilonOutside: boolean;

  constructor(options?: RMSpropOptions);
  constructor(parameters: Parameters, options?: RMSpropOptions);
  constructor(first: Parameters | RMSpropOptions = {}, second: RMSpropOptions = {}) {
    const [parameters, options] = separate(first, second);
    const own = ['rho', 'momentum', 'epsilon', 'epsilonMode', 'centered'];
    checkOptions('RMSprop', options, [...optimizerOptionNames, ...own]);
    const { momentum = 0, centered = false } = options;
    const slots = ['squares', ...(momentum > 0 ? ['velocity'] : []), ...(centered ? ['mean'] : [])];
    super('RMSprop', parameters, options, 0.001, slots);
    this.rho = checkNumber('RMSprop', 'rho', options.rho ?? 0.9, { atLeast: 0, below: 1 });
    this.momentum = checkNumber('RMSprop', 'momentum', momentum, { atLeast: 0, below: 1 });
    this.epsilon = checkNumber('RMSprop', 'epsilon', options.epsilon ?? 1e-7, { atLeast: 0 });
    const mode = checkChoice('RMSprop', 'epsilonMode', options.epsilonMode ?? 'keras', ['keras', 'pytorch']);
    this.epsilonOutside = mode === 'pytorch';
  }

  protected override updateParameter(w: Tensor, g: Tensor, { slots }: ParameterState, given: ParameterStep): void {
    const { squares, velocity, mean } = slots;
    const { rho, momentum, epsilon, epsilonOutside } = this;
    const step = { rho, momentum, epsilon, epsilonOutside, ...given };
    const targets = [w, squares!, velocity, mean].filter((tensor) => tensor !== undefined);
    update(
      ([x, s, ...rest], [d]) => {
        const state = {
          squares: s!,
          velocity: velocity === undefined ? null : rest[0]!,
          mean: mean === undefined ? null : rest.at(-1)!,
        };
        rmspropStep(x!, state, d!, step);
      },
      targets,
      [g],
    );
  }
}
