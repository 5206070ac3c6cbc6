/** A cell along a sequence. */

import { stack, type Tensor, where, zerosLike } from '@cotangent/autograd';
import { tracing } from '../../tracing.js';
import { type Cell, type Course, checkStates, type Recurrence } from './cell.js';

/** All steps of a sequence [batch, time, ...]: at once where the cell can, else one by one. */
export function recur(cell: Cell, x: Tensor, states: readonly Tensor[], course: Course): Recurrence {
  const result = cell.runSequence?.(x, states, course) ?? stepByStep(cell, x, states, course);
  tracing.visit?.(cell, result.last()); // calls of cells, if there are any, give more than one tensor
  return result;
}

/** A mask with axes of 1 behind its own, as many as make it broadcast to x. */
export const alongside = (mask: Tensor, x: Tensor): Tensor =>
  mask.reshape([...mask.shape, ...new Array<number>(x.rank - mask.rank).fill(1)]);

/** Calls a cell once for each step. */
function stepByStep(cell: Cell, x: Tensor, initial: readonly Tensor[], { mask, reverse }: Course): Recurrence {
  const time = x.shape[1]!;
  const outputs: Tensor[] = new Array(time);
  let states = initial;
  let last = cell.outputOf?.(states) ?? null;
  for (let k = 0; k < time; k++) {
    const t = reverse ? time - 1 - k : k;
    const [output, after] = cell.call(x.slice(null, t), states) as ReturnType<Cell['forward']>;
    checkStates(cell.constructor.name, after, states.length);
    if (mask === null) {
      last = output;
      states = after;
    } else {
      const taken = mask.slice(null, t);
      const before = states;
      last = where(alongside(taken, output), output, last ?? zerosLike(output));
      states = after.map((state, i) => where(alongside(taken, state), state, before[i]!));
    }
    outputs[t] = last;
  }
  return { sequence: () => stack(outputs, { axis: 1 }), last: () => last!, states: () => states };
}
