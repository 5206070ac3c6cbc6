import type { Tensor } from '@cotangent/autograd';
import { ArgumentError, type DType, type Shape } from '@cotangent/kernels';
import { checkOptions } from '../../options.js';
import {
  type Cell,
  type Course,
  checkCell,
  checkStates,
  initialStateOf,
  outputShapeOf,
  outputSizeOf,
  type Recurrence,
  RecurrentCell,
  stateShapesOf,
} from './cell.js';
import { recur } from './recurrence.js';

/**
 * Cells as one: the output of each is the input of the next. The states are those of the first, then those of the second, and so on, in one
 * flat array.
 *
 * x [batch, ...features] → the output of the last cell.
 *
 * @param options `cells`: the first one first
 * @throws ArgumentError unless there is a cell at least, and all are cells
 * @see https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/
 * @example
 * const cells = [new nn.LSTMCell({ units: 8 }), new nn.LSTMCell({ units: 4 })];
 * new nn.RNN({ cell: new nn.StackedRNNCells({ cells }) }).call(ones([2, 10, 3])); // [2, 4]
 */
export class StackedRNNCells extends RecurrentCell {
  readonly cells: readonly Cell[];

  constructor(options: { cells: readonly Cell[] }) {
    checkOptions('StackedRNNCells', options, ['cells']);
    super();
    if (!Array.isArray(options.cells) || options.cells.length === 0)
      throw new ArgumentError('StackedRNNCells', 'got no cells; expected an array of at least one');
    this.cells = options.cells.map((cell) => checkCell('StackedRNNCells', cell));
  }

  override get stateSizes(): readonly number[] {
    return this.cells.flatMap((cell) => cell.stateSizes);
  }

  /** That of the last cell which says one. */
  get outputSize(): number | undefined {
    return this.cells.map(outputSizeOf).findLast((size) => size !== undefined);
  }

  override build(inputShape: Shape): this {
    this.along(inputShape, (cell, shape) => cell.build?.(shape));
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return this.cells.reduce((shape, cell) => outputShapeOf(cell, shape), inputShape);
  }

  override stateShapes(inputShape: Shape): readonly Shape[] {
    return this.along(inputShape, stateShapesOf).flat();
  }

  override initialState(batch: number, dtype: DType = this.dtype, inputShape: Shape = []): readonly Tensor[] {
    return this.along(inputShape, (cell, shape) => initialStateOf(cell, batch, dtype, shape)).flat();
  }

  override reset(): void {
    for (const cell of this.cells) cell.reset?.();
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    checkStates('StackedRNNCells', states, this.stateSizes.length);
    const after: Tensor[] = [];
    let output = x;
    for (const cell of this.cells) {
      const own = states.slice(after.length, after.length + cell.stateSizes.length);
      const [next, changed] = cell.call(output, own) as ReturnType<Cell['forward']>;
      output = next;
      after.push(...changed);
    }
    return [output, after];
  }

  /** That of the last cell. */
  outputOf(states: readonly Tensor[]): Tensor | null {
    const last = this.cells.at(-1)!;
    return last.outputOf?.(states.slice(states.length - last.stateSizes.length)) ?? null;
  }

  /** Each cell along the whole sequence that the one before gives: a step waits for those before it and for the cell below, for nothing else. */
  runSequence(x: Tensor, states: readonly Tensor[], course: Course): Recurrence {
    checkStates('StackedRNNCells', states, this.stateSizes.length);
    const results: Recurrence[] = [];
    let taken = 0;
    for (const cell of this.cells) {
      const own = states.slice(taken, taken + cell.stateSizes.length);
      results.push(recur(cell, results.at(-1)?.sequence() ?? x, own, course));
      taken += own.length;
    }
    return { ...results.at(-1)!, states: () => results.flatMap((result) => result.states()) };
  }

  /** Each cell with the shape of its input. */
  private along<R>(inputShape: Shape, f: (cell: Cell, inputShape: Shape) => R): R[] {
    let shape = inputShape;
    return this.cells.map((cell) => {
      const result = f(cell, shape);
      shape = outputShapeOf(cell, shape);
      return result;
    });
  }
}
