/** A fully connected layer: the product, the bias and the activation in one pass. */

import * as kernels from '@cotangent/kernels';
import { DTypeError, isFloating, type Shape, ShapeError, sizeOf } from '@cotangent/kernels';
import { apply, type BatchCall, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';
import { type Activation, relu, sigmoid, tanh, through } from './ending.js';

function denseShape(x: Shape, kernel: Shape, bias: Shape): Shape {
  const [inputs, units] = kernel;
  if (x.length < 2 || kernel.length !== 2 || bias.length !== 1 || x.at(-1) !== inputs || bias[0] !== units) {
    const mend =
      kernel.length === 2 && x.at(-1) === units
        ? 'Did you mean kernel.T?'
        : x.length === 1
          ? 'Add a batch axis with .expandDims(0).'
          : undefined;
    throw new ShapeError(
      'dense',
      { x, kernel, bias },
      'x [..., inputs], kernel [inputs, units] and bias [units]',
      mend,
    );
  }
  return [...x.slice(0, -1), units!];
}

/** Leading axes as one: the rows of one tall matrix. */
const rowsOf = (x: Tensor): Tensor => (x.rank === 2 ? x : x.reshape([sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]));

/**
 * Several inputs of one layer are more rows of it. A layer for each example is written out, for a product with a matrix for
 * each example has no fused form.
 */
const denseBatch =
  (activation: Activation | null) =>
  ({ row, inputs, mapped, attributes, size }: BatchCall<undefined>): Tensor => {
    const [x, kernel, bias] = inputs as [Tensor, Tensor, Tensor];
    if (!mapped[1] && !mapped[2]) return apply(row, inputs, attributes as never);
    const rows = mapped[0] ? x.reshape([size, sizeOf(x.shape.slice(1, -1)), x.shape.at(-1)!]) : rowsOf(x);
    const z = rows.matmul(kernel).add(mapped[2] ? bias.expandDims(1) : bias);
    const y = activation === null ? z : activation.activate(z);
    return y.reshape([size, ...x.shape.slice(mapped[0] ? 1 : 0, -1), bias.shape.at(-1)!]);
  };

/**
 * y = f(x W + b).  With dz = dy ⊙ f′, computed once from the result: dx = dz Wᵀ, dW = Σ xᵀ dz and db = Σ dz over leading axes.
 */
function denseRow(name: string, activation: Activation | null): Primitive<undefined> {
  const attributes = { activation: activation?.name ?? null };
  return primitive({
    name,
    inputs: ['x', 'kernel', 'bias'],
    shape: ({ x, kernel, bias }) => denseShape(x, kernel, bias),
    dtype: ({ x, kernel, bias }) => {
      if (x !== kernel || x !== bias || !isFloating(x)) {
        const mend = 'Convert with .cast().';
        throw new DTypeError('dense', { x, kernel, bias }, 'three tensors of one floating dtype', mend);
      }
      return x;
    },
    run: (out, inputs) => kernels.dense(out, inputs, attributes),
    shared: { keeps: activation === null ? [] : ['out'], pull: (g, { out }) => through(activation, g, out) },
    keeps: { x: ['kernel'], kernel: ['x'], bias: [] },
    vjp: {
      x: (dz, { kernel }) => dz.matmul(kernel.mT),
      kernel: (dz, { x }) => rowsOf(x).mT.matmul(rowsOf(dz)),
      bias: (dz, _, __, shape) => dz.sumTo(shape),
    },
    jvp: {
      x: (t, { kernel, out }) => through(activation, t.matmul(kernel), out),
      kernel: (t, { x, out }) => through(activation, x.matmul(t), out),
      bias: (t, { out }) => through(activation, t.broadcastTo(out.shape), out),
    },
    batch: denseBatch(activation),
    ...(activation === relu && { domain: { note: 'not where x W + b is 0' } }),
  });
}

export const dense: Primitive<undefined> = denseRow('dense', null);
export const denseRelu: Primitive<undefined> = denseRow('denseRelu', relu);
export const denseTanh: Primitive<undefined> = denseRow('denseTanh', tanh);
export const denseSigmoid: Primitive<undefined> = denseRow('denseSigmoid', sigmoid);
