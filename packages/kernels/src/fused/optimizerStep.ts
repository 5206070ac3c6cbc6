/**
 * Parameter updates in one pass over memory, in place. All operands are contiguous and of one shape. Their SIMD twins
 * round each step in the dtype of the operands, where the plain loops compute in double precision and round once.
 */

import type { Block } from '../block.js';
import { updateInSimd } from '../kernel.js';
import * as simd from '../wasm/update.js';

/** Plain gradient descent and its momenta, in Keras's form: the rate is inside the velocity. */
export interface SGDStep {
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** w ← w − η g */
export function sgdStep(w: Block, g: Block, { learningRate }: SGDStep): void {
  if (updateInSimd(simd.sgd, [w], g, [learningRate])) return;
  const [x, d] = [w.data, g.data];
  for (let i = 0, p = w.offset, q = g.offset; i < w.size; i++, p++, q++) x[p]! -= learningRate * d[q]!;
}

/** v ← μ v − η g; w ← w + v, or with Nesterov w ← w + μ v − η g  (https://keras.io/api/optimizers/sgd/) */
export function momentumStep(w: Block, v: Block, g: Block, { learningRate, momentum, nesterov }: SGDStep): void {
  if (updateInSimd(nesterov ? simd.nesterovMomentum : simd.momentum, [w, v], g, [learningRate, momentum])) return;
  const [x, y, d] = [w.data, v.data, g.data];
  for (let i = 0, p = w.offset, q = v.offset, r = g.offset; i < w.size; i++, p++, q++, r++) {
    const step = learningRate * d[r]!;
    const velocity = momentum * y[q]! - step;
    y[q] = velocity;
    x[p]! += nesterov ? momentum * velocity - step : velocity;
  }
}

/** What one Adam step needs; bias corrections are folded into `rate` and `epsilon` by the caller, in double precision. */
export interface AdamStep {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** m ← m + (1 − β₁)(g − m); s ← s + (1 − β₂)(g² − s); w ← w − rate · m / (√s + ε)  (Kingma & Ba 2015, ε-hat form) */
export function adamStep(w: Block, m: Block, s: Block, g: Block, { rate, beta1, beta2, epsilon }: AdamStep): void {
  const [gain1, gain2] = [1 - beta1, 1 - beta2];
  if (updateInSimd(simd.adam, [w, m, s], g, [rate, gain1, gain2, epsilon])) return;
  const [x, y, z, d] = [w.data, m.data, s.data, g.data];
  for (let i = 0, p = w.offset, q = m.offset, r = s.offset, t = g.offset; i < w.size; i++, p++, q++, r++, t++) {
    const gradient = d[t]!;
    const first = y[q]! + gain1 * (gradient - y[q]!);
    const second = z[r]! + gain2 * (gradient * gradient - z[r]!);
    y[q] = first;
    z[r] = second;
    x[p]! -= (rate * first) / (Math.sqrt(second) + epsilon);
  }
}
