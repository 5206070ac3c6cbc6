/** From what users pass as data to batches. */

import { fromTypedArray, isTensor, type Tensor, type TensorData, take, tensor } from '@cotangent/autograd';
import { ArgumentError, type Generator, isFloating, ShapeError } from '@cotangent/kernels';

/** Samples along the first axis: a tensor, nested arrays, or a typed array. */
export type Data = Tensor | TensorData;

/** The data as a tensor of at least one axis. */
export function toSamples(operation: string, name: string, data: Data): Tensor {
  if (data === undefined || data === null) throw new ArgumentError(operation, `got no ${name}`);
  const samples = isTensor(data) ? data : tensor(data);
  if (samples.rank === 0)
    throw new ShapeError(operation, { [name]: samples.shape }, `${name} with samples along the first axis`);
  return samples;
}

/** Checks that every sample has a target, and that no target is NaN: a NaN loses a whole model in one step. */
export function checkTargets(operation: string, x: Tensor, y: Tensor): void {
  if (x.shape[0] !== y.shape[0]) {
    throw new ShapeError(operation, { x: x.shape, y: y.shape }, 'as many targets as samples (equal first axes)');
  }
  if (x.shape[0] === 0) throw new ArgumentError(operation, 'got no samples: the first axis of x is 0');
  if (!isFloating(y.dtype)) return;
  const at = y.toTypedArray().findIndex((value) => Number.isNaN(value));
  if (at >= 0) {
    const perSample = y.size / y.shape[0]!;
    throw new ArgumentError(
      operation,
      `got NaN in y, at sample ${Math.floor(at / perSample)}`,
      'Check how the targets were read.',
    );
  }
}

/** The samples from `start` to `end` of an order. The caller's scope owns them. */
export function batchOf(data: Tensor, order: Int32Array | null, start: number, end: number): Tensor {
  if (order === null) return data.slice([start, end]);
  return take(data, fromTypedArray(order.subarray(start, end), [end - start]));
}

/** The order in which an epoch visits the samples; null for as they come. */
export function epochOrder(samples: number, shuffle: boolean, generator: Generator): Int32Array | null {
  return shuffle ? generator.permutation(samples) : null;
}
