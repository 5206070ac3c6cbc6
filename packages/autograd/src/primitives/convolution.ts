/** Convolution and its two transposes, on three spatial axes, channels last. Each is linear in both inputs, and the derivatives of one are the others. */

import * as kernels from '@cotangent/kernels';
import {
  type ConvolutionAttributes,
  type DType,
  DTypeError,
  isFloating,
  outputExtent,
  type Shape,
} from '@cotangent/kernels';
import { moveAxis, repeated } from '../batching.js';
import { zeros } from '../create.js';
import { apply, type BatchCall, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

export function oneFloating(name: string, a: DType, b: DType): DType {
  if (a !== b || !isFloating(a)) {
    throw new DTypeError(name, { a, b }, 'two tensors of one floating dtype', 'Convert one with .cast().');
  }
  return a;
}

/** The shape of y. */
export const convolvedShape = (x: Shape, filter: Shape, attributes: ConvolutionAttributes): Shape => [
  x[0]!,
  ...outputOf(attributes),
  filter[4]!,
];

/** The shape of dx. */
export const transposedShape = (g: Shape, filter: Shape, { input, groups }: ConvolutionAttributes): Shape => [
  g[0]!,
  ...input,
  filter[3]! * groups,
];

const outputOf = ({ input, window, strides, padding, dilations }: ConvolutionAttributes): Shape =>
  ([0, 1, 2] as const).map((k) => outputExtent(input[k], window[k], strides[k], padding[k], dilations[k]));

/** The mapped axis of channels-last data beside its channels: `[examples, n, …, c]` → `[n, …, examples · c]`. */
const intoChannels = (x: Tensor): Tensor =>
  moveAxis(x, 0, x.rank - 2).reshape([...x.shape.slice(1, -1), x.shape[0]! * x.shape.at(-1)!]);

/** The opposite. */
const outOfChannels = (x: Tensor, size: number): Tensor =>
  moveAxis(x.reshape([...x.shape.slice(0, -1), size, x.shape.at(-1)! / size]), x.rank - 1, 0);

/** More examples of one filter are more of the batch; examples with filters of their own are groups. */
export function batchOf({ row, inputs, mapped, attributes, size, shape }: BatchCall<ConvolutionAttributes>): Tensor {
  const [a, b] = inputs as [Tensor, Tensor];
  if (!mapped[1] && row !== convolutionFilterGradient) {
    const merged = apply(row, [a.reshape([size * a.shape[1]!, ...a.shape.slice(2)]), b], attributes as never);
    return merged.reshape([size, a.shape[1]!, ...merged.shape.slice(1)]);
  }
  if (size === 0) return zeros([0, ...shape], { dtype: a.dtype });
  const grouped = inputs.map((x, i) => intoChannels(repeated(x, mapped[i]!, size)));
  return outOfChannels(apply(row, grouped, { ...attributes, groups: size * attributes.groups } as never), size);
}

/** y = filter ⋆ x for x [batch, …spatial, in] and filter [...spatial, in / groups, out] */
export const convolution: Primitive<ConvolutionAttributes> = primitive({
  name: 'convolution',
  inputs: ['x', 'filter'],
  shape: ({ x, filter }, attributes: ConvolutionAttributes) => convolvedShape(x, filter, attributes),
  dtype: ({ x, filter }) => oneFloating('convolution', x, filter),
  run: kernels.convolution,
  keeps: { x: ['filter'], filter: ['x'] },
  vjp: {
    x: (g, { filter }, attributes) => apply(convolutionInputGradient, [g, filter], attributes),
    filter: (g, { x }, attributes) => apply(convolutionFilterGradient, [x, g], attributes),
  },
  jvp: {
    x: (t, { filter }, attributes) => apply(convolution, [t, filter], attributes),
    filter: (t, { x }, attributes) => apply(convolution, [x, t], attributes),
  },
  batch: batchOf,
});

/** dx of a cotangent g of y: the transposed convolution. */
export const convolutionInputGradient: Primitive<ConvolutionAttributes> = primitive({
  name: 'convolutionInputGradient',
  inputs: ['g', 'filter'],
  shape: ({ g, filter }, attributes: ConvolutionAttributes) => transposedShape(g, filter, attributes),
  dtype: ({ g, filter }) => oneFloating('convolutionInputGradient', g, filter),
  run: kernels.convolutionInputGradient,
  keeps: { g: ['filter'], filter: ['g'] },
  vjp: {
    g: (v, { filter }, attributes) => apply(convolution, [v, filter], attributes),
    filter: (v, { g }, attributes) => apply(convolutionFilterGradient, [v, g], attributes),
  },
  jvp: {
    g: (t, { filter }, attributes) => apply(convolutionInputGradient, [t, filter], attributes),
    filter: (t, { g }, attributes) => apply(convolutionInputGradient, [g, t], attributes),
  },
  batch: batchOf,
});

/** dfilter of a cotangent g of y. */
export const convolutionFilterGradient: Primitive<ConvolutionAttributes> = primitive({
  name: 'convolutionFilterGradient',
  inputs: ['x', 'g'],
  shape: ({ x, g }, { window, groups }: ConvolutionAttributes) => [...window, x[4]! / groups, g[4]!],
  dtype: ({ x, g }) => oneFloating('convolutionFilterGradient', x, g),
  run: kernels.convolutionFilterGradient,
  keeps: { x: ['g'], g: ['x'] },
  vjp: {
    x: (v, { g }, attributes) => apply(convolutionInputGradient, [g, v], attributes),
    g: (v, { x }, attributes) => apply(convolution, [x, v], attributes),
  },
  jvp: {
    x: (t, { g }, attributes) => apply(convolutionFilterGradient, [t, g], attributes),
    g: (t, { x }, attributes) => apply(convolutionFilterGradient, [x, t], attributes),
  },
  batch: batchOf,
});
