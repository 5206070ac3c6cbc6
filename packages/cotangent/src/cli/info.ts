import { availableParallelism, cpus, totalmem } from 'node:os';
import * as kernels from '@cotangent/kernels';
import { type Block, type DispatchedKernel, InternalError, type Shape } from '@cotangent/kernels';
import { ceilingModule, ceilingOperations, features, simdAvailable, variantFor } from '@cotangent/kernels/wasm';
import { version } from './version.js';

const yesNo = (answer: boolean): string => (answer ? 'yes' : 'no');

/** Lines about this machine: version, kernels, threads, a self-test, and the ceilings of its arithmetic. */
export function describeMachine(): string[] {
  const { relaxedSimd, sharedMemory } = features();
  const simd = simdAvailable();
  const [processor] = cpus();
  const lines: [string, string][] = [
    ['cotangent', version()],
    ['Node', `${process.versions.node} (V8 ${process.versions.v8}), ${process.platform} ${process.arch}`],
    ['processor', `${processor?.model.trim() ?? 'unknown'}, ${availableParallelism()} threads`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['WebAssembly SIMD', simd ? 'yes' : 'no: the plain loops run, which are slower and give the same results'],
    ['relaxed SIMD', relaxedSimd ? 'yes: fused multiply-add' : 'no (Node 22 and newer have it)'],
    ['shared memory', yesNo(sharedMemory)],
  ];
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  const said = lines.map(([name, value]) => `${name.padEnd(width)}${value}`);
  return [...said, '', ...selfTest(simd), '', ...ceilings(simd)];
}

interface Case {
  readonly name: string;
  readonly kernel: DispatchedKernel<never>;
  readonly shapes: readonly Shape[];
  readonly out: Shape;
  readonly attributes?: unknown;
}

const cases: readonly Case[] = [
  { name: 'add', kernel: kernels.add, shapes: [[1000], [1000]], out: [1000] },
  { name: 'exp', kernel: kernels.exp, shapes: [[1000]], out: [1000] },
  { name: 'tanh', kernel: kernels.tanh, shapes: [[1000]], out: [1000] },
  { name: 'sum', kernel: kernels.sum, shapes: [[100, 64]], out: [100], attributes: { axes: [1] } },
  { name: 'softmax', kernel: kernels.softmax, shapes: [[50, 64]], out: [50, 64], attributes: { axis: 1 } },
  {
    name: 'matmul',
    kernel: kernels.matmul,
    shapes: [
      [48, 64],
      [64, 40],
    ],
    out: [48, 40],
  },
];

/** How far float32 results of two ways to compute may lie apart, relative to the largest. */
const tolerance = 1e-5;

function filled(shape: Shape): Block {
  const block = kernels.newBlock('float32', shape, false);
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = Math.sin(i * 1.7) * 2;
  return block;
}

/** Each kernel beside its plain loop. @throws InternalError where they differ */
function selfTest(simd: boolean): string[] {
  if (!simd) return ['self-test       nothing to compare the plain loops with'];
  const differences = cases.map(({ name, kernel, shapes, out, attributes }) => {
    const inputs = shapes.map(filled);
    const [fast, plain] = [filled(out), filled(out)];
    kernel(fast, inputs, attributes as never);
    kernel.plain(plain, inputs, attributes as never);
    let [worst, largest] = [0, 1];
    for (let i = 0; i < fast.size; i++) {
      const expected = plain.data[plain.offset + i]!;
      largest = Math.max(largest, Math.abs(expected));
      // Not Math.max alone: it must not lose a NaN.
      const difference = Math.abs(fast.data[fast.offset + i]! - expected);
      if (!(difference <= worst)) worst = difference;
    }
    if (!(worst <= tolerance * largest))
      throw new InternalError(`${name} in WebAssembly differs from the plain loop by ${worst}`);
    return `${name} ${worst.toExponential(0)}`;
  });
  return [`self-test       passed; WebAssembly beside plain loops, largest differences: ${differences.join(', ')}`];
}

/** The fastest of several runs, in seconds: whatever else the machine does can only slow it down. */
function fastest(f: () => void, runs: number = 12): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    f();
    best = Math.min(best, performance.now() - start);
  }
  return best / 1000;
}

function ceilings(simd: boolean): string[] {
  const elements = 2 ** 22;
  const [to, from] = [filled([elements]), filled([elements])];
  const copy = fastest(() => void to.data.copyWithin(to.offset, from.offset, from.offset + elements));
  const lines = [
    `copying         ${((8 * elements) / copy / 1e9).toFixed(1)} GB/s, 16 MiB at a time, read and written`,
  ];
  if (!simd) return lines;
  const variant = variantFor('f32x4');
  const { ceiling } = ceilingModule(variant);
  const scratch = filled([1024]);
  const turns = 200_000;
  const arithmetic = fastest(() => void ceiling!(turns, scratch.offset * 4));
  const n = 384;
  const [a, b, c] = [filled([n, n]), filled([n, n]), filled([n, n])];
  const product = fastest(() => kernels.matmul(c, [a, b], {}), 20);
  const gigaflops = (operations: number, seconds: number): string => (operations / seconds / 1e9).toFixed(1);
  return [
    `arithmetic      ${gigaflops(turns * ceilingOperations(variant), arithmetic)} GFLOP/s, float32 multiply-add in registers, one thread`,
    `matmul          ${gigaflops(2 * n ** 3, product)} GFLOP/s, ${n} × ${n} × ${n}`,
    ...lines,
  ];
}
