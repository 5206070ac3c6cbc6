/**
 * The rarer parameter updates: one readable pass over memory each, in place. All operands are contiguous and of one shape. What the
 * loops give is computed in double precision and rounded once; their SIMD twins round each step in the dtype of the operands.
 */

import type { Block } from '../block.js';
import { updateInSimd } from '../kernel.js';
import * as simd from '../wasm/update.js';
import { commonOf, type StepOptions } from './optimizerStep.js';

type Floats = Float32Array | Float64Array;

/** The elements of a contiguous block, in order. */
const elements = ({ data, offset, size }: Block): Floats => data.subarray(offset, offset + size) as Floats;

const { abs, max, min, sign, sqrt } = Math;

/** How gradients are scaled and limited on the way. NaN stays NaN. */
function preparing({ shrink = 1, gradientScale = 1, gradientLimit = Infinity }: StepOptions) {
  const prepare =
    gradientLimit === Infinity
      ? (g: number): number => gradientScale * g
      : (g: number): number => min(max(gradientScale * g, -gradientLimit), gradientLimit);
  return { shrink, prepare };
}

/** What `dampenedStep` needs besides. */
export interface DampenedStep extends StepOptions {
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Share of the gradient that goes into the velocity. */
  readonly gain: number;
}

/** PyTorch's momentum, with the rate outside: v ← μ v + gain · g; w ← w − η v, or with Nesterov w ← w − η (g + μ v). */
export function dampenedStep(w: Block, v: Block, g: Block, step: DampenedStep): void {
  const { learningRate, momentum, nesterov, gain } = step;
  const twin = nesterov ? simd.nesterovDampened : simd.dampened;
  if (updateInSimd(twin, [w, v], g, [...commonOf(step), learningRate, momentum, gain])) return;
  const [x, y, d] = [elements(w), elements(v), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const velocity = momentum * y[i]! + gain * gradient;
    y[i] = velocity;
    x[i] = shrink * x[i]! - learningRate * (nesterov ? gradient + momentum * velocity : velocity);
  }
}

/** What the relatives of Adam need. */
export interface MomentsStep extends StepOptions {
  /** Rate of the change, bias corrections included. */
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

function momentParameters(step: MomentsStep): number[] {
  return [...commonOf(step), step.rate, 1 - step.beta1, 1 - step.beta2, step.epsilon];
}

/** Adam with the largest second moment so far under the root (Reddi et al. 2018, AMSGrad). */
export function amsgradStep(w: Block, m: Block, s: Block, largest: Block, g: Block, step: MomentsStep): void {
  if (updateInSimd(simd.amsgrad, [w, m, s, largest], g, momentParameters(step))) return;
  const [x, y, z, u, d] = [elements(w), elements(m), elements(s), elements(largest), elements(g)];
  const { rate, epsilon } = step;
  const [gain1, gain2] = [1 - step.beta1, 1 - step.beta2];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const first = y[i]! + gain1 * (gradient - y[i]!);
    const second = z[i]! + gain2 * (gradient * gradient - z[i]!);
    const top = max(u[i]!, second);
    y[i] = first;
    z[i] = second;
    u[i] = top;
    x[i] = shrink * x[i]! - (rate * first) / (sqrt(top) + epsilon);
  }
}

/** m and s as in Adam; w ← w − rate · m. What rectified Adam does while the variance of its step is not known. */
export function firstMomentStep(w: Block, m: Block, s: Block, g: Block, step: MomentsStep): void {
  if (updateInSimd(simd.firstMoment, [w, m, s], g, momentParameters(step))) return;
  const [x, y, z, d] = [elements(w), elements(m), elements(s), elements(g)];
  const { rate } = step;
  const [gain1, gain2] = [1 - step.beta1, 1 - step.beta2];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const first = y[i]! + gain1 * (gradient - y[i]!);
    y[i] = first;
    z[i] = z[i]! + gain2 * (gradient * gradient - z[i]!);
    x[i] = shrink * x[i]! - rate * first;
  }
}

