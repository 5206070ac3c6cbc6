/** Normalization: zero mean and unit variance over some axes, then a scale and a shift that are learned. */

import {
  type AffineNormalizeAttributes,
  ArgumentError,
  floatingDType,
  normalizeAxes,
  normalizeAxis,
  ShapeError,
  showShape,
  sizeOf,
} from '@cotangent/kernels';
import { checkOptions } from '../options.js';
import { apply } from '../primitive.js';
import { affineNormalize, columnMoments } from '../primitives/affineNormalize.js';
import { normalize as normalizeRow } from '../primitives/normalize.js';
import { rmsNormalize } from '../primitives/rmsNormalize.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';

/** Options that all normalizations share. */
export interface NormalizationOptions {
  /** Multiplied, of the extents that are normalized (layer) or of the channels (the others). @defaultValue none */
  scale?: Tensor;
  /** Added afterwards, of the same shape. @defaultValue none */
  shift?: Tensor;
  /** Added to the variance before its root. @defaultValue 1e-5 (PyTorch; the layers of Keras have 1e-3) */
  epsilon?: number;
}

function checkEpsilon(operation: string, epsilon: number): number {
  if (!(epsilon >= 0)) throw new ArgumentError(operation, `got epsilon ${epsilon}; expected a number from 0`);
  return epsilon;
}

/** Scale and shift have to be of so many numbers. */
function checkLearned(operation: string, x: Tensor, { scale, shift }: NormalizationOptions, size: number): void {
  for (const [name, learned] of [
    ['scale', scale],
    ['shift', shift],
  ] as const) {
    if (learned !== undefined && checkTensor(operation, learned).size !== size)
      throw new ShapeError(operation, { [name]: learned.shape, x: x.shape }, `a ${name} of ${size} numbers`);
  }
}

function finish(operation: string, y: Tensor, options: NormalizationOptions, shape: readonly number[]): Tensor {
  checkLearned(operation, y, options, sizeOf(shape));
  const { scale, shift } = options;
  const scaled = scale === undefined ? y : y.mul(scale.reshape(shape));
  return shift === undefined ? scaled : scaled.add(shift.reshape(shape));
}

/** All of it in one kernel, where there is something to normalize. */
function affine(x: Tensor, scale: Tensor, shift: Tensor, attributes: AffineNormalizeAttributes): Tensor {
  const floating = x.cast(floatingDType(x.dtype));
  checkEpsilon('normalize', attributes.epsilon);
  if (x.size === 0) return floating;
  return apply(affineNormalize, [floating, scale.cast(floating.dtype), shift.cast(floating.dtype)], attributes);
}

/**
 * Mean and variance of each channel along the last axis, in one pass; the variance divides by the count.
 *
 * @example
 * channelMoments(tensor([[1, 10], [3, 30]])); // → {"mean": [2, 20], "variance": [1, 100]}
 */
export function channelMoments(x: Tensor): { mean: Tensor; variance: Tensor } {
  const rows = apply(columnMoments, [x], undefined);
  return { mean: rows.slice(0), variance: rows.slice(1) };
}

/**
 * (x − mean) / √(variance + ε) over the axes in the option `axis` (the last, unless told); the variance divides by the count.
 *
 * @throws ArgumentError for an epsilon that is negative; IndexError for an axis that x lacks
 * @example
 * normalize(tensor([[1, 3], [10, 30]]), { epsilon: 0 }); // → [[-1, 1], [-1, 1]]
 */
export function normalize(
  x: Tensor,
  options: { readonly axis?: number | readonly number[]; readonly epsilon?: number } = {},
): Tensor {
  checkOptions('normalize', options, ['axis', 'epsilon']);
  const axes = normalizeAxes('normalize', options.axis ?? -1, checkTensor('normalize', x).rank);
  return apply(normalizeRow, [x], { axes, epsilon: checkEpsilon('normalize', options.epsilon ?? 1e-5) });
}

/**
 * Each example normalized over its last axes, those of `axis` (by default the last one), then scaled and shifted element by element.
 *
 * @throws ArgumentError when the axes are not the last ones; ShapeError for a scale or shift of another size; IndexError for an axis that x lacks
 * @see Ba et al. 2016, arXiv:1607.06450
 * @example
 * layerNorm(tensor([[1, 3]]), { epsilon: 0 }); // → [[-1, 1]]
 */
export function layerNorm(
  x: Tensor,
  options: NormalizationOptions & { readonly axis?: number | readonly number[] } = {},
): Tensor {
  checkOptions('layerNorm', options, ['scale', 'shift', 'epsilon', 'axis']);
  const axes = normalizeAxes('layerNorm', options.axis ?? -1, checkTensor('layerNorm', x).rank);
  if (axes.some((axis, i) => axis !== x.rank - axes.length + i)) {
    throw new ArgumentError(
      'layerNorm',
      `got axes ${axes.join(', ')} of x ${showShape(x.shape)}; expected the last ones`,
    );
  }
  const shape = x.shape.slice(x.rank - axes.length);
  const { scale, shift, epsilon = 1e-5 } = options;
  if (scale !== undefined && shift !== undefined) {
    checkLearned('layerNorm', x, options, sizeOf(shape));
    return affine(x, scale, shift, { along: 'rows', count: sizeOf(shape), epsilon });
  }
  return finish('layerNorm', normalize(x, { axis: axes, epsilon }), options, shape);
}

