/**
 * `npm run bench:table -- FILE.json …`: rows that `npm run bench -- SUITE --json FILE` wrote, as the Markdown tables of docs/benchmarks: a line
 * for each workload, how long ours takes, and how many times as long each other library does.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** @typedef {{ suite: string, workload: string, library: string, medianMicroseconds: number, minMicroseconds: number, note: string }} Row */

const ours = new Set(['cotangent', 'ceiling']);

/** Three digits, and never an exponent. @param {number} value */
const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/**
 * A line for each workload.
 *
 * @param {readonly Row[]} rows
 * @param {'medianMicroseconds' | 'minMicroseconds'} figure what is compared
 * @returns {string[]} lines of Markdown
 */
export function wideTable(rows, figure) {
  const others = [...new Set(rows.map(({ library }) => library))].filter((library) => !ours.has(library));
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  const lines = workloads.map((workload) => {
    const own = rows.filter((row) => row.workload === workload);
    const mine = own.find(({ library }) => ours.has(library));
    const ratios = others.map((library) => {
      const theirs = own.find((row) => row.library === library);
      return theirs && mine ? (theirs[figure] / mine[figure]).toFixed(2) : '–';
    });
    return [workload, mine ? digits(mine[figure]) : '–', mine?.note ?? '–', ...ratios];
  });
  const head = ['workload', 'µs', 'note', ...others];
  const cells = [head, head.map((_, i) => (i === 0 || i === 2 ? '---' : '--:')), ...lines];
  return cells.map((line) => `| ${line.join(' | ')} |`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const file of process.argv.slice(2)) {
    /** @type {Row[]} */
    const rows = JSON.parse(readFileSync(file, 'utf8'));
    for (const figure of /** @type {const} */ (['medianMicroseconds', 'minMicroseconds']))
      console.log(`\n${file}, ${figure}\n\n${wideTable(rows, figure).join('\n')}`);
  }
}
