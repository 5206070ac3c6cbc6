/** Optimizers around another: what they do to its gradients, or to where it has gone. */

import { noGrad, persistent, scope, type Tensor } from '@cotangent/autograd';
import { ArgumentError, globalNorm } from '@cotangent/kernels';
import { checkNumber, checkOptions, shown } from '../options.js';
import { Optimizer, type Pair, type ParameterState } from './optimizer.js';
import type { Rate } from './rate.js';
import type { OptimizerState } from './state.js';

/** An optimizer that leaves the steps to another. */
abstract class Wrapper extends Optimizer {
  constructor(
    operation: string,
    readonly inner: Optimizer,
  ) {
    if (!(inner instanceof Optimizer))
      throw new ArgumentError(operation, `got optimizer ${shown(inner)}; expected an Optimizer`);
    super(operation, undefined, {}, 0);
    super.bind(inner.parameters);
  }

  override get learningRate(): number {
    return this.inner.learningRate;
  }

  override set learningRate(rate: number) {
    // The base sets its own while it is made.
    if (this.inner !== undefined) this.inner.learningRate = rate;
  }

  override setSchedule(rate: Rate): void {
    this.inner.setSchedule(rate);
  }

  override get givenRate(): Rate {
    return this.inner.givenRate;
  }

  override bind(parameters: readonly Tensor[]): void {
    this.inner.bind(parameters);
    super.bind(parameters);
  }

  override excludeFromWeightDecay(parameters: readonly Tensor[]): void {
    this.inner.excludeFromWeightDecay(parameters);
  }

  override swapAverages(): void {
    this.inner.swapAverages();
  }

  override stateDict(): OptimizerState {
    const [own, inner] = [super.stateDict(), this.inner.stateDict()];
    const prefixed = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`inner.${name}`, value]));
    return {
      optimizer: `${own.optimizer}(${inner.optimizer})`,
      numbers: { ...own.numbers, ...this.ownNumbers(), ...prefixed(inner.numbers) },
      tensors: { ...own.tensors, ...prefixed(inner.tensors) },
    };
  }

  override loadStateDict(state: OptimizerState): void {
    const split = <T>(values: Readonly<Record<string, T>>, inner: boolean): Record<string, T> =>
      Object.fromEntries(
        Object.entries(values)
          .filter(([name]) => name.startsWith('inner.') === inner)
          .map(([name, value]) => [inner ? name.slice('inner.'.length) : name, value]),
      );
    const [, outer, inside] = /^(\w+)\((.*)\)$/.exec(state?.optimizer ?? '') ?? [];
    if (outer !== this.operation) {
      throw new ArgumentError(
        `${this.operation}.loadStateDict`,
        `got the state of ${shown(state?.optimizer)}; expected that of ${this.operation}(${this.inner.operation})`,
      );
    }
    this.inner.loadStateDict({
      optimizer: inside!,
      numbers: split(state.numbers, true),
      tensors: split(state.tensors, true),
    });
    super.loadStateDict({
      optimizer: outer,
      numbers: split(state.numbers, false),
      tensors: split(state.tensors, false),
    });
    this.setOwnNumbers(state.numbers);
  }

  /** Numbers of the wrapper itself. */
  protected ownNumbers(): Record<string, number> {
    return {};
  }

  protected setOwnNumbers(_numbers: Readonly<Record<string, number>>): void {}

  protected override updateParameter(): never {
    throw new ArgumentError(this.operation, 'it takes no steps of its own');
  }
}

/** Options of `Lookahead`. */
export interface LookaheadOptions {
  /** Steps of the inner optimizer between those of the slow weights. @defaultValue 5 */
  syncPeriod?: number;
  /** How far the slow weights go towards the fast ones. @defaultValue 0.5 */
  slowStep?: number;
}

/**
 * Keeps slow weights that follow those of another optimizer: every `syncPeriod` steps slow ← slow + α (w − slow), and w ← slow.
 *
 * @throws ArgumentError for options out of range
 * @see Zhang et al. 2019, arXiv:1907.08610
 * @example new optim.Lookahead(new optim.Adam(net.parameters()), { syncPeriod: 5 })
 */
export class Lookahead extends Wrapper {
  private readonly syncPeriod: number;
  private readonly slowStep: number;

