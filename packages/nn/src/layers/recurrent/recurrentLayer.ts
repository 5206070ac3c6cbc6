/** What RNN, SimpleRNN, LSTM, GRU and the ConvLSTMs share: a cell along sequences, and what of it is handed out. */

import { flip, isTensor, persistent, stopGradient, type Tensor, where } from '@cotangent/autograd';
import { ArgumentError, DTypeError, type Shape, ShapeError, shapesEqual } from '@cotangent/kernels';
import { setMask } from '../../masks.js';
import { checkBoolean, checkOptions, checkTensor } from '../../options.js';
import { checkInput, paddingMask } from '../inputs.js';
import { Layer, type LayerOptions, layerOptionNames } from '../layer.js';
import { type Cell, checkStates, initialStateOf, outputShapeOf, type Recurrence, stateShapesOf } from './cell.js';
import { alongside, recur } from './recurrence.js';

/** Options that all recurrent layers share. */
export interface RecurrentLayerOptions<WithState extends boolean = boolean> extends LayerOptions {
  /** Whether to give the outputs of all steps, and not that of the last alone. @defaultValue false */
  returnSequences?: boolean;
  /** Whether to give the states after the last step too, in an array behind the output. @defaultValue false */
  returnState?: WithState;
  /** Whether to go from the last step to the first; sequences come out in that order, and their masks. @defaultValue false */
  goBackwards?: boolean;
  /**
   * Whether to begin where the call before ended: sample i of a batch goes on with sample i of the next, until `resetStates()`. Gradients
   * do not reach back into the call before. @defaultValue false
   */
  stateful?: boolean;
  /** Whether the output of a step that a mask skips is 0, instead of that of the step before. @defaultValue false */
  zeroOutputForMask?: boolean;
}

/** The names of those options, for checks. */
export const recurrentLayerNames: readonly string[] = [
  'returnSequences',
  'returnState',
  'goBackwards',
  'stateful',
  'zeroOutputForMask',
  ...layerOptionNames,
];

/** Those of the options that have one of the names. */
export function pick<Options extends object>(options: Options, names: readonly string[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name))) as Options;
}

/** Options of a call of a recurrent layer. */
export interface RecurrentCallOptions {
  /** bool [batch, time], false where a step is skipped; null for no mask. @defaultValue the mask that travels with x */
  mask?: Tensor | null;
  /** The states before the first step, [batch, size] each; one that is alone without an array. @defaultValue zeros, or, where `stateful`, those that the call before left */
  initialState?: Tensor | readonly Tensor[] | null;
}

/** What a recurrent layer gives: the output; with `returnState` an array of it and the states. */
export type RecurrentOutput<WithState extends boolean> = WithState extends true
  ? [output: Tensor, ...states: Tensor[]]
  : Tensor;

/**
 * Base of the recurrent layers.
 *
 * @throws ArgumentError for options out of range
 * @example
 * const lstm = new nn.LSTM({ units: 8, returnSequences: true });
 * lstm instanceof nn.RecurrentLayer; // → true
 * lstm.call(zeros([2, 10, 4])).shape; // → [2, 10, 8]
 */
export abstract class RecurrentLayer<C extends Cell = Cell, WithState extends boolean = boolean> extends Layer {
  readonly cell: C;
  readonly returnSequences: boolean;
  readonly returnState: WithState;
  readonly stateful: boolean;
  readonly zeroOutputForMask: boolean;
  private backwards: boolean;
  private kept: readonly Tensor[] | null = null;

  constructor(
    protected readonly operation: string,
    cell: C,
    options: RecurrentLayerOptions<WithState>,
  ) {
    super(options);
    const flag = (
      name: 'returnSequences' | 'returnState' | 'goBackwards' | 'stateful' | 'zeroOutputForMask',
    ): boolean => checkBoolean(operation, name, options[name] ?? false);
    this.cell = cell;
    this.returnSequences = flag('returnSequences');
    this.returnState = flag('returnState') as WithState;
    this.backwards = flag('goBackwards');
    this.stateful = flag('stateful');
    this.zeroOutputForMask = flag('zeroOutputForMask');
    if (this.inputShape !== undefined) this.build(this.inputShape);
  }

  /** Whether it goes from the last step to the first. */
  get goBackwards(): boolean {
    return this.backwards;
  }

