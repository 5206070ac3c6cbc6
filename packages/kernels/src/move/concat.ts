/** Putting blocks side by side, and taking them apart. */

import type { Block } from '../block.js';
import type { Kernel } from '../elementwise/runs.js';
import { sliceLayout } from '../layout.js';
import { copyInto, fill } from './copy.js';

/** Writes `inputs` one behind the other along `axis`. */
export const concat: Kernel<{ readonly axis: number }> = (out, inputs, { axis }) => {
  const start = out.shape.map(() => 0);
  const step = out.shape.map(() => 1);
  for (const x of inputs) {
    copyInto(out.view(sliceLayout(out, start, x.shape, step)), x);
    start[axis]! += x.shape[axis]!;
  }
};

/** Where a slice lies: it takes `size` elements from `start` in steps of `step`, per axis. */
export interface SliceAttributes {
  readonly start: readonly number[];
  readonly size: readonly number[];
  readonly step: readonly number[];
}

/** Zeros with `x` written where the slice lies: the transpose of slicing. */
export const placeSlice: Kernel<SliceAttributes> = (out, [x], { start, size, step }) => {
  fill(out, 0);
  const target: Block = out.view(sliceLayout(out, start, size, step));
  copyInto(target, x!);
};
