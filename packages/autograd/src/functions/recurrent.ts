/** Recurrent layers over whole sequences, as functions. */

import { DTypeError, ShapeError, shapesEqual } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as rows from '../primitives/recurrent.js';
import type { Tensor } from '../tensor.js';
import { where } from './elementwise.js';
import { checkTensor } from './operands.js';
import { fullView, stack } from './shape.js';

/** Options of the recurrent layers. */
export interface RecurrentOptions {
  /** bool [batch, time]: where false, the step is skipped and the state stays (Keras). @defaultValue all true */
  mask?: Tensor;
  /** Whether to go from the last step to the first. @defaultValue false */
  reverse?: boolean;
}

/** Options of `lstm`. */
export interface LSTMFunctionOptions extends RecurrentOptions {
  /** h and c before the first step, [batch, units] each. @defaultValue zeros */
  initialState?: readonly [hidden: Tensor, cell: Tensor];
}

/** Options of `simpleRNN`. */
export interface RNNFunctionOptions extends RecurrentOptions {
  /** h before the first step, [batch, units]. @defaultValue zeros */
  initialState?: Tensor;
}

/** Options of `gru`. */
export interface GRUFunctionOptions extends RNNFunctionOptions {
  /** Whether the reset gate comes after the product with the state (cuDNN, Keras, PyTorch) or before. @defaultValue true */
  resetAfter?: boolean;
}

/** What a recurrent layer gives. */
export interface RecurrentResult {
  /** `[batch, time, units]`: h after each step, at the time it belongs to, also in reverse (Keras's goBackwards turns them). */
  readonly sequence: Tensor;
  /** `[batch, units]`: h after the last step that was taken. */
  readonly hidden: Tensor;
}

/** What `lstm` gives. */
export interface LSTMResult extends RecurrentResult {
  /** `[batch, units]`: c after the last step that was taken. */
  readonly cell: Tensor;
}

const optionNames = ['initialState', 'mask', 'reverse'];

/** Time first, in the order of the steps. */
function ordered(x: Tensor, reverse: boolean): Tensor {
  const steps = x.swapAxes(0, 1);
  return reverse ? steps.slice([null, null, -1]) : steps;
}

interface Sequences {
  /** [time, batch, …] each. */
  readonly x: Tensor;
  readonly mask: Tensor | undefined;
  readonly batch: number;
}

function sequencesOf(name: string, given: Tensor, { mask, reverse = false }: RecurrentOptions): Sequences {
  const x = checkTensor(name, given);
  if (x.rank !== 3) {
    const mend = x.rank === 2 ? 'Add a batch axis with .expandDims(0).' : undefined;
    throw new ShapeError(name, { x: x.shape }, 'x [batch, time, features]', mend);
  }
  if (mask !== undefined) {
    if (checkTensor(name, mask).dtype !== 'bool') {
      const mend = "Convert with .cast('bool').";
      throw new DTypeError(name, { mask: mask.dtype }, 'a mask of bools, false where a step is skipped', mend);
    }
    if (!shapesEqual(mask.shape, x.shape.slice(0, 2))) {
      throw new ShapeError(name, { x: x.shape, mask: mask.shape }, 'x [batch, time, features] and mask [batch, time]');
    }
  }
  return { x: ordered(x, reverse), mask: mask && ordered(mask, reverse), batch: x.shape[0]! };
}

const zeroState = (batch: number, recurrent: Tensor): Tensor =>
  fullView([batch, recurrent.shape[0]!], 0, { dtype: recurrent.dtype });

/** Computes when it is first asked, and then remembers. */
function lazily<T>(compute: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}

/** Runs a row; the states after each step, [time + 1, batch, units], the initial one first, each made when it is asked for. */
function histories(
  row: Primitive<undefined>,
  maskedRow: Primitive<undefined>,
  { x, mask, batch }: Sequences,
  weights: readonly Tensor[],
  states: readonly Tensor[],
): (() => Tensor)[] {
  const inputs = [x, ...weights, ...states];
  const packed = mask === undefined ? apply(row, inputs, undefined) : apply(maskedRow, [...inputs, mask], undefined);
  const extents = [x.shape[0]! + 1, batch, states[0]!.shape[1]!];
  const size = extents.reduce((a, b) => a * b, 1);
  return states.map((_, k) => lazily(() => packed.slice([k * size, (k + 1) * size]).reshape(extents)));
}

