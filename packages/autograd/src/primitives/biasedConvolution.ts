/** Convolution and its transpose with a bias for each channel and an activation, in one pass: what convolutional layers are. */

import * as kernels from '@cotangent/kernels';
import { type ConvolutionAttributes, ShapeError } from '@cotangent/kernels';
import { apply, type BatchCall, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import {
  batchOf as batchOfConvolution,
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
  convolvedShape,
  oneFloating,
  transposedShape,
} from './convolution.js';
import { type Activation, relu, sigmoid, tanh, through } from './ending.js';

type Row = Primitive<ConvolutionAttributes>;

/** Examples of one layer are more of its batch. A layer for each example is written out: its convolution has groups. */
const batchOf =
  (linear: Row, activation: Activation | null) =>
  (call: BatchCall<ConvolutionAttributes>): Tensor => {
    const { row, inputs, mapped, attributes, size, shape } = call;
    const [x, filter, bias] = inputs as [Tensor, Tensor, Tensor];
    if (!mapped[1] && !mapped[2]) {
      const merged = x.reshape([size * x.shape[1]!, ...x.shape.slice(2)]);
      return apply(row, [merged, filter, bias], attributes as never).reshape([size, ...shape]);
    }
    const y =
      mapped[0] || mapped[1]
        ? batchOfConvolution({ ...call, row: linear as never, inputs: [x, filter], mapped: mapped.slice(0, 2) })
        : apply(linear, [x, filter], attributes);
    const z = y.add(mapped[2] ? bias.reshape([size, 1, 1, 1, 1, bias.shape[1]!]) : bias);
    return activation === null ? z : activation.activate(z);
  };

/**
 * y = f(linear(x, filter) + b).  With dz = dy ⊙ f′, computed once from the result: dx and dfilter are those of `linear`, and db = Σ dz
 * over all places.
 */
function biased(name: string, linear: Row, activation: Activation | null): Row {
  const forward = linear === convolution;
  const run = forward ? kernels.convolution : kernels.convolutionInputGradient;
  const shapeOf = forward ? convolvedShape : transposedShape;
  const ending = { activation: activation?.name ?? null };
  return primitive({
    name,
    inputs: ['x', 'filter', 'bias'],
    shape: ({ x, filter, bias }, attributes: ConvolutionAttributes) => {
      const shape = shapeOf(x, filter, attributes);
      if (bias.length !== 1 || bias[0] !== shape.at(-1))
        throw new ShapeError(name, { x, filter, bias }, `a bias [${shape.at(-1)}]`);
      return shape;
    },
    dtype: ({ x, filter, bias }) => oneFloating(name, oneFloating(name, x, filter), bias),
    run: (out, inputs, attributes) => run(out, inputs, { ...attributes, ...ending }),
    shared: { keeps: activation === null ? [] : ['out'], pull: (g, { out }) => through(activation, g, out) },
    keeps: { x: ['filter'], filter: ['x'], bias: [] },
    vjp: {
      x: (dz, { filter }, attributes) =>
        apply(forward ? convolutionInputGradient : convolution, [dz, filter], attributes),
      filter: (dz, { x }, attributes) => apply(convolutionFilterGradient, forward ? [x, dz] : [dz, x], attributes),
      bias: (dz, _, __, shape) => dz.sumTo(shape),
    },
    jvp: {
      x: (t, { filter, out }, attributes) => through(activation, apply(linear, [t, filter], attributes), out),
      filter: (t, { x, out }, attributes) => through(activation, apply(linear, [x, t], attributes), out),
      bias: (t, { out }) => through(activation, t.broadcastTo(out.shape), out),
    },
    batch: batchOf(linear, activation),
    ...(activation === relu && { domain: { note: 'not where the convolution and the bias sum up to 0' } }),
  });
}

export const biasedConvolution: Row = biased('biasedConvolution', convolution, null);
export const biasedConvolutionRelu: Row = biased('biasedConvolutionRelu', convolution, relu);
export const biasedConvolutionTanh: Row = biased('biasedConvolutionTanh', convolution, tanh);
export const biasedConvolutionSigmoid: Row = biased('biasedConvolutionSigmoid', convolution, sigmoid);

/** Transposed: x is what `convolutionInputGradient` calls g. */
const transpose = convolutionInputGradient;
export const biasedTranspose: Row = biased('biasedTranspose', transpose, null);
export const biasedTransposeRelu: Row = biased('biasedTransposeRelu', transpose, relu);
export const biasedTransposeTanh: Row = biased('biasedTransposeTanh', transpose, tanh);
export const biasedTransposeSigmoid: Row = biased('biasedTransposeSigmoid', transpose, sigmoid);
