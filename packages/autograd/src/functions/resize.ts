/** Images in another size. */

import { ArgumentError, DTypeError, isFloating } from '@cotangent/kernels';
import { fromTypedArray } from '../create.js';
import { checkOptions } from '../options.js';
import type { Tensor } from '../tensor.js';
import { checkTensor } from './operands.js';
import { matmul } from './products.js';
import { take } from './shape.js';
import { channelsBack, channelsLast, checkImages, type DataFormat, type PerAxis, windowOf } from './windows.js';

/** How a pixel between others is made. */
export type ResizeMethod = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos3' | 'lanczos5';

/** Options of `resize`. */
export interface ResizeOptions {
  /** @defaultValue 'bilinear' */
  readonly method?: ResizeMethod;
  /** Whether to widen the kernel when shrinking, so that every pixel counts. @defaultValue false (Keras) */
  readonly antialias?: boolean;
  /** Whether x is [batch, …spatial, channels] or [batch, channels, …spatial]. @defaultValue 'channelsLast' */
  readonly dataFormat?: DataFormat;
}

const { PI, abs, ceil, floor, max, min, sin } = Math;

const sinc = (t: number): number => (t === 0 ? 1 : sin(PI * t) / (PI * t));
const lanczos =
  (radius: number) =>
  (t: number): number =>
    abs(t) < radius ? sinc(t) * sinc(t / radius) : 0;

/** Keys's cubic with a = −½: exact for parabolas. Keys 1981, "Cubic convolution interpolation for digital image processing". */
function cubic(t: number): number {
  const d = abs(t);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** Weight by distance, and how far it reaches. */
const kernels: Record<Exclude<ResizeMethod, 'nearest'>, { weight: (t: number) => number; radius: number }> = {
  bilinear: { weight: (t) => max(0, 1 - abs(t)), radius: 1 },
  bicubic: { weight: cubic, radius: 2 },
  lanczos3: { weight: lanczos(3), radius: 3 },
  lanczos5: { weight: lanczos(5), radius: 5 },
};

const methods = ['nearest', ...Object.keys(kernels)];

/** The matrix [m, n] that makes m pixels of n: pixels are squares, and what lies outside does not count. */
function interpolation(
  m: number,
  n: number,
  method: Exclude<ResizeMethod, 'nearest'>,
  antialias: boolean,
): Float64Array {
  const { weight, radius } = kernels[method];
  const step = n / m;
  const stretch = antialias ? max(1, step) : 1;
  const matrix = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const center = (i + 0.5) * step - 0.5;
    const [from, to] = [max(0, ceil(center - radius * stretch)), min(n - 1, floor(center + radius * stretch))];
    let total = 0;
    for (let j = from; j <= to; j++) total += matrix[i * n + j] = weight((j - center) / stretch);
    for (let j = from; j <= to; j++) matrix[i * n + j]! /= total;
  }
  return matrix;
}

/** Where the centers of m pixels fall among n. */
const nearest = (m: number, n: number): Int32Array =>
  Int32Array.from({ length: m }, (_, i) => floor(((i + 0.5) * n) / m));

/**
 * Images, sequences or volumes in another size. Pixels are squares whose centers lie at ½, 1½, …, and what lies outside the image
 * does not count (Keras, TensorFlow 2, JAX).
 *
 * @param x [batch, …spatial, channels], 1 to 3 spatial axes; float32 or float64 (with 'nearest' any dtype)
 * @param size spatial extents of the result: one number, or one for each axis
 * @throws ShapeError for an x of other axes; ArgumentError for options out of range; DTypeError for integers
 * @see https://keras.io/api/ops/image/#resize-function
 * @example
 * resize(tensor([[[0], [1]]]), 4).reshape([4]); // → [0, 0.25, 0.75, 1]
 */
export function resize(x: Tensor, size: PerAxis, options: ResizeOptions = {}): Tensor {
  checkOptions('resize', options, ['method', 'antialias', 'dataFormat']);
  const { method = 'bilinear', antialias = false, dataFormat } = options;
  if (!methods.includes(method)) {
    throw new ArgumentError(
      'resize',
      `got method ${JSON.stringify(method)}; expected one of ${methods.map((name) => `'${name}'`).join(', ')}`,
    );
  }
  const axes = min(max(checkTensor('resize', x).rank - 2, 1), 3);
  checkImages('resize', x, axes, dataFormat);
  if (method !== 'nearest' && !isFloating(x.dtype))
    throw new DTypeError('resize', { x: x.dtype }, 'float32 or float64', 'Use .cast().');
  let y = channelsLast(x, dataFormat);
  for (const [k, m] of windowOf('resize', size, axes).entries()) {
    const axis = k + 1;
    const n = y.shape[axis]!;
    if (n === 0) throw new ArgumentError('resize', `got an empty axis ${axis} of x; expected one element at least`);
    if (n === m) continue;
    if (method === 'nearest') {
      y = take(y, fromTypedArray(nearest(m, n), [m]), { axis });
      continue;
    }
    const weights = fromTypedArray(interpolation(m, n, method, antialias), [m, n]).cast(y.dtype);
    const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
    const [before, after] = [y.shape.slice(0, axis), y.shape.slice(axis + 1)];
    const rows = y.reshape([product(before), n, product(after)]);
    y = matmul(weights, rows).reshape([...before, m, ...after]);
  }
  return channelsBack(y, dataFormat);
}
