/** A matcher of tensors for Jest and Vitest: `expect.extend(tensorMatchers)`. */

import { showShape } from '@cotangent/kernels';
import { type CloseOptions, isclose } from '../functions/rounding.js';
import { isTensor, type Tensor } from '../tensor.js';

declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: it merges with the declaration of @types/jest, which says so
    interface Matchers<R, T = {}> {
      toBeCloseToTensor(expected: Tensor | number, options?: CloseOptions): R;
    }
  }
}

interface Verdict {
  readonly pass: boolean;
  message(): string;
}

function verdict(pass: boolean, text: string): Verdict {
  return { pass, message: () => text };
}

/**
 * Matchers for `expect.extend`.
 *
 * `expect(x).toBeCloseToTensor(y, { relativeTolerance: 1e-5, absoluteTolerance: 1e-8, equalNan: true })` holds when x and y (a tensor,
 * or a number for every element) have one shape and |x − y| ≤ absoluteTolerance + relativeTolerance |y| everywhere; NaN is close to NaN
 * unless `equalNan` is false. The message names the element that is furthest off.
 */
export const tensorMatchers: {
  toBeCloseToTensor(received: unknown, expected: Tensor | number, options?: CloseOptions): Verdict;
} = {
  toBeCloseToTensor(received, expected, options = {}) {
    if (!isTensor(received)) return verdict(false, `expected a tensor, got ${typeof received}`);
    const wanted = isTensor(expected) ? expected : null;
    if (wanted !== null && showShape(wanted.shape) !== showShape(received.shape))
      return verdict(false, `expected shape ${showShape(wanted.shape)}, got ${showShape(received.shape)}`);
    const close = isclose(received, expected, { equalNan: true, ...options });
    const far = [...close.toTypedArray()].filter((one) => one === 0).length;
    if (far === 0) return verdict(true, 'expected the tensors to differ, and they are close');
    const [got, want] = [received.toTypedArray(), wanted?.toTypedArray()];
    let [at, most] = [0, -1];
    for (const [i, value] of got.entries()) {
      const distance = Math.abs(value - (want?.[i] ?? (expected as number)));
      const size = Number.isNaN(distance) ? Infinity : distance;
      if (close.toTypedArray()[i] === 0 && size > most) [at, most] = [i, size];
    }
    return verdict(
      false,
      `${far} of ${got.length} elements differ; most, element ${at} of ${showShape(received.shape)} in row-major order: got ${got[at]}, expected ${want?.[at] ?? String(expected)}`,
    );
  },
};
