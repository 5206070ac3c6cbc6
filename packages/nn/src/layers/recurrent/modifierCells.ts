/** Cells that change what another cell gives, or its input (https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/). */

import { fullView, randomUniform, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, type DType, Generator, type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkNumber, checkOptions } from '../../options.js';
import { Dropout } from '../regularization.js';
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

/** A cell around another, with its shapes and states. */
export abstract class ModifierCell extends RecurrentCell {
  readonly cell: Cell;

  constructor(operation: string, cell: Cell) {
    super();
    this.cell = checkCell(operation, cell);
  }

  override get stateSizes(): readonly number[] {
    return this.cell.stateSizes;
  }

  get outputSize(): number | undefined {
    return outputSizeOf(this.cell);
  }

  override build(inputShape: Shape): this {
    this.cell.build?.(inputShape);
    return this;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return outputShapeOf(this.cell, inputShape);
  }

  override stateShapes(inputShape: Shape): readonly Shape[] {
    return stateShapesOf(this.cell, inputShape);
  }

  override initialState(batch: number, dtype: DType = this.dtype, inputShape: Shape = []): readonly Tensor[] {
    return initialStateOf(this.cell, batch, dtype, inputShape);
  }

  override reset(): void {
    this.cell.reset?.();
  }

  protected step(x: Tensor, states: readonly Tensor[]): readonly [Tensor, readonly Tensor[]] {
    return this.cell.call(x, states) as ReturnType<Cell['forward']>;
  }
}

/**
 * A cell to whose output its input is added (Gluon): y = cell(x) + x.
 *
 * @param options `cell`: one whose output has the shape of its input
 * @throws ArgumentError for a cell that is none; ShapeError where output and input differ
 * @see Wu et al. 2016, arXiv:1609.08144, section 3.1
 * @example new nn.RNN({ cell: new nn.ResidualCell({ cell: new nn.GRUCell({ units: 3 }) }) }).call(ones([2, 10, 3])) // [2, 3]
 */
export class ResidualCell extends ModifierCell {
  constructor(options: { cell: Cell }) {
    checkOptions('ResidualCell', options, ['cell']);
    super('ResidualCell', options.cell);
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    const [y, after] = this.step(x, states);
    return [added(y, x), [...after]];
  }

  /** Without a mask, the steps of the cell inside at once where it can. */
  runSequence(x: Tensor, states: readonly Tensor[], course: Course): Recurrence | null {
    if (course.mask !== null) return null;
    const { sequence, last, states: after } = recur(this.cell, x, states, course);
    return {
      sequence: () => added(sequence(), x),
      last: () => added(last(), x.slice(null, course.reverse ? 0 : -1)),
      states: after,
    };
  }
}

function added(y: Tensor, x: Tensor): Tensor {
  if (shapesEqual(y.shape, x.shape)) return y.add(x);
  throw new ShapeError('ResidualCell', { x: x.shape, output: y.shape }, 'an output with the shape of the input');
}

/** Options of `ZoneoutCell`. */
export interface ZoneoutCellOptions {
  /** The cell whose outputs and states are held. */
  cell: Cell;
  /** Share of the outputs that stay in training as they were the step before (at first 0). @defaultValue 0 */
  zoneoutOutputs?: number;
  /** Share of the states that stay in training as they were. @defaultValue 0 */
  zoneoutStates?: number;
  /** Makes the choice reproducible on its own. @defaultValue drawn from the global generator (`manualSeed`) */
  seed?: number;
}

/**
 * A cell some of whose outputs and states keep, in training, the value of the step before, others in each step (Gluon). In inference it is the
 * cell (the paper then averages).
 *
 * With `zoneoutOutputs` the output is one more state, behind those of the cell.
 *
 * @throws ArgumentError for a cell that is none and for rates out of range
 * @see Krueger et al. 2016, arXiv:1606.01305
 * @example new nn.RNN({ cell: new nn.ZoneoutCell({ cell: new nn.LSTMCell({ units: 8 }), zoneoutStates: 0.1 }) })
 */
export class ZoneoutCell extends ModifierCell {
  readonly zoneoutOutputs: number;
  readonly zoneoutStates: number;
  private readonly generator: Generator | undefined;