/**
 * The result out of the states after each step, the initial one first. What nobody asks for is not computed: recorded and never used, it
 * would hold on to the memory of all the steps.
 */
function resultOf(history: () => Tensor, reverse: boolean, cells?: () => Tensor): RecurrentResult & { cell?: Tensor } {
  const sequence = lazily(() => {
    const after = history().slice([1, null]);
    return (reverse ? after.slice([null, null, -1]) : after).swapAxes(0, 1);
  });
  const hidden = lazily(() => history().slice(-1));
  const result = {
    get sequence() {
      return sequence();
    },
    get hidden() {
      return hidden();
    },
  };
  if (cells === undefined) return result;
  const cell = lazily(() => cells().slice(-1));
  return Object.defineProperty(result, 'cell', { get: cell, enumerable: true });
}

/**
 * A long short-term memory over whole sequences: at each step
 *
 *   i, f, o = σ(x W + h R + b) and g = tanh(x W + h R + b), each with its columns; c ← f c + i g; h ← o tanh c.
 *
 * The products with the inputs are one for all steps, and so are the gradients of the weights; each step is one product with
 * the state and one pass over the gates, forward and backward. Derivatives beyond the first go step by step through
 * ordinary operations.
 *
 * @param x [batch, time, features]
 * @param kernel W [features, 4 units], columns i, f, g, o (Keras's i, f, c, o; PyTorch's, transposed)
 * @param recurrentKernel R [units, 4 units]
 * @param bias b [4 units]; PyTorch's two added up
 * @throws ShapeError when the extents do not fit; DTypeError unless all have one floating dtype
 * @see Hochreiter & Schmidhuber 1997; https://keras.io/api/layers/recurrent_layers/lstm/
 * @example
 * const [x, w, r, b] = [ones([1, 2, 3]), zeros([3, 4]), zeros([1, 4]), zeros([4])];
 * lstm(x, w, r, b, { initialState: [zeros([1, 1]), ones([1, 1])] }).cell; // → [[0.25]]
 */
export function lstm(
  x: Tensor,
  kernel: Tensor,
  recurrentKernel: Tensor,
  bias: Tensor,
  options: LSTMFunctionOptions = {},
): LSTMResult {
  checkOptions('lstm', options, optionNames);
  const weights = [kernel, recurrentKernel, bias].map((weight) => checkTensor('lstm', weight));
  const sequences = sequencesOf('lstm', x, options);
  const initial = options.initialState ?? [0, 1].map(() => zeroState(sequences.batch, recurrentKernel));
  const states = initial.map((state) => checkTensor('lstm', state));
  const [hidden, cell] = histories(rows.lstm, rows.lstmMasked, sequences, weights, states);
  return resultOf(hidden!, options.reverse ?? false, cell!) as LSTMResult;
}

/**
 * Gated recurrent units over whole sequences: at each step
 *
 *   z, r = σ(x W + b₀ + h R + b₁), n = tanh(x W + b₀ + r (h R + b₁)), each with its columns; h ← z h + (1 − z) n.
 *
 * With `resetAfter: false` the reset comes before the product, n = tanh(x W + (r h) R + b), and there is one bias; that form
 * is computed step by step from ordinary operations.
 *
 * @param x [batch, time, features]
 * @param kernel W [features, 3 units], columns z, r, n (Keras's z, r, h; PyTorch has r, z, n)
 * @param recurrentKernel R [units, 3 units]
 * @param bias [2, 3 units], for the input and for the state; with `resetAfter: false` [3 units]
 * @throws ShapeError when the extents do not fit; DTypeError unless all have one floating dtype
 * @see Cho et al. 2014; https://keras.io/api/layers/recurrent_layers/gru/
 * @example
 * const [x, w, r, b] = [ones([1, 2, 3]), zeros([3, 3]), zeros([1, 3]), zeros([2, 3])];
 * gru(x, w, r, b, { initialState: ones([1, 1]) }).hidden; // → [[0.25]]
 */
