/** What SimpleRNNCell, LSTMCell and GRUCell share: products of vectors with the weights of gates. */

import type { Tensor } from '@cotangent/autograd';
import { type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { activations } from '../../activations.js';
import { checkNumber } from '../../options.js';
import { checkFeatures, checkInput, checkInputDType, lastExtent } from '../inputs.js';
import { type Course, checkStates, type Recurrence } from './cell.js';
import { WeightedCell, type WeightedCellOptions, weightedCellNames } from './weightedCell.js';

/** Options of `SimpleRNNCell`, and of the other cells of vectors. */
export interface SimpleRNNCellOptions extends WeightedCellOptions {
  /** Features of the output and of the state. */
  units: number;
}

/** The names of those options. */
export const gatedCellNames: readonly string[] = ['units', ...weightedCellNames];

/** Base of cells whose weights are matrices: kernel [in, gates · units], recurrentKernel [size of h, gates · units]. h is the first state. */
export abstract class GatedCell extends WeightedCell {
  readonly units: number;
  abstract override readonly stateSizes: readonly number[];

  constructor(operation: string, gates: number, options: SimpleRNNCellOptions) {
    super(operation, gates, options);
    this.units = checkNumber(operation, 'units', options.units, { above: 0, whole: true });
  }

  /** The shape of the bias. */
  protected abstract readonly biasShape: Shape;

  /** Whether there is a function for whole sequences that computes the same: they know one activation each. */
  protected get isStandard(): boolean {
    return false;
  }

  /** All steps by that function. */
  protected runFused(_x: Tensor, _states: readonly Tensor[], _course: Course): Recurrence | null {
    return null;
  }

  override build(inputShape: Shape): this {
    const columns = this.gates * this.units;
    this.kernel.materialize([lastExtent(this.operation, inputShape), columns]);
    this.recurrentKernel.materialize([this.stateSizes[0]!, columns]);
    this.bias?.materialize(this.biasShape);
    return this;
  }

  override computeOutputShape(_inputShape: Shape): Shape {
    return [this.stateSizes[0]!];
  }

  /** The output is the first state. */
  outputOf(states: readonly Tensor[]): Tensor {
    return states[0]!;
  }

  /** All steps at once, by a fused function: with Keras's own activations and without recurrent dropout at work. */
  runSequence(x: Tensor, states: readonly Tensor[], course: Course): Recurrence | null {
    if (!this.isStandard || (this.training && this.recurrentDropout > 0)) return null;
    checkInput(this.operation, x, 'batch, time, features');
    this.prepare(x);
    const [batch, , features] = x.shape as readonly [number, number, number];
    const masks = this.masksOfInputs([batch, features]);
    return this.runFused(masks === null ? x : x.mul(masks.slice(0).expandDims(1)), states, course);
  }

  /** Builds on first use; checks an input and the states that came with it. */
  protected checkStep(x: Tensor, states: readonly Tensor[]): void {
    checkInput(this.operation, x, 'batch, features');
    this.prepare(x);
    const batch = x.shape[0]!;
    for (const [i, state] of checkStates(this.operation, states, this.stateSizes.length).entries()) {
      const size = this.stateSizes[i]!;
      checkInputDType(this.operation, state, x.dtype, `states[${i}]`);
      if (shapesEqual(state.shape, [batch, size])) continue;
      throw new ShapeError(this.operation, { [`states[${i}]`]: state.shape }, `states[${i}] [${batch}, ${size}]`);
    }
  }

  private prepare(x: Tensor): void {
    checkInputDType(this.operation, x, this.kernel.dtype);
    if (!this.kernel.hasValue) this.build(x.shape.slice(-1));
    checkFeatures(this.operation, x, this.kernel.shape[0]!);
  }

  /** x · kernel, [batch, gates · units], of what dropout leaves of x. */
  protected fromInput(x: Tensor): Tensor {
    return gateProducts(x, this.kernel, this.masksOfInputs(x.shape));
  }

  /** h · recurrentKernel, [batch, gates · units], of what dropout leaves of h. */
  protected fromState(h: Tensor): Tensor {
    return gateProducts(h, this.recurrentKernel, this.masksOfState(h.shape));
  }
}

/** x · weights, [batch, columns]; with masks [gates, batch, features] each gate sees another part of x. */
export function gateProducts(x: Tensor, weights: Tensor, masks: Tensor | null): Tensor {
  if (masks === null) return x.matmul(weights);
  const gates = masks.shape[0]!;
  if (gates === 1) return x.mul(masks.slice(0)).matmul(weights);
  const [features, columns] = weights.shape as readonly [number, number];
  const byGate = weights.reshape([features, gates, columns / gates]).swapAxes(0, 1);
  return masks.mul(x).matmul(byGate).swapAxes(0, 1).reshape([x.shape[0]!, columns]);
}

/** Whether the activations are those of the fused functions. */
export const isTanh = (activation: unknown): boolean => activation === activations.tanh;
export const isSigmoid = (activation: unknown): boolean => activation === activations.sigmoid;
