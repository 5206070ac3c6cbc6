/** Writes docs/operations.md out of the rows, and holds the committed page to it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Primitive } from '../primitive.js';
import { rowsByFile } from './rows.js';
import { differentiable } from './testing/checkRows.js';
import { examples } from './testing/examples.js';

const page = join(__dirname, '../../../../docs/operations.md');

const hasTwin = (row: Primitive<never>): boolean => 'plain' in row.run;

function line(file: string, row: Primitive<never>): string {
  const derived = differentiable(row);
  // Every differentiable row with an example is checked at orders 1 and 2, forward, and over vmap: see testing/checkRows.ts.
  const checked = derived && examples[file]?.[row.name] !== undefined;
  const inputs =
    row.inputs?.map((name, i) => (row.hasVjp(i) || !derived ? name : `(${name})`)).join(', ') ?? 'any number';
  const { range, kinks = [], note } = row.domain;
  const domain = [note, range && `${range[0]} to ${range[1]}`, kinks.length > 0 && `not at ${kinks.join(', ')}`].filter(
    Boolean,
  );
  const cells = [
    `\`${row.name}\``,
    inputs,
    derived ? 'float32, float64' : '–',
    derived ? (checked ? '1, 2' : 'MISSING') : 'none: constant almost everywhere',
    derived ? domain.join('; ') || 'everywhere' : '',
    row.batch === null ? 'one by one' : 'all at once',
    row.run === undefined || row.view !== null ? 'view' : hasTwin(row) ? 'SIMD, plain' : 'plain',
  ];
  return `| ${cells.join(' | ')} |`;
}

const text = `# Operations

Every primitive, its derivatives and its kernels. This page is written by \`primitives/table.test.ts\` out of the rows and out of the
examples that their tests run; to renew it: \`UPDATE_DOCS=1 npx jest table\`. A row without an example fails its test.

_Orders_: checked against central differences in float64, over random shapes, views and broadcasting, with forward mode against
reverse mode and \`vmap\` against a loop; higher orders follow, because rules are written in operations. Inputs in brackets are held fixed.
_Smooth_: where the values of the checks were drawn. _Kernel_: SIMD kernels have a plain twin that serves where there is no WebAssembly.

${Object.entries(rowsByFile)
  .map(
    ([file, rows]) =>
      `## ${file}\n\n| operation | inputs | derivative in | orders | smooth | vmap | kernel |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows
        .map((row) => line(file, row))
        .join('\n')}\n`,
  )
  .join('\n')}`;

/** Tables without the blanks that line their columns up. */
const compact = (markdown: string): string => markdown.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---').trim();

it('docs/operations.md lists every primitive as it is', () => {
  if (process.env['UPDATE_DOCS']) writeFileSync(page, text);
  expect(text).not.toContain('MISSING');
  expect(compact(readFileSync(page, 'utf8'))).toBe(compact(text));
});
