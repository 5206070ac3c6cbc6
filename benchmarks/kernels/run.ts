/** Kernels against their plain loops, `ndarray-ops` and the ceilings of the machine. */

import { type Row, summarize } from '../rows.js';
import { type Workload, workloads } from './workloads.js';

/** A measurement repeats a call until it lasts this long: far above the resolution of the clock. */
const leastMilliseconds = 4;
const rounds = 15;

/** Milliseconds of one call, as the mean of `calls`. */
function time(call: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return (performance.now() - start) / calls;
}

/** How many calls last long enough. The first ones, which compile, do not count. */
function callsToMeasure(call: () => void): number {
  time(call, 3);
  let calls = 1;
  for (;;) {
    const lasted = time(call, calls) * calls;
    if (lasted >= leastMilliseconds) return calls;
    calls = Math.ceil(calls * Math.min(10, (1.2 * leastMilliseconds) / Math.max(lasted, 0.01)));
  }
}

/** The libraries take turns, so that whatever else the machine does meets them all alike. */
function measure({ name, amount, unit, libraries }: Workload): Row[] {
  const contenders = Object.entries(libraries).map(([library, make]) => {
    const call = make();
    return { library, call, calls: callsToMeasure(call), durations: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { call, calls, durations } of contenders) durations.push(time(call, calls));
  }
  const figures = contenders.map(({ library, durations }) => ({ library, ...summarize(durations) }));
  const plain = figures.find(({ library }) => library === 'cotangent plain')?.medianMicroseconds;
  return figures.map((figure) => {
    const rate = `${(amount / figure.medianMicroseconds / 1000).toFixed(1)} ${unit}`;
    const ratio =
      plain && figure.library === 'cotangent' ? `, ${(plain / figure.medianMicroseconds).toFixed(1)} × plain` : '';
    return { suite: 'kernels', workload: name, ...figure, note: rate + ratio };
  });
}

/** Measures every workload whose name contains `filter`. */
export function run(filter: string): Row[] {
  return workloads()
    .filter(({ name }) => name.includes(filter))
    .flatMap(measure);
}
