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
/** What a library may take of the reader's time for one workload, in all rounds; it is measured once at least. */
const mostMilliseconds = 1000;

/** How many calls last long enough. The first ones, which compile, do not count. */
async function callsToMeasure({ time, tried }: Contender): Promise<number> {
  const first = tried ?? (await time(1));
  if (first > mostMilliseconds / 3) return 1;
  if (first < leastMilliseconds) await time(3);
  let calls = 1;
  for (;;) {
    const each = await time(calls);
    if (each * calls >= leastMilliseconds) return calls;
    calls = Math.ceil(calls * Math.min(10, (1.2 * leastMilliseconds) / Math.max(each * calls, 0.01)));
  }
}

/** The libraries take turns, so that whatever else the machine does meets them all alike. */
async function measure({ name, amount, unit }: Workload, contenders: readonly Contender[]): Promise<Row[]> {
  const ready: { contender: Contender; calls: number; spent: number; durations: number[] }[] = [];
  for (const contender of contenders) {
    const { tried = 0 } = contender;
    // So slow a call is not made again: what it compiles is nothing beside what it takes.
    const known = tried > mostMilliseconds;
    const calls = known ? 1 : await callsToMeasure(contender);
    ready.push({ contender, calls, spent: known ? tried : 0, durations: known ? [tried] : [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of ready) {
      if (entry.spent > mostMilliseconds) continue;
      const each = await entry.contender.time(entry.calls);
      entry.spent += each * entry.calls;
      entry.durations.push(each);
    }
  }
  const figures = ready.map(({ contender, durations }) => ({
    library: contender.library,
    rounds: durations.length,
    ...summarize(durations),
  }));
  const ours = figures.find(({ library }) => library === 'cotangent')?.medianMicroseconds;
  return figures.map(({ rounds: measured, ...figure }) => {
    const notes = [`${(amount / figure.medianMicroseconds / 1000).toFixed(1)} ${unit}`];
    // How many times as long as ours it takes.
    if (ours && figure.library !== 'cotangent') notes.push(`${(figure.medianMicroseconds / ours).toFixed(2)} × ours`);
    if (measured < rounds) notes.push(`${measured} of ${rounds} rounds`);
    return { suite: 'kernels', workload: name, ...figure, note: notes.join(', ') };
  });
}

/** Measures every workload whose name contains `filter`, by the libraries of the list (all where there is none). */
export async function run(filter: string, only: readonly string[]): Promise<Row[]> {
  const wanted = (library: string): boolean => only.length === 0 || only.includes(library);
  const peer = async <T>(names: readonly string[], load: () => T | null | Promise<T | null>, hint: string) => {
    if (!names.some(wanted)) return null;
    const loaded = await load();
    if (loaded === null) console.error(`bench: without ${names.join(' and ')}, which ${hint}`);
    return loaded;
  };
  const tensorflow = await peer(['TF.js cpu', 'TF.js wasm'], tfjs, '`npm run bench:peers` installs');
  const jax = await peer(['jax-js'], jaxjs, '`npm run bench:peers` installs and Node 24 runs');
  const torch = await peer(['PyTorch', 'NumPy'], python, 'no python3 has');
  const libraries = [cotangent, ndarrayOps, tensorflow, jax, torch?.library].filter(
    (library) => !!library,
  ) as Library[];
  const rows: Row[] = [];
  try {
    for (const { workload, contenders } of ceilings()) {
      if (workload.name.includes(filter)) rows.push(...(await measure(workload, contenders)));
    }
    for (const workload of workloads) {
      if (!workload.name.includes(filter)) continue;
      const contenders: Contender[] = [];
      for (const library of libraries) contenders.push(...(await library(workload, wanted)));
      rows.push(...(await measure(workload, contenders)));
    }
  } finally {
    torch?.close();
  }
  return rows;
}
