/** What the cells with weights share: three parameters, and dropout with one mask for all steps. */

import type { Tensor } from '@cotangent/autograd';
import { Generator, type Shape } from '@cotangent/kernels';
import { type Activation, type ActivationName, resolveActivation } from '../../activations.js';
import { checkBoolean, checkNumber } from '../../options.js';
import type { Parameter } from '../../parameter.js';
import { type DTypeOption, type WeightOptions, weight, weightOptionNames } from '../weights.js';
import { RecurrentCell } from './cell.js';
import { dropoutMask } from './dropoutMask.js';

/** Options of all cells with weights. */
export interface WeightedCellOptions extends DTypeOption, WeightOptions<'kernel' | 'recurrent' | 'bias'> {
  /** Applied to what the step computes. @defaultValue 'tanh' */
  activation?: ActivationName | Activation;
  /** Whether to add a bias. @defaultValue true */
  useBias?: boolean;
  /** @defaultValue 'glorotUniform' */
  kernelInitializer?: WeightOptions<'kernel'>['kernelInitializer'];
  /** @defaultValue 'orthogonal' */
  recurrentInitializer?: WeightOptions<'recurrent'>['recurrentInitializer'];
  /** @defaultValue 'zeros' */
  biasInitializer?: WeightOptions<'bias'>['biasInitializer'];
  /** Share of the input features set to 0 in training, the same in all steps of a sequence. @defaultValue 0 */
  dropout?: number;
  /** Share of the state set to 0 in training where it enters the products, the same in all steps of a sequence. @defaultValue 0 */
  recurrentDropout?: number;
  /** Makes dropout reproducible on its own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/** Options of cells with gates. */
export interface RecurrentActivationOption {
  /** Applied to the gates. @defaultValue 'sigmoid' */
  recurrentActivation?: ActivationName | Activation;
}

/** The names of the options that all cells with weights have. */
export const weightedCellNames: readonly string[] = [
  'activation',
  'useBias',
  'dropout',
  'recurrentDropout',
  'seed',
  ...weightOptionNames('kernel', 'recurrent', 'bias'),
  'dtype',
];

/** Base of cells with a kernel, a recurrent kernel and a bias. */
export abstract class WeightedCell extends RecurrentCell {
  /** For the input, the gates side by side along the last axis. */
  readonly kernel: Parameter;
  /** For the state, the gates side by side along the last axis. */
  readonly recurrentKernel: Parameter;
  /** Of the gates side by side, or null without bias. */
  readonly bias: Parameter | null;
  readonly dropout: number;
  readonly recurrentDropout: number;
  protected readonly activation: Activation;
  private readonly generator: Generator | undefined;
  private inputMasks: Tensor | null = null;
  private stateMasks: Tensor | null = null;

  /**
   * @param operation name in messages: that of the layer, where one makes the cell for itself
   * @param gates how many sets of weights stand side by side
   */
  constructor(
    protected readonly operation: string,
    protected readonly gates: number,
    options: WeightedCellOptions,
  ) {
    super();
    this.activation = resolveActivation(operation, options.activation ?? 'tanh');
    this.kernel = weight(operation, 'kernel', options, 'glorotUniform');
    this.recurrentKernel = weight(operation, 'recurrent', options, 'orthogonal');
    const useBias = checkBoolean(operation, 'useBias', options.useBias ?? true);
    this.bias = useBias ? weight(operation, 'bias', options, 'zeros') : null;
    const bounds = { atLeast: 0, below: 1 };
    this.dropout = checkNumber(operation, 'dropout', options.dropout ?? 0, bounds);
    this.recurrentDropout = checkNumber(operation, 'recurrentDropout', options.recurrentDropout ?? 0, bounds);
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
  }

  /** How many masks dropout draws: with recurrent dropout each gate has its own, without it all share one (Keras). */
  protected get maskCount(): number {
    return this.recurrentDropout > 0 ? this.gates : 1;
  }

  override reset(): void {
    this.inputMasks = null;
    this.stateMasks = null;
  }

  /** What inputs of a shape are multiplied by, [masks, ...shape]; null where nothing is dropped. */
  protected masksOfInputs(shape: Shape): Tensor | null {
    if (!this.training || this.dropout === 0) return null;
    this.inputMasks = this.masks(this.inputMasks, this.dropout, shape);
    return this.inputMasks;
  }

  /** What the state is multiplied by where it enters products, [masks, ...shape]; null where nothing is dropped. */
  protected masksOfState(shape: Shape): Tensor | null {
    if (!this.training || this.recurrentDropout === 0) return null;
    this.stateMasks = this.masks(this.stateMasks, this.recurrentDropout, shape);
    return this.stateMasks;
  }

  private masks(before: Tensor | null, rate: number, shape: Shape): Tensor {
    const { dtype } = this.kernel;
    return dropoutMask(before, [this.maskCount, ...shape], { rate, dtype, generator: this.generator });
  }
}
