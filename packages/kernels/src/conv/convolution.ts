/**
 * Convolution (cross-correlation, as in every neural-network library) and its two transposes, over contiguous operands with three
 * spatial axes, channels last: x [batch, depth, height, width, in], filter [depth, height, width, in / groups, out].
 */

import type { Block } from '../block.js';
import type { Kernel } from '../elementwise/runs.js';
import { type Ending, endPlain, type FusedActivation } from '../fused/ending.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { withContiguous } from '../move/copy.js';
import * as simd from './direct.js';
import { forEachTap, type Geometry, geometryOf, type WindowAttributes } from './geometry.js';

/** How a filter slides. `window` are its spatial extents. */
export interface ConvolutionAttributes extends WindowAttributes {
  /** Groups of channels that are convolved each with filters of its own. */
  readonly groups: number;
  /** Spatial extents of the input, which the size of the result does not tell. */
  readonly input: readonly [number, number, number];
}

/** What the result of a convolution, or of a transposed one, ends with, beside the bias that a third input is. */
export interface ConvolutionEnding {
  readonly activation?: FusedActivation | null;
}

const endingOf = (bias: Block | undefined, { activation = null }: ConvolutionEnding): Ending => ({
  bias: bias ?? null,
  activation,
});

/** The numbers of channels: in a group of the input, of the result, in all. */
interface Channels {
  readonly from: number;
  readonly to: number;
  readonly inputs: number;
  readonly outputs: number;
}

const channelsOf = (filter: readonly number[], groups: number): Channels => ({
  from: filter[3]!,
  to: filter[4]! / groups,
  inputs: filter[3]! * groups,
  outputs: filter[4]!,
});

/** All operands contiguous, and the geometry seen from the input. */
function withOperands(
  blocks: readonly Block[],
  inputShape: readonly number[],
  attributes: ConvolutionAttributes,
  run: (blocks: readonly Block[], geometry: Geometry) => void,
): void {
  const [a, b] = blocks;
  withContiguous(a!, (first) =>
    withContiguous(b!, (second) => run([first, second], geometryOf(inputShape, attributes))),
  );
}

const inputShapeOf = (batch: number, channels: number, { input }: ConvolutionAttributes): readonly number[] => [
  batch,
  ...input,
  channels,
];

/** y[p, o] = Σ over taps t and channels i of x[p + t, i] · filter[t, i, o] */
const convolutionPlain: Kernel<ConvolutionAttributes & ConvolutionEnding> = (out, inputs, attributes) => {
  const { groups } = attributes;
  withOperands(inputs, inputs[0]!.shape, attributes, ([x, filter], geometry) => {
    const { from, to, inputs: all, outputs } = channelsOf(filter!.shape, groups);
    const [y, xs, fs] = [out.data, x!.data, filter!.data];
    y.fill(0, out.offset, out.offset + out.size);
    forEachTap(geometry, (place, position, tap) => {
      for (let g = 0; g < groups; g++) {
        const o = out.offset + place * outputs + g * to;
        for (let i = 0; i < from; i++) {
          const value = xs[x!.offset + position * all + g * from + i]!;
          const f = filter!.offset + (tap * from + i) * outputs + g * to;
          for (let j = 0; j < to; j++) y[o + j]! += value * fs[f + j]!;
        }
      }
    });
  });
  endPlain(out, endingOf(inputs[2], attributes));
};

/** dx[p + t, i] = Σ over o of g[p, o] · filter[t, i, o], summed over the windows that the place lies in */
const inputGradientPlain: Kernel<ConvolutionAttributes & ConvolutionEnding> = (out, inputs, attributes) => {
  const { groups } = attributes;
  const shape = inputShapeOf(inputs[0]!.shape[0]!, inputs[1]!.shape[3]! * groups, attributes);
  withOperands(inputs, shape, attributes, ([g, filter], geometry) => {
    const { from, to, inputs: all, outputs } = channelsOf(filter!.shape, groups);
    const [dx, gs, fs] = [out.data, g!.data, filter!.data];
    dx.fill(0, out.offset, out.offset + out.size);
    forEachTap(geometry, (place, position, tap) => {
      for (let group = 0; group < groups; group++) {
        const at = g!.offset + place * outputs + group * to;
        for (let i = 0; i < from; i++) {
          const f = filter!.offset + (tap * from + i) * outputs + group * to;
          let sum = 0;
          for (let j = 0; j < to; j++) sum += gs[at + j]! * fs[f + j]!;
          dx[out.offset + position * all + group * from + i]! += sum;
        }
      }
    });
  });
  endPlain(out, endingOf(inputs[2], attributes));
};

/** dfilter[t, i, o] = Σ over places p of x[p + t, i] · g[p, o] */
const filterGradientPlain: Kernel<ConvolutionAttributes> = (out, inputs, attributes) => {
  const { groups } = attributes;
  withOperands(inputs, inputs[0]!.shape, attributes, ([x, g], geometry) => {
    const { from, to, inputs: all, outputs } = channelsOf(out.shape, groups);
    const [xs, gs] = [x!.data, g!.data];
    // In double precision: the sums run over the whole batch.
    const total = new Float64Array(out.size);
    forEachTap(geometry, (place, position, tap) => {
      for (let group = 0; group < groups; group++) {
        const at = g!.offset + place * outputs + group * to;
        for (let i = 0; i < from; i++) {
          const value = xs[x!.offset + position * all + group * from + i]!;
          const f = (tap * from + i) * outputs + group * to;
          for (let j = 0; j < to; j++) total[f + j]! += value * gs[at + j]!;
        }
      }
    });
    out.data.set(total, out.offset);
  });
};

const staging = { outsideFrom: 256, stridedFrom: 256 } as const;

/** y = activation(filter ⋆ x + bias). Inputs: x, filter and, where there is one, bias [out]. */
export const convolution: DispatchedKernel<ConvolutionAttributes & ConvolutionEnding> = kernel(
  convolutionPlain,
  (out, [x, filter, bias], attributes) => {
    const geometry = geometryOf(x!.shape, attributes);
    return simd.convolution(out, x!, filter!, geometry, attributes.groups, endingOf(bias, attributes));
  },
  staging,
);

/** What a cotangent of y is for x: also called transposed convolution, which may have a bias and an activation. Inputs: g, filter, bias. */
export const convolutionInputGradient: DispatchedKernel<ConvolutionAttributes & ConvolutionEnding> = kernel(
  inputGradientPlain,
  (out, [g, filter, bias], attributes) => {
    const geometry = geometryOf(out.shape, attributes);
    return simd.inputGradient(out, g!, filter!, geometry, attributes.groups, endingOf(bias, attributes));
  },
  staging,
);

/** What a cotangent of y is for the filter. Inputs: x, g. */
export const convolutionFilterGradient: DispatchedKernel<ConvolutionAttributes> = kernel(
  filterGradientPlain,
  (out, [x, g], attributes) => simd.filterGradient(out, x!, g!, geometryOf(x!.shape, attributes), attributes.groups),
  staging,
);
