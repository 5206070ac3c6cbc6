import fc from 'fast-check';
import { newBlock } from '../block.js';
import type { DType } from '../dtype.js';
import { arrangements, blockOf, specialNumbers } from '../testing/heapBlocks.js';
import { logSumExp } from './logSumExp.js';

const extent = fc.constantFrom(0, 1, 2, 5, 16, 37, 300);

describe('logSumExp', () => {
  it('agrees with its plain loop over any axes, to the rounding of the shift and of the sum', () => {
    const special = specialNumbers.filter((value) => Math.abs(value) !== Infinity && !(Math.abs(value) > 1e6));
    const number = fc.oneof(
      { weight: 8, arbitrary: fc.double({ min: -200, max: 200, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(...special, Infinity, -Infinity) },
    );
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('float32', 'float64'),
        fc.tuple(extent, fc.constantFrom(1, 3, 8)),
        fc.subarray([0, 1]),
        arrangements,
        fc.array(number, { minLength: 1, maxLength: 64 }),
        (dtype, shape, axes, arrangement, values) => {
          let next = 0;
          const x = blockOf(dtype, shape, arrangement, () => values[next++ % values.length]!);
          const kept = shape.filter((_, axis) => !axes.includes(axis));
          const [got, wanted] = [newBlock(dtype, kept, false), newBlock(dtype, kept, false)];
          logSumExp(got, [x], { axes });
          logSumExp.plain(wanted, [x], { axes });
          const unit = dtype === 'float32' ? 2 ** -24 : 2 ** -53;
          const scale = Math.max(8, ...values.map(Math.abs).filter(Number.isFinite));
          // The plain loop adds one after the other: n numbers lose at most n roundings of their sum.
          const added = x.size / Math.max(1, got.size);
          const bound = unit * (8 * scale + added);
          for (let i = 0; i < got.size; i++) {
            const [a, b] = [got.data[got.offset + i]!, wanted.data[wanted.offset + i]!];
            if (Number.isFinite(b)) expect(Math.abs(a - b)).toBeLessThanOrEqual(bound);
            else expect(a).toBe(b);
          }
        },
      ),
    );
  });

  it('is as large as its largest where that is infinite or no number, and −∞ of nothing', () => {
    const rows = [
      [-Infinity, -Infinity],
      [Infinity, -Infinity],
      [Infinity, 3],
      [NaN, 3],
      [1000, 1000],
    ];
    const x = newBlock('float64', [rows.length, 200], false);
    rows.forEach(([first, rest], row) => {
      for (let i = 0; i < 200; i++) x.data[x.offset + row * 200 + i] = i === 7 ? first! : rest!;
    });
    const out = newBlock('float64', [rows.length], false);
    logSumExp(out, [x], { axes: [1] });
    const results = Array.from(out.data.subarray(out.offset, out.offset + rows.length));
    expect(results.slice(0, 4)).toEqual([-Infinity, Infinity, Infinity, NaN]);
    expect(results[4]).toBeCloseTo(1000 + Math.log(200), 12);
    const nothing = newBlock('float64', [3], false);
    logSumExp(nothing, [newBlock('float64', [3, 0], false)], { axes: [1] });
    expect(Array.from(nothing.data.subarray(nothing.offset, nothing.offset + 3))).toEqual([
      -Infinity,
      -Infinity,
      -Infinity,
    ]);
  });
});
