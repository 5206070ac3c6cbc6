import fc from 'fast-check';
import { copyOut, newBlock } from '../../block.js';
import type { DType } from '../../dtype.js';
import { heapStats } from '../../heap/heap.js';
import { matmul } from '../../matmul/plain.js';
import { arrangements, blockOf, cycle } from '../../testing/heapBlocks.js';
import { simdAvailable } from '../load.js';
import { PreparedMatrix } from './prepared.js';

const describeSimd = simdAvailable() ? describe : describe.skip;

describeSimd('PreparedMatrix', () => {
  it('multiplies as matmul does, into rows of any step, adding to what is there or a bias', () => {
    const extents = fc.constantFrom(1, 2, 5, 8, 13, 40, 100, 300);
    const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 61 });
    fc.assert(
      fc.property(
        fc.tuple(fc.constantFrom<DType>('float32', 'float64'), extents, extents, extents, arrangements, arrangements),
        numbers,
        fc.constantFrom('alone', 'accumulate', 'bias'),
        ([dtype, m, k, n, layoutA, layoutB], values, kind) => {
          const next = cycle(values);
          const [a, b] = [blockOf(dtype, [m, k], layoutA, next), blockOf(dtype, [k, n], layoutB, next)];
          // Columns around the result, to see that nothing else is written.
          const whole = newBlock(dtype, [m, n + 3], false);
          whole.data.fill(7, whole.offset, whole.offset + whole.size);
          const c = whole.view({ shape: [m, n], strides: [n + 3, 1], offset: whole.offset + 1 });
          const bias = blockOf(dtype, [n], 'contiguous', next);
          const expected = newBlock(dtype, [m, n], false);
          matmul.plain(expected, [a, b], undefined);

          const prepared = PreparedMatrix.of(b)!;
          for (let i = 0; i < 2; i++) {
            c.data.fill(7, whole.offset, whole.offset + whole.size);
            prepared.multiply(c, a, { accumulate: kind === 'accumulate', ...(kind === 'bias' && { bias }) });
          }
          prepared.release();

          const [got, sums, added] = [copyOut(whole), copyOut(expected), copyOut(bias)];
          let worst = 0;
          for (let i = 0; i < got.length; i++) {
            const [row, column] = [Math.floor(i / (n + 3)), (i % (n + 3)) - 1];
            const inside = column >= 0 && column < n;
            const more = kind === 'accumulate' ? 7 : kind === 'bias' ? added[column]! : 0;
            worst = Math.max(worst, Math.abs(got[i]! - (inside ? sums[row * n + column]! + more : 7)));
          }
          expect(worst).toBeLessThanOrEqual(8 * (k + 8) * (k + 8) * (dtype === 'float32' ? 2 ** -24 : 2 ** -53));
        },
      ),
    );
  });

  it('gives its memory back', () => {
    const b = blockOf('float32', [20, 30], 'contiguous', () => 1);
    const { liveBytes } = heapStats();
    PreparedMatrix.of(b)!.release();
    expect(heapStats().liveBytes).toBe(liveBytes);
  });
});
