/** Running totals along one axis. */

import type { TypedArray } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { forEachRow } from '../fused/rows.js';

/** The axis, counted from the front, and which end to begin at. */
export interface ScanAttributes {
  readonly axis: number;
  /** From the last element to the first. */
  readonly reverse: boolean;
}

/** Where a walk over a row of n elements begins and how it steps, from its first element or from its last. */
const walk = (reverse: boolean, at: number, step: number, n: number): readonly [at: number, step: number] =>
  reverse ? [at + (n - 1) * step, -step] : [at, step];

// Rows in functions of their own, with nothing captured: V8 keeps the total of such a loop in a register.

function totalsOfRow(y: TypedArray, o: number, stepOut: number, x: TypedArray, at: number, step: number, n: number) {
  let total = 0;
  for (let k = 0; k < n; k++) {
    total += x[at + k * step]!;
    y[o + k * stepOut] = total;
  }
}

function recurrenceOfRow(
  y: TypedArray,
  o: number,
  stepOut: number,
  a: TypedArray,
  atA: number,
  stepA: number,
  b: TypedArray,
  atB: number,
  stepB: number,
  n: number,
) {
  let last = 0;
  for (let k = 0; k < n; k++) {
    last = a[atA + k * stepA]! * last + b[atB + k * stepB]!;
    y[o + k * stepOut] = last;
  }
}

/** yₖ = xₖ + yₖ₋₁, in double precision. */
export const cumsum: Kernel<ScanAttributes> = (out, [x], { axis, reverse }) => {
  forEachRow(out, [x!], axis, (o, stepOut, [at], [step], n) => {
    totalsOfRow(out.data, ...walk(reverse, o, stepOut, n), x!.data, ...walk(reverse, at!, step!, n), n);
  });
};

/** yₖ = aₖ yₖ₋₁ + bₖ with y₋₁ = 0 (from the other end: y₋₁ is yₙ). Inputs a and b have one shape. */
export const recurrence: Kernel<ScanAttributes> = (out, [a, b], { axis, reverse }) => {
  forEachRow(out, [a!, b!], axis, (o, stepOut, [atA, atB], [stepA, stepB], n) => {
    const [rowA, rowB] = [walk(reverse, atA!, stepA!, n), walk(reverse, atB!, stepB!, n)];
    recurrenceOfRow(out.data, ...walk(reverse, o, stepOut, n), a!.data, ...rowA, b!.data, ...rowB, n);
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

/** Where the largest number so far is: the last of equal ones. */
export const cumargmax: Kernel<ScanAttributes> = extremeSoFar((value, leader) => value >= leader);
/** Where the smallest number so far is: the last of equal ones. */
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
