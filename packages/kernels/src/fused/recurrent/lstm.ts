/**
 * LSTM over a whole sequence (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000 for the forget gate), with the
 * columns of Keras: i, f, c, o.
 *
 * The result packs what the backward pass needs, one behind the other: hidden states [time + 1, batch, units], the initial
 * one first, cell states likewise, and gates [time, batch, 4 units] after their activations. At a masked step the states
 * stay and the gates are 0.
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
  sigmoidOf,
  step,
  steps,
  sumRows,
  transposed,
} from './parts.js';

const cell: Cell = {
  simd: cells.lstmCell,
  plain: (zi, zf, zg, zo, before) => {
    const [i, f, g, o] = [sigmoidOf(zi), sigmoidOf(zf), Math.tanh(zg), sigmoidOf(zo)];
    const c = f * before + i * g;
    return [i, f, g, o, c, o * Math.tanh(c)];
  },
};

const cellBackward: Cell = {
  simd: cells.lstmCellBackward,
  plain: (gh, dhNext, gc, dcNext, i, f, g, o, c, before, gi, gf, gg, go) => {
    const dh = gh + dhNext;
    const squashed = Math.tanh(c);
    const dc = gc + dcNext + dh * o * (1 - squashed * squashed);
    return [
      (dc * g + gi) * i * (1 - i),
      (dc * before + gf) * f * (1 - f),
      (dc * i + gg) * (1 - g * g),
      (dh * squashed + go) * o * (1 - o),
      dc * f,
    ];
  },
};

/** Shapes of what is packed: hidden states, cell states, gates. */
export function lstmParts(time: number, batch: number, units: number): [Shape, Shape, Shape] {
  return [
    [time + 1, batch, units],
    [time + 1, batch, units],
    [time, batch, 4 * units],
  ];
}

const all = [true, true, true];

function partsOf(packed: Block, [x, , recurrent]: readonly Block[]): [Block, Block, Block] {
  const [time, batch] = x!.shape as [number, number];
  return packedParts(packed, lstmParts(time, batch, recurrent!.shape[0]!), all) as [Block, Block, Block];
}

function forward(engine: Engine, out: Block, inputs: readonly Block[]): void {
  const [x, w, recurrent, bias, h0, c0, mask] = inputs as readonly [Block, Block, Block, Block, Block, Block, Block?];
  const [hidden, cellStates, gates] = partsOf(out, inputs);
  const [time] = x.shape as [number];
  const units = recurrent.shape[0]!;
  copyInto(step(hidden, 0), h0);
  copyInto(step(cellStates, 0), c0);
  if (out.size === 0 || time === 0) return;
  engine.multiply(steps(gates, 0, time), steps(contiguous(engine, x), 0, time), w, contiguous(engine, bias));
  const right = engine.prepare(recurrent);
  for (let t = 0; t < time; t++) {
    const [before, h] = [step(hidden, t), step(hidden, t + 1)];
    const [cBefore, c] = [step(cellStates, t), step(cellStates, t + 1)];
    const z = step(gates, t);
    right.multiply(z, before, { accumulate: true });
    const columns = groups(z, units);
    engine.run(cell, [...columns, c, h], [...columns, cBefore]);
    forEachMasked(mask, t, (b) => {
      copyRow(h, before, b);
      copyRow(c, cBefore, b);
      clearRow(z, b);
    });
  }
}

function backward(engine: Engine, out: Block, inputs: readonly Block[], { wanted }: RecurrentPullAttributes): void {
  const [g, ...blocks] = inputs as [Block, ...Block[]];
  const packed = blocks.at(-1)!;
  const given: readonly Block[] = blocks.slice(0, -1);
  const [x, w, recurrent, , , , mask] = given as readonly [Block, Block, Block, Block, Block, Block, Block?];
  if (out.size === 0) return;
  const [dx, dw, dRecurrent, dBias, dh0, dc0] = packedParts(
    out,
    given.slice(0, 6).map(({ shape }) => shape),
    wanted,
  );
  const [hidden, cellStates, gates] = partsOf(contiguous(engine, packed), given);
  const [gHidden, gCells, gGates] = partsOf(contiguous(engine, g), given);
  const [time, batch] = x.shape as [number, number];
  const units = recurrent.shape[0]!;

  const dz = engine.lease([time, batch, 4 * units]);
  // Cotangents that come from later steps, of h and c; those that go on to earlier ones take turns with them.
  let [dh, dhNext, dc, dcNext] = [0, 1, 2, 3].map(() => engine.lease([batch, units])) as [Block, Block, Block, Block];
  for (const last of [dh, dc]) fill(last, 0);
  const right = engine.prepare(transposed(recurrent));
  for (let t = time - 1; t >= 0; t--) {
    const [gh, gc] = [step(gHidden, t + 1), step(gCells, t + 1)];
    const now = step(dz, t);
    engine.run(
      cellBackward,
      [...groups(now, units), dcNext],
      [
        ...[gh, dh, gc, dc, ...groups(step(gates, t), units), step(cellStates, t + 1), step(cellStates, t)],
        ...groups(step(gGates, t), units),
      ],
    );
    forEachMasked(mask, t, (b) => clearRow(now, b));
    right.multiply(dhNext, now, {});
    forEachMasked(mask, t, (b) => {
      addRows(dhNext, gh, dh, b);
      addRows(dcNext, gc, dc, b);
    });
    [dh, dhNext, dc, dcNext] = [dhNext, dh, dcNext, dc];
  }
  const rows = steps(dz, 0, time);
  if (dx != null) engine.multiply(steps(dx, 0, time), rows, transposed(w));
  const [inputRows, stateRows] = [steps(contiguous(engine, x), 0, time), steps(hidden, 0, time)];
  engine.multiplyEach(
    [
      [dw, transposed(inputRows)],
      [dRecurrent, transposed(stateRows)],
    ],
    rows,
  );
  if (dBias != null) sumRows(dBias, rows);
  if (dh0 != null) for (let b = 0; b < batch; b++) addRows(dh0, dh, step(gHidden, 0), b);
  if (dc0 != null) for (let b = 0; b < batch; b++) addRows(dc0, dc, step(gCells, 0), b);
}

const kernels = recurrentKernels(forward, backward);

/**
 * The packed states and gates (see above) of inputs x [time, batch, features], kernel [features, 4 units], recurrent kernel
 * [units, 4 units], bias [4 units], initial h and c [batch, units], and a mask [time, batch] of bools, if there is one:
 * false keeps the state.
 */
export const lstm: DispatchedKernel = kernels.forward;

/** The wanted cotangents of the six inputs, one behind the other, from that of the result, the inputs and the result. */
export const lstmBackward: DispatchedKernel<RecurrentPullAttributes> = kernels.backward;
