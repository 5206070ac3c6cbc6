/** One piece of work, said so that every library can do it. */

import type { DType, Shape } from '@cotangent/kernels';

export interface Workload {
  readonly name: string;
  /** What it is, by our name. */
  readonly operation: string;
  /** Of the inputs. */
  readonly shapes: readonly Shape[];
  /** Of the result. */
  readonly out: Shape;
  /** Of the inputs, and of the result behind them; float32 where it does not say. int32 are indices below `indexLimit`, bools every other one true. */
  readonly dtypes?: readonly DType[];
  readonly indexLimit?: number;
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
  /** What the call took that showed whether the library can do it, if it was that one's. */
  readonly tried?: number;
}

/** Makes contenders for a workload, of the names that are wanted; none where the library cannot do it. */
export type Library = (
  workload: Workload,
  wanted: (library: string) => boolean,
) => Promise<readonly Contender[]> | readonly Contender[];

/** Milliseconds of one call, as the mean of `calls`. */
export function timed(call: () => void): (calls: number) => number {
  return (calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    return (performance.now() - start) / calls;
  };
}

/** The dtype of input k, or of the result where k is the number of inputs. */
export function dtypeOf({ dtypes }: Workload, k: number): DType {
  return dtypes?.[k] ?? 'float32';
}

/** Element i of an input. */
export function valueAt(workload: Workload, k: number, i: number): number {
  const dtype = dtypeOf(workload, k);
  if (dtype === 'bool') return i % 2;
  // A prime step: neighbours lie far apart, and some come again.
  if (dtype === 'int32') return (i * 7919) % (workload.indexLimit ?? 1);
  return 0.1 + (i % 97) / 100;
}