  /** A layer of the same options that goes the other way, with parameters of its own. @throws ArgumentError unless this one is still without values */
  reversed(): this {
    if (this.parameters().some((parameter) => parameter.hasValue))
      throw new ArgumentError(
        this.operation,
        'its parameters have values already, and one that goes the other way needs its own',
        'Pass backwardLayer, or give inputShape to the outer layer only.',
      );
    const other = this.clone();
    other.backwards = !this.backwards;
    return other;
  }

  /** The states that the call before left, where the layer is stateful; null before the first. */
  get states(): readonly Tensor[] | null {
    return this.kept?.map((state) => state.detach()) ?? null;
  }

  /** Lets a stateful layer go on from states; null from zeros. */
  set states(states: readonly Tensor[] | null) {
    this.keep(states?.map(persistent) ?? null);
  }

  /** Lets a stateful layer begin anew, from zeros. */
  resetStates(): void {
    this.keep(null);
  }

  /** @param inputShape [time, ...features] */
  override build(inputShape: Shape): this {
    this.cell.build?.(this.stepShape(inputShape));
    return this;
  }

  /** Shape of the output alone, also with `returnState`. */
  override computeOutputShape(inputShape: Shape): Shape {
    const output = outputShapeOf(this.cell, this.stepShape(inputShape));
    return this.returnSequences ? [inputShape[0]!, ...output] : output;
  }

  override forward(x: Tensor, options: RecurrentCallOptions = {}): RecurrentOutput<WithState> {
    checkOptions(this.operation, options, ['mask', 'initialState']);
    checkInput(this.operation, x, 'batch, time, ..., features');
    const states = this.statesBefore(x, options.initialState ?? null);
    const mask = paddingMask(this.operation, 'mask', options.mask, x);
    this.cell.reset?.();
    const course = { mask, reverse: this.goBackwards };
    const recurrence = recur(this.cell, x, states, course);
    this.cell.reset?.();
    if (this.stateful) this.keep(recurrence.states().map(persistent));
    const output = this.outputOf(recurrence, mask);
    return (this.returnState ? [output, ...recurrence.states()] : output) as RecurrentOutput<WithState>;
  }

  /** Keeps other states; the memory of those before is free once nothing uses it. */
  private keep(states: readonly Tensor[] | null): void {
    for (const state of this.kept ?? []) state[Symbol.dispose]();
    this.kept = states;
  }

  private stepShape(inputShape: Shape): Shape {
    if (inputShape.length >= 2) return inputShape.slice(1);
    throw new ShapeError(this.operation, { sample: inputShape }, 'a sample [time, ...features]');
  }

  /** Where the recurrence begins. */
  private statesBefore(x: Tensor, given: Tensor | readonly Tensor[] | null): readonly Tensor[] {
    const [batch, time] = x.shape as readonly [number, number];
    if (time === 0) throw new ShapeError(this.operation, { x: x.shape }, 'at least one step');
    const inputShape = this.stepShape(x.shape.slice(1));
    // Not the tensors that are kept: their memory is given up when others take their place.
    const states = isTensor(given) ? [given] : (given ?? this.kept?.map(stopGradient) ?? null);
    if (states === null) return initialStateOf(this.cell, batch, x.dtype, inputShape);
    const shapes = stateShapesOf(this.cell, inputShape).map((shape) => [batch, ...shape]);
    for (const [i, state] of checkStates(this.operation, states, shapes.length).entries()) {
      const name = given === null ? 'the state of the call before' : `initialState[${i}]`;
      if (checkTensor(this.operation, name, state).dtype !== x.dtype)
        throw new DTypeError(this.operation, { [name]: state.dtype }, x.dtype, `Convert with .cast('${x.dtype}').`);
      if (shapesEqual(state.shape, shapes[i]!)) continue;
      const mend = given === null ? 'Call resetStates() before another batch.' : undefined;
      throw new ShapeError(
        this.operation,
        { x: x.shape, [name]: state.shape },
        `states [${shapes[i]!.join(', ')}]`,
        mend,
      );
    }
    return states;
  }

  /** The output that the options ask for, with its mask. */
  private outputOf({ sequence, last }: Recurrence, mask: Tensor | null): Tensor {
    if (!this.returnSequences && (mask === null || !this.zeroOutputForMask)) return last();
    const inOrder = this.goBackwards ? (x: Tensor): Tensor => flip(x, { axis: 1 }) : (x: Tensor): Tensor => x;
    const outputs = inOrder(sequence());
    if (mask === null) return outputs;
    const taken = inOrder(mask);
    const shown = this.zeroOutputForMask ? where(alongside(taken, outputs), outputs, 0) : outputs;
    return this.returnSequences ? setMask(shown, taken) : shown.slice(null, -1);
  }
}