/** m as in Adam, u ← max(β₂ u, |g|); w ← w − rate · m / (u + ε)  (Kingma & Ba 2015, section 7.1). */
export function adamaxStep(w: Block, m: Block, u: Block, g: Block, step: MomentsStep): void {
  const { rate, beta2, epsilon } = step;
  const gain1 = 1 - step.beta1;
  if (updateInSimd(simd.adamax, [w, m, u], g, [...commonOf(step), rate, gain1, beta2, epsilon])) return;
  const [x, y, z, d] = [elements(w), elements(m), elements(u), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const first = y[i]! + gain1 * (gradient - y[i]!);
    const norm = max(beta2 * z[i]!, abs(gradient));
    y[i] = first;
    z[i] = norm;
    x[i] = shrink * x[i]! - (rate * first) / (norm + epsilon);
  }
}

/** What Nadam needs: its factors of the moment and of the gradient, and the correction of the second moment. */
export interface NadamStep extends MomentsStep {
  readonly momentFactor: number;
  readonly gradientFactor: number;
  /** 1 / (1 − β₂ᵗ) */
  readonly secondFactor: number;
}

/** m and s as in Adam; w ← w − rate · (a m + b g) / (√(c s) + ε)  (Dozat 2016). */
export function nadamStep(w: Block, m: Block, s: Block, g: Block, step: NadamStep): void {
  const { rate, epsilon, momentFactor, gradientFactor, secondFactor } = step;
  const parameters = [...momentParameters(step), momentFactor, gradientFactor, secondFactor];
  if (updateInSimd(simd.nadam, [w, m, s], g, parameters)) return;
  const [x, y, z, d] = [elements(w), elements(m), elements(s), elements(g)];
  const [gain1, gain2] = [1 - step.beta1, 1 - step.beta2];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const first = y[i]! + gain1 * (gradient - y[i]!);
    const second = z[i]! + gain2 * (gradient * gradient - z[i]!);
    y[i] = first;
    z[i] = second;
    const ahead = momentFactor * first + gradientFactor * gradient;
    x[i] = shrink * x[i]! - (rate * ahead) / (sqrt(secondFactor * second) + epsilon);
  }
}

/**
 * m and s as in Adam; `change` gets m a / (√(c s) + ε), with a = `rate` and c = `secondFactor`; w stays. For layer-wise rates, which
 * need the norm of the change first.
 */
export function adamChange(
  change: Block,
  m: Block,
  s: Block,
  g: Block,
  step: MomentsStep & { secondFactor: number },
): void {
  const { rate, secondFactor, epsilon } = step;
  if (updateInSimd(simd.adamChange, [change, m, s], g, [...momentParameters(step), secondFactor])) return;
  const [x, y, z, d] = [elements(change), elements(m), elements(s), elements(g)];
  const [gain1, gain2] = [1 - step.beta1, 1 - step.beta2];
  const { prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const first = y[i]! + gain1 * (gradient - y[i]!);
    const second = z[i]! + gain2 * (gradient * gradient - z[i]!);
    y[i] = first;
    z[i] = second;
    x[i] = (rate * first) / (sqrt(secondFactor * second) + epsilon);
  }
}

/** What Adagrad and Adadelta need. */
export interface AdaptiveStep extends StepOptions {
  readonly learningRate: number;
  readonly epsilon: number;
  /** Whether epsilon is added to the root, as in PyTorch, or under it, as in Keras. */
  readonly epsilonOutside: boolean;
}

/** a ← a + g²; w ← w − η g / √(a + ε)  (Duchi et al. 2011). */
export function adagradStep(w: Block, a: Block, g: Block, step: AdaptiveStep): void {
  const { learningRate, epsilon, epsilonOutside } = step;
  const twin = epsilonOutside ? simd.adagradOutside : simd.adagrad;
  if (updateInSimd(twin, [w, a], g, [...commonOf(step), learningRate, epsilon])) return;
  const [x, y, d] = [elements(w), elements(a), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const squares = y[i]! + gradient * gradient;
    y[i] = squares;
    const root = epsilonOutside ? sqrt(squares) + epsilon : sqrt(squares + epsilon);
    x[i] = shrink * x[i]! - (learningRate * gradient) / root;
  }
}

