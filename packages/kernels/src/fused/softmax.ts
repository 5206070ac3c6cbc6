/** Softmax and its logarithm along one axis, shifted by the row's maximum so that nothing overflows. */

import type { TypedArray } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { variantFor } from '../wasm/features.js';
import { rowFunctions } from '../wasm/normalize.js';
import { lanesOf, pointerOf } from '../wasm/runMap.js';
import { forEachRow } from './rows.js';

/** The axis that sums to 1, counted from the front. */
export interface AxisAttributes {
  readonly axis: number;
}

/** The row's largest element. Where that is infinite, ∞ − ∞ makes the whole row NaN, as in PyTorch: there is no answer. */
export function rowShift(x: TypedArray, at: number, step: number, n: number): number {
  let largest = x[at]!;
  for (let i = 1; i < n; i++) largest = Math.max(largest, x[at + i * step]!);
  return largest;
}

/** ln Σ e^(x − shift) over a row. Not ln Σ eˣ: adding a large shift to it would cost the last digits. */
export function rowLogTotal(x: TypedArray, at: number, step: number, n: number, shift: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += Math.exp(x[at + i * step]! - shift);
  return Math.log(total);
}

const softmaxPlain: Kernel<AxisAttributes> = (out, [x], { axis }) => {
  const [y, data] = [out.data, x!.data];
  forEachRow(out, [x!], axis, (o, stepOut, [at], [step], n) => {
    const shift = rowShift(data, at!, step!, n);
    let total = 0;
    for (let i = 0; i < n; i++) total += Math.exp(data[at! + i * step!]! - shift);
    // Each exponential twice rather than a row rounded to the dtype of `out` before it is divided.
    for (let i = 0; i < n; i++) y[o + i * stepOut] = Math.exp(data[at! + i * step!]! - shift) / total;
  });
};

const logSoftmaxPlain: Kernel<AxisAttributes> = (out, [x], { axis }) => {
  const [y, data] = [out.data, x!.data];
  forEachRow(out, [x!], axis, (o, stepOut, [at], [step], n) => {
    const shift = rowShift(data, at!, step!, n);
    const total = rowLogTotal(data, at!, step!, n, shift);
    for (let i = 0; i < n; i++) y[o + i * stepOut] = data[at! + i * step!]! - shift - total;
  });
};

/** In SIMD along the last axis of contiguous data. */
function alongRows(plain: Kernel<AxisAttributes>, name: 'softmax' | 'logSoftmax'): DispatchedKernel<AxisAttributes> {
  return kernel(
    plain,
    (out, [x], { axis }) => {
      const type = lanesOf(x!.dtype);
      if (type === undefined || axis !== x!.shape.length - 1 || !x!.contiguous) return false;
      if (!x!.storage.inHeap || !out.storage.inHeap || x!.size === 0) return false;
      const columns = x!.shape[axis]!;
      rowFunctions(variantFor(type))[name](pointerOf(out), pointerOf(x!), x!.size / columns, columns);
      return true;
    },
    { outsideFrom: 128, stridedFrom: 512 },
  );
}

/** eˣ / Σ eˣ */
export const softmax: DispatchedKernel<AxisAttributes> = alongRows(softmaxPlain, 'softmax');

/** x − ln Σ eˣ */
export const logSoftmax: DispatchedKernel<AxisAttributes> = alongRows(logSoftmaxPlain, 'logSoftmax');

const softmaxBackwardPlain: Kernel<AxisAttributes> = (out, [g, y], { axis }) => {
  forEachRow(out, [g!, y!], axis, (o, stepOut, [atG, atY], [stepG, stepY], n) => {
    let total = 0;
    for (let i = 0; i < n; i++) total += g!.data[atG! + i * stepG!]! * y!.data[atY! + i * stepY!]!;
    for (let i = 0; i < n; i++) {
      out.data[o + i * stepOut] = y!.data[atY! + i * stepY!]! * (g!.data[atG! + i * stepG!]! - total);
    }
  });
};

const logSoftmaxBackwardPlain: Kernel<AxisAttributes> = (out, [g, y], { axis }) => {
  forEachRow(out, [g!, y!], axis, (o, stepOut, [atG, atY], [stepG, stepY], n) => {
    let total = 0;
    for (let i = 0; i < n; i++) total += g!.data[atG! + i * stepG!]!;
    for (let i = 0; i < n; i++) {
      out.data[o + i * stepOut] = g!.data[atG! + i * stepG!]! - Math.exp(y!.data[atY! + i * stepY!]!) * total;
    }
  });
};

function backwardAlongRows(
  plain: Kernel<AxisAttributes>,
  name: 'softmaxBackward' | 'logSoftmaxBackward',
): DispatchedKernel<AxisAttributes> {
  return kernel(
    plain,
    (out, [g, y], { axis }) => {
      const type = lanesOf(y!.dtype);
      if (type === undefined || g!.dtype !== y!.dtype || axis !== y!.shape.length - 1 || y!.size === 0) return false;
      if (![out, g!, y!].every((block) => block.contiguous && block.storage.inHeap)) return false;
      const columns = y!.shape[axis]!;
      const run = rowFunctions(variantFor(type))[name];
      run(pointerOf(out), pointerOf(g!), pointerOf(y!), y!.size / columns, columns);
      return true;
    },
    { outsideFrom: 256, stridedFrom: 512 },
  );
}

/** y ⊙ (g − Σ y ⊙ g), y = softmax x: what flows back. Inputs: g, y. */
export const softmaxBackward: DispatchedKernel<AxisAttributes> = backwardAlongRows(
  softmaxBackwardPlain,
  'softmaxBackward',
);

/** g − eʸ Σ g, y = logSoftmax x: what flows back. Inputs: g, y. */
export const logSoftmaxBackward: DispatchedKernel<AxisAttributes> = backwardAlongRows(
  logSoftmaxBackwardPlain,
  'logSoftmaxBackward',
);
