import { type Block, copyOut, newBlock } from './block.js';
import { createArray, type DType } from './dtype.js';
import { heapStats } from './heap/heap.js';
import { Storage } from './heap/storage.js';
import * as kernels from './index.js';
import type { DispatchedKernel } from './kernel.js';
import { contiguousStrides } from './layout.js';
import { sizeOf } from './shape.js';
import { simdAvailable } from './wasm/load.js';

type Place = 'heap' | 'loose' | 'transposed';

/** A matrix of numbers below 1 in one of the places where operands lie. */
function matrix(dtype: DType, place: Place, rows: number, columns: number): Block {
  const shape = [rows, columns];
  let block: Block;
  if (place === 'loose') {
    const length = sizeOf(shape);
    const storage = new Storage(createArray(dtype, length), 0, length, null, null, null);
    block = new kernels.Block(storage, dtype, shape, contiguousStrides(shape), 0);
  } else if (place === 'heap') block = newBlock(dtype, shape, false);
  else {
    const { storage, offset } = newBlock(dtype, shape, false);
    block = new kernels.Block(storage, dtype, shape, [1, rows], offset);
  }
  for (let i = 0; i < rows * columns; i++) {
    block.data[block.offset + i] = dtype === 'bool' ? i % 2 : 0.25 + ((i * 7) % 11) / 16;
  }
  return block;
}

const comparisons = ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'];
const binaries = [...comparisons, 'add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum', 'reluBackward'];
const unaries = ['negative', 'abs', 'square', 'sqrt', 'relu', 'exp', 'log', 'tanh', 'sigmoid'];
const polynomial = ['exp', 'log', 'tanh', 'sigmoid'];
const named = kernels as unknown as Record<string, DispatchedKernel>;

/** Runs a kernel and its plain loop on the same operands and expects results within 2 ulp of each other. */
function expectAlike(name: string, dtype: DType, places: readonly Place[], rows: number, columns: number): void {
  const { [name]: kernel } = named;
  const inputs = [...(binaries.includes(name) ? ['a', 'b'] : ['x'])].map((_, k) =>
    matrix(dtype, places[k]!, rows, columns),
  );
  if (name === 'where') inputs.splice(0, 1, matrix('bool', places[0]!, rows, columns), ...inputs, inputs[0]!);
  const result = comparisons.includes(name) ? 'bool' : dtype;
  const out = matrix(result, places[2] === 'transposed' ? 'heap' : places[2]!, rows, columns);
  const expected = matrix(result, 'loose', rows, columns);
  kernel!(out, inputs, undefined);
  kernel!.plain(expected, inputs, undefined);
  const [actual, wanted] = [copyOut(out), copyOut(expected)];
  const ulps = polynomial.includes(name) ? 2 : 0;
  const unit = dtype === 'float32' ? 2 ** -23 : 2 ** -52;
  for (let i = 0; i < actual.length; i++) {
    const off = Math.abs(actual[i]! - wanted[i]!);
    if (!(off <= ulps * unit * Math.abs(wanted[i]!)))
      throw new Error(`${name} at ${i}: ${actual[i]}, not ${wanted[i]}`);
  }
  for (const { storage } of [out, ...inputs]) if (storage.inHeap) storage.release();
}

