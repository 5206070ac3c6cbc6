/** How soon a program gets its first result: a process of its own, from the import to a matrix product. */

import { spawnSync } from 'node:child_process';
import { type Row, summarize } from '../rows.js';

const program = `
const start = performance.now();
const { tensor } = await import('cotangent');
const imported = performance.now();
tensor([[1, 2], [3, 4]]).matmul(tensor([[1, 0], [0, 1]])).toArray();
console.log(JSON.stringify([imported - start, performance.now() - start]));
`;

/** Milliseconds of 15 fresh processes. */
export function run(): Row[] {
  const runs = Array.from({ length: 15 }, (): [number, number] => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    return JSON.parse(stdout) as [number, number];
  });
  const row = (workload: string, durations: number[]): Row => ({
    suite: 'start',
    workload,
    library: 'cotangent',
    ...summarize(durations),
    note: 'of a fresh process, files in the cache of the system',
  });
  return [
    row(
      'import',
      runs.map(([imported]) => imported),
    ),
    row(
      'import to first result',
      runs.map(([, first]) => first),
    ),
  ];
}
