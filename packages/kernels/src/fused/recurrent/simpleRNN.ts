/**
 * The recurrent layer of Elman 1990 over a whole sequence: h ← tanh(x W + h R + b). The result is the hidden states
 * [time + 1, batch, units], flat, the initial one first; at a masked step the state stays.
 */

import type { Block } from '../../block.js';
import type { DispatchedKernel } from '../../kernel.js';
import { copyInto, fill } from '../../move/copy.js';
import type { Shape } from '../../shape.js';
import * as cells from '../../wasm/recurrent/cells.js';
import { packedParts } from '../matrices.js';
import { type Cell, type Engine, type RecurrentPullAttributes, recurrentKernels } from './engine.js';
import { addRows, clearRow, contiguous, copyRow, forEachMasked, step, steps, sumRows, transposed } from './parts.js';

const cell: Cell = { simd: cells.rnnCell, plain: (z) => [Math.tanh(z)] };

const cellBackward: Cell = {
  simd: cells.rnnCellBackward,
  plain: (gh, dh, h) => [(gh + dh) * (1 - h * h)],
};

/** Shapes of what is packed, in the manner of the other layers: hidden states. */
export function rnnParts(time: number, batch: number, units: number): [Shape] {
  return [[time + 1, batch, units]];
}

function statesOf(packed: Block, [x, , recurrent]: readonly Block[]): Block {
  const [time, batch] = x!.shape as [number, number];
  return packedParts(packed, rnnParts(time, batch, recurrent!.shape[0]!), [true])[0]!;
}

function forward(engine: Engine, packed: Block, inputs: readonly Block[]): void {
  const [x, w, recurrent, bias, h0, mask] = inputs as readonly [Block, Block, Block, Block, Block, Block?];
  const out = statesOf(packed, inputs);
  const [time] = x.shape as [number];
  copyInto(step(out, 0), h0);
  if (out.size === 0 || time === 0) return;
  engine.multiply(steps(out, 1, time), steps(contiguous(engine, x), 0, time), w, contiguous(engine, bias));
  const right = engine.prepare(recurrent);
  for (let t = 0; t < time; t++) {
    const [before, h] = [step(out, t), step(out, t + 1)];
    right.multiply(h, before, { accumulate: true });
    engine.run(cell, [h], [h]);
    forEachMasked(mask, t, (b) => copyRow(h, before, b));
  }
}

function backward(engine: Engine, out: Block, inputs: readonly Block[], { wanted }: RecurrentPullAttributes): void {
  const [g, ...blocks] = inputs as [Block, ...Block[]];
  const given: readonly Block[] = blocks.slice(0, -1);
  const [x, w, recurrent, , , mask] = given as readonly [Block, Block, Block, Block, Block, Block?];
  if (out.size === 0) return;
  const shapes = given.slice(0, 5).map(({ shape }) => shape);
  const [dx, dw, dRecurrent, dBias, dh0] = packedParts(out, shapes, wanted);
  const hidden = statesOf(contiguous(engine, blocks.at(-1)!), given);
  const gHidden = statesOf(contiguous(engine, g), given);
  const [time, batch] = x.shape as [number, number];
  const units = recurrent.shape[0]!;

  const dz = engine.lease([time, batch, units]);
  let [dh, dhNext] = [0, 1].map(() => engine.lease([batch, units])) as [Block, Block];
  fill(dh, 0);
  const right = engine.prepare(transposed(recurrent));
  for (let t = time - 1; t >= 0; t--) {
    const [gh, now] = [step(gHidden, t + 1), step(dz, t)];
    engine.run(cellBackward, [now], [gh, dh, step(hidden, t + 1)]);
    forEachMasked(mask, t, (b) => clearRow(now, b));
    right.multiply(dhNext, now, {});
    forEachMasked(mask, t, (b) => addRows(dhNext, gh, dh, b));
    [dh, dhNext] = [dhNext, dh];
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
}

const kernels = recurrentKernels(forward, backward);

/**
 * The hidden states of inputs x [time, batch, features], kernel [features, units], recurrent kernel [units, units], bias
 * [units], initial h [batch, units], and a mask [time, batch] of bools, if there is one: false keeps the state.
 */
export const simpleRNN: DispatchedKernel = kernels.forward;

/** The wanted cotangents of the five inputs, one behind the other, from that of the result, the inputs and the result. */
export const simpleRNNBackward: DispatchedKernel<RecurrentPullAttributes> = kernels.backward;
