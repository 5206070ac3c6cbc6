/** What the kernels suite measures: the same work by each library that can do it, on memory of its own, results reused. */

import * as kernels from '@cotangent/kernels';
import {
  type Block,
  bytesPerElement,
  contiguousStrides,
  createArray,
  type DispatchedKernel,
  type DType,
  type Shape,
  Storage,
  sizeOf,
} from '@cotangent/kernels';
import { ceilingModule, ceilingOperations, simdAvailable, variantFor } from '@cotangent/kernels/wasm';
import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';

/** One piece of work. */
export interface Workload {
  readonly name: string;
  /** Floating-point operations or bytes read and written, per call. */
  readonly amount: number;
  readonly unit: 'GFLOP/s' | 'GB/s';
  /** Makes what each library is to call. */
  readonly libraries: Readonly<Record<string, () => () => void>>;
}

const million = 2 ** 20;

function filled(block: Block): Block {
  for (let i = 0; i < block.size; i++) block.data[block.offset + i] = 0.1 + (i % 97) / 100;
  return block;
}

const inHeap = (dtype: DType, shape: Shape): Block => filled(kernels.newBlock(dtype, shape, false));

function outsideHeap(dtype: DType, shape: Shape): Block {
  const length = sizeOf(shape);
  const storage = new Storage(createArray(dtype, length), 0, length, null, null, null);
  return filled(new kernels.Block(storage, dtype, shape, contiguousStrides(shape), 0));
}

interface Call {
  readonly shapes: readonly Shape[];
  readonly out: Shape;
  readonly result?: DType;
  readonly make?: (dtype: DType, shape: Shape) => Block;
}

/** The kernel as it is dispatched, and its plain loop. */
function ours(kernel: DispatchedKernel, { shapes, out, result = 'float32', make = inHeap }: Call) {
  const prepared = (run: kernels.Kernel) => () => {
    const inputs = shapes.map((shape) => make('float32', shape));
    const target = make(result, out);
    return () => run(target, inputs, undefined);
  };
  return { cotangent: prepared(kernel), 'cotangent plain': prepared(kernel.plain) };
}

function matmul(m: number, k: number, n: number): Workload {
  const libraries = ours(kernels.matmul, {
    shapes: [
      [m, k],
      [k, n],
    ],
    out: [m, n],
  });
  return { name: `matmul ${m}×${k}×${n}`, amount: 2 * m * k * n, unit: 'GFLOP/s', libraries };
}

type NdarrayOperation = (out: NdArray, inputs: readonly NdArray[]) => void;

/** An elementwise kernel on 2²⁰ elements. */
function map(name: string, inputs: 1 | 2, operation?: NdarrayOperation, result: DType = 'float32'): Workload {
  const kernel = (kernels as unknown as Record<string, DispatchedKernel>)[name]!;
  const shapes = Array.from({ length: inputs }, () => [million]);
  return {
    name: `${name} 1M`,
    amount: million * (4 * inputs + bytesPerElement(result)),
    unit: 'GB/s',
    libraries: {
      ...ours(kernel, { shapes, out: [million], result }),
      ...(operation && {
        'ndarray-ops': () => {
          const arrays = Array.from({ length: inputs + 1 }, () => ndarray(new Float32Array(million).fill(0.3)));
          const [out, ...operands] = arrays;
          return () => operation(out!, operands);
        },
      }),
    },
  };
}

function small(name: string, elements: number): Workload {
  const kernel = (kernels as unknown as Record<string, DispatchedKernel>)[name]!;
  const libraries = ours(kernel, { shapes: [[elements]], out: [elements], make: outsideHeap });
  return { name: `${name} ${elements}, outside the heap`, amount: 8 * elements, unit: 'GB/s', libraries };
}

const rowBroadcast: Workload = {
  name: 'add [1024, 1024] + [1024]',
  amount: 8 * million,
  unit: 'GB/s',
  libraries: ours(kernels.add, { shapes: [[1024, 1024], [1024]], out: [1024, 1024] }),
};

/** What the machine can do at best: multiply-adds that never leave the registers, and copying. */
function ceilings(): Workload[] {
  const copy: Workload = {
    name: 'ceiling: copy 1M',
    amount: 8 * million,
    unit: 'GB/s',
    libraries: {
      ceiling: () => {
        const [to, from] = [inHeap('float32', [million]), inHeap('float32', [million])];
        return () => to.data.copyWithin(to.offset, from.offset, from.offset + million);
      },
    },
  };
  if (!simdAvailable()) return [copy];
  const turns = 100_000;
  const variant = variantFor('f32x4');
  const registers: Workload = {
    name: 'ceiling: multiply-add in registers',
    amount: turns * ceilingOperations(variant),
    unit: 'GFLOP/s',
    libraries: {
      ceiling: () => {
        const scratch = inHeap('float32', [1024]);
        const { ceiling } = ceilingModule(variant);
        return () => ceiling!(turns, scratch.offset * 4);
      },
    },
  };
  return [registers, copy];
}

/** All workloads, in the order they are printed. */
export const workloads = (): readonly Workload[] => [
  ...ceilings(),
  ...[16, 64, 256, 512, 1024].map((n) => matmul(n, n, n)),
  matmul(128, 784, 256),
  matmul(1, 1024, 1024),
  map('add', 2, (out, [a, b]) => ops.add(out, a!, b!)),
  map('multiply', 2, (out, [a, b]) => ops.mul(out, a!, b!)),
  map('maximum', 2, (out, [a, b]) => ops.max(out, a!, b!)),
  map('greater', 2, (out, [a, b]) => ops.gt(out, a!, b!), 'bool'),
  rowBroadcast,
  map('relu', 1, (out, [x]) => ops.maxs(out, x!, 0)),
  map('sqrt', 1, (out, [x]) => ops.sqrt(out, x!)),
  map('exp', 1, (out, [x]) => ops.exp(out, x!)),
  map('log', 1, (out, [x]) => ops.log(out, x!)),
  map('tanh', 1),
  map('sigmoid', 1),
  small('exp', 256),
  small('relu', 1000),
];