  constructor(optimizer: Optimizer, options: LookaheadOptions = {}) {
    checkOptions('Lookahead', options, ['syncPeriod', 'slowStep']);
    super('Lookahead', optimizer);
    this.syncPeriod = checkNumber('Lookahead', 'syncPeriod', options.syncPeriod ?? 5, { atLeast: 1, whole: true });
    this.slowStep = checkNumber('Lookahead', 'slowStep', options.slowStep ?? 0.5, { above: 0, atMost: 1 });
  }

  protected override createSlots(w: Tensor): Record<string, Tensor> {
    return { slow: persistent(w.detach()) };
  }

  override applyPairs(pairs: readonly Pair[]): void {
    const states = pairs.map(([w]): ParameterState => this.stateOf(w)); // before the first step: where they begin
    this.inner.applyPairs(pairs);
    if (this.inner.iterations === this.iterations) return; // gradients wait to be accumulated
    this.iterations = this.inner.iterations;
    for (const { numbers } of states) numbers.steps++;
    if (this.iterations % this.syncPeriod !== 0) return;
    noGrad(() =>
      scope(() => {
        for (const [i, [w]] of pairs.entries()) {
          const slow = states[i]!.slots.slow!;
          slow.assign(slow.add(w.detach().sub(slow).mul(this.slowStep)));
          w.assign(slow);
        }
      }),
    );
  }
}

/** Options of `LossScaleOptimizer`. */
export interface LossScaleOptions {
  /** What the loss is multiplied by at first. @defaultValue 32768 */
  initialScale?: number;
  /** After so many steps without overflow the scale is doubled. @defaultValue 2000 */
  dynamicGrowthSteps?: number;
}

/**
 * Multiplies the loss before it is differentiated, and divides the gradients by as much: small ones do not vanish in the dtype of
 * the gradients. Where one overflows, the step is left out and the scale is halved; after `dynamicGrowthSteps` good ones it is doubled.
 *
 * In a loop of your own: `optimizer.scaleLoss(loss).backward()`, then `optimizer.step()`; `fit` does so by itself.
 *
 * @throws ArgumentError for options out of range
 * @see Micikevicius et al. 2018, arXiv:1710.03740; https://keras.io/api/optimizers/loss_scale_optimizer/
 * @example
 * const w = tensor([1, -2], { requiresGrad: true });
 * const optimizer = new optim.LossScaleOptimizer(new optim.SGD([w], { learningRate: 0.1 }));
 * optimizer.scaleLoss(w.square().sum()).backward();
 * optimizer.step();
 * w; // → [0.8, -1.6]
 */
export class LossScaleOptimizer extends Wrapper {
  private readonly growthSteps: number;
  /** What the loss is multiplied by. */
  scale: number;
  private goodSteps = 0;

  constructor(optimizer: Optimizer, options: LossScaleOptions = {}) {
    const name = 'LossScaleOptimizer';
    checkOptions(name, options, ['initialScale', 'dynamicGrowthSteps']);
    super(name, optimizer);
    this.scale = checkNumber(name, 'initialScale', options.initialScale ?? 32768, { above: 0 });
    this.growthSteps = checkNumber(name, 'dynamicGrowthSteps', options.dynamicGrowthSteps ?? 2000, {
      atLeast: 1,
      whole: true,
    });
  }

  override scaleLoss(loss: Tensor): Tensor {
    return this.inner.scaleLoss(loss.mul(this.scale));
  }

  override applyPairs(pairs: readonly Pair[]): void {
    if (!Number.isFinite(globalNorm(pairs.map(([, g]) => g.block)))) {
      this.scale /= 2;
      this.goodSteps = 0;
      return;
    }
    noGrad(() => scope(() => this.inner.applyPairs(pairs.map(([w, g]): Pair => [w, g.detach().mul(1 / this.scale)]))));
    this.iterations = this.inner.iterations;
    if (++this.goodSteps < this.growthSteps) return;
    this.scale *= 2;
    this.goodSteps = 0;
  }

  protected override ownNumbers(): Record<string, number> {
    return { scale: this.scale, goodSteps: this.goodSteps };
  }

  protected override setOwnNumbers({ scale, goodSteps }: Readonly<Record<string, number>>): void {
    this.scale = scale ?? this.scale;
    this.goodSteps = goodSteps ?? 0;
  }
}
