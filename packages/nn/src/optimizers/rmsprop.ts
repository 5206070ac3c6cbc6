import { persistent, type Tensor, update, zerosLike } from '@cotangent/autograd';
import { rmspropStep, type StepOptions } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../options.js';
import { Optimizer, type OptimizerOptions, optimizerOptionNames } from './optimizer.js';

/** Options of `RMSprop`. */
export interface RMSpropOptions extends OptimizerOptions {
  /** Step size. @defaultValue 0.001 */
  learningRate?: number;
  /** Decay of the running mean of squared gradients. @defaultValue 0.9 */
  rho?: number;
  /** Share of the velocity kept from step to step. @defaultValue 0 */
  momentum?: number;
  /** Keeps the division finite; inside the root, as in Keras. PyTorch adds it to the root. @defaultValue 1e-7 */
  epsilon?: number;
  /** Whether to divide by the deviation from the mean gradient rather than by the size of gradients. @defaultValue false */
  centered?: boolean;
}

interface Averages {
  readonly squares: Tensor;
  readonly velocity: Tensor | null;
  readonly mean: Tensor | null;
}

/**
 * RMSprop: s ← ρ s + (1 − ρ) g²; w ← w − η g / √(s + ε). With momentum v ← μ v + η g / √(s + ε), w ← w − v. Centered, the
 * running mean m of g is kept too, and s − m² stands for s under the root.
 *
 * @see Hinton 2012, lecture 6e of "Neural Networks for Machine Learning"; https://keras.io/api/optimizers/rmsprop/
 * @example
 * const optimizer = new optim.RMSprop(net.parameters(), { learningRate: 1e-3, momentum: 0.9 });
 */
export class RMSprop extends Optimizer {
  private readonly rho: number;
  private readonly momentum: number;
  private readonly epsilon: number;
  private readonly centered: boolean;
  private readonly averages = new WeakMap<Tensor, Averages>();

  constructor(options?: RMSpropOptions);
  constructor(parameters: readonly Tensor[], options?: RMSpropOptions);
  constructor(first: readonly Tensor[] | RMSpropOptions = {}, second: RMSpropOptions = {}) {
    const [parameters, options] = Array.isArray(first)
      ? [first as readonly Tensor[], second]
      : [undefined, first as RMSpropOptions];
    checkOptions('RMSprop', options, [...optimizerOptionNames, 'rho', 'momentum', 'epsilon', 'centered']);
    super('RMSprop', parameters, options.learningRate ?? 0.001, options);
    this.rho = checkNumber('RMSprop', 'rho', options.rho ?? 0.9, { atLeast: 0, below: 1 });
    this.momentum = checkNumber('RMSprop', 'momentum', options.momentum ?? 0, { atLeast: 0, below: 1 });
    this.epsilon = checkNumber('RMSprop', 'epsilon', options.epsilon ?? 1e-7, { atLeast: 0 });
    this.centered = options.centered ?? false;
  }

  protected override updateParameter(w: Tensor, g: Tensor, options: StepOptions): void {
    let averages = this.averages.get(w);
    if (averages === undefined) {
      const state = (): Tensor => persistent(zerosLike(w));
      averages = {
        squares: state(),
        velocity: this.momentum > 0 ? state() : null,
        mean: this.centered ? state() : null,
      };
      this.averages.set(w, averages);
    }
    const { squares, velocity, mean } = averages;
    const { learningRate, rho, momentum, epsilon } = this;
    const step = { learningRate, rho, momentum, epsilon, ...options };
    const targets = [w, squares, velocity, mean].filter((tensor) => tensor !== null);
    update(
      ([x, s, ...rest], [d]) => {
        const state = {
          squares: s!,
          velocity: velocity === null ? null : rest[0]!,
          mean: mean === null ? null : rest.at(-1)!,
        };
        rmspropStep(x!, state, d!, step);
      },
      targets,
      [g],
    );
  }
}
