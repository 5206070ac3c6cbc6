/** Gluon's names for the parts that go by others here (https://mxnet.apache.org/api/python/docs/api/gluon/). */

import type { Tensor } from '@cotangent/autograd';
import { ArgumentError } from '@cotangent/kernels';
import { makeOptimizer, type Optimizer, type OptimizerName, type OptimizerOptions } from './optimizers/index.js';
import type { OptimizerState } from './optimizers/state.js';
import { checkNumber } from './options.js';

export { Module as Block } from './module.js';

/** Adds up or averages gradients over several processes or workers, in place. */
export type AllReduce = (gradients: readonly Tensor[]) => void;

/** Options of `Trainer` besides those of the optimizer. */
export interface TrainerOptions {
  /** What `allreduceGrads` does with the gradients of all parameters, in order. @defaultValue nothing: one process has them all */
  allReduce?: AllReduce;
}

/** Options of `Trainer.step`. */
export interface StepOptions {
  /** Whether to leave alone parameters that no backward pass has reached since the last step. @defaultValue false */
  ignoreStaleGrad?: boolean;
}

/**
 * Owns an optimizer and steps it with the size of the batch: losses in Gluon's loop are sums over the samples, and gradients are divided by
 * their number here.
 *
 * @throws ArgumentError for an `allReduce` that is no function, and where the optimizer refuses its options
 * @see https://mxnet.apache.org/api/python/docs/api/gluon/trainer.html
 * @example
 * const trainer = new nn.gluon.Trainer(net.parameters(), 'adam', { learningRate: 1e-3 });
 */
export class Trainer {
  readonly optimizer: Optimizer;
  private readonly allReduce: AllReduce | null;

  /**
   * @param parameters those to change
   * @param optimizer its name, or one that is made already
   * @param options of the optimizer, where it is given by name
   * @throws ArgumentError for unknown names and options, and for options beside an optimizer that is made already
   */
  constructor(
    private readonly parameters: readonly Tensor[],
    optimizer: OptimizerName | Optimizer,
    options: OptimizerOptions & TrainerOptions = {},
  ) {
    const { allReduce, ...own } = options;
    if (allReduce !== undefined && typeof allReduce !== 'function')
      throw new ArgumentError('Trainer', 'got allReduce that is no function; expected (gradients) => void');
    this.allReduce = allReduce ?? null;
    this.optimizer = makeOptimizer('Trainer', optimizer, own);
    this.optimizer.bind(parameters);
  }

  /** Step size of the next step. */
  get learningRate(): number {
    return this.optimizer.learningRate;
  }

  /** Sets the step size. @throws ArgumentError where a schedule rules */
  setLearningRate(learningRate: number): void {
    this.optimizer.learningRate = learningRate;
  }

  /**
   * Gradients of all processes together, and one step of the optimizer; the gradients are forgotten.
   *
   * @param batchSize what the gradients are divided by: the samples that the loss was summed over
   * @throws ArgumentError for a parameter without a gradient
   */
  step(batchSize: number, options: StepOptions = {}): void {
    this.allreduceGrads();
    this.update(batchSize, options);
  }

  /** Calls `allReduce` with the gradients: for clipping or looking at them between it and `update`. */
  allreduceGrads(): void {
    this.allReduce?.(this.parameters.flatMap(({ grad }) => (grad === null ? [] : [grad])));
  }

  /** One step without `allreduceGrads`. @param batchSize as of `step` @throws ArgumentError as `step` */
  update(batchSize: number, { ignoreStaleGrad = false }: StepOptions = {}): void {
    checkNumber('Trainer.step', 'batchSize', batchSize, { above: 0 });
    const stale = this.parameters.findIndex(({ grad, requiresGrad }) => requiresGrad && grad === null);
    if (stale >= 0 && !ignoreStaleGrad) {
      throw new ArgumentError(
        'Trainer.step',
        `parameter number ${stale} has no gradient since the last step`,
        'Call backward() first; for parameters that the loss does not use pass { ignoreStaleGrad: true }.',
      );
    }
    for (const { grad } of this.parameters) if (grad !== null && batchSize !== 1) grad.assign(grad.div(batchSize));
    this.optimizer.step();
    this.optimizer.zeroGrad();
  }

  /** What the optimizer keeps. */
  stateDict(): OptimizerState {
    return this.optimizer.stateDict();
  }

  /** Goes on from what `stateDict` gave. */
  loadStateDict(state: OptimizerState): void {
    this.optimizer.loadStateDict(state);
  }
}
