/**
 * GRU over a whole sequence (Cho et al. 2014), in the form whose reset gate comes after the product (cuDNN, Keras's
 * `resetAfter`), with the columns of Keras: z, r, h. The bias has two rows: for the input and for the state.
 *
 * The result packs what the backward pass needs, one behind the other: hidden states [time + 1, batch, units], the initial
 * one first, and gates [time, batch, 4 units] after their activations: z, r, the candidate, and the state's part of the
 * candidate. At a masked step the state stays and the gates are 0.
 */

import type { Block } from '../../block.js';
import type { DispatchedKernel } from '../../kernel.js';
import { copyInto, fill } from '../../move/copy.js';
import type { Shape } from '../../shape.js';
import * as cells from '../../wasm/recurrent/cells.js';
import { packedParts } from '../matrices.js';
import { type Cell, type Engine, type RecurrentPullAttributes, recurrentKernels } from './engine.js';
import {
  addRows,
  clearRow,
  contiguous,
  copyRow,
  forEachMasked,
  groups,
  rowOf,
  sigmoidOf,
  step,
  steps,
  sumRows,
  transposed,
} from './parts.js';

const cell: Cell = {
  simd: cells.gruCell,
  plain: (xz, xr, xn, hz, hr, hn, before) => {
    const [z, r] = [sigmoidOf(xz + hz), sigmoidOf(xr + hr)];
    const n = Math.tanh(xn + r * hn);
    return [z, r, n, hn, n + z * (before - n)];
  },
};

const cellBackward: Cell = {
  simd: cells.gruCellBackward,
  plain: (gh, dhNext, z, r, n, q, before, gz, gr, gn, gq) => {
    const dh = gh + dhNext;
    const dn = (dh * (1 - z) + gn) * (1 - n * n);
    const dz = (dh * (before - n) + gz) * z * (1 - z);
    const dr = (dn * q + gr) * r * (1 - r);
    return [dz, dr, dn, dz, dr, dn * r + gq, dh * z];
  },
};

/** Shapes of what is packed: hidden states, gates. */
export function gruParts(time: number, batch: number, units: number): [Shape, Shape] {
  return [
    [time + 1, batch, units],
    [time, batch, 4 * units],
  ];
}

function partsOf(packed: Block, [x, , recurrent]: readonly Block[]): [Block, Block] {
  const [time, batch] = x!.shape as [number, number];
  return packedParts(packed, gruParts(time, batch, recurrent!.shape[0]!), [true, true]) as [Block, Block];
}

function forward(engine: Engine, out: Block, inputs: readonly Block[]): void {
  const [x, w, recurrent, givenBias, h0, mask] = inputs as readonly [Block, Block, Block, Block, Block, Block?];
  const [hidden, gates] = partsOf(out, inputs);
  const [time, batch] = x.shape as [number, number];
  const units = recurrent.shape[0]!;
  copyInto(step(hidden, 0), h0);
  if (out.size === 0 || time === 0) return;
  const bias = contiguous(engine, givenBias);
  const fromInputs = engine.lease([time, batch, 3 * units]);
  engine.multiply(steps(fromInputs, 0, time), steps(contiguous(engine, x), 0, time), w, rowOf(bias, 0));
  const fromState = engine.lease([batch, 3 * units]);
  const right = engine.prepare(recurrent);
  for (let t = 0; t < time; t++) {
    const [before, h, now] = [step(hidden, t), step(hidden, t + 1), step(gates, t)];
    right.multiply(fromState, before, { bias: rowOf(bias, 1) });
    const sums = [...groups(step(fromInputs, t), units), ...groups(fromState, units)];
    engine.run(cell, [...groups(now, units), h], [...sums, before]);
    forEachMasked(mask, t, (b) => {
      copyRow(h, before, b);
      clearRow(now, b);
    });
  }
}

function backward(engine: Engine, out: Block, inputs: readonly Block[], { wanted }: RecurrentPullAttributes): void {
  const [g, ...blocks] = inputs as [Block, ...Block[]];
  const packed = blocks.at(-1)!;
  const given: readonly Block[] = blocks.slice(0, -1);
  const [x, w, recurrent, , , mask] = given as readonly [Block, Block, Block, Block, Block, Block?];
  if (out.size === 0) return;
  const shapes = given.slice(0, 5).map(({ shape }) => shape);
  const [dx, dw, dRecurrent, dBias, dh0] = packedParts(out, shapes, wanted);
  const [hidden, gates] = partsOf(contiguous(engine, packed), given);
  const [gHidden, gGates] = partsOf(contiguous(engine, g), given);
  const [time, batch] = x.shape as [number, number];
  const units = recurrent.shape[0]!;

  // Of the sums from the inputs, and of those from the state.
  const [dInputs, dState] = [0, 1].map(() => engine.lease([time, batch, 3 * units])) as [Block, Block];
  let [dh, dhNext] = [0, 1].map(() => engine.lease([batch, units])) as [Block, Block];
  fill(dh, 0);
  const right = engine.prepare(transposed(recurrent));
  for (let t = time - 1; t >= 0; t--) {
    const [gh, fromInputs, fromState] = [step(gHidden, t + 1), step(dInputs, t), step(dState, t)];
    engine.run(
      cellBackward,
      [...groups(fromInputs, units), ...groups(fromState, units), dhNext],
      [gh, dh, ...groups(step(gates, t), units), step(hidden, t), ...groups(step(gGates, t), units)],
    );
    forEachMasked(mask, t, (b) => {
      clearRow(fromInputs, b);
      clearRow(fromState, b);
      addRows(dhNext, gh, dh, b);
    });
    right.multiply(dhNext, fromState, { accumulate: true });
    [dh, dhNext] = [dhNext, dh];
  }
  const [rows, stateRows] = [steps(dInputs, 0, time), steps(dState, 0, time)];
  if (dx != null) engine.multiply(steps(dx, 0, time), rows, transposed(w));
  if (dw != null) engine.multiply(dw, transposed(steps(contiguous(engine, x), 0, time)), rows);
  if (dRecurrent != null) engine.multiply(dRecurrent, transposed(steps(hidden, 0, time)), stateRows);
  if (dBias != null) {
    sumRows(rowOf(dBias, 0), rows);
    sumRows(rowOf(dBias, 1), stateRows);
  }
  if (dh0 != null) for (let b = 0; b < batch; b++) addRows(dh0, dh, step(gHidden, 0), b);
}

const kernels = recurrentKernels(forward, backward);

/**
 * The packed states and gates (see above) of inputs x [time, batch, features], kernel [features, 3 units], recurrent kernel
 * [units, 3 units], bias [2, 3 units], initial h [batch, units], and a mask [time, batch] of bools, if there is one: false
 * keeps the state.
 */
export const gru: DispatchedKernel = kernels.forward;

/** The wanted cotangents of the five inputs, one behind the other, from that of the result, the inputs and the result. */
export const gruBackward: DispatchedKernel<RecurrentPullAttributes> = kernels.backward;
