/** scijs `ndarray-ops`: loops compiled for each layout. */

import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';
import { type Contender, timed, valueAt, type Workload } from '../workload.js';

const operations: Readonly<Record<string, (out: NdArray, inputs: readonly NdArray[]) => void>> = {
  add: (out, [a, b]) => ops.add(out, a!, b!),
  multiply: (out, [a, b]) => ops.mul(out, a!, b!),
  maximum: (out, [a, b]) => ops.max(out, a!, b!),
  relu: (out, [x]) => ops.maxs(out, x!, 0),
  sqrt: (out, [x]) => ops.sqrt(out, x!),
  exp: (out, [x]) => ops.exp(out, x!),
  log: (out, [x]) => ops.log(out, x!),
  sin: (out, [x]) => ops.sin(out, x!),
  transpose: (out, [x]) => ops.assign(out, x!.transpose(1, 0)),
};

export function ndarrayOps(workload: Workload, wanted: (library: string) => boolean): Contender[] {
  const { operation, shapes, out, dtypes } = workload;
  const run = operations[operation];
  // It broadcasts nothing.
  if (
    run === undefined ||
    !wanted('ndarray-ops') ||
    dtypes !== undefined ||
    shapes.some((shape) => shape.length !== out.length)
  )
    return [];
  const make = (shape: readonly number[]): NdArray =>
    ndarray(
      new Float32Array(shape.reduce((n, extent) => n * extent, 1)).map((_, i) => valueAt(workload, 0, i)),
      [...shape],
    );
  const [target, inputs] = [make(out), shapes.map(make)];
  return [{ library: 'ndarray-ops', time: timed(() => run(target, inputs)) }];
}
