/** Depthwise convolution: each channel has a filter of its own, and vectors lie along the channels. */

import type { Block } from '../block.js';
import { bytesPerElement } from '../dtype.js';
import { fill } from '../move/copy.js';
import { multiplyAdd } from '../wasm/elementwise.js';
import type { FloatVector } from '../wasm/lanes.js';
import { rowsModule } from '../wasm/rows.js';
import { pointerOf } from '../wasm/runMap.js';
import type { Geometry } from './geometry.js';
import { withPaddedSum, withPadding } from './padded.js';

/**
 * Calls `visit(row of the result, tap row, elements from the start of the padded input, runs)` for each row of windows and each row of
 * taps; one run of taps where they lie side by side, else one for each.
 */
function forEachTapRow(
  g: Geometry,
  extents: readonly number[],
  first: number,
  count: number,
  visit: (row: number, tapRow: number, start: number) => void,
): void {
  const [outDepth, outHeight] = g.output;
  const [, height, width] = extents as [number, number, number];
  for (let row = 0; row < count; row++) {
    const oh = (first + row) % outHeight;
    const od = Math.floor((first + row) / outHeight) % outDepth;
    const n = Math.floor((first + row) / (outHeight * outDepth));
    for (let kd = 0; kd < g.window[0]; kd++) {
      const d = n * extents[0]! + od * g.strides[0] + kd * g.dilations[0];
      for (let kh = 0; kh < g.window[1]; kh++) {
        const h = d * height + oh * g.strides[1] + kh * g.dilations[1];
        visit(row, kd * g.window[1] + kh, h * width * g.channels);
      }
    }
  }
}

/** Calls `visit(row, tap, elements from the start of the padded input)` for each row of windows and each tap. */
function forEachTapOf(
  g: Geometry,
  extents: readonly number[],
  visit: (row: number, tap: number, start: number) => void,
): void {
  forEachTapRow(g, extents, 0, g.batch * g.output[0] * g.output[1], (row, tapRow, start) => {
    for (let kw = 0; kw < g.window[2]; kw++) {
      visit(row, tapRow * g.window[2] + kw, start + kw * g.dilations[2] * g.channels);
    }
  });
}

/** y row += x row · filter tap, the tap broadcast over the row. */
export function depthwise(y: Block, x: Block, filter: Block, g: Geometry, type: FloatVector): boolean {
  const run = multiplyAdd.run(type, 'each each each')!;
  const bytes = bytesPerElement(y.dtype);
  return withPadding(x, g, rowsModule(type), ({ block, extents }) => {
    fill(y, 0);
    const [to, from, taps] = [pointerOf(y), pointerOf(block), pointerOf(filter)];
    const [step, windowStep] = [g.channels * bytes, g.strides[2] * g.channels * bytes];
    forEachTapOf(g, extents, (row, tap, start) => {
      const at = to + row * g.output[2] * step;
      run(g.output[2], g.channels, at, step, at, step, from + start * bytes, windowStep, taps + tap * step, 0);
    });
    return true;
  });
}

export function depthwiseInputGradient(
  dx: Block,
  g: Block,
  filter: Block,
  geometry: Geometry,
  type: FloatVector,
): boolean {
  const run = multiplyAdd.run(type, 'each each each')!;
  const bytes = bytesPerElement(dx.dtype);
  return withPaddedSum(dx, geometry, rowsModule(type), ({ block, extents }) => {
    const [to, from, taps] = [pointerOf(block), pointerOf(g), pointerOf(filter)];
    const [step, windowStep] = [geometry.channels * bytes, geometry.strides[2] * geometry.channels * bytes];
    const width = geometry.output[2];
    forEachTapOf(geometry, extents, (row, tap, start) => {
      const at = to + start * bytes;
      run(
        width,
        geometry.channels,
        at,
        windowStep,
        at,
        windowStep,
        from + row * width * step,
        step,
        taps + tap * step,
        0,
      );
    });
    return true;
  });
}

export function depthwiseFilterGradient(df: Block, x: Block, g: Block, geometry: Geometry, type: FloatVector): boolean {
  const run = multiplyAdd.run(type, 'each each each')!;
  const bytes = bytesPerElement(df.dtype);
  return withPadding(x, geometry, rowsModule(type), ({ block, extents }) => {
    fill(df, 0);
    const [to, from, gs] = [pointerOf(df), pointerOf(block), pointerOf(g)];
    const [step, windowStep] = [geometry.channels * bytes, geometry.strides[2] * geometry.channels * bytes];
    const width = geometry.output[2];
    forEachTapOf(geometry, extents, (row, tap, start) => {
      const at = to + tap * step;
      // The result stands still while the rows go by: each adds to what the last one left.
      run(width, geometry.channels, at, 0, at, 0, from + start * bytes, windowStep, gs + row * width * step, step);
    });
    return true;
  });
}