describe('kernels with a SIMD twin', () => {
  const combinations = (['heap', 'loose', 'transposed'] as const).flatMap((a) =>
    (['heap', 'loose'] as const).map((b) => [a, b] as const),
  );

  it.each([...unaries, ...binaries, 'where'])('%s gives the result of its plain loop wherever operands lie', (name) => {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      if (dtype === 'int32' && polynomial.includes(name)) continue;
      for (const [a, b] of combinations) {
        for (const [rows, columns] of [
          [1, 1],
          [3, 5],
          [40, 41],
        ] as const) {
          expectAlike(name, dtype, [a, b, a === 'heap' ? 'loose' : 'heap'], rows, columns);
          expectAlike(name, dtype, [a, b, b], rows, columns);
        }
      }
    }
  });

  it('matmul gives the result of its plain loop wherever operands lie', () => {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      for (const [a, b] of combinations) {
        for (const [m, k, n] of [
          [2, 3, 2],
          [20, 30, 17],
          [4, 0, 3],
        ] as const) {
          const inputs = [matrix(dtype, a, m, k), matrix(dtype, b, k, n)];
          const [out, expected] = [matrix(dtype, b, m, n), matrix(dtype, 'loose', m, n)];
          kernels.matmul(out, inputs, undefined);
          kernels.matmul.plain(expected, inputs, undefined);
          const [actual, wanted] = [copyOut(out), copyOut(expected)];
          for (let i = 0; i < m * n; i++) expect(actual[i]! / (wanted[i]! || 1)).toBeCloseTo(wanted[i] ? 1 : 0, 5);
        }
      }
    }
  });

  it('matmul stages transposed and reversed operands as they lie', () => {
    const x = matrix('float32', 'loose', 9, 8);
    const whole = { shape: [8, 9], strides: [1, 8], offset: x.offset };
    const reversed = { shape: [9, 8], strides: [-8, -1], offset: x.offset + 71 };
    const part = { shape: [8, 5], strides: [1, 8], offset: x.offset + 16 };
    const before = kernels.heapStats().liveBlocks;
    for (const view of [whole, reversed, part].map((layout) => x.view(layout))) {
      const [m, k] = view.shape as [number, number];
      const y = matrix('float32', 'loose', k, 10);
      const [out, expected] = [matrix('float32', 'loose', m, 10), matrix('float32', 'loose', m, 10)];
      kernels.matmul(out, [view, y], undefined);
      kernels.matmul.plain(expected, [view, y], undefined);
      const [actual, wanted] = [copyOut(out), copyOut(expected)];
      for (let i = 0; i < m * 10; i++) expect(actual[i]! / wanted[i]!).toBeCloseTo(1, 5);
    }
    expect(kernels.heapStats().liveBlocks).toBe(before);
  });

  it('gives back what it leased for staging', () => {
    const [x, out] = [matrix('float32', 'loose', 40, 40), matrix('float32', 'loose', 40, 40)];
    kernels.exp(out, [x], undefined);
    const { liveBlocks } = heapStats();
    for (let i = 0; i < 10; i++) kernels.exp(out, [x], undefined);
    kernels.matmul(out, [x, x], undefined);
    expect(heapStats().liveBlocks).toBe(liveBlocks);
  });

  (simdAvailable() ? it : it.skip)('gives the bits of its twin, staged or not', () => {
    const [x, y] = [matrix('float32', 'loose', 20, 20), matrix('float32', 'heap', 20, 20)];
    const [outX, outY] = [matrix('float32', 'loose', 20, 20), matrix('float32', 'heap', 20, 20)];
    kernels.sigmoid(outX, [x], undefined);
    kernels.sigmoid(outY, [y], undefined);
    expect(copyOut(outX)).toEqual(copyOut(outY));
  });
});

describe('deterministic mode', () => {
  afterEach(() => kernels.setDeterministic(false));

  (simdAvailable() ? it.each : it.skip.each)([
    ['exp', 'float64', 'loose'],
    ['sin', 'float64', 'loose'],
    ['log10', 'float64', 'transposed'],
    ['tanh', 'float64', 'loose'],
  ] as const)('runs %s of a few %s, %s, in SIMD: the bits are not those of Math', (name, dtype, place) => {
    const { [name]: kernel } = named;
    const bitsOf = (rows: number, where: Place): number[] => {
      const [x, out] = [matrix(dtype, where, rows, 2), matrix(dtype, 'heap', rows, 2)];
      // The same numbers, whatever the order in which they lie.
      for (let i = 0; i < 60; i++) x.data[x.offset + (i >> 1) * x.strides[0]! + (i % 2) * x.strides[1]!] = 0.3 + i / 7;
      kernel!(out, [x], undefined);
      return Array.from(copyOut(out)).slice(0, 60);
    };
    kernels.setDeterministic(true);
    // Those that lie side by side in the heap run in SIMD in any mode.
    expect(bitsOf(30, place)).toEqual(bitsOf(30, 'heap'));
  });
});

describe('what the host allows', () => {
  const { Module } = WebAssembly;
  afterEach(() => {
    WebAssembly.Module = Module;
    jest.resetModules();
  });

  it('compiles nothing on import, and one kernel when one is used', async () => {
    let compiled = 0;
    WebAssembly.Module = class extends Module {
      constructor(bytes: BufferSource) {
        super(bytes);
        compiled++;
      }
    } as typeof Module;
    jest.resetModules();
    const fresh = await import('./index.js');
    expect(compiled).toBe(0);
    if (fresh.heapMemory() === null) return;
    const x = fresh.newBlock('float32', [8], false);
    fresh.relu(x, [x], undefined);
    const afterFirst = compiled;
    fresh.relu(x, [x], undefined);
    expect(compiled).toBe(afterFirst);
    fresh.abs(x, [x], undefined);
    expect(compiled).toBe(afterFirst + 1);
  });

  it('runs the plain loops where a policy forbids compilation', async () => {
    WebAssembly.Module = class {
      constructor() {
        throw new WebAssembly.CompileError("blocked by Content-Security-Policy: 'unsafe-eval' is not allowed");
      }
    } as unknown as typeof Module;
    jest.resetModules();
    const fresh = await import('./index.js');
    const x = fresh.newBlock('float32', [600], false);
    fresh.fill(x, -3);
    fresh.abs(x, [x], undefined);
    expect([...fresh.copyOut(x)].every((value) => value === 3)).toBe(true);
  });
});
