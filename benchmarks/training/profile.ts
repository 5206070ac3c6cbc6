/** Where the time of a step goes, by operation, and how far each is from what the machine can do. */

import { profile } from 'cotangent';
import { ceilings } from '../kernels/libraries/cotangent.js';
import type { Row } from '../rows.js';
import { allOperationsOf, operationsOf } from './arithmetic.js';
import { prepare } from './libraries/cotangent.js';
import { workloads } from './workloads.js';

const rounds = 7;
/** A round lasts about this long. */
const roundMilliseconds = 150;
/** Operations below this share of the time are not listed. */
const leastShare = 0.01;

/** The best that the machine does: GFLOP/s in registers, GB/s written by a copy. */
async function bestRates(): Promise<{ gigaflops: number | null; gigabytes: number }> {
  const rates: Record<string, number> = {};
  for (const { workload, contenders } of ceilings()) {
    await contenders[0]!.time(20);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 15; round++) best = Math.min(best, await contenders[0]!.time(20));
    rates[workload.unit] = workload.amount / best / 1e6;
  }
  // A copy reads as much as it writes.
  return { gigaflops: rates['GFLOP/s'] ?? null, gigabytes: rates['GB/s']! / 2 };
}

/** Profiles the workloads whose names contain `filter`: a row for each operation and phase that takes 1 % or more. */
export async function run(filter: string): Promise<Row[]> {
  const { gigaflops, gigabytes } = await bestRates();
  const rows: Row[] = [];
  for (const { name, kind } of workloads) {
    if (kind !== 'training' || !name.includes(filter)) continue;
    const prepared = prepare(name);
    const once = (): number => {
      const start = performance.now();
      prepared.step();
      return performance.now() - start;
    };
    let each = once();
    for (let i = 0; i < 30; i++) each = Math.min(each, once());
    for (let i = 0; i < Math.min(2000, roundMilliseconds / each); i++) each = Math.min(each, once());
    const steps = Math.max(2, Math.ceil(roundMilliseconds / each));
    // Milliseconds of one step, by round.
    const times = new Map<string, { durations: number[]; bytes: number; calls: number }>();
    const totals: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const found = profile(() => {
        for (let i = 0; i < steps; i++) prepared.step();
      });
      totals.push(found.milliseconds / steps);
      for (const { name: operation, phase, milliseconds, bytes, calls } of found.operations()) {
        // A layer with its bias and activation is one operation: denseRelu, biasedConvolutionRelu.
        const layer = operation.replace(/^dense[A-Z]\w*$/, 'dense').replace(/^biasedConvolution\w*$/, 'convolution');
        const key = `${layer} ${phase}`;
        const entry = times.get(key) ?? { durations: [], bytes: 0, calls: 0 };
        if (entry.durations.length === round) {
          entry.durations.push(0);
          if (round === 0) times.set(key, entry);
        }
        entry.durations[round]! += milliseconds / steps;
        if (round > 0) continue;
        entry.bytes += bytes / steps;
        entry.calls += calls / steps;
      }
    }
    const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
    const least = (values: readonly number[]): number => Math.min(...values);
    const total = median(totals);
    const inKernels = [...times.values()].reduce((sum, { durations }) => sum + median(durations), 0);
    const row = (library: string, durations: readonly number[], note: string): Row => ({
      suite: 'profile',
      workload: name,
      library,
      medianMicroseconds: 1000 * median(durations),
      minMicroseconds: 1000 * least(durations),
      note,
    });
    const floor =
      gigaflops === null
        ? ''
        : `, its products alone ${((allOperationsOf(name) / gigaflops) * 1e-3).toFixed(0)} µs at the ceiling`;
    rows.push(
      row('whole step, profiled', totals, `${((100 * inKernels) / total).toFixed(0)} % of it in kernels${floor}`),
    );
    for (const [key, { durations, bytes, calls }] of [...times].sort(
      (a, b) => median(b[1].durations) - median(a[1].durations),
    )) {
      const share = median(durations) / total;
      if (share < leastShare) continue;
      const [operation, phase] = key.split(' ') as [string, string];
      const operations = operationsOf(name, operation, phase);
      const milliseconds = median(durations);
      const rate = (amount: number, unit: string, best: number): string =>
        `${(amount / milliseconds / 1e6).toFixed(1)} ${unit} = ${((100 * amount) / milliseconds / 1e6 / best).toFixed(0)} % of the ceiling`;
      const distance =
        operations !== null && gigaflops !== null
          ? rate(operations, 'GFLOP/s', gigaflops)
          : bytes / milliseconds > 1e5
            ? rate(bytes, 'GB/s of results', gigabytes)
            : 'small: the call costs more than its numbers';
      rows.push(row(key, durations, `${(100 * share).toFixed(1)} %, ${calls} calls, ${distance}`));
    }
  }
  return rows;
}
