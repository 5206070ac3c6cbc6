/** Forward mode: derivatives that travel with the values. */

import { ArgumentError, isFloating, ShapeError, shapesEqual } from '@cotangent/kernels';
import { zerosLike } from '../create.js';
import { GradientError } from '../errors.js';
import { modes } from '../modes.js';
import { withTangents } from '../primitive.js';
import { scope } from '../scope.js';
import { isTensor, type Tangent, type Tensor } from '../tensor.js';
import { connect } from './results.js';

/**
 * The value of `f` and its derivative in one direction, in one pass and without a tape: y = f(x), t′ = ∂f(x) · t.
 *
 * @param f a function of tensors that returns a tensor of any shape
 * @param primals where to evaluate it
 * @param tangents directions, of the shapes of the primals
 * @returns `[f(primals), tangent of the result]`
 * @throws ShapeError when a tangent does not fit its primal; GradientError when `f` does not return a tensor
 * @example
 * const [y, t] = jvp((x) => x.square(), [tensor(3)], [tensor(1)]); // y → 9, t → 6
 */
export function jvp(
  f: (...primals: Tensor[]) => Tensor,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
): [Tensor, Tensor] {
  if (primals.length !== tangents.length) {
    throw new ArgumentError('jvp', `got ${primals.length} primals and ${tangents.length} tangents; expected as many`);
  }
  return scope(() => {
    const [y, t] = push(f, primals, tangents);
    return [connect(y), connect(t)];
  });
}

function push(
  f: (...primals: Tensor[]) => Tensor,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
): [Tensor, Tensor] {
  const level = ++modes.transformDepth;
  try {
    const duals = primals.map((x, i) => dual(x, tangents[i]!, level));
    const y = f(...duals);
    if (!isTensor(y)) throw new GradientError('jvp', `the function returned ${typeof y}; expected a tensor`);
    const own = y.tangents?.find((tangent) => tangent.level === level)?.value ?? zerosLike(y);
    const others = y.tangents?.filter((tangent) => tangent.level !== level) ?? [];
    return [withTangents(y, others.length === 0 ? null : others), own];
  } finally {
    modes.transformDepth--;
  }
}

function dual(x: Tensor, tangent: Tensor, level: number): Tensor {
  for (const given of [x, tangent]) {
    if (!isTensor(given))
      throw new GradientError('jvp', `got ${typeof given}; expected tensors`, 'Wrap numbers with tensor(…).');
  }
  if (!shapesEqual(x.shape, tangent.shape)) {
    throw new ShapeError('jvp', { primal: x.shape, tangent: tangent.shape }, 'a tangent of the shape of its primal');
  }
  if (!isFloating(x.dtype))
    throw new GradientError('jvp', `got a primal of dtype ${x.dtype}; expected float32 or float64`);
  const tangents: Tangent[] = [...(x.tangents ?? []), { level, value: tangent }];
  return withTangents(x, tangents);
}
