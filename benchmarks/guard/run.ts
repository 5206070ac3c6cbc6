/**
 * What a change did to whole training steps, against a committed baseline: counts, which are exact, and times as multiples of what this
 * machine needs for a fixed piece of arithmetic, so that they hold on another machine too.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { heapStats, profile } from 'cotangent';
import { ceilings } from '../kernels/libraries/cotangent.js';
import type { Row } from '../rows.js';
import { prepare } from '../training/libraries/cotangent.js';
import { workloads } from '../training/workloads.js';

/** What is known of one workload. */
interface Figures {
  /** Kernels that one step runs. */
  readonly kernels: number;
  /** Storages that one step makes. */
  readonly allocations: number;
  /** Of those, not served from a free list. */
  readonly misses: number;
  /** Bytes of results that one step writes. */
  readonly bytes: number;
  /** Time of one step as a multiple of that of the yardstick (`yardstick`). */
  readonly time: number;
}

const file = fileURLToPath(new URL('../../../benchmarks/guard/baseline.json', import.meta.url));
const rounds = 9;
const roundMilliseconds = 60;
/** Times differ by this much from run to run on a machine that has other guests. */
export const timeTolerance = 0.15;

/** Milliseconds of the ceiling's multiply-adds in registers, or of a copy where there is no SIMD. */
function yardstick(): () => Promise<number> {
  const { contenders } = ceilings()[0]!;
  return async () => contenders[0]!.time(10);
}

async function figuresOf(
  workload: string,
  measureYardstick: () => Promise<number>,
): Promise<{ figures: Figures; durations: number[] }> {
  const prepared = prepare(workload);
  const timed = (steps: number): number => {
    const start = performance.now();
    for (let i = 0; i < steps; i++) prepared.step();
    return (performance.now() - start) / steps;
  };
  let each = timed(10);
  each = timed(Math.max(10, Math.min(3000, Math.ceil(500 / each))));
  const steps = Math.max(1, Math.ceil(roundMilliseconds / each));

  const before = heapStats();
  prepared.step();
  const after = heapStats();
  const allocations = after.allocations - before.allocations;
  const misses = allocations - (after.freeListHits - before.freeListHits);
  const { events } = profile(() => prepared.step());
  const bytes = events.reduce((sum, event) => sum + event.bytes, 0);

  const durations: number[] = [];
  const units: number[] = [];
  for (let round = 0; round < rounds; round++) {
    units.push(await measureYardstick());
    durations.push(timed(steps));
  }
  // The least of each: what else the machine does can only add.
  const time = Math.min(...durations) / Math.min(...units);
  return { figures: { kernels: events.length, allocations, misses, bytes, time }, durations };
}

/** By major version of Node, whose engines differ, then by workload. */
type Baseline = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

const major = `Node ${process.versions.node.split('.')[0]}`;

const readBaseline = (): Baseline => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baseline) : {});

/** In words what is better and what is worse; '' where nothing changed. */
export function compare(now: Figures, before: Figures): string {
  const changes: string[] = [];
  for (const name of ['kernels', 'allocations', 'misses', 'bytes'] as const) {
    if (now[name] === before[name]) continue;
    changes.push(`${name} ${before[name]} → ${now[name]} (${now[name] < before[name] ? 'better' : 'WORSE'})`);
  }
  const change = now.time / before.time - 1;
  if (Math.abs(change) > timeTolerance)
    changes.push(`time ${change > 0 ? '+' : ''}${(100 * change).toFixed(0)} % (${change < 0 ? 'better' : 'WORSE'})`);
  return changes.join('; ');
}

/** Measures every training workload whose name contains `filter`, and with `update` makes what it finds the baseline. */
export async function run(filter: string, update: boolean): Promise<Row[]> {
  const baseline = readBaseline();
  const before = baseline[major] ?? {};
  const measured: Record<string, Figures> = { ...before };
  const unit = yardstick();
  const rows: Row[] = [];
  for (const { name, kind } of workloads) {
    if (kind === 'inference' || !name.includes(filter)) continue;
    const { figures, durations } = await figuresOf(name, unit);
    measured[name] = figures;
    const sorted = [...durations].sort((a, b) => a - b);
    const known = before[name];
    const counts = `${figures.kernels} kernels, ${figures.allocations} storages (${figures.misses} not from a free list), ${(figures.bytes / 1e6).toFixed(2)} MB`;
    const verdict = known === undefined ? 'no baseline' : compare(figures, known) || 'as the baseline';
    rows.push({
      suite: 'guard',
      workload: name,
      library: 'cotangent',
      medianMicroseconds: 1000 * sorted[rounds >> 1]!,
      minMicroseconds: 1000 * sorted[0]!,
      note: `${verdict}; ${counts}`,
    });
  }
  if (update) {
    writeFileSync(`${file}.part`, `${JSON.stringify({ ...baseline, [major]: measured }, null, 2)}\n`);
    renameSync(`${file}.part`, file);
  }
  return rows;
}
