/** Activation functions, as Keras 3 defines them (https://keras.io/api/layers/activations/). Integers become float32. */

import { ArgumentError, DTypeError, floatingDType, normalizeAxis, showShape } from '@cotangent/kernels';
import { arange } from '../create.js';
import { checkOptions } from '../options.js';
import { apply, type Primitive } from '../primitive.js';
import * as activation from '../primitives/activation.js';
import type { Tensor } from '../tensor.js';
import { copysign, sigmoid, tanh, where } from './elementwise.js';
import { checkTensor } from './operands.js';
import { cumsum } from './scan.js';
import { sort } from './sorting.js';

const one = (row: Primitive<undefined>, x: Tensor): Tensor => apply(row, [checkTensor(row.name, x)], undefined);

const floating = (operation: string, x: Tensor): Tensor => {
  checkTensor(operation, x);
  return x.cast(floatingDType(x.dtype));
};

// ---- smooth ----------------------------------------------------------------------------------------------------------

/**
 * ln(1 + eˣ), which does not overflow.
 *
 * @example
 * softplus(tensor([-1, 0, 1000])); // → [0.31326, 0.69315, 1000]
 */
export function softplus(x: Tensor): Tensor {
  return one(activation.softplus, x);
}

/**
 * x σ(x), also called swish.
 *
 * @see Elfwing et al. 2017, arXiv:1702.03118
 * @example
 * silu(tensor([-1, 0, 1])); // → [-0.26894, 0, 0.73106]
 */
export function silu(x: Tensor): Tensor {
  return one(activation.silu, x);
}

/** Options of `gelu`. */
export interface GeluOptions {
  /** By tanh, as the first GPT and BERT computed it. @defaultValue false (Keras, PyTorch) */
  approximate?: boolean;
}

/**
 * x Φ(x) with the normal distribution function Φ(x) = ½ erfc(−x/√2); with `approximate`
 * ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
 *
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415
 * @example
 * gelu(tensor([-1, 0, 1])); // → [-0.15865526, 0, 0.8413447]
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  checkOptions('gelu', options, ['approximate']);
  return one(options.approximate ? activation.geluTanh : activation.gelu, x);
}

/**
 * x tanh(ln(1 + eˣ)).
 *
 * @see Misra 2019, arXiv:1908.08681
 * @example
 * mish(tensor([-1, 0, 1])); // → [-0.3034, 0, 0.8651]
 */
export function mish(x: Tensor): Tensor {
  return one(activation.mish, x);
}

/**
 * ln σ(x) = −ln(1 + e⁻ˣ)
 *
 * @example
 * logSigmoid(tensor([0, -100])); // → [-0.69315, -100]
 */
export function logSigmoid(x: Tensor): Tensor {
  return softplus(checkTensor('logSigmoid', x).neg()).neg();
}

/**
 * x / (1 + |x|)
 *
 * @example
 * softsign(tensor([-1, 0, 3])); // → [-0.5, 0, 0.75]
 */
export function softsign(x: Tensor): Tensor {
  const y = floating('softsign', x);
  return y.div(y.abs().add(1));
}

/**
 * x − tanh x
 *
 * @example
 * tanhShrink(tensor([-1, 0, 1])); // → [-0.23841, 0, 0.23841]
 */
export function tanhShrink(x: Tensor): Tensor {
  return checkTensor('tanhShrink', x).sub(tanh(x));
}

/**
 * (x + √(x² + b)) / 2.
 *
 * @param b default 4 (Keras).
 * @see Barron 2021, arXiv:2112.11687
 * @example
 * squareplus(tensor([-1, 0, 3])); // → [0.61803, 1, 3.3028]
 */
export function squareplus(x: Tensor, b: number = 4): Tensor {
  const y = floating('squareplus', x);
  return y.add(y.square().add(b).sqrt()).mul(0.5);
}

/** Options of `elu` and `celu`. */
export interface EluOptions {
  /** What it tends to far below 0, negated. @defaultValue 1 */
  alpha?: number;
}

/**
 * x above 0, α (eˣ − 1) from there down; at 0 the derivative is that of the branch below.
 *
 * @see Clevert et al. 2015, arXiv:1511.07289
 * @example
 * elu(tensor([-1, 0, 2])); // → [-0.63212, 0, 2]
 */
export function elu(x: Tensor, { alpha = 1 }: EluOptions = {}): Tensor {
  return apply(activation.elu, [checkTensor('elu', x)], { alpha });
}

