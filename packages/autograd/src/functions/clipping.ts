/** Clipping of gradients: by their values, by the norm of each, by the norm of all. */

import { ArgumentError, normalizeAxes } from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import type { Tensor } from '../tensor.js';
import { type MapTree, mapTree, treeLeaves } from '../trees.js';
import { clip, divide, maximum } from './elementwise.js';
import { checkTensor } from './operands.js';
import { stack } from './shape.js';
import { norm } from './statistics.js';

/** Options of `clipByNorm`. */
export interface ClipByNormOptions {
  /** The axes over which the norm runs. @defaultValue all of them: one norm of the whole tensor */
  axis?: number | readonly number[];
}

function checkLimit(operation: string, name: string, limit: number): void {
  if (!(typeof limit === 'number' && limit > 0)) {
    throw new ArgumentError(operation, `got ${name} ${String(limit)}; expected a positive number`);
  }
}

/** What makes a norm of at most `maxNorm`, and 1 where it is that already. NaN where the norm is not finite (TensorFlow). */
function scaleOf(norm: Tensor, maxNorm: number): Tensor {
  const finiteOrNaN = norm.sub(norm).add(norm);
  return divide(maxNorm, maximum(finiteOrNaN, maxNorm));
}

/**
 * Every tensor times min(1, maxNorm / n), where n = √Σ x² over all elements of all of them: their directions stay.
 * Nothing is added to n (PyTorch adds 1e-6). Where n is not finite, all results are NaN, so that no step is taken unseen.
 *
 * @param tree a tensor, or arrays and objects of them, as `grad` returns; floating
 * @param maxNorm the largest norm that stays as it is, above 0
 * @returns the clipped tensors, in the structure of `tree`, and n
 * @throws ArgumentError for a `maxNorm` that is not positive, or without any tensor
 * @see Pascanu, Mikolov & Bengio 2013; https://keras.io/api/optimizers/ (`globalClipNorm`)
 * @example
 * const [clipped, length] = clipByGlobalNorm([tensor([3]), tensor([4])], 1);
 * clipped; // → [[0.6], [0.8]]
 * length; // → 5
 */
export function clipByGlobalNorm<T>(tree: T, maxNorm: number): [clipped: MapTree<T, Tensor>, norm: Tensor] {
  checkLimit('clipByGlobalNorm', 'maxNorm', maxNorm);
  const leaves = treeLeaves(tree);
  if (leaves.length === 0) {
    throw new ArgumentError('clipByGlobalNorm', 'got no tensor; expected one, or arrays and objects of them');
  }
  const norms = leaves.map((leaf) => norm(leaf));
  // The norm of the norms is the norm of everything.
  const total = norms.length === 1 ? norms[0]! : norm(stack(norms));
  const scale = scaleOf(total, maxNorm);
  return [mapTree(tree, (leaf) => leaf.mul(scale.cast(leaf.dtype))), total];
}

/**
 * x times min(1, maxNorm / ‖x‖), with the Euclidean norm of the whole tensor or along axes.
 *
 * @throws ArgumentError for a `maxNorm` that is not positive; IndexError for an axis that is not there
 * @see https://www.tensorflow.org/api_docs/python/tf/clip_by_norm
 * @example
 * clipByNorm(tensor([3, 4]), 1); // → [0.6, 0.8]
 */
export function clipByNorm(x: Tensor, maxNorm: number, options: ClipByNormOptions = {}): Tensor {
  checkOptions('clipByNorm', options, ['axis']);
  checkLimit('clipByNorm', 'maxNorm', maxNorm);
  const axis =
    options.axis === undefined
      ? undefined
      : normalizeAxes('clipByNorm', options.axis, checkTensor('clipByNorm', x).rank);
  return x.mul(scaleOf(norm(x, axis === undefined ? {} : { axis, keepDims: true }), maxNorm));
}

/**
 * Every element of every tensor, limited to −limit … limit. The gradient at a limit is 1, as that of `clip`.
 *
 * @param tree a tensor, or arrays and objects of them, as `grad` returns
 * @throws ArgumentError for a `limit` that is not positive
 * @example
 * clipByValue([tensor([-3, 0.5]), tensor([2])], 1); // → [[-1, 0.5], [1]]
 */
export function clipByValue<T>(tree: T, limit: number): MapTree<T, Tensor> {
  checkLimit('clipByValue', 'limit', limit);
  return mapTree(tree, (leaf) => clip(leaf, -limit, limit));
}
