/** Softmax, its logarithm, and the cross-entropy fused with it. */

import * as kernels from '@cotangent/kernels';
import {
  type AxisAttributes,
  type DType,
  DTypeError,
  isFloating,
  type Shape,
  ShapeError,
  shapesEqual,
} from '@cotangent/kernels';
import { axisBatch, leadingBatch } from '../batching.js';
import { ones, onesLike } from '../create.js';
import { apply, type Primitive, primitive } from '../primitive.js';
import type { Tensor } from '../tensor.js';

/** The Jacobian of y = softmax x over the last axis is symmetric, diag y − y yᵀ: one formula serves both modes. */
const throughSoftmax = (v: Tensor, logits: Tensor): Tensor =>
  apply(softmaxBackward, [v, logits.softmax({ axis: -1 })], { axis: logits.rank - 1 });

/** y = softmax(x).  dx = y ⊙ (dy − Σ y ⊙ dy), fused */
export const softmax: Primitive<AxisAttributes> = primitive({
  name: 'softmax',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }) => x,
  run: kernels.softmax,
  keeps: { x: ['out'] },
  vjp: { x: (g, { out }, attributes: AxisAttributes) => apply(softmaxBackward, [g, out], attributes) },
  jvp: { x: (t, { out }, attributes) => apply(softmaxBackward, [t, out], attributes) },
  batch: axisBatch(),
});

const sumAlong = (x: Tensor, { axis }: AxisAttributes): Tensor => x.sum({ axis, keepDims: true });

/** d(g, y) = y ⊙ (g − Σ y ⊙ g): symmetric in g. */
export const softmaxBackward: Primitive<AxisAttributes> = primitive({
  name: 'softmaxBackward',
  inputs: ['g', 'y'],
  promotion: 'floating',
  shape: ({ y }) => y,
  run: kernels.softmaxBackward,
  keeps: { g: ['y'], y: ['g', 'y'] },
  vjp: {
    g: (v, { y }, attributes: AxisAttributes) => apply(softmaxBackward, [v, y], attributes),
    y: (v, { g, y }, attributes) =>
      v.mul(g.sub(sumAlong(y.mul(g), attributes))).sub(g.mul(sumAlong(y.mul(v), attributes))),
  },
  jvp: {
    g: (t, { y }, attributes) => apply(softmaxBackward, [t, y], attributes),
    y: (t, { g, y }, attributes) =>
      t.mul(g.sub(sumAlong(y.mul(g), attributes))).sub(y.mul(sumAlong(t.mul(g), attributes))),
  },
  batch: axisBatch(),
});

/** y = x − ln Σ eˣ.  dx = dy − eʸ Σ dy, fused */
export const logSoftmax: Primitive<AxisAttributes> = primitive({
  name: 'logSoftmax',
  inputs: ['x'],
  promotion: 'floating',
  shape: ({ x }) => x,
  run: kernels.logSoftmax,
  keeps: { x: ['out'] },
  vjp: { x: (g, { out }, attributes: AxisAttributes) => apply(logSoftmaxBackward, [g, out], attributes) },
  jvp: { x: (t, { out }, attributes) => t.sub(sumAlong(out.exp().mul(t), attributes)) },
  batch: axisBatch(),
});

/** d(g, y) = g − eʸ Σ g */
export const logSoftmaxBackward: Primitive<AxisAttributes> = primitive({
  name: 'logSoftmaxBackward',
  inputs: ['g', 'y'],
  promotion: 'floating',
  shape: ({ y }) => y,
  run: kernels.logSoftmaxBackward,
  keeps: { g: ['y'], y: ['g', 'y'] },
  vjp: {
    g: (v, { y }, attributes: AxisAttributes) => v.sub(sumAlong(y.exp().mul(v), attributes)),
    y: (v, { g, y }, attributes) => v.mul(y.exp()).mul(sumAlong(g, attributes)).neg(),
  },
  jvp: {
    g: (t, { y }, attributes) => apply(logSoftmaxBackward, [t, y], attributes),
    y: (t, { g, y }, attributes) => t.mul(y.exp()).mul(sumAlong(g, attributes)).neg(),
  },
  batch: axisBatch(),
});

function checkLabels(logits: Shape, labels: Shape): void {
  if (logits.length === 0 || !shapesEqual(logits.slice(0, -1), labels)) {
    throw new ShapeError(
      'softmaxCrossEntropy',
      { logits, labels },
      'logits [..., classes] and labels [...]',
      shapesEqual(logits, labels) ? 'For one-hot targets use categoricalCrossentropy.' : undefined,
    );
  }
}

function lossDType(logits: DType): DType {
  if (!isFloating(logits)) throw new DTypeError('softmaxCrossEntropy', { logits }, 'float32 or float64 logits');
  return logits;
}

/** ℓ = ln Σ exp x − x[label].  dx = (softmax x − onehot) dℓ, fused; nothing but the logits is kept. */
export const softmaxCrossEntropy: Primitive<undefined> = primitive({
  name: 'softmaxCrossEntropy',
  inputs: ['logits', 'labels'],
  shape: ({ logits, labels }) => {
    checkLabels(logits, labels);
    return labels;
  },
  dtype: ({ logits }) => lossDType(logits),
  run: kernels.softmaxCrossEntropy,
  keeps: { logits: ['logits', 'labels'], labels: [] },
  vjp: {
    logits: (g, { logits, labels }) => apply(softmaxCrossEntropyBackward, [g, logits, labels], undefined),
    labels: null,
  },
  jvp: {
    logits: (t, { logits, labels, out }) =>
      t.mul(apply(softmaxCrossEntropyBackward, [onesLike(out), logits, labels], undefined)).sum({ axis: -1 }),
    labels: null,
  },
  batch: leadingBatch(),
});

/** d(g, x) = (softmax x − onehot) g: linear in g; in x it differentiates like softmax. */
export const softmaxCrossEntropyBackward: Primitive<undefined> = primitive({
  name: 'softmaxCrossEntropyBackward',
  inputs: ['g', 'logits', 'labels'],
  shape: ({ logits, labels }) => {
    checkLabels(logits, labels);
    return logits;
  },
  dtype: ({ logits }) => lossDType(logits),
  run: kernels.softmaxCrossEntropyBackward,
  keeps: { g: ['logits', 'labels'], logits: ['g', 'logits'], labels: [] },
  vjp: {
    // ⟨v, (softmax x − onehot) g⟩ seen as a function of g
    g: (v, { logits, labels }) =>
      v
        .mul(apply(softmaxCrossEntropyBackward, [ones(labels.shape, { dtype: v.dtype }), logits, labels], undefined))
        .sum({ axis: -1 }),
    logits: (v, { g, logits }) => throughSoftmax(v.mul(g.expandDims(-1)), logits),
    labels: null,
  },
  jvp: {
    g: (t, { logits, labels }) => apply(softmaxCrossEntropyBackward, [t, logits, labels], undefined),
    logits: (t, { g, logits }) => throughSoftmax(t, logits).mul(g.expandDims(-1)),
    labels: null,
  },
  batch: leadingBatch(),
});