/**
 * x / √(mean x² + ε) over the last axis, scaled: `layerNorm` without the mean.
 *
 * @throws ArgumentError for an epsilon that is negative; ShapeError for a scale of another length
 * @see Zhang and Sennrich 2019, arXiv:1910.07467
 * @example
 * rmsNorm(tensor([[3, 4]]), { epsilon: 0 }); // → [[0.84853, 1.1314]]
 */
export function rmsNorm(x: Tensor, options: Omit<NormalizationOptions, 'shift'> = {}): Tensor {
  checkOptions('rmsNorm', options, ['scale', 'epsilon']);
  const epsilon = checkEpsilon('rmsNorm', options.epsilon ?? 1e-5);
  const { scale } = options;
  if (scale !== undefined && checkTensor('rmsNorm', x).size > 0) {
    checkLearned('rmsNorm', x, options, x.shape.at(-1) ?? 1);
    const floating = x.cast(floatingDType(x.dtype));
    if (x.rank > 0) return apply(rmsNormalize, [floating, scale.cast(floating.dtype).reshape([-1])], { epsilon });
  }
  const squares = checkTensor('rmsNorm', x).square().mean({ axis: -1, keepDims: true });
  const y = x.mul(squares.add(epsilon).rsqrt());
  return finish('rmsNorm', y, options, x.shape.slice(-1));
}

/** The channels of x as extents that broadcast against it. */
const channelShape = (x: Tensor, axis: number): number[] => x.shape.map((extent, i) => (i === axis ? extent : 1));

/** Options of the normalizations by channel. */
export interface ChannelNormalizationOptions extends NormalizationOptions {
  /** The axis of the channels. @defaultValue −1 */
  axis?: number;
}

const channelOptions = ['scale', 'shift', 'epsilon', 'axis'];

/**
 * Each channel normalized over the batch and all places, as in training; for inference with running statistics give `mean` and
 * `variance`, of the channels.
 *
 * @throws ArgumentError for one of mean and variance without the other, or an epsilon that is negative; ShapeError for a scale or shift of another length; IndexError for an axis that x lacks
 * @see Ioffe and Szegedy 2015, arXiv:1502.03167
 * @example
 * batchNorm(tensor([[1, 10], [3, 30]]), { epsilon: 0 }); // → [[-1, -1], [1, 1]]
 */
export function batchNorm(
  x: Tensor,
  options: ChannelNormalizationOptions & { readonly mean?: Tensor; readonly variance?: Tensor } = {},
): Tensor {
  checkOptions('batchNorm', options, [...channelOptions, 'mean', 'variance']);
  const { mean, variance, epsilon = 1e-5 } = options;
  const axis = normalizeAxis('batchNorm', options.axis ?? -1, checkTensor('batchNorm', x).rank);
  const shape = channelShape(x, axis);
  if ((mean === undefined) !== (variance === undefined))
    throw new ArgumentError('batchNorm', 'got one of mean and variance; expected both or neither');
  if (mean === undefined || variance === undefined) {
    const { scale, shift } = options;
    if (scale !== undefined && shift !== undefined && axis === x.rank - 1 && axis > 0) {
      checkLearned('batchNorm', x, options, x.shape[axis]!);
      return affine(x, scale, shift, { along: 'columns', count: sizeOf(x.shape.slice(0, -1)), epsilon });
    }
    const axes = x.shape.map((_, i) => i).filter((i) => i !== axis);
    return finish('batchNorm', normalize(x, { axis: axes, epsilon }), options, shape);
  }
  const scale = variance.add(checkEpsilon('batchNorm', epsilon)).rsqrt();
  return finish('batchNorm', x.sub(mean.reshape(shape)).mul(scale.reshape(shape)), options, shape);
}

/**
 * The channels of each example in `groups` groups, each normalized over its channels and all places.
 *
 * @throws ArgumentError when the channels cannot be divided so; IndexError for an axis that x lacks
 * @see Wu and He 2018, arXiv:1803.08494
 * @example
 * groupNorm(tensor([[1, 3, 10, 30]]), 2, { epsilon: 0 }); // → [[-1, 1, -1, 1]]
 */
export function groupNorm(x: Tensor, groups: number, options: ChannelNormalizationOptions = {}): Tensor {
  checkOptions('groupNorm', options, channelOptions);
  const axis = normalizeAxis('groupNorm', options.axis ?? -1, checkTensor('groupNorm', x).rank);
  const channels = x.shape[axis]!;
  if (axis === 0 || !Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ArgumentError(
      'groupNorm',
      `got ${groups} groups for ${channels} channels along axis ${axis} of x ${showShape(x.shape)}; expected a number that divides them, and the batch along axis 0`,
    );
  }
  const grouped = x.reshape([...x.shape.slice(0, axis), groups, channels / groups, ...x.shape.slice(axis + 1)]);
  const axes = grouped.shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis);
  const y = normalize(grouped, { axis: axes, epsilon: options.epsilon ?? 1e-5 }).reshape(x.shape);
  return finish('groupNorm', y, options, channelShape(x, axis));
}

/**
 * Each channel of each example normalized over all places: `groupNorm` with a group for each channel.
 *
 * @throws IndexError for an axis that x lacks
 * @see Ulyanov et al. 2016, arXiv:1607.08022
 * @example
 * instanceNorm(tensor([[[1, 10], [3, 30]]]), { epsilon: 0 }); // → [[[-1, -1], [1, 1]]]
 */
export function instanceNorm(x: Tensor, options: ChannelNormalizationOptions = {}): Tensor {
  checkOptions('instanceNorm', options, channelOptions);
  const axis = normalizeAxis('instanceNorm', options.axis ?? -1, checkTensor('instanceNorm', x).rank);
  return groupNorm(x, x.shape[axis]!, options);
}
