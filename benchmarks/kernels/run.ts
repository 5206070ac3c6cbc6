/** Kernels against their plain loops, other libraries and the ceilings of the machine, in turns within one run. */

import { type Row, summarize } from '../rows.js';
import { ceilings, cotangent } from './libraries/cotangent.js';
import { jaxjs } from './libraries/jaxjs.js';
import { ndarrayOps } from './libraries/ndarrayOps.js';
import { python } from './libraries/python.js';
import { tfjs } from './libraries/tfjs.js';
import type { Contender, Library, Workload } from './workload.js';
import { workloads } from './workloads.js';

/** A measurement repeats a call until it lasts this long: far above the resolution of the clock. */
const leastMilliseconds = 4;
const rounds = 15;
/** What the slow ones may take of the reader's time, in all rounds but the first three. */
const mostMilliseconds = 1500;

/** How many calls last long enough, and how long one takes. The first ones, which compile, do not count. */
async function callsToMeasure({ time }: Contender): Promise<{ calls: number; each: number }> {
  const first = await time(1);
  if (first > mostMilliseconds) return { calls: 1, each: first };
  if (first < leastMilliseconds) await time(3);
  let calls = 1;
  for (;;) {
    const each = await time(calls);
    if (each * calls >= leastMilliseconds) return { calls, each };
    calls = Math.ceil(calls * Math.min(10, (1.2 * leastMilliseconds) / Math.max(each * calls, 0.01)));
  }
}

/** The libraries take turns, so that whatever else the machine does meets them all alike. */
async function measure({ name, amount, unit }: Workload, contenders: readonly Contender[]): Promise<Row[]> {
  const ready: { contender: Contender; calls: number; each: number; durations: number[] }[] = [];
  for (const contender of contenders) {
    const measured = await callsToMeasure(contender);
    // One call of the slowest is enough.
    ready.push({ contender, ...measured, durations: measured.each > mostMilliseconds ? [measured.each] : [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contender, calls, each, durations } of ready) {
      const enough = each > mostMilliseconds || (round >= 3 && round * calls * each > mostMilliseconds);
      if (!enough) durations.push(await contender.time(calls));
    }
  }
  const figures = ready.map(({ contender, durations }) => ({ library: contender.library, ...summarize(durations) }));
  const ours = figures.find(({ library }) => library === 'cotangent')?.medianMicroseconds;
  return figures.map((figure) => {
    const rate = `${(amount / figure.medianMicroseconds / 1000).toFixed(1)} ${unit}`;
    // How many times as long as ours it takes.
    const ratio =
      ours && figure.library !== 'cotangent' ? `, ${(figure.medianMicroseconds / ours).toFixed(2)} × ours` : '';
    return { suite: 'kernels', workload: name, ...figure, note: rate + ratio };
  });
}

/** Measures every workload whose name contains `filter`, by the libraries of the list (all where there is none). */
export async function run(filter: string, only: readonly string[]): Promise<Row[]> {
  const [tensorflow, jax, torch] = [await tfjs(), await jaxjs(), python()];
  if (tensorflow === null) console.error('bench: without TF.js, which `npm run bench:peers` installs');
  if (jax === null) console.error('bench: without jax-js, which `npm run bench:peers` installs and Node 24 runs');
  if (torch === null) console.error('bench: without PyTorch and NumPy, which no python3 has');
  const libraries: Library[] = [cotangent, ndarrayOps];
  if (tensorflow !== null) libraries.push(tensorflow);
  if (jax !== null) libraries.push(jax);
  if (torch !== null) libraries.push(torch.library);
  const rows: Row[] = [];
  try {
    for (const { workload, contenders } of ceilings()) {
      if (workload.name.includes(filter)) rows.push(...(await measure(workload, contenders)));
    }
    for (const workload of workloads) {
      if (!workload.name.includes(filter)) continue;
      const contenders: Contender[] = [];
      for (const library of libraries) contenders.push(...(await library(workload)));
      const chosen = contenders.filter(
        ({ library }) => library === 'cotangent' || only.length === 0 || only.includes(library),
      );
      rows.push(...(await measure(workload, chosen)));
    }
  } finally {
    torch?.close();
  }
  return rows;
}
