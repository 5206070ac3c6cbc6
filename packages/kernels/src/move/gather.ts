/** Picking slices by index, and adding slices back to where they came from. */

import type { Block } from '../block.js';
import { bytesPerElement, createArray } from '../dtype.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { IndexError } from '../errors.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { permuteLayout, sliceLayout } from '../layout.js';
import { sizeOf } from '../shape.js';
import { rowsModule } from '../wasm/rows.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { copyInto, fill, withContiguous } from './copy.js';

/** Indices in row-major order, counted from the front. @throws IndexError for one outside −extent … extent − 1 */
function readIndices(operation: string, indices: Block, extent: number): Int32Array {
  const result = createArray('int32', indices.size) as Int32Array;
  let next = 0;
  forEachRun(indices.shape, [indices], (at, n, steps) => {
    for (let i = 0; i < n; i++) {
      const index = indices.data[at[0]! + i * steps[0]!]!;
      if (!Number.isInteger(index) || index < -extent || index >= extent) {
        throw new IndexError(
          operation,
          `got index ${index} at position ${next}; expected integers from ${-extent} to ${extent - 1}`,
        );
      }
      result[next++] = index < 0 ? index + extent : index;
    }
  });
  return result;
}

/** The block with `axis` moved to the front, so that `[k]` is the k-th slice. */
function slicesAlong(block: Block, axis: number): Block {
  const others = block.shape.map((_, i) => i).filter((i) => i !== axis);
  return block.view(permuteLayout(block, [axis, ...others]));
}

/** Slice k of a block whose first axis counts slices. */
function sliceAt(slices: Block, k: number): Block {
  const rank = slices.shape.length;
  const start = new Array<number>(rank).fill(0);
  start[0] = k;
  return slices.view(sliceLayout(slices, start, [1, ...slices.shape.slice(1)], new Array<number>(rank).fill(1)));
}

/** `x` and the picked slices lined up: their slices along `axis`, and along the merged index axes. */
function aligned(whole: Block, picked: Block, indices: Block, axis: number): { slices: Block; targets: Block } {
  // picked: [...before, ...indices, ...after], contiguous. Merge the index axes into one.
  const before = whole.shape.slice(0, axis);
  const after = whole.shape.slice(axis + 1);
  const after1 = sizeOf(after);
  const shape = [...before, indices.size, ...after];
  const strides = [...picked.strides.slice(0, axis), after1, ...picked.strides.slice(axis + indices.shape.length)];
  const merged = picked.view({ shape, strides, offset: picked.offset });
  return { slices: slicesAlong(whole, axis), targets: slicesAlong(merged, axis) };
}

/**
 * Moves (or adds) whole slices in SIMD, where they are rows of contiguous memory: a call for each index, over all rows before the axis.
 * `whole` is indexed, `picked` are the slices side by side. False where the operands do not suit.
 */
function slicesInSimd(
  kind: 'copy' | 'add',
  operation: string,
  whole: Block,
  picked: Block,
  indices: Block,
  axis: number,
): boolean {
  const type = lanesOf(whole.dtype);
  if (type === undefined || picked.dtype !== whole.dtype) return false;
  if (![whole, picked].every((block) => block.contiguous && block.storage.inHeap)) return false;
  const picks = readIndices(operation, indices, whole.shape[axis]!);
  if (kind === 'add') fill(whole, 0);
  const inner = sizeOf(whole.shape.slice(axis + 1));
  const outer = sizeOf(whole.shape.slice(0, axis));
  const bytes = bytesPerElement(whole.dtype);
  const [row, wholeStep, pickedStep] = [
    inner * bytes,
    whole.shape[axis]! * inner * bytes,
    picks.length * inner * bytes,
  ];
  const [wholeAt, pickedAt] = [pointerOf(whole), pointerOf(picked)];
  const { copy, add } = rowsModule(type);
  for (let k = 0; k < picks.length; k++) {
    const [at, side] = [wholeAt + picks[k]! * row, pickedAt + k * row];
    if (kind === 'copy') copy(side, pickedStep, at, wholeStep, outer, inner);
    else add(at, wholeStep, side, pickedStep, outer, inner);
  }
  return true;
}

