/**
 * The largest error of each elementary function over the bit patterns of float32, against its kernel in double precision;
 * and the largest of that one against its plain loop (Math.exp and the like), at 16 numbers of every 8,192 that are tried.
 */

import * as kernels from '@cotangent/kernels';
import { type Block, type DispatchedKernel, newBlock } from '@cotangent/kernels';
import type { Row } from '../rows.js';

const functions = [
  ['exp', 'exp2', 'expm1', 'log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt', 'cbrt', 'reciprocal'],
  ['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
  ['erf', 'erfc', 'sigmoid', 'softplus', 'silu', 'gelu', 'geluTanh', 'mish'],
].flat();

/** Small enough that all four operands stay in the processor's second cache. */
const chunk = 8192;
const sample = 16;

/** One over the unit in the last place, by the exponent bits of a double; of float32 for numbers that float32 holds. */
function unitsPerOne(mantissaBits: number, leastExponent: number): Float64Array {
  return Float64Array.from(
    { length: 2048 },
    (_, biased) => 2 ** (mantissaBits - Math.max(leastExponent, biased - 1023)),
  );
}

const single = unitsPerOne(23, -126);
/** Subnormal doubles count by the unit of 2⁻¹⁰²², where powers of two still have a reciprocal. */
const double = unitsPerOne(52, -970);

interface Worst {
  ulps: number;
  at: number;
}

interface Operands {
  readonly x: Float32Array;
  readonly got: Float32Array;
  readonly wanted: Float64Array;
  /** The upper half of each of `wanted` is its odd number. */
  readonly bits: Int32Array;
}

/** Errors of one chunk; results beyond float32 count by what they round to. */
function compare({ x, got, wanted, bits }: Operands, worst: Worst): void {
  for (let i = 0; i < chunk; i++) {
    const a = got[i]!;
    const b = wanted[i]!;
    const rounded = Math.fround(b);
    if (a === rounded || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const finite = a - a === 0 && rounded - rounded === 0;
    const ulps = finite ? Math.abs(a - b) * single[(bits[2 * i + 1]! >>> 20) & 2047]! : Number.POSITIVE_INFINITY;
    if (ulps > worst.ulps) {
      worst.ulps = ulps;
      worst.at = x[i]!;
    }
  }
}

const dataOf = (block: Block) => block.data.subarray(block.offset, block.offset + block.size);

/** How far the kernel in double precision is from its plain loop, at `sample` numbers of a chunk. */
class Check {
  readonly worst: Worst = { ulps: 0, at: 0 };
  readonly #x = newBlock('float64', [sample], false);
  readonly #wanted = newBlock('float64', [sample], false);
  readonly #bits = new Int32Array(2);
  readonly #double = new Float64Array(this.#bits.buffer);

  see(plain: DispatchedKernel['plain'], x: Float32Array, got: Float64Array): void {
    const [at, wanted] = [dataOf(this.#x), dataOf(this.#wanted)];
    for (let i = 0; i < sample; i++) at[i] = x[(i * chunk) / sample]!;
    plain(this.#wanted, [this.#x], undefined);
    for (let i = 0; i < sample; i++) {
      const [a, b] = [got[(i * chunk) / sample]!, wanted[i]!];
      if (Object.is(a, b) || a === b) continue;
      this.#double[0] = b;
      const finite = Number.isFinite(a) && Number.isFinite(b);
      const ulps = finite ? Math.abs(a - b) * double[(this.#bits[1]! >>> 20) & 2047]! : Number.POSITIVE_INFINITY;
      if (ulps > this.worst.ulps) Object.assign(this.worst, { ulps, at: at[i]! });
    }
  }
}

function sweep(kernel: DispatchedKernel, stride: number): string {
  const [x, got] = [newBlock('float32', [chunk], false), newBlock('float32', [chunk], false)];
  const [wide, wanted] = [newBlock('float64', [chunk], false), newBlock('float64', [chunk], false)];
  // Held by the loops as they are: the memory does not grow meanwhile.
  const operands = { x: dataOf(x), got: dataOf(got), wanted: dataOf(wanted) } as Operands;
  const { buffer } = operands.x;
  const patterns = new Uint32Array(buffer, operands.x.byteOffset, chunk);
  const all: Operands = { ...operands, bits: new Int32Array(buffer, operands.wanted.byteOffset, 2 * chunk) };
  const worst: Worst = { ulps: 0, at: 0 };
  const check = new Check();
  for (let next = 0; next < 2 ** 32; next += chunk * stride) {
    for (let i = 0; i < chunk; i++) patterns[i] = Math.min(next + i * stride, 2 ** 32 - 1);
    kernel(got, [x], undefined);
    kernels.copyInto(wide, x);
    kernel(wanted, [wide], undefined);
    compare(all, worst);
    check.see(kernel.plain, all.x, all.wanted);
  }
  for (const block of [x, got, wide, wanted]) block.storage.release();
  const text = ({ ulps, at }: Worst): string => `${ulps.toFixed(3)} ulp at ${at}`;
  return `${text(worst)}; in double ${text(check.worst)}`;
}

/** Every `stride`-th bit pattern; 1 for all of them, which takes a minute for each function. `filter`: whole names, in their order. */
export function run(stride: number, filter: string): Row[] {
  return (filter === '' ? functions : filter.split(',')).map((name): Row => {
    if (!functions.includes(name)) throw new Error(`got --filter ${name}; expected some of ${functions.join(', ')}`);
    const kernel = (kernels as unknown as Record<string, DispatchedKernel>)[name]!;
    const began = performance.now();
    const note = sweep(kernel, stride);
    const microseconds = (performance.now() - began) * 1000;
    console.error(`${name}: ${note}`);
    return {
      suite: 'ulp',
      workload: name,
      library: 'cotangent',
      medianMicroseconds: microseconds,
      minMicroseconds: microseconds,
      note,
    };
  });
}
