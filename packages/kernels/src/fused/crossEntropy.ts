/** Cross-entropy of softmax and class labels in one pass over the logits. */

import { type Block, newBlock } from '../block.js';
import { forEachRun, type Kernel } from '../elementwise/runs.js';
import { IndexError } from '../errors.js';
import { type DispatchedKernel, kernel } from '../kernel.js';
import { multiply } from '../wasm/elementwise.js';
import { lanesOf, runMap } from '../wasm/runMap.js';
import { logSoftmax, rowLogTotal, rowShift, softmax } from './softmax.js';

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

const forward: Kernel = (out, [logits, labels]) => {
  const x = logits!.data;
  forEachLabel(logits!, labels!, (row, label, at, step, classes) => {
    const shift = rowShift(x, at, step, classes);
    out.data[out.offset + row] = rowLogTotal(x, at, step, classes, shift) - (x[at + label * step]! - shift);
  });
};

/** The numbers of g in row-major order. */
function weightsOf(g: Block): Float64Array {
  const weights = new Float64Array(g.size);
  let next = 0;
  forEachRun(g.shape, [g], (at, n, steps) => {
    for (let i = 0; i < n; i++) weights[next++] = g.data[at[0]! + i * steps[0]!]!;
  });
  return weights;
}

const backward: Kernel = (out, [g, logits, labels]) => {
  const x = logits!.data;
  const weights = weightsOf(g!);
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

/** Whether the rows of the logits can be taken by the SIMD softmax. */
const suits = (logits: Block, out: Block): boolean =>
  logits.contiguous &&
  logits.storage.inHeap &&
  out.storage.inHeap &&
  logits.size > 0 &&
  lanesOf(logits.dtype) !== undefined;

function forwardInSimd(out: Block, logits: Block, labels: Block): boolean {
  if (!suits(logits, out)) return false;
  const logs = newBlock(logits.dtype, logits.shape, false);
  try {
    if (!logs.storage.inHeap) return false;
    logSoftmax(logs, [logits], { axis: logits.shape.length - 1 });
    forEachLabel(logs, labels, (row, label, at, step) => {
      out.data[out.offset + row] = 0 - logs.data[at + label * step]!; // of 0 it makes 0, and not −0
    });
    return true;
  } finally {
    logs.storage.release();
  }
}

function backwardInSimd(out: Block, g: Block, logits: Block, labels: Block): boolean {
  if (!suits(logits, out)) return false;
  const classes = logits.shape.at(-1)!;
  const weights = newBlock(logits.dtype, [g.size, 1], false);
  try {
    if (!weights.storage.inHeap) return false;
    weights.data.set(weightsOf(g), weights.offset);
    softmax(out, [logits], { axis: logits.shape.length - 1 });
    forEachLabel(out, labels, (_, label, at) => {
      out.data[at + label]! -= 1;
    });
    const rows = out.view({ shape: [g.size, classes], strides: [classes, 1], offset: out.offset });
    return runMap(multiply, rows, [rows, weights]);
  } finally {
    weights.storage.release();
  }
}

/** out[r] = ln Σ exp(logits[r, ·]) − logits[r, labels[r]] */
export const softmaxCrossEntropy: DispatchedKernel = kernel(forward, (out, [logits, labels]) =>
  forwardInSimd(out, logits!, labels!),
);

/** out[r, c] = (softmax(logits[r, ·])[c] − [c = labels[r]]) · g[r] */
export const softmaxCrossEntropyBackward: DispatchedKernel = kernel(backward, (out, [g, logits, labels]) =>
  backwardInSimd(out, g!, logits!, labels!),
);
