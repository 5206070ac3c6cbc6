/** Cross-entropy of softmax and class labels in one pass over the logits. */

import type { Block } from '../block.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { IndexError } from '../errors.js';
import { rowLogTotal, rowShift } from './softmax.js';

/** Calls `visit(row, label, at)` for each row of `logits` [..., classes] and its label. The last axis has step `step`. */
function forEachLabel(
  logits: Block,
  labels: Block,
  visit: (row: number, label: number, at: number, step: number, classes: number) => void,
): void {
  const rank = logits.shape.length - 1;
  const classes = logits.shape[rank]!;
  const step = logits.strides[rank]!;
  const rows = logits.view({
    shape: logits.shape.slice(0, rank),
    strides: logits.strides.slice(0, rank),
    offset: logits.offset,
  });
  let row = 0;
  forEachRun(rows.shape, [rows, labels], (at, n, steps) => {
    for (let i = 0; i < n; i++) {
      const label = labels.data[at[1]! + i * steps[1]!]!;
      if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
        throw new IndexError(
          'softmaxCrossEntropy',
          `got class label ${label} at position ${row}; expected integers from 0 to ${classes - 1}`,
          Number.isNaN(label)
            ? 'The labels hold NaN: check how they were read.'
            : `The logits have ${classes} classes.`,
        );
      }
      visit(row++, label, at[0]! + i * steps[0]!, step, classes);
    }
  });
}

/** out[r] = ln Σ exp(logits[r, ·]) − logits[r, labels[r]] */
export const softmaxCrossEntropy: Kernel = (out, [logits, labels]) => {
  const x = logits!.data;
  forEachLabel(logits!, labels!, (row, label, at, step, classes) => {
    const shift = rowShift(x, at, step, classes);
    out.data[out.offset + row] = rowLogTotal(x, at, step, classes, shift) - (x[at + label * step]! - shift);
  });
};

/** out[r, c] = (softmax(logits[r, ·])[c] − [c = labels[r]]) · g[r] */
export const softmaxCrossEntropyBackward: Kernel = (out, [g, logits, labels]) => {
  const x = logits!.data;
  const weights = new Float64Array(g!.size);
  let next = 0;
  forEachRun(g!.shape, [g!], (at, n, steps) => {
    for (let i = 0; i < n; i++) weights[next++] = g!.data[at[0]! + i * steps[0]!]!;
  });
  forEachLabel(logits!, labels!, (row, label, at, step, classes) => {
    const shift = rowShift(x, at, step, classes);
    let total = 0;
    for (let i = 0; i < classes; i++) total += Math.exp(x[at + i * step]! - shift);
    const o = out.offset + row * classes;
    const weight = weights[row]!;
    for (let i = 0; i < classes; i++) out.data[o + i] = (Math.exp(x[at + i * step]! - shift) / total) * weight;
    out.data[o + label] = (Math.exp(x[at + label * step]! - shift) / total - 1) * weight;
  });
};
