/** One step of a recurrence: what a cell is, and what is assumed of one that does not say. */

import { fullView, type Tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, type Shape, ShapeError } from '@cotangent/kernels';
import { Module } from '../../module.js';
import { shown } from '../../options.js';

/** How a recurrence goes through the steps of a sequence. */
export interface Course {
  /** bool [batch, time]: where false, the step is skipped and the states stay; null for no mask. */
  readonly mask: Tensor | null;
  /** Whether to go from the last step to the first. */
  readonly reverse: boolean;
}

/** What a recurrence gives, each made when it is asked for: what is recorded and never used would only hold memory. */
export interface Recurrence {
  /** `[batch, time, ...output]`: the output of each step, at the time it belongs to. Of a step that was skipped, the one before it. */
  readonly sequence: () => Tensor;
  /** `[batch, ...output]`: of the step that came last. */
  readonly last: () => Tensor;
  /** The states after the step that came last. */
  readonly states: () => readonly Tensor[];
}

/**
 * A module that takes one step of a recurrence: x [batch, ...features] and the states before, to an output [batch, ...] and the states after.
 * `RNN` runs it along sequences. Only `stateSizes` and `forward` are needed; the rest has defaults.
 *
 * @see https://keras.io/api/layers/recurrent_layers/rnn/
 * @example
 * class Sum extends nn.Module {
 *   stateSizes = [4];
 *   forward(x: Tensor, [total]: readonly Tensor[]): [Tensor, Tensor[]] {
 *     const sum = total!.add(x);
 *     return [sum, [sum]];
 *   }
 * }
 * new nn.RNN({ cell: new Sum() }).call(ones([2, 10, 4])); // [2, 4], all 10
 */
export interface Cell extends Module {
  /** Features of each state [batch, size]. */
  readonly stateSizes: readonly number[];
  /** Features of the output [batch, size]. @defaultValue the first state size (Keras) */
  readonly outputSize?: number | undefined;
  forward(x: Tensor, states: readonly Tensor[]): readonly [output: Tensor, states: readonly Tensor[]];
  /** Gives the parameters their shapes, for one input of one step, without the batch axis. */
  build?(inputShape: Shape): unknown;
  /** Shape of one output, for that of one input. @defaultValue [outputSize] */
  computeOutputShape?(inputShape: Shape): Shape;
  /** Shapes of one state each, for that of one input. @defaultValue [size] for each state size */
  stateShapes?(inputShape: Shape): readonly Shape[];
  /** The states before the first step. @defaultValue zeros */
  initialState?(batch: number, dtype: DType, inputShape: Shape): readonly Tensor[];
  /** Prepares for another sequence: masks of dropout that hold for all steps of one are forgotten. */
  reset?(): void;
  /** The output that belongs to states, where they say it: what steps skipped at the beginning give. @defaultValue zeros */
  outputOf?(states: readonly Tensor[]): Tensor | null;
  /** All steps at once, if there is a faster way than one by one; null where there is none. Hooks of the cell hear nothing of it. */
  runSequence?(x: Tensor, states: readonly Tensor[], course: Course): Recurrence | null;
}

/** The value, if it is a cell. @throws ArgumentError */
export function checkCell(operation: string, value: unknown): Cell {
  if (value instanceof Module && 'stateSizes' in value && Array.isArray(value.stateSizes))
    return value as Module as Cell;
  throw new ArgumentError(
    operation,
    `got cell ${shown(value)}; expected a module with stateSizes and forward(x, states)`,
    'For example new nn.LSTMCell({ units: 8 }).',
  );
}

/** Features of a cell's output, where they do not depend on its input. */
export const outputSizeOf = (cell: Cell): number | undefined => cell.outputSize ?? cell.stateSizes[0];

/** The shapes of a cell's states, without the batch axis. */
export const stateShapesOf = (cell: Cell, inputShape: Shape): readonly Shape[] =>
  cell.stateShapes?.(inputShape) ?? cell.stateSizes.map((size) => [size]);

/** The shape of a cell's output, without the batch axis. */
export const outputShapeOf = (cell: Cell, inputShape: Shape): Shape =>
  cell.computeOutputShape?.(inputShape) ?? [outputSizeOf(cell)!];

/** A cell's states before the first step. */
export const initialStateOf = (cell: Cell, batch: number, dtype: DType, inputShape: Shape): readonly Tensor[] =>
  cell.initialState?.(batch, dtype, inputShape) ??
  stateShapesOf(cell, inputShape).map((shape) => fullView([batch, ...shape], 0, { dtype }));

/** The states, if there are as many as a cell has. @throws ShapeError */
export function checkStates(operation: string, states: readonly Tensor[], count: number): readonly Tensor[] {
  if (Array.isArray(states) && states.length === count) return states;
  const came = Array.isArray(states) ? [states.length] : states;
  throw Array.isArray(came)
    ? new ShapeError(operation, { states: came }, `an array of ${count}`)
    : new ArgumentError(operation, `got states ${shown(states)}; expected an array of ${count} tensors`);
}

/**
 * Base of the cells: a cell that answers every question one may ask of it.
 *
 * @example
 * new nn.LSTMCell({ units: 8 }) instanceof nn.RecurrentCell; // → true
 */
export abstract class RecurrentCell extends Module {
  abstract readonly stateSizes: readonly number[];

  abstract override forward(x: Tensor, states: readonly Tensor[]): [output: Tensor, states: Tensor[]];

  /** Gives the parameters their shapes and first values, for one input of one step (without the batch axis). The first call does it too. */
  build(_inputShape: Shape): this {
    return this;
  }

  /** Shapes of one state each, without the batch axis. */
  stateShapes(_inputShape: Shape): readonly Shape[] {
    return this.stateSizes.map((size) => [size]);
  }

  /** Shape of the output for one input of a shape, both without the batch axis. */
  abstract computeOutputShape(inputShape: Shape): Shape;

  /** Of the parameters, and so of inputs and states. */
  get dtype(): DType {
    return this.parameters()[0]?.dtype ?? 'float32';
  }

  /** Zeros for the states before the first step. @param inputShape needed by convolutional cells only */
  initialState(batch: number, dtype: DType = this.dtype, inputShape: Shape = []): readonly Tensor[] {
    return this.stateShapes(inputShape).map((shape) => fullView([batch, ...shape], 0, { dtype }));
  }

  /** Prepares for another sequence: the next step draws other masks of dropout. `RNN` calls it before and after each sequence. */
  reset(): void {}
}
