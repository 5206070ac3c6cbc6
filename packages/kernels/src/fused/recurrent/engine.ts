/** The steps that recurrent layers are made of, as plain loops and in SIMD; the layers say only in which order. */

import { type Block, newBlock } from '../../block.js';
import { type DispatchedKernel, kernel } from '../../kernel.js';
import { matmul } from '../../matmul/plain.js';
import { copyInto } from '../../move/copy.js';
import { type MapKernel, patternOfEach } from '../../wasm/mapKernel.js';
import { PreparedMatrix } from '../../wasm/matmul/prepared.js';
import { multiplyEach } from '../../wasm/matmul/shared.js';
import { lanesOf, pointerOf } from '../../wasm/runMap.js';
import { dense } from '../dense.js';

/** One cell: the SIMD kernel, and the same for one unit. */
export interface Cell {
  readonly simd: MapKernel;
  /** The outputs, in the order of the kernel's, from the inputs, in its order. */
  plain(...inputs: number[]): readonly number[];
}

/** What a product does besides: add to what is there, or a row to each row. */
export interface ProductOptions {
  readonly accumulate?: boolean;
  readonly bias?: Block;
}

/** A matrix that stands on the right of many products. */
export interface RightMatrix {
  /** c = a b (+ bias), or c + a b; rows of c are contiguous. */
  multiply(c: Block, a: Block, options: ProductOptions): void;
}

/** Runs the steps of one call. Memory that it hands out is given back when the call is over. */
export interface Engine {
  /** c = a b (+ bias); c is contiguous. */
  multiply(c: Block, a: Block, b: Block, bias?: Block): void;
  /** c = a b for each c that is wanted; c is contiguous, and b is read once for all. */
  multiplyEach(products: readonly (readonly [c: Block | null | undefined, a: Block])[], b: Block): void;
  prepare(b: Block): RightMatrix;
  /** Runs a cell over matrices of one shape, whose rows are contiguous. */
  run(cell: Cell, outputs: readonly Block[], inputs: readonly Block[]): void;
  /** Contiguous scratch memory. */
  lease(shape: readonly number[]): Block;
}

/** The heap has no room for scratch memory: the plain loops can do with any. */
class NoRoom extends Error {}

/** Runs `steps` as plain loops, on numbers of the dtype of `like`. */
function runPlain(like: Block, steps: (engine: Engine) => void): void {
  const leased: Block[] = [];
  const lease = (shape: readonly number[]): Block => {
    const block = newBlock(like.dtype, shape, false);
    leased.push(block);
    return block;
  };
  try {
    steps({
      multiply: (c, a, b, bias) => {
        if (bias === undefined) matmul.plain(c, [a, b], undefined);
        else dense.plain(c, [a, b, bias], { activation: null });
      },
      multiplyEach: (products, b) => {
        for (const [c, a] of products) if (c != null) matmul.plain(c, [a, b], undefined);
      },
      prepare: (b) => ({ multiply: (c, a, options) => multiplyPlain(c, a, b, options) }),
      run: runCell,
      lease,
    });
  } finally {
    for (const { storage } of leased) storage.release();
  }
}

/** The sums start from what is there, and are rounded once. */
function multiplyPlain(c: Block, a: Block, b: Block, { accumulate = false, bias }: ProductOptions): void {
  const [rows, columns] = c.shape as [number, number];
  const product = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      product[j] = accumulate ? c.data[c.offset + i * c.strides[0]! + j]! : (bias?.data[bias.offset + j] ?? 0);
    }
    for (let p = 0; p < a.shape[1]!; p++) {
      const factor = a.data[a.offset + i * a.strides[0]! + p * a.strides[1]!]!;
      const row = b.offset + p * b.strides[0]!;
      for (let j = 0; j < columns; j++) product[j]! += factor * b.data[row + j * b.strides[1]!]!;
    }
    c.data.set(product, c.offset + i * c.strides[0]!);
  }
}

