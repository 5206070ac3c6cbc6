/** Checks the derivatives of a function of yours against central differences. */

import { ArgumentError, CotangentError, isFloating } from '@cotangent/kernels';
import { fromTypedArray } from '../create.js';
import { checkOptions } from '../options.js';
import { isTensor, type Tensor } from '../tensor.js';
import { grad } from '../transforms/grad.js';
import { jvp } from '../transforms/jvp.js';
import { treeLeaves } from '../trees.js';
import { direction } from './laws.js';

/** Options of `checkGrads`. */
export interface CheckGradsOptions {
  /** 2 checks the derivative of the derivative too. @defaultValue 1 */
  order?: 1 | 2;
  /** Reverse mode, forward mode, or both. @defaultValue both */
  modes?: readonly ('vjp' | 'jvp')[];
  /** Step of the differences, times the size of the element (at least 1). @defaultValue 1e-4 */
  step?: number;
  /** Largest error allowed, relative to the size of the derivative (at least 1). @defaultValue 1e-6 */
  tolerance?: number;
}

/** Where a derivative and the differences are furthest apart. */
export interface WorstElement {
  readonly mode: 'vjp' | 'jvp';
  readonly order: 1 | 2;
  /** Which input, and which element of it. */
  readonly input: number;
  readonly index: readonly number[];
  readonly derivative: number;
  readonly differences: number;
  /** |derivative − differences| / max(1, |derivative|, |differences|) */
  readonly error: number;
}

/**
 * A derivative is not what central differences say. `worst` tells where most.
 *
 * @example
 * const wrong = customVjp({ forward: (x: Tensor) => [x.square(), null], backward: (_, g) => [g] });
 * checkGrads(wrong, [tensor([3], { dtype: 'float64' })]); // throws GradientCheckError: checkGrads: at element [0] of input 0…
 */
export class GradientCheckError extends CotangentError {
  constructor(readonly worst: WorstElement) {
    const { mode, order, input, index, derivative, differences, error } = worst;
    super(
      'checkGrads',
      `at element [${index.join(', ')}] of input ${input} ${mode} gives ${derivative} and central differences ${differences} ` +
        `(order ${order}, relative error ${error.toExponential(1)})`,
      'Is there a kink near, a branch that is not smooth, or a rule that is wrong? Far from both, a larger { step } rounds less.',
    );
  }
}

type Scalar = (...inputs: Tensor[]) => Tensor;

/** ⟨v, f⟩ summed over the tensors that f returns. */
function contracted(f: (...inputs: Tensor[]) => unknown): Scalar {
  return (...inputs) => {
    const leaves = treeLeaves(f(...inputs)).filter(({ dtype }) => isFloating(dtype));
    if (leaves.length === 0) throw new ArgumentError('checkGrads', 'the function returned no floating tensor');
    return leaves
      .map((y, i) =>
        y
          .cast('float64')
          .mul(direction(y.detach(), 7 + i))
          .sum(),
      )
      .reduce((sum, term) => sum.add(term));
  };
}

function indexOf(shape: readonly number[], at: number): number[] {
  const index = shape.map(() => 0);
  let rest = at;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** ∂scalar/∂(element `at` of input k) by fourth-order central differences. */
function difference(scalar: Scalar, inputs: readonly Tensor[], k: number, at: number, step: number): number {
  const values = inputs[k]!.toTypedArray() as Float64Array;
  const x = values[at]!;
  const h = step * Math.max(1, Math.abs(x));
  const f = (by: number): number => {
    const moved = Float64Array.from(values);
    moved[at] = x + by;
    return scalar(...inputs.map((input, i) => (i === k ? fromTypedArray(moved, input.shape) : input))).item();
  };
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/**
 * Compares every element of the derivatives of `f` with central differences, in float64: of ⟨v, f⟩ for fixed weights v, and of its
 * gradient along fixed directions for order 2. Forward mode is run once for each element.
 *
 * @param f takes tensors and returns one, or a tree of them
 * @param inputs where to check; floating ones become float64, others are held fixed
 * @returns where the error is largest (it is small, or an error would have been thrown); null where there is nothing to check
 * @throws GradientCheckError naming the worst element; ArgumentError for an input that is no tensor
 * @example
 * checkGrads((x: Tensor) => x.tanh(), [tensor([0.3, -1])], { order: 2 });
 */
export function checkGrads(
  f: (...inputs: Tensor[]) => unknown,
  inputs: readonly Tensor[],
  options: CheckGradsOptions = {},
): WorstElement | null {
  checkOptions('checkGrads', options, ['order', 'modes', 'step', 'tolerance']);
  const { order = 1, modes = ['vjp', 'jvp'], step = 1e-4, tolerance = 1e-6 } = options;
  for (const input of inputs)
    if (!isTensor(input)) throw new ArgumentError('checkGrads', 'got an input that is no tensor');
  const at = inputs.map((x) => (isFloating(x.dtype) ? x.detach().cast('float64') : x));
  let worst: WorstElement | null = null;
  for (let k = 0; k < at.length; k++) {
    if (!isFloating(at[k]!.dtype)) continue;
    const first = contracted(f);
    worst = worse(worst, worstOf(first, at, k, 1, modes, step));
    if (order !== 2) continue;
    for (let l = 0; l < at.length; l++) {
      if (!isFloating(at[l]!.dtype)) continue;
      const along = direction(at[k]!, 5);
      const slope: Scalar = (...x) =>
        grad(first, { argnums: k })(...x)
          .mul(along)
          .sum();
      worst = worse(worst, worstOf(slope, at, l, 2, modes, step));
    }
  }
  if (worst !== null && !(worst.error <= tolerance)) throw new GradientCheckError(worst);
  return worst;
}

const worse = (a: WorstElement | null, b: WorstElement | null): WorstElement | null =>
  a === null || (b !== null && !(b.error <= a.error)) ? b : a;

function worstOf(
  scalar: Scalar,
  at: readonly Tensor[],
  k: number,
  order: 1 | 2,
  modes: readonly ('vjp' | 'jvp')[],
  step: number,
): WorstElement | null {
  const x = at[k]!;
  const gradient = modes.includes('vjp') ? grad(scalar, { argnums: k })(...at).toTypedArray() : null;
  let worst: WorstElement | null = null;
  for (let i = 0; i < x.size; i++) {
    const differences = difference(scalar, at, k, i, step);
    for (const mode of modes) {
      const derivative = mode === 'vjp' ? gradient![i]! : forward(scalar, at, k, i);
      const error = Math.abs(derivative - differences) / Math.max(1, Math.abs(derivative), Math.abs(differences));
      worst = worse(worst, { mode, order, input: k, index: indexOf(x.shape, i), derivative, differences, error });
    }
  }
  return worst;
}

/** ∂scalar/∂(element i of input k) by forward mode. */
function forward(scalar: Scalar, at: readonly Tensor[], k: number, i: number): number {
  const unit = new Float64Array(at[k]!.size);
  unit[i] = 1;
  const along = (x: Tensor): Tensor => scalar(...at.map((input, j) => (j === k ? x : input)));
  return jvp(along, [at[k]!], [fromTypedArray(unit, at[k]!.shape)])[1].item();
}
