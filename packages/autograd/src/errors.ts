import { CotangentError } from '@cotangent/kernels';

/**
 * A derivative that was asked for and cannot be had.
 *
 * @example
 * tensor([1, 2]).sum().backward(); // throws GradientError: backward: the result of sum depends on nothing that requires a gradient.…
 */
export class GradientError extends CotangentError {}

/**
 * The memory of this tensor has been recycled; its numbers are gone.
 *
 * @example
 * const kept = scope(() => {
 *   const inner = tensor([1, 2]).mul(2);
 *   return { inner: () => inner };
 * });
 * kept.inner().item(); // throws ReleasedTensorError: multiply: this result has been released and its memory reused.…
 */
export class ReleasedTensorError extends CotangentError {
  constructor(madeBy: string) {
    super(
      madeBy,
      'this result has been released and its memory reused',
      'Tensors that took part in a backward() live until the end of the next one, and those made inside grad(), fit() or ' +
        'scope() until it returns. Keep what you need with .detach(), or read it earlier with .item() or .toArray().',
    );
  }
}
