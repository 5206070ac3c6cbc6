/** One piece of work, said so that every library can do it. */

import type { Shape } from '@cotangent/kernels';

export interface Workload {
  readonly name: string;
  /** What it is, by our name. */
  readonly operation: string;
  /** Of the inputs; float32. */
  readonly shapes: readonly Shape[];
  /** Of the result. */
  readonly out: Shape;
  /** What else the operation needs to know, in our spelling. */
  readonly attributes?: unknown;
  /** Floating-point operations or bytes read and written, per call. */
  readonly amount: number;
  readonly unit: 'GFLOP/s' | 'GB/s';
}

/** A library made ready for a workload: how long one call takes, in milliseconds, as the mean of so many. */
export interface Contender {
  readonly library: string;
  time(calls: number): number | Promise<number>;
}

/** Makes contenders for a workload, or none where the library cannot do it. */
export type Library = (workload: Workload) => Promise<readonly Contender[]> | readonly Contender[];

/** Milliseconds of one call, as the mean of `calls`. */
export function timed(call: () => void): (calls: number) => number {
  return (calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    return (performance.now() - start) / calls;
  };
}
