/** Picking slices by index, and adding slices back to where they came from. */

import type { Block } from '../block.js';
import { bytesPerElement, createArray, type TypedArray } from '../dtype.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { IndexError } from '../errors.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { contiguousStrides } from '../layout.js';
import { sizeOf } from '../shape.js';
import { pickModule } from '../wasm/pick.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { copyInto, fill, withContiguous } from './copy.js';

/**
 * Reads a run of indices into `result`, from place `next` on, and counts them from the front.
 *
 * @returns where the run ends, or −1 − (the place of the first index that is no integer from −extent to extent − 1)
 */
function readRun(result: Int32Array, next: number, x: TypedArray, at: number, step: number, n: number, extent: number) {
  for (let i = 0; i < n; i++) {
    const index = x[at + i * step]!;
    if (!(index >= -extent && index < extent) || Math.floor(index) !== index) return -1 - next;
    result[next++] = index < 0 ? index + extent : index;
  }
  return next;
}

/** Indices in row-major order, counted from the front. @throws IndexError for one outside −extent … extent − 1 */
function readIndices(operation: string, indices: Block, extent: number): Int32Array {
  const result = createArray('int32', indices.size) as Int32Array;
  let next = 0;
  forEachRun(indices.shape, [indices], ([at], n, [step]) => {
    const start = next;
    next = readRun(result, start, indices.data, at!, step!, n, extent);
    if (next >= 0) return;
    const place = -1 - next;
    const index = indices.data[at! + (place - start) * step!];
    throw new IndexError(
      operation,
      `got index ${index} at position ${place}; expected integers from ${-extent} to ${extent - 1}`,
    );
  });
  return result;
}

/**
 * Picks, or adds back, by the functions of WebAssembly: of `whole`, which is indexed along `axis`, and `picked`. False where the operands do
 * not suit, or an index is none: the plain loop then says which.
 *
 * @param each whether every element has an index of its own
 */
function pickInSimd(adds: boolean, each: boolean, whole: Block, picked: Block, indices: Block, axis: number): boolean {
  const { dtype } = whole;
  const type = dtype === 'int32' && !adds ? 'f32x4' : lanesOf(dtype);
  if (type === undefined || picked.dtype !== dtype || indices.dtype !== 'int32' || whole.size === 0) return false;
  if (![whole, picked, indices].every((block) => block.contiguous && block.storage.inHeap)) return false;
  if (adds) fill(whole, 0);
  const extent = whole.shape[axis]!;
  const outer = sizeOf(whole.shape.slice(0, axis));
  const inner = sizeOf(whole.shape.slice(axis + 1));
  const along = each ? indices.shape[axis]! : indices.size;
  const bytes = bytesPerElement(dtype);
  const functions = pickModule(type);
  // Every outer turn begins with the first index again, where an index is that of a slice.
  const start = [pointerOf(whole), pointerOf(picked), pointerOf(indices), each ? 0 : -4 * along, extent, inner * bytes];
  if (!each && inner > 1) {
    return functions[adds ? 'addSlices' : 'gatherSlices'](...start, outer, along, inner) === 1;
  }
  const run = functions[adds ? 'addElements' : 'gatherElements'];
  // Slices of one element are walked as one slice, whose elements lie on one another.
  return (inner > 1 ? run(...start, outer, along, inner, bytes) : run(...start, outer, 1, along, 0)) === 1;
}

/** From so many elements side by side a copy of a slice is faster than a loop over elements. */
const longRow = 64;

