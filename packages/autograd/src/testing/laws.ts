/** Laws that every differentiable function keeps, checked numerically in float64. */

import { fromTypedArray } from '../create.js';
import type { Tensor } from '../tensor.js';
import { grad } from '../transforms/grad.js';
import { jvp } from '../transforms/jvp.js';

// Looked up once: test runners sandbox globals, and there every mention of one in a loop costs.
const { abs, max, sin } = Math;

/** A function of some tensors that returns one tensor. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor;

/**
 * Values spread over −1 … 1 without symmetry, so that no error cancels; different for each `salt`.
 *
 * @example
 * direction(zeros([2, 3]), 1).shape; // → [2, 3]
 */
export function direction(like: Tensor, salt: number): Tensor {
  const values = Float64Array.from(
    { length: like.size },
    (_, i) => sin(1 + 2.399963 * (i + 1) * (salt + 1)) * 0.9 + 0.05,
  );
  return fromTypedArray(values, like.shape);
}

const dot = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();
const moved = (inputs: readonly Tensor[], k: number, along: Tensor, by: number): Tensor[] =>
  inputs.map((x, i) => (i === k ? x.add(along.mul(by)).detach() : x));

/**
 * Fails with the numbers in the message unless the two agree to `tolerance`, relative to their size above 1.
 *
 * @throws Error where they differ by more
 * @example
 * expectClose(1, 1 + 1e-9, 1e-6, 'the value');
 * expectClose(1, 2, 1e-6, 'the value'); // throws Error: the value: got 1, expected 2 (relative error 5.00e-1)
 */
export function expectClose(got: number, expected: number, tolerance: number, what: string): void {
  const error = abs(got - expected) / max(1, abs(got), abs(expected));
  if (!(error <= tolerance))
    throw new Error(`${what}: got ${got}, expected ${expected} (relative error ${error.toExponential(2)})`);
}

/** Fourth-order central difference of a function of one number at 0. */
function centralDifference(f: (h: number) => number, h: number): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

const step = 1e-4;
const tolerance = 1e-6;

/** ⟨v, f⟩ as a function of the inputs: the scalar whose gradient is the vjp of v. */
function contracted(f: TensorFunction): TensorFunction {
  return (...inputs) => {
    const y = f(...inputs);
    return dot(y, direction(y.detach(), 7));
  };
}

/**
 * The gradient with respect to input k agrees with central differences.
 *
 * @throws Error where they do not agree to 1e-6
 * @example
 * gradientAgreesWithDifferences((x) => x!.tanh(), [tensor([0.5], { dtype: 'float64' })], 0);
 */
export function gradientAgreesWithDifferences(f: TensorFunction, inputs: readonly Tensor[], k: number): void {
  const scalar = contracted(f);
  const u = direction(inputs[k]!, 3);
  const gradient = grad(scalar, { argnums: k })(...inputs);
  const differences = centralDifference((h) => scalar(...moved(inputs, k, u, h)).item(), step);
  expectClose(dot(gradient, u).item(), differences, tolerance, `gradient of input ${k}, order 1`);
}

/**
 * The gradient of ⟨w, gradient⟩ agrees with central differences of it, for every pair of inputs.
 *
 * @throws Error where they do not agree to 1e-6
 * @example
 * secondOrderAgreesWithDifferences((x) => x!.tanh(), [tensor([0.5], { dtype: 'float64' })], 0, 0);
 */
export function secondOrderAgreesWithDifferences(
  f: TensorFunction,
  inputs: readonly Tensor[],
  k: number,
  l: number,
): void {
  const scalar = contracted(f);
  const w = direction(inputs[k]!, 5);
  const u = direction(inputs[l]!, 3);
  const slope: TensorFunction = (...at) => dot(grad(scalar, { argnums: k })(...at), w);
  const second = grad(slope, { argnums: l })(...inputs);
  const differences = centralDifference((h) => slope(...moved(inputs, l, u, h)).item(), step);
  expectClose(dot(second, u).item(), differences, tolerance, `gradient of inputs ${k} and ${l}, order 2`);
}

/**
 * ⟨v, jvp(u)⟩ = ⟨vjp(v), u⟩: the two modes are transposes of each other.
 *
 * @throws Error where they do not agree to 1e-10
 * @example
 * forwardAgreesWithReverse((a, b) => a!.mul(b!).tanh(), [tensor([0.5], { dtype: 'float64' }), tensor([2], { dtype: 'float64' })], 0);
 */
export function forwardAgreesWithReverse(f: TensorFunction, inputs: readonly Tensor[], k: number): void {
  const u = direction(inputs[k]!, 11);
  const along = (x: Tensor): Tensor => f(...inputs.map((input, i) => (i === k ? x : input)));
  const [y, t] = jvp(along, [inputs[k]!], [u]);
  const gradient = grad(contracted(f), { argnums: k })(...inputs);
  expectClose(dot(t, direction(y, 7)).item(), dot(gradient, u).item(), 1e-10, `jvp against vjp of input ${k}`);
}

/**
 * Forward over reverse gives the same second derivative as reverse over reverse.
 *
 * @throws Error where they do not agree to 1e-9
 * @example
 * forwardOverReverseAgrees((x) => x!.tanh(), [tensor([0.5], { dtype: 'float64' })], 0);
 */
export function forwardOverReverseAgrees(f: TensorFunction, inputs: readonly Tensor[], k: number): void {
  const scalar = contracted(f);
  const [u, w] = [direction(inputs[k]!, 11), direction(inputs[k]!, 5)];
  const at = (x: Tensor): Tensor[] => inputs.map((input, i) => (i === k ? x : input));
  const gradientAt = (x: Tensor): Tensor => grad(scalar, { argnums: k })(...at(x));
  const [, forward] = jvp(gradientAt, [inputs[k]!], [u]);
  const reverse = grad((x: Tensor) => dot(gradientAt(x), w))(inputs[k]!);
  expectClose(dot(forward, w).item(), dot(reverse, u).item(), 1e-9, `forward over reverse of input ${k}`);
}
