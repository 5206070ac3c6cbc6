/** Depthwise convolution: each channel has a filter of its own, and vectors lie along the channels. */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import type { EndingInRegisters } from '../fused/ending.js';
import { fill } from '../move/copy.js';
import { depthwiseModule } from '../wasm/convolution/depthwise.js';
import { variantFor } from '../wasm/features.js';
import type { FloatVector } from '../wasm/lanes.js';
import { rowsModule } from '../wasm/rows.js';
import { pointerOf } from '../wasm/runMap.js';
import type { Geometry } from './geometry.js';
import { withPadding, withScratch } from './padded.js';
import { filterGradientPlan, forwardPlan, inputGradientPlan, type Plan, withTable } from './plans.js';

/** Places of g whose windows stay in the first-level cache while all channels of them go by. */
const placesOfFilter = 16;

/** Windows of the memory at `from` times the taps at `filter`, [taps, channels], into places of the memory at `to`. */
function slide(
  type: FloatVector,
  plan: Plan,
  batch: number,
  to: number,
  from: number,
  filter: Block,
  { bias, relu }: EndingInRegisters,
): boolean {
  const channels = plan.groups;
  const { forward } = depthwiseModule(variantFor(type));
  const step = channels * bytesPerElement(filter.dtype);
  return withTable(plan.reads, (reads) =>
    withTable(plan.writes, (writes) =>
      withTable(plan.runs, (taps) => {
        for (let image = 0; image < batch; image += plan.images) {
          forward(
            to + image * plan.writeImageBytes,
            writes,
            from + image * plan.readImageBytes,
            reads,
            Math.min(plan.images, batch - image) * plan.perImage,
            taps,
            taps + 4 * plan.runs.length,
            pointerOf(filter),
            step,
            channels,
            bias,
            relu,
          );
        }
        return true;
      }),
    ),
  );
}

/** y = filter ⋆ x, with its ending */
export function depthwise(
  y: Block,
  x: Block,
  filter: Block,
  g: Geometry,
  type: FloatVector,
  ending: EndingInRegisters,
): boolean {
  const plan = forwardPlan(g, 1, g.channels, g.channels, bytesPerElement(y.dtype));
  return withPadding(x, g, rowsModule(type), ({ block }) =>
    slide(type, plan, g.batch, pointerOf(y), pointerOf(block), filter, ending),
  );
}

/** dx: for each phase of places a convolution of g with those taps that reach them. */
export function depthwiseInputGradient(
  dx: Block,
  g: Block,
  filter: Block,
  geometry: Geometry,
  type: FloatVector,
  ending: EndingInRegisters,
): boolean {
  const { channels, batch } = geometry;
  const bytes = bytesPerElement(dx.dtype);
  const { padding, phases } = inputGradientPlan(geometry, 1, channels, channels, bytes);
  const rows = rowsModule(type);
  const step = channels * bytes;
  return withPadding(g, { batch, input: geometry.output, channels, padding }, rows, ({ block }) =>
    withScratch(dx.dtype, [geometry.window[0] * geometry.window[1] * geometry.window[2], channels], (taps) =>
      phases.every((plan) => {
        for (const [k, tap] of plan.matrixOfTap.entries())
          rows.copy(pointerOf(taps) + k * step, step, pointerOf(filter) + tap * step, step, 1, channels);
        return slide(type, plan, batch, pointerOf(dx), pointerOf(block), taps, ending);
      }),
    ),
  );
}

/** df[t, c] = Σ over places p of x[p + t, c] · g[p, c], some places at a time. */
export function depthwiseFilterGradient(df: Block, x: Block, g: Block, geometry: Geometry, type: FloatVector): boolean {
  const { channels, batch } = geometry;
  const bytes = bytesPerElement(df.dtype);
  const { filter } = depthwiseModule(variantFor(type));
  const { images, perImage, imageBytes, places, elements } = filterGradientPlan(geometry, 1, bytes);
  const step = channels * bytes;
  return withPadding(x, geometry, rowsModule(type), ({ block }) =>
    withTable(places, (placeTable) =>
      withTable(elements, (taps) => {
        fill(df, 0);
        for (let image = 0; image < batch; image += images) {
          const count = Math.min(images, batch - image) * perImage;
          for (let first = 0; first < count; first += placesOfFilter) {
            filter(
              pointerOf(df),
              step,
              pointerOf(block) + image * imageBytes,
              placeTable + 4 * first,
              Math.min(placesOfFilter, count - first),
              pointerOf(g) + (image * perImage + first) * step,
              step,
              taps,
              elements.length,
              channels,
            );
          }
        }
        return true;
      }),
    ),
  );
}