/** a ← ρ a + (1 − ρ) g²; δ = g √(b + ε) / √(a + ε); b ← ρ b + (1 − ρ) δ²; w ← w − η δ  (Zeiler 2012). */
export function adadeltaStep(
  w: Block,
  a: Block,
  b: Block,
  g: Block,
  step: StepOptions & { learningRate: number; rho: number; epsilon: number },
): void {
  const { learningRate, rho, epsilon } = step;
  if (updateInSimd(simd.adadelta, [w, a, b], g, [...commonOf(step), learningRate, rho, 1 - rho, epsilon])) return;
  const [x, y, z, d] = [elements(w), elements(a), elements(b), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const squares = rho * y[i]! + (1 - rho) * gradient * gradient;
    const change = (gradient * sqrt(z[i]! + epsilon)) / sqrt(squares + epsilon);
    y[i] = squares;
    z[i] = rho * z[i]! + (1 - rho) * change * change;
    x[i] = shrink * x[i]! - learningRate * change;
  }
}

/** Each weight has a step of its own, which grows while the sign of its gradient stays  (Riedmiller & Braun 1993, as PyTorch has it). */
export function rpropStep(
  w: Block,
  previous: Block,
  size: Block,
  g: Block,
  step: StepOptions & { shrinkFactor: number; growFactor: number; smallest: number; largest: number },
): void {
  const { shrinkFactor, growFactor, smallest, largest } = step;
  const parameters = [...commonOf(step), shrinkFactor, growFactor, smallest, largest];
  if (updateInSimd(simd.rprop, [w, previous, size], g, parameters)) return;
  const [x, y, z, d] = [elements(w), elements(previous), elements(size), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const agreement = gradient * y[i]!;
    const factor = agreement > 0 ? growFactor : agreement < 0 ? shrinkFactor : 1;
    const taken = min(max(z[i]! * factor, smallest), largest);
    const used = agreement < 0 ? 0 : gradient;
    z[i] = taken;
    y[i] = used;
    x[i] = shrink * x[i]! - sign(used) * taken;
  }
}

/** What Ftrl needs; `power` is −learningRatePower. */
export interface FtrlStep extends StepOptions {
  readonly learningRate: number;
  readonly power: number;
  readonly l1: number;
  readonly l2: number;
  readonly l2Shrinkage: number;
}

/** Follow the regularized leader: w is the minimum of all linear terms so far and the penalties  (McMahan et al. 2013). */
export function ftrlStep(w: Block, accumulator: Block, linear: Block, g: Block, step: FtrlStep): void {
  const [x, a, l, d] = [elements(w), elements(accumulator), elements(linear), elements(g)];
  const { learningRate, power, l1, l2, l2Shrinkage } = step;
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    const weight = shrink * x[i]!;
    const total = a[i]! + gradient * gradient;
    const [before, after] = [a[i]! ** power, total ** power];
    const sum = l[i]! + gradient + 2 * l2Shrinkage * weight - ((after - before) / learningRate) * weight;
    const quadratic = after / learningRate + 2 * l2;
    a[i] = total;
    l[i] = sum;
    x[i] = (min(max(sum, -l1), l1) - sum) / quadratic;
  }
}

/** w ← w − η sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g  (Chen et al. 2023, Lion). */
export function lionStep(
  w: Block,
  m: Block,
  g: Block,
  step: StepOptions & { learningRate: number; beta1: number; beta2: number },
): void {
  const { learningRate, beta1, beta2 } = step;
  if (updateInSimd(simd.lion, [w, m], g, [...commonOf(step), learningRate, beta1, 1 - beta1, beta2, 1 - beta2])) return;
  const [x, y, d] = [elements(w), elements(m), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const gradient = prepare(d[i]!);
    x[i] = shrink * x[i]! - learningRate * sign(beta1 * y[i]! + (1 - beta1) * gradient);
    y[i] = beta2 * y[i]! + (1 - beta2) * gradient;
  }
}

/** m ← μ m + (1 − μ) g; w ← w − η sign m  (Bernstein et al. 2018, as MXNet has it). */
export function signumStep(
  w: Block,
  m: Block,
  g: Block,
  step: StepOptions & { learningRate: number; momentum: number },
): void {
  const { learningRate, momentum } = step;
  if (updateInSimd(simd.signum, [w, m], g, [...commonOf(step), learningRate, momentum, 1 - momentum])) return;
  const [x, y, d] = [elements(w), elements(m), elements(g)];
  const { shrink, prepare } = preparing(step);
  for (let i = 0; i < x.length; i++) {
    const velocity = momentum * y[i]! + (1 - momentum) * prepare(d[i]!);
    y[i] = velocity;
    x[i] = shrink * x[i]! - learningRate * sign(velocity);
  }
}