const seluAlpha = 1.6732632423543772848170429916717;
const seluScale = 1.0507009873554804934193349852946;

/**
 * 1.0507 · elu(x, α = 1.6733): keeps means at 0 and variances at 1.
 *
 * @see Klambauer et al. 2017, arXiv:1706.02515
 * @example
 * selu(tensor([-1, 0, 1])); // → [-1.1113, 0, 1.0507]
 */
export function selu(x: Tensor): Tensor {
  return elu(x, { alpha: seluAlpha }).mul(seluScale);
}

/**
 * max(x, 0) + min(0, α (e^(x/α) − 1)).
 *
 * @throws ArgumentError for an `alpha` of 0
 * @see Barron 2017, arXiv:1704.07483
 * @example
 * celu(tensor([-1, 0, 2]), { alpha: 2 }); // → [-0.78694, 0, 2]
 */
export function celu(x: Tensor, { alpha = 1 }: EluOptions = {}): Tensor {
  if (!(alpha !== 0)) throw new ArgumentError('celu', `got alpha ${alpha}; expected a number other than 0`);
  return alpha === 1 ? elu(x) : elu(floating('celu', x).div(alpha)).mul(alpha);
}

// ---- of straight pieces: at a kink the derivative is 0 ---------------------------------------------------------------

/**
 * max(x, 0) held below 6.
 *
 * @example
 * relu6(tensor([-1, 3, 8])); // → [0, 3, 6]
 */
export function relu6(x: Tensor): Tensor {
  return hardTanh(x, 0, 6);
}

/**
 * x above 0, `negativeSlope` · x from there down.
 *
 * @param negativeSlope default 0.2 (Keras; PyTorch has 0.01)
 * @example
 * leakyRelu(tensor([-1, 2])); // → [-0.2, 2]
 * leakyRelu(tensor([-1, 2]), 0.01); // → [-0.01, 2]
 */
export function leakyRelu(x: Tensor, negativeSlope: number = 0.2): Tensor {
  const y = floating('leakyRelu', x);
  return where(y.greater(0), y, y.mul(negativeSlope));
}

/**
 * x above 0, slope · x from there down, with a slope that is learned: it broadcasts against x.
 *
 * @see He et al. 2015, arXiv:1502.01852
 * @example
 * prelu(tensor([[-1, -1], [2, 2]]), tensor([0.1, 0.5])); // → [[-0.1, -0.5], [2, 2]]
 */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  const y = floating('prelu', x);
  return where(y.greater(0), y, y.mul(checkTensor('prelu', slope)));
}

/**
 * x above `threshold`, else `value`.
 *
 * @example
 * threshold(tensor([0.1, 0.6]), 0.5, -1); // → [-1, 0.6]
 */
export function threshold(x: Tensor, threshold: number, value: number = 0): Tensor {
  return where(checkTensor('threshold', x).lessEqual(threshold), value, x);
}

/**
 * x held between `low` and `high`.
 *
 * @example
 * hardTanh(tensor([-2, 0.5, 2])); // → [-1, 0.5, 1]
 */
export function hardTanh(x: Tensor, low: number = -1, high: number = 1): Tensor {
  const y = checkTensor('hardTanh', x);
  return where(y.lessEqual(low), low, where(y.greaterEqual(high), high, y));
}

/**
 * relu6(x + 3) / 6 (Keras 3, PyTorch)
 *
 * @example
 * hardSigmoid(tensor([-4, 0, 1.5])); // → [0, 0.5, 0.75]
 */
export function hardSigmoid(x: Tensor): Tensor {
  return relu6(floating('hardSigmoid', x).add(3)).mul(1 / 6);
}

/**
 * x · hardSigmoid(x), also called hard swish; its derivative at −3 is that of the parabola, at 3 that of the line (PyTorch).
 *
 * @see Howard et al. 2019, arXiv:1905.02244
 * @example
 * hardSilu(tensor([-4, 1, 4])); // → [0, 0.66667, 4]
 */
export function hardSilu(x: Tensor): Tensor {
  const y = floating('hardSilu', x);
  return where(y.less(-3), 0, where(y.greaterEqual(3), y, y.mul(y.add(3)).mul(1 / 6)));
}

/**
 * x beyond ±`limit`, else 0.
 *
 * @param limit default 0.5
 * @example
 * hardShrink(tensor([-1, 0.3, 0.6])); // → [-1, 0, 0.6]
 */