const gatherPlain: Kernel<{ readonly axis: number }> = (out, [x, indices], { axis }) => {
  const extent = x!.shape[axis]!;
  const [before, behind] = [x!.shape.slice(0, axis), x!.shape.slice(axis + 1)];
  const inner = sizeOf(behind);
  if (x!.contiguous && inner < longRow) {
    pickPlain('take', false, false, out, x!, indices!, axis, extent);
    return;
  }
  const picks = readIndices('take', indices!, extent);
  const others = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== axis);
  const shape = [...before, ...behind];
  const [to, from] = [others(contiguousStrides([...before, picks.length, ...behind])), others(x!.strides)];
  for (let k = 0; k < picks.length; k++) {
    const slice = x!.view({ shape, strides: from, offset: x!.offset + picks[k]! * x!.strides[axis]! });
    copyInto(out.view({ shape, strides: to, offset: out.offset + k * inner }), slice);
  }
};

/** `out[…, i…, …] = x[…, indices[i…], …]` along `axis`. Negative indices count from the end. */
export const gather: DispatchedKernel<{ readonly axis: number }> = kernel(gatherPlain, (out, [x, indices], { axis }) =>
  pickInSimd(false, false, x!, out, indices!, axis),
);

const scatterAddPlain: Kernel<{ readonly axis: number }> = (out, [x, indices], { axis }) =>
  pickPlain('scatterAdd', true, false, out, x!, indices!, axis, out.shape[axis]!);

/** Zeros with every slice of `x` added at its index along `axis`, in order: the transpose of `gather`. */
export const scatterAdd: DispatchedKernel<{ readonly axis: number }> = kernel(
  scatterAddPlain,
  (out, [x, indices], { axis }) => pickInSimd(true, false, out, x!, indices!, axis),
);

/** `axis` counts from the front; `extent` is that of the indexed axis of x. */
export interface AlongAxisAttributes {
  readonly axis: number;
  readonly extent: number;
}

/** Element by element, for any layout of `x`; `adds` and `each` as above. */
function pickPlain(
  operation: string,
  adds: boolean,
  each: boolean,
  out: Block,
  x: Block,
  indices: Block,
  axis: number,
  extent: number,
): void {
  const picks = readIndices(operation, indices, extent);
  if (adds) fill(out, 0);
  const inner = sizeOf((adds ? out : x).shape.slice(axis + 1));
  const along = each ? indices.shape[axis]! : picks.length;
  withContiguous(x, ({ data, offset }) => {
    movePicked(
      out.data,
      out.offset,
      data,
      offset,
      picks,
      adds,
      each,
      extent,
      sizeOf(out.shape.slice(0, axis)),
      along,
      inner,
    );
  });
}

function movePicked(
  y: TypedArray,
  o: number,
  x: TypedArray,
  at: number,
  picks: Int32Array,
  adds: boolean,
  each: boolean,
  extent: number,
  outer: number,
  along: number,
  inner: number,
): void {
  for (let a = 0, next = 0; a < outer; a++) {
    for (let k = 0; k < along; k++) {
      for (let i = 0; i < inner; i++, next++) {
        const place = (a * extent + picks[each ? next : k]!) * inner + i;
        if (adds) y[o + place]! += x[at + next]!;
        else y[o + next] = x[at + place]!;
      }
    }
  }
}

const gatherAlongPlain: Kernel<AlongAxisAttributes> = (out, [x, indices], { axis, extent }) =>
  pickPlain('takeAlongAxis', false, true, out, x!, indices!, axis, extent);

/** out[…, k, …] = x[…, indices[…, k, …], …] */
export const gatherAlong: DispatchedKernel<AlongAxisAttributes> = kernel(
  gatherAlongPlain,
  (out, [x, indices], { axis }) => pickInSimd(false, true, x!, out, indices!, axis),
);

const scatterAlongPlain: Kernel<AlongAxisAttributes> = (out, [x, indices], { axis, extent }) =>
  pickPlain('scatterAlong', true, true, out, x!, indices!, axis, extent);

/** Zeros with each x[…, k, …] added at […, indices[…, k, …], …]: the transpose of `gatherAlong`. */
export const scatterAlong: DispatchedKernel<AlongAxisAttributes> = kernel(
  scatterAlongPlain,
  (out, [x, indices], { axis }) => pickInSimd(true, true, out, x!, indices!, axis),
);
