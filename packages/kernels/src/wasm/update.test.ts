import { type Block, copyOut, newBlock } from '../block.js';
import { createArray, type DType } from '../dtype.js';
import { Storage } from '../heap/storage.js';
import * as kernels from '../index.js';

const clipping = { shrink: 0.97, gradientScale: 0.8, gradientLimit: 0.6 };
// The running means start above the square of theirs, so that nothing is divided by a number near 0.
const moments = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
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
  ['rmspropStep, epsilon outside', 2, ([w, squares, g]) => kernels.rmspropStep(w!, { squares: squares!, velocity: null, mean: null }, g!, { ...rmsprop, epsilonOutside: true })],
  ['rmspropStep with all', 4, ([w, squares, velocity, mean, g]) => kernels.rmspropStep(w!, { squares: squares!, velocity: velocity!, mean: mean! }, g!, { ...rmsprop, ...clipping })],
  ['dampenedStep', 2, ([w, v, g]) => kernels.dampenedStep(w!, v!, g!, { learningRate: 0.1, momentum: 0.9, gain: 0.3, nesterov: false })],
  ['dampenedStep with Nesterov', 2, ([w, v, g]) => kernels.dampenedStep(w!, v!, g!, { learningRate: 0.1, momentum: 0.9, gain: 1, nesterov: true, ...clipping })],
  ['amsgradStep', 4, ([w, m, s, top, g]) => kernels.amsgradStep(w!, m!, s!, top!, g!, { ...moments, ...clipping })],
  ['firstMomentStep', 3, ([w, m, s, g]) => kernels.firstMomentStep(w!, m!, s!, g!, moments)],
  ['adamaxStep', 3, ([w, m, u, g]) => kernels.adamaxStep(w!, m!, u!, g!, moments)],
  ['nadamStep', 3, ([w, m, s, g]) => kernels.nadamStep(w!, m!, s!, g!, { ...moments, momentFactor: 1.1, gradientFactor: 0.2, secondFactor: 1.5 })],
  ['adamChange', 3, ([c, m, s, g]) => kernels.adamChange(c!, m!, s!, g!, { ...moments, secondFactor: 1.5 })],
  ['adagradStep', 2, ([w, a, g]) => kernels.adagradStep(w!, a!, g!, { learningRate: 0.1, epsilon: 1e-7, epsilonOutside: false, ...clipping })],
  ['adagradStep, epsilon outside', 2, ([w, a, g]) => kernels.adagradStep(w!, a!, g!, { learningRate: 0.1, epsilon: 1e-7, epsilonOutside: true })],
  ['adadeltaStep', 3, ([w, a, b, g]) => kernels.adadeltaStep(w!, a!, b!, g!, { learningRate: 0.1, rho: 0.95, epsilon: 0.1 })],
  ['rpropStep', 3, ([w, p, z, g]) => kernels.rpropStep(w!, p!, z!, g!, { shrinkFactor: 0.5, growFactor: 1.2, smallest: 0.01, largest: 1 })],
  ['rpropStep, turning', 3, ([w, p, z, g]) => kernels.rpropStep(w!, p!, z!, g!, { shrinkFactor: 0.5, growFactor: 1.2, smallest: 0.01, largest: 1, gradientScale: -1 })],
  ['lionStep', 2, ([w, m, g]) => kernels.lionStep(w!, m!, g!, { learningRate: 0.1, beta1: 0.9, beta2: 0.99 })],
  ['lionStep, downwards', 2, ([w, m, g]) => kernels.lionStep(w!, m!, g!, { learningRate: 0.1, beta1: 0.1, beta2: 0.2, gradientScale: -1 })],
  ['signumStep', 2, ([w, m, g]) => kernels.signumStep(w!, m!, g!, { learningRate: 0.1, momentum: 0.9 })],
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
            // One comparison an operand: Jest takes longer for one than a step for all its numbers.
            const farthest = Array.from(got, (value, i) => Math.abs(value - wanted[i]!)).reduce(
              (a, b) => Math.max(a, b),
              0,
            );
            expect(farthest).toBeLessThan(bound);
          }
        }
      }
    },
  );
});