  constructor(options: ZoneoutCellOptions) {
    checkOptions('ZoneoutCell', options, ['cell', 'zoneoutOutputs', 'zoneoutStates', 'seed']);
    super('ZoneoutCell', options.cell);
    const bounds = { atLeast: 0, below: 1 };
    this.zoneoutOutputs = checkNumber('ZoneoutCell', 'zoneoutOutputs', options.zoneoutOutputs ?? 0, bounds);
    this.zoneoutStates = checkNumber('ZoneoutCell', 'zoneoutStates', options.zoneoutStates ?? 0, bounds);
    this.generator = options.seed === undefined ? undefined : new Generator(options.seed);
    if (this.zoneoutOutputs > 0 && this.outputSize === undefined)
      throw new ArgumentError('ZoneoutCell', `got a ${this.cell.constructor.name}, which does not say its outputSize`);
  }

  override get stateSizes(): readonly number[] {
    return this.zoneoutOutputs > 0 ? [...super.stateSizes, this.outputSize!] : super.stateSizes;
  }

  override stateShapes(inputShape: Shape): readonly Shape[] {
    const shapes = super.stateShapes(inputShape);
    return this.zoneoutOutputs > 0 ? [...shapes, this.computeOutputShape(inputShape)] : shapes;
  }

  override initialState(batch: number, dtype: DType = this.dtype, inputShape: Shape = []): readonly Tensor[] {
    const states = super.initialState(batch, dtype, inputShape);
    if (this.zoneoutOutputs === 0) return states;
    return [...states, fullView([batch, ...this.computeOutputShape(inputShape)], 0, { dtype })];
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    checkStates('ZoneoutCell', states, this.stateSizes.length);
    const before = this.zoneoutOutputs > 0 ? states.slice(0, -1) : states;
    const [y, after] = this.step(x, before);
    const held = after.map((state, i) => this.held(state, before[i]!, this.zoneoutStates));
    if (this.zoneoutOutputs === 0) return [y, held];
    const output = this.held(y, states.at(-1)!, this.zoneoutOutputs);
    return [output, [...held, output]];
  }

  outputOf(states: readonly Tensor[]): Tensor | null {
    return this.zoneoutOutputs > 0 ? states.at(-1)! : (this.cell.outputOf?.(states) ?? null);
  }

  /** In inference, the steps of the cell inside at once where it can. */
  runSequence(x: Tensor, states: readonly Tensor[], course: Course): Recurrence | null {
    return this.training || this.zoneoutOutputs > 0 ? null : recur(this.cell, x, states, course);
  }

  private held(now: Tensor, before: Tensor, rate: number): Tensor {
    if (!this.training || rate === 0) return now;
    const source = this.generator === undefined ? {} : { generator: this.generator };
    return where(randomUniform(now.shape, source).less(rate), before, now);
  }
}

/**
 * A cell without states that in training drops some of its input, other features in each step (Gluon): to stand between others in
 * `StackedRNNCells`. The `dropout` of a cell drops the same features in all steps.
 *
 * @param options `rate`: share of the input set to 0; `seed`: makes the choice reproducible on its own
 * @throws ArgumentError unless 0 ≤ rate < 1
 * @see https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/gluon/rnn/index.html#mxnet.gluon.rnn.DropoutCell
 * @example
 * const cells = [new nn.LSTMCell({ units: 8 }), new nn.DropoutCell({ rate: 0.2 }), new nn.LSTMCell({ units: 8 })];
 * new nn.RNN({ cell: cells }).call(ones([2, 10, 3])); // [2, 8]
 */
export class DropoutCell extends RecurrentCell {
  override readonly stateSizes: readonly number[] = [];
  private readonly dropout: Dropout;

  constructor(options: { rate: number; seed?: number }) {
    checkOptions('DropoutCell', options, ['rate', 'seed']);
    super();
    checkNumber('DropoutCell', 'rate', options.rate, { atLeast: 0, below: 1 });
    this.dropout = new Dropout(options);
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }

  override forward(x: Tensor, states: readonly Tensor[]): [Tensor, Tensor[]] {
    checkStates('DropoutCell', states, 0);
    return [this.dropout.call(x), []];
  }

  /** Without a mask, all steps at once. */
  runSequence(x: Tensor, _states: readonly Tensor[], { mask, reverse }: Course): Recurrence | null {
    if (mask !== null) return null;
    const y = this.dropout.call(x);
    return { sequence: () => y, last: () => y.slice(null, reverse ? 0 : -1), states: () => [] };
  }
}