const gatherPlain: Kernel<{ readonly axis: number }> = (out, [x, indices], { axis }) => {
  const picks = readIndices('take', indices!, x!.shape[axis]!);
  if (axis === 0 && x!.contiguous) {
    // Rows: the embedding and batching case, one copy a row.
    const row = x!.size / Math.max(1, x!.shape[0]!);
    for (let k = 0; k < picks.length; k++) {
      const from = x!.offset + picks[k]! * row;
      out.data.set(x!.data.subarray(from, from + row), out.offset + k * row);
    }
    return;
  }
  const { slices, targets } = aligned(x!, out, indices!, axis);
  for (let k = 0; k < picks.length; k++) copyInto(sliceAt(targets, k), sliceAt(slices, picks[k]!));
};

/** `out[…, i…, …] = x[…, indices[i…], …]` along `axis`. Negative indices count from the end. */
export const gather: DispatchedKernel<{ readonly axis: number }> = kernel(gatherPlain, (out, [x, indices], { axis }) =>
  slicesInSimd('copy', 'take', x!, out, indices!, axis),
);

const scatterAddPlain: Kernel<{ readonly axis: number }> = (out, [x, indices], { axis }) => {
  fill(out, 0);
  const picks = readIndices('scatterAdd', indices!, out.shape[axis]!);
  withContiguous(x!, (contiguous) => {
    const { slices, targets } = aligned(out, contiguous, indices!, axis);
    for (let k = 0; k < picks.length; k++) {
      const target = sliceAt(slices, picks[k]!);
      const source = sliceAt(targets, k);
      forEachRun(target.shape, [target, source], (at, n, steps) => {
        for (let i = 0; i < n; i++) target.data[at[0]! + i * steps[0]!]! += source.data[at[1]! + i * steps[1]!]!;
      });
    }
  });
};

/** Zeros with every slice of `x` added at its index along `axis`, in order: the transpose of `gather`. */
export const scatterAdd: DispatchedKernel<{ readonly axis: number }> = kernel(
  scatterAddPlain,
  (out, [x, indices], { axis }) => slicesInSimd('add', 'scatterAdd', out, x!, indices!, axis),
);

/** `axis` counts from the front; `extent` is that of the indexed axis of x. */
export interface AlongAxisAttributes {
  readonly axis: number;
  readonly extent: number;
}

/** Calls `visit(k, i)` for each index: its place among the indices, and the place in a contiguous block of `extent` along `axis` that it means. */
function forEachAlong(
  operation: string,
  indices: Block,
  { axis, extent }: AlongAxisAttributes,
  visit: (place: number, target: number) => void,
): void {
  const list = readIndices(operation, indices, extent);
  const inner = sizeOf(indices.shape.slice(axis + 1));
  const along = indices.shape[axis]!;
  for (let place = 0; place < list.length; place++) {
    const before = Math.floor(place / (along * inner));
    visit(place, (before * extent + list[place]!) * inner + (place % inner));
  }
}

/** out[…, k, …] = x[…, indices[…, k, …], …] */
export const gatherAlong: Kernel<AlongAxisAttributes> = (out, [x, indices], attributes) =>
  withContiguous(x!, ({ data, offset }) =>
    forEachAlong('takeAlongAxis', indices!, attributes, (place, target) => {
      out.data[out.offset + place] = data[offset + target]!;
    }),
  );

/** Zeros with each x[…, k, …] added at […, indices[…, k, …], …]: the transpose of `gatherAlong`. */
export const scatterAlong: Kernel<AlongAxisAttributes> = (out, [x, indices], attributes) =>
  withContiguous(x!, ({ data, offset }) => {
    fill(out, 0);
    forEachAlong('scatterAlong', indices!, attributes, (place, target) => {
      out.data[out.offset + target]! += data[offset + place]!;
    });
  });