export function hardShrink(x: Tensor, limit: number = 0.5): Tensor {
  return where(checkTensor('hardShrink', x).abs().greater(limit), x, 0);
}

/**
 * x brought `limit` nearer to 0, and 0 within.
 *
 * @param limit default 0.5
 * @example
 * softShrink(tensor([-1, 0.3, 2])); // → [-0.5, 0, 1.5]
 */
export function softShrink(x: Tensor, limit: number = 0.5): Tensor {
  const y = floating('softShrink', x);
  const beyond = y.abs().greater(limit);
  return where(beyond, y.sub(copysign(limit, y.detach())), 0);
}

/**
 * 0 to −1, x from 1, a parabola between: ¼ (x + 1)².
 *
 * @example
 * sparsePlus(tensor([-2, 0, 2])); // → [0, 0.25, 2]
 */
export function sparsePlus(x: Tensor): Tensor {
  const y = floating('sparsePlus', x);
  return where(y.lessEqual(-1), 0, where(y.less(1), y.add(1).square().mul(0.25), y));
}

/**
 * 0 to −1, 1 from 1, straight between.
 *
 * @example
 * sparseSigmoid(tensor([-2, 0, 0.5])); // → [0, 0.5, 0.75]
 */
export function sparseSigmoid(x: Tensor): Tensor {
  return hardTanh(floating('sparseSigmoid', x), -1, 1).mul(0.5).add(0.5);
}

// ---- along an axis ---------------------------------------------------------------------------------------------------

/**
 * The first half along `axis` times the sigmoid of the second.
 *
 * @throws ArgumentError for an odd extent; IndexError for an axis that x lacks
 * @see Dauphin et al. 2016, arXiv:1612.08083
 * @example
 * glu(tensor([[1, 2, 0, 1]])); // → [[0.5, 1.4621]]
 */
export function glu(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  checkOptions('glu', options, ['axis']);
  const axis = normalizeAxis('glu', options.axis ?? -1, checkTensor('glu', x).rank);
  const extent = x.shape[axis]!;
  if (extent % 2 !== 0) {
    throw new ArgumentError('glu', `got x ${showShape(x.shape)}; expected an even extent along axis ${axis}`);
  }
  const half = (from: number, to: number): Tensor =>
    x.slice(...x.shape.map((_, i) => (i === axis ? ([from, to] as const) : null)));
  return half(0, extent / 2).mul(sigmoid(half(extent / 2, extent)));
}

/**
 * softmax(−x) along `axis` (−1)
 *
 * @throws DTypeError for bool
 * @example
 * softmin(tensor([1, 2])); // → [0.73106, 0.26894]
 */
export function softmin(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  if (checkTensor('softmin', x).dtype === 'bool') throw new DTypeError('softmin', { x: 'bool' }, 'numbers');
  return x.neg().softmax(options);
}

/**
 * The point of the simplex nearest to x, along `axis`: like softmax, with exact zeros.
 *
 * max(x − τ, 0) with τ such that the sum is 1.
 *
 * @param options `axis`: −1 unless given
 * @throws IndexError for an axis that x lacks
 * @see Martins and Astudillo 2016, arXiv:1602.02068
 * @example
 * sparsemax(tensor([1, 2, 2.5])); // → [0, 0.25, 0.75]
 */
export function sparsemax(x: Tensor, options: { readonly axis?: number } = {}): Tensor {
  checkOptions('sparsemax', options, ['axis']);
  const y = floating('sparsemax', x);
  const axis = normalizeAxis('sparsemax', options.axis ?? -1, y.rank);
  const along = { axis, keepDims: true } as const;
  // Which elements stay above 0 is a choice among the sorted ones (and constant around x); τ follows from those.
  const sorted = sort(y.detach(), { axis, descending: true });
  const ranks = arange(1, y.shape[axis]! + 1, 1, { dtype: y.dtype }).reshape(
    y.shape.map((n, i) => (i === axis ? n : 1)),
  );
  const staying = sorted.mul(ranks).add(1).greater(cumsum(sorted, { axis }));
  const lowest = where(staying, sorted, Number.POSITIVE_INFINITY).min(along);
  const support = y.detach().greaterEqual(lowest);
  const tau = where(support, y, 0).sum(along).sub(1).div(support.cast(y.dtype).sum(along));
  return where(support, y.sub(tau), 0);
}
