/** The order of elements, by the digits of their bits. */

import type { TypedArray } from '../dtype.js';
import type { Kernel } from '../elementwise/runs.js';
import { forEachRow } from '../fused/rows.js';

/** Which order the elements along an axis are in. */
export interface SortAttributes {
  readonly axis: number;
  readonly descending: boolean;
}

/** Rows up to this long are sorted by insertion: counting digits takes longer. */
const shortRow = 64;

/**
 * Writes numbers as `words`, two for each, that are unsigned integers of 64 bits in the order of the numbers: those of a positive float64
 * are so but for the sign, those of a negative one run the other way (Terdiman 2000, "Radix Sort Revisited"). `values` is the same memory.
 */
function writeKeys(
  values: Float64Array,
  words: Uint32Array,
  x: TypedArray,
  at: number,
  step: number,
  descending: boolean,
): void {
  const inverse = descending ? -1 : 0;
  for (let i = 0, low = 0; i < values.length; i++, low += 2) {
    const value = x[at + i * step]! + 0; // −0 and 0 are equal
    values[i] = value;
    const high = words[low + 1]!;
    const negative = (high | 0) >> 31;
    const isNone = Number.isNaN(value);
    words[low] = isNone ? ~inverse : words[low]! ^ negative ^ inverse;
    words[low + 1] = isNone ? ~inverse : high ^ (negative | 0x80000000) ^ inverse;
  }
}

/** Sorts indices by their keys: each goes in front of the larger ones before it. */
function insert(order: Int32Array, words: Uint32Array): void {
  for (let i = 0; i < order.length; i++) {
    const [low, high] = [words[2 * i]!, words[2 * i + 1]!];
    let k = i;
    for (; k > 0; k--) {
      const other = 2 * order[k - 1]!;
      if (words[other + 1]! < high || (words[other + 1] === high && words[other]! <= low)) break;
      order[k] = order[k - 1]!;
    }
    order[k] = i;
  }
}

/** How often each value of each of the eight digits occurs. */
function countDigits(counts: Int32Array, words: Uint32Array): void {
  counts.fill(0);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const first = (i & 1) << 10;
    counts[first + (word & 255)]!++;
    counts[first + 256 + ((word >>> 8) & 255)]!++;
    counts[first + 512 + ((word >>> 16) & 255)]!++;
    counts[first + 768 + (word >>> 24)]!++;
  }
}

/** Writes the indices of `order` to `sorted` by one digit of their keys, those of one digit as they stood. False where all have the same. */
function sortByDigit(
  sorted: Int32Array,
  order: Int32Array,
  words: Uint32Array,
  counts: Int32Array,
  digit: number,
): boolean {
  const [word, shift, first] = [digit >> 2, (digit & 3) << 3, digit << 8];
  if (counts[first + ((words[word]! >>> shift) & 255)] === order.length) return false;
  // Counts become the places where each value of the digit begins.
  for (let k = first, place = 0; k < first + 256; k++) {
    const count = counts[k]!;
    counts[k] = place;
    place += count;
  }
  for (let i = 0; i < order.length; i++) {
    const index = order[i]!;
    sorted[counts[first + ((words[2 * index + word]! >>> shift) & 255)]!++] = index;
  }
  return true;
}

/** Indices that sort each row; equal ones stay in their order, NaN comes last (first, descending). */
export const argsort: Kernel<SortAttributes> = (out, [x], { axis, descending }) => {
  const n = x!.shape[axis]!;
  const values = new Float64Array(n);
  const words = new Uint32Array(values.buffer);
  const counts = new Int32Array(8 * 256);
  let [order, sorted] = [new Int32Array(n), new Int32Array(n)];
  forEachRow(out, [x!], axis, (o, stepOut, [at], [step]) => {
    writeKeys(values, words, x!.data, at!, step!, descending);
    if (n <= shortRow) insert(order, words);
    else {
      countDigits(counts, words);
      for (let i = 0; i < n; i++) order[i] = i;
      for (let digit = 0; digit < 8; digit++) {
        if (sortByDigit(sorted, order, words, counts, digit)) [order, sorted] = [sorted, order];
      }
    }
    for (let i = 0; i < n; i++) out.data[o + i * stepOut] = order[i]!;
  });
};
