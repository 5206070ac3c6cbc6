/** The largest error of each elementary function over the bit patterns of float32, against its plain loop in double precision. */

import * as kernels from '@cotangent/kernels';
import { type Block, type DispatchedKernel, newBlock } from '@cotangent/kernels';
import type { Row } from '../rows.js';

const functions = [
  ['exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt', 'cbrt', 'reciprocal'],
  ['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
  ['erf', 'erfc', 'sigmoid', 'softplus', 'silu', 'gelu', 'geluTanh', 'mish'],
].flat();

const chunk = 2 ** 18;

/** The unit in the last place of a float32 near x. */
function unit(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);
}

interface Worst {
  ulps: number;
  at: number;
}

/** Errors of one chunk; results beyond float32 count by what they round to. */
function compare(x: Block, got: Block, wanted: Block, worst: Worst): void {
  for (let i = 0; i < chunk; i++) {
    const [a, b] = [got.data[got.offset + i]!, wanted.data[wanted.offset + i]!];
    const rounded = Math.fround(b);
    if (Object.is(a, rounded) || a === rounded) continue;
    const ulps = Number.isFinite(a) && Number.isFinite(rounded) ? Math.abs(a - b) / unit(b) : Infinity;
    if (ulps > worst.ulps) Object.assign(worst, { ulps, at: x.data[x.offset + i]! });
  }
}

/** Every `stride`-th bit pattern; 1 for all of them (some minutes for each function). */
export function run(stride: number, filter: string): Row[] {
  return functions
    .filter((name) => name.includes(filter))
    .map((name): Row => {
      const kernel = (kernels as unknown as Record<string, DispatchedKernel>)[name]!;
      const [x, got] = [newBlock('float32', [chunk], false), newBlock('float32', [chunk], false)];
      const [wide, wanted] = [newBlock('float64', [chunk], false), newBlock('float64', [chunk], false)];
      const bits = new Uint32Array(x.data.buffer, x.offset * 4, chunk);
      const worst: Worst = { ulps: 0, at: 0 };
      const began = performance.now();
      for (let next = 0; next < 2 ** 32; next += chunk * stride) {
        for (let i = 0; i < chunk; i++) bits[i] = Math.min(next + i * stride, 2 ** 32 - 1);
        kernel(got, [x], undefined);
        kernels.copyInto(wide, x);
        kernel.plain(wanted, [wide], undefined);
        compare(x, got, wanted, worst);
      }
      const microseconds = (performance.now() - began) * 1000;
      return {
        suite: 'ulp',
        workload: name,
        library: 'cotangent',
        medianMicroseconds: microseconds,
        minMicroseconds: microseconds,
        note: `${worst.ulps.toFixed(3)} ulp at ${worst.at}`,
      };
    });
}