export function gru(
  x: Tensor,
  kernel: Tensor,
  recurrentKernel: Tensor,
  bias: Tensor,
  options: GRUFunctionOptions = {},
): RecurrentResult {
  checkOptions('gru', options, [...optionNames, 'resetAfter']);
  const weights = [kernel, recurrentKernel, bias].map((weight) => checkTensor('gru', weight));
  const sequences = sequencesOf('gru', x, options);
  const initial = checkTensor('gru', options.initialState ?? zeroState(sequences.batch, recurrentKernel));
  const history =
    options.resetAfter === false
      ? resetBefore(sequences, weights, initial)
      : histories(rows.gru, rows.gruMasked, sequences, weights, [initial])[0]!;
  return resultOf(history, options.reverse ?? false);
}

/** The states of a GRU whose reset gate comes before the product, step by step. */
function resetBefore({ x, mask, batch }: Sequences, weights: readonly Tensor[], initial: Tensor): () => Tensor {
  const [kernel, recurrent, bias] = weights as readonly [Tensor, Tensor, Tensor];
  const [units, wide] = recurrent.shape as readonly [number, number];
  const fits =
    wide === 3 * units &&
    shapesEqual(kernel.shape, [x.shape[2]!, wide]) &&
    shapesEqual(bias.shape, [wide]) &&
    shapesEqual(initial.shape, [batch, units]);
  if (!fits) {
    throw new ShapeError(
      'gru',
      {
        x: [batch, x.shape[0]!, x.shape[2]!],
        kernel: kernel.shape,
        recurrentKernel: recurrent.shape,
        bias: bias.shape,
        h: initial.shape,
      },
      'x [batch, time, features], kernel [features, 3 · units], recurrentKernel [units, 3 · units], bias [3 · units], states [batch, units]',
    );
  }
  const fromInputs = x.matmul(kernel).add(bias);
  const [gates, candidate] = [recurrent.slice(null, [0, 2 * units]), recurrent.slice(null, [2 * units, wide])];
  let h = initial;
  const history = [h];
  for (let t = 0; t < x.shape[0]!; t++) {
    const sums = fromInputs.slice(t);
    const both = sums
      .slice(null, [0, 2 * units])
      .add(h.matmul(gates))
      .sigmoid();
    const [z, r] = [both.slice(null, [0, units]), both.slice(null, [units, 2 * units])];
    const n = sums
      .slice(null, [2 * units, wide])
      .add(r.mul(h).matmul(candidate))
      .tanh();
    const moved = n.add(z.mul(h.sub(n)));
    h = mask === undefined ? moved : where(mask.slice(t).expandDims(-1), moved, h);
    history.push(h);
  }
  return lazily(() => stack(history));
}

/**
 * The plain recurrent layer over whole sequences: at each step h ← tanh(x W + h R + b).
 *
 * @param x [batch, time, features]
 * @param kernel W [features, units]
 * @param recurrentKernel R [units, units]
 * @param bias b [units]
 * @throws ShapeError when the extents do not fit; DTypeError unless all have one floating dtype
 * @see Elman 1990; https://keras.io/api/layers/recurrent_layers/simple_rnn/
 * @example
 * simpleRNN(ones([1, 2, 3]), zeros([3, 1]), ones([1, 1]), zeros([1])).hidden; // → [[0]]
 */
export function simpleRNN(
  x: Tensor,
  kernel: Tensor,
  recurrentKernel: Tensor,
  bias: Tensor,
  options: RNNFunctionOptions = {},
): RecurrentResult {
  checkOptions('simpleRNN', options, optionNames);
  const weights = [kernel, recurrentKernel, bias].map((weight) => checkTensor('simpleRNN', weight));
  const sequences = sequencesOf('simpleRNN', x, options);
  const initial = checkTensor('simpleRNN', options.initialState ?? zeroState(sequences.batch, recurrentKernel));
  const [history] = histories(rows.simpleRNN, rows.simpleRNNMasked, sequences, weights, [initial]);
  return resultOf(history!, options.reverse ?? false);
}
