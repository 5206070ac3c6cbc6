import { type Block, copyOut, newBlock } from '../block.js';
import { createArray, type DType } from '../dtype.js';
import { Storage } from '../heap/storage.js';
import * as kernels from '../index.js';

const clipping = { shrink: 0.97, gradientScale: 0.8, gradientLimit: 0.6 };
// The running means start above the square of theirs, so that nothing is divided by a number near 0.
const rmsprop = { learningRate: 0.01, rho: 0.9, momentum: 0.7, epsilon: 4 };

/** Each update, the operands it changes and how many it only reads. */
// biome-ignore format: a line each
const updates: readonly [string, number, (blocks: readonly Block[]) => void][] = [
  ['sgdStep', 1, ([w, g]) => kernels.sgdStep(w!, g!, { learningRate: 0.1 })],
  ['momentumStep', 2, ([w, v, g]) => kernels.momentumStep(w!, v!, g!, { learningRate: 0.1, momentum: 0.9, nesterov: false })],
  ['momentumStep with Nesterov', 2, ([w, v, g]) => kernels.momentumStep(w!, v!, g!, { learningRate: 0.1, momentum: 0.9, nesterov: true })],
  ['adamStep', 3, ([w, m, s, g]) => kernels.adamStep(w!, m!, s!, g!, { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 })],
  ['sgdStep, decaying and clipping', 1, ([w, g]) => kernels.sgdStep(w!, g!, { learningRate: 0.1, ...clipping })],
  ['momentumStep, decaying and clipping', 2, ([w, v, g]) => kernels.momentumStep(w!, v!, g!, { learningRate: 0.1, momentum: 0.9, nesterov: true, ...clipping })],
  ['adamStep, decaying and clipping', 3, ([w, m, s, g]) => kernels.adamStep(w!, m!, s!, g!, { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, ...clipping })],
  ['rmspropStep', 2, ([w, squares, g]) => kernels.rmspropStep(w!, { squares: squares!, velocity: null, mean: null }, g!, rmsprop)],
  ['rmspropStep with momentum', 3, ([w, squares, velocity, g]) => kernels.rmspropStep(w!, { squares: squares!, velocity: velocity!, mean: null }, g!, rmsprop)],
  ['rmspropStep, centered', 3, ([w, squares, mean, g]) => kernels.rmspropStep(w!, { squares: squares!, velocity: null, mean: mean! }, g!, rmsprop)],
  ['rmspropStep with all', 4, ([w, squares, velocity, mean, g]) => kernels.rmspropStep(w!, { squares: squares!, velocity: velocity!, mean: mean! }, g!, { ...rmsprop, ...clipping })],
];

function block(dtype: DType, size: number, inHeap: boolean): Block {
  if (inHeap) return newBlock(dtype, [size], false);
  return new kernels.Block(new Storage(createArray(dtype, size), 0, size, null, null, null), dtype, [size], [1], 0);
}

describe('optimizer steps', () => {
  it.each(updates)(
    '%s changes memory in the heap as it changes memory elsewhere, for every size',
    (_, changed, step) => {
      for (const dtype of ['float32', 'float64'] as const) {
        for (const size of [0, 1, 3, 4, 5, 8, 17, 1001]) {
          const [inHeap, elsewhere] = [true, false].map((heap) =>
            Array.from({ length: changed + 1 }, (_, k) => {
              const made = block(dtype, size, heap);
              for (let i = 0; i < size; i++) made.data[made.offset + i] = 0.25 + ((i + 3 * k) % 13) / 13;
              return made;
            }),
          );
          for (let i = 0; i < 3; i++) {
            step(inHeap!);
            step(elsewhere!);
          }
          // All values are below 4 and each step rounds less than ten times.
          const bound = 3 * 10 * 4 * (dtype === 'float32' ? 2 ** -24 : 2 ** -53);
          for (const [k, actual] of inHeap!.entries()) {
            const [got, wanted] = [copyOut(actual), copyOut(elsewhere![k]!)];
            for (let i = 0; i < size; i++) expect(Math.abs(got[i]! - wanted[i]!)).toBeLessThan(bound);
          }
        }
      }
    },
  );
});