function runCell(cell: Cell, outputs: readonly Block[], inputs: readonly Block[]): void {
  const [rows, columns] = outputs[0]!.shape as [number, number];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const results = cell.plain(...inputs.map(({ data, offset, strides }) => data[offset + i * strides[0]! + j]!));
      for (const [k, { data, offset, strides }] of outputs.entries()) data[offset + i * strides[0]! + j] = results[k]!;
    }
  }
}

/**
 * Runs `steps` in SIMD if the floating operands (all but a mask) have one dtype. Operands in memory of JavaScript's own,
 * where small ones are, are copied into the heap.
 *
 * @returns false where that cannot be: then `out` is not finished
 */
function runSimd(
  out: Block,
  inputs: readonly Block[],
  steps: (engine: Engine, out: Block, inputs: readonly Block[]) => void,
): boolean {
  const type = lanesOf(out.dtype);
  if (type === undefined || inputs.some(({ dtype }) => dtype !== out.dtype && dtype !== 'bool')) return false;
  const bytes = type === 'f32x4' ? 4 : 8;
  const leased: { release(): void }[] = [];
  const lease = (shape: readonly number[]): Block => {
    const block = newBlock(out.dtype, shape, false);
    leased.push(block.storage);
    if (!block.storage.inHeap) throw new NoRoom();
    return block;
  };
  const engine: Engine = {
    multiply: (c, a, b, bias) => {
      if (bias === undefined) matmul(c, [a, b], undefined);
      else dense(c, [a, b, bias], { activation: null });
    },
    multiplyEach: (products, b) => {
      const wanted = products.filter((product): product is [Block, Block] => product[0] != null);
      if (wanted.length > 1 && b.size > 0) {
        if (!multiplyEach(wanted, b)) throw new NoRoom();
      } else for (const [c, a] of wanted) matmul(c, [a, b], undefined);
    },
    prepare: (b) => {
      const prepared = PreparedMatrix.of(b);
      if (prepared === null) throw new NoRoom();
      leased.push(prepared);
      return prepared;
    },
    run: ({ simd }, outputs, operands) => {
      const { shape } = outputs[0]!;
      const moving: number[] = [];
      for (const block of outputs) moving.push(pointerOf(block), block.strides[0]! * bytes);
      for (const block of operands) moving.push(pointerOf(block), block.strides[0]! * bytes);
      simd.run(type, patternOfEach(operands.length))!(shape[0]!, shape[1]!, ...moving);
    },
    lease,
  };
  const staged = (block: Block): Block => {
    // The mask is read element by element, wherever it is.
    if (block.storage.inHeap || block.dtype === 'bool') return block;
    const copy = lease(block.shape);
    copyInto(copy, block);
    return copy;
  };
  try {
    const result = out.storage.inHeap ? out : lease(out.shape);
    steps(engine, result, inputs.map(staged));
    if (result !== out) copyInto(out, result);
    return true;
  } catch (error) {
    if (error instanceof NoRoom) return false;
    throw error;
  } finally {
    for (const thing of leased) thing.release();
  }
}

/** What the backward pass of a recurrent layer is told. */
export interface RecurrentPullAttributes {
  /** For each input, whether its cotangent is asked for. */
  readonly wanted: readonly boolean[];
}

/**
 * The kernels of a recurrent layer, forward and backward, from its steps. A mask may follow the other inputs; the backward
 * pass takes the cotangent before them and the result behind them.
 */
export function recurrentKernels(
  forward: (engine: Engine, out: Block, inputs: readonly Block[]) => void,
  backward: (engine: Engine, out: Block, inputs: readonly Block[], attributes: RecurrentPullAttributes) => void,
): { forward: DispatchedKernel; backward: DispatchedKernel<RecurrentPullAttributes> } {
  return {
    forward: kernel(
      (out, inputs) => runPlain(out, (engine) => forward(engine, out, inputs)),
      (out, inputs) => runSimd(out, inputs, forward),
    ),
    backward: kernel(
      (out, inputs, attributes) => runPlain(out, (engine) => backward(engine, out, inputs, attributes)),
      (out, inputs, attributes) =>
        runSimd(out, inputs, (engine, ...operands) => backward(engine, ...operands, attributes)),
    ),
  };
}
