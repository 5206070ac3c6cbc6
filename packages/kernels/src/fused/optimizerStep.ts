/**
 * Parameter updates in one pass over memory, in place. All operands are contiguous and of one shape. Their SIMD twins
 * round each step in the dtype of the operands, where the plain loops compute in double precision and round once.
 */

import type { Block } from '../block.js';
import { updateInSimd } from '../kernel.js';
import * as simd from '../wasm/update.js';

/** What every update can do besides: decoupled weight decay and clipping, with no pass of their own over memory. */
export interface StepOptions {
  /** What the parameter is multiplied by before it moves: 1 − η λ decays weights. @defaultValue 1 */
  readonly shrink?: number;
  /** What the gradient is multiplied by: below 1 clips it by a norm. @defaultValue 1 */
  readonly gradientScale?: number;
  /** No element of the scaled gradient counts for more than this, up or down. @defaultValue Infinity */
  readonly gradientLimit?: number;
}

/** The options in the order in which the SIMD kernels take them. */
export function commonOf({
  shrink = 1,
  gradientScale = 1,
  gradientLimit = Infinity,
}: StepOptions): [shrink: number, scale: number, limit: number] {
  return [shrink, gradientScale, gradientLimit];
}

/** Plain gradient descent. */
export interface SGDStep extends StepOptions {
  readonly learningRate: number;
}

/** Its momenta, in Keras's form: the rate is inside the velocity. */
export interface MomentumStep extends SGDStep {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** w ← w − η g */
export function sgdStep(w: Block, g: Block, step: SGDStep): void {
  const { learningRate } = step;
  const [shrink, scale, limit] = commonOf(step);
  if (updateInSimd(simd.sgd, [w], g, [shrink, scale, limit, learningRate])) return;
  const [x, d] = [w.data, g.data];
  for (let i = 0, p = w.offset, q = g.offset; i < w.size; i++, p++, q++) {
    const gradient = Math.min(Math.max(scale * d[q]!, -limit), limit);
    x[p] = shrink * x[p]! - learningRate * gradient;
  }
}

/** v ← μ v − η g; w ← w + v, or with Nesterov w ← w + μ v − η g  (https://keras.io/api/optimizers/sgd/) */
export function momentumStep(w: Block, v: Block, g: Block, step: MomentumStep): void {
  const { learningRate, momentum, nesterov } = step;
  const [shrink, scale, limit] = commonOf(step);
  const twin = nesterov ? simd.nesterovMomentum : simd.momentum;
  if (updateInSimd(twin, [w, v], g, [shrink, scale, limit, learningRate, momentum])) return;
  const [x, y, d] = [w.data, v.data, g.data];
  for (let i = 0, p = w.offset, q = v.offset, r = g.offset; i < w.size; i++, p++, q++, r++) {
    const change = learningRate * Math.min(Math.max(scale * d[r]!, -limit), limit);
    const velocity = momentum * y[q]! - change;
    y[q] = velocity;
    x[p] = shrink * x[p]! + (nesterov ? momentum * velocity - change : velocity);
  }
}

/** What one Adam step needs; bias corrections are folded into `rate` and `epsilon` by the caller, in double precision. */
export interface AdamStep extends StepOptions {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * m ← m + (1 − β₁)(g − m); s ← s + (1 − β₂)(g² − s); w ← w − rate · m / (√s + ε)  (Kingma & Ba 2015, ε-hat form).
 * With `shrink` it is AdamW (Loshchilov & Hutter 2019).
 */
export function adamStep(w: Block, m: Block, s: Block, g: Block, step: AdamStep): void {
  const { rate, epsilon } = step;
  const [gain1, gain2] = [1 - step.beta1, 1 - step.beta2];
  const [shrink, scale, limit] = commonOf(step);
  if (updateInSimd(simd.adam, [w, m, s], g, [shrink, scale, limit, rate, gain1, gain2, epsilon])) return;
  const [x, y, z, d] = [w.data, m.data, s.data, g.data];
  for (let i = 0, p = w.offset, q = m.offset, r = s.offset, t = g.offset; i < w.size; i++, p++, q++, r++, t++) {
    const gradient = Math.min(Math.max(scale * d[t]!, -limit), limit);
    const first = y[q]! + gain1 * (gradient - y[q]!);
    const second = z[r]! + gain2 * (gradient * gradient - z[r]!);
    y[q] = first;
    z[r] = second;
    x[p] = shrink * x[p]! - (rate * first) / (Math.sqrt(second) + epsilon);
  }
}

/** What one RMSprop step needs. */
export interface RMSpropStep extends StepOptions {
  readonly learningRate: number;
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** Whether epsilon is added to the root, as in PyTorch, or under it, as in Keras. @defaultValue false */
  readonly epsilonOutside?: boolean;
}

/** Running means of RMSprop: of squared gradients, and where wanted a velocity and the mean of the gradients. */
export interface RMSpropState {
  readonly squares: Block;
  /** Not null: with momentum. */
  readonly velocity: Block | null;
  /** Not null: centered. */
  readonly mean: Block | null;
}

/**
 * s ← s + (1 − ρ)(g² − s); v ← μ v + η g / √(s + ε); w ← w − v. Centered, the running mean m of g is kept too and s − m²
 * stands for s under the root  (https://keras.io/api/optimizers/rmsprop/: epsilon inside the root; PyTorch's is outside).
 */
export function rmspropStep(w: Block, { squares, velocity, mean }: RMSpropState, g: Block, step: RMSpropStep): void {
  const { learningRate, momentum, epsilon, epsilonOutside = false } = step;
  const gain = 1 - step.rho;
  const [shrink, scale, limit] = commonOf(step);
  const state = [w, squares, velocity, mean].filter((block) => block !== null);
  const twin = simd.rmsprop({ momentum: velocity !== null, centered: mean !== null, epsilonOutside });
  const parameters = [shrink, scale, limit, learningRate, gain, momentum, epsilon];
  if (updateInSimd(twin, state, g, parameters)) return;
  for (let i = 0; i < w.size; i++) {
    const gradient = Math.min(Math.max(scale * g.data[g.offset + i]!, -limit), limit);
    const square = moveTowards(squares, i, gradient * gradient, gain);
    const average = mean === null ? 0 : moveTowards(mean, i, gradient, gain);
    const variance = square - average * average;
    const root = epsilonOutside ? Math.sqrt(variance) + epsilon : Math.sqrt(variance + epsilon);
    let change = (learningRate * gradient) / root;
    if (velocity !== null) {
      change += momentum * velocity.data[velocity.offset + i]!;
      velocity.data[velocity.offset + i] = change;
    }
    w.data[w.offset + i] = shrink * w.data[w.offset + i]! - change;
  }
}

/** s[i] ← s[i] + gain · (x − s[i]): a running mean. Gives the new one before it is rounded. */
function moveTowards(s: Block, i: number, x: number, gain: number): number {
  const moved = s.data[s.offset + i]! + gain * (x - s.data[s.offset + i]!);
  s.data[s.offset + i] = moved;
  return moved;
}
