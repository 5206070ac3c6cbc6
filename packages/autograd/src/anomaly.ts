/** Hunting NaN and ∞: which operation made the first one. */

import { CotangentError, isFloating } from '@cotangent/kernels';
import { modes } from './modes.js';
import type { Tensor } from './tensor.js';

/** What to look for. */
export interface Anomalies {
  /** Whether ±∞ is one, as NaN is. @defaultValue true */
  readonly infinities: boolean;
}

/**
 * A result or a gradient that is no number. Its `cause`, if it has one, shows where the operation was recorded.
 *
 * @example
 * detectAnomaly(() => tensor([0]).log()); // throws AnomalyError: …
 */
export class AnomalyError extends CotangentError {}

/** Where in a model the code that runs now stands: set by whoever knows (the modules of @cotangent/nn). */
export const whereabouts: { current: (() => string | undefined) | null } = { current: null };

/** Where an operation was recorded. */
export class Recorded extends Error {
  override name = 'Recorded';
  readonly path: string | undefined = whereabouts.current?.();
}

/** Place of the first element that is NaN or, if that counts, infinite; inside `vmap` the example counts as the first index. */
function firstBad(x: Tensor, anomalies: Anomalies): { value: number; index: number[] } | null {
  if (x.batch !== null) return firstBad(x.batch.examples, anomalies);
  if (!isFloating(x.dtype)) return null;
  const values = x.toTypedArray();
  const at = values.findIndex((value) => Number.isNaN(value) || (anomalies.infinities && !Number.isFinite(value)));
  if (at < 0) return null;
  let rest = at;
  const index = x.shape.map(() => 0);
  for (let axis = x.rank - 1; axis >= 0; axis--) {
    index[axis] = rest % x.shape[axis]!;
    rest = Math.floor(rest / x.shape[axis]!);
  }
  return { value: values[at]!, index };
}

/** Throws if `out` holds an anomaly and no input does: then `operation` made it. */
export function inspectResult(operation: string, inputs: readonly Tensor[], out: Tensor): void {
  const anomalies = modes.anomalies!;
  const bad = firstBad(out, anomalies);
  if (bad === null || inputs.some((input) => firstBad(input, anomalies) !== null)) return;
  throw new AnomalyError(
    operation,
    `gave ${bad.value} at [${bad.index.join(', ')}] of its result, from finite inputs`,
    'Look at the values it was given: a logarithm or root of something negative, a division by 0, an overflow?',
  );
}

/** Throws if the cotangent of an input holds an anomaly and the one of the result did not. */
export function inspectCotangent(
  anomalies: Anomalies,
  operation: string,
  input: string | number,
  g: Tensor,
  cotangent: Tensor,
  recorded: Recorded | null,
): void {
  const bad = firstBad(cotangent, anomalies);
  if (bad === null || firstBad(g, anomalies) !== null) return;
  const error = new AnomalyError(
    operation,
    `its derivative gave ${bad.value} at [${bad.index.join(', ')}] of the gradient of input ${input}, from a finite gradient of its result`,
    'Keep its input away from where the derivative is infinite (√x and norms at 0, x/y at y = 0); .cause shows where it was recorded.',
  );
  if (recorded !== null) error.cause = recorded;
  if (recorded?.path !== undefined) error.locate(recorded.path);
  throw error;
}

/** Options of `detectAnomaly`. */
export interface DetectAnomalyOptions {
  /** Whether ±∞ is an anomaly too. Switch it off for code that uses −∞ on purpose (masks). @defaultValue true */
  infinities?: boolean;
}

/**
 * Runs `f` and stops at the first operation that makes a NaN or an infinity out of finite numbers, forward or backward. Every
 * result is looked through, so this is for finding a fault, not for training. `f` may be asynchronous (a whole `fit`).
 *
 * @returns what `f` returns
 * @throws AnomalyError with the operation, the place in its result, and the module it stands in; for a derivative, `.cause` has the
 *   stack of the forward operation
 * @example
 * detectAnomaly(() => tensor([1, 0]).log()); // throws AnomalyError: log: gave -Infinity at [1] of its result, from finite inputs.…
 */
export function detectAnomaly<R>(f: () => R, { infinities = true }: DetectAnomalyOptions = {}): R {
  const before = modes.anomalies;
  const restore = (): void => {
    modes.anomalies = before;
  };
  modes.anomalies = { infinities };
  let result: R;
  try {
    result = f();
  } catch (error) {
    restore();
    throw error;
  }
  const later = result as { finally?: (done: () => void) => unknown } | null | undefined;
  if (typeof later?.finally === 'function') return later.finally(restore) as R;
  restore();
  return result;
}
