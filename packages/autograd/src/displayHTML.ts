/** Tensors as HTML: what notebooks show. */

import { type Shape, showShape } from '@cotangent/kernels';
import { display, showNumber } from './display.js';
import type { Tensor } from './tensor.js';

/** At most so many rows, columns, and tables of the last two axes are written. */
const most = [10, 12, 4] as const;

/** The indices that are shown along an axis; null stands for what is left out between them. */
function shown(extent: number, limit: number): (number | null)[] {
  if (extent <= limit) return Array.from({ length: extent }, (_, i) => i);
  const half = limit / 2;
  return Array.from({ length: limit + 1 }, (_, i) => (i === half ? null : i < half ? i : extent - limit - 1 + i));
}

const cells = (tag: string, texts: readonly (string | number)[]): string =>
  texts.map((text) => `<${tag}>${text}</${tag}>`).join('');

/**
 * A table with dtype and shape above it; a table for every pair of the last two axes where there are more. The middle of long axes
 * is left out. A tensor without numbers says why, as in `toString`.
 */
export function displayHTML(x: Tensor): string {
  // It may hold the name of somebody's own operation.
  if (x.memory === null) return `<pre>${display(x).replace(/[<&]/g, (c) => `&#${c.charCodeAt(0)};`)}</pre>`;
  const { data, offset, strides } = x.block;
  const rank = x.shape.length;
  const write = (at: number): string => (x.dtype === 'bool' ? String(data[at] !== 0) : showNumber(data[at]!));
  const table = (start: number, caption: string, [rows, columns]: Shape, [down, right]: Shape): string => {
    const across = shown(columns!, most[1]);
    const lines = shown(rows!, most[0]).map((i) => {
      const values = across.map((j) => (i === null || j === null ? '…' : write(start + i * down! + j * right!)));
      return `<tr>${rank < 2 ? '' : cells('th', [i ?? '…'])}${cells('td', values)}</tr>`;
    });
    const head =
      rank === 0
        ? ''
        : `<thead><tr>${rank < 2 ? '' : '<th></th>'}${cells(
            'th',
            across.map((j) => j ?? '…'),
          )}</tr></thead>`;
    return `<table><caption>${caption}</caption>${head}<tbody>${lines.join('')}</tbody></table>`;
  };
  const title = `Tensor ${x.dtype} ${showShape(x.shape)}`;
  const inner = <T>(list: readonly T[], fill: T): T[] => [fill, fill, ...list].slice(-2);
  const [extents, steps] = [inner(x.shape, 1), inner(strides, 0)];
  if (rank < 3) return table(offset, title, extents, steps);

  const outer = x.shape.slice(0, -2);
  const tables = shown(
    outer.reduce((product, extent) => product * extent, 1),
    most[2],
  ).map((index) => {
    if (index === null) return '<p>…</p>';
    let [left, start] = [index, offset];
    const place = outer.map((): number => 0);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      place[axis] = left % outer[axis]!;
      left = Math.floor(left / outer[axis]!);
      start += place[axis]! * strides[axis]!;
    }
    return table(start, `[${place.join(', ')}, :, :]`, extents, steps);
  });
  return `<div><p>${title}</p>${tables.join('')}</div>`;
}
