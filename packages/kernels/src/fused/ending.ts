/** What may follow a product in one kernel: a bias for each column, and an activation. */

import type { Block } from '../block.js';
import { relu as reluKernel, sigmoid, tanh } from '../elementwise/activation.js';
import type { Kernel } from '../elementwise/runs.js';
import * as vector from '../vectorMath/kernels.js';
import { add, relu } from '../wasm/elementwise.js';
import { pointerOf, runMap } from '../wasm/runMap.js';

/** What may follow the bias. All have derivatives that can be computed from their results. */
export type FusedActivation = 'relu' | 'tanh' | 'sigmoid';

/** A bias, along the last axis of the result, and an activation; null where there is none. */
export interface Ending {
  readonly bias: Block | null;
  readonly activation: FusedActivation | null;
}

/** The part of an ending that kernels apply to a tile in registers: the address of the bias, or 0, and whether relu follows. */
export interface EndingInRegisters {
  readonly bias: number;
  readonly relu: 0 | 1;
}

export const inRegisters = ({ bias, activation }: Ending): EndingInRegisters => ({
  bias: bias === null ? 0 : pointerOf(bias),
  relu: activation === 'relu' ? 1 : 0,
});

export const without: EndingInRegisters = { bias: 0, relu: 0 };

const plainActivations: Readonly<Record<FusedActivation, Kernel>> = {
  relu: reluKernel.plain,
  tanh: tanh.plain,
  sigmoid: sigmoid.plain,
};

const simdActivations = { relu, tanh: vector.tanh, sigmoid: vector.sigmoid } as const;

/** out = activation(out + bias), in plain loops; `out` is contiguous. */
export function endPlain(out: Block, { bias, activation }: Ending): void {
  if (bias !== null) {
    const [n, step] = [bias.size, bias.strides[0]!];
    for (let row = 0; row < out.size; row += n) {
      for (let j = 0; j < n; j++) out.data[out.offset + row + j]! += bias.data[bias.offset + j * step]!;
    }
  }
  if (activation !== null) plainActivations[activation](out, [out], undefined);
}

/** The same in SIMD. `begun`: the bias is there already, and so is relu. */
export function endInSimd(out: Block, { bias, activation }: Ending, begun: boolean): void {
  if (bias !== null && !begun) runMap(add, out, [out, bias]);
  if (activation !== null && !(begun && activation === 'relu')) runMap(simdActivations[activation], out, [out]);
}
