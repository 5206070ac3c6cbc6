import fc from 'fast-check';
import { Block, copyOut, newBlock } from '../block.js';
import { createArray, type DType } from '../dtype.js';
import { Storage } from '../heap/storage.js';
import { arrangements, blockOf, cycle } from '../testing/heapBlocks.js';
import { setDeterministic } from '../wasm/features.js';
import { dense } from './dense.js';
import type { FusedActivation } from './ending.js';

const dtypes = fc.constantFrom<DType>('float32', 'float64');
const activations = fc.constantFrom<FusedActivation | null>(null, 'relu', 'tanh', 'sigmoid');
const extents = fc.constantFrom(0, 1, 2, 3, 5, 8, 17, 40);
const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 61 });

const written: Record<FusedActivation, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

describe('dense', () => {
  afterEach(() => setDeterministic(false));

  it('agrees with the textbook sums for every extent, layout, dtype and activation', () => {
    fc.assert(
      fc.property(
        fc.tuple(dtypes, activations, fc.boolean(), extents, extents, extents, arrangements, arrangements, numbers),
        ([dtype, activation, deterministic, m, k, n, layoutX, layoutW, values]) => {
          setDeterministic(deterministic);
          const next = values.length === 0 ? () => 0 : cycle(values);
          const x = blockOf(dtype, [2, m, k], layoutX, next);
          const w = blockOf(dtype, [k, n], layoutW, next);
          const bias = blockOf(dtype, [n], 'slice', next);
          for (const run of [dense, dense.plain]) {
            const out = newBlock(dtype, [2, m, n], false);
            run(out, [x, w, bias], { activation });
            const result = copyOut(out);
            const [xs, ws, bs] = [copyOut(x), copyOut(w), copyOut(bias)];
            let worst = 0;
            for (let i = 0; i < result.length; i++) {
              let sum = bs[i % n]!;
              for (let p = 0; p < k; p++) sum += xs[Math.floor(i / n) * k + p]! * ws[p * n + (i % n)]!;
              const wanted = activation === null ? sum : written[activation](sum);
              worst = Math.max(worst, Math.abs(result[i]! - wanted));
            }
            expect(worst).toBeLessThanOrEqual(4 * (k + 4) * (k + 2) * (dtype === 'float32' ? 2 ** -24 : 2 ** -53));
          }
        },
      ),
    );
  });

  it('keeps NaN through relu', () => {
    const [x, w] = [
      blockOf('float32', [3, 2], 'contiguous', () => Number.NaN),
      blockOf('float32', [2, 4], 'contiguous', () => 1),
    ];
    const out = newBlock('float32', [3, 4], false);
    dense(out, [x, w, blockOf('float32', [4], 'contiguous', () => 1)], { activation: 'relu' });
    expect(copyOut(out)).toEqual(new Float32Array(12).fill(Number.NaN));
  });

  it('takes operands from memory of JavaScript too', () => {
    const outside = (shape: number[], strides: number[], size: number): Block => {
      const block = new Block(
        new Storage(createArray('float32', size), 0, size, null, null, null),
        'float32',
        shape,
        strides,
        0,
      );
      block.data.fill(0.5);
      return block;
    };
    const out = outside([20, 16], [16, 1], 320);
    dense(out, [outside([20, 8], [8, 1], 160), outside([8, 16], [16, 1], 128), outside([16], [1], 16)], {
      activation: null,
    });
    expect(new Set(copyOut(out))).toEqual(new Set([2.5]));
  });
});
