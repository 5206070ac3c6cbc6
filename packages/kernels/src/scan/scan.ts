/** Running totals along one axis. */

import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { forEachRow } from '../fused/rows.js';
import { keptAxes, subBlock } from '../reduce/axes.js';

/** The axis, counted from the front, and which end to begin at. */
export interface ScanAttributes {
  readonly axis: number;
  /** From the last element to the first. */
  readonly reverse: boolean;
}

/** yₖ = xₖ + yₖ₋₁, in double precision. */
export const cumsum: Kernel<ScanAttributes> = (out, [x], { axis, reverse }) => {
  const [y, data] = [out.data, x!.data];
  forEachRow(out, [x!], axis, (o, stepOut, [at], [step], n) => {
    let total = 0;
    for (let k = 0; k < n; k++) {
      const i = reverse ? n - 1 - k : k;
      total += data[at! + i * step!]!;
      y[o + i * stepOut] = total;
    }
  });
};

/** yₖ = aₖ yₖ₋₁ + bₖ with y₋₁ = 0 (from the other end: y₋₁ is yₙ). Inputs a and b have one shape. */
export const recurrence: Kernel<ScanAttributes> = (out, [a, b], { axis, reverse }) => {
  const [y, as, bs] = [out.data, a!.data, b!.data];
  forEachRow(out, [a!, b!], axis, (o, stepOut, [atA, atB], [stepA, stepB], n) => {
    let last = 0;
    for (let k = 0; k < n; k++) {
      const i = reverse ? n - 1 - k : k;
      last = as[atA! + i * stepA!]! * last + bs[atB! + i * stepB!]!;
      y[o + i * stepOut] = last;
    }
  });
};

/** Where the largest (smallest) so far is: of equal ones the last, and NaN once there is one (PyTorch's cummax). */
const extremeSoFar =
  (beats: (value: number, leader: number) => boolean): Kernel<ScanAttributes> =>
  (out, [x], { axis, reverse }) => {
    const [y, data] = [out.data, x!.data];
    forEachRow(out, [x!], axis, (o, stepOut, [at], [step], n) => {
      let best = reverse ? n - 1 : 0;
      for (let k = 0; k < n; k++) {
        const i = reverse ? n - 1 - k : k;
        const [value, leader] = [data[at! + i * step!]!, data[at! + best * step!]!];
        if (Number.isNaN(value) || (!Number.isNaN(leader) && beats(value, leader))) best = i;
        y[o + i * stepOut] = best;
      }
    });
  };

export const cumargmax: Kernel<ScanAttributes> = extremeSoFar((value, leader) => value >= leader);
export const cumargmin: Kernel<ScanAttributes> = extremeSoFar((value, leader) => value <= leader);

/** Which order the elements along an axis are in. */
export interface SortAttributes {
  readonly axis: number;
  readonly descending: boolean;
}

/** Indices that sort each row; equal ones stay in their order, NaN comes last (first, descending). */
export const argsort: Kernel<SortAttributes> = (out, [x], { axis, descending }) => {
  const [y, data] = [out.data, x!.data];
  const n = x!.shape[axis]!;
  const [values, order] = [new Float64Array(n), new Int32Array(n)];
  const compare = (i: number, j: number): number => {
    const [a, b] = [values[i]!, values[j]!];
    const [nanA, nanB] = [Number.isNaN(a), Number.isNaN(b)];
    const ascending = nanA || nanB ? Number(nanA) - Number(nanB) : a < b ? -1 : a > b ? 1 : 0;
    return (descending ? -ascending : ascending) || i - j;
  };
  forEachRow(out, [x!], axis, (o, stepOut, [at], [step]) => {
    for (let i = 0; i < n; i++) {
      values[i] = data[at! + i * step!]!;
      order[i] = i;
    }
    order.sort(compare);
    for (let i = 0; i < n; i++) y[o + i * stepOut] = order[i]!;
  });
};

/** ln Σ eˣ over axes, shifted by the largest; −∞ where all are −∞ or there is none, ∞ where one is ∞. */
export const logSumExp: Kernel<{ readonly axes: readonly number[] }> = (out, [x], { axes }) => {
  const { data } = x!;
  const reduced = subBlock(x!, axes);
  const kept = subBlock(x!, keptAxes(x!, axes));
  const forEachElement = (from: number, visit: (value: number) => void): void => {
    forEachRun(reduced.shape, [reduced], (at, n, steps) => {
      for (let i = 0; i < n; i++) visit(data[from + at[0]! - x!.offset + i * steps[0]!]!);
    });
  };
  let o = out.offset;
  forEachRun(kept.shape, [kept], (at, n, steps) => {
    for (let k = 0; k < n; k++) {
      const from = at[0]! + k * steps[0]!;
      let largest = -Infinity;
      forEachElement(from, (value) => {
        largest = Math.max(largest, value);
      });
      let total = 0;
      if (Number.isFinite(largest)) {
        forEachElement(from, (value) => {
          total += Math.exp(value - largest);
        });
      }
      out.data[o++] = Number.isFinite(largest) ? largest + Math.log(total) : largest;
    }
  });
};
