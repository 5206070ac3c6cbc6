/** Tensors as text. */

import { showShape } from '@cotangent/kernels';
import type { Tensor } from './tensor.js';

/** Along each axis, at most this many entries are written, first and last halves. */
const edge = 3;
/** Above this many elements a tensor is abridged. */
const threshold = 1000;

/**
 * `Tensor float32 [2] [0.5, 1]`: dtype, shape and numbers, rows on lines of their own, abridged in the middle when there
 * are many.
 * A tensor whose memory has been recycled says so.
 */
export function display(x: Tensor): string {
  const head = `Tensor ${x.dtype} ${showShape(x.shape)}`;
  if (x.batch !== null) return `${head} (one of ${x.batch.mapping.size} examples in vmap; made by ${x.madeBy})`;
  if (x.tracer !== null) return `${head} (symbolic; made by ${x.madeBy})`;
  if (x.memory === null) return `${head} (${x.isReleased ? `released; made by ${x.madeBy}` : 'no value yet'})`;
  const { data, offset, strides } = x.block;
  const abridged = x.size > threshold;
  const write = (axis: number, at: number): string => {
    if (axis === x.shape.length) return x.dtype === 'bool' ? String(data[at] !== 0) : showNumber(data[at]!);
    const extent = x.shape[axis]!;
    const cut = abridged && extent > 2 * edge;
    const parts: string[] = [];
    for (let i = 0; i < extent; i++) {
      if (cut && i === edge) {
        parts.push('…');
        i = extent - edge;
      }
      parts.push(write(axis + 1, at + i * strides[axis]!));
    }
    const inner = x.shape.length - axis - 1;
    return `[${parts.join(inner === 0 ? ', ' : `,${'\n'.repeat(inner)}${' '.repeat(axis + 1)}`)}]`;
  };
  const body = write(0, offset);
  return body.includes('\n') ? `${head}\n${body}` : `${head} ${body}`;
}

/** Up to six significant digits: enough to recognise, few enough to read. */
export function showNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
